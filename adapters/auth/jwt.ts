/**
 * Checks the tokens of clients, if option `auth` is `jwt`: JWTs signed with a secret or a private key.
 *
 * A token must have a subject (`sub`) and an expiry (`exp`), because a token without one could never be revoked. The
 * type of the keys decides which algorithms are allowed, never the token.
 *
 * @module
 */
import { fileProblem, StartError } from "../errors.ts";
import type { JWTPayload } from "jose";
import { cutUrl, type Identity, millis, type Settings } from "../../core/mod.ts";
import {
  cachedKeys,
  codeOf,
  isUrl,
  keySource,
  KeysUnavailable,
  PUBLIC_ALGORITHMS,
  type ReportFault,
} from "./key_set.ts";
import { logFault } from "../observe/log.ts";
import type { OwnerOf } from "./owner.ts";

/** What is known of a client: the payload of its JWT, or what the application said of it. */
export type Claims = Readonly<Record<string, unknown>>;

/** The result of a check. The core gets the identity, the hooks of an application get the claims. */
export interface Checked {
  readonly identity: Identity;
  readonly claims: Claims | null;
}

/** Checks a token; `null` is a missing one. Never rejects: a token that is not valid gives an identity `rejected`. */
export type Verifier = (token: string | null) => Promise<Checked>;

/** What a verifier needs from its surroundings. */
export interface AuthPorts {
  /** The wall clock, which `exp` and `nbf` are compared with. Called only while a token is checked. */
  readonly date?: () => Date;
  /** The time of the loop in milliseconds, which does not follow changes of the wall clock. */
  readonly now: () => number;
  readonly ownerOf: OwnerOf;
  /** How long loading the keys from a URL or a file may take, in milliseconds. */
  readonly fetchMaxMs?: number;
}

/** Creates the verifier that the settings ask for; returns `null` if tokens are not checked. */
export function createVerifier(settings: Settings, ports: AuthPorts): Verifier | null {
  const { auth, auth_secret, auth_jwks, auth_audience, auth_issuer, max_token_length } = settings;
  if (auth === "none") return null;
  const { now, ownerOf, date: dateNow = () => new Date(), fetchMaxMs = FETCH_MAX_MS } = ports;
  const reportFault = createFaultReporter(now);
  const secret = new TextEncoder().encode(auth_secret);
  const source = auth_jwks === "" ? null : keySource(auth_jwks, fetchMaxMs);
  const keys = source && cachedKeys({ source, now, reportFault });

  async function check(token: string): Promise<Checked> {
    const { jwtVerify } = await import("jose");
    const date = dateNow();
    const dateMs = date.getTime();
    // Both clocks are read now, because the check below may wait for keys.
    const epochAt = now() - dateMs;
    const shared = {
      requiredClaims: ["exp", "sub"],
      // jose rounds the date to seconds. One second more leaves the exact decision to `readClaims`.
      clockTolerance: TOLERANCE_S + 1,
      currentDate: date,
      ...(auth_audience !== "" && { audience: auth_audience }),
      ...(auth_issuer !== "" && { issuer: auth_issuer }),
    };
    const { payload } = keys === null
      ? await jwtVerify(token, secret, { ...shared, algorithms: SECRET_ALGORITHMS })
      : await jwtVerify(token, keys, { ...shared, algorithms: PUBLIC_ALGORITHMS });
    return readClaims(payload, { dateMs, epochAt, ownerOf });
  }

  return async (token) => {
    if (token === null || token === "") return rejected("A token is missing");
    if (token.length > max_token_length) return rejected("The token is too long");
    if (token.indexOf(".") > HEADER_MAX_LENGTH) {
      return rejected("The header of the token is too long");
    }
    try {
      return await check(token);
    } catch (error) {
      const reason = reasonOf(error);
      if (reason !== null) return rejected(reason);
      reportFault("A token could not be checked", error);
      return rejected("The key of the token cannot be used here");
    }
  };
}

/**
 * Checks `auth_jwks` at the start: a file must contain usable keys. A URL is fetched with the first token, so that the
 * server can start before the server that has the keys.
 *
 * @throws {StartError} If the file or the URL cannot be used.
 */
export async function checkAuthFiles({ auth_jwks }: Settings): Promise<void> {
  if (auth_jwks === "") return;
  try {
    if (!isUrl(auth_jwks)) await keySource(auth_jwks, FETCH_MAX_MS).load();
    else if (!URL.canParse(auth_jwks)) throw new Error("it is not a valid URL");
  } catch (error) {
    throw new StartError(
      `Option auth_jwks: cannot use "${cutUrl(auth_jwks)}": ${fileProblem(error)}.`,
      2,
    );
  }
}

