/**
 * `X-Forwarded-For`: the spellings of proxies, and how much of the header is read.
 */
import {
  type AddressRange,
  clientBehind,
  parseAddress,
  parseRange,
  plainAddress,
  readHop,
} from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";

function ranges(...texts: string[]): AddressRange[] {
  return texts.map(parseRange).filter((range) => range !== null);
}

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
      "203.0.113.8",
      " 203.0.113.8\t",
      "203.0.113.8:17085",
      '"203.0.113.8"',
      '"203.0.113.8:17085"',
      "[203.0.113.8]:80",
      "::ffff:203.0.113.8",
      "::ffff:203.0.113.8:17085",
      "::FFFF:cb00:7108",
      "0:0:0:0:0:ffff:cb00:7108",
      "[::ffff:203.0.113.8]:17085",
      "::ffff:203.0.113.8%eth0",
    ],
    "2001:db8::1": [
      "2001:db8::1",
      "[2001:db8::1]",
      "[2001:db8::1]:5000",
      '"[2001:db8::1]:5000"',
      "2001:db8::1%eth0",
      "[2001:db8::1%25eth0]:5000",
    ],
  };
  for (const [address, texts] of Object.entries(ways)) {
    for (const text of texts) assertEquals(readHop(text), address, text);
    assertEquals(plainAddress(address), address);
  }
  const none = [
    "",
    '"',
    '""',
    "[]",
    "[]:80",
    "203.0.113.8:",
    "203.0.113.8:80:80",
    "203.0.113.8:x",
    '"203.0.113.8',
    "[2001:db8::1]x",
    "2001:db8::1]:80",
    "unix:/run/x",
    "for=203.0.113.8",
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
