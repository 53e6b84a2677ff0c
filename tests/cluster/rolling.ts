/**
 * A rolling restart under load: pairs of clients hold one conversation after the other, while each node of a cluster is
 * asked to stop and replaced by another. As a program it prints what came of that:
 *
 *     deno run -A --frozen tests/cluster/rolling.ts --pairs 200 --drain 10 --listener deno
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import type { Child } from "../support/child.ts";
import { startDaemon } from "./daemon.ts";
import { findRedis } from "./redis.ts";
import { type Balancer, Roamer } from "./roamer.ts";
import { eventually, joins, startNode, told } from "./stage.ts";

export interface RollingOptions {
  /** Where redis-server is. */
  readonly path: string;
  readonly nodes: number;
  readonly pairs: number;
  /** Option `drain` of each node, at most 25 s; and its other flags. */
  readonly drainS: number;
  readonly args: readonly string[];
  /** How long until a client tries to come back. */
  readonly comeBackMs: () => number;
}

/** What came of a rolling restart. */
export interface Rolled {
  readonly begun: number;
  readonly ended: number;
  /** The conversations that lost a message. */
  readonly lost: number;
  /** Messages that came twice. */
  readonly twice: number;
  readonly messages: number;
  /** How long clients were away, in milliseconds, in ascending order. */
  readonly awayMs: readonly number[];
  readonly codes: Readonly<Record<number, number>>;
  /** Sockets that a node turned away, after which another was tried. */
  readonly turnedAway: number;
  /** The exit code of each node, and how long its end took. */
  readonly ends: readonly (readonly [code: number, ms: number])[];
}

/** Candidates from each side of a conversation, and about how long it takes. */
const CANDIDATES = 4;
const LASTS_MS = 3_000;

/** Longest that a message may be on its way: it expires before. */
const ARRIVES_MS = 8_000;

/** A message in a conversation. */
interface Words {
  readonly conversation: number;
  readonly n: number;
}

/** One conversation: an offer, its answer, and candidates from both sides. */
class Conversation {
  /** What arrived, by its sender. */
  readonly heard = new Map<string, Set<number>>();
  twice = 0;

  /** Whether the offer, the answer and the candidates that follow each of them have arrived. */
  get isComplete(): boolean {
    const counts = [...this.heard.values()].map(({ size }) => size);
    return counts.length === 2 && counts.every((count) => count === 1 + CANDIDATES);
  }

  hear(src: string, n: number): void {
    const heard = this.heard.get(src) ?? new Set();
    if (heard.has(n)) this.twice++;
    heard.add(n);
    this.heard.set(src, heard);
  }
}

/** Pairs that talk until it is over. */
class Load {
  readonly roamers: Roamer[] = [];
  readonly conversations: Conversation[] = [];
  messages = 0;
  isOver = false;
  readonly #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(readonly pairs: number, balancer: Balancer, comeBackMs: () => number) {
    for (let i = 0; i < 2 * pairs; i++) {
      const id = `peer-${i}`;
      this.roamers.push(
        new Roamer({ id, balancer, comeBackMs, hear: (frame) => this.#hear(i, frame) }),
      );
    }
  }

  /** A pair begins to talk, again and again. */
  talk(pair: number): void {
    if (this.isOver) return;
    const number = this.conversations.push(new Conversation()) - 1;
    this.#say(2 * pair, number, "OFFER");
    this.#after(LASTS_MS * (1 + Math.random()), () => this.talk(pair));
  }

  /** All has been said, and what was said has arrived or will not. */
  async end(): Promise<void> {
    this.isOver = true;
    const isDone = (): boolean => this.conversations.every(({ isComplete }) => isComplete);
    const endAt = performance.now() + 2 * LASTS_MS + ARRIVES_MS;
    await eventually("the conversations end", () => isDone() || performance.now() > endAt);
    for (const timer of this.#timers) clearTimeout(timer);
    await Promise.all(this.roamers.map((roamer) => roamer.leave()));
  }

  #roamer(i: number): Roamer {
    const roamer = this.roamers[i];
    if (roamer === undefined) throw new RangeError(`There is no client ${i}`);
    return roamer;
  }

  /** Says something to the other one of a pair, and after that candidates. */
  #say(i: number, conversation: number, type: "OFFER" | "ANSWER"): void {
    const dst = `peer-${i ^ 1}`;
    const send = (type: string, n: number): void => {
      this.messages++;
      const payload: Words = { conversation, n };
      this.#roamer(i).send({ type, dst, payload });
    };
    send(type, 0);
    for (let n = 1; n <= CANDIDATES; n++) {
      this.#after(Math.random() * LASTS_MS, () => send("CANDIDATE", n));
    }
  }

