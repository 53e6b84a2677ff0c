/** FAULT-12 and FAULT-13: the same token twice with frames in flight, and a thousand wrong tokens. */
import { assert, assertEquals } from "../support/assert.ts";
import { flood, inParallel, openLoadClient, openMany } from "../support/load.ts";
import { join, openSocket } from "../support/peer_socket.ts";
import { test } from "../support/served.ts";

test.program("[FAULT-12] the same token twice: the old socket is ignored, even with frames in flight", async ({ start }) => {
  await using child = await start({ args: ["--frame_rate", "0"] });
  const { wsUrl } = child;
  await using witness = await join({ wsUrl }, "witness");
  let current = await join({ wsUrl }, "a");
  for (let round = 0; round < 20; round++) {
    const shout = (): void => {
      for (let i = 0; i < 50; i++) {
        current.send({ type: "OFFER", dst: "witness", payload: round });
      }
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
  const args = ["--wrong_token_burst", "100"];
  await using child = await start({ args });
  const [owner, other] = await openMany(2, { wsUrl: child.wsUrl, idOf: (i) => `peer ${i}` });
  assert(owner && other);
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
  Deno.kill(child.pid, "SIGUSR2");
  const line = await child.nextLine((line) => line.includes('"event":"sizes"'));
  const { claims, wrongTokens } = JSON.parse(line).properties.sizes;
  assertEquals([claims, wrongTokens], [3, 1]);
  assertEquals((await child.stop()).code, 0);
  await Promise.all(guesses.map((guess) => guess.closed));
  assertEquals((await owner.closed).code, 1001);
  await other.closed;
});
