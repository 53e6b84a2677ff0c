/**
 * Why an offer did not reach the callee.
 *
 * @module
 */
import { CLOSE, type CloseCode } from "../effect.ts";
import { excerpt } from "../wire/text.ts";
import type { Facts, Outcome } from "./outcome.ts";
import { type Advice, certain, gap } from "./words.ts";

/** What was the matter with the offer; nothing if it arrived. */
export function aboutOffer(facts: Facts, outcome: Outcome): Advice[] {
  const { names: { caller, callee } } = facts;
  switch (outcome) {
    case "absent":
      return [
        ...aboutRefusal(facts),
        ...aboutNear(facts),
        ...aboutLateComer(facts),
        aboutAbsence(facts),
      ];
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

function aboutRefusal({ attempt: { refusal }, offer, names: { callee } }: Facts): Advice[] {
  if (refusal === null || offer === undefined) return [];
  const when = refusal.at <= offer.at
    ? `${gap(refusal, offer)} before`
    : `${gap(offer, refusal)} after the call`;
  const [why, todo] = REFUSALS.get(refusal.code) ?? ["", "The log of the server says why."];
  return [certain(`${callee} was refused ${when}${why} (${refusal.code}).`, todo)];
}

/** Why a socket is refused, by its close code, and what to do. */
const REFUSALS: ReadonlyMap<CloseCode, readonly [string, string]> = new Map([
  [CLOSE.idTaken, [
    ": another client held the id",
    "Give its page another id, or the token of the one that has it.",
  ]],
  [CLOSE.wrongKey, [": wrong key", "Give its page the key of this server: new Peer(id, { key })."]],
  [CLOSE.full, [": the server was full", "Raise concurrent_limit, if the machine can carry more."]],
  [CLOSE.wrongOrigin, [
    ": pages of its origin may not use this server",
    "If the page is yours, add its origin to option cors.",
  ]],
  [CLOSE.notAuthorized, [
    ": its token is missing, or does not count",
    "Give its page a fresh token that is signed for this id: new Peer(id, { token }).",
  ]],
  [CLOSE.tooMany, [
    ": too many connections from its address",
    "Raise max_sockets_per_address, or find what opens so many; behind a proxy set trusted_proxies.",
  ]],
]);

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
