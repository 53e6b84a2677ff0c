import {
  initialState,
  isRuleName,
  millis,
  peerId,
  retire,
  rulesOf,
  settingsFrom,
  sizes,
  type State,
} from "../../core/mod.ts";
import { emptyCluster } from "../../core/cluster/member.ts";
import { must } from "../../core/collections/must.ts";
import {
  emptyMap,
  mapGet,
  mapRetire,
  mapSet,
  type PersistentMap,
} from "../../core/collections/persistent_map.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { opening, world } from "../support/world.ts";

Deno.test("[STATE-6] a retired version cannot be read, and the newest is not affected", () => {
  const old = emptyMap<string, number>();
  const newer = mapSet(mapSet(old, "a", 1), "b", 2);
  mapRetire(old);
  mapRetire(newer);
  assertThrows(() => mapGet(old, "a"), TypeError, "retired");
  assertEquals([mapGet(newer, "a"), mapGet(newer, "b"), newer.size], [1, 2, 2]);
});

/** Gives every map of a record a newer version, and returns their names. */
function renew<T extends object>(old: T): { names: string[]; newer: T } {
  const names = Object.keys(old).filter((name) => isMap(Reflect.get(old, name)));
  const newer = { ...old };
  for (const name of names) {
    const map: PersistentMap<string, string> = Reflect.get(old as object, name);
    Reflect.set(newer, name, mapSet(map, "key", "value"));
  }
  return { names, newer };
}

Deno.test("[STATE-6] retiring a state retires every map that has a newer version, and no other", () => {
  const ofCluster = (): State => ({
    ...initialState(settingsFrom()),
    cluster: emptyCluster(millis(0)),
  });
  const [old, kept] = [ofCluster(), ofCluster()];
  const own = renew(old);
  const node = renew(must(old.cluster));
  assert(own.names.length >= 8 && node.names.length >= 9);
  retire(old, { ...own.newer, cluster: node.newer });
  renew(must(kept.cluster));
  retire(kept, kept);
  retire(kept, { ...kept, cluster: { ...must(kept.cluster) } });
  for (
    const [names, gone, left] of [
      [own.names, old, kept],
      [node.names, old.cluster, kept.cluster],
    ] as const
  ) {
    for (const name of names) {
      assertThrows(() => mapGet(Reflect.get(must(gone), name), "key"), TypeError, "retired");
      assertEquals(mapGet(Reflect.get(must(left), name), "key"), undefined, name);
    }
  }
});

Deno.test("[STATE-6] the younger half of what a node remembers, which is its older half by now, is not retired", () => {
  const cluster = emptyCluster(millis(0));
  const turned = { ...cluster, old: cluster.young, releasedOld: cluster.released };
  const newer = { ...turned, young: emptyMap<never, never>(), released: emptyMap<never, never>() };
  renew(newer);
  renew(cluster);
  const state = initialState(settingsFrom());
  retire({ ...state, cluster }, { ...state, cluster: newer });
  assertEquals([mapGet(newer.old, peerId("a")), mapGet(newer.releasedOld, 1)], [
    undefined,
    undefined,
  ]);
  assertThrows(() => mapGet(cluster.old, peerId("a")), TypeError, "retired");
  assertThrows(() => mapGet(cluster.releasedOld, 1), TypeError, "retired");
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

Deno.test("[REC-5] a state has the options that rules read, and no key, secret or path of a file", () => {
  const settings = settingsFrom({ key: "k".repeat(9), auth: "jwt", auth_secret: "s".repeat(32) });
  const { rules } = initialState(settings);
  assertEquals(rules, rulesOf(settings));
  assertEquals([rules.auth, rules.queue_limit], ["jwt", settings.queue_limit]);
  for (const name of ["key", "auth_secret", "sslkey", "record", "toString"]) {
    assert(!Object.hasOwn(rules, name) && !isRuleName(name), name);
  }
  for (const name of Object.keys(rules)) assert(isRuleName(name), name);
});

Deno.test("[FAULT-25] sizes counts the entries of every map and tree", () => {
  const w = world();
  for (let conn = 1; conn <= 40; conn++) w.open(conn, `peer ${conn}`);
  for (let conn = 41; conn <= 60; conn++) {
    w.step(opening(conn, { id: "peer 1", token: "wrong", address: `198.51.100.${conn}` }));
  }
  const { connections, idleCheckAt, wrongTokens } = sizes(w.state);
  assertEquals([connections, idleCheckAt, wrongTokens], [40, 40, 20]);
});

Deno.test("reduce throws for an event of an unknown kind, which is a bug of the adapter", () => {
  const w = world();
  assertThrows(() => w.step(JSON.parse('{"kind":"dream"}')), TypeError, '{"kind":"dream"}');
});

Deno.test("must throws if a value is missing, which is a bug of the server", () => {
  assertEquals([must<unknown>(0), must<unknown>("")], [0, ""]);
  for (const nothing of [undefined, null]) {
    assertThrows(() => must(nothing), TypeError, "a value is missing");
  }
});
