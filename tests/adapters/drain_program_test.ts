/** What a signal does to the program with option `drain`. */
import { assert, assertEquals } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { join } from "../support/peer_socket.ts";

Deno.test("[LIFE-6] [LIFE-3] SIGTERM drains the server, which ends with 0 once nobody is there, on Deno Deploy in time", async () => {
  // With the 60 s asked for, nobody would be closed within the 5 s that Deno Deploy gives.
  await using child = await startChild({
    args: ["--drain", "60"],
    env: { DENO_DEPLOYMENT_ID: "some" },
  });
  await using a = await join(child, "a");
  const ended = child.stop("SIGTERM");
  const { code, reason } = await a.closed;
  assertEquals([code, reason], [1012, "Server is restarting"]);
  assertEquals((await ended).code, 0);
  const events = child.lines.map((line) => JSON.parse(line).properties);
  const told = events.filter(({ event }) => ["draining", "drained"].includes(event));
  assertEquals(told, [
    { event: "draining", clients: 1, seconds: 4 },
    { event: "drained", clients: 0 },
  ]);
});

Deno.test("[LIFE-3] a signal counts from the line on that says where it listens, and once if a launcher passes it on too", async () => {
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    await using child = await startChild({ args: ["--drain", "1"] });
    Deno.kill(child.pid, signal);
    await child.nextLine((line) => line.includes('"stopping"'));
    assertEquals((await child.stop(signal)).code, 0);
  }
});

Deno.test("[LIFE-6] a second signal ends a drain at once", async () => {
  await using child = await startChild({ args: ["--drain", "3600"] });
  await using a = await join(child, "a");
  const ended = child.stop("SIGTERM");
  await child.nextLine((line) => line.includes('"draining"'));
  void child.stop("SIGINT");
  assertEquals((await ended).code, 1);
  assert((await a.closed).code !== 1012, "nobody was closed yet");
});
