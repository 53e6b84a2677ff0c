/**
 * What a node asks of the engine, the directory of who holds which id, and what the engine answers.
 *
 * The pure engine in this folder and the scripts in `adapters/cluster/lua/` take the same commands and give the
 * same answers. Everything random, and every length of time, comes in with a command.
 *
 * @module
 */
import type { Millis, Owner, PeerId } from "../ids.ts";

/** One process of the cluster. The name is random, has no spaces, and is never used again. */
export type NodeName = string & { readonly brand: "NodeName" };

/** Brands the name of a node. */
export function nodeName(name: string): NodeName {
  return name as NodeName;
}

/** The version of what the engine holds and how; nodes of different versions refuse each other. */
export const LAYOUT = 2;

/** What bounds the engine. The scripts get these numbers with each call. */
export interface EngineBounds {
  /** Nodes, with those that are dead and not reaped yet. */
  readonly nodes: number;
  /** Claims in one `close` or `restore`, and those that one `reap` takes away. */
  readonly batch: number;
  /** Notices that wait for one node; a node that finds some missing restores all it holds. */
  readonly notices: number;
  /** Absent ids for which mail waits, in each of the two halves of `Mail`. */
  readonly waiting: number;
  /** Nodes at which mail waits for one id, in each half. */
  readonly waiters: number;
}

export const ENGINE_BOUNDS: EngineBounds = {
  nodes: 1_024,
  batch: 256,
  notices: 1_024,
  waiting: 65_536,
  waiters: 256,
};

/** Who asks, and over which of its connections: a connection counts from its `join` until a later one's. */
interface Asker {
  readonly node: NodeName;
  readonly conn: number;
}

/** A write. A node numbers its writes; the engine remembers the highest number. */
interface Write extends Asker {
  readonly op: number;
}

/** A claim as its node names it to the engine. */
export interface Held {
  readonly id: PeerId;
  readonly seq: number;
}

/** What a node asks. */
export type EngineCommand = Join | Beat | Pull | Open | Close | Abandon | Route | Reap | Restore;

/** The first command of every connection. */
export interface Join extends Asker {
  readonly kind: "join";
  readonly layout: number;
  /** The generation, if the directory has none. */
  readonly generation: string;
  readonly leaseMs: number;
  /** How long unknown ids wait after a time in which nobody was alive. */
  readonly graceMs: number;
  /** How long mail for an absent id may wait. */
  readonly mailMs: number;
}

/** Extends the lease. */
export interface Beat extends Asker {
  readonly kind: "beat";
  readonly leaseMs: number;
  /** The number of the last notice that the node has handled. */
  readonly seen: number;
  /** Comes back over the node's own channel. */
  readonly probe: number;
}

/** Asks for notices. */
export interface Pull extends Asker {
  readonly kind: "pull";
  readonly seen: number;
}

/** Claims an id. */
export interface Open extends Write {
  readonly kind: "open";
  readonly id: PeerId;
  readonly owner: Owner;
  /** Whether it may take the place of a holder that is alive; if not, its id is taken for every owner. */
  readonly mayReplace: boolean;
  /** The most claims in all; 0 for any number. */
  readonly limit: number;
}

/** Gives claims up. */
export interface Close extends Write {
  readonly kind: "close";
  readonly claims: readonly Held[];
}

/** Takes back an `open` of which the node knows no answer: what it claimed is given up, and it claims nothing later. */
export interface Abandon extends Write {
  readonly kind: "abandon";
  readonly id: PeerId;
}

/** Asks who holds an id. */
export interface Route extends Asker {
  readonly kind: "route";
  readonly id: PeerId;
}

/** Takes claims of a dead node away. */
export interface Reap extends Asker {
  readonly kind: "reap";
  readonly dead: NodeName;
}

/** Claims again what the directory lost, or holds under the node's former name. */
export interface Restore extends Write {
  readonly kind: "restore";
  readonly claims: readonly (Held & { readonly owner: Owner })[];
}

/** What a node must know of what others did. */
export type Notice =
  /** Another has the id now. */
  | { readonly kind: "evicted"; readonly id: PeerId; readonly seq: number }
  /** An id for which mail waits is there. */
  | {
    readonly kind: "arrived";
    readonly id: PeerId;
    readonly node: NodeName;
    readonly seq: number;
  };

/** Notices, the last of which has the number `last`: those before it count down from there. */
export interface Notices {
  readonly last: number;
  readonly notices: readonly Notice[];
}

/** A claim that was not restored, with the seq that was given. */
export interface Lost extends Held {
  /** Whether its holder has the same owner. */
  readonly isOwn: boolean;
}

/** What the engine answers. */
export type EngineAnswer =
  /** The node is not known, or its lease is over: only another name can join. */
  | { readonly kind: "gone" }
  /** The connection is not the node's current one, which is `conn`. */
  | { readonly kind: "stale"; readonly conn: number }
  /** The directory has another layout, there are too many nodes, or a batch is too long. */
  | { readonly kind: "refused"; readonly why: "layout" | "nodes" | "batch"; readonly value: number }
  | { readonly kind: "joined"; readonly generation: string; readonly op: number }
  | Notices & {
    readonly kind: "beaten";
    readonly generation: string;
    readonly op: number;
    /** The node that is dead for longest and not reaped. */
    readonly dead: NodeName | null;
  }
  | Notices & { readonly kind: "pulled" }
  | { readonly kind: "opened"; readonly seq: number }
  /** The operation came before, or one after it did, and it holds nothing. */
  | { readonly kind: "past" }
  | { readonly kind: "taken" }
  /** The engine cannot know yet whether somebody holds the id; it does in `ms` milliseconds. */
  | { readonly kind: "wait"; readonly ms: number }
  /** As many claims as `limit` says. */
  | { readonly kind: "full" }
  | { readonly kind: "closed"; readonly count: number }
  | { readonly kind: "held"; readonly node: NodeName; readonly seq: number }
  /** Nobody holds the id; the asker is told when somebody does. */
  | { readonly kind: "absent" }
  /** Nobody holds the id, and there is no room to remember who asked. */
  | { readonly kind: "crowded" }
  | { readonly kind: "alive" }
  | { readonly kind: "reaped"; readonly count: number; readonly isDone: boolean }
  | { readonly kind: "restored"; readonly lost: readonly Lost[] };

/** What goes out over a node's channel, which may lose it. */
export type Published =
  /** Notices wait. */
  | { readonly kind: "doorbell"; readonly to: NodeName }
  | { readonly kind: "probe"; readonly to: NodeName; readonly number: number };

/** An instant of the engine's own clock, in whole milliseconds since 1970. */
export type EngineTime = Millis;
