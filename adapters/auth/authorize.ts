/**
 * Asks the application that embeds the server whether a client may come in, after its token was checked.
 *
 * @module
 */
import { describe, type Identity, type Settings } from "../../core/mod.ts";
import { hide, logFault, shortenUnquoted } from "../observe/log.ts";
import type { Asked } from "../asked.ts";
import type { Ports } from "../runtime.ts";
import { type Checked, type Claims, rejected, type Verifier } from "./jwt.ts";
import type { OwnerOf } from "./owner.ts";

/** A client that asks to come in. */
export interface Applicant {
  /** The id that it wants, which may be held already. */
  readonly id: string;
  /** The token in its URL. Only `authorize` gets it: no other hook, the log or the state. */
  readonly token: string;
  /** Its address, behind a trusted proxy the one in `X-Forwarded-For`; empty if unknown. */
  readonly address: string;
  /** The `Origin` header; `null` if the client is not a page. */
  readonly origin: string | null;
  /** The `Cookie` header, such as a session of your application; `null` without one or over 16,384 characters. */
  readonly cookie: string | null;
  /** The claims of its JWT, if option `auth` is `jwt`; otherwise `null`. */
  readonly claims: Claims | null;
}

/**
 * `true` admits the client, a text refuses it with this reason, `false` without one. An object admits it with claims
 * for the hooks; if they have a text `sub` and the token is no JWT, whoever has the same `sub` may take the id over.
 */
export type Verdict = boolean | string | { readonly claims: Claims };

/** Decides whether a client may come in. It has 10 s; an exception refuses the client. */
export type Authorize = (applicant: Applicant) => Verdict | Promise<Verdict>;

/** Checks a client whose parameters are valid. Never rejects. */
export type Gate = (asked: Asked) => Promise<Checked>;

/** What a gate depends on. */
export interface GatePorts {
  readonly settings: Pick<Settings, "concurrent_limit">;
  /** `null` if tokens are not checked. */
  readonly verify: Verifier | null;
  readonly authorize: Authorize | undefined;
  readonly ownerOf: OwnerOf;
  readonly schedule: Ports["schedule"];
}

/** Creates the check of clients; returns `null` if neither tokens are checked nor the application is asked. */
export function createGate(
  { settings, verify, authorize, ownerOf, schedule }: GatePorts,
): Gate | null {
  if (authorize === undefined) return verify === null ? null : ({ token }) => verify(token);
  let waiting = 0;

  async function ask(applicant: Applicant): Promise<unknown> {
    const { promise: late, resolve } = Promise.withResolvers<typeof LATE>();
    const cancel = schedule(() => resolve(LATE), AUTHORIZE_MAX_MS);
    waiting++;
    try {
      return await Promise.race([authorize?.(applicant), late]);
    } finally {
      waiting--;
      cancel();
    }
  }

  async function judge(asked: Asked, checked: Checked): Promise<Checked> {
    // A client that goes gives its place to another, but the question to the application goes on.
    if (waiting >= settings.concurrent_limit) return rejected(BUSY);
    const { id, address, origin, cookie } = asked;
    const token = asked.token ?? "";
    const secrets = [token, cookie ?? ""];
    try {
      const verdict = await ask({ id, token, address, origin, cookie, claims: checked.claims });
      return readVerdict(verdict, checked, { id, ownerOf, secrets });
    } catch (error) {
      logFault("authorize failed", error, secrets);
      return rejected(FAILED);
    }
  }

  return async (asked) => {
    const checked = verify === null ? UNCHECKED : await verify(asked.token);
    return isFor(checked.identity, asked.id) ? await judge(asked, checked) : checked;
  };
}

/** How long the application may take. With the check of a JWT the core allows 15 s (AUTH-8). */
export const AUTHORIZE_MAX_MS = 10_000;

const LATE = Symbol();
const UNCHECKED: Checked = { identity: { kind: "unchecked" }, claims: null };

const REFUSED = "The application does not admit this client";
const FAILED = "The application could not decide on this client";
const BUSY = "Too many clients wait for the application: try again later";

/** Whether the core would admit a client that proves this; if not, the application is not asked. */
function isFor(identity: Identity, id: string): boolean {
  return identity.kind === "unchecked" ||
    (identity.kind === "proven" && identity.ids.includes(id));
}

function readVerdict(
  verdict: unknown,
  checked: Checked,
  { id, ownerOf, secrets }: {
    readonly id: string;
    readonly ownerOf: OwnerOf;
    readonly secrets: readonly string[];
  },
): Checked {
  if (verdict === true) return checked;
  if (verdict === false) return rejected(REFUSED);
  // The reason goes to the log too.
  if (typeof verdict === "string") {
    return rejected(shortenUnquoted(hide(verdict, secrets)) || REFUSED);
  }
  const claims: unknown = Object(verdict).claims;
  if (!isClaims(claims)) throw new TypeError(wrongVerdict(verdict));
  const { sub } = claims;
  if (checked.identity.kind !== "unchecked" || typeof sub !== "string" || sub === "") {
    return { identity: checked.identity, claims };
  }
  // No token has a control character (OPEN-3): whoever sends the subject as a token is not its owner.
  const owner = ownerOf(`\0${sub}`);
  return { identity: { kind: "proven", owner, ids: [id], endsAt: null }, claims };
}

function wrongVerdict(verdict: unknown): string {
  if (verdict === LATE) return `it did not answer within ${AUTHORIZE_MAX_MS} ms`;
  return `it returned ${describe(verdict)}: return true, false, a reason, or { claims }`;
}

function isClaims(value: unknown): value is Claims {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
