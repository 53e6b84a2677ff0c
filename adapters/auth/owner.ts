/**
 * Replaces tokens by keyed digests. The state, the log and recordings contain only these.
 *
 * @module
 */
import { sha256 } from "@noble/hashes/sha2";
import { hasControl, type Owner, owner, type Settings, type Token } from "../../core/mod.ts";

/** Digests a token, or the subject of one. */
export type OwnerOf = (text: string) => Owner;

type OwnerSettings = Pick<Settings, "cluster" | "cluster_namespace" | "cluster_secret">;

/**
 * Creates a digest function. Its key never leaves it, so that nobody can guess a token from its digest: it is random,
 * or, because the nodes of a cluster must agree on digests, the secret of the cluster. Without a secret the name of the
 * cluster stands in for it, and digests can be guessed.
 *
 * It makes no object but the digest. With a hash of `node:crypto` an open takes an eighth longer, because that is
 * memory outside of V8's heap, which stays until a full collection; with an HMAC, a stream there, even more.
 */
export function createOwners(
  { cluster, cluster_namespace, cluster_secret }: OwnerSettings,
): OwnerOf {
  const shared = cluster_secret === "" ? cluster_namespace : cluster_secret;
  // The workers of one process have a secret without option `cluster`.
  const isAlone = cluster === "" && cluster_secret === "";
  const key = isAlone
    ? crypto.getRandomValues(new Uint8Array(32))
    : sha256(new TextEncoder().encode(shared));
  const keyed = sha256.create().update(key);
  const hash = keyed.clone();
  const piece = new Uint8Array(2 * PIECE_LENGTH);
  const digest = new Uint8Array(hash.outputLen);
  const half = digest.subarray(0, OWNER_BYTES);

  return (text) => {
    keyed._cloneInto(hash);
    for (let from = 0; from < text.length; from += PIECE_LENGTH) {
      hash.update(piece.subarray(0, encodeUtf16(text, from, piece)));
    }
    hash.digestInto(digest);
    return owner(half.toHex());
  };
}

/**
 * Writes as much of a text as there is room for; returns the number of bytes. It is UTF-16, because UTF-8 encodes every
 * lone surrogate as the same bytes.
 */
function encodeUtf16(text: string, from: number, bytes: Uint8Array): number {
  const length = Math.min(bytes.length / 2, text.length - from);
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(from + i);
    bytes[2 * i] = unit & 0xff;
    bytes[2 * i + 1] = unit >> 8;
  }
  return 2 * length;
}

/** In characters. Most tokens are shorter. */
const PIECE_LENGTH = 512;

/** Half of a digest, 128 bits: two tokens do not get the same, and nobody can extend a token behind the key. */
const OWNER_BYTES = 16;

/** What the core gets of a token; `null` if the token is missing or empty. */
export function tokenOf(text: string | null, ownerOf: OwnerOf): Token | null {
  if (text === null || text === "") return null;
  return { owner: ownerOf(text), length: text.length, hasControl: hasControl(text) };
}

/** The token in an `Authorization` header of the scheme `Bearer` (RFC 6750, 2.1); `null` if there is none. */
export function bearerIn(authorization: string | null): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? null;
}
