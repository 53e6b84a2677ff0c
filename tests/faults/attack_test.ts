/** Hostile clients, a reader that stops, tokens that are guessed, and the service for everybody else meanwhile. */
import { assert, assertEquals } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { resetAtOnce } from "../support/greedy.ts";
import {
  admit,
  flood,
  inParallel,
  type LoadClient,
  openLoadClient,
  openMany,
  roundTrips,
} from "../support/load.ts";
import { join, openSocket } from "../support/peer_socket.ts";
import { openRaw } from "../support/raw_socket.ts";
import { test } from "../support/served.ts";
import { boundGrowth } from "../support/vitals.ts";

/** So many of so many bytes all have room in one mailbox: none is refused for want of it. */
const WINDOW = 16;
const BYTES = 20_000;
/** How many frames fit before a reader is cut off is the machine's affair, so no rate may end the sender first. */
const ANY_RATE = ["--byte_rate", "0", "--frame_rate", "0"];

test.program("[FAULT-31] connections that are reset during their upgrade lock nobody out", async ({ start, listener }) => {
  await using child = await start({ args: ["--max_closing_sockets", "10"] });
  for (let i = 0; i < 60; i++) await resetAtOnce(child.port);
  if (listener === "deno") {
    const line = await child.nextLine((line) => line.includes('"event":"leaked"'));
    assertEquals(JSON.parse(line).properties.how, "never-opened");
  }
  await using _client = await join(child, "a");
});

test.program("[FAULT-15] [LIMIT-6] a peer that reads is not cut off, however fast others send to it", async ({ start }) => {
  await using child = await start({ args: ANY_RATE });
  await using victim = await admit(child, "victim");
  await using one = await admit(child, "one");
  await using two = await admit(child, "two");
  const offers = { count: 1_500, dstOf: () => victim.id, bytes: 65_000, type: "OFFER" };
  await Promise.all([flood(one, offers), flood(two, offers)]);
  await victim.roundTrip();
  assertEquals(victim.count("ERROR"), 0);
  const refused = one.count("EXPIRE") + two.count("EXPIRE");
  await victim.reached("OFFER", 3_000 - refused);
});

test.program("[FAULT-32] [LIFE-1] [LIFE-4] a process that was stopped cuts off no client that went on with its heartbeats", async ({ start }) => {
  const args = ["--alive_timeout", "2500", "--ping_timeout", "2500"];
  await using child = await start({ args });
  const clients = await openMany(20, { wsUrl: child.wsUrl, idOf: (i) => `peer ${i}` });
  await using silent = await admit(child, "silent");
  const beat = (): void => clients.forEach((client) => client.send({ type: "HEARTBEAT" }));
  const beating = setInterval(beat, 500);
  try {
    await clients[0]?.roundTrip();
    Deno.kill(child.pid, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    Deno.kill(child.pid, "SIGCONT");
    await child.nextLine((line) => line.includes('"event":"paused"'));
    // The silent client's time-out counts only the time in which the process ran.
    await silent.closed;
    await child.nextLine((line) => line.includes('"event":"disconnected"'));
    await Promise.all(clients.map((client) => client.roundTrip()));
  } finally {
    clearInterval(beating);
  }
  const gone = child.lines.filter((line) => line.includes('"event":"disconnected"'));
  assertEquals(gone.length, 1, gone.join("\n"));
  await Promise.all(clients.map((client) => client.close()));
});

/** Sends to the reader until the server no longer has it among its peers; how many frames that took. */
async function feed(child: Child, sender: LoadClient): Promise<number> {
  for (let frames = 0; frames < 30_000; frames += WINDOW) {
    const peers = await fetch(`${child.url}peerjs/peers`);
    if (!(await peers.text()).includes('"stuck"')) return frames;
    await flood(sender, { count: WINDOW, dstOf: () => "stuck", bytes: BYTES });
  }
  throw new Error("600 MB went to a reader that does not read");
}

test.program("[FAULT-15] [LIMIT-6] [LIMIT-7] a reader that stops is cut off, and its sender is told once", async ({ start }) => {
  const args = ["--unsent_timeout", "400", "--expire_timeout", "1000", "--allow_discovery"];
  await using child = await start({ args: [...ANY_RATE, ...args] });
  await using sender = await admit(child, "sender");
  await using bystander = await admit(child, "bystander");
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
});

test.program("[FAULT-15] [LIMIT-6] 150 MB for a reader that stopped leave the server small, every message with an end", async ({ start }) => {
  await using child = await start({
    args: [...ANY_RATE, "--expire_timeout", "1000", "--queue_limit", "16"],
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

test.program("[FAULT-12] the same token twice: the old socket is ignored, even with frames in flight", async ({ start }) => {
  await using child = await start({ args: ["--frame_rate", "0"] });
  const { wsUrl } = child;
  await using witness = await join(child, "witness");
  let current = await join(child, "a");
  for (let round = 0; round < 20; round++) {
    const shout = (): void => {
      for (let i = 0; i < 50; i++) current.send({ type: "OFFER", dst: "witness", payload: round });
    };
    shout();
    const opening = openSocket({ wsUrl, key: "peerjs", id: "a", token: "t" });
    shout();
    const next = await opening;
    shout();
    assertEquals(await next.next(), { type: "OPEN" });
    // The server has closed the old socket by now; its later frames must reach nobody.
    for (let i = 0; i < 50; i++) current.send({ type: "OFFER", dst: "witness", payload: "late" });
    current.send({ type: "LEAVE" });
    // 1006 if its own frames crossed the close.
    assert([4000, 1006].includes((await current.closed).code));
    current = next;
    assertEquals(await current.fence(), { frames: [], closed: null }, "it holds its id");
  }
  const { frames } = await witness.fence();
  assert(frames.length > 0, "what was sent before the takeover arrives");
  assert(frames.every((frame) => !JSON.stringify(frame).includes("late")));
  await current.close();
});

test.program("[FAULT-13] [LIMIT-3] a thousand wrong tokens: the owner goes on, and after a hundred none is compared", async ({ start }) => {
  await using child = await start({ args: ["--wrong_token_burst", "100"] });
  const [owner, other] = [await admit(child, "owner"), await admit(child, "other")];
  const talk = flood(other, { count: 500, dstOf: () => owner.id, bytes: 100 });
  let taken = 0;
  const guesses = await inParallel(1_000, 32, async (i) => {
    const { wsUrl } = child;
    const guess = await openLoadClient({ wsUrl, id: owner.id, token: `guess ${i}` });
    if (await guess.answer === "ID-TAKEN") taken++;
    return guess;
  });
  assertEquals(taken, 1_000, "each is answered, and at once");
  await talk;
  await owner.reached("CANDIDATE", 500);
  await owner.roundTrip();
  await using _free = await join(child, "z"); // A free id, from the same address.
  const { claims, wrongTokens } = await child.sizes();
  assertEquals([claims, wrongTokens], [3, 1]);
  assertEquals((await child.stop()).code, 0);
  await Promise.all(guesses.map((guess) => guess.closed));
  assertEquals((await owner.closed).code, 1001);
  await other.closed;
});
