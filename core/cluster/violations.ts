/**
 * The invariants of an engine. Tests check them after every command. They walk over the whole engine, so no command
 * uses them.
 *
 * @module
 */
import { mapEntries, mapGet, type PersistentMap } from "../collections/persistent_map.ts";
import type { PeerId } from "../ids.ts";
import type { EngineTime, NodeName } from "./command.ts";
import { type Engine, isAlive } from "./directory.ts";

/** The contradictions and exceeded bounds of an engine, one sentence each; none for a consistent one. */
export function engineViolations(engine: Engine, now: EngineTime): string[] {
  return [...claimViolations(engine), ...mailViolations(engine, now), ...boundViolations(engine)];
}

function claimViolations({ claims, nodes, fence }: Engine): string[] {
  const found: string[] = [];
  for (const [id, { node, seq }] of mapEntries(claims)) {
    const holder = mapGet(nodes, node);
    if (holder === undefined) found.push(`${id} is held by ${node}, which is not known`);
    else if (mapGet(holder.held, id) !== seq) {
      found.push(`${node} does not know that it holds ${id} as ${seq}`);
    }
    if (seq > fence) found.push(`${id} has seq ${seq}, above the fence ${fence}`);
  }
  let held = 0;
  for (const [, node] of mapEntries(nodes)) held += node.held.size;
  if (held !== claims.size) found.push(`${claims.size} claims, but nodes hold ${held}`);
  return found;
}

function mailViolations(engine: Engine, now: EngineTime): string[] {
  const found: string[] = [];
  for (const half of [engine.mail.young, engine.mail.old]) {
    for (const [id, waiters] of mapEntries(half)) {
      const claim = mapGet(engine.claims, id);
      if (claim !== undefined && isAlive(engine, claim.node, now)) {
        found.push(`mail waits for ${id}, who is here`);
      }
      if (waiters.length === 0) found.push(`nobody waits for ${id}`);
      if (new Set(waiters).size < waiters.length) found.push(`a node waits twice for ${id}`);
    }
  }
  return found;
}

function boundViolations({ nodes, mail, bounds }: Engine): string[] {
  const found: string[] = [];
  if (nodes.size > bounds.nodes) found.push("too many nodes");
  for (const [name, { told, notices }] of mapEntries(nodes)) {
    if (notices.length > bounds.notices) found.push(`too many notices for ${name}`);
    if (notices.length > told) found.push(`${name} has more notices than it was given`);
  }
  for (const half of [mail.young, mail.old]) {
    if (half.size > bounds.waiting || longest(half) > bounds.waiters) {
      found.push("too much mail is remembered");
    }
  }
  return found;
}

function longest(half: PersistentMap<PeerId, readonly NodeName[]>): number {
  return Math.max(0, ...[...mapEntries(half)].map(([, { length }]) => length));
}
