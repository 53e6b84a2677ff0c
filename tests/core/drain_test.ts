/** A drain: who is closed when, in which order, and what still counts. */
import { connId, millis, nextWakeAt, unreadiness } from "../../core/mod.ts";
import { WAVE_MAX, WAVE_MS } from "../../core/rules/drain.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { ask } from "../support/ask.ts";
import {
  type Act,
  CLOSE,
  closes,
  notesOf,
  opening,
  sends,
  wake,
  type World,
  world,
} from "../support/world.ts";

const RESTARTING = "Server is restarting";

function drains(w: World, ms: number): readonly Act[] {
  return w.step({ kind: "drain-requested", ms });
}

/** The close of a client that a drain closes. */
function restarts(conn: number): Act {
  return { ...closes(conn, CLOSE.restart, RESTARTING), readsOn: true } as Act;
}

/** The instants at which something is closed, and what. */
function wavesOf(w: World): [at: number, conns: number[]][] {
  const waves: [number, number[]][] = [];
  while (w.state.drain?.wakeAt !== null) {
    const woken = wake(w);
    if (woken === null) break;
    const conns = woken.effects.filter(({ kind }) => kind === "close").map(({ conn }) => conn);
    if (conns.length > 0) waves.push([woken.at, conns]);
  }
  return waves;
}

Deno.test("[LIFE-6] [HTTP-14] [NOTE-9] a drain closes nobody for a quarter of its time, everybody until three quarters, one by one", () => {
  const w = world({ expire_timeout: 999 });
  for (let conn = 1; conn <= 5; conn++) w.open(conn, `peer ${conn}`);
  w.say(1, { type: "OFFER", dst: "nobody" });
  assertEquals(drains(w, 4_000), []);
  assertEquals(notesOf(w.effects), [{ kind: "note", what: "drain-began", clients: 5, ms: 4_000 }]);
  assertEquals(unreadiness({ state: w.state, now: millis(0) }), ["stopping"]);
  assertEquals(ask({}, { path: "/healthz", state: w.state }).status, 200);
  assertEquals(drains(w, 9_000), [], "a second one changes nothing");
  w.now = 999;
  const [expired, ...others] = w.step({ kind: "tick" });
  assertEquals([expired?.kind, others], ["send", []], "a tick for something else closes nobody");
  assertEquals(wavesOf(w), [
    [1_000, [1]],
    [1_500, [2]],
    [2_000, [3]],
    [2_500, [4]],
    [3_000, [5]],
  ]);
});

Deno.test("[LIFE-6] a socket that opens in the first quarter is admitted, a later one is closed without an ERROR, and so is one that waits", () => {
  const w = world();
  w.step(opening(1, { id: "waits", identity: { kind: "pending" } }));
  w.step(opening(2, { id: "checked", identity: { kind: "pending" } }));
  drains(w, 4_000);
  w.now = 999;
  assertEquals(w.open(3, "in time"), [sends(3, { type: "OPEN" })]);
  w.now = 1_000;
  assertEquals(w.open(4, "late"), [closes(4, CLOSE.restart, RESTARTING)]);
  const checked = {
    kind: "token-checked",
    conn: connId(2),
    identity: { kind: "unchecked" },
  } as const;
  assertEquals(w.step(checked), [closes(2, CLOSE.restart, RESTARTING)]);
  assertEquals(wavesOf(w), [[1_000, [1]], [3_000, [3]]]);
  const lonely = world();
  lonely.step(opening(1, { id: "waits alone", identity: { kind: "pending" } }));
  drains(lonely, 4_000);
  assertEquals(wavesOf(lonely), [[1_000, [1]]]);
});

Deno.test("[LIFE-6] [STATE-5] a wave has 256 clients at most, and what is left when the time is over is the shutdown's", () => {
  const w = world();
  for (let conn = 1; conn <= 2 * WAVE_MAX + 1; conn++) w.open(conn, `peer ${conn}`);
  drains(w, 4 * WAVE_MS);
  const waves = wavesOf(w);
  assertEquals(waves.map(([at, { length }]) => [at, length]), [
    [WAVE_MS, WAVE_MAX],
    [2 * WAVE_MS, WAVE_MAX],
    [3 * WAVE_MS, 1],
  ]);
  const busy = world();
  for (let conn = 1; conn <= 4 * WAVE_MAX + 7; conn++) busy.open(conn, `peer ${conn}`);
  drains(busy, 4 * WAVE_MS);
  assertEquals(wavesOf(busy).length, 4);
  assertEquals(notesOf(busy.effects).at(-1), { kind: "note", what: "drain-ended", clients: 7 });
  assertEquals(busy.step({ kind: "shutdown-requested" }).length, 7);
});

