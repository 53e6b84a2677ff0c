/**
 * What clients do to a server all day: come, meet, leave, drop, come back, guess tokens, call who is not there.
 *
 * Each episode is one or two clients and ends by itself within a minute. Which one is next comes from a seed, so
 * that a run can be had again.
 */
import { askByStreams, askInARow, resetAtOnce } from "../support/greedy.ts";
import { admit, flood, openLoadClient } from "../support/load.ts";
import { openRaw } from "../support/raw_socket.ts";
import { diceOf, pick } from "../sim/dice.ts";

/** Where the churn goes to. */
export interface ChurnTarget {
  readonly wsUrl: string;
  readonly port: number;
}

/** An episode: its number makes its ids unique, `random` gives numbers from 0 to 1. */
type Episode = (target: ChurnTarget, serial: number, random: () => number) => Promise<void>;

/** Every episode, and how often it comes among the others. */
const EPISODES: Readonly<Record<string, readonly [number, Episode]>> = {
  meet: [30, meet],
  linger: [20, linger],
  absent: [12, absent],
  refresh: [10, refresh],
  drop: [10, drop],
  wrongToken: [10, wrongToken],
  garbage: [5, garbage],
  silent: [2, silent],
  unread: [1, unread],
  greedy: [1, greedy],
  reset: [2, reset],
  collide: [1, collide],
};

/** How many episodes of each name have begun, ended well, and failed. */
export type Tally = Record<string, { begun: number; ended: number; failed: number }>;

/** A churn that goes on until it is stopped. */
export interface Churn {
  readonly tally: Tally;
  /** The first few failures, in words. */
  readonly failures: readonly string[];
  /** Begins no more episodes; settles when all have ended. */
  stop(): Promise<void>;
}

/** Begins `perSecond` episodes a second. */
export function startChurn(target: ChurnTarget, perSecond: number, seed: number): Churn {
  const dice = diceOf(seed);
  const tally: Tally = {};
  const failures: string[] = [];
  const running = new Set<Promise<void>>();
  let serial = 0;
  const begin = (): void => {
    const [name, episode] = pick(dice, CHOICE);
    const row = tally[name] ??= { begun: 0, ended: 0, failed: 0 };
    row.begun++;
    const run: Promise<void> = episode(target, ++serial, dice.chance).then(
      () => void row.ended++,
      (error: unknown) => {
        row.failed++;
        if (failures.length < FAILURES_MAX) failures.push(`${name}: ${String(error)}`);
      },
    ).finally(() => running.delete(run));
    running.add(run);
  };
  const timer = setInterval(begin, 1_000 / perSecond);
  return {
    tally,
    failures,
    stop: async (): Promise<void> => {
      clearInterval(timer);
      await Promise.all(running);
    },
  };
}

const FAILURES_MAX = 20;

/** Each episode as often as it comes among all. */
const CHOICE = Object.entries(EPISODES).flatMap(([name, [weight, episode]]) =>
  Array.from({ length: weight }, () => [name, episode] as const)
);

async function meet(target: ChurnTarget, serial: number): Promise<void> {
  await using a = await admit(target, `meet-a-${serial}`);
  a.send({ type: "OFFER", dst: `meet-b-${serial}`, payload: "o".repeat(3_000) });
  await using b = await admit(target, `meet-b-${serial}`);
  await b.reached("OFFER", 1);
  b.send({ type: "ANSWER", dst: a.id, payload: "a".repeat(3_000) });
  for (let i = 0; i < 20; i++) a.send({ type: "CANDIDATE", dst: b.id, payload: { i } });
  await b.reached("CANDIDATE", 20);
  a.send({ type: "LEAVE", dst: b.id });
  await b.reached("LEAVE", 1);
  a.send({ type: "LEAVE" });
  await a.closed;
}

async function linger(target: ChurnTarget, serial: number, random: () => number): Promise<void> {
  await using client = await admit(target, `linger-${serial}`);
  const beats = Math.floor(random() * 10);
  for (let i = 0; i < beats; i++) {
    client.send({ type: "HEARTBEAT" });
    await pause(4_000);
    await client.roundTrip();
  }
}

