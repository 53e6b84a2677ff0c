/**
 * Histories of a directory: acts that fast-check can make and shrink, and a player that turns them into commands of
 * nodes. An act names a node, a claim or an earlier command by a number that is looked up when its turn comes, so that
 * it still means something when the acts before it are taken away.
 *
 * @module
 */
import fc from "fast-check";
import {
  emptyEngine,
  type Engine,
  type EngineAnswer,
  type EngineBounds,
  type EngineCommand,
  LAYOUT,
  type NodeName,
  nodeName,
  type Published,
  runCommand,
} from "../../core/cluster/mod.ts";
import { mapEntries, millis, type Owner, owner, type PeerId, peerId } from "../../core/mod.ts";
import { GRACE_MS, MAIL_MS } from "./directory.ts";

/** Small, so that every history comes to them. */
export const BOUNDS: EngineBounds = { nodes: 5, batch: 2, notices: 2, waiting: 3, waiters: 2 };

/** So long that nodes live on without many beats. */
const LEASE_MS = 1_000;

/** What happens next, and how long after the act before; a clock may run back. */
export interface Act {
  readonly wait: number;
  readonly kind: Kind;
  /** Which node, of those that ever were. */
  readonly node: number;
  /** Which claim, command, or other node. */
  readonly pick: number;
  readonly id: string;
  readonly owner: string;
  /** What is off by how much: a seq, a number of a connection or of a write. */
  readonly off: number;
  /** Whether the node gets the answer. */
  readonly isHeard: boolean;
}

type Kind = EngineCommand["kind"] | "rename" | "again" | "steal" | "lose";

/** What the engine was asked, or that it is another one now. */
export type Moment =
  | { readonly kind: "command"; readonly command: EngineCommand; readonly now: number }
  | { readonly kind: "lost"; readonly engine: Engine };

/** One command, what was before, and what came of it. */
export interface Step {
  readonly before: Engine;
  readonly command: EngineCommand;
  readonly now: number;
  readonly after: Engine;
  readonly answer: EngineAnswer;
  readonly published: readonly Published[];
}

/** Looks at a history, and throws where a law is broken. */
export interface Law {
  readonly look: (step: Step) => void;
  /** The engine is another one from now on. */
  readonly lost?: () => void;
}

/** An engine, whole or broken on purpose. */
export type Run = typeof runCommand;

const KINDS: Readonly<Record<Kind, number>> = {
  ...{ join: 4, beat: 16, pull: 4, open: 20, close: 6, abandon: 4, route: 10, reap: 12 },
  ...{ restore: 8, rename: 2, again: 8, steal: 3, lose: 1 },
};

/** Acts, at most so many; a clock that runs back is no part of what the laws promise. */
export function acts(isClockSteady: boolean, maxLength = 120): fc.Arbitrary<Act[]> {
  const wait = [
    ...Array(40).fill(0),
    1,
    1,
    1,
    10,
    10,
    10,
    49,
    50,
    50,
    50,
    59,
    60,
    500,
    500,
    500,
    999,
    1_000,
  ];
  const act = fc.record({
    wait: fc.constantFrom(...wait, ...(isClockSteady ? [] : [-1, -50, -500])),
    kind: fc.oneof(
      ...Object.entries(KINDS).map(([kind, weight]) => ({
        weight,
        arbitrary: fc.constant(kind as Kind),
      })),
    ),
    node: fc.constantFrom(0, 0, 0, 1, 1, 1, 2, 2, 3, 4),
    pick: fc.nat(20),
    id: fc.constantFrom("a", "a", "b", "c", "d", "d e", "7", "ü~"),
    owner: fc.constantFrom("o", "o", "o", "p"),
    off: fc.constantFrom(0, 0, 0, 0, 0, 0, -1, 1),
    isHeard: fc.constantFrom(true, true, true, false),
  });
  return fc.array(act, { maxLength, size: "max" });
}

/** Plays acts from the beginning; returns what the engine was asked. */
export function play(
  list: readonly Act[],
  { laws = [], run = runCommand }: { readonly laws?: readonly Law[]; readonly run?: Run } = {},
): Moment[] {
  const player = new Player();
  const moments: Moment[] = [];
  let engine = emptyEngine(BOUNDS);
  const former = [engine];
  let now = 4e12;
  for (const act of list) {
    now += act.wait;
    if (act.kind === "lose") {
      engine = former[former.length - 1 - act.pick * 3] ?? emptyEngine(BOUNDS);
      moments.push({ kind: "lost", engine });
      for (const { lost } of laws) lost?.();
      continue;
    }
    const command = player.commandFor(act, engine);
    if (command === null) continue;
    moments.push({ kind: "command", command, now });
    const [after, answer, published] = run(engine, command, millis(now));
    for (const { look } of laws) look({ before: engine, command, now, after, answer, published });
    if (act.isHeard) player.hear(command, answer);
    engine = after;
    former.push(engine);
  }
  return moments;
}

interface Held {
  readonly id: PeerId;
  readonly seq: number;
  readonly owner: Owner;
}

/** What a node knows. */
interface Knowing {
  readonly name: NodeName;
  readonly conn: number;
  readonly op: number;
  readonly seen: number;
  /** The engine said that it is dead: mostly it comes back under another name. */
  readonly isGone: boolean;
  readonly held: readonly Held[];
}

