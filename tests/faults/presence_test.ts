/** Streams of presence that nobody reads. */
import { assert, assertEquals } from "../support/assert.ts";
import { type Child, startChild } from "../support/child.ts";
import { openPeers } from "../support/events.ts";
import { askInARow, type Greedy } from "../support/greedy.ts";
import { inParallel, LOAD_MAX_MS } from "../support/load.ts";
import { LONG_IDS, longList } from "../support/long_list.ts";
import { within } from "../support/peer_socket.ts";
import { openRaw } from "../support/raw_socket.ts";
import { test } from "../support/served.ts";
import { boundGrowth } from "../support/vitals.ts";

function unread({ port }: Child, address: string): Promise<Greedy> {
  const headers = `Accept: text/event-stream\r\nX-Forwarded-For: ${address}\r\n`;
  return askInARow(port, "/peerjs/peers", 1, headers);
}

const MB = 1e6;

test.program("[FAULT-45] streams of a long list that nobody reads leave the server small, and who reads has all of it", async ({ start }) => {
  await using child = await start({ args: [...LONG_IDS, "--max_watchers", "1000"] });
  using _list = await longList(child, 700);
  await using reader = await openPeers(`${child.url}peerjs/peers`, { "x-forwarded-for": "::1" });
  while (reader.peers.list === null) await reader.until(...await ids(child));
  const assertGrowth = await boundGrowth(child);
  using greedy = new DisposableStack();
  await inParallel(240, 16, async (i) => void greedy.use(await unread(child, `192.0.2.${i}`)));
  using late = await openRaw(child.port, "late");
  assertEquals(await late.json(), { type: "OPEN" });
  await reader.until(...await ids(child));
  assertEquals(reader.peers.list?.has("late"), true);
  await assertGrowth(150 * MB);
});

async function ids({ url }: Child): Promise<string[]> {
  const response = await fetch(`${url}peerjs/peers`, { headers: { "x-forwarded-for": "::2" } });
  return await response.json();
}

Deno.test("[FAULT-45] a stream that nobody reads is ended with its connection, and its place is free: node", async () => {
  const args = [...LONG_IDS, "--max_watchers", "1", "--unsent_timeout", "300"];
  await using child = await startChild({ args: ["--listener", "node", ...args] });
  using _list = await longList(child, 700);
  using one = await unread(child, "192.0.2.1");
  const again = async (): Promise<void> => {
    const next = await openPeers(`${child.url}peerjs/peers`).catch(() => null);
    if (next === null) return await again();
    await next[Symbol.asyncDispose]();
  };
  await within(again(), LOAD_MAX_MS, "There is no room");
  assert(await one.drain() < 8 * MB);
});
