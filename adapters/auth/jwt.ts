/**
 * Checks the tokens of clients where option `auth` asks for it: JWTs, by a secret or by public keys.
 *
 * A token must say whose it is (`sub`) and until when (`exp`): one that never ends could never be taken
 * back. Which algorithms count is fixed by what the keys are, never by the token.
 *
 * @module
 */
import { messageOf, StartError } from "../errors.ts";
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

/** Tells what a token proves; `null` stands for a missing one. Never rejects. */
export type Verifier = (token: string | null) => Promise<Identity>;

/** What a verifier needs of the platform. */
export interface AuthPorts {
  /** What `exp` and `nbf` are compared with; asked only while a token is checked. */
  readonly date?: () => Date;
  /** The clock by which all is due, in milliseconds: no change of the wall clock moves it. */
  readonly now: () => number;
  /** Digests the subjects of tokens. */
  readonly ownerOf: OwnerOf;
  /** How long a URL or a file may take to give the keys, in milliseconds. */
  readonly fetchMaxMs?: number;
}

/** A verifier as the settings ask for, `null` where tokens are not checked. */
export function createVerifier(settings: Settings, ports: AuthPorts): Verifier | null {
  const { auth, auth_secret, auth_jwks, auth_audience, auth_issuer, max_token_length } = settings;
  if (auth === "none") return null;
  const { now, ownerOf, date: dateNow = () => new Date(), fetchMaxMs = FETCH_MAX_MS } = ports;
  const reportFault = createFaultReporter(now);
  const secret = new TextEncoder().encode(auth_secret);
  const source = auth_jwks === "" ? null : keySource(auth_jwks, fetchMaxMs);
  const keys = source && cachedKeys({ source, now, reportFault });

  async function check(token: string): Promise<Identity> {
    const { jwtVerify } = await import("jose");
    const date = dateNow();
    const dateMs = date.getTime();
    // Read together: between them and the end of the check there can be a wait for keys.
    const epochAt = now() - dateMs;
    const shared = {
      requiredClaims: ["exp", "sub"],
      // It takes whole seconds of the date: with one more it refuses none that `identityOf` would not.
      clockTolerance: TOLERANCE_S + 1,
      currentDate: date,
      ...(auth_audience !== "" && { audience: auth_audience }),
      ...(auth_issuer !== "" && { issuer: auth_issuer }),
    };
    const { payload } = keys === null
      ? await jwtVerify(token, secret, { ...shared, algorithms: SECRET_ALGORITHMS })
      : await jwtVerify(token, keys, { ...shared, algorithms: PUBLIC_ALGORITHMS });
    return identityOf(payload, { dateMs, epochAt, ownerOf });
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
 * Checks at the start that `auth_jwks` can be used: a file must have keys in it. A URL is asked when the
 * first token comes, so that the server can start before whoever has the keys.
 *
 * @throws {StartError} Where it cannot.
 */
export async function checkAuthFiles({ auth_jwks }: Settings): Promise<void> {
  if (auth_jwks === "") return;
  try {
    if (!isUrl(auth_jwks)) await keySource(auth_jwks, FETCH_MAX_MS).load();
    else if (!URL.canParse(auth_jwks)) throw new Error("it is not a valid URL");
  } catch (error) {
    throw new StartError(
      `Option auth_jwks: cannot use "${cutUrl(auth_jwks)}": ${messageOf(error)}.`,
      2,
    );
  }
}

const FETCH_MAX_MS = 5_000;

/** How far the clock of whoever makes the tokens may be off. */
const TOLERANCE_S = 5;

/** A public key must never pass as a secret: this and `PUBLIC_ALGORITHMS` share nothing. */
const SECRET_ALGORITHMS = ["HS256"];

/**
 * Strangers choose what is in a header, and it is parsed before the signature is looked at. Real ones have `alg`,
 * `typ` and `kid`, some 130 characters.
 */
const HEADER_MAX_LENGTH = 1_024;

/** As many seconds as a date can be away from 1970 (ECMA-262, "Time Values"). */
const DATE_MAX_S = 8.64e12;

const MALFORMED = "The token is not a valid JWT";
const EXPIRED = "The token has expired";
const EARLY = "The token is not valid yet";
/** How often at most the log says that keys cannot be had or used. */
const REPORT_PERIOD_MS = 30_000;

/** What the claims of a token prove whose signature is right; `epochAt` is 1970 by the server's clock. */
function identityOf(
  claims: JWTPayload,
  { dateMs, epochAt, ownerOf }: {
    readonly dateMs: number;
    readonly epochAt: number;
    readonly ownerOf: OwnerOf;
  },
): Identity {
  const { sub, peers = [], exp = 0, nbf = 0 } = claims;
  const odd = (["exp", "nbf", "iat"] as const).find((name) =>
    Math.abs(claims[name] ?? 0) > DATE_MAX_S
  );
  if (odd !== undefined) return rejected(`The claim ${odd} of the token is beyond any date`);
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
  return { kind: "proven", owner: ownerOf(sub), ids: [sub, ...peers], endsAt };
}

function rejected(reason: string): Identity {
  return { kind: "rejected", reason };
}

/** What is wrong with a token, without anything of the token; `null` where the fault is not the token's. */
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

/** Logs what is wrong with the keys, but not as often as clients can make it happen. */
function createFaultReporter(now: () => number): ReportFault {
  let saidAt = -Infinity;
  return (what, why) => {
    if (now() - saidAt < REPORT_PERIOD_MS) return;
    saidAt = now();
    logFault(what, why);
  };
}
