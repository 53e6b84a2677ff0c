/**
 * An engine in a test's hands: commands with what matters of them, the time, and what came of them.
 *
 * @module
 */
import {
  emptyEngine,
  type Engine,
  type EngineAnswer,
  type EngineBounds,
  type EngineCommand,
  engineViolations,
  LAYOUT,
  nodeName,
  type Notice,
  type Published,
  runCommand,
} from "../../core/cluster/mod.ts";
import { millis, owner, peerId } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";

export const LEASE_MS = 100;
export const GRACE_MS = 50;
export const MAIL_MS = 60;

/** A claim as a test writes it. */
export interface Written {
  readonly id: string;
  readonly seq: number;
  readonly owner?: string;
}

/** An engine, and the number of the connection over which each of its nodes asks: 1 unless a test says otherwise. */
export class Directory {
  engine: Engine;
  now = 1_000;
  published: readonly Published[] = [];
  readonly conns = new Map<string, number>();
  readonly #ops = new Map<string, number>();

  constructor(bounds?: EngineBounds) {
    this.engine = emptyEngine(bounds);
  }

  /** Lets time pass. */
  wait(ms: number): void {
    this.now += ms;
  }

  /** Runs a command, and looks whether the engine contradicts itself. */
  run(command: EngineCommand): EngineAnswer {
    const [engine, answer, published] = runCommand(this.engine, command, millis(this.now));
    assertEquals(engineViolations(engine, millis(this.now)), []);
    this.engine = engine;
    this.published = published;
    return answer;
  }

  join(node: string, generation = "g", layout = LAYOUT): EngineAnswer {
    const times = { leaseMs: LEASE_MS, graceMs: GRACE_MS, mailMs: MAIL_MS };
    return this.run({ kind: "join", ...this.#asker(node), generation, layout, ...times });
  }

  beat(node: string, seen = 0): EngineAnswer {
    return this.run({ kind: "beat", ...this.#asker(node), leaseMs: LEASE_MS, seen, probe: 7 });
  }

  pull(node: string, seen = 0): EngineAnswer {
    return this.run({ kind: "pull", ...this.#asker(node), seen });
  }

  open(
    node: string,
    id: string,
    who = "o",
    { op = this.#next(node), limit = 0 } = {},
  ): EngineAnswer {
    const claim = { id: peerId(id), owner: owner(who) };
    return this.run({ kind: "open", ...this.#asker(node), op, ...claim, mayReplace: true, limit });
  }

  close(node: string, ...claims: readonly Written[]): EngineAnswer {
    const held = claims.map(({ id, seq }) => ({ id: peerId(id), seq }));
    return this.run({ kind: "close", ...this.#asker(node), op: this.#next(node), claims: held });
  }

  abandon(node: string, id: string, op: number): EngineAnswer {
    return this.run({ kind: "abandon", ...this.#asker(node), op, id: peerId(id) });
  }

  route(node: string, id: string): EngineAnswer {
    return this.run({ kind: "route", ...this.#asker(node), id: peerId(id) });
  }

  reap(node: string, dead: string): EngineAnswer {
    return this.run({ kind: "reap", ...this.#asker(node), dead: nodeName(dead) });
  }

  restore(node: string, ...claims: readonly Written[]): EngineAnswer {
    const held = claims.map(({ id, seq, owner: who = "o" }) => ({
      ...{ id: peerId(id), seq, owner: owner(who) },
    }));
    return this.run({ kind: "restore", ...this.#asker(node), op: this.#next(node), claims: held });
  }

  /** The seq with which a node gets an id. */
  claim(node: string, id: string, who = "o"): number {
    const answer = this.open(node, id, who);
    if (answer.kind !== "opened") throw new Error(`${id} is not opened, but ${answer.kind}`);
    return answer.seq;
  }

  #asker(node: string): { node: ReturnType<typeof nodeName>; conn: number } {
    return { node: nodeName(node), conn: this.conns.get(node) ?? 1 };
  }

  #next(node: string): number {
    const op = (this.#ops.get(node) ?? 0) + 1;
    this.#ops.set(node, op);
    return op;
  }
}

/** An engine with nodes that joined, whose grace is over. */
export function directory(...nodes: readonly string[]): Directory {
  const d = new Directory();
  for (const node of nodes) d.join(node);
  d.wait(GRACE_MS);
  return d;
}

export const evicted = (id: string, seq: number): Notice => ({
  kind: "evicted",
  id: peerId(id),
  seq,
});
export const arrived = (node: string, id: string, seq: number): Notice => ({
  ...{ kind: "arrived", id: peerId(id), node: nodeName(node), seq },
});
export const held = (node: string, seq: number): EngineAnswer => ({
  ...{ kind: "held", node: nodeName(node), seq },
});
export const doorbell = (to: string): Published => ({ kind: "doorbell", to: nodeName(to) });
export const pulled = (last: number, ...notices: Notice[]): EngineAnswer => ({
  ...{ kind: "pulled", last, notices },
});
