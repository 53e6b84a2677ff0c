/**
 * What a node knows of its cluster: its lease, what it asked the engine, where ids are held, and its links to others.
 *
 * A link carries messages from one node to another over a wire that may lose, repeat and delay. Its sender numbers
 * them and sends those that are not acknowledged again; its receiver takes each number once, in order.
 *
 * @module
 */
import { emptyMap, mapRetire, type PersistentMap } from "../collections/persistent_map.ts";
import type { Pieces } from "../collections/pieces.ts";
import { type ConnId, type Millis, millis, type Owner, type PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import { type EngineCommand, type NodeName, nodeName } from "./command.ts";

/** A command as a rule asks it: the node, its connection and the number of the write are added when it is sent. */
export type Question = Unaddressed<EngineCommand>;

type Unaddressed<Command> = Command extends unknown ? Omit<Command, "node" | "conn" | "op"> : never;

/** A command without an answer. */
export interface Asked {
  readonly question: Question;
  /** The number of the write; 0 for a read. */
  readonly op: number;
  /** When it was asked. A lease counts from here, not from the answer. */
  readonly at: Millis;
  /** The socket for which an `open` claims an id. */
  readonly socket: ConnId | null;
  /** The address group of a socket whose token nobody checked: if the id is taken, that was a wrong one of it. */
  readonly guesser: string | null;
  /** Over this connection. */
  readonly isSent: boolean;
  /** Over any: the engine may have run it. */
  readonly wasSent: boolean;
}

/** A socket whose claim could not be made yet. */
export interface Waiter extends Pick<Asked, "question" | "guesser"> {
  readonly socket: ConnId;
}

/** Where the messages for an id go. An entry may be forgotten at any time: then the engine is asked again. */
export type Route =
  /** The engine was asked over this connection. */
  | { readonly kind: "asked"; readonly conn: number }
  /** Nobody holds the id, and until then the engine tells this node when somebody does. */
  | { readonly kind: "absent"; readonly until: Millis }
  /** The engine said so; after `until` it is asked again, because the node may have ended. */
  | {
    readonly kind: "held";
    readonly node: NodeName;
    readonly seq: number;
    readonly until: Millis;
  };

/** A stored message that was sent to another node and is not acknowledged. */
export interface Flight {
  readonly node: NodeName;
  readonly seq: number;
  readonly sentAt: Millis;
}

/** A number of a link and the message that has it. */
export interface Numbered {
  readonly number: number;
  /** The key of the message in `State.stored`. If it is neither there nor `direct`, the number is empty. */
  readonly serial: number;
  readonly seq: number;
  readonly bytes: number;
  /** What is known of a message that was sent without being stored. */
  readonly direct: Direct | null;
}

/** The serial of no message. */
export const NO_SERIAL = -1;

/**
 * A message that was sent to another thread and is not stored: all but its text, because what is kept for some
 * milliseconds costs the collector more than all the rest. It comes back with its text if it bounces.
 */
export interface Direct extends Pick<Message, "type" | "src" | "dst"> {
  /** As in `Stored`. */
  readonly owner: Owner | null;
  readonly expiresAt: Millis;
}

/** Where the last message for an id went that is on its way without being stored. */
export interface OnWay extends Flight {
  readonly number: number;
}

/** A link to another node, while something is not acknowledged. */
export interface OutLink {
  /** Higher than that of every earlier link to this node. */
  readonly link: number;
  readonly next: number;
  /** What is not acknowledged, in the order of its numbers, which have no gaps. */
  readonly open: Pieces<Numbered>;
  /** The bytes of `open`. */
  readonly bytes: number;
  /** When `open` is sent again. */
  readonly resendAt: Millis;
  /** Whether `open` was sent again since the last acknowledgement: then its node may be gone. */
  readonly isSilent: boolean;
}

/** Why a number was not delivered: the node does not hold the id with that seq, or the peer has too much unsent. */
export type Bounce = readonly [number: number, why: "gone" | "slow"];

/** A number that was not delivered. */
interface Bounced {
  readonly number: number;
  readonly why: Bounce[1];
  readonly dst: PeerId;
  /** For a thread, which has not kept it; `null` otherwise. */
  readonly message: Message | null;
}

/** A link from another node. */
export interface InLink {
  readonly link: number;
  /** The next number to take. */
  readonly expected: number;
  /** The highest `base` of its frames. One with a lower `base` is late: what it carries may have other numbers now. */
  readonly base: number;
  /** What bounced, since the first number that the sender has open. */
  readonly bounced: readonly Bounced[];
  /** What was delivered since the last acknowledgement: its send may still fail. */
  readonly recent: readonly { readonly number: number; readonly message: Message }[];
  /** When to acknowledge; `null` if everything is. */
  readonly ackAt: Millis | null;
  /** When the last frame came. */
  readonly heardAt: Millis;
}

/** A message on a link. */
export interface Carried {
  readonly number: number;
  /** The seq of the destination's claim by which the message was routed. */
  readonly seq: number;
  /** `null` for an empty number: the message has expired. */
  readonly message: Message | null;
}

/** An acknowledgement: every number below `below` was taken, and of these `bounced` were not delivered. */
export interface Ack {
  readonly link: number;
  readonly below: number;
  readonly bounced: readonly Bounce[];
}

/** What one node publishes to another. */
export interface LinkFrame {
  readonly from: NodeName;
  readonly to: NodeName;
  readonly link: number;
  /** The first number that is open: nothing below it will be sent again. */
  readonly base: number;
  readonly carried: readonly Carried[];
  readonly ack: Ack | null;
  /** By number, what bounced, if `ack` says so and its sender has not kept it. */
  readonly returned: readonly Returned[];
}

/** A message that comes back. */
export type Returned = readonly [number: number, message: Message];

/** The part of the state that a node of a cluster has. */
export interface Cluster {
  /** Whether the other nodes are threads of this process: what is sent to them need not be stored first. */
  readonly isNear: boolean;
  /** Empty until the engine is connected, and after the lease was lost: the next connection brings another name. */
  readonly name: NodeName;
  /** The number of the connection to the engine. */
  readonly conn: number;
  readonly phase: "lost" | "joining" | "joined";
  /** From then on the node is cut: it takes no messages of other nodes. */
  readonly leaseUntil: Millis;
  /** Whether a note said that the node is cut. */
  readonly isCut: boolean;
  readonly beatAt: Millis | null;
  /** Beats since the last one that was answered. */
  readonly unanswered: number;
  /** The number of the last probe, and the highest that came back. */
  readonly probe: number;
  readonly heard: number;
  /** The number of the last notice that was handled; `null` until there is an answer over this connection. */
  readonly seen: number | null;
  /** The highest number of a write. */
  readonly op: number;
  readonly nextRequest: number;
  readonly asked: PersistentMap<number, Asked>;
  /**
   * By seq, the claims that the engine took back lately: it may forget that. `released` becomes `releasedOld` after a
   * lease at `releasedAt`, and what was older is forgotten: an engine that lost more does not know the node either.
   */
  readonly released: PersistentMap<number, PeerId>;
  readonly releasedOld: PersistentMap<number, PeerId>;
  readonly releasedAt: Millis;
  /** Sockets whose `open` is asked again at `waitersAt`. */
  readonly waiters: readonly Waiter[];
  readonly waitersAt: Millis | null;
  /** New entries go into `young`; when it is full it becomes `old`, and `old` is forgotten. */
  readonly young: PersistentMap<PeerId, Route>;
  readonly old: PersistentMap<PeerId, Route>;
  /** By serial, the stored messages that are on a link. In a mailbox they come before those that are not. */
  readonly flights: PersistentMap<number, Flight>;
  /** By destination; only ids with a message on a link that is not stored. */
  readonly onWay: PersistentMap<PeerId, OnWay>;
  readonly links: PersistentMap<NodeName, OutLink>;
  readonly incoming: PersistentMap<NodeName, InLink>;
  readonly nextLink: number;
  /** Ids whose mailbox is looked at again at `retryAt`. */
  readonly retries: PersistentMap<PeerId, true>;
  readonly retryAt: Millis | null;
  /** When something on a link is due; never later than that. */
  readonly lookAt: Millis | null;
}

/** A node that has not reached the engine yet. */
export function emptyCluster(now: Millis, isNear = false): Cluster {
  return {
    name: NO_NAME,
    conn: 0,
    phase: "lost",
    leaseUntil: now,
    isCut: false,
    beatAt: null,
    unanswered: 0,
    probe: 0,
    heard: 0,
    seen: null,
    op: 0,
    nextRequest: 1,
    asked: emptyMap(),
    released: emptyMap(),
    releasedOld: emptyMap(),
    releasedAt: now,
    waiters: [],
    waitersAt: null,
    young: emptyMap(),
    old: emptyMap(),
    flights: emptyMap(),
    onWay: emptyMap(),
    links: emptyMap(),
    incoming: emptyMap(),
    nextLink: 1,
    retries: emptyMap(),
    retryAt: null,
    lookAt: null,
    isNear,
  };
}

/** No node has this name. */
export const NO_NAME: NodeName = nodeName("");

/** How many numbers of a link are not acknowledged. */
export function openCount({ open, next }: OutLink): number {
  const first = open[0]?.[0];
  return first === undefined ? 0 : next - first.number;
}

/** The next deadline of a node; `null` if there is none. */
export function clusterWakeAt(cluster: Cluster): Millis | null {
  const { beatAt, waitersAt, retryAt, lookAt } = cluster;
  return earlier(earlier(beatAt, waitersAt), earlier(retryAt, lookAt));
}

/** The earlier of two instants, either of which may not be there. */
export function earlier(a: Millis | null, b: Millis | null): Millis | null {
  if (a === null || b === null) return a ?? b;
  return millis(Math.min(a, b));
}

/** Retires the maps of a node's former state; see `retire` in `state.ts`. */
export function retireCluster(old: Cluster, newer: Cluster): void {
  if (old === newer) return;
  if (old.asked !== newer.asked) mapRetire(old.asked);
  if (old.released !== newer.released && old.released !== newer.releasedOld) {
    mapRetire(old.released);
  }
  if (old.releasedOld !== newer.releasedOld) mapRetire(old.releasedOld);
  if (old.young !== newer.young && old.young !== newer.old) mapRetire(old.young);
  if (old.old !== newer.old) mapRetire(old.old);
  if (old.flights !== newer.flights) mapRetire(old.flights);
  if (old.onWay !== newer.onWay) mapRetire(old.onWay);
  if (old.links !== newer.links) mapRetire(old.links);
  if (old.incoming !== newer.incoming) mapRetire(old.incoming);
  if (old.retries !== newer.retries) mapRetire(old.retries);
}
