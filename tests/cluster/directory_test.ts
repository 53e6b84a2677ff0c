/** What nodes are told, what comes back after a loss, and what bounds the directory. */
import {
  emptyEngine,
  ENGINE_BOUNDS,
  type EngineAnswer,
  LAYOUT,
  nodeName,
} from "../../core/cluster/mod.ts";
import { millis, peerId } from "../../core/mod.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  arrived,
  Directory,
  directory,
  doorbell,
  evicted,
  GRACE_MS,
  held,
  LEASE_MS,
  MAIL_MS,
  pulled,
} from "./directory.ts";

Deno.test("[CLUSTER-7] [CLUSTER-8] a node that asked for an absent id is told when somebody has it, once", () => {
  const d = directory("n", "m", "k");
  assertEquals([d.route("n", "a"), d.route("n", "a")], [{ kind: "absent" }, { kind: "absent" }]);
  d.route("m", "a");
  d.route("k", "a");
  const seq = d.claim("k", "a");
  assertEquals(d.published, [doorbell("n"), doorbell("m")]);
  assertEquals(d.pull("n"), pulled(1, arrived("k", "a", seq)));
  assertEquals(d.pull("k"), pulled(0));
  const again = d.claim("m", "a");
  assertEquals(d.pull("n", 1), pulled(1));
  assertEquals(d.pull("k"), pulled(1, evicted("a", seq)));
  assert(again > seq);
});

Deno.test("[CLUSTER-7] an id whose holder is dead is absent", () => {
  const d = directory("n", "m");
  d.claim("n", "a");
  d.wait(LEASE_MS - GRACE_MS - 1);
  d.beat("m");
  d.wait(1);
  assertEquals(d.route("m", "a"), { kind: "absent" });
  d.join("k");
  const seq = d.claim("k", "a");
  assertEquals(d.pull("m"), pulled(1, arrived("k", "a", seq)));
});

Deno.test("[CLUSTER-7] [CLUSTER-12] that mail waits is remembered for as long as it may wait, and not for ever", () => {
  for (const [more, told] of [[0, 1], [MAIL_MS - 1, 1], [MAIL_MS, 0]] as const) {
    const d = directory("n", "m");
    d.route("n", "a");
    for (const ms of [0, MAIL_MS - 1, 1, more]) {
      d.wait(ms);
      d.beat("n");
      d.beat("m");
      d.route("m", "other");
    }
    d.claim("m", "a");
    const answer = d.pull("n");
    assert(answer.kind === "pulled");
    assertEquals(answer.notices.length, told, `${more} ms later`);
  }
});

Deno.test("[CLUSTER-8] notices are kept until they are acknowledged, and a bell rings once a command", () => {
  const d = directory("n", "m");
  const [a, b] = [d.claim("n", "a"), d.claim("n", "b")];
  d.route("n", "c");
  d.restore("m", { id: "a", seq: b + 5 }, { id: "b", seq: b + 6 }, { id: "c", seq: 1 });
  assertEquals(d.published, [doorbell("n")]);
  const all = [evicted("a", a), evicted("b", b), arrived("m", "c", 1)];
  assertEquals([d.pull("n"), d.pull("n")], [pulled(3, ...all), pulled(3, ...all)]);
  const beaten = d.beat("n", 1);
  assertEquals(d.published, [{ kind: "probe", to: nodeName("n"), number: 7 }]);
  assert(beaten.kind === "beaten");
  assertEquals([beaten.last, beaten.notices, beaten.generation], [3, all.slice(1), "g"]);
  assertEquals(d.pull("n", 0), pulled(3, ...all.slice(1)));
  assertEquals(d.pull("n", 9), pulled(3));
});

Deno.test("[CLUSTER-8] [CLUSTER-12] of too many notices the last are kept, and the number says that some are missing", () => {
  const d = new Directory({ ...ENGINE_BOUNDS, notices: 2 });
  for (const node of ["n", "m"]) d.join(node);
  for (const id of ["a", "b", "c"]) d.route("n", id);
  d.wait(GRACE_MS);
  const seqs = ["a", "b", "c"].map((id) => d.claim("m", id));
  const [, b = 0, c = 0] = seqs;
  assertEquals(d.pull("n"), pulled(3, arrived("m", "b", b), arrived("m", "c", c)));
});

Deno.test("[CLUSTER-9] an engine that lost everything gets back what nodes hold, with the seqs it had", () => {
  const d = directory("n", "m");
  const [a, b] = [d.claim("n", "a"), d.claim("m", "b")];
  d.engine = emptyEngine();
  assertEquals(d.beat("n"), { kind: "gone" });
  d.join("n2", "h");
  d.join("m2", "i");
  assertEquals(d.restore("n2", { id: "a", seq: a }), { kind: "restored", lost: [] });
  assertEquals(d.restore("m2", { id: "b", seq: b }), { kind: "restored", lost: [] });
  assertEquals([d.route("m2", "a"), d.route("n2", "b")], [held("n2", a), held("m2", b)]);
  d.wait(GRACE_MS);
  assert(d.claim("n2", "c") > b);
});

