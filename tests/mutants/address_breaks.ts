/**
 * Breaks of addresses: whom a socket counts for, and who is behind which proxy.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of addresses. */
export const ADDRESS_BREAKS: readonly Break[] = breaksOf("core/rules/address.ts", [
  {
    name: "the left-most address of X-Forwarded-For counts",
    rules: ["LIMIT-10", "FAULT-22"],
    find: 'left.lastIndexOf(",")',
    put: 'left.indexOf(",")',
  },
  {
    name: "anybody may say where it comes from",
    rules: ["LIMIT-10", "FAULT-22"],
    find: " && isInRanges(client, trusted)",
    put: "",
  },
  {
    name: "a part that is no address is passed over",
    rules: ["LIMIT-10"],
    find: "if (hop === null) return client;\n    client = hop;",
    put: "client = hop ?? client;",
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
    find: "parseV6(withoutZone(text))",
    put: "parseV6(text)",
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
    find: '?? hop.replace(/(\\.\\d+):\\d+$/, "$1")',
    put: "?? hop",
  },
  {
    name: "a hop in brackets is no address",
    rules: ["LIMIT-10"],
    find: "/^\\[(.*)\\](?::\\d+)?$/.exec(hop)?.[1] ?? ",
    put: "",
  },
  {
    name: "a hop in quotes is no address",
    rules: ["LIMIT-10"],
    find: '/^"(.*)"$/.exec(quoted)?.[1] ?? quoted',
    put: "quoted",
  },
  {
    name: "the zone of an address is kept",
    rules: ["LIMIT-10"],
    find: 'bytes.join(".") : withoutZone(text)',
    put: 'bytes.join(".") : text',
  },
  {
    name: "a mapped address is kept as one of IPv6",
    rules: ["LIMIT-10"],
    find: 'bytes.length === 4 ? bytes.join(".")',
    put: "bytes.length === 4 ? text",
  },
  {
    name: "an address may be of any length",
    rules: ["LIMIT-10"],
    find: "if (text.length > ADDRESS_LENGTH_MAX) return null;",
    put: "",
  },
  {
    name: "a chain of proxies may be of any length",
    rules: ["LIMIT-10"],
    find: "hops < HOPS_MAX && ",
    put: "",
  },
  {
    name: "a chain of proxies ends one early",
    rules: ["LIMIT-10"],
    find: "HOPS_MAX = 32",
    put: "HOPS_MAX = 31",
  },
  {
    name: "no proxy is at the other end of a unix socket",
    rules: ["LIMIT-10"],
    find: "address === UNIX ? [] : ",
    put: "",
  },
  {
    name: "a proxy cannot say that it is called over a unix socket",
    rules: ["LIMIT-10"],
    find: "if (hop === UNIX || hop === `${UNIX}:`) return UNIX;",
    put: "",
  },
  {
    name: "unix is no proxy",
    rules: ["LIMIT-10"],
    find: "if (text.toLowerCase() === UNIX) return { bytes: [], prefix: 0 };",
    put: "",
  },
]);
