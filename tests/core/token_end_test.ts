/** Clients whose token ends. */
import { type Identity, millis, nextWakeAt, type PartialSettings, sizes } from "../../core/mod.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  type Act,
  CLOSE,
  closes,
  opening,
  opens,
  proven,
  refuses,
  wake,
  type World,
  world,
} from "../support/world.ts";

const ENDED = "The token has expired";
const JWT: PartialSettings = { auth: "jwt", auth_secret: "s".repeat(32) };
const CLOSING: PartialSettings = { ...JWT, auth_expiry: "close" };

function until(end: number | null, subject = "a"): Identity {
  const endsAt = end === null ? null : millis(end);
  return proven(subject, ["a", "b", "c"], endsAt);
}

function come(w: World, conn: number, id: string, end: number | null): readonly Act[] {
  return w.step(opening(conn, { id, identity: until(end) }));
}

function leaves(conn: number): Act[] {
  return refuses(conn, CLOSE.tokenExpired, ENDED);
}

Deno.test("[AUTH-6] a client is disconnected exactly when its token ends, whatever it sends", () => {
  const w = world({ ...CLOSING, alive_timeout: 1_000 });
  assertEquals(come(w, 1, "a", 2_500.5), [opens(1)]);
  for (const at of [900, 1_800, 2_400]) {
    w.now = at;
    assertEquals(w.tick(), []);
    w.say(1, { type: "HEARTBEAT" });
  }
  w.now = 2_500.499;
  assertEquals(w.tick(), []);
  assertEquals(nextWakeAt(w.state), millis(2_500.5));
  assertEquals(wake(w), { at: 2_500.5, effects: leaves(1) });
  assertEquals(Object.values(sizes(w.state)).every((size) => size === 0), true);
  assertEquals(come(w, 2, "a", 9_000), [opens(2)], "its id is free");
});

Deno.test("[AUTH-6] with auth_expiry keep, or a token without an end, the client stays", () => {
  for (const [settings, end] of [[JWT, 50], [JWT, -1], [CLOSING, null]] as const) {
    const w = world({ ...settings, alive_timeout: 1_000 });
    assertEquals(come(w, 1, "a", end), [opens(1)]);
    assertEquals(wake(w), {
      at: 1_000,
      effects: [closes(1, CLOSE.timedOut, "No valid message for 1000 ms")],
    });
  }
});

Deno.test("[AUTH-6] [AUTH-3] a takeover sets the end of the newer token, later or earlier", () => {
  for (const [first, second] of [[100, 300], [300, 100], [100, null]] as const) {
    const w = world({ ...CLOSING, alive_timeout: 1_000 });
    come(w, 1, "a", first);
    const replaced = "Replaced by a newer connection with the same id and token";
    assertEquals(come(w, 2, "a", second), [opens(2), closes(1, CLOSE.replaced, replaced)]);
    assertEquals(wake(w)?.at, second ?? 1_000);
  }
});

Deno.test("[AUTH-6] [AUTH-2] a token that ended before its socket opens is refused, held or free", () => {
  const w = world(CLOSING);
  come(w, 1, "a", 500);
  w.now = 200;
  const before = w.state;
  for (const end of [200, 199, -5]) {
    for (const id of ["a", "b", "nobody's"]) {
      assertEquals(come(w, 2, id, end), refuses(2, CLOSE.notAuthorized, ENDED));
    }
  }
  assertStrictEquals(w.state, before);
  assertEquals(come(w, 2, "b", 200.01), [opens(2)]);
});

Deno.test("[AUTH-6] [STATE-5] a connection has one deadline, with an end or without", () => {
  const w = world({ ...CLOSING, alive_timeout: 1_000 });
  come(w, 1, "a", 90_000);
  come(w, 2, "b", null);
  come(w, 3, "c", 500);
  assertEquals(sizes(w.state).idleCheckAt, 3);
  const before = w.state.idleCheckAt;
  for (const conn of [1, 2, 3]) w.say(conn, { type: "HEARTBEAT" });
  assertStrictEquals(w.state.idleCheckAt, before, "a message touches no deadline");
});
