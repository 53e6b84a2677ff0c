/**
 * Addresses: groups, ranges, and clients behind proxies. The oracle parses an address as one big number, not as
 * bytes.
 */
import fc from "fast-check";
import {
  addressGroup,
  type AddressRange,
  clientBehind,
  isInRanges,
  parseAddress,
  parseRange,
  plainAddress,
  readHop,
} from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

const GARBAGE = [
  ..."unknown _hidden 1.2.3 1.2.3.4.5 1.2.3.256 01.2.3.4 0x1.2.3.4 1.2.3.-4 1e1.2.3.4".split(" "),
  ...": ::: 1::2::3 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7::8 12345:: g::".split(" "),
  ...["", " ", "1.2.3.4 ", "::1.2.3", "::1.2.3.256", "[::1]", "::1]:80", "1:2:3:4:5:6:7:1.2.3.4"],
];

function ranges(...texts: string[]): AddressRange[] {
  return texts.map((text) => {
    const range = parseRange(text);
    assert(range !== null, text);
    return range;
  });
}

Deno.test("[LIMIT-10] an IPv4 address counts for itself, an IPv6 address for its /64, an IPv4-mapped one as IPv4", () => {
  const groups: Record<string, string> = {
    "192.0.2.7": "192.0.2.7",
    "::ffff:192.0.2.7": "192.0.2.7",
    "::FFFF:c000:207": "192.0.2.7",
    "2001:db8:0:1::7": "2001:db8:0:1::/64",
    "2001:0DB8:0000:0001:ffff:0:0:1": "2001:db8:0:1::/64",
    "fe80::1%eth0": "fe80:0:0:0::/64",
    "::1": "0:0:0:0::/64",
    "": "",
    "unknown": "unknown",
    "unix": "unix",
  };
  for (const [address, group] of Object.entries(groups)) assertEquals(addressGroup(address), group);
  assertEquals(addressGroup("no:address"), "no:address");
});

Deno.test("[LIMIT-10] text that is not an address is rejected as an address, a range and a hop", () => {
  for (const text of GARBAGE) {
    assertEquals(parseAddress(text), null, text);
    assertEquals(parseRange(text), null, text);
    assertEquals(isInRanges(text, ranges("0.0.0.0/0", "::/0")), false, text);
    // Proxies put spaces and brackets around a hop.
    if (text === "1.2.3.4 " || text === "[::1]") continue;
    assertEquals(clientBehind("10.0.0.1", `6.6.6.6, ${text}`, ranges("10.0.0.0/8")), "10.0.0.1");
  }
  const none = [
    ..."10.0.0.0/33 10.0.0.0/-1 10.0.0.0/ 10.0.0.0/8/8 10.0.0.0/1e1 ::/129 ::/x ::/0064".split(" "),
    ...["::ffff:10.0.0.0/95", "::ffff:10.0.0.0/129"],
  ];
  for (const text of none) assertEquals(parseRange(text), null, text);
});

Deno.test("[LIMIT-10] an IPv4-mapped range is one of IPv4, an address is a range of one, and no range contains nothing", () => {
  const mapped = ranges("::ffff:10.0.0.0/104");
  const inside = ["10.200.0.1", "::ffff:10.0.0.1", "11.0.0.1", "::10.0.0.1"];
  assertEquals(inside.map((address) => isInRanges(address, mapped)), [true, true, false, false]);
  const alone = ["10.0.0.7", "10.0.0.8"].map((address) => isInRanges(address, ranges("10.0.0.7")));
  assertEquals([isInRanges("10.0.0.1", []), ...alone], [false, true, false]);
});

