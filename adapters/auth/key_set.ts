/**
 * Caches the public keys for tokens, from a file or a URL, and reloads them at a rate that clients cannot raise.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import { scheduleTimeout } from "../clock.ts";
import type { createLocalJWKSet, JSONWebKeySet, JWK, JWTVerifyGetKey } from "jose";

/** A key set of jose: finds the key for the header of a token. */
export type Keys = ReturnType<typeof createLocalJWKSet>;

/** A file or a URL with keys. */
export interface KeySource {
  /** Loads the keys. Rejects if that fails or no key is usable. */
  readonly load: () => Promise<Keys>;
  /** How old keys may be before a token makes them reload. */
  readonly maxAgeMs: number;
  /** The shortest time from the end of one load to the next. */
  readonly cooldownMs: number;
}

/** Logs a fault of the keys. */
export type ReportFault = (what: string, why: unknown) => void;

/** The signature algorithms for public keys. HMAC is not among them. */
export const PUBLIC_ALGORITHMS =
  "RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA Ed25519".split(" ");

/** Whether `auth_jwks` is a URL and not a file. */
export function isUrl(place: string): boolean {
  return URL_FORM.test(place);
}

/** The source of the keys, the clock, and the log. */
export interface KeyCacheOptions {
  /** The age of keys is measured by this monotonic clock, in milliseconds. */
  readonly now: () => number;
  readonly source: KeySource;
  readonly reportFault: ReportFault;
}

/** No keys were loaded within {@linkcode STALE_MAX_MS}. */
export class KeysUnavailable extends Error {}

/**
 * Caches the keys of `source`. Reloads them when they are old, or when a token names an unknown key. If that fails, the
 * known keys stay in use, and no token waits for the retry.
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
      reportFault("The keys of auth_jwks cannot be loaded", causeOf(error));
    }
    // Set at the end: after a load that hangs, the next one would otherwise begin at once.
    triedAt = now();
    pending = null;
  }

  function refresh(): Promise<void> {
    const pauseMs = isFailing ? RETRY_MS : source.cooldownMs;
    if (pending === null && now() - triedAt >= pauseMs) pending = load();
    return pending ?? Promise.resolve();
  }

  async function renew(): Promise<void> {
    const wasFailing = isFailing;
    const renewed = refresh();
    if (!wasFailing || usable() === null) await renewed;
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

/** The source for a URL or a file. A load takes at most `maxMs`. */
export function keySource(place: string, maxMs: number): KeySource {
  if (!isUrl(place)) return fileSource(place, maxMs);
  const load = (): Promise<Keys> =>
    withTimeout(maxMs, async (signal) => await parseKeys(await fetchText(place, signal)));
  return { load, maxAgeMs: URL_MAX_AGE_MS, cooldownMs: URL_COOLDOWN_MS };
}

/** Parses the file again only if it was replaced or written. */
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

/** The result of `load`. Rejects after `maxMs`, and aborts the signal at the end. */
async function withTimeout<T>(
  maxMs: number,
  load: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const cancel = scheduleTimeout(() => {
    reject(new Error(`no whole answer came in ${maxMs} ms`));
  }, maxMs);
  try {
    return await Promise.race([load(abort.signal), late]);
  } finally {
    cancel();
    abort.abort();
  }
}

/** The body of a response with status 200. Redirects are not followed: only the configured host may supply keys. */
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

/** Whether a key set with one key detects a forged signature with some algorithm, so the key is public and valid. */
async function canVerify(keys: Keys, { kid }: JWK): Promise<boolean> {
  const { compactVerify } = await import("jose");
  for (const alg of PUBLIC_ALGORITHMS) {
    const forged = `${btoa(JSON.stringify({ alg })).replaceAll("=", "")}.e30.AAAA`;
    try {
      await compactVerify(forged, () => keys({ alg, ...(typeof kid === "string" && { kid }) }));
    } catch (error) {
      const isWrong = codeOf(error) === "ERR_JWS_SIGNATURE_VERIFICATION_FAILED";
      // An error with a cause means that the platform could not use the key.
      if (isWrong && Object(error).cause === undefined) return true;
    }
  }
  return false;
}

/** Parses JSON; returns `undefined` for an error, whose message would contain parts of the text. */
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

/** The message of the cause, if there is one: `fetch` says why only there. */
function causeOf(error: unknown): string {
  return messageOf(error instanceof Error ? error.cause ?? error : error);
}

/** The code of an error of jose; `undefined` for other errors. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

const URL_FORM = /^https?:\/\//i;

/** Fits a hundred keys with certificates. Usual providers send 2,000 to 20,000 bytes. */
const JWKS_MAX_BYTES = 262_144;

/** Checking this many unusable keys takes some 30 ms. */
const KEYS_MAX = 256;

const URL_MAX_AGE_MS = 600_000;
const FILE_MAX_AGE_MS = 10_000;

const URL_COOLDOWN_MS = 30_000;

/** The cooldown after a failed load: short, so that the server works soon after its keys are available. */
const RETRY_MS = 5_000;

/** How long keys stay in use while they cannot be reloaded. */
const STALE_MAX_MS = 3_600_000;
