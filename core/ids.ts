/**
 * The kinds of value that must not be mixed up, told apart by the type checker.
 *
 * At run time each is the plain number or string it was made from. The four functions that
 * are named after them are the only places where a plain value becomes a branded one.
 *
 * @module
 */

/** One socket, for as long as it lives. The adapter mints it and never uses it twice. */
export type ConnId = number & { readonly brand: "ConnId" };

/** What a client claims to be called: the `id` of its URL, the `src` and `dst` of its messages. */
export type PeerId = string & { readonly brand: "PeerId" };

/**
 * Who claimed an id: a digest, of a fixed size, of the token or of the subject that it proves. The same owner may
 * take over.
 */
export type Owner = string & { readonly brand: "Owner" };

/** An instant of the monotonic clock, or a duration, in milliseconds. Fractions are allowed. */
export type Millis = number & { readonly brand: "Millis" };

/** Names the socket with this serial number. */
export function connId(serial: number): ConnId {
  return serial as ConnId;
}

/** Takes a string for a peer's id; whether it is one that may be claimed is for the session rules. */
export function peerId(id: string): PeerId {
  return id as PeerId;
}

/** Takes a digest for the owner of what its client claims. */
export function owner(text: string): Owner {
  return text as Owner;
}

/** Takes a number for an instant or a duration in milliseconds. */
export function millis(count: number): Millis {
  return count as Millis;
}

/** Whether a client could hold this id: not empty, not too long, no control characters in it. */
export function isUsableId(id: string, maxLength: number): boolean {
  if (id === "" || id.length > maxLength) return false;
  return PLAIN_ID.test(id) || !hasControl(id);
}

/** Whether a text has control characters in it (Unicode category Cc). */
export function hasControl(text: string): boolean {
  return CONTROL.test(text);
}

/** What most ids look like: recognized in a third of the time. */
const PLAIN_ID = /^[\w -]*$/;
const CONTROL = /\p{Cc}/u;
