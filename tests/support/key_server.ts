/**
 * Public keys at a URL, tokens that they signed, and where those are checked, on a clock that moves by hand.
 *
 * @module
 */
import { configureSync } from "@logtape/logtape";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { createVerifier } from "../../adapters/auth/jwt.ts";
import { reportOmitted } from "../../adapters/observe/log.ts";
import { settingsFrom } from "../../core/mod.ts";
import { ownerOf } from "./world.ts";

/** When the clocks of desks begin, in seconds since 1970. */
export const START_S = 2_000_000_000;

/** A key pair, as a member of a JWKS and as a token that it signed. */
export interface Key {
  readonly jwk: Record<string, unknown>;
  readonly secret: Record<string, unknown>;
  readonly token: string;
}

/** A new key pair. */
export async function makeKey(kid: string): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  const claims = { sub: "alice", exp: START_S + 86_400 };
  const token = await new SignJWT(claims).setProtectedHeader({ alg: "EdDSA", kid }).sign(
    privateKey,
  );
  const [jwk, secret] = [await exportJWK(publicKey), await exportJWK(privateKey)];
  return { jwk: { ...jwk, kid }, secret: { ...secret, kid }, token };
}

/** Where tokens are checked. */
export interface Desk {
  readonly pass: (ms: number) => void;
  /** What becomes of a token: "proven", or why not. */
  readonly ask: (token: string) => Promise<string>;
}

/** A verifier on a clock that moves by hand. */
export function makeDesk(auth_jwks: string, fetchMaxMs = 5_000): Desk {
  let ms = 0;
  const date = (): Date => new Date(START_S * 1_000 + ms);
  const settings = settingsFrom({ auth: "jwt", auth_jwks });
  const verify = createVerifier(settings, { date, now: () => ms, ownerOf, fetchMaxMs });
  return {
    pass: (more) => ms += more,
    ask: async (token) => {
      const identity = await verify?.(token);
      return identity?.kind === "rejected" ? identity.reason : `${identity?.kind}`;
    },
  };
}

/** Whoever has the keys. */
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
  reportOmitted(); // Else the lines of earlier tests count.
  const lines: string[] = [];
  configureSync({
    reset: true,
    sinks: { lines: ({ message }) => lines.push(message.join("")) },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["lines"] },
      { category: ["signalbox"], lowestLevel: "debug", sinks: ["lines"] },
    ],
  });
  return lines;
}

/** A point on P-256, of RFC 7515, A.3. */
const ELLIPTIC = {
  kty: "EC",
  crv: "P-256",
  x: "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  y: "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
};

/** Answers with the status 200 that have no keys in them, or none of use. */
export const BROKEN: readonly [answer: () => Response, why: string][] = [
  [() => new Response("<!DOCTYPE html><title>hush</title>"), "it is not a JWKS"],
  [() => new Response(""), "it is not a JWKS"],
  [() => new Response(null), "it is not a JWKS"],
  [() => Response.json({}), "it is not a JWKS"],
  [() => Response.json(null), "it is not a JWKS"],
  [() => Response.json({ keys: {} }), "it is not a JWKS"],
  [() => Response.json({ keys: [] }), "it has no public key"],
  [
    () => Response.json({ keys: [{ kty: "hush" }, { kty: "oct", k: "aHVzaA" }] }),
    "it has no public",
  ],
  [() => Response.json({ keys: [{ kty: "RSA", n: "hush", e: "AQAB" }] }), "it has no public key"],
  [() => Response.json({ keys: [{ kty: "OKP", crv: "hush", x: "" }] }), "it has no public key"],
  [() => Response.json({ keys: [{ ...ELLIPTIC, use: "enc" }] }), "it has no public key"],
  [() => Response.json({ keys: [{ ...ELLIPTIC, x: "AQ" }] }), "it has no public key"],
  [() => Response.json({ keys: Array(257).fill(ELLIPTIC) }), "there are more than 256 keys"],
  [() => Response.json({ keys: [{ ...ELLIPTIC, key_ops: ["sign"] }] }), "it has no public key"],
  [() => new Response(new Uint8Array(262_145).fill(32)), "there are more than 262144 bytes"],
  [() => new Response(new Uint8Array(10_000_000).fill(32)), "there are more than 262144 bytes"],
  [() => new Response(bomb(), { headers: { "content-encoding": "gzip" } }), "there are more than"],
  [() => new Response(endless()), "there are more than 262144 bytes"],
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
