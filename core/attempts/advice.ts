/**
 * What came of an attempt, and what to do about it.
 *
 * The server sees what goes through it, and not whether the peers connected in the end. So advice says how sure it is:
 * `certain` where the server saw it itself, `likely` where the evidence leaves little else, `possible` where it is what
 * to look at if the connection failed.
 *
 * @module
 */
import type { Millis } from "../ids.ts";
import type { Attempt } from "./attempt.ts";
import { iceAdvice } from "./ice_advice.ts";
import { aboutMedia } from "./media_advice.ts";
import {
  type Advice,
  type Facts,
  factsOf,
  gap,
  isOpen,
  type Outcome,
  outcomeOf,
  summaryOf,
  waitOf,
} from "./outcome.ts";

/** What came of an attempt. */
export interface Verdict {
  /** Whether more may come. */
  readonly state: "open" | "settled";
  readonly outcome: Outcome;
  readonly summary: string;
  /** The most important first. */
  readonly advice: readonly Advice[];
}

/** A late answer is worth a word from here on: people do not wait for longer. */
export const LATE_MS = 15_000;
/** Who leaves so soon after the answer may have closed its page before the connection was there. */
export const LEFT_SOON_MS = 2_000;
/** From this try on, the earlier ones failed, whatever else went on. */
const MANY_TRIES = 3;

/** What came of an attempt, as far as the server can know, at an instant. */
export function adviceFor(attempt: Attempt, now: Millis): Verdict {
  const facts = factsOf(attempt, now);
  const outcome = outcomeOf(facts);
  return {
    state: isOpen(outcome) ? "open" : "settled",
    outcome,
    summary: summaryOf(facts, outcome),
    advice: [
      ...aboutOffer(facts, outcome),
      ...aboutAnswer(facts, outcome),
      ...aboutMedia(facts),
      ...aboutCrossing(facts),
      ...aboutTries(facts),
      ...aboutRefusals(facts),
      ...(hasIce(outcome) ? iceAdvice(facts, hasFailed(facts)) : []),
      ...aboutEnd(facts, outcome),
    ],
  };
}

function aboutOffer(facts: Facts, outcome: Outcome): Advice[] {
  const { attempt, offer, names: { caller, callee } } = facts;
  switch (outcome) {
    case "absent":
      return [...aboutAbsence(facts), {
        text: `${callee} was not connected when ${caller} called, and did not come within ${
          waitOf(offer)
        }. The client of ${caller} reports "peer-unavailable".`,
        todo:
          `Compare the ids letter by letter, let ${caller} call after the "open" event of ${callee}, ` +
          "and give both the same host, port, path and key. Option expire_timeout sets how long an offer waits.",
        sure: "certain",
      }];
    case "waiting":
      return aboutNear(facts);
    case "impossible-id":
      return [{
        text:
          `No peer can be called ${callee}: an id is a string that is not empty, has no control characters, and ` +
          "at most max_id_length of them.",
        todo:
          `Look at what ${caller} passes to connect() or call(): often it is a Peer, an undefined variable, or ` +
          'peer.id before the "open" event.',
        sure: "certain",
      }];
    case "refused":
      return [
        offer?.fate === "no-room" ? ROOM : {
          text:
            `The connection of ${callee} to the server has more unsent than max_unsent_bytes allows.`,
          todo: `The page of ${callee} hangs, or its network is too slow. Reload it.`,
          sure: "certain",
        },
      ];
    case "self":
      return [{
        text: "The stock client closes a connection when its own offer comes back to it.",
        todo: "Give the two pages two ids.",
        sure: "certain",
      }];
    case "partial":
      return [{
        text: attempt.isCut
          ? "The offer has a form that the server does not read, or came before it watched."
          : "The offer came before the server watched, or to another node.",
        todo: `Let ${caller} call again.`,
        sure: "certain",
      }];
    default:
      return [];
  }
}

const ROOM: Advice = {
  text: "Too many messages wait for peers that are not connected.",
  todo: "See who calls absent peers, or raise queue_limit, source_queue_limit and max_queue_bytes.",
  sure: "certain",
};

/** Whom the caller may have meant, and whether the callee came too late. */
function aboutAbsence(facts: Facts): Advice[] {
  const { attempt, offer, names: { caller, callee } } = facts;
  const joined = attempt.events.find((event) => event.what === "joined" && event.from === "callee");
  if (joined === undefined) return aboutNear(facts);
  return [...aboutNear(facts), {
    text: `${callee} came ${
      gap(offer, joined)
    } after the offer, and the offer had expired by then.`,
    todo:
      `Let ${caller} call when ${callee} is there, or call again at "peer-unavailable", or raise expire_timeout.`,
    sure: "certain",
  }];
}

function aboutNear({ attempt, names: { callee } }: Facts): Advice[] {
  if (attempt.near === null) return [];
  return [{
    text: `${callee} was not connected, and ${JSON.stringify(attempt.near)} was.`,
    todo: "Ids are compared letter by letter: use one spelling.",
    sure: "certain",
  }];
}

