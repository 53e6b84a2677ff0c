/**
 * The claims of a node's clients: made, refused, given up, restored.
 */
import { clientCount, connId, holderOf, mapGet, millis, peerId } from "../../core/mod.ts";
import { emptyEngine } from "../../core/cluster/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { proven } from "../support/world.ts";
import { Fleet, type Parcel } from "./fleet.ts";

const nothing = (): boolean => false;
const toEngine = ({ kind }: Parcel): boolean => kind === "command";

Deno.test("[CLUSTER-17] a socket waits for its claim, its early frames are kept, and then it is admitted", () => {
  const f = new Fleet("ab");
  f.open("b", 9, "y");
  f.step("a", f.opening(1, "x"));
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "early" });
  assertEquals([f.seen(), clientCount(f.of("a"))], [["b9 OPEN"], 0]);
  f.run();
  assertEquals(f.seen(), ["a1 OPEN", "b9 CANDIDATE from x: early"]);
});

Deno.test("[CLUSTER-17] without an answer a socket is closed after 3 s with 1013 and without an ERROR", () => {
  const f = new Fleet("a");
  f.step("a", f.opening(1, "x"));
  f.pass(2_999, nothing);
  assertEquals(f.seen(), []);
  f.pass(1, nothing);
  assertEquals(f.seen(), ["a1 closed 1013"]);
});

Deno.test("[CLUSTER-17] [AUTH-8] a checked token is followed by a claim, and no second check is awaited", () => {
  const f = new Fleet("a", { auth: "jwt", auth_secret: "s".repeat(32) });
  f.step("a", f.opening(1, "x", { identity: { kind: "pending" } }));
  f.say("a", 1, { type: "HEARTBEAT" });
  f.say("a", 1, { type: "CANDIDATE", dst: "x", payload: "to myself" });
  f.step("a", { kind: "token-checked", conn: connId(1), identity: proven("x") });
  f.step("a", { kind: "token-checked", conn: connId(1), identity: proven("x") });
  assertEquals([clientCount(f.of("a")), f.queue.length], [0, 1]);
  f.run();
  assertEquals(f.seen(), ["a1 OPEN", "a1 CANDIDATE from x: to myself"]);
});

Deno.test("[CLUSTER-17] an id that another owner holds on another node is taken, and counts as a wrong token", () => {
  const f = new Fleet("ab", { wrong_token_burst: 1, wrong_token_rate: 1 });
  f.open("a", 1, "x");
  f.open("b", 2, "x", { token: "a guess" });
  assertEquals(f.seen(), ["a1 OPEN", "b2 ID-TAKEN", "b2 closed 4001"]);
  assertEquals(f.of("b").wrongTokens.size, 1);
  f.open("b", 3, "x", { identity: proven("somebody", ["x"]), address: "198.51.100.9" });
  assertEquals(f.seen(), ["b3 ID-TAKEN", "b3 closed 4001"]);
  assertEquals(f.of("b").wrongTokens.size, 1, "it is no guess");
});

Deno.test("[CLUSTER-18] without a try left an address takes over no id, and claims those that are free", () => {
  const f = new Fleet("ab", { wrong_token_burst: 1, wrong_token_rate: 1 });
  f.open("a", 1, "x");
  f.open("b", 2, "x", { token: "a guess" });
  f.seen();
  f.open("b", 3, "x");
  f.open("b", 4, "free");
  assertEquals(f.seen(), ["b3 ID-TAKEN", "b3 closed 4001", "b4 OPEN"]);

  f.open("a", 5, "p", { identity: proven("p") });
  f.open("b", 6, "p", { identity: proven("p") });
  assertEquals(
    f.seen(),
    ["a5 OPEN", "b6 OPEN", "a5 closed 4000"],
    "who proves its name guesses nothing",
  );
});

Deno.test("[CLUSTER-17] a full cluster refuses new ids, as a full server does", () => {
  const f = new Fleet("ab", { cluster_limit: 1 });
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.open("b", 3, "x");
  assertEquals(f.seen(), ["a1 OPEN", "b2 ERROR", "b2 closed 4004", "b3 OPEN", "a1 closed 4000"]);
});

Deno.test("[CLUSTER-17] sockets that wait are bounded in number", () => {
  const f = new Fleet("a", { concurrent_limit: 1 });
  f.step("a", f.opening(1, "x"));
  f.step("a", f.opening(2, "y"));
  assertEquals(f.seen(), ["a2 ERROR", "a2 closed 4004"]);
});

Deno.test("[CLUSTER-17] while the engine is new, or fails, a socket asks again", () => {
  const f = new Fleet("a");
  f.engine = emptyEngine();
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  f.run();
  f.open("a", 1, "x");
  f.open("a", 2, "y");
  f.hangUp("a", 2);
  assertEquals(f.seen(), []);
  f.pass(2_000);
  assertEquals(f.seen(), ["a1 OPEN"]);

  f.step("a", f.opening(3, "z"));
  const [parcel] = f.queue.splice(0);
  assert(parcel?.kind === "command");
  const { request, command: { conn } } = parcel.ask;
  f.step("a", { kind: "engine-failed", conn, request, why: "OOM" });
  f.pass(499);
  assertEquals(f.seen(), []);
  f.pass(1);
  assertEquals(f.seen(), ["a3 OPEN"]);
});

