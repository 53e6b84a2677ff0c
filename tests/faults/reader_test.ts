/** Row 15: a reader that stops while much comes for it. */
import { assert, assertEquals } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { admit, flood, type LoadClient, openMany, roundTrips } from "../support/load.ts";
import { openRaw } from "../support/raw_socket.ts";
import { boundGrowth } from "../support/vitals.ts";
import { test } from "../support/served.ts";

/** Sends to the reader until the server no longer has it among its peers; how many frames that took. */
async function feed(child: Child, sender: LoadClient): Promise<number> {
  for (let frames = 0; frames < 30_000; frames += WINDOW) {
    const peers = await fetch(`${child.url}peerjs/peers`);
    if (!(await peers.text()).includes('"stuck"')) return frames;
    await flood(sender, { count: WINDOW, dstOf: () => "stuck", bytes: BYTES });
  }
  throw new Error("600 MB went to a reader that does not read");
}

/** So many of so many bytes all have room in one mailbox: none is refused for want of it. */
const WINDOW = 16;
const ANY_BYTES = ["--byte_rate", "0"];
const BYTES = 20_000;

test.program("[FAULT-15] [LIMIT-6] [LIMIT-7] a reader that stops is cut off, and its sender is told once", async ({ start }) => {
  const args = ["--unsent_timeout", "400", "--expire_timeout", "1000", "--allow_discovery"];
  await using child = await start({ args: [...ANY_BYTES, ...args] });
  const { wsUrl } = child;
  const [sender, bystander] = await openMany(2, { wsUrl, idOf: (i) => `peer ${i}` });
  assert(sender && bystander);
  using stuck = await openRaw(child.port, "stuck");
  const fed = feed(child, sender);
  await roundTrips(bystander, fed);
  const frames = await fed;
  await sender.reached("EXPIRE", 1);
  await using again = await admit(child, "stuck", { token: "another" });
  await flood(sender, { count: 3, dstOf: () => "stuck", bytes: 10 });
  await again.reached("CANDIDATE", 3);
  await sender.roundTrip();
  assertEquals(sender.count("EXPIRE"), 1, "the rest of the attempt expired without another word");
  assert(await stuck.drain() < frames * BYTES, "what was over the bound was not sent");
  await Promise.all([sender.close(), bystander.close()]);
});

test.program("[FAULT-15] [LIMIT-6] 150 MB for a reader that stopped leave the server small, every message with an end", async ({ start }) => {
  await using child = await start({
    args: [...ANY_BYTES, "--expire_timeout", "1000", "--queue_limit", "16"],
  });
  await using sender = await admit(child, "sender");
  const assertGrowth = await boundGrowth(child);
  using stuck = await openRaw(child.port, "stuck");
  // Each offer is an attempt of its own.
  await flood(sender, { count: 2_500, dstOf: () => "stuck", bytes: 60_000, type: "OFFER" });
  await assertGrowth(150e6);
  const expired = sender.count("EXPIRE");
  assert(expired > 1_500, `${expired} were refused at once`);
  assert(await stuck.drain() < 60e6);
});
