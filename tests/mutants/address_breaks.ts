/**
 * Breaks of addresses: whom a socket counts for, and who is behind which proxy.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of addresses. */
export const ADDRESS_BREAKS: readonly Break[] = breaksOf("core/address.ts", [
  {
    name: "the left-most address of X-Forwarded-For counts",
    rules: ["LIMIT-10", "FAULT-22"],
    find: "of hops.reverse())",
    put: "of hops)",
  },
  {
    name: "anybody may say where it comes from",
    rules: ["LIMIT-10", "FAULT-22"],
    find: "!isInRanges(client, trusted) || ",
    put: "",
  },
  {
    name: "what is no address is a client",
    rules: ["LIMIT-10"],
    find: " || parseAddress(hop) === null",
    put: "",
  },
  {
    name: "an address of IPv6 is not grouped",
    rules: ["LIMIT-10"],
    find: "return `${groups}::/64`;",
    put: "return address;",
  },
  {
    name: "an address of IPv6 counts for its /48",
    rules: ["LIMIT-10"],
    find: "bytes.slice(0, 8)",
    put: "bytes.slice(0, 6)",
  },
  {
    name: "a mapped address of IPv4 counts as one of IPv6",
    rules: ["LIMIT-10"],
    find: "return isMapped ? bytes.slice(12) : bytes;",
    put: "return bytes;",
  },
  {
    name: "an address with ffff in the middle is taken for a mapped one",
    rules: ["LIMIT-10"],
    find: "bytes.slice(0, 10).every((byte) => byte === 0)",
    put: "bytes.length === 16",
  },
  {
    name: "an address with a zone is none",
    rules: ["LIMIT-10"],
    find: 'text.replace(/%.*$/, "")',
    put: "text",
  },
  {
    name: "a range may be longer than its address",
    rules: ["LIMIT-10"],
    find: "prefix - shift > bits",
    put: "prefix - shift > bits + 1",
  },
  {
    name: "a range of mapped addresses counts from the first bit on",
    rules: ["LIMIT-10"],
    find: "bytes.length === 4 ? 96 : 0",
    put: "bytes.length === 4 ? 0 : 0",
  },
  {
    name: "a range is a bit wider than it says",
    rules: ["LIMIT-10"],
    find: ".slice(0, range.prefix)",
    put: ".slice(0, Math.max(0, range.prefix - 1))",
  },
  {
    name: "an address of IPv4 is in a range of IPv6",
    rules: ["LIMIT-10"],
    find: "bytes.length === range.bytes.length &&",
    put: "",
  },
  {
    name: "256 is a byte",
    rules: ["LIMIT-10"],
    find: "byte < 256",
    put: "byte <= 256",
  },
  {
    name: "a zero may stand before a byte",
    rules: ["LIMIT-10"],
    find: "(?:0|[1-9]\\d{0,2})",
    put: "(?:\\d{1,3})",
  },
  {
    name: "two colons may stand for nothing",
    rules: ["LIMIT-10"],
    find: "missing < 2",
    put: "missing < 0",
  },
  {
    name: "the two colons may stand twice",
    rules: ["LIMIT-10"],
    find: "if (rest.length > 0) return null;\n  const head",
    put: "const head",
  },
  {
    name: "a hop with a port is no address",
    rules: ["LIMIT-10"],
    find: '?? hop.replace(/^(\\d+(?:\\.\\d+){3}):\\d+$/, "$1")',
    put: "?? hop",
  },
  {
    name: "a hop in brackets is no address",
    rules: ["LIMIT-10"],
    find: "/^\\[([^\\]]*)\\](?::\\d+)?$/.exec(hop)?.[1] ?? ",
    put: "",
  },
]);
