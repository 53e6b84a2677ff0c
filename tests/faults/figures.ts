/**
 * Measures what tests only bound: 100 hostile clients, 180 MB to absent peers, 150 MB to a reader that stopped,
 * unread answers, and 5,000 clients that are dropped and come back. It is not a test: run it on a quiet machine.
 *
 * `deno run -A tests/faults/figures.ts [deno|node] [answers|crowd|hostile]`
 *
 * @module
 */
import { type Child, startChild } from "../support/child.ts";
import { askByStreams, askInARow } from "../support/greedy.ts";
import {
  flood,
  inParallel,
  openLoadClient,
  openMany,
  openUnread,
  quantile,
  roundTrips,
} from "../support/load.ts";
import { frame, OPCODE, openRaw } from "../support/raw_socket.ts";
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

/** FAULT-14: 3,000 messages of 60,000 bytes to absent peers. */
async function toNobody(sourceCount: number): Promise<void> {
  // Stands for many addresses: those of this machine share a quarter, so a quarter is the store's default size.
  await using child = await start(["--max_queue_bytes", String(4 * 64 * 1024 * 1024)]);
  const sources = await openMany(sourceCount, { wsUrl: child.wsUrl, idOf: (i) => `source ${i}` });
  const before = await memory(child.pid);
  const begin = performance.now();
  const each = 3_000 / sourceCount;
  await inParallel(sourceCount, 32, async (i) => {
    const source = sources[i];
    if (source === undefined) return;
    await flood(source, { count: each, dstOf: (n) => `nobody ${i} ${n}`, bytes: 60_000 });
  });
  const sentMs = performance.now() - begin;
  const atOnce = sources.reduce((sum, source) => sum + source.count("EXPIRE"), 0);
  await Promise.all(sources.map((source) => source.reached("EXPIRE", each)));
  await Promise.all(sources.map((source) => source.roundTrip()));
  const ends = sources.reduce((sum, source) => sum + source.count("EXPIRE"), 0);
  say(`180 MB to nobody from ${sourceCount}`, {
    sentMs,
    atOnce,
    ends,
    beforeMB: before["rssMB"] ?? NaN,
    ...await memory(child.pid),
  });
  await Promise.all(sources.map((source) => source.close()));
}

/** FAULT-15: the latency of other messages during a flood to a client that reads, and to one that does not. */
async function unread(): Promise<void> {
  for (const reads of [true, false]) {
    await using child = await start();
    const [sender, other] = await openMany(2, { wsUrl: child.wsUrl, idOf: (i) => `peer ${i}` });
    if (sender === undefined || other === undefined) return;
    const before = await memory(child.pid);
    const reader = reads ? await openLoadClient({ wsUrl: child.wsUrl, id: "reader" }) : null;
    using stuck = reads ? null : await openUnread(child.port, "reader");
    const fed = flood(sender, {
      count: 2_500,
      dstOf: () => "reader",
      bytes: 60_000,
      type: "OFFER",
    });
    const times = await roundTrips(other, fed);
    await fed;
    say(`150 MB for one that ${reads ? "reads" : "stopped"}`, {
      othersMedianMs: quantile(times, 0.5),
      othersP99Ms: quantile(times, 0.99),
      samples: times.length,
      refused: sender.count("EXPIRE"),
      throughMB: reads ? 150 : (await stuck?.drain() ?? NaN) / MB,
      beforeMB: before["rssMB"] ?? NaN,
      ...await memory(child.pid),
    });
    await reader?.close();
    await Promise.all([sender.close(), other.close()]);
  }
}

/** FAULT-19: the longest wait of a witness bounds the time that the event loop was blocked. */
async function crowd(count: number, args: readonly string[] = []): Promise<void> {
  await using child = await start(["--concurrent_limit", "10000", ...args]);
  await using witness = await openLoadClient({ wsUrl: child.wsUrl, id: "witness" });
  await witness.reached("OPEN", 1);
  let refused = 0;
  const comeAll = async (): Promise<(Disposable | null)[]> =>
    await inParallel(count, 512, async (i) => {
      try {
        return await openUnread(child.port, `peer-${i}`);
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
    p99Ms: quantile(times, 0.99),
    ...await memory(child.pid),
  });
  for (const socket of second) socket?.[Symbol.dispose]();
  await witness.roundTrip();
}

/** The memory that 100 hostile clients can make the process hold, for each attack. */
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

function repeated(bytes: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(bytes.length * times);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}

/** The memory of unread lists of 5,000 ids of 768 bytes, and of unread short answers. */
async function answers(): Promise<void> {
  await using child = await start(["--allow_discovery"]);
  const { wsUrl, port } = child;
  const clients = await openMany(5_000, { wsUrl, idOf: (i) => `${i}`.padEnd(256, "…") });
  const ways: Record<string, (i: number) => Promise<Disposable>> = {
    "lists, 200 connections, 30 in a row": () => askInARow(port, "/peerjs/peers", 30),
    "short answers, 200 connections, 5,000 in a row": () => askInARow(port, "/peerjs/id", 5_000),
    "lists, 20 connections, 200 streams": () => askByStreams(port, "/peerjs/peers", 200),
    "short answers, 100 connections, 200 streams": () => askByStreams(port, "/peerjs/id", 200),
  };
  for (const [name, way] of Object.entries(ways)) {
    const before = (await vitalsOf(child.pid)).rss;
    const greedy = await inParallel(Number(/(\d+) connections/.exec(name)?.[1]), 16, way);
    await clients[0]?.roundTrip();
    const { peakMB = 0, rssMB = 0 } = await memory(child.pid);
    say(name, { peakMB, grownMB: rssMB - before / MB });
    for (const one of greedy) one[Symbol.dispose]();
  }
  await Promise.all(clients.map((client) => client.close()));
}

if (Deno.args[1] === "answers") {
  await answers();
  Deno.exit();
}
await hostile();
if (Deno.args[1] === "hostile") Deno.exit();
if (Deno.args[1] !== "crowd") {
  await toNobody(1);
  await toNobody(1_000);
  await unread();
}
await crowd(5_000);
await crowd(5_000, ["--max_closing_sockets", "10000"]);
