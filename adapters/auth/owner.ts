/**
 * Replaces tokens by keyed digests. The state, the log and recordings contain only these.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
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
  // The workers of one process have a secret without option `cluster`.
  const isAlone = cluster === "" && cluster_secret === "";
  const key = isAlone ? randomBytes(32) : Buffer.from(shared);
  return (text) => {
    // UTF-16, because UTF-8 encodes every lone surrogate as the same bytes.
    const digest = createHmac("sha256", key).update(Buffer.from(text, "utf16le")).digest();
    return owner(digest.toString("base64url", 0, OWNER_BYTES));
  };
}

/** What the core gets of a token; `null` if the token is missing or empty. */
export function tokenOf(text: string | null, ownerOf: OwnerOf): Token | null {
  if (text === null || text === "") return null;
  return { owner: ownerOf(text), length: text.length, hasControl: hasControl(text) };
}

/** The token in an `Authorization` header of the scheme `Bearer` (RFC 6750, 2.1); `null` if there is none. */
export function bearerIn(authorization: string | null): string | null {
  return /^Bearer +(\S+)$/i.exec(authorization ?? "")?.[1] ?? null;
}

/** 128 bits, so that two tokens do not get the same digest. */
const OWNER_BYTES = 16;