Deno.test("[CLUSTER-9] of two holders the one with the higher seq is restored, in whatever order they come", () => {
  for (const isOlderFirst of [true, false]) {
    const d = directory("n", "m");
    const old = d.claim("n", "a");
    const seq = d.claim("m", "a");
    d.engine = emptyEngine();
    d.join("n");
    d.join("m");
    const restores = [
      () => d.restore("n", { id: "a", seq: old }),
      () => d.restore("m", { id: "a", seq }),
    ];
    const answers = (isOlderFirst ? restores : restores.toReversed()).map((run) => run());
    const lost = [{ id: peerId("a"), seq: old, isOwn: true }];
    assertEquals(answers[0], { kind: "restored", lost: [] });
    assertEquals(answers[1], { kind: "restored", lost: isOlderFirst ? [] : lost });
    assertEquals(d.pull("n"), isOlderFirst ? pulled(1, evicted("a", old)) : pulled(0));
    assertEquals(d.route("n", "a"), held("m", seq));
  }
});

Deno.test("[CLUSTER-9] a claim with the same seq gives way where its holder is dead, and is lost where it is alive", () => {
  const d = directory("n", "m");
  const seq = d.claim("n", "a");
  const before = d.engine;
  assertEquals(d.restore("m", { id: "a", seq, owner: "another" }), {
    kind: "restored",
    lost: [{ id: peerId("a"), seq, isOwn: false }],
  });
  assertStrictEquals(d.engine.claims, before.claims);
  d.wait(LEASE_MS - GRACE_MS - 1);
  d.beat("m");
  d.wait(1);
  assertEquals(d.restore("m", { id: "a", seq: seq - 1 }), {
    kind: "restored",
    lost: [{ id: peerId("a"), seq: seq - 1, isOwn: true }],
  });
  assertEquals(d.restore("m", { id: "a", seq }), { kind: "restored", lost: [] });
  assertEquals(d.published, []);
  assertEquals(d.route("m", "a"), held("m", seq));
});

Deno.test("[CLUSTER-9] a restore that is sent again changes nothing more", () => {
  const d = directory("n");
  const seq = d.claim("n", "a");
  const before = d.engine;
  assertEquals(d.restore("n", { id: "a", seq }), { kind: "restored", lost: [] });
  assertStrictEquals(d.engine.claims, before.claims);
  assertEquals(d.open("n", "a", "o", { op: 1 }), { kind: "opened", seq });
});

Deno.test("[CLUSTER-9] between two claims of the same node the higher seq counts too, and nobody is told", () => {
  const d = directory("n");
  const seq = d.claim("n", "a");
  const lost = [{ id: peerId("a"), seq: seq - 1, isOwn: true }];
  assertEquals(d.restore("n", { id: "a", seq: seq - 1 }), { kind: "restored", lost });
  assertEquals(d.restore("n", { id: "a", seq: seq + 1 }), { kind: "restored", lost: [] });
  assertEquals(d.published, []);
  assertEquals(d.route("n", "a"), held("n", seq + 1));
});

Deno.test("[CLUSTER-3] [CLUSTER-9] an abandon leaves a claim that was restored, even under the number of that write", () => {
  const d = directory("n");
  d.restore("n", { id: "a", seq: 5 });
  assertEquals(d.abandon("n", "a", 1), { kind: "closed", count: 0 });
  assertEquals(d.open("n", "a", "o", { op: 1 }), { kind: "past" });
});

Deno.test("[CLUSTER-9] who asked for an id is told when it is restored", () => {
  const d = directory("n", "m");
  d.route("n", "a");
  d.restore("m", { id: "a", seq: 5 });
  assertEquals(d.published, [doorbell("n")]);
  assertEquals(d.pull("n"), pulled(1, arrived("m", "a", 5)));
});

Deno.test("[CLUSTER-10] a new directory lets unknown ids wait until its grace is over", () => {
  const d = new Directory();
  assertEquals(d.join("n", "g"), { kind: "joined", generation: "g", op: 0 });
  assertEquals(d.open("n", "a"), { kind: "wait", ms: GRACE_MS });
  d.wait(GRACE_MS - 1);
  assertEquals(d.join("m", "h"), { kind: "joined", generation: "g", op: 0 });
  assertEquals(d.open("n", "a"), { kind: "wait", ms: 1 });
  d.wait(1);
  assertEquals(d.open("n", "a").kind, "opened");
});

Deno.test("[CLUSTER-10] in grace a known id is taken over by its owner, whether its holder is alive or not", () => {
  const d = new Directory();
  d.join("n");
  d.restore("n", { id: "a", seq: 5 });
  assertEquals(d.open("n", "a", "another"), { kind: "taken" });
  assertEquals(d.open("n", "a").kind, "opened");
  d.wait(LEASE_MS);
  d.join("m");
  assertEquals(d.open("m", "a", "another"), { kind: "wait", ms: GRACE_MS });
  assertEquals(d.open("m", "a").kind, "opened");
});

