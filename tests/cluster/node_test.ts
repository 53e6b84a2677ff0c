/**
 * A node of a cluster and the engine: its name, its lease, the claims of its clients.
 */
import {
  type AskEngine,
  clientCount,
  initialState,
  millis,
  reduce,
  settingsFrom,
} from "../../core/mod.ts";
import { emptyEngine, type EngineCommand } from "../../core/cluster/mod.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { Fleet, type Parcel } from "./fleet.ts";

/** 15 s, and a beat every 3 s. */
const LEASE = 15_000;

const answers = ({ kind, ...parcel }: Parcel): boolean =>
  kind === "event" && "event" in parcel && parcel.event.kind === "engine-answered";
const nothing = (): boolean => false;

Deno.test("[CLUSTER-15] a node joins first, beats five times a lease, and keeps its name over a new connection", () => {
  const f = new Fleet("a");
  f.pass(LEASE);
  assertEquals(f.ran(), ["beat", "beat", "beat", "beat", "beat"]);
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  f.run();
  assertEquals(f.commands.map(({ kind, node, conn }) => [kind, node, conn]), [["join", "a0", 2], [
    "pull",
    "a0",
    2,
  ]]);
});

Deno.test("[CLUSTER-15] [CLUSTER-21] a node whose lease is over joins under another name and restores what it holds", () => {
  const f = new Fleet("a");
  f.open("a", 1, "x");
  f.pass(LEASE + 1, nothing);
  f.seen();
  f.connect("a");
  f.run();
  assertEquals(f.seen(), ["a reconnects: The lease of this node is over"]);
  f.ran();
  f.connect("a");
  f.run();
  assertEquals(f.commands.map(({ kind, node }) => [kind, node]), [["join", "a2"], ["pull", "a2"], [
    "restore",
    "a2",
  ]]);
  assertEquals([f.engine.claims.size, f.seen()], [1, []]);
});

Deno.test("[CLUSTER-15] a connection ends after two unanswered beats, also of a join, or two lost probes", () => {
  const silent = new Fleet("a");
  const unheard = (parcel: Parcel): boolean => !answers(parcel);
  silent.pass(9_000 - silent.now - 1, unheard);
  assertEquals(silent.seen(), [], "the third beat is at 9 s");
  silent.pass(1, unheard);
  assertEquals(silent.seen(), ["a reconnects: The engine left 2 beats unanswered"]);
  reconnect(silent);
  silent.pass(5_999, unheard);
  assertEquals(silent.seen(), [], "each connection has its own beats");

  const deaf = new Fleet("a");
  const unprobed = (parcel: Parcel): boolean => parcel.kind === "command" || answers(parcel);
  deaf.pass(9_000 - deaf.now - 1, unprobed);
  assertEquals(deaf.seen(), []);
  deaf.pass(1, unprobed);
  const why = "The subscription carried none of the last 2 probes";
  assertEquals(deaf.seen(), [`a reconnects: ${why}`]);
  reconnect(deaf);
  deaf.run(unprobed);
  deaf.pass(6_000, unprobed);
  assertEquals(deaf.seen(), [], "each connection has its own probes");

  const late = new Fleet("a");
  late.step("a", { kind: "engine-lost" });
  late.connect("a");
  late.queue = [];
  late.pass(9_000);
  assertEquals(late.seen(), ["a reconnects: The engine left 2 beats unanswered"]);
  assertEquals(late.ran(), [], "no beat before the join is answered");
});

/** What makes a node ask each command; `isOther` does not deliver it. */
const ASKS: Record<EngineCommand["kind"], (f: Fleet, isOther: typeof nothing) => void> = {
  join: reconnect,
  restore: reconnect,
  beat: (f, isOther) => f.pass(3_000, isOther),
  pull: (f) => f.step("a", { kind: "doorbell-rang" }),
  open: (f) => f.step("a", f.opening(2, "y")),
  close: (f) => f.hangUp("a", 1),
  route: (f) => f.say("a", 1, { type: "OFFER", dst: "y" }),
  abandon: (f) => {
    f.step("a", f.opening(2, "y"));
    f.queue = [];
    f.hangUp("a", 2);
    reconnect(f);
  },
  reap: (f, isOther) => {
    f.states.delete("b");
    f.pass(LEASE + 3_000, isOther);
  },
};

/** Gives node a another connection. */
function reconnect(f: Fleet): void {
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
}

