/**
 * Public keys of tokens, from a file or a URL: kept, and looked up again at times that no client can make
 * more frequent.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import { scheduleTimeout } from "../clock.ts";
import type { createLocalJWKSet, JSONWebKeySet, JWK, JWTVerifyGetKey } from "jose";

/** A set of keys, as jose takes it. */
export type Keys = ReturnType<typeof createLocalJWKSet>;

/** Where the keys come from. */
export interface KeySource {
  /** The keys as they are now. Rejects where none can be had that are of use. */
  readonly load: () => Promise<Keys>;
  readonly maxAgeMs: number;
  readonly cooldownMs: number;
}

/** Takes what is wrong with the keys, for the log. */
export type ReportFault = (what: string, why: unknown) => void;

/** The algorithms that public keys are used with; no secret is among them. */
export const PUBLIC_ALGORITHMS =
  "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ");

/** Whether `auth_jwks` names a URL; else it is a file. */
export function isUrl(place: string): boolean {
  return URL_FORM.test(place);
}

/** What a set of keys needs. */
export interface KeyCacheOptions {
  /** Milliseconds that no change of the wall clock moves: how old the keys are. */
  readonly now: () => number;
  readonly source: KeySource;
  readonly reportFault: ReportFault;
}

/** There are no keys, or none that are new enough to count. */
export class KeysUnavailable extends Error {}

/**
 * The keys of `source`, looked up when they are old, or when a token names one that is not among them. Where they
 * cannot be had, those that are known stay, and no token waits for the next look.
 */
export function cachedKeys({ source, now, reportFault }: KeyCacheOptions): JWTVerifyGetKey {
  let keys: Keys | null = null;
  let loadedAt = -Infinity;
  let triedAt = -Infinity;
  let isFailing = false;
  let pending: Promise<void> | null = null;

  const usable = (): Keys | null => now() - loadedAt <= STALE_MAX_MS ? keys : null;

  async function load(): Promise<void> {
    try {
      keys = await source.load();
      loadedAt = now();
      isFailing = false;
    } catch (error) {
      isFailing = true;
      reportFault("The keys of auth_jwks cannot be had", causeOf(error));
    }
    // From its end on: a look that hangs would be followed by the next at once otherwise.
    triedAt = now();
    pending = null;
  }

  function refresh(): Promise<void> {
    const pauseMs = isFailing ? RETRY_MS : source.cooldownMs;
    if (pending === null && now() - triedAt >= pauseMs) pending = load();
    return pending ?? Promise.resolve();
  }

  async function renew(): Promise<void> {
    const isFailed = isFailing;
    const renewed = refresh();
    if (!isFailed || usable() === null) await renewed;
  }

  return async (header) => {
    if (now() - loadedAt >= source.maxAgeMs) await renew();
    const known = usable();
    if (known === null) throw new KeysUnavailable();
    try {
      return await known(header);
    } catch (error) {
      if (codeOf(error) !== "ERR_JWKS_NO_MATCHING_KEY") throw error;
      await renew();
      const newer = usable();
      if (newer === null || newer === known) throw error;
      return await newer(header);
    }
  };
}

/** The keys at a URL or in a file; either may take `maxMs` to give them. */
export function keySource(place: string, maxMs: number): KeySource {
  if (!isUrl(place)) return fileSource(place, maxMs);
  const load = (): Promise<Keys> =>
    withTimeout(maxMs, async (signal) => await parseKeys(await fetchText(place, signal)));
  return { load, maxAgeMs: URL_MAX_AGE_MS, cooldownMs: URL_COOLDOWN_MS };
}

