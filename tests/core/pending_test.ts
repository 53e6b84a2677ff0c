/** Pending sockets: their token is being checked. */
import { connId, type Effect } from "../../core/mod.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  type Act,
  CLOSE,
  closes,
  type Given,
  notesOf,
  opening,
  opens,
  proven,
  refuses,
  sends,
  wake,
  type World,
  world,
} from "../support/world.ts";

const PENDING = { kind: "pending" } as const;
const JWT = { auth: "jwt", auth_secret: "s".repeat(32) } as const;
const EARLY = "Sent too much before it was admitted";
const LATE = "The token could not be checked in time";

function come(w: World, conn: number, given: Given = {}): readonly Act[] {
  return w.step(opening(conn, { identity: PENDING, ...given }));
}

function checked(w: World, conn: number, id = "a"): readonly Act[] {
  return w.step({ kind: "token-checked", conn: connId(conn), identity: proven(id) });
}

const isCheck = ({ kind }: Effect): boolean => kind === "check-token";

Deno.test("[AUTH-8] the token of a socket is checked once, and then the socket is admitted or refused", () => {
  const w = world(JWT);
  assertEquals(come(w, 1), []);
  assertEquals(w.effects, [{ kind: "check-token", conn: connId(1) }]);
  assertEquals([come(w, 1), w.effects], [[], []], "a second opening");
  assertEquals([w.state.claims.size, w.state.pending.size], [0, 1]);
  assertEquals(checked(w, 1), [opens(1)]);
  assertEquals([w.state.claims.size, w.state.pending.size], [1, 0]);
  come(w, 2);
  const identity = { kind: "rejected", reason: "The token has expired" } as const;
  const refused = w.step({ kind: "token-checked", conn: connId(2), identity });
  assertEquals(refused, refuses(2, CLOSE.notAuthorized, "The token has expired"));
  const before = w.state;
  assertEquals([checked(w, 1), checked(w, 2), checked(w, 9)], [[], [], []]);
  assertStrictEquals(w.state, before, "an answer that nobody waits for changes nothing");
});

Deno.test("[AUTH-8] [OPEN-1] [OPEN-2] [OPEN-3] a socket that is refused for its parameters needs no check", () => {
  for (const given of [{ key: "wrong" }, { id: null }, { token: null }, { id: "\n" }] as const) {
    const w = world(JWT);
    assert(come(w, 1, given).length === 2, JSON.stringify(given));
    assert(!w.effects.some(isCheck) && w.state.pending.size === 0);
  }
});

Deno.test("[AUTH-8] frames of a pending client are handled in order after its admission", () => {
  const w = world(JWT);
  come(w, 1);
  assertEquals(w.say(1, { type: "OFFER", dst: "a" }), []);
  assertEquals(w.say(1, { type: "OFFER", dst: "nobody" }), []);
  w.step({ kind: "binary-received", conn: connId(1), bytes: 3 });
  assertEquals(checked(w, 1), [
    opens(1),
    sends(1, { type: "OFFER", src: "a", dst: "a" }),
    sends(1, {
      type: "ERROR",
      payload: { msg: "A binary frame must hold UTF-8 text: got 3 bytes that are none." },
    }),
  ]);
  assertEquals([w.state.stored.size, w.state.pendingLength], [1, 0]);
});

Deno.test("[AUTH-8] [LIFE-4] a client that leaves early is admitted and gone; one that answers no ping is refused", () => {
  const w = world({ ...JWT, ping_timeout: 5_000 });
  come(w, 1);
  w.say(1, { type: "LEAVE" });
  w.say(1, { type: "OFFER", dst: "nobody" });
  assertEquals(checked(w, 1), [opens(1), closes(1, CLOSE.left, "Left")]);
  come(w, 2);
  const unanswered = w.step({ kind: "ping-unanswered", conn: connId(2) });
  assertEquals(unanswered, [closes(2, CLOSE.unanswered, "No answer to a ping for 5000 ms")]);
  assertEquals([w.state.stored.size, w.state.pending.size, checked(w, 2)], [0, 0, []]);
});

Deno.test("[LIMIT-12] a pending client may send 16 frames and 16,384 characters", () => {
  for (
    const [allowed, more] of [[Array(16).fill("x"), "x"], [["x".repeat(16_384)], "y"]] as const
  ) {
    const w = world(JWT);
    come(w, 1);
    for (const text of allowed) assertEquals(w.text(1, text), []);
    assertEquals(w.text(1, more), [closes(1, CLOSE.tooMany, EARLY)]);
    assertEquals([w.state.pending.size, w.state.pendingLength], [0, 0]);
    assertEquals(notesOf(w.effects).map(({ what }) => what), ["refused"]);
  }
  const w = world(JWT);
  come(w, 1);
  for (let i = 0; i < 16; i++) w.step({ kind: "binary-received", conn: connId(1), bytes: 9 });
  const more = w.step({ kind: "binary-received", conn: connId(1), bytes: 9 });
  assertEquals(more, [closes(1, CLOSE.tooMany, EARLY)], "binary counts as a frame");
});

Deno.test("[LIMIT-12] all pending clients may send 16,777,216 characters, and one that is gone counts no more", () => {
  const w = world({ ...JWT, concurrent_limit: 2_000 });
  const text = "x".repeat(16_384);
  for (let conn = 1; conn <= 1_025; conn++) {
    come(w, conn, { id: `${conn}` });
    assertEquals(w.text(conn, text).length, conn <= 1_024 ? 0 : 1, `${conn}`);
  }
  w.closed(7);
  come(w, 2_000, { id: "late" });
  assertEquals(w.text(2_000, text), []);
});

Deno.test("[LIMIT-13] concurrent_limit bounds the pending sockets", () => {
  const w = world({ ...JWT, concurrent_limit: 2 });
  come(w, 1);
  come(w, 2, { id: "b" });
  const msg = "Server has reached its concurrent user limit";
  assertEquals(come(w, 3, { id: "c" }), refuses(3, CLOSE.full, msg));
  w.closed(2);
  assertEquals([come(w, 4, { id: "c" }), w.state.pending.size], [[], 2]);
});

Deno.test("[AUTH-8] a check that takes 15 s is given up", () => {
  const w = world({ ...JWT, alive_timeout: 60_000 });
  w.open(9, "nobody");
  w.now = 1_000;
  come(w, 1);
  w.text(1, "early");
  w.now = 15_999;
  assertEquals(w.tick(), []);
  assertEquals(wake(w), { at: 16_000, effects: refuses(1, CLOSE.notAuthorized, LATE) });
  assertEquals([w.state.pending.size, w.state.pendingLength], [0, 0]);
  assertEquals(checked(w, 1), []);
});