const FETCH_MAX_MS = 5_000;

/** How far the clock of the issuer may be off. */
const TOLERANCE_S = 5;

/** Shares nothing with `PUBLIC_ALGORITHMS`: a public key must never be accepted as a secret. */
const SECRET_ALGORITHMS = ["HS256"];

/**
 * Limits what is parsed before the signature is checked. Usual headers have `alg`, `typ` and `kid`, some 130
 * characters.
 */
const HEADER_MAX_LENGTH = 1_024;

/** The range of a `Date` around 1970, in seconds (ECMA-262, "Time Values"). */
const DATE_MAX_S = 8.64e12;

const MALFORMED = "The token is not a valid JWT";
const EXPIRED = "The token has expired";
const EARLY = "The token is not valid yet";

/** How often the log may report that keys cannot be loaded or used. */
const REPORT_PERIOD_MS = 30_000;

/** Checks the claims of a token with a valid signature. `epochAt` is 1970 in the time of the loop. */
function readClaims(
  claims: JWTPayload,
  { dateMs, epochAt, ownerOf }: {
    readonly dateMs: number;
    readonly epochAt: number;
    readonly ownerOf: OwnerOf;
  },
): Checked {
  const { sub, peers = [], exp = 0, nbf = 0 } = claims;
  const outOfRange = (["exp", "nbf", "iat"] as const).find((name) =>
    Math.abs(claims[name] ?? 0) > DATE_MAX_S
  );
  if (outOfRange !== undefined) {
    return rejected(`The claim ${outOfRange} of the token is beyond any date`);
  }
  const endMs = (exp + TOLERANCE_S) * 1_000;
  if (endMs <= dateMs) return rejected(EXPIRED);
  if ((nbf - TOLERANCE_S) * 1_000 > dateMs) return rejected(EARLY);
  if (typeof sub !== "string" || sub === "") {
    return rejected("The claim sub of the token is not a text");
  }
  if (!Array.isArray(peers) || !peers.every((peer) => typeof peer === "string")) {
    return rejected("The claim peers of the token is not a list of texts");
  }
  const endsAt = millis(epochAt + endMs);
  return {
    identity: { kind: "proven", owner: ownerOf(sub), ids: [sub, ...peers], endsAt },
    claims,
  };
}

/** What a check comes to that a client does not pass. */
export function rejected(reason: string): Checked {
  return { identity: { kind: "rejected", reason }, claims: null };
}

/** Why a token is rejected, without any part of the token; `null` if the error is not the token's fault. */
function reasonOf(error: unknown): string | null {
  if (error instanceof KeysUnavailable) return "Tokens cannot be checked now: try again later";
  const code = codeOf(error);
  if (code !== "ERR_JWT_CLAIM_VALIDATION_FAILED") return REASONS.get(code) ?? null;
  const { claim, reason }: { claim?: unknown; reason?: unknown } = Object(error);
  if (reason === "missing") return `The token has no claim ${claim}`;
  if (claim === "aud" || claim === "iss") {
    return `The claim ${claim} of the token is not the one asked for`;
  }
  if (reason === "invalid") return `The claim ${claim} of the token is not a number`;
  return EARLY;
}

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ["ERR_JWT_EXPIRED", EXPIRED],
  ["ERR_JWS_SIGNATURE_VERIFICATION_FAILED", "The signature of the token is wrong"],
  ["ERR_JOSE_ALG_NOT_ALLOWED", "The algorithm of the token does not count here"],
  ["ERR_JWKS_NO_MATCHING_KEY", "The token is signed with a key that is not known here"],
  ["ERR_JWKS_MULTIPLE_MATCHING_KEYS", "The token does not say which key signed it (kid)"],
  ["ERR_JWS_INVALID", MALFORMED],
  ["ERR_JWT_INVALID", MALFORMED],
  ["ERR_JOSE_NOT_SUPPORTED", MALFORMED],
]);

/** Logs faults of the keys at a limited rate, because clients can cause them. */
function createFaultReporter(now: () => number): ReportFault {
  let reportedAt = -Infinity;
  return (what, why) => {
    if (now() - reportedAt < REPORT_PERIOD_MS) return;
    reportedAt = now();
    logFault(what, why);
  };
}
