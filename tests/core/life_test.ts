import { connId, nextWakeAt, peerId } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { CLOSE, closes, expires, opening, opens, refuses, wake, world } from "../support/world.ts";

const SILENT = "No valid message for 1000 ms";

Deno.test("[LIFE-1] the time-out of a client counts from its last message, to the millisecond", () => {
  for (const beats of [[0.5], [300, 900, 1_850, 2_849.5]]) {
    const w = world({ alive_timeout: 1_000 });
    w.open(1, "a");
    for (w.now of beats) w.say(1, { type: "HEARTBEAT" });
    const wakes: unknown[] = [];
    for (let woken = wake(w); woken !== null && wakes.length < 9; woken = wake(w)) {
      wakes.push(woken);
    }
    const at = (beats.at(-1) ?? 0) + 1_000;
    assertEquals(wakes.at(-1), { at, effects: [closes(1, CLOSE.timedOut, SILENT)] });
    assert(wakes.length <= 5, "a look at each old deadline, and no more");
  }
});

Deno.test("[LIFE-1] [STATE-5] a tick handles what is due, and does not walk over all clients", () => {
  const w = world({ alive_timeout: 1_000 });
  w.open(1, "a");
  w.now = 500;
  for (let conn = 2; conn <= 200; conn++) w.open(conn, `peer ${conn}`);
  w.now = 1_000;
  assertEquals(w.tick(), [closes(1, CLOSE.timedOut, SILENT)]);
  assertEquals(nextWakeAt(w.state), 1_500 as never);
});

Deno.test("[LIFE-3] [AUTH-8] shutdown disconnects everybody, pending or not, and refuses whoever comes after", () => {
  const w = world({ allow_discovery: true });
  w.open(1, "a");
  w.open(2, "b");
  w.say(1, { type: "OFFER", dst: "x" });
  w.step(opening(5, { id: "waits", identity: { kind: "pending" } }));
  const reason = "Server is shutting down";
  assertEquals(w.step({ kind: "shutdown-requested" }), [
    closes(1, CLOSE.shutdown, reason),
    closes(2, CLOSE.shutdown, reason),
    closes(5, CLOSE.shutdown, reason),
  ]);
  assertEquals(nextWakeAt(w.state), null);
  assertEquals(w.open(3, "c"), refuses(3, CLOSE.shutdown, reason));
  assertEquals(w.open(4, "x"), refuses(4, CLOSE.shutdown, reason));
  assertEquals(w.step({ kind: "shutdown-requested" }), []);
  assertEquals(w.step({ kind: "frame-received", conn: connId(1), text: "{}" }), []);
});

Deno.test("[LIFE-4] a client that answers no ping is disconnected, and its id is free", () => {
  const w = world({ ping_timeout: 5_000 });
  w.open(1, "a");
  const unanswered = { kind: "ping-unanswered", conn: connId(1) } as const;
  const reason = "No answer to a ping for 5000 ms";
  assertEquals(w.step(unanswered), [closes(1, CLOSE.unanswered, reason)]);
  assertEquals(w.step(unanswered), [], "told again");
  assertEquals(w.open(2, "a", "another"), [opens(2)]);
});

Deno.test("[LIFE-5] who is dismissed is told why, and its id is free; nobody else notices", () => {
  const w = world();
  w.open(1, "a");
  w.open(2, "b");
  w.step(opening(3, { id: "waits", identity: { kind: "pending" } }));
  const dismiss = (id: string, reason: string | null = null): readonly unknown[] =>
    w.step({ kind: "client-dismissed", id: peerId(id), reason });
  const msg = "Disconnected by the operator of this server";
  assertEquals(dismiss("a"), refuses(1, CLOSE.dismissed, msg));
  assertEquals([dismiss("a"), dismiss("waits"), dismiss("nobody")], [[], [], []]);
  assertEquals(w.open(4, "a", "another"), [opens(4)]);
  assertEquals(dismiss("a", "Banned"), refuses(4, CLOSE.dismissed, "Banned"));
});

Deno.test("[LIFE-1] a late tick disconnects in the order of the deadlines, not of the looks", () => {
  const w = world({ alive_timeout: 1_000 });
  w.open(1, "a");
  w.now = 500;
  w.open(2, "b");
  w.now = 600;
  w.say(1, { type: "HEARTBEAT" });
  w.now = 2_000;
  assertEquals(w.tick(), [closes(2, CLOSE.timedOut, SILENT), closes(1, CLOSE.timedOut, SILENT)]);
});

Deno.test("[LIFE-1] [QUEUE-3] whose message expires and who is silent in the same tick is told first", () => {
  const w = world({ alive_timeout: 1_000, expire_timeout: 1_000 });
  w.open(1, "a");
  w.say(1, { type: "OFFER", dst: "x" });
  w.now = 1_000;
  assertEquals(w.tick(), [expires(1, "a", "x"), closes(1, CLOSE.timedOut, SILENT)]);
});