Deno.test("[CLUSTER-10] a directory in which nobody was alive is in grace again, of the same generation", () => {
  const d = directory("n");
  d.claim("n", "a");
  d.wait(LEASE_MS);
  assertEquals(d.join("m", "h"), { kind: "joined", generation: "g", op: 0 });
  assertEquals(d.open("m", "a", "another"), { kind: "wait", ms: GRACE_MS });
  d.wait(GRACE_MS);
  assertEquals(d.open("m", "a", "another").kind, "opened");
});

Deno.test("[CLUSTER-1] [CLUSTER-10] the seqs of a new directory are above those of one that was lost before", () => {
  const d = directory("n");
  const seq = d.claim("n", "a");
  d.wait(1_000);
  d.engine = emptyEngine();
  d.join("m");
  d.wait(GRACE_MS);
  const newer = d.claim("m", "a", "another");
  assert(newer > seq);
  d.join("n2");
  const lost = [{ id: peerId("a"), seq, isOwn: false }];
  assertEquals(d.restore("n2", { id: "a", seq }), { kind: "restored", lost });
});

Deno.test("[CLUSTER-11] a directory of another layout refuses a node, and stays as it is", () => {
  const d = directory("n");
  const before = d.engine;
  const refused: EngineAnswer = { kind: "refused", why: "layout", value: LAYOUT };
  assertEquals(d.join("m", "h", LAYOUT + 1), refused);
  assertEquals(d.join("n", "h", LAYOUT + 1), refused);
  assertStrictEquals(d.engine, before);
});

Deno.test("[CLUSTER-12] one node too many is refused while all are alive", () => {
  const d = new Directory({ ...ENGINE_BOUNDS, nodes: 2 });
  d.join("n");
  d.wait(1);
  d.join("m");
  const refused: EngineAnswer = { kind: "refused", why: "nodes", value: 2 };
  const before = d.engine;
  assertEquals(d.join("k"), refused);
  assertStrictEquals(d.engine, before);
  assertEquals(d.join("m").kind, "joined");
  d.wait(LEASE_MS - 1);
  assertEquals(d.join("k").kind, "joined");
  assertEquals(d.beat("n"), { kind: "gone" });
  assertEquals(d.join("l"), refused);
});

Deno.test("[CLUSTER-12] where no node is alive and no place is left, joining reaps batch by batch until there is one", () => {
  const d = new Directory({ ...ENGINE_BOUNDS, nodes: 1, batch: 1 });
  d.join("n");
  for (const [i, id] of ["a", "b", "c"].entries()) d.restore("n", { id, seq: i });
  d.wait(LEASE_MS);
  const refused: EngineAnswer = { kind: "refused", why: "nodes", value: 1 };
  assertEquals([d.join("m"), d.join("m"), d.join("m").kind], [refused, refused, "joined"]);
  assertEquals([d.engine.claims.size, d.engine.nodes.size], [0, 1]);
});

Deno.test("[CLUSTER-12] a batch that is too long is refused as a whole", () => {
  const d = new Directory({ ...ENGINE_BOUNDS, batch: 2 });
  d.join("n");
  const two = [{ id: "a", seq: 1 }, { id: "b", seq: 2 }];
  assertEquals(d.restore("n", ...two), { kind: "restored", lost: [] });
  const three = [...two, { id: "c", seq: 3 }];
  const refused: EngineAnswer = { kind: "refused", why: "batch", value: 3 };
  const before = d.engine;
  assertEquals([d.restore("n", ...three), d.close("n", ...three)], [refused, refused]);
  assertStrictEquals(d.engine, before);
  assertEquals(d.close("n", ...two), { kind: "closed", count: 2 });
});

Deno.test("[CLUSTER-12] mail is remembered for so many ids, and at so many nodes for each", () => {
  const d = new Directory({ ...ENGINE_BOUNDS, waiting: 2, waiters: 2 });
  for (const node of ["n", "m", "k"]) d.join(node);
  d.route("n", "a");
  d.route("n", "b");
  assertEquals(d.route("n", "c"), { kind: "crowded" });
  d.route("m", "a");
  assertEquals(d.route("k", "a"), { kind: "crowded" });
  assertEquals(d.route("m", "a"), { kind: "absent" });
  d.wait(MAIL_MS);
  assertEquals([d.route("n", "c"), d.route("k", "a")], [{ kind: "absent" }, { kind: "absent" }]);
});

Deno.test("[CLUSTER-7] the longest time that any node's mail may wait counts", () => {
  const d = new Directory();
  const times = { leaseMs: LEASE_MS, graceMs: 0, generation: "g", layout: LAYOUT };
  for (const [name, mailMs] of [["n", 80], ["m", 10]] as const) {
    d.run({ kind: "join", node: nodeName(name), conn: 1, mailMs, ...times });
  }
  assertStrictEquals(d.engine.mailMs, 80);
  d.route("n", "a");
  d.wait(79);
  d.route("m", "x");
  assertEquals(d.engine.mail.old.size, 0);
  d.wait(1);
  d.route("m", "x");
  assertEquals(d.engine.mail.old.size, 2);
  assertStrictEquals(d.engine.mail.turnedAt, millis(d.now));
});