Deno.test("[LIMIT-10] [FAULT-22] behind proxies the right-most untrusted address is the client", () => {
  const proxies = ranges("10.0.0.0/8", "2001:db8:ffff::/48");
  const cases: [string, string | null, string, string][] = [
    ["203.0.113.9", "1.1.1.1", "203.0.113.9", "no proxy: the header is ignored"],
    ["10.0.0.1", null, "10.0.0.1", "a proxy that says nothing"],
    ["10.0.0.1", "203.0.113.9", "203.0.113.9", "one proxy"],
    ["10.0.0.1", "6.6.6.6, 203.0.113.9", "203.0.113.9", "what is further left is forged"],
    ["10.0.0.1", "10.0.0.9, 203.0.113.9", "203.0.113.9", "forged as a proxy's"],
    ["10.0.0.1", "6.6.6.6, 203.0.113.9, 10.0.0.2,10.0.0.3", "203.0.113.9", "three proxies"],
    ["10.0.0.1", "10.0.0.2, 10.0.0.3", "10.0.0.2", "none but proxies: the farthest"],
    ["2001:db8:ffff::1", "2001:db8::9, 2001:db8:ffff::2", "2001:db8::9", "proxies of IPv6"],
    ["::ffff:10.0.0.1", "203.0.113.9", "203.0.113.9", "a proxy, mapped"],
    ["10.0.0.1", '203.0.113.9, "10.0.0.2:80"', "203.0.113.9", "quotes and a port"],
    ["10.0.0.1", "203.0.113.9, garbage", "10.0.0.1", "garbage ends the chain"],
    ["10.0.0.1", "203.0.113.9, garbage, 10.0.0.2", "10.0.0.2", "the same, further left"],
    ["10.0.0.1", "203.0.113.9,,", "10.0.0.1", "empty hops"],
    ["10.0.0.1", "203.0.113.9\r\nx", "10.0.0.1", "a line break is no address"],
    ["", "203.0.113.9", "", "a connection without an address is no proxy"],
  ];
  for (const [remote, header, client, why] of cases) {
    assertEquals(clientBehind(remote, header, proxies), client, why);
  }
  assertEquals(clientBehind("10.0.0.1", "203.0.113.9", []), "10.0.0.1", "no proxy is trusted");
});

Deno.test("[LIMIT-10] the other end of a unix socket is a proxy if trusted_proxies has unix", () => {
  const said = ranges("unix", "10.0.0.0/8");
  const cases: [string, string | null, AddressRange[], string][] = [
    ["unix", "6.6.6.6, 203.0.113.9", said, "203.0.113.9"],
    ["unix", "203.0.113.9", ranges("UNIX"), "203.0.113.9"],
    ["unix", null, said, "unix"],
    ["unix", "203.0.113.9", ranges("10.0.0.0/8", "0.0.0.0/0", "::/0"), "unix"],
    ["unix", "203.0.113.9, unix:", said, "203.0.113.9"],
    ["unix", "203.0.113.9, unix, 10.0.0.7", said, "203.0.113.9"],
    ["10.0.0.1", "203.0.113.9, unix:", ranges("10.0.0.0/8"), "unix"],
    ["203.0.113.9", "6.6.6.6", ranges("unix"), "203.0.113.9"],
    ["", "6.6.6.6", ranges("unix"), ""],
  ];
  for (const [remote, header, trusted, client] of cases) {
    assertEquals(clientBehind(remote, header, trusted), client, `${remote} ${header}`);
  }
  for (const text of ["unix/8", "unix:", "unixx"]) assertEquals(parseRange(text), null, text);
});

Deno.test("[LIMIT-10] an address has one form, however a proxy writes it", () => {
  const ways: Record<string, readonly string[]> = {
    "203.0.113.8": [
      ...["203.0.113.8", " 203.0.113.8\t", '"203.0.113.8"', '"203.0.113.8:17085"'],
      ..."203.0.113.8:17085 [203.0.113.8]:80 ::ffff:203.0.113.8 ::ffff:203.0.113.8:17085 ::FFFF:cb00:7108"
        .split(" "),
      ..."0:0:0:0:0:ffff:cb00:7108 [::ffff:203.0.113.8]:17085 ::ffff:203.0.113.8%eth0".split(" "),
    ],
    "2001:db8::1": [
      ..."2001:db8::1 [2001:db8::1] [2001:db8::1]:5000 2001:db8::1%eth0".split(" "),
      ...['"[2001:db8::1]:5000"', "[2001:db8::1%25eth0]:5000"],
    ],
  };
  for (const [address, texts] of Object.entries(ways)) {
    for (const text of texts) assertEquals(readHop(text), address, text);
    assertEquals(plainAddress(address), address);
  }
  const none = [
    ...["", '"', '""', "[]", "[]:80", '"203.0.113.8', "[2001:db8::1]x", "2001:db8::1]:80"],
    ..."203.0.113.8: 203.0.113.8:80:80 203.0.113.8:x unix:/run/x for=203.0.113.8".split(" "),
  ];
  for (const text of none) assertEquals(readHop(text), null, text);
});

Deno.test("[LIMIT-10] a text longer than any address is none, and a long zone is dropped", () => {
  const zone = (length: number): string => `fe80::1%${"z".repeat(length)}`;
  assertEquals(parseAddress(zone(56))?.length, 16);
  assertEquals(plainAddress(zone(56)), "fe80::1");
  for (const text of [zone(57), zone(30_000), `${":".repeat(30_000)}`, "1.".repeat(30_000)]) {
    assertEquals(parseAddress(text), null);
    assertEquals(readHop(text), null);
    assertEquals(clientBehind("10.0.0.1", text, ranges("10.0.0.0/8")), "10.0.0.1");
  }
  const longest = `"[${"1111:".repeat(6)}255.255.255.255%${"z".repeat(18)}]:65535"`;
  assertEquals(readHop(longest), `${"1111:".repeat(6)}255.255.255.255`);
});

