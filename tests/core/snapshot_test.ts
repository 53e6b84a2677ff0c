import { millis, restore, retire, snapshotOf, takeSnapshot, violations } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { messageFrom, opening, type World, world } from "../support/world.ts";

/** Two clients, one of which is silent for longer, a message that waits, a wrong token, and a pending socket. */
function busy(): World {
  const w = world({ expire_timeout: 300, alive_timeout: 1_000 });
  w.open(2, "b");
  w.now = 10;
  w.open(1, "a", "secret");
  w.say(1, { type: "OFFER", dst: "z" });
  w.fail(2, messageFrom("gone", "y"));
  w.open(3, "a", "wrong");
  w.step(opening(4, { id: "c", identity: { kind: "pending" } }));
  return w;
}

Deno.test("[REC-7] a snapshot is plain data, its entries in the order of their keys", () => {
  const snapshot = snapshotOf(busy().state);
  assertEquals(JSON.parse(JSON.stringify(snapshot)), snapshot);
  assertEquals(snapshot.claims.map(([id]) => id), ["a"]);
  const sources = snapshot.stored.map(([serial, { message }]) => `${serial} ${message.src}`);
  assertEquals(sources, ["0 a", "1 gone"]);
  assertEquals(snapshot.mailboxes.map(([dst]) => dst), ["y", "z"]);
  assertEquals(snapshot.wrongTokens, [["192.0.2.1", millis(1_010)]]);
});

Deno.test("[REC-7] [AUTH-8] a state that is restored is consistent, and has the same snapshot", () => {
  const { state } = busy();
  const again = restore(state.rules, snapshotOf(state));
  assertEquals([violations(again), snapshotOf(again)], [[], snapshotOf(state)]);
});

Deno.test("[REC-7] a snapshot that was taken does not change when the state goes on and is retired", () => {
  const w = busy();
  const [before, taken] = [snapshotOf(w.state), takeSnapshot(w.state)];
  const old = w.state;
  w.open(7, "z");
  w.say(2, { type: "OFFER", dst: "nobody" });
  retire(old, w.state);
  const sorted = <K extends string | number, V>(entries: Iterable<readonly [K, V]>) =>
    [...entries].sort(([a], [b]) => a < b ? -1 : 1);
  for (const [name, entries] of Object.entries(before)) {
    const kept: unknown = Reflect.get(taken, name);
    const isMap = Array.isArray(entries);
    assertEquals(isMap ? sorted(kept as Iterable<[string, unknown]>) : kept, entries, name);
  }
});

Deno.test("[REC-7] [LIMIT-1] without a limit of frames paidUntil stays a number that JSON can hold", () => {
  const w = world({ frame_rate: 0 });
  w.open(1, "a");
  w.say(1, { type: "HEARTBEAT" });
  const snapshot = snapshotOf(w.state);
  assertEquals(JSON.parse(JSON.stringify(snapshot)), snapshot);
});
