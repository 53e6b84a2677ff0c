/**
 * The rate of bytes of a client.
 */
import { connId, type PartialSettings } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { CLOSE, opens, refuses, type World, world } from "../support/world.ts";

const BEAT = { type: "HEARTBEAT" };

/** A world with client "a" on connection 1. */
function withA(options: PartialSettings): World {
  const w = world(options);
  w.open(1, "a");
  return w;
}

Deno.test("[LIMIT-11] a burst of bytes passes; one more message gets ERROR and 4029", () => {
  const w = withA({ byte_rate: 100, byte_burst: 300, max_message_bytes: 200 });
  assertEquals(w.text(1, `{"x":"${"y".repeat(92)}"}`), [], "100 characters");
  assertEquals(
    w.step({ kind: "binary-received", conn: connId(1), bytes: 100 }).length,
    1,
    "100 bytes",
  );
  assertEquals(w.text(1, " ".repeat(100)).length, 1, "100 bad ones");
  const msg = "Too many bytes: 300 at once and 100 a second are allowed";
  assertEquals(w.text(1, "{}"), refuses(1, CLOSE.tooMany, msg));
  assertEquals(w.open(2, "a", "another token"), [opens(2)], "its id is free");
});

Deno.test("[LIMIT-11] the allowance returns with time, and heartbeats and unknown types use it up", () => {
  for (const frame of [BEAT, { type: "FUTURE" }, { type: "OFFER", dst: "x" }]) {
    const { length } = JSON.stringify(frame);
    const w = withA({ byte_rate: 1_000, byte_burst: 2 * length, max_message_bytes: length });
    w.say(1, frame);
    w.say(1, frame);
    w.now = length - 1;
    assertEquals(w.say(1, frame).at(-1)?.kind, "close", `${length} ms are not over`);
    const patient = withA({ byte_rate: 1_000, byte_burst: 2 * length, max_message_bytes: length });
    patient.say(1, frame);
    patient.say(1, frame);
    patient.now = length;
    assertEquals(patient.say(1, frame).length, 0);
  }
});

Deno.test("[LIMIT-11] a message of max_message_bytes always fits in the burst; a rate of 0 sets no limit", () => {
  const w = withA({ byte_rate: 1, byte_burst: 1, max_message_bytes: 200 });
  assertEquals(w.text(1, `{"x":"${"y".repeat(192)}"}`), []);
  assertEquals(w.text(1, "{}").at(-1)?.kind, "close");
  const free = withA({ byte_rate: 0, byte_burst: 1, max_message_bytes: 200 });
  for (let i = 0; i < 50; i++) assertEquals(free.text(1, `{"x":"${"y".repeat(192)}"}`), []);
});
