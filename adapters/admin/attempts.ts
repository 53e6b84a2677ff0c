/**
 * The last attempts of peers to connect, as the admin port shows them.
 *
 * @module
 */
import {
  adviceFor,
  type Attempt,
  duration,
  endOf,
  type Occurrence,
  type Role,
  type Sent,
  type Side,
  type Verdict,
  type Went,
} from "../../core/attempts/mod.ts";
import type { Millis } from "../../core/mod.ts";

/** An attempt, for people and programs. */
export interface AttemptView extends Verdict {
  readonly id: number;
  readonly caller: string;
  readonly callee: string;
  readonly connection: Attempt["connection"];
  readonly startedAt: Millis;
  readonly updatedAt: Millis;
  readonly sides: Readonly<Record<Role, Pick<Side, "candidates" | "descriptions">>>;
  readonly events: readonly EventView[];
}

/** Something that happened in an attempt, as an arrow of a diagram. */
export interface EventView {
  readonly at: Millis;
  readonly from: Role | "server";
  readonly to: Role | "server";
  readonly what: "OFFER" | "ANSWER" | "CANDIDATE" | "EXPIRE" | "LEAVE" | "joined" | "left";
  /** What is to be said of it; empty if nothing is. */
  readonly note: string;
}

/** Which attempts to list: those of peers whose id has this text in it, in upper or lower case; `null` for all. */
export interface AttemptQuery {
  readonly peer: string | null;
  readonly limit: number;
}

/**
 * An attempt with its outcome and advice, as of an instant.
 *
 * @param icePath Where the server hands out TURN servers; `null` if it has none.
 */
export function viewOf(
  attempt: Attempt,
  now: Millis,
  icePath: string | null = null,
): AttemptView {
  const { id, caller, callee, connection, startedAt, updatedAt, sides, events } = attempt;
  return {
    ...{ id, caller, callee, connection, startedAt, updatedAt },
    ...adviceFor(attempt, now, icePath),
    sides: { caller: sideOf(sides.caller), callee: sideOf(sides.callee) },
    events: events.map(eventOf),
  };
}

function sideOf({ candidates, descriptions }: Side): AttemptView["sides"]["caller"] {
  return { candidates, descriptions };
}

function eventOf(event: Occurrence): EventView {
  const { at } = event;
  switch (event.what) {
    case "told":
      return {
        at,
        from: "server",
        to: event.to,
        what: "EXPIRE",
        note: "the message did not arrive",
      };
    case "joined":
      return { at, from: event.from, to: "server", what: "joined", note: "" };
    case "left":
      return { at, from: event.from, to: "server", what: "left", note: endText(event) };
    default: {
      const { from, what } = event;
      const to = ARRIVED.has(event.fate) ? (from === "caller" ? "callee" : "caller") : "server";
      return { at, from, to, what, note: noteOf(event) };
    }
  }
}

function endText(went: Went): string {
  switch (endOf(went)) {
    case "page-left":
      return "page closed or left";
    case "lost":
      return "connection lost";
    case "closed":
      return `by the client, code ${went.code}`;
    case "by-server":
      return `by the server, code ${went.code}`;
  }
}

/** What became of a message that went on to its peer. */
const ARRIVED: ReadonlySet<Sent["fate"]> = new Set(["relayed", "delivered", "sent-on"]);

function noteOf({ candidate, fate, at, endedAt }: Sent): string {
  const what = candidate === null ? "" : candidate === "end" ? "the last" : candidate;
  return [what, fateText(fate, duration((endedAt ?? at) - at))].filter(Boolean).join("; ");
}

function fateText(fate: Sent["fate"], waited: string): string {
  switch (fate) {
    case "relayed":
      return "";
    case "waiting":
      return "stored, the peer is not connected";
    case "delivered":
      return `stored, delivered after ${waited}`;
    case "sent-on":
      return `sent to another node after ${waited}`;
    case "expired":
      return `stored, expired after ${waited}`;
    case "no-room":
      return "refused, too many messages wait";
    case "no-such-id":
      return "refused, no peer can have this id";
    case "slow-reader":
      return "refused, the peer reads too slowly";
    case "absent":
      return "dropped, the peer is not connected";
  }
}
