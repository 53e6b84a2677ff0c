/** Public keys at a URL, tokens that they signed, and where those are checked, on a clock that moves by hand. */
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createVerifier } from "../../adapters/auth/jwt.ts";
import { type Identity, settingsFrom } from "../../core/mod.ts";
import type { SignalboxOptions } from "../../main.ts";
import { captured } from "./captured.ts";
import { ownerOf } from "./world.ts";

/** A secret that tokens are signed with. */
export const SECRET = "0123456789abcdef0123456789abcdef";

/** When the clocks of desks begin, in seconds since 1970. */
export const START_S = 2_000_000_000;

/** A key pair, as a member of a JWKS and as a token that it signed. */
export interface Key {
  readonly jwk: Record<string, unknown>;
  readonly secret: Record<string, unknown>;
  readonly token: string;
}

export async function makeKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  const claims = { sub: "alice", exp: START_S + 86_400 };
  const token = await new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", kid }).sign(
    privateKey,
  );
  const [jwk, secret] = [await exportJWK(publicKey), await exportJWK(privateKey)];
  return { jwk: { ...jwk, kid }, secret: { ...secret, kid }, token };
}

/** Where tokens are checked, by these options or by the keys at this place, on a clock that began at `START_S`. */
export class Desk {
  readonly check: (token: string | null) => Promise<Identity>;
  #ms = 0;

  constructor(given: SignalboxOptions | string, fetchMaxMs = 5_000) {
    const options = typeof given === "string" ? { auth_jwks: given } : given;
    const verify = createVerifier(settingsFrom({ auth: "jwt", ...options }), {
      date: () => new Date(START_S * 1_000 + this.#ms),
      now: () => this.#ms,
      ownerOf,
      fetchMaxMs,
    });
    if (verify === null) throw new Error("auth jwt has a verifier");
    this.check = async (token) => (await verify(token)).identity;
  }

  readonly pass = (ms: number): void => void (this.#ms += ms);

  /** What becomes of a token: "proven", or why not. */
  readonly ask = async (token: string | null): Promise<string> => {
    const identity = await this.check(token);
    return identity.kind === "rejected" ? identity.reason : identity.kind;
  };
}

export interface KeyServer extends AsyncDisposable {
  readonly url: string;
  readonly asked: () => number;
  readonly answer: (next: () => Response | Promise<Response>) => void;
}

/** A URL that answers as it is told, and counts. */
export function serveKeys(...keys: unknown[]): KeyServer {
  let asked = 0;
  let answer = (): Response | Promise<Response> => Response.json({ keys });
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, () => {
    asked++;
    return answer();
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/keys`,
    asked: () => asked,
    answer: (next) => answer = next,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The lines that are logged from now on. */
export function captureLog(): string[] {
  return captured(({ message }) => message.join(""));
}

/** A point on P-256, of RFC 7515, A.3. */
export const ELLIPTIC = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};

const TOO_MUCH = "there are more than 262144 bytes";
const json = (value: unknown) => (): Response => Response.json(value);
const raw = (body: BodyInit | null, init?: ResponseInit) => (): Response =>
  new Response(body, init);

/** Answers with the status 200 that have no keys in them, or none of use. */
export const BROKEN: readonly (readonly [answer: () => Response, why: string])[] = [
  ...["<!DOCTYPE html><title>hush</title>", "", null].map((text) =>
    [raw(text), "it is not a JWKS"] as const
  ),
  ...[{}, null, { keys: {} }].map((value) => [json(value), "it is not a JWKS"] as const),
  ...[
    [],
    [{ kty: "hush" }, { kty: "oct", k: "aHVzaA" }],
    [{ kty: "RSA", n: "hush", e: "AQAB" }],
    [{ kty: "OKP", crv: "hush", x: "" }],
    [{ ...ELLIPTIC, use: "enc" }],
    [{ ...ELLIPTIC, x: "AQ" }],
    [{ ...ELLIPTIC, key_ops: ["sign"] }],
  ].map((keys) => [json({ keys }), "it has no public key"] as const),
  [json({ keys: Array(257).fill(ELLIPTIC) }), "there are more than 256 keys"],
  ...[262_145, 10_000_000].map((bytes) => [raw(new Uint8Array(bytes).fill(32)), TOO_MUCH] as const),
  [() => new Response(bomb(), { headers: { "content-encoding": "gzip" } }), TOO_MUCH],
  [() => new Response(endless()), TOO_MUCH],
];

/** Ten megabytes of spaces in ten kilobytes. */
function bomb(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const spaces = new Blob([new Uint8Array(10_000_000).fill(32)]);
  return spaces.stream().pipeThrough(new CompressionStream("gzip"));
}

/** More than any reader should take: it would never end. */
function endless(): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunk = new Uint8Array(65_536);
  return new ReadableStream({ pull: (controller) => controller.enqueue(chunk) });
}
