/**
 * Every kind of event on a connection in each phase of its life. The model decides what comes of it; here it is shown
 * that a connection that holds nothing changes nothing.
 */
import { connId, type Event } from "../../core/mod.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { messageFrom, opening, wake, type World, world } from "../support/world.ts";

/** What becomes of connection 1, which holds "a". */
const ENDS: Readonly<Record<string, (w: World) => unknown>> = {
  refused: (w) => [w.closed(1), w.open(1, "a", "t", "wrong")],
  replaced: (w) => w.open(2, "a"),
  left: (w) => w.say(1, { type: "LEAVE" }),
  closed: (w) => w.closed(1),
  "timed out": (w) => wake(w),
  "shut down": (w) => w.step({ kind: "shutdown-requested" }),
};

/** Every kind of event, and every kind of frame, from connection 1. */
const STIMULI: Readonly<Record<string, Event>> = {
  "send-failed": { kind: "send-failed", conn: connId(1), message: null },
  "send-refused": { kind: "send-refused", conn: connId(1), message: messageFrom("x", "y") },
  "socket-closed": { kind: "socket-closed", conn: connId(1), code: 1005 },
  "ping-unanswered": { kind: "ping-unanswered", conn: connId(1) },
  "binary-received": { kind: "binary-received", conn: connId(1), bytes: 1 },
  "tick": { kind: "tick" },
  "heartbeat": text({ type: "HEARTBEAT" }),
  "to itself": text({ type: "OFFER", dst: "a" }),
  "to nobody": text({ type: "OFFER", dst: "nobody" }),
  "leave": text({ type: "LEAVE" }),
  "unknown type": text({ type: "FUTURE" }),
  "bad frame": text([]),
};

for (const [phase, end] of Object.entries(ENDS)) {
  Deno.test(`[OPEN-9] [STATE-1] no event on a connection that is ${phase} changes anything`, () => {
    for (const [stimulus, event] of Object.entries(STIMULI)) {
      const w = world();
      w.open(1, "a");
      end(w);
      w.now += 1;
      const before = w.state;
      assertEquals(w.step(event), [], stimulus);
      assertStrictEquals(w.state, before, stimulus);
    }
  });
}

Deno.test("[OPEN-9] [STATE-1] what does not concern a client changes nothing", () => {
  const w = world();
  w.open(1, "a");
  const before = w.state;
  for (const event of [opening(1, { id: "b" }), STIMULI["send-refused"], STIMULI["tick"]]) {
    assertEquals(event && w.step(event), []);
    assertStrictEquals(w.state, before);
  }
});

function text(frame: unknown): Event {
  return { kind: "frame-received", conn: connId(1), text: JSON.stringify(frame) };
}

Deno.test("reduce throws for an event of an unknown kind, which is a bug of the adapter", () => {
  const w = world();
  assertThrows(() => w.step(JSON.parse('{"kind":"dream"}')), TypeError, '{"kind":"dream"}');
});
