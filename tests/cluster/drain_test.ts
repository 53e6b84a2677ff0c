/** Nodes that drain: their claims, what waits at them, and what comes for clients that they have closed. */
import { connId } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Fleet } from "./fleet.ts";

const DRAIN_MS = 4_000;

function drain(f: Fleet, node: string): void {
  f.step(node, { kind: "drain-requested", ms: DRAIN_MS });
}

/** Until when a drain goes on; `null` if it is over. */
function wakeAt(f: Fleet, node: string): number | null {
  return f.of(node).drain?.wakeAt ?? null;
}

Deno.test("[CLUSTER-34] [LIFE-6] a wave gives its claims up in one command, and their owners open elsewhere at once", () => {
  const f = new Fleet("ab");
  for (let i = 1; i <= 1_000; i++) f.step("a", f.opening(i, `x${i}`));
  f.run();
  f.ran();
  f.seen();
  f.step("a", { kind: "drain-requested", ms: 100 });
  f.pass(25);
  assertEquals(f.ran(), ["close"]);
  const closed = f.seen();
  assertEquals([closed[0], closed.length, f.engine.claims.size], [
    "a1 closed 1012",
    256,
    1_000 - 256,
  ]);
  f.open("b", 2_001, "x1");
  assertEquals(f.seen(), ["b2001 OPEN"]);
});

Deno.test("[CLUSTER-34] [LIFE-8] what was on its way to a client that is closed follows it to where it comes back", () => {
  const f = new Fleet("abc");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("b", 2, "x", "before");
  drain(f, "a");
  f.pass(DRAIN_MS / 4 + 1);
  // Node b knows the old route, and so does what x had said before it heard of its close.
  f.send("b", 2, "x", "meanwhile");
  f.send("a", 1, "y", "last words");
  assertEquals(f.seen(), [
    ...["a1 OPEN", "b2 OPEN", "a1 CANDIDATE from y: before", "a1 closed 1012"],
    "b2 CANDIDATE from x: last words",
  ]);
  f.pass(100);
  f.open("c", 3, "x");
  f.pass(100);
  assertEquals(f.seen(), ["c3 OPEN", "c3 CANDIDATE from y: meanwhile"]);
});

Deno.test("[CLUSTER-34] a drain goes on while something waits at its node, and it goes to whoever comes back elsewhere", () => {
  const f = new Fleet("ab", { expire_timeout: 60_000 });
  f.open("a", 1, "x");
  f.open("a", 2, "y");
  f.step("a", { kind: "drain-requested", ms: 40_000 });
  f.pass(10_001);
  f.send("a", 2, "x", "x is closed");
  f.hangUp("a", 1);
  f.pass(20_000);
  f.hangUp("a", 2);
  f.pass(5_000);
  assert(wakeAt(f, "a") !== null);
  f.seen();
  f.open("b", 3, "x");
  f.pass(20);
  assertEquals(f.seen(), ["b3 OPEN", "b3 CANDIDATE from y: x is closed"]);
  // Over once that is acknowledged and the link looked at again, well before its time.
  f.pass(600);
  assertEquals([wakeAt(f, "a"), f.of("a").stored.size], [null, 0]);
});

Deno.test("[CLUSTER-34] a drain is not over before other nodes have forgotten the way to its clients", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.step("a", { kind: "drain-requested", ms: 40_000 });
  f.pass(9_999);
  f.send("b", 2, "x", "the way is known");
  f.pass(1);
  f.hangUp("a", 1);
  f.pass(2_900);
  f.send("b", 2, "x", "bounces");
  assert(wakeAt(f, "a") !== null);
  f.open("b", 3, "x");
  f.pass(500);
  assertEquals(wakeAt(f, "a"), null);
  assertEquals(f.seen().slice(-3), ["a1 closed 1012", "b3 OPEN", "b3 CANDIDATE from y: bounces"]);
});

Deno.test("[CLUSTER-34] nor is it if the last of them leaves by itself, before clients are closed or after", () => {
  // Two clients: one is closed after 10 s, the other would be after 30 s.
  for (const leftAt of [9_990, 29_900]) {
    const f = new Fleet("ab");
    f.open("a", 1, "x");
    f.open("a", 2, "y");
    f.step("a", { kind: "drain-requested", ms: 40_000 });
    f.pass(leftAt);
    for (const conn of [1, 2]) f.hangUp("a", conn);
    f.run();
    f.pass(2_900);
    assert(wakeAt(f, "a") !== null);
    f.pass(500);
    assertEquals(wakeAt(f, "a"), null);
  }
});

Deno.test("[CLUSTER-34] nor if it closed them late", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.step("a", { kind: "drain-requested", ms: 40_000 });
  f.pass(9_999);
  f.now += 500;
  f.step("a", { kind: "tick" });
  f.pass(2_900);
  assert(wakeAt(f, "a") !== null);
  f.pass(500);
  assertEquals(wakeAt(f, "a"), null);
});

Deno.test("[CLUSTER-34] a drain ends with its time, whatever waits", () => {
  const f = new Fleet("a", { expire_timeout: 30_000 });
  f.open("a", 1, "x");
  f.send("a", 1, "nobody", "waits");
  drain(f, "a");
  f.pass(DRAIN_MS - 1);
  assert(wakeAt(f, "a") !== null);
  f.pass(1);
  assertEquals(wakeAt(f, "a"), null);
});

Deno.test("[LIFE-6] a claim that is made for a socket that waits is given up, and the socket closed without an ERROR", () => {
  const f = new Fleet("a");
  f.step("a", f.opening(1, "x"));
  drain(f, "a");
  f.now += DRAIN_MS / 4;
  f.run();
  f.run();
  assertEquals(f.seen(), ["a1 closed 1012"]);
  assertEquals(f.engine.claims.size, 0);
});

Deno.test("[LIFE-7] a message of another node puts its destination to the end of the line", () => {
  const f = new Fleet("ab", { alive_timeout: 90_000 });
  f.open("b", 9, "far");
  for (const [conn, id] of [[1, "x"], [2, "y"]] as const) f.open("a", conn, id);
  f.pass(10);
  f.step("a", { kind: "frame-received", conn: connId(1), text: '{"type":"HEARTBEAT"}' });
  f.pass(10);
  drain(f, "a");
  f.send("b", 9, "x", "hello");
  f.seen();
  f.pass(DRAIN_MS);
  assertEquals(f.seen(), ["a2 closed 1012", "a1 closed 1012"]);
});
