import {
  type Effect,
  millis,
  nextWakeAt,
  reduce,
  restore,
  retire,
  settingsFrom,
  snapshotOf,
  type State,
  takeSnapshot,
  violations,
} from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { actsOf, expires, messageFrom, type World, world } from "../support/world.ts";

/** Two clients, one of which is silent for longer, a message that waits, and a wrong token. */
function busy(): World {
  const w = world({ expire_timeout: 300, alive_timeout: 1_000 });
  w.open(2, "b");
  w.now = 10;
  w.open(1, "a", "secret");
  w.say(1, { type: "OFFER", dst: "z" });
  w.fail(2, messageFrom("gone", "y"));
  w.open(3, "a", "wrong");
  return w;
}

/** The effects of ticks until nothing more is due. */
function rest(first: State): { at: number; effects: readonly Effect[] }[] {
  const found: { at: number; effects: readonly Effect[] }[] = [];
  let state = first;
  for (let at = nextWakeAt(state); at !== null; at = nextWakeAt(state)) {
    const [next, effects] = reduce(state, { kind: "tick" }, at);
    found.push({ at, effects });
    state = next;
  }
  return found;
}

Deno.test("[REC-7] a snapshot is plain data, its entries in the order of their keys", () => {
  const snapshot = snapshotOf(busy().state);
  assertEquals(JSON.parse(JSON.stringify(snapshot)), snapshot);
  assertEquals(snapshot.claims.map(([id]) => id), ["a"]);
  assertEquals(snapshot.stored.map(([serial, { message }]) => [serial, message.src]), [[0, "a"], [
    1,
    "gone",
  ]]);
  assertEquals(snapshot.mailboxes.map(([dst]) => dst), ["y", "z"]);
  assertEquals(snapshot.wrongTokens, [["192.0.2.1", millis(1_010)]]);
});

Deno.test("[REC-7] a state keeps its own snapshot after newer ones were made from it", () => {
  const w = busy();
  const [old, before] = [w.state, snapshotOf(w.state)];
  w.open(7, "z");
  w.say(1, { type: "LEAVE" });
  assertEquals(snapshotOf(old), before);
});

Deno.test("[REC-7] a restored state is consistent, and goes on like the original", () => {
  const w = busy();
  const again = restore(w.state.rules, snapshotOf(w.state));
  assertEquals(violations(again), []);
  assertEquals(snapshotOf(again), snapshotOf(w.state));
  assertEquals(rest(again), rest(w.state));
  const told = rest(again).flatMap(({ effects }) => effects);
  assertEquals(actsOf(told).findLast(({ kind }) => kind === "send"), expires(1, "a", "z"));
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
  assertEquals(
    { ...before, stored: taken.stored.size, mailboxes: taken.mailboxes.size },
    {
      ...taken,
      claims: sorted(taken.claims),
      connections: sorted(taken.connections),
      pending: sorted(taken.pending),
      stored: before.stored.length,
      mailboxes: before.mailboxes.length,
      sources: sorted(taken.sources),
      pairs: sorted(taken.pairs),
      addressBytes: sorted(taken.addressBytes),
      addresses: sorted(taken.addresses),
      wrongTokens: sorted(taken.wrongTokens),
    },
  );
  assertEquals(sorted(taken.stored), [...before.stored]);
  assertEquals(sorted(taken.mailboxes), [...before.mailboxes], "walked twice");
});

Deno.test("[REC-7] the snapshot of a server that has just been started has nothing in it", () => {
  const settings = settingsFrom();
  const { state } = world();
  assertEquals(restore(settings, snapshotOf(state)), state);
});

Deno.test("[REC-7] [LIMIT-1] without a limit of frames paidUntil stays a number that JSON can hold", () => {
  const w = world({ frame_rate: 0 });
  w.open(1, "a");
  w.say(1, { type: "HEARTBEAT" });
  const snapshot = snapshotOf(w.state);
  assertEquals(JSON.parse(JSON.stringify(snapshot)), snapshot);
});
