/**
 * Replaces tokens by keyed digests. The state, the log and recordings contain only these.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import { hasControl, type Owner, owner, type Token } from "../../core/mod.ts";

/** Digests a token, or the subject of one. */
export type OwnerOf = (text: string) => Owner;

/**
 * Creates a digest function with a random key that never leaves it, so that nobody can guess a token from its digest.
 */
export function createOwners(): OwnerOf {
  const key = randomBytes(32);
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

/** 128 bits, so that two tokens do not get the same digest. */
const OWNER_BYTES = 16;
