/**
 * The engine of the cluster that the workers of a process are: the pure engine of the core, in the main thread.
 *
 * Its clock stands still while the process does, so that no lease ends meanwhile.
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
  /** The node has ended: what it held is free. */
  readonly end: (node: NodeName) => void;
  /** Reads the clock, which must be done every second: after a longer time nothing counts but a second. */
  readonly readClock: () => void;
  /** The nodes and the ids that they hold, also those that ended and are not reaped yet. */
  readonly census: () => { readonly nodes: number; readonly claims: number };
  /** The ids of all clients as a JSON array. */
  readonly ids: () => string;
}

/** A reading of the clock that is so much later than the one before it shows that the process stood still. */
const STEP_MAX_MS = 2_000;

export function createHost({ now, tell, afterTurn }: HostPorts): Host {
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
        // This engine never loses anything, so nobody must wait until others have restored it.
        const answer = run(command.kind === "join" ? { ...command, graceMs: 0 } : command);
        sayingTo(node).answers.push([command.conn, request, answer]);
      }
    },
    end: (name) => {
      rung.delete(name);
      const node = mapGet(engine.nodes, name);
      if (node === undefined || node.leaseEnd <= time()) return;
      run({ kind: "beat", node: name, conn: node.conn, leaseMs: 0, seen: 0, probe: 0 });
      sayings.delete(name);
    },
    readClock: time,
    census: () => ({ nodes: engine.nodes.size, claims: engine.claims.size }),
    ids: () => JSON.stringify([...mapKeys(engine.claims)]),
  };
}

interface Saying extends EngineSaid {
  readonly answers: Answered[];
  probe: number | null;
  isRung: boolean;
}