Deno.test("[LIMIT-10] of a chain of proxies the last 32 are read, and nothing further left", () => {
  const proxies = ranges("10.0.0.0/8");
  const chain = (hops: number): string =>
    ["203.0.113.9", ...Array.from({ length: hops }, (_, i) => `10.0.1.${i}`)].join(",");
  assertEquals(clientBehind("10.0.0.1", chain(31), proxies), "203.0.113.9");
  assertEquals(clientBehind("10.0.0.1", chain(32), proxies), "10.0.1.0");
  assertEquals(clientBehind("10.0.0.1", chain(33), proxies), "10.0.1.1");
});

/** An address as a number, and its width in bits. */
interface Numeric {
  readonly value: bigint;
  readonly bits: 32 | 128;
}

const numeric: fc.Arbitrary<Numeric> = fc.oneof(
  fc.bigInt(0n, 2n ** 32n - 1n).map((value) => ({ value, bits: 32 as const })),
  // Not in ::ffff:0:0/96, which is IPv4.
  fc.bigInt(0n, 2n ** 128n - 1n).filter((value) => value >> 32n !== 0xffffn)
    .map((value) => ({ value, bits: 128 as const })),
);

/** The longest spelling of an address; with `mapped` an IPv4 address gets `::ffff:` in front. */
function write({ value, bits }: Numeric, mapped = false): string {
  if (bits === 32) {
    const text = [24n, 16n, 8n, 0n].map((shift) => (value >> shift) & 255n).join(".");
    return mapped ? `::ffff:${text}` : text;
  }
  return [7n, 6n, 5n, 4n, 3n, 2n, 1n, 0n]
    .map((i) => ((value >> (16n * i)) & 0xffffn).toString(16)).join(":");
}

/** Replaces one run of zero groups by "::", if there is one of two or more. */
function shorten(text: string): string {
  return text.replace(/(?:^|:)0(?::0)+(?:$|:)/, "::");
}

Deno.test("[LIMIT-10] every spelling of an address parses to the same number", () => {
  fc.assert(fc.property(numeric, (address) => {
    const read = (text: string): bigint | undefined =>
      parseAddress(text)?.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
    for (const text of [write(address), write(address, true), shorten(write(address))]) {
      assertEquals(read(text), address.value, text);
      assertEquals(read(text.toUpperCase()), address.value, text);
    }
  }));
});

Deno.test("[LIMIT-10] an address is in a range if its first bits, as a number, are equal", () => {
  const near = fc.tuple(numeric, fc.nat(128), fc.nat(127)).map(([base, prefix, flip]) => {
    const value = base.value ^ (1n << BigInt(flip % base.bits));
    const isV6 = base.bits === 128 && value >> 32n !== 0xffffn;
    return {
      base,
      prefix: prefix % (base.bits + 1),
      other: base.bits === 32 || isV6 ? { ...base, value } : base,
    };
  });
  fc.assert(fc.property(near, numeric, fc.boolean(), ({ base, prefix, other }, far, mapped) => {
    const range = ranges(`${write(base)}/${prefix}`);
    for (const address of [base, other, far]) {
      const shift = BigInt(base.bits - prefix);
      const expected = address.bits === base.bits &&
        address.value >> shift === base.value >> shift;
      assertEquals(isInRanges(write(address, mapped), range), expected);
    }
  }));
});

Deno.test("[LIMIT-10] [FAULT-22] X-Forwarded-For entries of the client itself never change its address", () => {
  const hop = fc.oneof(
    numeric.map((address) => write(address)),
    fc.string(),
    fc.constant("10.0.0.9"),
  );
  const client = numeric.filter(({ value, bits }) => bits === 128 || value >> 24n !== 10n);
  const proxies = ranges("10.0.0.0/8");
  fc.assert(fc.property(fc.array(hop), client, fc.array(fc.nat(255)), (forged, real, others) => {
    const chain = [...forged, write(real), ...others.map((n) => `10.0.0.${n}`)].join(",");
    assertEquals(clientBehind("10.1.2.3", chain, proxies), write(real));
    assertEquals(clientBehind("203.0.113.9", chain, proxies), "203.0.113.9");
  }));
});
