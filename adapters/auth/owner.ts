/**
 * Replaces tokens by keyed digests. The state, the log and recordings contain only these.
 *
 * @module
 */
import { createHash, randomBytes } from "node:crypto";
import { hasControl, type Owner, owner, type Settings, type Token } from "../../core/mod.ts";

/** Digests a token, or the subject of one. */
export type OwnerOf = (text: string) => Owner;

type OwnerSettings = Pick<Settings, "cluster" | "cluster_namespace" | "cluster_secret">;

/**
 * Creates a digest function. Its key never leaves it, so that nobody can guess a token from its digest: it is random,
 * or, because the nodes of a cluster must agree on digests, the secret of the cluster. Without a secret the name of the
 * cluster stands in for it, and digests can be guessed.
 */
export function createOwners(
  { cluster, cluster_namespace, cluster_secret }: OwnerSettings,
): OwnerOf {
  const shared = cluster_secret === "" ? cluster_namespace : cluster_secret;
  const key = JSON.stringify(cluster === "" ? randomBytes(32).toString("hex") : shared);
  // JSON, because UTF-8 encodes every lone surrogate as the same bytes.
  return (text) => owner(createHash(HASH).update(key + JSON.stringify(text)).digest("hex"));
}

/**
 * Nobody can extend a digest of it, unlike one of SHA-256, so a key in front is enough. `createHmac` takes 20 times as
 * long: it makes a stream of each digest, and half a dozen buffers.
 */
const HASH = "sha512-256";

/** What the core gets of a token; `null` if the token is missing or empty. */
export function tokenOf(text: string | null, ownerOf: OwnerOf): Token | null {
  if (text === null || text === "") return null;
  return { owner: ownerOf(text), length: text.length, hasControl: hasControl(text) };
}

/** The token in an `Authorization` header of the scheme `Bearer` (RFC 6750, 2.1); `null` if there is none. */
export function bearerIn(authorization: string | null): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? null;
}