Deno.test("[CLUSTER-19] a claim is given up by its seq when its client is gone, also one that came too late", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.step("a", f.opening(2, "y"));
  f.hangUp("a", 2);
  f.hangUp("a", 1);
  f.run();
  assertEquals([f.engine.claims.size, f.ran()], [0, ["open", "open", "close", "close"]]);
  f.open("a", 3, "x");
  f.step("a", { kind: "client-dismissed", id: peerId("x"), reason: null });
  f.run();
  assertEquals([f.engine.claims.size, f.ran()], [0, ["open", "close"]]);
});

Deno.test("[CLUSTER-19] an old close touches no newer claim, and an older socket's claim becomes the newer one's", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.hangUp("a", 1);
  const late = f.queue.splice(0);
  f.open("b", 2, "x");
  f.queue = late;
  f.run();
  assertEquals(mapGet(f.engine.claims, peerId("x"))?.node, "b1");

  f.step("a", f.opening(4, "z"));
  f.step("a", f.opening(3, "z"));
  f.run();
  const seq = mapGet(f.engine.claims, peerId("z"))?.seq;
  assertEquals([holderOf(f.of("a"), peerId("z")), mapGet(f.of("a").claims, peerId("z"))?.seq], [
    connId(4),
    seq,
  ]);
  f.step("a", f.opening(5, "z"));
  f.hangUp("a", 5);
  f.run();
  const newer = mapGet(f.engine.claims, peerId("z"))?.seq;
  assert(newer !== seq && mapGet(f.of("a").claims, peerId("z"))?.seq === newer);
});

Deno.test("[CLUSTER-19] [STATE-5] a stop gives up every claim", () => {
  const f = new Fleet("a");
  for (let i = 0; i < 300; i++) f.step("a", f.opening(i + 1, `x${i}`));
  f.run();
  f.ran();
  f.step("a", { kind: "shutdown-requested" });
  f.run();
  assertEquals([f.engine.claims.size, f.ran()], [0, ["close", "close"]]);
});

Deno.test("[CLUSTER-20] writes without an answer are sent again over the next connection, and reads are not", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.hangUp("a", 1);
  f.step("a", f.opening(2, "y"));
  f.step("a", f.opening(3, "z"));
  f.hangUp("a", 3);
  f.step("a", { kind: "doorbell-rang" });
  f.run(toEngine);
  f.ran();
  f.step("a", { kind: "engine-lost" });
  f.step("a", f.opening(4, "later"));
  f.step("a", f.opening(5, "never"));
  f.hangUp("a", 5);
  f.connect("a");
  f.run();
  const again = ["close", "open", "abandon", "open"];
  assertEquals(f.ran(), ["join", ...again, "pull", "close", "restore"]);
  assertEquals(f.seen(), ["a1 OPEN", "a2 OPEN", "a4 OPEN"]);
  assertEquals(f.engine.claims.size, 2);
});

Deno.test("[CLUSTER-20] under another name only claims of sockets that still wait are asked for", () => {
  const f = new Fleet("a");
  f.open("a", 1, "x");
  f.step("a", f.opening(4, "given up after 3 s"));
  f.pass(14_000, nothing);
  f.seen();
  f.hangUp("a", 1);
  f.step("a", f.opening(2, "y"));
  f.step("a", f.opening(3, "z"));
  f.hangUp("a", 3);
  f.queue = [];
  f.connect("a");
  f.run();
  f.connect("a");
  f.ran();
  f.run();
  f.pass(2_000);
  assertEquals(f.ran(), ["join", "open", "pull", "open"]);
  assert(f.seen().includes("a2 OPEN"));
});

Deno.test("[CLUSTER-20] a close that the engine failed to run is asked again with the next beat", () => {
  const f = new Fleet("a");
  f.open("a", 1, "x");
  f.ran();
  f.hangUp("a", 1);
  const [parcel] = f.queue.splice(0);
  assert(parcel?.kind === "command");
  const { request, command: { conn } } = parcel.ask;
  const before = f.cluster("a").asked;
  for (const event of [{ conn: conn + 1, request }, { conn, request: 99 }]) {
    f.step("a", { kind: "engine-failed", ...event, why: "READONLY" });
  }
  assertEquals(f.cluster("a").asked, before, "of another connection, or what was not asked");
  f.step("a", { kind: "engine-failed", conn, request, why: "READONLY" });
  assertEquals(f.queue, []);
  f.pass(3_000);
  assertEquals([f.ran(), f.engine.claims.size], [["close", "beat"], 0]);
});

