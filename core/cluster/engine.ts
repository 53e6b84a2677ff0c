/**
 * The engine as a function: a command comes in, an answer and what is published come out. It has no clock and no
 * randomness. `adapters/cluster/lua/` does the same in Redis, and both are held against each other.
 *
 * @module
 */
import { must } from "../collections/must.ts";
import { emptyMap, mapDelete, mapEntries, mapGet, mapSet } from "../collections/persistent_map.ts";
import { millis } from "../ids.ts";
import {
  type Abandon,
  type Beat,
  type Close,
  ENGINE_BOUNDS,
  type EngineAnswer,
  type EngineBounds,
  type EngineCommand,
  type EngineTime,
  type Join,
  type Lost,
  type NodeName,
  type Notices,
  type Open,
  type Published,
  type Pull,
  type Reap,
  type Restore,
  type Route,
} from "./command.ts";
import {
  acknowledge,
  awaitId,
  type Change,
  dropClaim,
  type Engine,
  type EngineClaim,
  isAlive,
  putClaim,
  turnedMail,
  withNode,
  withOp,
} from "./directory.ts";

/** What comes of a command. */
export type EngineStep = readonly [Engine, EngineAnswer, readonly Published[]];

/** An engine that holds nothing: a new one, or one that lost everything. */
export function emptyEngine(bounds: EngineBounds = ENGINE_BOUNDS): Engine {
  return {
    bounds,
    generation: "",
    layout: 0,
    graceUntil: millis(0),
    mailMs: 0,
    fence: 0,
    nodes: emptyMap(),
    claims: emptyMap(),
    mail: { young: emptyMap(), old: emptyMap(), turnedAt: millis(0) },
  };
}

/** Runs a command at an instant of the engine's own clock. */
export function runCommand(engine: Engine, command: EngineCommand, now: EngineTime): EngineStep {
  if (command.kind === "join") return join(engine, command, now);
  const node = mapGet(engine.nodes, command.node);
  if (node === undefined || node.leaseEnd <= now) return answer(engine, { kind: "gone" });
  if (node.conn !== command.conn) return answer(engine, { kind: "stale", conn: node.conn });
  switch (command.kind) {
    case "beat":
      return beat(engine, command, now);
    case "pull":
      return pull(engine, command);
    case "open":
      return open(engine, command, now);
    case "close":
      return close(engine, command);
    case "abandon":
      return abandon(engine, command);
    case "route":
      return route(engine, command, now);
    case "reap":
      return reap(engine, command, now);
    case "restore":
      return restore(engine, command, now);
  }
}

function answer(engine: Engine, said: EngineAnswer): EngineStep {
  return [engine, said, []];
}

function join(engine: Engine, command: Join, now: EngineTime): EngineStep {
  const { node: name, conn, layout, leaseMs, graceMs, mailMs } = command;
  if (engine.generation !== "" && engine.layout !== layout) {
    return answer(engine, { kind: "refused", why: "layout", value: engine.layout });
  }
  const known = mapGet(engine.nodes, name);
  if (known !== undefined && known.leaseEnd <= now) return answer(engine, { kind: "gone" });
  if (known !== undefined && known.conn > conn) {
    return answer(engine, { kind: "stale", conn: known.conn });
  }
  const roomy = known === undefined ? withRoom(engine, now) : engine;
  if (known === undefined && roomy.nodes.size >= roomy.bounds.nodes) {
    return answer(roomy, { kind: "refused", why: "nodes", value: roomy.nodes.size });
  }
  const isFirst = engine.generation === "";
  const isDeserted = !isAnyoneAlive(engine, now);
  const node = known ?? { op: 0, held: emptyMap(), told: 0, notices: [] };
  const generation = isFirst ? command.generation : engine.generation;
  const joined: Engine = {
    ...roomy,
    generation,
    layout,
    graceUntil: isDeserted ? millis(now + graceMs) : engine.graceUntil,
    mailMs: Math.max(engine.mailMs, mailMs),
    nodes: mapSet(roomy.nodes, name, { ...node, conn, leaseEnd: millis(now + leaseMs) }),
  };
  return answer(joined, { kind: "joined", generation, op: node.op });
}

/** If all places of nodes are taken, somebody who joins must reap: perhaps nobody else is alive. */
function withRoom(engine: Engine, now: EngineTime): Engine {
  if (engine.nodes.size < engine.bounds.nodes) return engine;
  const dead = longestDead(engine, now);
  return dead === null ? engine : reapBatch(engine, dead)[0];
}

/**
 * By the clock a seq is above all of an engine that lost data, as long as its clock did not run back. No engine gives
 * more claims a millisecond. Below 2⁵³ until the year 2255.
 */
const FENCE_PER_MS = 1_000;

function isAnyoneAlive({ nodes }: Engine, now: EngineTime): boolean {
  for (const [, { leaseEnd }] of mapEntries(nodes)) if (leaseEnd > now) return true;
  return false;
}

function beat(engine: Engine, command: Beat, now: EngineTime): EngineStep {
  const { node: name, leaseMs, seen, probe } = command;
  const extended = withNode({ ...engine, mail: turnedMail(engine, now) }, name, {
    leaseEnd: millis(now + leaseMs),
  });
  const next = acknowledge(extended, name, seen);
  const { generation } = next;
  const { op } = must(mapGet(next.nodes, name));
  const dead = longestDead(next, now);
  return [
    next,
    { kind: "beaten", generation, op, dead, ...noticesOf(next, name) },
    [{ kind: "probe", to: name, number: probe }],
  ];
}

