/**
 * Why there was no answer, or none that helps.
 *
 * @module
 */
import { must } from "../collections/must.ts";
import { endOf } from "./attempt.ts";
import { type Facts, longRing, type Outcome } from "./outcome.ts";
import { type Advice, certain, gap, likely, possible } from "./words.ts";

/** A late answer is worth a word from here on: people do not wait for longer. */
export const LATE_MS = 15_000;

/** What was the matter with the answer. */
export function aboutAnswer(facts: Facts, outcome: Outcome): Advice[] {
  const { attempt, names: { caller, callee } } = facts;
  const isCall = attempt.connection === "media";
  switch (outcome) {
    case "ringing":
      return [aboutRinging(facts, possible)];
    case "unanswered":
      return [isCall ? aboutRinging(facts, likely) : aboutData(facts)];
    case "answer-lost":
      return [certain(
        `${caller} did not get the answer: it was not connected to the server any more, or read too slowly.`,
        `Keep ${caller} connected (peer.reconnect() at its "disconnected" event), and answer sooner.`,
      )];
    case "caller-left":
    case "callee-left":
      return [...aboutLongRing(facts), aboutDeparture(facts)];
    case "rejected":
      return [certain(
        `The answer of ${callee} rejects ${isCall ? "audio and video" : "the data channel"}.`,
        "The browsers have nothing in common to send it with, or code changes the descriptions: look at sdpTransform.",
      )];
    default:
      return aboutLateAnswer(facts);
  }
}

function aboutRinging({ names: { callee } }: Facts, sure: typeof likely): Advice {
  return sure(
    `The page of ${callee} got the call, and has not answered it.`,
    TO_ANSWER,
  );
}

const TO_ANSWER =
  'It has to: peer.on("call", (call) => call.answer(stream)). Where that waits for a click, or for the permission ' +
  "of getUserMedia(), see that it comes to it.";

function aboutLongRing(facts: Facts): Advice[] {
  const rang = longRing(facts);
  if (rang === null) return [];
  const { callee } = facts.names;
  return [
    certain(`The page of ${callee} got the call, and did not answer it for ${rang}.`, TO_ANSWER),
  ];
}

function aboutData({ names: { caller, callee } }: Facts): Advice {
  return likely(
    `The client of ${callee} got the offer, and sent no answer, which it does without its page.`,
    `Read what the developer tools of ${callee} say: its script threw, it has no serializer of the name that ` +
      `${caller} asks for, or its client does not understand this offer.`,
  );
}

function aboutDeparture({ departure, names }: Facts): Advice {
  const went = must(departure);
  const name = names[went.from];
  const again = `Call again when ${name} is back.`;
  switch (endOf(went)) {
    case "page-left":
      return certain(`The page of ${name} was closed or left.`, again);
    case "lost":
      return likely(
        `The connection of ${name} to the server was lost: its page, its network, or a proxy between.`,
        `See whether the page of ${name} was closed or slept, its network changed, or a proxy ends idle sockets. The ` +
          'page can call peer.reconnect() at the "disconnected" event.',
      );
    case "closed":
      return certain(
        `The client of ${name} closed its connection to the server, with code ${went.code}.`,
        `A call of peer.disconnect() or peer.destroy() does that. ${again}`,
      );
    case "by-server":
      return certain(
        `The server closed the connection of ${name}, with code ${went.code}.`,
        `The log of the server says why. ${again}`,
      );
  }
}

function aboutLateAnswer({ offer, answer, names: { caller, callee } }: Facts): Advice[] {
  if (offer === undefined || answer === undefined) return [];
  if (answer.at - (offer.endedAt ?? offer.at) < LATE_MS) return [];
  return [possible(
    `${callee} answered ${gap(offer, answer)} after the offer.`,
    `If ${caller} had given up by then (its call.close() tells ${callee} nothing), answer sooner, or call anew.`,
  )];
}