  #hear(i: number, frame: { readonly type: string; readonly src: string; payload: unknown }): void {
    if (frame.type === "EXPIRE") return;
    const { conversation, n }: Words = Object(frame.payload);
    this.conversations[conversation]?.hear(frame.src, n);
    if (frame.type === "OFFER") this.#say(i, conversation, "ANSWER");
  }

  #after(ms: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Starts a cluster and its load, and restarts each node once. */
export async function roll(options: RollingOptions): Promise<Rolled> {
  await using stack = new AsyncDisposableStack();
  const redis = stack.use(await startDaemon({ path: options.path }));
  const args = ["--drain", `${options.drainS}`, ...options.args];
  const start = async (): Promise<Child> => {
    const node = stack.use(await startNode(redis.url, args));
    await joins(node, 1);
    return node;
  };
  const nodes = await Promise.all(Array.from({ length: options.nodes }, start));
  await redis.send("HSET", "{signalbox}:gen", "grace", 0);
  let turn = 0;
  const balancer: Balancer = {
    next: () => nodes[turn++ % nodes.length]?.wsUrl ?? "",
    count: () => nodes.length,
  };
  const load = new Load(options.pairs, balancer, options.comeBackMs);
  await Promise.all(load.roamers.map(({ opened }) => opened));
  for (let pair = 0; pair < options.pairs; pair++) load.talk(pair);
  const ends: (readonly [number, number])[] = [];
  for (const [i, node] of [...nodes.entries()]) {
    const askedAt = performance.now();
    Deno.kill(node.pid, "SIGTERM");
    // A drain may take longer than `stop` waits.
    const isOver = (): boolean => told(node, "drained") > 0 || options.drainS === 0;
    await eventually("the drain is over", isOver);
    const { code } = await node.stop("SIGCONT");
    ends.push([code, performance.now() - askedAt]);
    nodes[i] = await start();
  }
  await load.end();
  return rolled(load, ends);
}

function rolled({ conversations, messages, roamers }: Load, ends: Rolled["ends"]): Rolled {
  const ended = conversations.filter(({ isComplete }) => isComplete).length;
  const codes: Record<number, number> = {};
  for (const [code, count] of roamers.flatMap((one) => [...one.codes])) {
    codes[code] = (codes[code] ?? 0) + count;
  }
  return {
    begun: conversations.length,
    ended,
    lost: conversations.length - ended,
    twice: conversations.reduce((sum, { twice }) => sum + twice, 0),
    messages,
    awayMs: roamers.flatMap(({ awayMs }) => awayMs).sort((a, b) => a - b),
    codes,
    turnedAway: roamers.reduce((sum, one) => sum + one.turnedAway, 0),
    ends,
  };
}

/** The report of a rolling restart, for people. */
export function report(result: Rolled): string {
  const { begun, ended, lost, twice, messages, awayMs, codes, turnedAway, ends } = result;
  const at = (share: number): string =>
    `${Math.round(awayMs[Math.min(awayMs.length - 1, Math.floor(share * awayMs.length))] ?? 0)} ms`;
  return [
    `conversations: ${begun} begun, ${ended} ended, ${lost} lost; ${messages} messages, ${twice} twice`,
    `away: ${awayMs.length} times, median ${at(0.5)}, p99 ${at(0.99)}, longest ${at(1)}`,
    `closed with: ${JSON.stringify(codes)}; turned away ${turnedAway} times`,
    `nodes: ${ends.map(([code, ms]) => `exit ${code} after ${Math.round(ms)} ms`).join(", ")}`,
  ].join("\n");
}

if (import.meta.main) {
  const given = parseArgs(Deno.args, { string: ["pairs", "drain", "listener", "nodes", "away"] });
  const search = findRedis();
  if (search.kind === "missing") throw new Error(search.reason);
  const awayMs = Number(given.away ?? 300);
  const result = await roll({
    path: search.path,
    nodes: Number(given.nodes ?? 3),
    pairs: Number(given.pairs ?? 150),
    drainS: Number(given.drain ?? 5),
    args: ["--listener", given.listener ?? "deno", "--expire_timeout", "5000"],
    comeBackMs: () => awayMs * (0.5 + Math.random()),
  });
  console.log(report(result));
}