/** The nodes. A place is one process, which may come back under another name. */
class Player {
  readonly #places: Knowing[] = [];
  readonly #sent: EngineCommand[] = [];
  #names = 0;

  /** The command that an act is; `null` where it is none now. */
  commandFor(act: Act, engine: Engine): EngineCommand | null {
    const command = this.#make(act, engine);
    if (command !== null) this.#sent.push(command);
    return command;
  }

  /** The node learns what came of its command. */
  hear(command: EngineCommand, answer: EngineAnswer): void {
    const i = this.#places.findIndex(({ name }) => name === command.node);
    const place = this.#places[i];
    if (place === undefined) return;
    if (answer.kind === "opened" && command.kind === "open") {
      const { id, owner } = command;
      const others = place.held.filter((held) => held.id !== id);
      this.#places[i] = { ...place, held: [...others, { id, owner, seq: answer.seq }] };
    }
    if (answer.kind === "closed" && command.kind === "close") {
      const isClosed = ({ id }: Held): boolean => command.claims.some((one) => one.id === id);
      this.#places[i] = { ...place, held: place.held.filter((held) => !isClosed(held)) };
    }
    if (answer.kind === "gone") this.#places[i] = { ...place, isGone: true };
    if (answer.kind === "pulled" || answer.kind === "beaten") {
      this.#places[i] = { ...place, seen: answer.last };
    }
  }

  #make(act: Act, engine: Engine): EngineCommand | null {
    if (act.kind === "again") return this.#sent.at(-1 - act.pick) ?? null;
    const i = Math.min(act.node, this.#places.length);
    const known = this.#places[i];
    const isNew = known === undefined || act.kind === "rename" ||
      (known.isGone && act.pick % 4 > 0);
    if (isNew || act.kind === "join") {
      const isSame = known !== undefined && !isNew;
      const name = isSame ? known.name : nodeName(`n${this.#names++}`);
      const conn = isSame ? known.conn + (act.off === 0 ? 1 : 0) : 1;
      const fresh = { op: 0, seen: 0, isGone: false };
      this.#places[i] = { ...fresh, held: [], ...known, ...(isSame ? {} : fresh), name, conn };
      return joinOf(name, conn, act);
    }
    return this.#ask(i, known, act, engine);
  }

  #ask(i: number, known: Knowing, act: Act, engine: Engine): EngineCommand {
    const { kind, pick, off } = act;
    const asker = { node: known.name, conn: known.conn + (pick % 7 === 0 ? off : 0) };
    const write = { ...asker, op: known.op + 1 };
    const count = (): void => {
      this.#places[i] = { ...known, op: known.op + 1 };
    };
    const [id, seen] = [peerId(act.id), Math.max(0, known.seen + off)];
    switch (kind) {
      case "beat":
        return { kind, ...asker, leaseMs: LEASE_MS, seen, probe: pick };
      case "pull":
        return { kind, ...asker, seen };
      case "close":
        count();
        return { kind, ...write, claims: someOf(known.held, pick, off) };
      case "steal": {
        count();
        const claims = [...mapEntries(engine.claims)].map(([id, { seq }]) => ({ id, seq }));
        return { kind: "close", ...write, claims: someOf(claims, pick, 0) };
      }
      case "abandon":
        count();
        return { kind, ...write, op: write.op - 1 + Math.abs(off), id };
      case "route":
        return { kind, ...asker, id };
      case "reap": {
        const others = [...mapEntries(engine.nodes)].sort(([, a], [, b]) =>
          a.leaseEnd - b.leaseEnd
        );
        const [dead = nodeName("nobody")] = others[pick % 3 === 0 ? pick % others.length : 0] ?? [];
        return { kind, ...asker, dead };
      }
      case "restore": {
        count();
        const others = [...mapEntries(engine.claims)].map(([id, claim]) => ({ ...claim, id }));
        const claims = pick % 4 === 0
          // As after a failover that lost what this node had taken over from others.
          ? someOf(others, pick, 1)
          : someOf(known.held, pick, off);
        return { kind, ...write, claims: claims.map(({ id, seq, owner }) => ({ id, seq, owner })) };
      }
      default:
        count();
        return {
          kind: "open",
          ...write,
          id,
          owner: owner(act.owner),
          mayReplace: pick % 5 !== 1,
          limit: pick % 3 === 0 ? 1 + pick % 5 : 0,
        };
    }
  }
}

/** Mostly of this layout. */
function joinOf(node: NodeName, conn: number, { pick }: Act): EngineCommand {
  const layout = pick === 20 ? LAYOUT + 1 : LAYOUT;
  const times = { leaseMs: LEASE_MS, graceMs: GRACE_MS, mailMs: MAIL_MS - pick % 2 };
  return { kind: "join", node, conn, layout, generation: `g-${node}`, ...times };
}

/** One after the other, and one more than fits in a batch at times. */
function someOf<T extends { readonly seq: number }>(
  held: readonly T[],
  pick: number,
  off: number,
): T[] {
  const isTooMany = pick % 10 === 9;
  const from = isTooMany ? 0 : pick % Math.max(1, held.length);
  const count = isTooMany ? BOUNDS.batch + 1 : BOUNDS.batch;
  return held.slice(from, from + count).map((one) => ({ ...one, seq: one.seq + off }));
}
