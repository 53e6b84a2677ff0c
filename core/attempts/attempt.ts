/**
 * One attempt of two peers to connect, as far as the server sees it, and how it changes.
 *
 * It has ids, instants, counts, address groups and words of fixed lists, and no text of a payload.
 *
 * @module
 */
import type { CloseCode, Undelivered } from "../effect.ts";
import type { Millis, PeerId } from "../ids.ts";
import type { MessageType } from "../message.ts";
import {
  CANDIDATE_TYPES,
  type CandidateCounts,
  type CandidateType,
  type Flows,
  NO_CANDIDATES,
  type Signal,
} from "../wire/candidate.ts";

/** Who of the two: the caller sends the offer. */
export type Role = "caller" | "callee";

/**
 * What became of a message. It was `relayed` at once; or it is `waiting` for its destination, after which it was
 * `delivered`, `sent-on` to another node, or `expired`; or it is undelivered, for the reason that the note names.
 */
export type Fate =
  | "relayed"
  | "waiting"
  | "delivered"
  | "sent-on"
  | "expired"
  | Undelivered["why"];

/** Something that happened in an attempt. */
export type Occurrence = Sent | Told | Came | Went;

/** A message of a peer. */
export interface Sent {
  readonly what: MessageType;
  readonly at: Millis;
  readonly from: Role;
  readonly fate: Fate;
  /** When it was delivered later, or expired; `null` before, and for any other fate. */
  readonly endedAt: Millis | null;
  /** The type of the candidate in a `CANDIDATE`, `end` for the last one; `null` if it is not known. */
  readonly candidate: CandidateType | "end" | null;
}

/** The server told a peer with an `EXPIRE` that a message was not delivered. */
export interface Told {
  readonly what: "told";
  readonly at: Millis;
  readonly to: Role;
}

/** A peer was admitted. */
export interface Came {
  readonly what: "joined";
  readonly at: Millis;
  readonly from: Role;
}

/** A peer's connection to the server ended. */
export interface Went {
  readonly what: "left";
  readonly at: Millis;
  readonly from: Role;
  readonly by: "client" | "server";
  readonly code: number;
}

/** How a peer's connection to the server ended. */
export type End = "page-left" | "lost" | "closed" | "by-server";

/** RFC 6455, 7.4.1: 1001 is what browsers send when a page is left, 1006 stands for a missing close frame. */
export function endOf({ by, code }: Went): End {
  if (by === "server") return "by-server";
  return code === 1001 ? "page-left" : code === 1006 ? "lost" : "closed";
}

/** A socket with the callee's id was refused. */
export interface Refusal {
  readonly at: Millis;
  readonly code: CloseCode;
}

/** What came from one of the two. */
export interface Side {
  readonly candidates: CandidateCounts;
  /** How many of its host candidates hide their address. */
  readonly hidden: number;
  readonly descriptions: number;
  /** What its last description says; `null` if none was read. */
  readonly flows: Flows | null;
  /** Whether it said that no more candidates follow. */
  readonly isEnd: boolean;
  /** How many of its messages wait that are not among the events. */
  readonly unnoted: number;
}

/** An address group for each side; `null` if it is not known. */
export type Addresses = Readonly<Record<Role, string | null>>;

export interface Attempt {
  readonly id: number;
  readonly caller: PeerId;
  readonly callee: PeerId;
  readonly connection: "data" | "media" | null;
  /** The digest of its `connectionId`; `null` until a message names one. */
  readonly tag: number | null;
  readonly startedAt: Millis;
  /** When its last message came. */
  readonly updatedAt: Millis;
  readonly sides: Readonly<Record<Role, Side>>;
  /** In order; at most `EVENTS_MAX`. */
  readonly events: readonly Occurrence[];
  /** Whether a message was not read: then no count says that something is missing. */
  readonly isCut: boolean;
  /** The address groups of both, as far as they are known. */
  readonly addresses: Addresses;
  /** Whether both came from one address group; `null` if that is not known, or says nothing. */
  readonly sameAddress: boolean | null;
  /** How often the caller has tried, shortly one after the other, this time included. */
  readonly tries: number;
  /** When the caller tried again. */
  readonly retriedAt: Millis | null;
  /** Whether the callee called the caller at the same time. */
  readonly isCrossed: boolean;
  /** A connected peer whose id differs from the callee's in case or in white space around it only. */
  readonly near: PeerId | null;
  /** The last time that the callee was refused, shortly before or while the offer waited. */
  readonly refusal: Refusal | null;
}

/** The events that an attempt keeps. */
export const EVENTS_MAX = 32;

/** How exactly the instant of the last message is known, if it was not read. */
export const UNREAD_MS = 100;

/** The last events are kept for what matters more than another candidate. */
const CANDIDATES_UNTIL = 24;

export const NEW_SIDE: Side = {
  candidates: NO_CANDIDATES,
  hidden: 0,
  descriptions: 0,
  flows: null,
  isEnd: false,
  unnoted: 0,
};

