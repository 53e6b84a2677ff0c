/**
 * FAULT-22 and FAULT-23 through real requests: forged addresses and pages of other origins.
 */
import { assertEquals } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { openLoadClient } from "../support/load.ts";
import { testEach } from "./listeners.ts";

/** The address that the server logs for a client with this header. */
async function seenAs(child: Child, id: string, address: string): Promise<string> {
  await using client = await openLoadClient({ wsUrl: child.wsUrl, id, address });
  await client.reached("OPEN", 1);
  const isIt = (line: string): boolean => line.includes('"connected"') && line.includes(`"${id}"`);
  return JSON.parse(await child.nextLine(isIt)).properties.address;
}

testEach(
  "[FAULT-22] [LIMIT-10] without proxies a forged X-Forwarded-For is ignored",
  async (start) => {
    await using child = await start();
    assertEquals(await seenAs(child, "a", "203.0.113.9"), "127.0.0.1");
  },
);

testEach(
  "[FAULT-22] [LIMIT-10] behind trusted_proxies the right-most other address counts",
  async (start) => {
    const args = ["--trusted_proxies", "127.0.0.0/8", "--trusted_proxies", "10.0.0.0/8"];
    await using child = await start({ args });
    assertEquals(await seenAs(child, "a", "6.6.6.6, 203.0.113.9, 10.1.2.3"), "203.0.113.9");
    assertEquals(await seenAs(child, "b", "203.0.113.9, garbage"), "127.0.0.1");
    assertEquals(await seenAs(child, "c", "[2001:db8::7]:4711"), "2001:db8::7");
  },
);

testEach(
  "[FAULT-22] [LIMIT-10] a client that is not in trusted_proxies cannot set its address",
  async (start) => {
    await using child = await start({ args: ["--proxied", "--trusted_proxies", "10.0.0.0/8"] });
    assertEquals(await seenAs(child, "a", "203.0.113.9"), "127.0.0.1");
  },
);

testEach(
  "[FAULT-22] [LIMIT-10] an address is logged in one form, however a proxy writes it",
  async (start) => {
    for (const args of [["--proxied"], ["--trusted_proxies", "127.0.0.1"]]) {
      await using child = await start({ args });
      const ways: [string, string][] = [
        ["203.0.113.8:17085", "203.0.113.8"],
        ['"203.0.113.8:17085"', "203.0.113.8"],
        ["::ffff:203.0.113.8", "203.0.113.8"],
        ["::ffff:cb00:7108", "203.0.113.8"],
        ["[2001:db8::1]:5000", "2001:db8::1"],
        ['"[2001:db8::1]"', "2001:db8::1"],
        ["2001:db8::1%eth0", "2001:db8::1"],
        [`fe80::1%${"z".repeat(8_000)}`, "127.0.0.1"],
        [",".repeat(8_000), "127.0.0.1"],
      ];
      for (const [i, [text, address]] of ways.entries()) {
        assertEquals(
          await seenAs(child, `a${i}`, text),
          address,
          `${args[0]} ${text.slice(0, 40)}`,
        );
      }
    }
  },
);

testEach(
  "[FAULT-22] [LIMIT-2] max_sockets_per_address bounds the address behind the proxy",
  async (start) => {
    const args = ["--trusted_proxies", "127.0.0.1", "--max_sockets_per_address", "1"];
    await using child = await start({ args });
    const { wsUrl } = child;
    await using one = await openLoadClient({ wsUrl, id: "a", address: "6.6.6.6, 203.0.113.9" });
    assertEquals(await one.answer, "OPEN");
    await using two = await openLoadClient({ wsUrl, id: "b", address: "7.7.7.7, 203.0.113.9" });
    assertEquals([await two.answer, (await two.closed).code], ["ERROR", 4029]);
    await using three = await openLoadClient({ wsUrl, id: "c", address: "203.0.113.10" });
    assertEquals(await three.answer, "OPEN");
  },
);

testEach(
  "[FAULT-23] [OPEN-10] [HTTP-8] a page of another origin gets neither a socket nor CORS headers",
  async (start) => {
    await using child = await start({ args: ["--cors", "https://app.example"] });
    const come = (origin: string): WebSocket =>
      new WebSocket(`${child.wsUrl}?key=peerjs&id=a&token=t`, { headers: { origin } });
    for (
      const [origin, type, code] of [
        ["https://evil.example", "ERROR", 4005],
        ["https://app.example", "OPEN", 1001],
      ] as const
    ) {
      const socket = come(origin);
      const answer = Promise.withResolvers<unknown>();
      const closed = Promise.withResolvers<number>();
      socket.onmessage = ({ data }) => answer.resolve(JSON.parse(data).type);
      socket.onclose = (event) => closed.resolve(event.code);
      assertEquals(await answer.promise, type);
      const http = await fetch(child.url, { headers: { origin } });
      await http.body?.cancel();
      const allowed = http.headers.get("access-control-allow-origin");
      assertEquals(allowed, code === 4005 ? null : origin);
      if (code === 1001) await child.stop();
      assertEquals(await closed.promise, code);
    }
  },
);
