/**
 * The edge where tokens end: what comes after it knows digests only.
 *
 * @module
 */
import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import { hasControl, type Owner, owner, type Token } from "../../core/mod.ts";

/** Makes the owner that a token or a subject stands for. */
export type OwnerOf = (text: string) => Owner;

/** Digests with a key that is made here and told to nobody: without it nobody can try out what was digested. */
export function createOwners(): OwnerOf {
  const key = randomBytes(32);
  return (text) => {
    // As UTF-16: in UTF-8 all lone surrogates are the same.
    const digest = createHmac("sha256", key).update(Buffer.from(text, "utf16le")).digest();
    return owner(digest.toString("base64url", 0, OWNER_BYTES));
  };
}

/** A token as the rules see it; `null` where it is missing or empty. */
export function tokenOf(text: string | null, ownerOf: OwnerOf): Token | null {
  if (text === null || text === "") return null;
  return { owner: ownerOf(text), length: text.length, hasControl: hasControl(text) };
}

/** 128 bits: that two tokens have one digest does not happen. */
const OWNER_BYTES = 16;
