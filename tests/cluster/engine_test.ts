/** Who holds which id, and who may change that: commands in, answers out. */
import {
  ENGINE_BOUNDS,
  type EngineAnswer,
  nodeName,
  retireEngine,
} from "../../core/cluster/mod.ts";
import { must } from "../../core/collections/must.ts";
import { mapSet } from "../../core/collections/persistent_map.ts";
import { mapGet, owner, peerId } from "../../core/mod.ts";
import { assert, assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import {
  Directory,
  directory,
  doorbell,
  evicted,
  GRACE_MS,
  held,
  LEASE_MS,
  pulled,
} from "./directory.ts";

Deno.test("[CLUSTER-1] [CLUSTER-2] a free id is opened, and each claim has a higher seq", () => {
  const d = directory("n", "m");
  const a = d.claim("n", "a");
  const b = d.claim("m", "b");
  assert(b > a);
  assertEquals(d.route("m", "a"), held("n", a));
  assertEquals(d.close("n", { id: "a", seq: a }), { kind: "closed", count: 1 });
  assert(d.claim("m", "a") > b);
});

Deno.test("[CLUSTER-2] an id that another owner holds is taken, and its holder is not told", () => {
  const d = directory("n", "m");
  const seq = d.claim("n", "a");
  const before = d.engine;
  assertEquals(d.open("m", "a", "another"), { kind: "taken" });
  assertEquals(d.open("n", "a", "another"), { kind: "taken" });
  assertStrictEquals(d.engine, before);
  assertEquals(d.published, []);
  assertEquals(d.route("m", "a"), held("n", seq));
});

Deno.test("[CLUSTER-2] [CLUSTER-8] the same owner takes an id over, and the node that held it is told", () => {
  const d = directory("n", "m");
  const old = d.claim("n", "a");
  const seq = d.claim("m", "a");
  assertEquals(d.published, [doorbell("n")]);
  assertEquals(d.pull("n"), pulled(1, evicted("a", old)));
  assertEquals(d.route("n", "a"), held("m", seq));
  assert(d.claim("m", "a") > seq);
  assertEquals(d.pull("m"), pulled(0), "a node is not told of what it did itself");
});

Deno.test("[CLUSTER-2] [CLUSTER-5] what a dead node held is free for everybody, and no notice waits for it", () => {
  const d = directory("n", "m");
  d.claim("n", "a");
  d.wait(LEASE_MS - GRACE_MS - 1);
  d.beat("m");
  assertEquals(d.open("m", "a", "another"), { kind: "taken" });
  d.wait(1);
  assertEquals(d.open("m", "a", "another").kind, "opened");
  assertEquals(d.published, []);
});

Deno.test("[CLUSTER-2] [CLUSTER-12] an open never exceeds the limit, and a takeover needs no room", () => {
  const d = directory("n", "m");
  assertEquals(d.open("n", "a", "o", { limit: 1 }).kind, "opened");
  assertEquals(d.open("n", "b", "o", { op: 2, limit: 1 }), { kind: "full" });
  assertEquals(d.open("n", "b", "o", { op: 3, limit: 2 }).kind, "opened");
  assertEquals(d.open("m", "a", "o", { limit: 1 }).kind, "opened");
  assertEquals(d.engine.claims.size, 2);
});

Deno.test("[CLUSTER-3] an open that is sent again gets the same answer and changes nothing", () => {
  const d = directory("n", "m");
  const first = d.open("n", "a", "o", { op: 5 });
  const before = d.engine;
  assertEquals(d.open("n", "a", "o", { op: 5 }), first);
  assertStrictEquals(d.engine, before);
  assertEquals(d.published, []);
});

Deno.test("[CLUSTER-3] an open that is sent again after its claim is gone takes nothing", () => {
  const d = directory("n", "m");
  d.open("n", "a", "o", { op: 5 });
  const seq = d.claim("m", "a");
  assertEquals(d.open("n", "a", "o", { op: 5 }), { kind: "past" });
  assertEquals(d.open("n", "b", "o", { op: 4 }), { kind: "past" });
  assertEquals(d.route("n", "a"), held("m", seq));
  assertEquals(d.route("n", "b"), { kind: "absent" });
});

Deno.test("[CLUSTER-3] an open that claimed nothing may be sent again", () => {
  const d = directory("n", "m");
  const seq = d.claim("m", "a", "another");
  assertEquals(d.open("n", "a", "o", { op: 5 }), { kind: "taken" });
  d.close("m", { id: "a", seq });
  assertEquals(d.open("n", "a", "o", { op: 5 }).kind, "opened");
});

Deno.test("[CLUSTER-3] an abandoned open gives up what it claimed, or claims nothing when it comes", () => {
  const d = directory("n", "m");
  d.open("n", "a", "o", { op: 5 });
  assertEquals(d.abandon("n", "a", 5), { kind: "closed", count: 1 });
  assertEquals(d.route("n", "a"), { kind: "absent" });
  assertEquals(d.abandon("n", "b", 6), { kind: "closed", count: 0 });
  assertEquals(d.open("n", "b", "o", { op: 6 }), { kind: "past" });
});

Deno.test("[CLUSTER-3] [CLUSTER-4] an abandon leaves what another open claimed, of whatever node", () => {
  const d = directory("n", "m");
  d.open("n", "a", "o", { op: 5 });
  const later = d.open("n", "a", "o", { op: 6 });
  assertEquals(d.open("n", "a", "o", { op: 5 }), { kind: "past" });
  assertEquals(d.abandon("n", "a", 5), { kind: "closed", count: 0 });
  assertEquals(d.abandon("m", "a", 6), { kind: "closed", count: 0 });
  assertEquals(d.open("n", "a", "o", { op: 6 }), later);
});

Deno.test("[CLUSTER-3] a beat and a join return the highest number of the node's writes", () => {
  const d = directory("n");
  const opOf = (answer: EngineAnswer): unknown => "op" in answer ? answer.op : answer;
  d.open("n", "a", "o", { op: 5 });
  assertEquals(opOf(d.beat("n")), 5);
  d.abandon("n", "x", 7);
  d.abandon("n", "x", 6);
  assertEquals([opOf(d.beat("n")), opOf(d.join("n"))], [7, 7]);
  d.run({ kind: "close", node: nodeName("n"), conn: 1, op: 8, claims: [] });
  assertEquals(opOf(d.beat("n")), 8);
  d.run({ kind: "restore", node: nodeName("n"), conn: 1, op: 9, claims: [] });
  assertEquals(opOf(d.beat("n")), 9);
});

Deno.test("[CLUSTER-4] a close that comes late touches no newer claim", () => {
  const d = directory("n", "m");
  const old = d.claim("n", "a");
  const own = d.claim("n", "a");
  assertEquals(d.close("n", { id: "a", seq: old }), { kind: "closed", count: 0 });
  assertEquals(d.route("m", "a"), held("n", own));
  const seq = d.claim("m", "a");
  assertEquals(d.close("n", { id: "a", seq: own }, { id: "a", seq }), { kind: "closed", count: 0 });
  assertEquals(d.close("n", { id: "x", seq }), { kind: "closed", count: 0 });
  assertEquals(d.route("n", "a"), held("m", seq));
});

Deno.test("[CLUSTER-4] [CLUSTER-5] a node that is alive is not reaped, and of a dead one nothing that others took over", () => {
  const d = directory("n", "m");
  d.claim("n", "a");
  d.claim("n", "b");
  d.wait(LEASE_MS - GRACE_MS - 1);
  d.beat("m");
  assertEquals(d.reap("m", "n"), { kind: "alive" });
  d.wait(1);
  const seq = d.claim("m", "a");
  assertEquals(d.reap("m", "n"), { kind: "reaped", count: 1, isDone: true });
  assertEquals(d.reap("m", "n"), { kind: "reaped", count: 0, isDone: true });
  assertEquals(d.route("m", "a"), held("m", seq));
  assertEquals(d.engine.claims.size, 1);
});

Deno.test("[CLUSTER-4] [CLUSTER-12] a dead node is reaped in batches, the oldest claims first", () => {
  const d = new Directory({ ...ENGINE_BOUNDS, batch: 2 });
  d.join("n");
  d.join("m");
  d.restore("n", { id: "c", seq: 3 }, { id: "b", seq: 3 });
  d.restore("n", { id: "a", seq: 4 }, { id: "d", seq: 3 });
  d.wait(LEASE_MS - 1);
  d.beat("m");
  d.wait(1);
  assertEquals(d.reap("m", "n"), { kind: "reaped", count: 2, isDone: false });
  assert(mapGet(d.engine.claims, peerId("a")) !== undefined);
  assertEquals(d.reap("m", "n"), { kind: "reaped", count: 2, isDone: true });
  assertEquals([d.engine.claims.size, d.engine.nodes.size], [0, 1]);
});

Deno.test("[CLUSTER-5] a beat extends the lease, and a lease that is over never begins again", () => {
  const d = directory("n", "m");
  d.beat("n");
  d.wait(LEASE_MS - 1);
  assertEquals(d.beat("n").kind, "beaten");
  d.wait(LEASE_MS);
  const before = d.engine;
  assertEquals(d.beat("n"), { kind: "gone" });
  assertEquals(d.join("n"), { kind: "gone" });
  assertEquals(d.open("n", "a"), { kind: "gone" });
  assertStrictEquals(d.engine, before);
  assertEquals(d.beat("stranger"), { kind: "gone" });
});

Deno.test("[CLUSTER-5] what a node asks, beats and joins apart, does not extend its lease", () => {
  const d = directory("n");
  d.wait(LEASE_MS - GRACE_MS - 1);
  assertEquals([d.pull("n").kind, d.route("n", "a").kind], ["pulled", "absent"]);
  assertEquals(d.open("n", "a").kind, "opened");
  d.wait(1);
  assertEquals(d.pull("n"), { kind: "gone" });
});

Deno.test("[CLUSTER-5] a beat names the node that is dead for longest", () => {
  const d = directory("n", "z", "b", "q", "late");
  const deadOf = (): unknown => {
    const answer = d.beat("n");
    return answer.kind === "beaten" ? answer.dead : answer;
  };
  d.beat("late");
  assertEquals(deadOf(), null);
  d.wait(LEASE_MS - 1);
  assertEquals(deadOf(), "b");
  d.reap("n", "b");
  assertEquals(deadOf(), "q");
  d.reap("n", "q");
  assertEquals(deadOf(), "z");
  d.wait(1);
  assertEquals(deadOf(), "z");
  d.reap("n", "z");
  assertEquals(deadOf(), "late");
});

Deno.test("[CLUSTER-6] a connection before the current one does nothing, nor one that has not joined", () => {
  const d = directory("n", "m");
  const seq = d.claim("n", "a");
  d.conns.set("n", 2);
  assertEquals(d.beat("n"), { kind: "stale", conn: 1 });
  assertEquals(d.join("n").kind, "joined");
  const before = d.engine;
  d.conns.set("n", 1);
  const stale: EngineAnswer = { kind: "stale", conn: 2 };
  assertEquals([d.join("n"), d.beat("n"), d.pull("n")], [stale, stale, stale]);
  assertEquals([d.open("n", "b"), d.close("n", { id: "a", seq })], [stale, stale]);
  assertEquals([d.abandon("n", "a", 1), d.route("n", "x")], [stale, stale]);
  assertEquals([d.reap("n", "m"), d.restore("n", { id: "b", seq: 1 })], [stale, stale]);
  assertStrictEquals(d.engine, before);
});

Deno.test("[CLUSTER-6] a node that joins again over another connection keeps what it holds", () => {
  const d = directory("n", "m");
  const seq = d.claim("n", "a");
  d.conns.set("n", 2);
  d.wait(LEASE_MS - GRACE_MS - 1);
  d.beat("m");
  d.join("n");
  d.wait(LEASE_MS - 1);
  assertEquals(d.route("n", "a"), held("n", seq));
});

Deno.test("[STATE-6] retiring an engine retires every map that has a newer version, and no other", () => {
  const [id, node] = [peerId("key"), nodeName("key")];
  const d = directory("n");
  const some = must(mapGet(d.engine.nodes, nodeName("n")));
  const claim = { node, owner: owner("o"), seq: 1, op: 1 };
  const { claims, nodes, mail } = d.engine;
  const newer = {
    claims: mapSet(claims, id, claim),
    nodes: mapSet(nodes, node, some),
    young: mapSet(mail.young, id, []),
  };
  mapSet(mail.old, id, []);
  const readers = [
    (): unknown => mapGet(claims, id),
    (): unknown => mapGet(nodes, node),
    (): unknown => mapGet(mail.young, id),
    (): unknown => mapGet(mail.old, id),
  ];
  // Each is shared by an engine that goes on with it, though another version was made from it.
  retireEngine(d.engine, { ...d.engine, mail: { ...mail } });
  assertEquals(readers[3]?.(), undefined);
  const old = mapSet(mail.old, id, []);
  // The young half becomes the old one.
  retireEngine(d.engine, { ...d.engine, mail: { ...mail, young: newer.young, old: mail.young } });
  assertEquals(readers.slice(0, 3).map((read) => read()), [undefined, undefined, undefined]);
  assertThrows(must(readers[3]), TypeError, "retired");
  const young = mapSet(mail.young, id, []);
  retireEngine(d.engine, {
    ...d.engine,
    claims: mapSet(claims, id, claim),
    nodes: mapSet(nodes, node, some),
    mail: { ...mail, young, old },
  });
  for (const read of readers) assertThrows(read, TypeError, "retired");
});
