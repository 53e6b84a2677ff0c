import { initialState, peerId, retire, settingsFrom, type State } from "../../core/mod.ts";
import {
  emptyMap,
  mapEntries,
  mapGet,
  mapKeys,
  mapRetire,
  mapSet,
} from "../../core/collections/persistent_map.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { world } from "../support/world.ts";

Deno.test("[STATE-6] a retired version cannot be read, and the newest is not affected", () => {
  const old = emptyMap<string, number>();
  const newer = mapSet(mapSet(old, "a", 1), "b", 2);
  mapRetire(old);
  mapRetire(newer);
  assertThrows(() => mapGet(old, "a"), TypeError, "retired");
  assertEquals([mapGet(newer, "a"), mapGet(newer, "b"), newer.size], [1, 2, 2]);
});

Deno.test("[STATE-6] retiring a state retires every map that has a newer version, and no other", () => {
  const old = initialState(settingsFrom());
  const kept = initialState(settingsFrom());
  const names = Object.keys(old).filter((name) => isMap(Reflect.get(old, name)));
  assert(names.length >= 8);
  const newer: Record<string, unknown> = { ...old };
  for (const name of names) newer[name] = mapSet(Reflect.get(old, name), "key", "value");
  retire(old, newer as unknown as State);
  retire(kept, kept);
  for (const name of names) {
    assertThrows(() => mapGet(Reflect.get(old, name), "key"), TypeError, "retired");
    assertEquals(mapGet(Reflect.get(kept, name), "key"), undefined, name);
  }
});

Deno.test("[STATE-1] no event changes the mailboxes of an older state", () => {
  const w = world({ expire_timeout: 1_000 });
  w.open(1, "a");
  w.say(1, { type: "OFFER", dst: "x" });
  w.now = 400;
  w.say(1, { type: "CANDIDATE", dst: "x" });
  w.now = 800;
  w.say(1, { type: "CANDIDATE", dst: "x" });
  const three = w.state;
  const serials = (state: State): unknown => mapGet(state.mailboxes, peerId("x"))?.serials;
  w.say(1, { type: "CANDIDATE", dst: "x" });
  const four = w.state;
  assertEquals([serials(three), serials(four)], [[0, 1, 2], [0, 1, 2, 3]]);
  w.now = 1_000;
  w.tick();
  assertEquals([serials(four), serials(w.state)], [[0, 1, 2, 3], [1, 2, 3]]);
  w.open(2, "x");
  assertEquals([serials(three), serials(w.state)], [[0, 1, 2], undefined]);
});

Deno.test("[STATE-1] entries that were read do not change with the next version", () => {
  const map = mapSet(emptyMap<string, number>(), "a", 1);
  const [entries, keys] = [mapEntries(map), mapKeys(map)];
  mapSet(map, "b", 2);
  assertEquals([[...entries], [...keys]], [[["a", 1]], ["a"]]);
});

function isMap(value: unknown): boolean {
  return typeof value === "object" && value !== null && "native" in value;
}

Deno.test("[STATE-6] a map that the next state shares is not retired, even if a third version was made from it", () => {
  const old = initialState(settingsFrom());
  const newer = { ...old, stopping: true };
  const branch = mapSet(old.addresses, "a", 1);
  retire(old, newer);
  assertEquals(mapGet(newer.addresses, "a"), undefined);
  assertEquals(mapGet(branch, "a"), 1);
});
