/**
 * What came of an attempt, as a word, and in one sentence.
 *
 * @module
 */
import { must } from "../collections/must.ts";
import type { Millis } from "../ids.ts";
import { excerpt } from "../wire/text.ts";
import { type Attempt, isSent, type Role, type Sent, type Went } from "./attempt.ts";
import { duration } from "./words.ts";

/** What came of an attempt. */
export type Outcome =
  /** Messages still go across. */
  | "connecting"
  /** The offer waits for its destination, or a call for its answer. */
  | "waiting"
  | "ringing"
  /** The offer expired, could not be for any peer, or was refused. */
  | "absent"
  | "impossible-id"
  | "refused"
  /** There was no answer, or it did not reach the caller. */
  | "unanswered"
  | "answer-lost"
  /** One side went before the answer. */
  | "caller-left"
  | "callee-left"
  /** The answer rejects what was offered. */
  | "rejected"
  /** All went across, and one side sent no candidates, or both sent those of their own networks only. */
  | "no-candidates"
  | "host-only"
  | "complete"
  /** A peer called itself. */
  | "self"
  /** The offer was not seen. */
  | "partial";

/** An attempt and what is drawn from it. */
export interface Facts {
  readonly attempt: Attempt;
  readonly now: Millis;
  readonly offer: Sent | undefined;
  readonly answer: Sent | undefined;
  /** The first departure after the offer of a peer that sent nothing more: one that does reconnected. */
  readonly departure: Went | undefined;
  /** How long the offer waited before it expired or was delivered. */
  readonly waited: string;
  /** Where this server hands out TURN servers; `null` if it has none. */
  readonly icePath: string | null;
  /** The ids as a sentence quotes them. */
  readonly names: Readonly<Record<Role, string>>;
}

/** How long the stock client may take to answer an offer of data, which needs nobody. */
export const ANSWER_MS = 5_000;
/** How long a call may ring. */
export const RING_MS = 60_000;
/** Who goes after a call rang for so long had the time to answer it, or to wait for that. */
export const LONG_RING_MS = 10_000;
/** After such a silence all candidates have come, as far as they come at all. */
export const QUIET_MS = 3_000;

export function factsOf(attempt: Attempt, now: Millis, icePath: string | null): Facts {
  const { caller, callee, events } = attempt;
  const sent = events.filter(isSent);
  const offer = sent.find(({ what, from }) => what === "OFFER" && from === "caller");
  const answer = sent.find(({ what, from }) => what === "ANSWER" && from === "callee");
  const later = offer === undefined ? [] : events.slice(events.indexOf(offer));
  const departure = later.find((event, at): event is Went =>
    event.what === "left" &&
    !later.slice(at).some((next) => isSent(next) && next.from === event.from)
  );
  const names = { caller: excerpt(caller), callee: excerpt(callee) };
  const waited = duration((offer?.endedAt ?? now) - (offer?.at ?? now));
  return { attempt, now, offer, answer, departure, waited, icePath, names };
}

export function outcomeOf(facts: Facts): Outcome {
  const { attempt, offer, answer } = facts;
  if (attempt.caller === attempt.callee) return "self";
  switch (offer?.fate) {
    case "no-such-id":
      return "impossible-id";
    case "no-room":
    case "slow-reader":
      return "refused";
    case "expired":
      return "absent";
    case "waiting":
      return "waiting";
  }
  if (answer === undefined) return offer === undefined ? "partial" : unanswered(facts, offer);
  const gone = departedBefore(facts, answer);
  if (gone !== null) return gone;
  return hasArrived(answer) ? answered(facts) : "answer-lost";
}

/** Whether it is too early for a verdict. */
export function isOpen(outcome: Outcome): boolean {
  return outcome === "connecting" || outcome === "waiting" || outcome === "ringing";
}