async function absent(target: ChurnTarget, serial: number, random: () => number): Promise<void> {
  await using client = await admit(target, `caller-${serial}`);
  const count = 1 + Math.floor(random() * 20);
  for (let i = 0; i < count; i++) client.send({ type: "OFFER", dst: `nobody-${serial}-${i}` });
  if (random() < 0.3) return;
  await client.reached("EXPIRE", count);
}

async function refresh(target: ChurnTarget, serial: number): Promise<void> {
  const id = `page-${serial}`;
  let current = await admit(target, id);
  for (let i = 0; i < 3; i++) {
    const next = await admit(target, id);
    await current.closed;
    current = next;
  }
  await current.close();
}

/** A client that is gone without a word: its end of the connection is closed, no close frame is sent. */
async function drop({ port }: ChurnTarget, serial: number, random: () => number): Promise<void> {
  using _gone = await openRaw(port, `drop-${serial}`);
  await pause(random() * 5_000);
}

async function wrongToken(
  target: ChurnTarget,
  serial: number,
  random: () => number,
): Promise<void> {
  const id = `owner-${serial}`;
  const address = `10.${Math.floor(random() * 4)}.${Math.floor(random() * 256)}.7`;
  await using owner = await admit(target, id);
  for (let i = 0; i < 12; i++) {
    const { wsUrl } = target;
    const guess = await openLoadClient({ wsUrl, id, token: `guess ${i}`, address });
    const answer = await guess.answer;
    if (answer !== "ID-TAKEN" && answer !== "ERROR") throw new Error(`a guess got ${answer}`);
    await guess.close();
    await owner.roundTrip();
  }
}

async function garbage(target: ChurnTarget, serial: number): Promise<void> {
  await using client = await admit(target, `garbage-${serial}`);
  for (let i = 0; i < 16; i++) client.send([i]);
  const { code } = await client.closed;
  if (code !== 4010) throw new Error(`closed with ${code}`);
}

async function silent(target: ChurnTarget, serial: number): Promise<void> {
  await using client = await admit(target, `silent-${serial}`);
  const { code } = await client.closed;
  if (code !== 4008) throw new Error(`closed with ${code}`);
}

/** A reader that stops while more comes for it than the server keeps. */
async function unread(target: ChurnTarget, serial: number): Promise<void> {
  using stuck = await openRaw(target.port, `stuck-${serial}`);
  await using sender = await admit(target, `feeder-${serial}`);
  const done = (): boolean => sender.count("EXPIRE") > 0;
  await flood(sender, { count: 400, dstOf: () => `stuck-${serial}`, bytes: 60_000, done });
  await stuck.drain();
}

/** A list of peers that is long, asked for in a row and by streams of HTTP/2, and left unread for a while. */
async function greedy(target: ChurnTarget, serial: number, random: () => number): Promise<void> {
  const ids = Array.from({ length: 40 }, (_, i) => `greedy-${serial}-${i}-`.padEnd(250, "x"));
  const clients = await Promise.all(ids.map((id) => admit(target, id)));
  const path = "/peerjs/peers";
  using _inARow = await askInARow(target.port, path, 30);
  // With node a connection that speaks HTTP/2 is only ended.
  using _byStreams = await askByStreams(target.port, path, 50);
  await pause(random() * 5_000);
  await Promise.all(clients.map((client) => client.close()));
}

/** Resets during the upgrade, of which `Deno.serve` keeps the descriptor: the figures show how many. */
async function reset({ port }: ChurnTarget): Promise<void> {
  for (let i = 0; i < 3; i++) await resetAtOnce(port);
}

/** Texts and destinations that V8 hashes alike, with all that one client may send. */
async function collide(target: ChurnTarget, serial: number): Promise<void> {
  await using client = await admit(target, `collide-${serial}`);
  const alike = Array.from({ length: 5_000 }, (_, i) => `${131_072 * (i + 1)}`);
  for (let i = 0; i < 50; i++) {
    client.send({ type: "OFFER", dst: `${65_536 * (serial + i)}`, payload: alike });
  }
  await client.roundTrip();
}

/** Waits. */
export async function pause(delayMs: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, delayMs);
  await promise;
}
