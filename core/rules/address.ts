/**
 * Network addresses: the address group of a client, and its address behind trusted proxies.
 *
 * @module
 */

/** The addresses whose first `prefix` bits are those of `bytes`. Without bytes it is {@linkcode UNIX}. */
export interface AddressRange {
  readonly bytes: readonly number[];
  readonly prefix: number;
}

/** The address of a client or proxy on a unix socket, which has no network address. */
export const UNIX = "unix";

/** In characters: the longest address has 45, and its zone, the name of an interface, at most 16 with its `%`. */
const ADDRESS_LENGTH_MAX = 64;

/** An IPv4 address, which has one spelling only. */
const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** In front of an IPv4 address that is one of IPv6. */
const MAPPED = "::ffff:";

/** Real chains of proxies are shorter; a client writes a longer one to keep the server busy. */
const HOPS_MAX = 32;

/**
 * The address group of an address: an IPv4 address itself, the /64 of an IPv6 address, because one customer
 * has all of it; any other text itself.
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
  // Without a colon it is IPv4, which has one spelling only, or no address.
  if (!address.includes(":")) return address;
  const bytes = parseAddress(address);
  if (bytes === null) return address;
  if (bytes.length === 4) return bytes.join(".");
  const hex = bytes.slice(0, 8).map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const groups = hex.replace(/(.{4})(?!$)/g, "$1:").replace(/\b0+(?=\w)/g, "");
  return `${groups}::/64`;
}

/** Parses "10.0.0.0/8", "2001:db8::/32", one address, or "unix"; `null` for anything else. */
export function parseRange(text: string): AddressRange | null {
  if (text.toLowerCase() === UNIX) return { bytes: [], prefix: 0 };
  const [address = "", prefixText, ...rest] = text.split("/");
  const bytes = parseAddress(address);
  if (bytes === null || rest.length > 0) return null;
  const bits = bytes.length * 8;
  if (prefixText === undefined) return { bytes, prefix: bits };
  const prefix = Number(prefixText);
  // In a range of IPv4-mapped addresses the first 96 bits are the mapping.
  const shift = address.includes(":") && bytes.length === 4 ? 96 : 0;
  if (!/^\d{1,3}$/.test(prefixText) || prefix < shift || prefix - shift > bits) return null;
  return { bytes, prefix: prefix - shift };
}

export function isInRanges(address: string, ranges: readonly AddressRange[]): boolean {
  const bytes = address === UNIX ? [] : parseAddress(address);
  return bytes !== null && ranges.some((range) => isIn(bytes, range));
}

/**
 * The client's address behind trusted proxies: from the connection back through `X-Forwarded-For`, the first
 * address that is not a trusted proxy's. Anybody can have written what is further left, so it is not read.
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
 * Parses one entry of `X-Forwarded-For` into the form of {@linkcode plainAddress}; `null` if it has no address.
 * Some proxies add quotes, brackets or a port, and write "unix:" for a unix socket.
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
 * An address in the form that is kept and logged: an IPv4-mapped one as IPv4, an IPv6 address without its
 * zone; `null` if the text is not an address.
 */
export function plainAddress(text: string): string | null {
  // The usual case: IPv4, also as a socket that listens on IPv6 has it.
  const v4 = text.startsWith(MAPPED) ? text.slice(MAPPED.length) : text;
  if (V4.test(v4)) return v4;
  const bytes = parseAddress(text);
  if (bytes === null) return null;
  return bytes.length === 4 ? bytes.join(".") : withoutZone(text);
}

/** The bytes of an address: 4 for IPv4 and IPv4-mapped addresses, 16 for IPv6; `null` for any other text. */
export function parseAddress(text: string): readonly number[] | null {
  if (text.length > ADDRESS_LENGTH_MAX) return null;
  if (!text.includes(":")) return parseV4(text);
  const bytes = parseV6(withoutZone(text));
  const isMapped = bytes !== null && bytes[10] === 0xff && bytes[11] === 0xff &&
    bytes.slice(0, 10).every((byte) => byte === 0);
  return isMapped ? bytes.slice(12) : bytes;
}

function parseV4(text: string): number[] | null {
  return V4.test(text) ? text.split(".").map(Number) : null;
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

/** An IPv4 address may replace the last two groups (RFC 4291, 2.2). */
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