/** A file is read again only where it is another one, or was written since. */
function fileSource(path: string, maxMs: number): KeySource {
  let latest: { readonly version: string; readonly keys: Keys } | null = null;
  const read = async (): Promise<Keys> => {
    using file = await Deno.open(path);
    const { mtime, size, ino } = await file.stat();
    const version = `${mtime?.getTime()} ${size} ${ino}`;
    if (latest?.version !== version) {
      latest = { version, keys: await parseKeys(await readBounded(file.readable)) };
    }
    return latest.keys;
  };
  return {
    load: () => withTimeout(maxMs, read),
    maxAgeMs: FILE_MAX_AGE_MS,
    cooldownMs: FILE_MAX_AGE_MS,
  };
}

/** What comes of `look`, which is given up after `maxMs`. */
async function withTimeout<T>(
  maxMs: number,
  look: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cancel = scheduleTimeout(() => {
    reject(new Error(`no whole answer came in ${maxMs} ms`));
  }, maxMs);
  try {
    return await Promise.race([look(abort.signal), late]);
  } finally {
    cancel();
    abort.abort();
  }
}

/** What the URL answers with 200; a redirect is not followed, so that nobody else can lend the keys. */
async function fetchText(url: string, signal: AbortSignal): Promise<string> {
  const headers = { accept: "application/jwk-set+json, application/json" };
  const { status, body } = await fetch(url, { headers, redirect: "manual", signal });
  if (status !== 200) throw new Error(`the answer has status ${status}`);
  return body === null ? "" : await readBounded(body);
}

async function readBounded(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.byteLength;
    if (bytes > JWKS_MAX_BYTES) throw new Error(`there are more than ${JWKS_MAX_BYTES} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

async function parseKeys(text: string): Promise<Keys> {
  const { createLocalJWKSet } = await import("jose");
  const set = parseJson(text);
  if (!isKeySet(set)) throw new Error('it is not a JWKS, an object with a list of "keys"');
  if (set.keys.length > KEYS_MAX) throw new Error(`there are more than ${KEYS_MAX} keys`);
  for (const key of set.keys) {
    if (await canVerify(createLocalJWKSet({ keys: [key] }), key)) return createLocalJWKSet(set);
  }
  throw new Error("it has no public key that a token can be checked with");
}

/** Whether the one key of a set can find out a signature that is wrong: it is public, and strong enough. */
async function canVerify(keys: Keys, { kid }: JWK): Promise<boolean> {
  const { compactVerify } = await import("jose");
  for (const alg of PUBLIC_ALGORITHMS) {
    const forged = `${btoa(JSON.stringify({ alg })).replaceAll("=", "")}.e30.AAAA`;
    try {
      await compactVerify(forged, () => keys({ alg, ...(typeof kid === "string" && { kid }) }));
    } catch (error) {
      const isWrong = codeOf(error) === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
      // With a cause the platform could not even compare.
      if (isWrong && Object(error).cause === undefined) return true;
    }
  }
  return false;
}

/** The value, or `undefined`: what an exception would say has parts of the text in it. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isKeySet(value: unknown): value is JSONWebKeySet {
  const { keys }: { keys?: unknown } = Object(value);
  return Array.isArray(keys) && keys.every((key) => typeof Object(key).kty === "string");
}

/** What an exception says, or what is behind it. */
function causeOf(error: unknown): string {
  return messageOf(error instanceof Error ? error.cause ?? error : error);
}

/** The code of an error of jose's. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

const URL_FORM = /^https?:\/\//i;

/** A hundred keys with their certificates; a provider's usual answer has 2,000 to 20,000 bytes. */
const JWKS_MAX_BYTES = 262_144;

/** To look at so many that are of no use takes some 30 ms. */
const KEYS_MAX = 256;

/** A URL is asked again at least so often, a file looked at. */
const URL_MAX_AGE_MS = 600_000;
const FILE_MAX_AGE_MS = 10_000;

/** How soon after one look the next may be, whatever clients send. */
const URL_COOLDOWN_MS = 30_000;

/** The same after a look that failed, so that a server comes up soon after its keys do. */
const RETRY_MS = 5_000;

/** How long keys count that cannot be looked up again. */
const STALE_MAX_MS = 3_600_000;
