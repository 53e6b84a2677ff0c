/**
 * What came of an attempt, and what to do about it.
 *
 * The server sees what goes through it, and not whether the peers connected in the end: advice says how sure it is.
 *
 * @module
 */
import type { Millis } from "../ids.ts";
import { aboutAnswer } from "./answer_advice.ts";
import { type Attempt, endOf, isSent } from "./attempt.ts";
import { aboutIce } from "./ice_advice.ts";
import { aboutMedia } from "./media_advice.ts";
import { aboutOffer, NO_ROOM } from "./offer_advice.ts";
import { type Facts, factsOf, isOpen, type Outcome, outcomeOf, summaryOf } from "./outcome.ts";
import { type Advice, certain, duration, gap, likely, possible } from "./words.ts";

/** What came of an attempt. */
export interface Verdict {
  /** Whether more may come. */
  readonly state: "open" | "settled";
  readonly outcome: Outcome;
  readonly summary: string;
  /** The most important first. */
  readonly advice: readonly Advice[];
}

/** Who goes so soon after the answer may have closed its page before the connection was there. */
export const LEFT_SOON_MS = 2_000;
/** From this try on, the earlier ones failed, whatever else went on. */
const MANY_TRIES = 3;

/**
 * What came of an attempt, as far as the server can know, at an instant.
 *
 * @param icePath Where this server hands out TURN servers; `null` if it has none.
 */
export function adviceFor(attempt: Attempt, now: Millis, icePath: string | null = null): Verdict {
  const facts = factsOf(attempt, now, icePath);
  const outcome = outcomeOf(facts);
  const isDone = outcome === "complete" || outcome === "host-only" || outcome === "no-candidates";
  const advice = [
    ...aboutOffer(facts, outcome),
    ...aboutAnswer(facts, outcome),
    ...aboutMedia(facts),
    ...aboutCrossing(facts),
    ...aboutRoom(facts),
    ...(isDone ? aboutLeaving(facts) : []),
    ...(isDone ? aboutIce(facts, hasFailed(facts)) : []),
    ...(isDone ? aboutTries(facts) : []),
    ...(outcome === "complete" ? [UNSEEN] : []),
  ];
  const state = isOpen(outcome) ? "open" : "settled";
  return { state, outcome, summary: summaryOf(facts, outcome), advice: surestFirst(advice) };
}

function surestFirst(advice: readonly Advice[]): Advice[] {
  return advice.toSorted((a, b) => SURENESS.indexOf(a.sure) - SURENESS.indexOf(b.sure));
}

const SURENESS: readonly Advice["sure"][] = ["certain", "likely", "possible"];

const UNSEEN = possible(
  "Whether the peers connected, the server cannot see: they talk without it.",
  "If they did not: look at connection.peerConnection.iceConnectionState on both sides, and at " +
    "chrome://webrtc-internals or about:webrtc.",
);

function aboutCrossing({ attempt: { isCrossed }, names: { caller, callee } }: Facts): Advice[] {
  if (!isCrossed) return [];
  return [certain(
    `Both called each other: ${caller} and ${callee} have two connections, each with its own events.`,
    "Let one side call, for example the one with the smaller id.",
  )];
}

/** A message after the offer found no room. */
function aboutRoom({ attempt: { events }, offer }: Facts): Advice[] {
  const isFull = events.some((event) => isSent(event) && event.fate === "no-room");
  return isFull && offer?.fate !== "no-room" ? [NO_ROOM] : [];
}

function aboutTries(facts: Facts): Advice[] {
  const { attempt: { tries, retriedAt, startedAt }, names: { caller, callee } } = facts;
  if (tries === 1 && retriedAt === null) return [];
  const text = retriedAt === null
    ? `This is try ${tries} of ${caller} to reach ${callee} shortly after the last: those before probably failed.`
    : `${caller} tried again ${
      duration(retriedAt - startedAt)
    } later: this attempt probably failed.`;
  const sure = hasFailed(facts) ? likely : possible;
  return [sure(text, "What else stands here says why. Two connections on purpose are no failure.")];
}

function aboutLeaving({ departure, answer, names }: Facts): Advice[] {
  if (departure === undefined || answer === undefined) return [];
  if (departure.at - answer.at >= LEFT_SOON_MS) return [];
  const end = endOf(departure);
  const sure = end === "page-left" || end === "lost" ? likely : possible;
  return [sure(
    `${names[departure.from]} disconnected from the server ${
      gap(answer, departure)
    } after the answer.`,
    "If its page was closed or loaded again, the connection went with it.",
  )];
}

/** Whether there is evidence that the connection failed. A page that was loaded again calls again in any case. */
function hasFailed({ attempt: { tries, retriedAt }, departure }: Facts): boolean {
  return tries >= MANY_TRIES || (retriedAt !== null && departure === undefined);
}
