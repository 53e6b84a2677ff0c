/**
 * Network addresses: whom a socket counts for, and which proxies may say where a client comes from.
 *
 * @module
 */

/** A range of addresses: those whose first `prefix` bits are the same. One without bytes is {@linkcode UNIX}. */
export interface AddressRange {
  readonly bytes: readonly number[];
  readonly prefix: number;
}

/** Stands for the address of whoever is at the other end of a unix socket, which has none. */
export const UNIX = "unix";

/** The longest address, with a zone of 18 characters; interfaces have names of at most 15. */
const ADDRESS_LENGTH_MAX = 64;

/** A chain of proxies is shorter; a longer one was written to keep the server busy. */
const HOPS_MAX = 32;

/**
 * What an address counts as: an IPv4 address for itself, an IPv6 address for its /64, which is what one
 * customer gets; anything else for itself.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { addressGroup } from "./address.ts";
 *
 * assertEquals(addressGroup("192.0.2.7"), "192.0.2.7");
 * assertEquals(addressGroup("::ffff:192.0.2.7"), "192.0.2.7");
 * assertEquals(addressGroup("2001:db8:0:1::7"), "2001:db8:0:1::/64");
 * ```
 */
export function addressGroup(address: string): string {
  // Without a colon it is IPv4, which is written in one way only, or none: either way itself.
  if (!address.includes(":")) return address;
  const bytes = parseAddress(address);
  if (bytes === null) return address;
  if (bytes.length === 4) return bytes.join(".");
  const hex = bytes.slice(0, 8).map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const groups = hex.replace(/(.{4})(?!$)/g, "$1:").replace(/\b0+(?=\w)/g, "");
  return `${groups}::/64`;
}

/** Reads "10.0.0.0/8", "2001:db8::/32", one address, or "unix"; `null` where it is none of these. */
export function parseRange(text: string): AddressRange | null {
  if (text.toLowerCase() === UNIX) return { bytes: [], prefix: 0 };
  const [address = "", prefixText, ...rest] = text.split("/");
  const bytes = parseAddress(address);
  if (bytes === null || rest.length > 0) return null;
  const bits = bytes.length * 8;
  if (prefixText === undefined) return { bytes, prefix: bits };
  const prefix = Number(prefixText);
  // A range of mapped addresses counts from the 97th bit on.
  const shift = address.includes(":") && bytes.length === 4 ? 96 : 0;
  if (!/^\d{1,3}$/.test(prefixText) || prefix < shift || prefix - shift > bits) return null;
  return { bytes, prefix: prefix - shift };
}

/** Whether an address lies in one of the ranges. */
export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  const bytes = address === UNIX ? [] : parseAddress(address);
  return bytes !== null && ranges.some((range) => isIn(bytes, range));
}

/**
 * The client's address behind trusted proxies: going from the connection back through `X-Forwarded-For`,
 * the first that is not a trusted proxy's. What stands further left anybody can have written, and is not
 * looked at.
 */
export function clientBehind(
  remote: string,
  forwardedFor: string | null,
  trusted: readonly AddressRange[],
): string {
  let client = remote;
  let left = forwardedFor;
  for (let hops = 0; hops < HOPS_MAX && left !== null && isInRanges(client, trusted); hops++) {
    const comma: number = left.lastIndexOf(",");
    const hop = readHop(left.slice(comma + 1));
    if (hop === null) return client;
    client = hop;
    left = comma < 0 ? null : left.slice(0, comma);
  }
  return client;
}

/**
 * The address in one part of `X-Forwarded-For`, as {@linkcode plainAddress} writes it; `null` where there is
 * none. Proxies also write it in quotes or brackets, with a port, and "unix:" for a unix socket.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(readHop(" 203.0.113.8:17085"), "203.0.113.8");
 * assertEquals(readHop('"[2001:db8::1]:5000"'), "2001:db8::1");
 * assertEquals(readHop("unknown"), null);
 * ```
 */
export function readHop(text: string): string | null {
  const quoted = text.trim();
  const hop = /^"(.*)"$/.exec(quoted)?.[1] ?? quoted;
  if (hop === UNIX || hop === `${UNIX}:`) return UNIX;
  const bare = /^\[(.*)\](?::\d+)?$/.exec(hop)?.[1] ?? hop.replace(/(\.\d+):\d+$/, "$1");
  return plainAddress(bare);
}

/**
 * An address in the one way in which it is kept and logged: a mapped one as IPv4, one of IPv6 without its
 * zone; `null` where it is none.
 */
export function plainAddress(text: string): string | null {
  const bytes = parseAddress(text);
  if (bytes === null) return null;
  return bytes.length === 4 ? bytes.join(".") : withoutZone(text);
}

/** The bytes of an address, 4 or 16, an IPv4 address in IPv6 clothes as 4; `null` where it is none. */
export function parseAddress(text: string): readonly number[] | null {
  if (text.length > ADDRESS_LENGTH_MAX) return null;
  if (!text.includes(":")) return parseV4(text);
  const bytes = parseV6(withoutZone(text));
  const isMapped = bytes !== null && bytes[10] === 0xff && bytes[11] === 0xff &&
    bytes.slice(0, 10).every((byte) => byte === 0);
  return isMapped ? bytes.slice(12) : bytes;
}

function parseV4(text: string): number[] | null {
  const parts = text.split(".");
  if (parts.length !== 4 || !parts.every((part) => /^(?:0|[1-9]\d{0,2})$/.test(part))) return null;
  const bytes = parts.map(Number);
  return bytes.every((byte) => byte < 256) ? bytes : null;
}

function parseV6(text: string): number[] | null {
  const [left = "", right, ...rest] = text.split("::");
  if (rest.length > 0) return null;
  const head = parseGroups(left, right === undefined);
  const tail = right === undefined ? [] : parseGroups(right, true);
  if (head === null || tail === null) return null;
  const missing = 16 - head.length - tail.length;
  if (right === undefined ? missing !== 0 : missing < 2) return null;
  return [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** An IPv4 address may stand in the place of the last two groups. */
function parseGroups(text: string, isEnd: boolean): number[] | null {
  if (text === "") return [];
  const bytes: number[] = [];
  const groups = text.split(":");
  for (const [i, group] of groups.entries()) {
    const v4 = isEnd && i === groups.length - 1 && group.includes(".") ? parseV4(group) : undefined;
    if (v4 === null || (v4 === undefined && !/^[0-9a-f]{1,4}$/i.test(group))) return null;
    const value = parseInt(group, 16);
    bytes.push(...v4 ?? [value >> 8, value & 0xff]);
  }
  return bytes;
}

function withoutZone(text: string): string {
  return text.replace(/%.*$/, "");
}

function isIn(bytes: readonly number[], range: AddressRange): boolean {
  return bytes.length === range.bytes.length &&
    bitsOf(bytes).startsWith(bitsOf(range.bytes).slice(0, range.prefix));
}

function bitsOf(bytes: readonly number[]): string {
  return bytes.map((byte) => byte.toString(2).padStart(8, "0")).join("");
}
