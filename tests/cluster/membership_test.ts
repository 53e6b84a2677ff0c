/**
 * What a node says again to the engine, and what it does not: over a new connection, after a lease, after a failure.
 */
import { connId, holderOf, mapGet, millis, peerId } from "../../core/mod.ts";
import { emptyEngine } from "../../core/cluster/mod.ts";
import { mapSet } from "../../core/collections/persistent_map.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Fleet, type Parcel } from "./fleet.ts";

const isAnswer = (kind: string) => (parcel: Parcel): boolean =>
  parcel.kind === "event" && parcel.event.kind === "engine-answered" &&
  parcel.event.answer.kind === kind;

/** How often a node gives up claims when it joins again, and how many. */
function givenAgain(f: Fleet): number[] {
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  f.ran();
  f.run();
  return f.commands.flatMap((one) => one.kind === "close" ? [one.claims.length] : []);
}

Deno.test("[CLUSTER-21] what was given up or replaced is given up again for a lease at least, and then forgotten", () => {
  const f = new Fleet("a");
  f.open("a", 1, "x");
  f.open("a", 2, "x");
  f.hangUp("a", 2);
  f.run();
  assertEquals(givenAgain(f), [2], "what was replaced here, and what was given up");
  f.pass(15_000);
  f.open("a", 3, "y");
  f.hangUp("a", 3);
  f.run();
  assertEquals(givenAgain(f), [3], "the half before");
  f.pass(15_000);
  f.open("a", 4, "y");
  f.hangUp("a", 4);
  f.run();
  f.pass(15_000);
  f.open("a", 5, "y");
  f.hangUp("a", 5);
  f.run();
  assert((givenAgain(f)[0] ?? 0) < 5);
});

Deno.test("[CLUSTER-21] at most 16,384 claims that were given up are remembered, twice", () => {
  const f = new Fleet("a");
  f.open("a", 1, "x");
  let { released } = f.cluster("a");
  for (let seq = 1; seq <= 16_383; seq++) released = mapSet(released, seq, peerId("y"));
  f.cluster("a", { released, releasedAt: millis(f.now) });
  f.hangUp("a", 1);
  f.run();
  assertEquals([f.cluster("a").released.size, f.cluster("a").releasedOld.size], [16_384, 0]);
  f.open("a", 2, "x");
  f.hangUp("a", 2);
  f.run();
  assertEquals([f.cluster("a").released.size, f.cluster("a").releasedOld.size], [1, 16_384]);
});

Deno.test("[CLUSTER-21] who left while its claim was restored is disconnected no more, nor is who came after", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("a", 2, "y");
  f.engine = emptyEngine();
  f.step("b", { kind: "engine-lost" });
  f.connect("b");
  f.run();
  f.pass(2_000, (parcel) => parcel.kind === "command" ? parcel.from === "b" : parcel.to === "b");
  for (const [conn, id] of [[3, "x"], [4, "y"]] as const) f.open("b", conn, id);
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  f.seen();
  const [restored, ...others] = f.hold(isAnswer("restored"));
  assert(restored !== undefined && others.length === 0);
  f.hangUp("a", 2);
  f.open("a", 5, "x");
  f.queue.unshift(restored);
  f.seen();
  f.run();
  assertEquals([f.seen(), holderOf(f.of("a"), peerId("x"))], [[], connId(5)]);
});

Deno.test("[CLUSTER-20] a restore without an answer is not sent again: every join restores", () => {
  const f = new Fleet("a");
  f.open("a", 1, "x");
  for (let i = 0; i < 2; i++) {
    f.step("a", { kind: "engine-lost" });
    f.connect("a");
    f.ran();
    f.hold(isAnswer("restored"));
    assertEquals(f.ran().filter((kind) => kind === "restore").length, 1);
  }
});

Deno.test("[CLUSTER-20] what is on its way is not sent again with the next beat", () => {
  const f = new Fleet("a");
  f.ran();
  f.step("a", f.opening(1, "x"));
  f.queue = [];
  f.pass(1_000);
  assertEquals(f.ran(), ["beat"]);
});

Deno.test("[CLUSTER-16] the lease of a join counts from when it was asked", () => {
  const f = new Fleet("a");
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  const askedAt = f.now;
  const held = f.hold(isAnswer("joined"));
  f.pass(900);
  f.queue = held;
  f.run();
  assertEquals(f.cluster("a").leaseUntil, millis(askedAt + 15_000));
});

Deno.test("[CLUSTER-22] a notice that comes twice does not bring an old route back", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.send("a", 1, "y", "waits");
  f.step("b", f.opening(2, "y"));
  f.run(({ kind, ...parcel }) =>
    kind === "command" || !("event" in parcel) || parcel.event.kind !== "doorbell-rang"
  );
  for (let i = 0; i < 2; i++) f.step("a", { kind: "doorbell-rang" });
  const [first, again] = f.hold(isAnswer("pulled"));
  assert(first !== undefined && again !== undefined);
  f.queue = [first];
  f.run();
  f.hangUp("b", 2);
  f.open("b", 3, "y");
  f.pass(3_000);
  f.send("a", 1, "y", "asks again");
  const route = mapGet(f.cluster("a").young, peerId("y"));
  f.queue = [again];
  f.run();
  assertEquals(mapGet(f.cluster("a").young, peerId("y")), route);
});

Deno.test("[CLUSTER-20] under another name nothing is taken back that was claimed under the one before", () => {
  const f = new Fleet("a");
  f.step("a", f.opening(1, "x"));
  f.queue = [];
  f.engine = emptyEngine();
  f.step("a", { kind: "doorbell-rang" });
  f.run();
  f.hangUp("a", 1);
  f.connect("a");
  f.ran();
  f.run();
  assertEquals(f.ran(), ["join", "pull"]);
});