/** One sentence on what came of an attempt. */
export function summaryOf(facts: Facts, outcome: Outcome): string {
  const { attempt, offer, departure, waited, names } = facts;
  const { caller, callee } = names;
  const gone = names[departure?.from ?? "caller"];
  switch (outcome) {
    case "connecting":
      return `Messages of ${caller} and ${callee} still come: it is too early to say.`;
    case "waiting":
      return `${callee} is not connected, and the offer of ${caller} waits for it.`;
    case "ringing":
      return `${callee} has not answered the call of ${caller} yet.`;
    case "absent":
      return `${callee} was not connected within ${waited}, and the offer of ${caller} expired.`;
    case "impossible-id":
      return `${caller} called ${callee}, which no peer can have as its id.`;
    case "refused":
      return offer?.fate === "no-room"
        ? `The server had no room for the offer of ${caller} to ${callee}.`
        : `${callee} did not get the offer of ${caller}: it reads too slowly.`;
    case "unanswered":
      return `The offer of ${caller} reached ${callee}, and no answer came.`;
    case "answer-lost":
      return `${callee} answered, and ${caller} did not get the answer.`;
    case "caller-left":
    case "callee-left": {
      const rang = longRing(facts);
      return rang === null
        ? `${gone} disconnected from the server before an answer had arrived.`
        : `The call of ${caller} rang for ${rang} and was not answered; then ${gone} disconnected from the server.`;
    }
    case "rejected":
      return `${callee} answered, and rejected what ${caller} offered.`;
    case "no-candidates":
      return `Offer and answer went across, and ${silence(facts)}.`;
    case "host-only":
      return "The server's part is done, and both sides sent host candidates only, from different addresses.";
    case "complete":
      return attempt.isCut
        ? "The server's part is done: offer and answer went across, and messages that it did not read."
        : "The server's part is done: offer, answer and candidates of both sides went across.";
    case "self":
      return `${caller} called its own id.`;
    case "partial":
      return `Of this attempt of ${caller} and ${callee} the server saw no offer.`;
  }
}

/** How long a call rang before one of the two went, as one did; `null` if it is no call, or rang for a moment. */
export function longRing({ attempt, offer, departure }: Facts): string | null {
  if (attempt.connection !== "media") return null;
  const { at, endedAt } = must(offer);
  const ms = must(departure).at - (endedAt ?? at);
  return ms < LONG_RING_MS ? null : duration(ms);
}

/** Whether the destination got a message, as far as is known. */
export function hasArrived({ fate }: Sent): boolean {
  return fate === "relayed" || fate === "delivered" || fate === "sent-on";
}

/** How many candidates a side sent. */
export function candidateCount({ sides }: Attempt, role: Role): number {
  const { host, srflx, prflx, relay } = sides[role].candidates;
  return host + srflx + prflx + relay;
}

/** Whether a side sent candidates, and none but those of its own network. */
export function isHostOnly(attempt: Attempt, role: Role): boolean {
  const { host } = attempt.sides[role].candidates;
  return host > 0 && host === candidateCount(attempt, role);
}

/** The sides that sent no candidate, the callee first. */
export function silentSides(attempt: Attempt): Role[] {
  const roles: readonly Role[] = ["callee", "caller"];
  return roles.filter((role) => candidateCount(attempt, role) === 0);
}

function unanswered(facts: Facts, offer: Sent): Outcome {
  const { attempt, now, departure } = facts;
  if (departure !== undefined) return `${departure.from}-left`;
  const sinceMs = now - (offer.endedAt ?? offer.at);
  if (attempt.connection === "media") return sinceMs < RING_MS ? "ringing" : "unanswered";
  return sinceMs < ANSWER_MS ? "connecting" : "unanswered";
}

/** Who went before the answer, and so lost what it had prepared. */
function departedBefore({ departure }: Facts, answer: Sent): Outcome | null {
  if (departure === undefined || departure.at >= answer.at) return null;
  return `${departure.from}-left`;
}

function answered({ attempt, now }: Facts): Outcome {
  if (isRejected(attempt)) return "rejected";
  if (now - attempt.updatedAt < QUIET_MS) return "connecting";
  if (attempt.isCut) return "complete";
  if (silentSides(attempt).length > 0) return "no-candidates";
  const isLocal = isHostOnly(attempt, "caller") && isHostOnly(attempt, "callee");
  return isLocal && attempt.sameAddress === false ? "host-only" : "complete";
}

/** Whether the answer rejects all that matters: the stock client opens a data channel in a call too. */
function isRejected({ connection, sides: { callee: { flows } } }: Attempt): boolean {
  if (flows === null) return false;
  const said = connection === "media" ? [flows.audio, flows.video] : [flows.data];
  return said.includes("rejected") && said.every((flow) => flow === "rejected" || flow === "none");
}

function silence({ attempt, names }: Facts): string {
  const [role, other] = silentSides(attempt);
  if (role === undefined || other !== undefined) return "neither side sent a candidate";
  return `${names[role]} sent no candidate`;
}
