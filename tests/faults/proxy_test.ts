/** FAULT-22 through real requests: whose address counts. */
import { assert, assertEquals } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { openRaw } from "../support/raw_socket.ts";
import { test } from "../support/served.ts";

/** The address that the server logs for a client with this header. */
async function seenAs({ port, nextLine }: Child, id: string, header: string): Promise<string> {
  using client = await openRaw(port, id, `X-Forwarded-For: ${header}\r\n`);
  assertEquals(await client.json(), { type: "OPEN" });
  const line = await nextLine((line) => line.includes('"connected"') && line.includes(`"${id}"`));
  assert(!/[\p{Cc}\p{Zl}\p{Zp}]/u.test(line), line);
  return JSON.parse(line).properties.address;
}

/** Who may say it, what `X-Forwarded-For` says, and whose address it is then. */
const SEEN: readonly [args: string[], header: string, address: string][] = [
  [[], "203.0.113.9", "127.0.0.1"],
  [["--proxied"], "192.0.2.1\x9b31m\x85", "127.0.0.1"],
  [["--proxied", "--trusted_proxies", "10.0.0.0/8"], "203.0.113.9", "127.0.0.1"],
  ...[
    ["6.6.6.6, 203.0.113.9, 10.1.2.3", "203.0.113.9"],
    ["203.0.113.9, garbage", "127.0.0.1"],
    ["[2001:db8::7]:4711", "2001:db8::7"],
  ].map(([header = "", address = ""]): [string[], string, string] => [
    ["--trusted_proxies", "127.0.0.0/8", "--trusted_proxies", "10.0.0.0/8"],
    header,
    address,
  ]),
  ...[["--proxied"], ["--trusted_proxies", "127.0.0.1"]].flatMap((args) =>
    [
      ["203.0.113.8:17085", "203.0.113.8"],
      ['"203.0.113.8:17085"', "203.0.113.8"],
      ["::ffff:203.0.113.8", "203.0.113.8"],
      ["::ffff:cb00:7108", "203.0.113.8"],
      ["[2001:db8::1]:5000", "2001:db8::1"],
      ['"[2001:db8::1]"', "2001:db8::1"],
      ["2001:db8::1%eth0", "2001:db8::1"],
      [`fe80::1%${"z".repeat(8_000)}`, "127.0.0.1"],
      [",".repeat(8_000), "127.0.0.1"],
    ].map(([header = "", address = ""]): [string[], string, string] => [args, header, address])
  ),
];

test.program("[FAULT-22] [FAULT-8] [LIMIT-10] the right-most address that is no listed proxy counts, if a listed one says it, in one way of writing", async ({ start }) => {
  for (const group of Object.values(Object.groupBy(SEEN, ([args]) => args.join(" ")))) {
    await using child = await start({ args: group?.[0]?.[0] ?? [] });
    for (const [i, [args, header, address]] of group?.entries() ?? []) {
      const what = `${args.join(" ")} ${header.slice(0, 40)}`;
      assertEquals(await seenAs(child, `a${i}`, header), address, what);
    }
  }
});
