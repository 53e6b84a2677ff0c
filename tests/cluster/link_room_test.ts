/** How much a link between nodes may have on its way, and what becomes of the rest. */
import { RETRY_MS } from "../../core/rules/routes.ts";
import { assertEquals } from "../support/assert.ts";
import { Fleet, frames } from "./fleet.ts";

/** Nodes that let much wait, of which one has a link to the other. */
function roomy(isNear: boolean): Fleet {
  const f = new Fleet("ab", {
    ...{ queue_limit: 4_000, source_queue_limit: 4_000, frame_rate: 0, byte_rate: 0 },
    ...{
      max_unsent_bytes: 16_000_000,
      source_queue_bytes: 100_000_000,
      max_queue_bytes: 1_000_000_000,
    },
  }, isNear);
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "first");
  f.pass(1_000);
  f.seen();
  return f;
}

for (const [isNear, numbers, longs] of [[false, 256, 2], [true, 1_024, 8]] as const) {
  const bytes = (isNear ? 4 : 1) * 524_288;
  Deno.test(`[CLUSTER-24] [WORKER-7] a link has at most ${numbers} numbers and ${bytes} bytes open, but one message always fits`, () => {
    const f = roomy(isNear);
    const count = numbers + 40;
    for (let i = 0; i < count; i++) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: `${i}` });
    assertEquals(frames(f).length, numbers);
    f.pass(1_000);
    assertEquals(f.seen(), Array.from({ length: count }, (_, i) => `b2 CANDIDATE from x: ${i}`));
    const long = "l".repeat(250_000);
    for (let i = 0; i <= longs; i++) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: long });
    assertEquals(frames(f).length, longs);
    f.pass(1_000);
    assertEquals(f.seen().length, longs + 1);
  });
}

Deno.test("[CLUSTER-24] what waits for room goes with the acknowledgement that makes some, unless too many mailboxes wait", () => {
  for (const [others, isSoon] of [[256, true], [257, false]] as const) {
    const f = roomy(false);
    for (let i = 0; i < others; i++) {
      f.open("b", 100 + i, `z${i}`);
      f.send("a", 1, `z${i}`, "first");
    }
    f.pass(1_000);
    f.seen();
    const long = "l".repeat(200_000);
    for (let i = 0; i < 2; i++) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: long });
    for (let i = 0; i < others; i++) {
      f.say("a", 1, { type: "CANDIDATE", dst: `z${i}`, payload: long });
    }
    f.run();
    f.pass(10);
    assertEquals(f.seen().length, 2);
    f.send("b", 2, "x", "acknowledges");
    f.pass(0);
    assertEquals(f.seen().length > 1, isSoon);
    f.pass(RETRY_MS);
    assertEquals(f.seen().length > 0, !isSoon);
  }
});

Deno.test("[WORKER-7] between threads an acknowledgement comes at once, and more may be on its way from one to one", () => {
  for (const isNear of [true, false]) {
    const f = new Fleet("ab", { frame_rate: 0, byte_rate: 0 }, isNear);
    f.open("a", 1, "x");
    f.open("b", 2, "y");
    f.send("a", 1, "y", "first");
    f.pass(1_000);
    f.send("a", 1, "y", "second");
    f.pass(0);
    assertEquals(f.of("a").stored.size, isNear ? 0 : 1);
    f.pass(1_000);
    f.seen();
    // Three quarters of half of max_unsent_bytes, or four times as much; 700 bytes more for each message.
    const payload = "p".repeat(98_304 - 700);
    for (let i = 0; i < 17; i++) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload });
    assertEquals(f.of("a").stored.size, isNear ? 16 : 4);
    // To a peer that is not there, no more may wait than without workers.
    for (let i = 0; i < 17; i++) f.say("b", 2, { type: "CANDIDATE", dst: "absent", payload });
    f.pass(1_000);
    assertEquals(f.of("b").stored.size, 4);
  }
});
