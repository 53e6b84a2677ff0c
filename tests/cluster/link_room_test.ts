/** How much a link between nodes may have on its way, and what becomes of the rest. */
import { millis } from "../../core/mod.ts";
import { emptyCluster, NO_SERIAL, type OutLink } from "../../core/cluster/member.ts";
import { isFull } from "../../core/rules/link_room.ts";
import { RETRY_MS } from "../../core/rules/routes.ts";
import { assertEquals } from "../support/assert.ts";
import { Fleet, frames } from "./fleet.ts";

/** Nodes that let much wait, of which one has a link to the other. */
function roomy(): Fleet {
  const f = new Fleet("ab", {
    ...{ queue_limit: 4_000, source_queue_limit: 4_000, frame_rate: 0, byte_rate: 0 },
    ...{
      max_unsent_bytes: 16_000_000,
      source_queue_bytes: 100_000_000,
      max_queue_bytes: 1_000_000_000,
    },
  });
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "first");
  f.pass(1_000);
  f.seen();
  return f;
}

Deno.test("[CLUSTER-24] a link has at most 256 numbers and 524288 bytes open, but one message always fits", () => {
  const f = roomy();
  for (let i = 0; i < 296; i++) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: `${i}` });
  assertEquals(frames(f).length, 256);
  f.pass(1_000);
  assertEquals(f.seen(), Array.from({ length: 296 }, (_, i) => `b2 CANDIDATE from x: ${i}`));
  const long = "l".repeat(250_000);
  for (let i = 0; i < 3; i++) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: long });
  assertEquals(frames(f).length, 2);
  f.pass(1_000);
  assertEquals(f.seen().length, 3);
});

Deno.test("[WORKER-7] between threads a link has at most 4096 numbers and 8388608 bytes open, but one message always fits", () => {
  const cluster = emptyCluster(millis(0), true);
  const number = { serial: NO_SERIAL, seq: 1, bytes: 1, direct: null };
  const link = (numbers: number, bytes: number): OutLink => ({
    ...{ link: 1, next: 100 + numbers, bytes, resendAt: millis(0), isSilent: false },
    open: numbers === 0 ? [] : [[{ ...number, number: 100 }]],
  });
  assertEquals([4_095, 4_096].map((numbers) => isFull(link(numbers, 9), 1, cluster)), [
    false,
    true,
  ]);
  assertEquals([8_388_608, 8_388_609].map((more) => isFull(link(1, 0), more, cluster)), [
    false,
    true,
  ]);
  assertEquals(isFull(link(0, 0), 9_000_000, cluster), false);
});

Deno.test("[CLUSTER-24] what waits for room goes with the acknowledgement that makes some, unless too many mailboxes wait", () => {
  for (const [others, isSoon] of [[256, true], [257, false]] as const) {
    const f = roomy();
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

Deno.test("[WORKER-7] between threads an acknowledgement comes at once", () => {
  for (const isNear of [true, false]) {
    const f = new Fleet("ab", {}, isNear);
    f.open("a", 1, "x");
    f.open("b", 2, "y");
    f.send("a", 1, "y", "first");
    f.pass(0);
    f.pass(0);
    assertEquals(f.of("a").stored.size, isNear ? 0 : 1);
  }
});
