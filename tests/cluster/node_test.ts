/**
 * A node of a cluster and the engine: its name, its lease, the claims of its clients.
 */
import { clientCount } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Fleet, type Parcel } from "./fleet.ts";

/** 15 s, and a beat every 3 s. */
const LEASE = 15_000;

const toEngine = (parcel: Parcel): boolean => parcel.kind === "command";
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

Deno.test("[CLUSTER-15] a connection ends after two unanswered beats, two lost probes, or an odd answer", () => {
  const silent = new Fleet("a");
  silent.pass(9_000, (parcel) => !answers(parcel));
  assertEquals(silent.seen(), ["a reconnects: The engine left 2 beats unanswered"]);

  const deaf = new Fleet("a");
  deaf.pass(9_000, (parcel) => parcel.kind === "command" || answers(parcel));
  const why = "The subscription carried none of the last 2 probes";
  assertEquals(deaf.seen(), [`a reconnects: ${why}`]);

  const odd = new Fleet("a");
  odd.pass(3_000, nothing);
  const { cluster } = odd.of("a");
  assert(cluster !== null);
  odd.answer("a", cluster.conn, cluster.nextRequest - 1, { kind: "alive" });
  odd.run();
  assertEquals(odd.seen(), [
    "a reconnects: The engine answered with alive, which is no answer to what was asked",
  ]);
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
  f.run(toEngine);
  const late = f.queue;
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  f.queue = [...late, ...f.queue];
  f.run((parcel) => parcel.kind === "event");
  assertEquals([f.seen(), clientCount(f.of("a"))], [[], 0]);
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
