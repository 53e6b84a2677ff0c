/**
 * The engine of the cluster that the workers of a process are: the pure engine of the core, in the main thread.
 *
 * A worker is a node until the main thread ends it: no lease ends by itself. Were two over at the same time, both nodes
 * would be gone for good, because nobody alive could reap them and a worker has no other name.
 *
 * The clock stands still while the process does, so that no mail is forgotten meanwhile.
 *
 * @module
 */
import {
  emptyEngine,
  type Engine,
  type EngineCommand,
  type EngineTime,
  type NodeName,
  type Published,
  retireEngine,
  runCommand,
} from "../../core/cluster/mod.ts";
import { mapGet, mapKeys, millis } from "../../core/mod.ts";
import type { Answered, EngineAsked, EngineSaid } from "./protocol.ts";

export interface HostPorts {
  /** How long what a worker held that has ended is kept for its clients, in milliseconds. */
  readonly keptMs: number;
  /** A clock in milliseconds since 1970 that never runs back. */
  readonly now: () => number;
  /** Tells a node what the engine says. */
  readonly tell: (node: NodeName, said: EngineSaid) => void;
  /** Calls `callback` once what this turn brings is done. */
  readonly afterTurn: (callback: () => void) => void;
}

export interface Host {
  /** Runs commands of a node. */
  readonly ask: (node: NodeName, asked: EngineAsked) => void;
  /** The node has ended: what it held its clients may have back, and in some time everybody. */
  readonly end: (node: NodeName) => void;
  /** Reads the clock, which must be done every second: of a longer time only 2 s count. */
  readonly readClock: () => void;
  /** The nodes and the ids that they hold, also those that ended and are not reaped yet. */
  readonly census: () => { readonly nodes: number; readonly claims: number };
  /** The ids of all clients as a JSON array. */
  readonly ids: () => string;
}

/** A lease that never ends, in milliseconds: 30,000 years. */
const FOREVER = 1e15;

/** A reading of the clock that is so much later than the one before it shows that the process stood still. */
const STEP_MAX_MS = 2_000;

export function createHost({ keptMs, now, tell, afterTurn }: HostPorts): Host {
  let engine: Engine = emptyEngine();
  let readAt = now();
  let stoodMs = 0;
  /** What is to be told at the end of the turn. */
  const sayings = new Map<NodeName, Saying>();
  /** Who was told that notices wait, and has not asked for anything since. */
  const rung = new Set<NodeName>();

  function time(): EngineTime {
    const at = now();
    stoodMs += Math.max(0, at - readAt - STEP_MAX_MS);
    readAt = at;
    return millis(Math.floor(at - stoodMs));
  }

  function run(command: EngineCommand): ReturnType<typeof runCommand>[1] {
    const [next, answer, published] = runCommand(engine, command, time());
    retireEngine(engine, next);
    engine = next;
    published.forEach(publish);
    return answer;
  }

  function publish(said: Published): void {
    if (said.kind === "probe") sayingTo(said.to).probe = said.number;
    else if (!rung.has(said.to)) {
      rung.add(said.to);
      sayingTo(said.to).isRung = true;
    }
  }

  function sayingTo(node: NodeName): Saying {
    const known = sayings.get(node);
    if (known !== undefined) return known;
    if (sayings.size === 0) afterTurn(tellAll);
    const saying: Saying = { kind: "engine", answers: [], probe: null, isRung: false };
    sayings.set(node, saying);
    return saying;
  }

  function tellAll(): void {
    const all = [...sayings];
    sayings.clear();
    for (const [node, saying] of all) tell(node, saying);
  }

  return {
    ask: (node, { commands }) => {
      rung.delete(node);
      for (const [request, command] of commands) {
        sayingTo(node).answers.push([command.conn, request, run(lasting(command))]);
      }
    },
    end: (name) => {
      rung.delete(name);
      const node = mapGet(engine.nodes, name);
      // It ends once.
      if (node === undefined || node.leaseEnd < time() + FOREVER / 2) return;
      const { conn } = node;
      run({ kind: "beat", node: name, conn, leaseMs: keptMs, seen: 0, probe: 0 });
      sayings.delete(name);
    },
    readClock: time,
    census: () => ({ nodes: engine.nodes.size, claims: engine.claims.size }),
    ids: () => JSON.stringify([...mapKeys(engine.claims)]),
  };
}

/** The command as this engine takes it, which never loses anything: nobody must wait until others have restored it. */
function lasting(command: EngineCommand): EngineCommand {
  switch (command.kind) {
    case "join":
      return { ...command, leaseMs: FOREVER, graceMs: 0 };
    case "beat":
      return { ...command, leaseMs: FOREVER };
    default:
      return command;
  }
}

interface Saying extends EngineSaid {
  readonly answers: Answered[];
  probe: number | null;
  isRung: boolean;
}
