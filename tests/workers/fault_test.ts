/** Workers that end, hang and lose descriptors, in the program as its users run it. */
import { assertEquals, assertMatch } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { within } from "../support/peer_socket.ts";
import { endOf, eventually, MAX_MS, meet, startTraffic, told } from "../cluster/clients.ts";
import { commit, LEASE_MS, test } from "./stage.ts";

/** What the log says of workers. */
function said({ lines }: Child): unknown[] {
  return lines.filter((line) => line.includes('"event":"worker-')).map((line) => {
    const { event, worker, why, delayMs } = JSON.parse(line).properties;
    return [event, worker, why, delayMs].filter((one) => one !== undefined);
  });
}

test("[WORKER-4] a worker that throws is replaced, its clients have their ids back at once, and nobody else notices", async (stage) => {
  const { program, enter, enterAt } = stage;
  const [a, other] = [await enterAt(1, "a"), await enterAt(1, "other")];
  for (const [i, fault] of (["throw", "reject"] as const).entries()) {
    const [b, c] = [await enterAt(2, `b${i}`), await enterAt(2, `c${i}`)];
    await meet(a, b, c, other);
    commit(b, { fault });
    assertEquals([(await endOf(b)).code, (await endOf(c)).code], [1006, 1006]);
    await meet(a, other, await enter(b.id), await enter(c.id));
    await eventually("another is there", () => told(program, "worker-replaced") > i);
  }
  await meet(a, other, await enterAt(2, "d"));
  assertEquals(said(program), [
    ["worker-ended", 2, "Uncaught Error: a test throws", 100],
    ["worker-replaced", 2],
    ["worker-ended", 2, "Uncaught (in promise) Error: a test rejects", 200],
    ["worker-replaced", 2],
  ]);
  assertEquals((await program.stop()).code, 0);
});

test("[WORKER-5] a worker that hangs for a lease ends the process with 1, after the others have stopped", async (stage) => {
  const { program, enterAt } = stage;
  const [a, other] = [await enterAt(1, "a"), await enterAt(1, "other")];
  const b = await enterAt(2, "b");
  await meet(a, b);
  commit(b, { fault: "hang", ms: 0 });
  const traffic = startTraffic(a, other);
  await eventually("the others go on", () => traffic.arrived() > 3);
  await traffic.stop();
  assertEquals([(await endOf(a)).code, (await endOf(b)).code], [1001, 1006]);
  const { code } = await within(program.ended, MAX_MS, "It does not end");
  assertEquals([code, said(program)], [1, [["worker-hangs", 2]]]);
});

test("[WORKER-6] [WORKER-7] a worker that hangs for less, and a process that is stopped for longer, lose nobody and nothing", async (stage) => {
  const { program, enterAt } = stage;
  const [a, other] = [await enterAt(1, "a"), await enterAt(1, "other")];
  const [b, c] = [await enterAt(2, "b"), await enterAt(2, "c")];
  await meet(a, b, other, c);
  const traffic = startTraffic(a, b);
  commit(c, { fault: "hang", ms: LEASE_MS / 2 });
  await eventually("it goes on", () => traffic.arrived() > 5);
  await traffic.stop();
  Deno.kill(program.pid, "SIGSTOP");
  const until = performance.now() + 1.5 * LEASE_MS;
  await eventually("a lease is over", () => performance.now() > until);
  Deno.kill(program.pid, "SIGCONT");
  await meet(a, b, other, c);
  assertEquals(said(program), []);
});

test(
  "[WORKER-8] the clients of a worker that has lost too many descriptors are asked to come back, and another takes its place",
  async (stage) => {
    const { program, enterAt } = stage;
    const [a, other] = [await enterAt(1, "a"), await enterAt(1, "other")];
    const b = await enterAt(2, "b");
    await meet(a, b);
    // A quarter of the descriptors for each of two workers, and 64 at least.
    commit(b, { fault: "leak", count: 63 });
    await meet(a, b);
    commit(b, { fault: "leak", count: 1 });
    const { code, reason } = await endOf(b);
    assertEquals([code, reason], [1012, "Server is restarting"]);
    await eventually("another is there", () => told(program, "worker-replaced") > 0);
    await meet(a, other, await enterAt(2, "c"));
    assertEquals(said(program), [["worker-rotating", 2], ["worker-replaced", 2]]);
    assertMatch(program.lines.join("\n"), /Worker 2 has lost 64 descriptors/);
  },
  { prefix: ["prlimit", "--nofile=512"] },
);