Deno.test("[CLUSTER-21] an engine that lost everything has its claims back, and who lost an id is disconnected", () => {
  const f = new Fleet("abc");
  for (const [node, conn, id] of [["a", 1, "x"], ["a", 2, "y"], ["a", 3, "z"]] as const) {
    f.open(node, conn, id);
  }
  f.engine = emptyEngine();
  f.step("b", { kind: "engine-lost" });
  f.connect("b");
  f.run();
  f.pass(2_000, (parcel) => parcel.kind === "command" ? parcel.from === "b" : parcel.to === "b");
  f.open("b", 4, "y", { token: "somebody else" });
  f.open("b", 5, "z");
  f.seen();
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  f.run();
  assertEquals(f.seen(), ["a2 ID-TAKEN", "a2 closed 4001", "a3 closed 4000"]);
  assertEquals(mapGet(f.engine.claims, peerId("x"))?.node, "a0");
});

Deno.test("[CLUSTER-21] a node restores what it holds with every join, and when notices are missing", () => {
  const back = new Fleet("ab");
  back.open("a", 1, "x");
  const { engine } = back;
  back.open("a", 2, "y");
  back.engine = engine;
  back.step("a", { kind: "engine-lost" });
  back.connect("a");
  back.run();
  assertEquals(back.engine.claims.size, 2);

  const few = new Fleet("ab");
  few.pass(1_000);
  few.engine = { ...few.engine, bounds: { ...few.engine.bounds, notices: 1 } };
  few.open("a", 1, "x");
  few.open("a", 2, "y");
  for (const [conn, id] of [[3, "x"], [4, "y"]] as const) {
    few.step("b", few.opening(conn, id));
  }
  few.run((parcel) => parcel.kind === "command" || parcel.to === "b");
  few.ran();
  few.seen();
  few.pass(3_000);
  assert(few.ran().includes("restore"));
  assertEquals(few.seen().sort(), ["a1 closed 4000", "a2 closed 4000"]);
});

Deno.test("[CLUSTER-22] an id that comes back on another node leaves its first one, within one bell", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "x");
  assertEquals(f.seen(), ["a1 OPEN", "b2 OPEN", "a1 closed 4000"]);
  assertEquals([clientCount(f.of("a")), f.engine.claims.size], [0, 1]);
});

Deno.test("[CLUSTER-22] a notice about an earlier claim disconnects nobody, and each is handled once", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  const withoutBell = ({ kind, ...parcel }: Parcel): boolean =>
    kind === "command" || !("event" in parcel && parcel.event.kind === "doorbell-rang");
  f.step("b", f.opening(2, "x"));
  f.run(withoutBell);
  f.step("a", f.opening(3, "x"));
  f.run(withoutBell);
  f.seen();
  f.step("a", { kind: "doorbell-rang" });
  f.step("a", { kind: "doorbell-rang" });
  f.run();
  assertEquals(f.seen(), []);
  f.pass(3_000);
  assertEquals(f.seen(), ["b2 closed 4000"]);
  assertEquals(holderOf(f.of("a"), peerId("x")), connId(3));
});

Deno.test("[CLUSTER-16] a process that was suspended counts the time against its lease", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("b", 2, "x", "before");
  f.seen();
  f.step("a", { kind: "paused", ms: 20_000 });
  f.send("b", 2, "x", "after");
  assertEquals(f.seen(), []);
  assert(f.of("a").cluster?.leaseUntil !== millis(0));
});

Deno.test("[CLUSTER-17] an open that comes too late closes its socket with 4000", () => {
  const f = new Fleet("a");
  f.step("a", f.opening(1, "x"));
  const { request, command: { conn } } = f.onlyCommand();
  f.answer("a", conn, request, { kind: "past" });
  f.run();
  assertEquals(f.seen(), ["a1 closed 4000"]);
});

Deno.test("[CLUSTER-17] [LIMIT-3] a guess counts, also if its socket hangs up before the answer", () => {
  for (const [identity, count] of [[{ kind: "unchecked" }, 1], [proven("x"), 0]] as const) {
    const f = new Fleet("ab");
    f.open("a", 1, "x");
    f.seen();
    f.step("b", f.opening(2, "x", { token: "a guess", identity }));
    f.hangUp("b", 2);
    f.run();
    assertEquals([f.seen(), f.of("b").wrongTokens.size], [[], count]);
  }
});

Deno.test("[CLUSTER-19] a refusal of a claim whose socket is gone is nobody's", () => {
  for (const answer of [{ kind: "past" }, { kind: "full" }, { kind: "wait", ms: 1 }] as const) {
    const f = new Fleet("a");
    f.step("a", f.opening(1, "x"));
    const { request, command: { conn } } = f.onlyCommand();
    f.hangUp("a", 1);
    f.answer("a", conn, request, answer);
    f.run();
    f.pass(1);
    assertEquals([f.seen(), f.ran(), f.of("a").wrongTokens.size], [[], [], 0]);
  }
});

Deno.test("[CLUSTER-19] [CLUSTER-20] what a socket claimed before a connection ended is taken back, once it is gone", () => {
  const f = new Fleet("a");
  f.step("a", f.opening(1, "x"));
  f.run(nothing);
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  // The join is on its way, and the open waits for it.
  f.hangUp("a", 1);
  f.ran();
  f.run();
  assertEquals(f.ran(), ["join", "abandon", "pull"]);
});