Deno.test("[CLUSTER-15] an answer of the wrong kind, whatever was asked, ends the connection, and the next one asks again", () => {
  for (const [kind, begin] of Object.entries(ASKS)) {
    const f = new Fleet("ab");
    f.open("a", 1, "x");
    f.seen();
    let asked: AskEngine | undefined;
    const isOther = (parcel?: Parcel): boolean => {
      if (parcel?.kind !== "command" || parcel.ask.command.kind !== kind) return true;
      asked ??= parcel.ask;
      return false;
    };
    begin(f, isOther);
    f.run(isOther);
    assert(asked !== undefined, kind);
    const odd = kind === "reap" ? "absent" : "alive";
    f.answer("a", asked.command.conn, asked.request, { kind: odd });
    f.run();
    assertEquals(f.seen(), [
      `a reconnects: The engine answered with ${odd}, which is no answer to what was asked`,
    ]);
    reconnect(f);
    f.run();
    if (kind === "open") assertEquals(f.seen(), ["a2 OPEN"]);
    f.pass(0);
    assertEquals(f.engine.claims.size, kind === "close" ? 0 : kind === "open" ? 2 : 1);
  }
});

Deno.test("[CLUSTER-15] a node that the engine refuses, or that is stale, says why and ends the connection", () => {
  for (
    const [answer, why] of [
      [{ kind: "refused", why: "layout", value: 9 }, "The cluster has layout 9, and this version"],
      [{ kind: "refused", why: "nodes", value: 1024 }, "The cluster has 1024 nodes already"],
      [{ kind: "refused", why: "batch", value: 300 }, "A command had 300 claims"],
      [{ kind: "stale", conn: 9 }, "A newer connection of this node has joined"],
    ] as const
  ) {
    const f = new Fleet("a");
    f.step("a", { kind: "engine-lost" });
    f.connect("a");
    f.queue = [];
    const { cluster } = f.of("a");
    assert(cluster !== null);
    f.answer("a", cluster.conn, cluster.nextRequest - 1, answer);
    f.run();
    const [seen = ""] = f.seen();
    assert(seen.startsWith(`a reconnects: ${why}`), seen);
  }
});

Deno.test("[CLUSTER-15] an answer over an earlier connection counts for nothing", () => {
  const f = new Fleet("a");
  f.step("a", f.opening(1, "x"));
  const late = f.hold(answers);
  assertEquals(late.length, 1);
  f.step("a", { kind: "engine-lost" });
  f.queue = [...late];
  f.run();
  assertEquals([f.seen(), clientCount(f.of("a"))], [[], 0], "while there is none");
  f.connect("a");
  f.queue = [...late];
  f.run();
  assertEquals([f.seen(), clientCount(f.of("a"))], [[], 0], "over the next one");
});

Deno.test("[CLUSTER-16] the lease counts from the question, and past it a node serves its own clients only", () => {
  const f = new Fleet("ab");
  for (const [node, conn, id] of [["a", 1, "x"], ["a", 2, "y"], ["b", 3, "z"]] as const) {
    f.open(node, conn, id);
  }
  f.send("a", 1, "z", "before");
  f.send("b", 3, "x", "before");
  f.pass(1_000);
  // The beat at 3 s was the last one of a that was answered.
  f.pass(
    LEASE - 1,
    (parcel) => parcel.kind === "command" ? parcel.from !== "a" : parcel.to !== "a",
  );
  f.seen();
  f.send("b", 3, "x", "in time");
  f.pass(1, nothing);
  f.send("b", 3, "x", "too late");
  f.send("a", 1, "z", "not sent");
  f.send("a", 1, "y", "local");
  assertEquals(f.seen(), ["a1 CANDIDATE from z: in time", "a2 CANDIDATE from x: local"]);
  assertEquals(clientCount(f.of("a")), 2);
});

Deno.test("[CLUSTER-16] a lease counts from the question, however late the answer, and from before a pause", () => {
  const f = new Fleet("a");
  const begin = f.now;
  f.pass(3_000 - begin % 3_000, nothing);
  const held: Parcel[] = [];
  f.pass(3_000, (parcel) => !answers(parcel) || held.push(parcel) === 0);
  const askedAt = f.now;
  f.pass(2_000);
  f.queue = [...held];
  f.run();
  assertEquals(f.cluster("a").leaseUntil, millis(askedAt + LEASE));

  const again: Parcel[] = [];
  f.pass(1_000, (parcel) => !answers(parcel) || again.push(parcel) === 0);
  f.step("a", { kind: "paused", ms: 4_000 });
  assertEquals(f.cluster("a").leaseUntil, millis(askedAt + LEASE - 4_000));
  f.queue = [...again];
  f.run();
  assertEquals(f.cluster("a").leaseUntil, millis(f.now + LEASE - 4_000));
});

Deno.test("[CLUSTER-16] after a pause a node beats at once, and then sends on what waited while it was cut", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "makes the route known");
  f.pass(300);
  f.ran();
  f.seen();
  f.step("a", { kind: "paused", ms: 20_000 });
  f.send("a", 1, "y", "waits");
  assertEquals(f.seen(), []);
  f.pass(0);
  f.pass(1);
  assertEquals(f.ran(), ["beat"]);
  assertEquals(f.seen(), ["b2 CANDIDATE from x: waits"]);
  assertEquals(f.effects.filter((one) => one.kind === "note" && one.what === "node-cut").length, 1);

  const lost = new Fleet("a");
  lost.step("a", { kind: "engine-lost" });
  const { beatAt } = lost.cluster("a");
  lost.step("a", { kind: "paused", ms: 1 });
  assertEquals(lost.cluster("a").beatAt, beatAt, "without a connection there is nobody to ask");
  lost.pass(2 * LEASE);
  const isCut = lost.effects.filter((one) => one.kind === "note" && one.what === "node-cut");
  assertEquals(isCut.length, 1, "said once");
});

