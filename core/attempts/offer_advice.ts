/**
 * Why an offer did not reach the callee.
 *
 * @module
 */
import { excerpt } from "../wire/text.ts";
import type { Facts, Outcome } from "./outcome.ts";
import { type Advice, certain, gap } from "./words.ts";

/** What was the matter with the offer; nothing if it arrived. */
export function aboutOffer(facts: Facts, outcome: Outcome): Advice[] {
  const { names: { caller, callee } } = facts;
  switch (outcome) {
    case "absent":
      return [...aboutNear(facts), ...aboutLateComer(facts), aboutAbsence(facts)];
    case "waiting":
      return aboutNear(facts);
    case "impossible-id":
      return [certain(
        `No peer can be called ${callee}: an id is text without control characters, not empty, and not too long.`,
        `Look at what ${caller} passes to connect() or call(): often it is a variable without a value yet, such as ` +
          'peer.id before the "open" event, or a Peer instead of its id.',
      )];
    case "refused":
      return [facts.offer?.fate === "no-room" ? NO_ROOM : aboutSlowReader(facts)];
    case "self":
      return [certain(
        "The stock client closes a connection when its own offer comes back to it.",
        "Give the two pages two ids.",
      )];
    case "partial":
      return [certain(
        "The offer came before the server watched, or through another node.",
        `Let ${caller} call again.`,
      )];
    default:
      return [];
  }
}

/** The store of waiting messages is full. */
export const NO_ROOM: Advice = certain(
  "The server had no room for a message to a peer that is not connected: too many wait already.",
  "See who calls absent peers, or raise queue_limit, source_queue_limit and max_queue_bytes.",
);

function aboutAbsence({ waited, names: { caller, callee } }: Facts): Advice {
  return certain(
    `${callee} was not connected when ${caller} called, and did not come within ${waited}: the client of ${caller} ` +
      'reports "peer-unavailable".',
    `Compare the ids letter by letter, let ${caller} call after the "open" event of ${callee}, and give both the ` +
      "same host, port, path and key. Option expire_timeout sets how long an offer waits.",
  );
}

/** Whom the caller may have meant. */
function aboutNear({ attempt: { near }, names: { callee } }: Facts): Advice[] {
  if (near === null) return [];
  return [certain(
    `${callee} was not connected, and ${excerpt(near)} was.`,
    "Ids are compared letter by letter: use one spelling.",
  )];
}

function aboutLateComer({ attempt, offer, names: { caller, callee } }: Facts): Advice[] {
  const { events } = attempt;
  const joined = events.find((event) => event.what === "joined" && event.from === "callee");
  if (joined === undefined || offer === undefined) return [];
  return [certain(
    `${callee} came ${gap(offer, joined)} after the offer, which had expired by then.`,
    `Let ${caller} call when ${callee} is there, call again at "peer-unavailable", or raise expire_timeout.`,
  )];
}

function aboutSlowReader({ names: { callee } }: Facts): Advice {
  return certain(
    `${callee} reads too slowly: its connection to the server has more unsent than max_unsent_bytes.`,
    "Its page hangs, or its network is too slow for what is sent to it. Reload it.",
  );
}
