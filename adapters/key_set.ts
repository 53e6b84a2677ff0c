/**
 * Public keys of tokens, from a file or a URL: kept, and looked up again at times that no client can make
 * more frequent.
 *
 * @module
 */
import type { createLocalJWKSet, JSONWebKeySet, JWTVerifyGetKey } from "jose";
import { messageOf } from "./log.ts";
import { scheduleTimeout } from "./runtime.ts";

/** A set of keys, as jose takes it. */
export type Keys = ReturnType<typeof createLocalJWKSet>;

/** Where the keys come from. */
export interface KeySource {
  /** The keys as they are now: `known` where they are the same. Rejects where they cannot be had. */
  readonly load: (known: Keys | null) => Promise<Keys>;
  readonly maxAgeMs: number;
  readonly cooldownMs: number;
}

/** Takes what is wrong with the keys, for the log. */
export type Complain = (what: string, why: unknown) => void;

/** Whether `auth_jwks` names a URL; else it is a file. */
export function isUrl(place: string): boolean {
  return URL_FORM.test(place);
}

/** What a set of keys needs. */
export interface Upkeep {
  /** Milliseconds that no change of the wall clock moves: how old the keys are. */
  readonly now: () => number;
  readonly source: KeySource;
  readonly complain: Complain;
}

/** There are no keys, or none that are new enough to count. */
export class KeysUnavailable extends Error {}

/** The keys of `source`, looked up when they are old, or when a token names one that is not among them. */
export function cachedKeys({ source, now, complain }: Upkeep): JWTVerifyGetKey {
  let keys: Keys | null = null;
  let goodAt = -Infinity;
  let triedAt = -Infinity;
  let pending: Promise<void> | null = null;

  const usable = (): Keys | null => now() - goodAt <= STALE_MAX_MS ? keys : null;

  async function load(): Promise<void> {
    triedAt = now();
    try {
      keys = await source.load(keys);
      goodAt = now();
    } catch (error) {
      complain("The keys of auth_jwks cannot be had", causeOf(error));
    }
    pending = null;
  }

  function refresh(): Promise<void> {
    const pauseMs = usable() === null ? RETRY_MS : source.cooldownMs;
    if (pending === null && now() - triedAt >= pauseMs) pending = load();
    return pending ?? Promise.resolve();
  }

  return async (header) => {
    if (now() - goodAt >= source.maxAgeMs) await refresh();
    const known = usable();
    if (known === null) throw new KeysUnavailable();
    try {
      return await known(header);
    } catch (error) {
      if (codeOf(error) !== "ERR_JWKS_NO_MATCHING_KEY") throw error;
      await refresh();
      const newer = usable();
      if (newer === null || newer === known) throw error;
      return await newer(header);
    }
  };
}

/** The keys at a URL, which may take `fetchMaxMs` to give them, or in a file. */
export function keySource(place: string, fetchMaxMs: number): KeySource {
  if (!isUrl(place)) return fileSource(place);
  const load = async (): Promise<Keys> => await parseKeys(await fetchText(place, fetchMaxMs));
  return { load, maxAgeMs: URL_MAX_AGE_MS, cooldownMs: URL_COOLDOWN_MS };
}

/** A file is read again only where it is another one, or was written since. */
function fileSource(path: string): KeySource {
  let version = "";
  const load = async (known: Keys | null): Promise<Keys> => {
    using file = await Deno.open(path);
    const { mtime, size, ino } = await file.stat();
    const found = `${mtime?.getTime()} ${size} ${ino}`;
    if (known !== null && found === version) return known;
    const keys = await parseKeys(await readBounded(file.readable));
    version = found;
    return keys;
  };
  return { load, maxAgeMs: FILE_MAX_AGE_MS, cooldownMs: FILE_MAX_AGE_MS };
}

/** What the URL answers with 200; a redirect is not followed, so that nobody else can lend the keys. */
async function fetchText(url: string, maxMs: number): Promise<string> {
  const abort = new AbortController();
  const late = new Error(`no whole answer came in ${maxMs} ms`);
  const cancel = scheduleTimeout(() => abort.abort(late), maxMs);
  try {
    const headers = { accept: "application/jwk-set+json, application/json" };
    const response = await fetch(url, { headers, redirect: "manual", signal: abort.signal });
    if (response.status === 200 && response.body !== null) return await readBounded(response.body);
    await response.body?.cancel();
    throw new Error(`the answer has status ${response.status}`);
  } finally {
    cancel();
  }
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
  return createLocalJWKSet(set);
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

/** What an exception says, or what is behind it; not the URL, which may have a password in it. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause ?? error : error;
  return messageOf(cause).replace(/ for url \(.*?\)(?=:|$)/, "");
}

/** The code of an error of jose's. */
export function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

const URL_FORM = /^https?:\/\//i;
const JWKS_MAX_BYTES = 1_048_576;

/** A URL is asked again at least so often, a file looked at. */
const URL_MAX_AGE_MS = 600_000;
const FILE_MAX_AGE_MS = 10_000;

/** How soon after one look the next may be, whatever clients send. */
const URL_COOLDOWN_MS = 30_000;

/** The same where there are no keys at all, so that a server comes up soon after its keys do. */
const RETRY_MS = 5_000;

/** How long keys count that cannot be looked up again. */
const STALE_MAX_MS = 3_600_000;