Deno.test("[CLUSTER-22] until there were notices over a connection, a node has seen none over it", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "x");
  f.pass(LEASE);
  f.step("a", { kind: "engine-lost" });
  f.ran();
  f.step("a", { kind: "doorbell-rang" });
  assertEquals(f.queue, [], "nobody is there to ask");
  f.connect("a");
  const isPull = (parcel: Parcel): boolean =>
    parcel.kind === "command" && parcel.ask.command.kind === "pull";
  f.hold(isPull);
  f.step("a", { kind: "doorbell-rang" });
  assertEquals(f.onlyCommand().command, {
    kind: "pull",
    seen: 0,
    node: f.cluster("a").name,
    conn: 2,
  });
  f.pass(3_000, (parcel) => parcel.kind === "command" && parcel.from === "a");
  const beat = f.commands.findLast(({ kind, node }) => kind === "beat" && node === "a0");
  assert(beat?.kind === "beat");
  assertEquals(beat.seen, 0);
});

Deno.test("[CLUSTER-5] [CLUSTER-15] a node reaps the dead to the last claim, and stops at one that is alive", () => {
  const f = new Fleet("ab");
  for (let i = 1; i <= 300; i++) f.step("b", f.opening(i, `x${i}`));
  f.run();
  f.states.delete("b");
  f.pass(LEASE - f.now);
  assertEquals([f.engine.claims.size, f.engine.nodes.size], [0, 1]);
  assertEquals(f.ran().filter((kind) => kind === "reap").length, 2);

  f.pass(3_000, (parcel) => parcel.kind === "command");
  const { conn, nextRequest } = f.cluster("a");
  const beaten = { kind: "beaten", generation: "", op: 0, last: 0, notices: [] } as const;
  f.answer("a", conn, nextRequest - 1, { ...beaten, dead: f.cluster("a").name });
  f.ran();
  f.run();
  assertEquals(f.ran(), ["reap"]);
});

Deno.test("[CLUSTER-20] a read that the engine failed to run is asked again with the next beat", () => {
  const f = new Fleet("a");
  f.ran();
  f.step("a", { kind: "doorbell-rang" });
  f.fail("a", f.onlyCommand());
  assertEquals([f.queue, f.cluster("a").asked.size], [[], 0]);
  f.pass(3_000);
  assertEquals([f.ran(), f.seen()], [["beat"], []]);
});

Deno.test("a server that is alone ignores what only a node is told, and a node begins once", () => {
  const alone = initialState(settingsFrom());
  assertStrictEquals(reduce(alone, { kind: "engine-lost" }, millis(0))[0], alone);
  const f = new Fleet("a");
  const before = f.of("a");
  f.step("a", { kind: "cluster-started" });
  assertStrictEquals(f.of("a"), before);
});

Deno.test("[CLUSTER-15] [CLUSTER-16] a node that lost its name takes and sends nothing until it has another", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "first");
  f.send("b", 2, "x", "first");
  f.pass(300);
  f.seen();
  f.say("a", 1, { type: "OFFER", dst: "y" });
  f.say("b", 2, { type: "OFFER", dst: "x" });
  const frames = f.queue.splice(0);
  // The engine knows no node any more, long before the leases are over.
  f.engine = emptyEngine();
  f.step("a", { kind: "doorbell-rang" });
  f.run();
  assertEquals(f.seen(), ["a reconnects: The lease of this node is over"]);
  f.send("a", 1, "y", "without a name");
  f.queue = frames.filter((one) => one.kind === "event" && one.to === "a");
  f.run();
  assertEquals([f.seen(), f.cluster("a").links.size], [[], 0]);
  f.connect("a");
  f.run();
  f.queue = frames.filter((one) => one.kind === "event" && one.to === "a");
  f.run();
  assertEquals(f.seen(), [], "a frame to the former name");
  f.step("b", { kind: "engine-lost" });
  for (let i = 0; i < 2; i++) {
    f.connect("b");
    f.run();
  }
  f.pass(2);
  assertEquals(f.seen().slice(-1), ["b2 CANDIDATE from x: without a name"]);
});

Deno.test("[CLUSTER-16] a node that is cut sends nothing again, and goes on when it is not", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "first");
  f.pass(1_000);
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "lost" });
  f.queue = [];
  f.step("a", { kind: "paused", ms: 20_000 });
  f.effects.length = 0;
  f.pass(1_200, nothing);
  assertEquals(f.effects.filter(({ kind }) => kind === "publish"), []);
  f.seen();
  f.pass(3_000);
  assertEquals(f.seen(), ["b2 CANDIDATE from x: lost"]);
});