Deno.test("[LIFE-6] a drain is over when the closes are answered, or a second after the last, or where nobody is after a quarter", () => {
  for (const [answers, endsAt] of [[true, 1_000 + WAVE_MS], [false, 2_000]] as const) {
    const w = world();
    w.open(1, "a");
    drains(w, 4_000);
    assertEquals(wake(w)?.effects, [restarts(1)]);
    if (answers) w.closed(1);
    while (w.state.drain?.wakeAt !== null) wake(w);
    assertEquals(w.now, endsAt);
    assertEquals(notesOf(w.effects), [{ kind: "note", what: "drain-ended", clients: 0 }]);
    assertEquals(w.open(2, "b"), [closes(2, CLOSE.restart, RESTARTING)], "still nobody comes in");
    assertEquals(
      w.step({ kind: "shutdown-requested" }),
      [],
      "whoever is closed is not closed again",
    );
  }
  const alone = world();
  alone.now = 7;
  drains(alone, 4_000);
  assertEquals(wake(alone)?.at, 1_007);
  assertEquals(nextWakeAt(alone.state), null);
  const short = world();
  short.open(1, "a");
  drains(short, 2 * WAVE_MS);
  while (short.state.drain?.wakeAt !== null) wake(short);
  assertEquals(short.now, 2 * WAVE_MS, "between two waves its time is over");
  const stopped = world();
  stopped.step({ kind: "shutdown-requested" });
  drains(stopped, 4_000);
  assertEquals(stopped.state.drain, null);
});

Deno.test("[LIFE-7] who is in a conversation is closed last, on both sides", () => {
  const w = world({ alive_timeout: 90_000 });
  for (let conn = 1; conn <= 5; conn++) w.open(conn, `peer ${conn}`);
  w.now = 10;
  for (const conn of [1, 2, 3]) w.say(conn, { type: "HEARTBEAT" });
  drains(w, 4_000);
  w.now = 20;
  w.say(1, { type: "OFFER", dst: "peer 2" });
  // A heartbeat is no conversation, and neither is what nobody can get.
  w.say(3, { type: "HEARTBEAT" });
  w.say(4, { type: "OFFER", dst: "" });
  assertEquals(wavesOf(w).flatMap(([, conns]) => conns), [3, 4, 5, 2, 1]);
});

Deno.test("[LIFE-8] what a client had said before it heard of the close counts, and it is told nothing", () => {
  const w = world({ max_message_bytes: 60, frame_burst: 3, frame_rate: 1 });
  w.open(1, "a");
  w.now = 1;
  w.open(2, "b");
  drains(w, 4_000);
  assertEquals(wake(w)?.effects, [restarts(1)]);
  assertEquals(w.say(1, { type: "CANDIDATE", dst: "b", payload: 1 }), [
    sends(2, { type: "CANDIDATE", src: "a", dst: "b", payload: 1 }),
  ]);
  assertEquals(w.say(2, { type: "ANSWER", dst: "a" }), [], "its id is free: this waits");
  for (
    const text of [
      "no JSON",
      '{"type":"LEAVE"}',
      '{"type":"HEARTBEAT"}',
      '{"type":"OFFER","dst":7}',
    ]
  ) {
    assertEquals(w.text(1, text), []);
  }
  assertEquals(w.say(1, { type: "OFFER", dst: "b", payload: "x".repeat(60) }), [], "too long");
  assertEquals(w.step({ kind: "binary-received", conn: connId(1), bytes: 1 }), []);
  assertEquals(w.say(1, { type: "CANDIDATE", dst: "b" }).length, 1);
  assertEquals(w.say(1, { type: "CANDIDATE", dst: "b" }), [], "too many");
  assert(w.state.connections.size === 2);
  w.step({ kind: "ping-unanswered", conn: connId(1) });
  assertEquals(w.state.connections.size, 1);
  assertEquals(w.say(1, { type: "CANDIDATE", dst: "b" }), []);
});

Deno.test("[LIFE-8] a client is heard for a second after its close, for then another may have its id", () => {
  const w = world();
  w.open(1, "a");
  w.open(2, "b");
  drains(w, 8_000);
  assertEquals(wake(w), { at: 2_000, effects: [restarts(1)] });
  w.now = 2_999;
  assertEquals(w.say(1, { type: "CANDIDATE", dst: "b" }).length, 1);
  w.now = 3_000;
  assertEquals(w.say(1, { type: "LEAVE", dst: "b" }), []);
  assertEquals(notesOf(w.effects).map(({ what }) => what), ["ignored"]);
});

Deno.test("[LIFE-8] who a drain closes and who does not read is gone, and what it had to get waits", () => {
  const w = world();
  w.open(1, "a");
  drains(w, 4_000);
  assertEquals(wake(w)?.effects, [restarts(1)]);
  assertEquals(w.fail(1, null), []);
  assertEquals([w.state.connections.size, w.state.claims.size], [0, 0]);
});
