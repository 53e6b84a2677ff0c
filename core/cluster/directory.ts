/**
 * What the engine holds, as one immutable value, and the changes that every command is made of: a claim is put or
 * taken away, a node is told something, somebody waits for an id.
 *
 * @module
 */
import { must } from "../collections/must.ts";
import {
  emptyMap,
  mapDelete,
  mapGet,
  mapRetire,
  mapSet,
  type PersistentMap,
} from "../collections/persistent_map.ts";
import type { Owner, PeerId } from "../ids.ts";
import type { EngineBounds, EngineTime, NodeName, Notice, Published } from "./command.ts";

/** A node that joined and was not reaped. */
export interface Node {
  /** Its current connection. */
  readonly conn: number;
  /** The highest number of its writes. */
  readonly op: number;
  /** The node is dead from this instant on, for good. */
  readonly leaseEnd: EngineTime;
  /** What it holds: ids, and the seq of each. */
  readonly held: PersistentMap<PeerId, number>;
  /** How many notices it was ever given. */
  readonly told: number;
  /** The last of them that it has not acknowledged. */
  readonly notices: readonly Notice[];
}

/** Who holds an id. */
export interface EngineClaim {
  readonly node: NodeName;
  /** Higher than that of any earlier claim of the id. */
  readonly seq: number;
  /** The write that made it; 0 if it was restored. */
  readonly op: number;
  readonly owner: Owner;
}

type Waiters = PersistentMap<PeerId, readonly NodeName[]>;

/**
 * At which nodes mail waits for an absent id. Instead of a deadline for each, `young` becomes `old` after the time
 * that mail may wait, and `old` is dropped: an entry lives for that time at least. One too many costs a notice.
 */
export interface Mail {
  readonly young: Waiters;
  readonly old: Waiters;
  readonly turnedAt: EngineTime;
}

/** The directory. Only `emptyEngine` creates one, and only `runCommand` advances it. */
export interface Engine {
  readonly bounds: EngineBounds;
  /** Made up by the first node; empty in an engine that lost everything. */
  readonly generation: string;
  readonly layout: number;
  /** Until then a node that is alive may not have joined yet. */
  readonly graceUntil: EngineTime;
  /** The longest that mail of any node may wait. */
  readonly mailMs: number;
  /** The highest seq so far. */
  readonly fence: number;
  readonly nodes: PersistentMap<NodeName, Node>;
  readonly claims: PersistentMap<PeerId, EngineClaim>;
  readonly mail: Mail;
}

/** The engine and what it publishes, while a command runs. */
export interface Change {
  readonly engine: Engine;
  readonly published: readonly Published[];
}

/** Whether the node has a lease that is not over. */
export function isAlive({ nodes }: Engine, name: NodeName, now: EngineTime): boolean {
  const node = mapGet(nodes, name);
  return node !== undefined && node.leaseEnd > now;
}

/** Replaces fields of a node that is known. */
export function withNode(engine: Engine, name: NodeName, fields: Partial<Node>): Engine {
  const node = must(mapGet(engine.nodes, name));
  return { ...engine, nodes: mapSet(engine.nodes, name, { ...node, ...fields }) };
}

/** Remembers that a write came. */
export function withOp(engine: Engine, name: NodeName, op: number): Engine {
  const node = must(mapGet(engine.nodes, name));
  return op > node.op ? withNode(engine, name, { op }) : engine;
}

/** Takes a claim away, from the directory and from its node. */
export function dropClaim(engine: Engine, id: PeerId, { node }: EngineClaim): Engine {
  const { held } = must(mapGet(engine.nodes, node));
  const claims = mapDelete(engine.claims, id);
  return withNode({ ...engine, claims }, node, { held: mapDelete(held, id) });
}

/**
 * Puts a claim in the place of the one there is: a holder that is alive is told, and so is every node at which mail
 * waits.
 */
export function putClaim(change: Change, id: PeerId, claim: EngineClaim, now: EngineTime): Change {
  const { node, seq } = claim;
  const former = mapGet(change.engine.claims, id);
  let next = change;
  if (former !== undefined) {
    next = { ...next, engine: dropClaim(next.engine, id, former) };
    if (former.node !== node) {
      next = tell(next, former.node, { kind: "evicted", id, seq: former.seq }, now);
    }
  }
  const { held } = must(mapGet(next.engine.nodes, node));
  const placed = withNode(next.engine, node, { held: mapSet(held, id, seq) });
  const { mail } = placed;
  const waiters = new Set([...mapGet(mail.old, id) ?? [], ...mapGet(mail.young, id) ?? []]);
  next = {
    ...next,
    engine: {
      ...placed,
      claims: mapSet(placed.claims, id, claim),
      fence: Math.max(placed.fence, seq),
      mail: { ...mail, young: mapDelete(mail.young, id), old: mapDelete(mail.old, id) },
    },
  };
  for (const waiter of waiters) {
    if (waiter !== node) next = tell(next, waiter, { kind: "arrived", id, node, seq }, now);
  }
  return next;
}

/** Gives a node a notice, and rings its bell. A dead one needs none: it restores what it holds under another name. */
function tell(change: Change, to: NodeName, notice: Notice, now: EngineTime): Change {
  const { engine, published } = change;
  const node = mapGet(engine.nodes, to);
  if (node === undefined || node.leaseEnd <= now) return change;
  const notices = [...node.notices, notice].slice(-engine.bounds.notices);
  const isRung = published.some((one) => one.to === to);
  return {
    engine: withNode(engine, to, { told: node.told + 1, notices }),
    published: isRung ? published : [...published, { kind: "doorbell", to }],
  };
}

/** Drops the notices up to number `seen`. */
export function acknowledge(engine: Engine, name: NodeName, seen: number): Engine {
  const { told, notices } = must(mapGet(engine.nodes, name));
  const left = Math.min(notices.length, Math.max(0, told - seen));
  if (left === notices.length) return engine;
  return withNode(engine, name, { notices: notices.slice(notices.length - left) });
}

/** Remembers that mail for an absent id waits at a node; `null` if there is no room. */
export function awaitId(
  engine: Engine,
  id: PeerId,
  name: NodeName,
  now: EngineTime,
): Engine | null {
  const mail = turnedMail(engine, now);
  const waiters = mapGet(mail.young, id) ?? [];
  if (waiters.includes(name)) return { ...engine, mail };
  const { bounds } = engine;
  const isFull = waiters.length === 0
    ? mail.young.size >= bounds.waiting
    : waiters.length >= bounds.waiters;
  if (isFull) return null;
  return { ...engine, mail: { ...mail, young: mapSet(mail.young, id, [...waiters, name]) } };
}

/** The mail, of which the older half is dropped once it is old enough. */
export function turnedMail({ mail, mailMs }: Engine, now: EngineTime): Mail {
  if (now - mail.turnedAt < mailMs) return mail;
  return { young: emptyMap(), old: mail.young, turnedAt: now };
}

/** Retires an engine from which a newer one was made, and which is never read again; see `retire` in `state.ts`. */
export function retireEngine(old: Engine, newer: Engine): void {
  if (old.claims !== newer.claims) mapRetire(old.claims);
  if (old.nodes !== newer.nodes) mapRetire(old.nodes);
  const { young } = old.mail;
  if (young !== newer.mail.young && young !== newer.mail.old) mapRetire(young);
  if (old.mail.old !== newer.mail.old) mapRetire(old.mail.old);
}
