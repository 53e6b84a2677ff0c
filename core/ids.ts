/**
 * Branded types, so that the type checker rejects one kind of number or string where another is meant.
 *
 * At run time each is a plain number or string. Only the four functions named after the types
 * turn a plain value into a branded one.
 *
 * @module
 */

/** One socket. The adapter numbers sockets in the order in which they come, and never reuses a number. */
export type ConnId = number & { readonly brand: "ConnId" };

/** The id of a peer: the `id` in its URL, the `src` and `dst` of its messages. */
export type PeerId = string & { readonly brand: "PeerId" };

/** Who may take a claim over: a digest, of fixed size, of a token or of the subject that a checked token proves. */
export type Owner = string & { readonly brand: "Owner" };

/** An instant of the monotonic clock, or a duration, in milliseconds, with fractions. */
export type Millis = number & { readonly brand: "Millis" };

/** Brands the serial number of a socket. */
export function connId(serial: number): ConnId {
  return serial as ConnId;
}

/** Brands a string as an id, unchecked: the session rules decide whether a client may hold it. */
export function peerId(id: string): PeerId {
  return id as PeerId;
}

/** Brands a digest. */
export function owner(text: string): Owner {
  return text as Owner;
}

/** Brands a number of milliseconds. */
export function millis(count: number): Millis {
  return count as Millis;
}

/** Whether a client could hold this id: not empty, at most `maxLength` characters, no control characters. */
export function isUsableId(id: string, maxLength: number): boolean {
  return id !== "" && id.length <= maxLength && !hasControl(id);
}

/** Whether a text contains control characters (Unicode category Cc). */
export function hasControl(text: string): boolean {
  return !PLAIN.test(text) && CONTROL.test(text);
}

/** Matches most ids and tokens, in a third of the time that the search for control characters takes. */
const PLAIN = /^[\w -]*$/;
const CONTROL = /\p{Cc}/u;
