/** FAULT-19 and FAULT-20: all clients go and come back at once, and the server stops under load. */
import { assert, assertEquals } from "../support/assert.ts";
import { admit, flood, type LoadClient, openMany } from "../support/load.ts";
import { openRaw } from "../support/raw_socket.ts";
import type { Child } from "../support/child.ts";
import { within } from "../support/peer_socket.ts";
import { test } from "../support/served.ts";

/** `figures.ts` uses 5,000. */
const CROWD = 500;

async function peerCount({ url }: Child): Promise<number> {
  return (await (await fetch(`${url}peerjs/peers`)).json()).length;
}

/** Waits until every client is admitted, which is a moment after its upgrade. */
async function allIn(child: Child): Promise<void> {
  while (await peerCount(child) !== CROWD + 1);
}

test.program("[FAULT-19] a crowd that is dropped at once and back at once is admitted, each under its own id", async ({ start }) => {
  await using child = await start({ args: ["--allow_discovery"] });
  await using witness = await admit(child, "witness");
  const comeAll = async (): Promise<Disposable[]> =>
    await Promise.all(Array.from({ length: CROWD }, (_, i) => openRaw(child.port, `peer-${i}`)));
  const first = await comeAll();
  await within(allIn(child), 10_000, "Not all are in");
  for (const socket of first) socket[Symbol.dispose]();
  const second = await comeAll();
  await within(allIn(child), 10_000, "Not all are in again");
  await witness.roundTrip();
  assertEquals(await peerCount(child), CROWD + 1, "and they stay");
  for (const socket of second) socket[Symbol.dispose]();
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test.program(`[FAULT-20] [LIFE-3] ${signal} under load: clients are told, and it exits with 0 in 5 s`, async ({ start }) => {
    await using child = await start({ args: ["--frame_rate", "0"] });
    const clients = await openMany(40, { wsUrl: child.wsUrl, idOf: (i) => `peer ${i}` });
    using _stuck = await openRaw(child.port, "stuck");
    let over = false;
    const [talking, quiet] = [clients.slice(0, 20), clients.slice(20)];
    const talks = talking.map((client, i) => {
      const dstOf = (n: number): string => n % 3 === 0 ? "stuck" : `peer ${20 + i}`;
      const done = (): boolean => over;
      // The client ends with its socket.
      return flood(client, { count: 1e6, dstOf, bytes: 5_000, done }).catch(() => {});
    });
    await Promise.all(quiet.map((client) => client.reached("CANDIDATE", 20)));
    const begin = performance.now();
    const status = await child.stop(signal);
    over = true;
    assertEquals([status.code, status.signal], [0, null]);
    assert(performance.now() - begin < 5_000, "in 5 s");
    await Promise.all(talks);
    const codeOf = async (client: LoadClient): Promise<number> => (await client.closed).code;
    assertEquals(await Promise.all(quiet.map(codeOf)), quiet.map(() => 1001));
    // 1006 if the client's own frames crossed the close.
    const codes = await Promise.all(talking.map(codeOf));
    assert(codes.every((code) => code === 1001 || code === 1006), codes.join());
  });
}

test.program("[FAULT-20] [LIFE-3] a second signal ends the process at once, even if clients do not answer", async ({ start }) => {
  await using child = await start();
  using _stuck = await openRaw(child.port, "stuck");
  await child.nextLine((line) => line.includes('"connected"'));
  const status = child.stop("SIGTERM");
  await child.nextLine((line) => line.includes('"stopping"'));
  const begin = performance.now();
  void child.stop("SIGINT");
  assertEquals((await status).code, 1);
  assert(performance.now() - begin < 1_900, "not after the 2 s that clients are given");
});
