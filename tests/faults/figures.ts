/**
 * The figures behind what a test only bounds: 100 hostile clients, and 5,000 that are dropped and come back. Not a
 * test: run it on a quiet machine.
 *
 * `deno run -A tests/faults/figures.ts [deno|node] [crowd|hostile]`
 */
import { type Child, startChild } from "../support/child.ts";
import { admit, inParallel, roundTrips } from "../support/load.ts";
import { frame, OPCODE, openRaw, repeated } from "../support/raw_socket.ts";
import { peakRss, vitalsOf } from "../support/vitals.ts";

const listener = Deno.args[0] ?? "deno";
const MB = 1e6;

async function start(args: readonly string[] = []): Promise<Child> {
  return await startChild({ args: ["--listener", listener, "--byte_rate", "0", ...args] });
}

function say(what: string, figures: Readonly<Record<string, number | string>>): void {
  const text = Object.entries(figures).map(([name, value]) =>
    `${name} ${typeof value === "number" ? Math.round(value * 100) / 100 : value}`
  );
  console.log(`${listener}: ${what}: ${text.join(", ")}`);
}

async function memory(pid: number): Promise<Record<string, number>> {
  return { peakMB: await peakRss(pid) / MB, rssMB: (await vitalsOf(pid)).rss / MB };
}

/** Row 19: the crowd; the longest that a witness waited is how long the loop was blocked, at most. */
async function crowd(count: number, args: readonly string[] = []): Promise<void> {
  await using child = await start(["--concurrent_limit", "10000", ...args]);
  await using witness = await admit(child, "witness");
  let refused = 0;
  const comeAll = async (): Promise<(Disposable | null)[]> =>
    await inParallel(count, 512, async (i) => {
      try {
        return await openRaw(child.port, `peer-${i}`);
      } catch {
        refused++;
        return null;
      }
    });
  const first = await comeAll();
  await witness.roundTrip();
  for (const socket of first) socket?.[Symbol.dispose]();
  const begin = performance.now();
  const back = comeAll();
  const times = await roundTrips(witness, back);
  const second = await back;
  const backMs = performance.now() - begin;
  say(`${count} dropped and back ${args.join(" ")}`, {
    backMs,
    refused,
    longestWaitMs: times.at(-1) ?? NaN,
    ...await memory(child.pid),
  });
  for (const socket of second) socket?.[Symbol.dispose]();
  await witness.roundTrip();
}

/** What 100 hostile clients can make the process hold, each in its own way. */
async function hostile(): Promise<void> {
  const part = (fin: boolean, opcode: number, bytes: number): Uint8Array =>
    frame(new Uint8Array(bytes).fill(0x20), { opcode, fin });
  const fragments = part(false, OPCODE.continuation, 60_000);
  const crumbs = repeated(part(false, OPCODE.continuation, 1), 5_000);
  const offer = `{"type":"CANDIDATE","payload":"${"x".repeat(250_000)}","dst":"self"}`;
  const unfinished = frame("", { claimed: 60_000_000n });
  const ways: Record<string, readonly [first: Uint8Array, again: Uint8Array, times: number]> = {
    "frames of 60 MB, unfinished": [unfinished, new Uint8Array(1_000_000), 59],
    "fragments of 60 kB without end": [part(false, OPCODE.text, 60_000), fragments, 500],
    "fragments of one byte": [part(false, OPCODE.text, 1), crumbs, 40],
    "messages of 250 kB at full speed": [new Uint8Array(0), frame(offer), 200],
  };
  for (const [name, [first, again, times]] of Object.entries(ways)) {
    await using child = await start();
    const before = (await vitalsOf(child.pid)).rss;
    const clients = await inParallel(100, 20, (i) => openRaw(child.port, `client ${i}`));
    await Promise.all(clients.map(async (client) => {
      if (first.length > 0) await client.write(first);
      for (let i = 0; i < times && await client.write(again); i++);
    }));
    const { peakMB = 0, rssMB = 0 } = await memory(child.pid);
    say(`100 clients: ${name}`, { peakMB: peakMB - before / MB, afterMB: rssMB - before / MB });
    for (const client of clients) client[Symbol.dispose]();
  }
}

if (Deno.args[1] !== "crowd") await hostile();
if (Deno.args[1] !== "hostile") await crowd(5_000);