function aboutAnswer(facts: Facts, outcome: Outcome): Advice[] {
  const { attempt, offer, answer, departure, names } = facts;
  const { caller, callee } = names;
  const isCall = attempt.connection === "media";
  switch (outcome) {
    case "ringing":
    case "unanswered":
      return isCall
        ? [{
          text: `The page of ${callee} got the call, and has not answered it.`,
          todo:
            `It has to: peer.on("call", (call) => call.answer(stream)). Where answering waits for a permission ` +
            "(getUserMedia) or a click, see that it comes to that.",
          sure: outcome === "unanswered" ? "likely" : "possible",
        }]
        : [{
          text:
            `The client of ${callee} got the offer, and sent no answer: an answer to data needs nobody.`,
          todo:
            `Read what the developer tools of ${callee} say: its script threw, it has no serializer of the name that ` +
            `${caller} asks for, or it is a client that does not understand this offer.`,
          sure: "likely",
        }];
    case "answer-lost":
      return [{
        text: `${caller} was not connected to the server any more when ${callee} answered.`,
        todo:
          `Answer sooner, and keep ${caller} connected: at its "disconnected" event call peer.reconnect().`,
        sure: "certain",
      }];
    case "caller-left":
    case "callee-left": {
      const who = names[departure?.from ?? "caller"];
      return [{
        text:
          `The connection of ${who} to the server ended, by the ${departure?.by}, with code ${departure?.code}.`,
        todo: departure?.code === REPLACED
          ? `The page of ${who} was loaded again, or reconnected: call again when it is open.`
          : `If the page of ${who} was closed or reloaded, call again when it is back; if its network failed, call ` +
            'peer.reconnect() at the "disconnected" event.',
        sure: "certain",
      }];
    }
    case "rejected":
      return [{
        text: `The answer of ${callee} rejects every section of the offer.`,
        todo:
          "The browsers have no codec in common, or code stops or changes the description: look at sdpTransform.",
        sure: "certain",
      }];
  }
  if (offer === undefined || answer === undefined) return [];
  if (answer.at - (offer.endedAt ?? offer.at) < LATE_MS) return [];
  return [{
    text: `${callee} answered ${gap(offer, answer)} after the offer.`,
    todo:
      `If ${caller} had given up by then (call.close() tells ${callee} nothing), answer sooner, or call anew.`,
    sure: "possible",
  }];
}

/** The close code of a connection whose id a newer one took over. */
const REPLACED = 4_000;

function aboutCrossing({ attempt: { isCrossed }, names: { caller, callee } }: Facts): Advice[] {
  if (!isCrossed) return [];
  return [{
    text:
      `Both called each other: ${caller} and ${callee} have two connections, each with its own events.`,
    todo: "Let one side call, for example the one with the smaller id.",
    sure: "certain",
  }];
}

function aboutTries({ attempt, names: { caller, callee }, ...facts }: Facts): Advice[] {
  const { tries, retriedAt } = attempt;
  if (tries === 1 && retriedAt === null) return [];
  const text = retriedAt === null
    ? `This is try ${tries} of ${caller} to reach ${callee} within a short time: those before probably failed.`
    : `${caller} tried again ${
      gap({ at: attempt.startedAt }, { at: retriedAt })
    } later: this attempt probably failed.`;
  return [{
    text,
    todo: "See below for what it may be. Two connections on purpose are no failure.",
    sure: hasFailed({ attempt, names: { caller, callee }, ...facts }) ? "likely" : "possible",
  }];
}

/** Messages after the offer that found no room. */
function aboutRefusals({ attempt: { events }, offer }: Facts): Advice[] {
  const isFull = events.some((event) => "fate" in event && event.fate === "no-room");
  return isFull && offer?.fate !== "no-room" ? [ROOM] : [];
}

function aboutEnd({ departure, answer, names }: Facts, outcome: Outcome): Advice[] {
  const advice: Advice[] = [];
  if (departure !== undefined && answer !== undefined && departure.at >= answer.at) {
    if (departure.at - answer.at < LEFT_SOON_MS) {
      advice.push({
        text: `${names[departure.from]} left the server ${
          gap(answer, departure)
        } after the answer.`,
        todo: "If its page was closed or reloaded then, the connection went with it.",
        sure: "possible",
      });
    }
  }
  if (outcome !== "complete") return advice;
  return [...advice, {
    text: "Whether the peers connected, the server cannot see: they talk without it.",
    todo:
      "If they did not, look at connection.peerConnection.iceConnectionState on both sides, and at " +
      "chrome://webrtc-internals.",
    sure: "possible",
  }];
}

function hasIce(outcome: Outcome): boolean {
  return outcome === "complete" || outcome === "host-only" || outcome === "no-candidates";
}

/** Whether there is evidence that the connection failed. A page that was loaded again calls again in any case. */
function hasFailed({ attempt: { tries, retriedAt }, departure }: Facts): boolean {
  return tries >= MANY_TRIES || retriedAt !== null && departure === undefined;
}