/** The role of a peer. Who calls itself has both, and answers as the callee. */
export function roleOf({ caller, callee }: Attempt, peer: PeerId, what?: MessageType): Role {
  if (caller === callee) return what === "ANSWER" ? "callee" : "caller";
  return peer === caller ? "caller" : "callee";
}

/** Notes an event, if there is room for it. */
export function withEvent(attempt: Attempt, event: Occurrence): Attempt {
  if (!hasRoom(attempt, event.what)) return attempt;
  return { ...attempt, events: [...attempt.events, event] };
}

/** Adds a message, with what was read of it. */
export function withSignal(
  attempt: Attempt,
  sent: Pick<Sent, "what" | "at" | "from" | "fate">,
  signal: Signal,
): Attempt {
  const { what, at, from, fate } = sent;
  const side = attempt.sides[from];
  const isDescription = what === "OFFER" || what === "ANSWER";
  const isUnnoted = fate === "waiting" && !hasRoom(attempt, what);
  const sides = {
    ...attempt.sides,
    [from]: {
      candidates: sum(side.candidates, signal.candidates),
      hidden: side.hidden + signal.hidden,
      descriptions: side.descriptions + (isDescription ? 1 : 0),
      flows: signal.flows ?? side.flows,
      isEnd: side.isEnd || signal.isEnd,
      unnoted: side.unnoted + (isUnnoted ? 1 : 0),
    },
  };
  const event: Sent = { ...sent, endedAt: null, candidate: candidateIn(what, signal) };
  return withEvent({
    ...attempt,
    connection: attempt.connection ?? signal.connection,
    tag: attempt.tag ?? signal.tag,
    updatedAt: at,
    sides,
    isCut: attempt.isCut || !signal.isRead,
  }, event);
}

/** Adds a message that was not read. Of many in a row that were relayed, most change nothing, and cost nothing. */
export function withUnread(
  attempt: Attempt,
  { at, from, fate }: Pick<Sent, "at" | "from" | "fate">,
): Attempt {
  if (attempt.isCut && fate === "relayed" && at - attempt.updatedAt < UNREAD_MS) return attempt;
  const side = attempt.sides[from];
  const sides = fate === "waiting"
    ? { ...attempt.sides, [from]: { ...side, unnoted: side.unnoted + 1 } }
    : attempt.sides;
  return { ...attempt, updatedAt: at, sides, isCut: true };
}

/** Ends the oldest message of one side that waits; `null` if none does. */
export function withWaitEnded(
  attempt: Attempt,
  from: Role,
  fate: Fate,
  at: Millis,
): Attempt | null {
  const place = attempt.events.findIndex((one) => isSentBy(one, from) && one.fate === "waiting");
  if (place >= 0) return withFate(attempt, place, { fate, endedAt: at });
  const side = attempt.sides[from];
  if (side.unnoted === 0) return null;
  return {
    ...attempt,
    sides: { ...attempt.sides, [from]: { ...side, unnoted: side.unnoted - 1 } },
  };
}

const HANDED_OVER: ReadonlySet<Fate> = new Set(["relayed", "delivered", "sent-on"]);

/** Corrects the last message of this kind that was handed over and did not arrive; `null` if there is none. */
export function withHandoverFailed(
  attempt: Attempt,
  { what, from, fate }: Pick<Sent, "what" | "from" | "fate">,
): Attempt | null {
  const place = attempt.events.findLastIndex((one) =>
    isSentBy(one, from) && one.what === what && HANDED_OVER.has(one.fate)
  );
  return place < 0 ? null : withFate(attempt, place, { fate, endedAt: null });
}

export function isSent(event: Occurrence): event is Sent {
  return "fate" in event;
}

function isSentBy(event: Occurrence, from: Role): event is Sent {
  return isSent(event) && event.from === from;
}

function withFate(
  attempt: Attempt,
  place: number,
  end: Pick<Sent, "fate" | "endedAt">,
): Attempt {
  const events = attempt.events.map((event, at) =>
    at === place && isSent(event) ? { ...event, ...end } : event
  );
  return { ...attempt, events };
}

function hasRoom({ events }: Attempt, what: Occurrence["what"]): boolean {
  return events.length < (what === "CANDIDATE" ? CANDIDATES_UNTIL : EVENTS_MAX);
}

function candidateIn(what: MessageType, { candidates, isEnd }: Signal): Sent["candidate"] {
  if (what !== "CANDIDATE") return null;
  return CANDIDATE_TYPES.find((type) => candidates[type] > 0) ?? (isEnd ? "end" : null);
}

function sum(a: CandidateCounts, b: CandidateCounts): CandidateCounts {
  return {
    host: a.host + b.host,
    srflx: a.srflx + b.srflx,
    prflx: a.prflx + b.prflx,
    relay: a.relay + b.relay,
  };
}