/** Of those that died in one millisecond, the first by name. */
function longestDead({ nodes }: Engine, now: EngineTime): NodeName | null {
  let found: NodeName | null = null;
  let foundEnd = now;
  for (const [name, { leaseEnd }] of mapEntries(nodes)) {
    if (leaseEnd > foundEnd) continue;
    if (found !== null && leaseEnd === foundEnd && name > found) continue;
    [found, foundEnd] = [name, leaseEnd];
  }
  return found;
}

function pull(engine: Engine, { node, seen }: Pull): EngineStep {
  const next = acknowledge(engine, node, seen);
  return answer(next, { kind: "pulled", ...noticesOf(next, node) });
}

function noticesOf(engine: Engine, name: NodeName): Notices {
  const { told, notices } = must(mapGet(engine.nodes, name));
  return { last: told, notices };
}

function open(engine: Engine, command: Open, now: EngineTime): EngineStep {
  const { node, op, id, owner, mayReplace, limit } = command;
  const claim = mapGet(engine.claims, id);
  if (op <= must(mapGet(engine.nodes, node)).op) {
    const isThis = claim?.node === node && claim.op === op;
    return answer(engine, isThis ? { kind: "opened", seq: claim.seq } : { kind: "past" });
  }
  const isOwn = claim?.owner === owner;
  if (claim !== undefined && !(isOwn && mayReplace) && isAlive(engine, claim.node, now)) {
    return answer(engine, { kind: "taken" });
  }
  const ms = engine.graceUntil - now;
  if (!isOwn && ms > 0) return answer(engine, { kind: "wait", ms });
  if (claim === undefined && limit > 0 && engine.claims.size >= limit) {
    return answer(engine, { kind: "full" });
  }
  // Above every seq that a failover or an older snapshot made the engine forget, too.
  const seq = Math.max(engine.fence + 1, now * FENCE_PER_MS);
  const begun = { engine: withOp(engine, node, op), published: [] };
  const opened = putClaim(begun, id, { node, seq, op, owner }, now);
  return [opened.engine, { kind: "opened", seq }, opened.published];
}

function close(engine: Engine, { node, op, claims }: Close): EngineStep {
  if (claims.length > engine.bounds.batch) return tooLong(engine, claims);
  let [next, count] = [withOp(engine, node, op), 0];
  for (const { id, seq } of claims) {
    const claim = mapGet(next.claims, id);
    if (claim?.node !== node || claim.seq !== seq) continue;
    next = dropClaim(next, id, claim);
    count++;
  }
  return answer(next, { kind: "closed", count });
}

function tooLong(engine: Engine, { length }: readonly unknown[]): EngineStep {
  return answer(engine, { kind: "refused", why: "batch", value: length });
}

function abandon(engine: Engine, { node, op, id }: Abandon): EngineStep {
  const next = withOp(engine, node, op);
  const claim = mapGet(next.claims, id);
  if (claim?.node !== node || claim.op !== op) return answer(next, { kind: "closed", count: 0 });
  return answer(dropClaim(next, id, claim), { kind: "closed", count: 1 });
}

function route(engine: Engine, { node, id }: Route, now: EngineTime): EngineStep {
  const claim = mapGet(engine.claims, id);
  if (claim !== undefined && isAlive(engine, claim.node, now)) {
    return answer(engine, { kind: "held", node: claim.node, seq: claim.seq });
  }
  const next = awaitId(engine, id, node, now);
  return next === null ? answer(engine, { kind: "crowded" }) : answer(next, { kind: "absent" });
}

function reap(engine: Engine, { dead }: Reap, now: EngineTime): EngineStep {
  const node = mapGet(engine.nodes, dead);
  if (node === undefined) return answer(engine, { kind: "reaped", count: 0, isDone: true });
  if (node.leaseEnd > now) return answer(engine, { kind: "alive" });
  const [next, count] = reapBatch(engine, dead);
  return answer(next, { kind: "reaped", count, isDone: mapGet(next.nodes, dead) === undefined });
}

/** Takes the oldest claims of a node away, and the node with the last of them; how many those were. */
function reapBatch(engine: Engine, dead: NodeName): [Engine, number] {
  const { held } = must(mapGet(engine.nodes, dead));
  const oldest = [...mapEntries(held)].sort(([a, m], [b, n]) => m - n || (a < b ? -1 : 1))
    .slice(0, engine.bounds.batch);
  let next = engine;
  for (const [id] of oldest) next = dropClaim(next, id, must(mapGet(next.claims, id)));
  if (oldest.length === held.size) next = { ...next, nodes: mapDelete(next.nodes, dead) };
  return [next, oldest.length];
}

function restore(engine: Engine, { node, op, claims }: Restore, now: EngineTime): EngineStep {
  if (claims.length > engine.bounds.batch) return tooLong(engine, claims);
  let change: Change = { engine: withOp(engine, node, op), published: [] };
  const lost: Lost[] = [];
  for (const { id, seq, owner } of claims) {
    const claim = mapGet(change.engine.claims, id);
    if (claim?.node === node && claim.seq === seq) continue;
    if (claim === undefined || givesWay(change.engine, claim, seq, now)) {
      change = putClaim(change, id, { node, seq, op: 0, owner }, now);
    } else lost.push({ id, seq, isOwn: claim.owner === owner });
  }
  return [change.engine, { kind: "restored", lost }, change.published];
}

/** Whether a claim gives way to a restored one: it is older, or it is the same, under a name that is dead. */
function givesWay(
  engine: Engine,
  { node, seq }: EngineClaim,
  given: number,
  now: EngineTime,
): boolean {
  return seq < given || (seq === given && !isAlive(engine, node, now));
}
