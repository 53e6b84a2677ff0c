/** FAULT-18: the process runs out of descriptors, and warns at the start that it may. */
import { assert, assertEquals } from "../support/assert.ts";
import { admit, inParallel, type LoadClient, openMany } from "../support/load.ts";
import { test } from "../support/served.ts";

/** Tries for 2 s until the server admits a client. */
async function getIn(wsUrl: string, id: string): Promise<LoadClient> {
  const begin = performance.now();
  while (performance.now() - begin < 2_000) {
    try {
      return await admit({ wsUrl }, id);
    } catch {
      // Refused or dropped: the listener is down at the moment.
    }
  }
  throw new Error("Nobody got in within 2 s of the release");
}

test.program("[FAULT-18] [LIMIT-8] [LIMIT-9] 400 connects with 150 descriptors: admitted clients go on, then others get in", async ({ start, listener }) => {
  await using child = await start({ prefix: ["prlimit", "--nofile=150"] });
  const warning = child.lines.find((line) => line.includes('"few-descriptors"'));
  const { clients, descriptors, wanted, fits } = JSON.parse(warning ?? "null").properties;
  assertEquals([clients, descriptors, wanted, fits], [5_000, 150, 5_064, 86]);

  const { wsUrl, port } = child;
  const inside = await openMany(10, { wsUrl, idOf: (i) => `inside ${i}` });
  const crowd = await inParallel(400, 400, async () => {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch {
      return null;
    }
  });
  const stopped = child.nextLine((line) => line.includes('"relisten"'));
  if (listener === "deno") await stopped;
  for (const [i, client] of inside.entries()) {
    client.send({ type: "OFFER", dst: `inside ${(i + 1) % 10}` });
  }
  await Promise.all(inside.map((client) => client.reached("OFFER", 1)));
  assertEquals(inside.map((client) => client.count("OFFER")), inside.map(() => 1));

  // The crowd stays for longer than the half second after which node looks whether it accepts: after one that comes and
  // goes at once it takes up to four such looks, which is all of the 2 s.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  for (const conn of crowd) conn?.close();
  const late = await getIn(wsUrl, "late");
  await stopped;
  inside[0]?.send({ type: "OFFER", dst: "late" });
  await late.reached("OFFER", 1);
  await Promise.all([...inside, late].map((client) => client.close()));
  assertEquals((await child.stop()).code, 0, "it never exits by itself");
});

test.program("[FAULT-18] [LIMIT-8] with enough descriptors for concurrent_limit there is no warning", async ({ start }) => {
  const prefix = ["bash", "-c", 'ulimit -n 150; exec "$0" "$@"'];
  await using child = await start({ prefix, args: ["--concurrent_limit", "86"] });
  assert(!child.lines.some((line) => line.includes('"few-descriptors"')));
  await using more = await start({ prefix, args: ["--concurrent_limit", "87"] });
  assert(more.lines.some((line) => line.includes('"few-descriptors"')));
});
