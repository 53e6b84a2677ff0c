/**
 * One list of attempts of what several workers saw.
 *
 * A worker sees all messages to and from its own clients, so a call between the clients of two workers is with both,
 * and they are one attempt: the same peers, the same connection. What a message did its sender's worker knows, except
 * that it sent it on; that it arrived then, the other one knows, as the next message of this kind that it relayed. Who
 * joined, left and was told only one knows, and of what both counted the higher number is right.
 *
 * @module
 */
import {
  type Attempt,
  type CandidateCounts,
  EVENTS_MAX,
  type Hint,
  isSameAddress,
  isSent,
  type Occurrence,
  refusalIn,
  type Role,
  type Sent,
  type Side,
  withEvent,
} from "../../core/attempts/mod.ts";
import { millis } from "../../core/mod.ts";
import type { SeenAttempts, Trace } from "./attempt_watch.ts";

/** Attempts whose messages name no connection are one if they began so soon after each other. */
const TOGETHER_MS = 60_000;

/** A message that was sent on so soon did not wait: its worker asked where to. */
const ASKING_MS = 100;

/** The ids of a worker begin at its launch times this, so that no other has them. */
const IDS_PER_LAUNCH = 2 ** 36;

/** An attempt as one worker saw it. */
interface Told {
  readonly launch: number;
  readonly attempt: Attempt;
}

/** The attempts of all, newest first. */
export function mergeAttempts(seen: readonly SeenAttempts[]): Attempt[] {
  const groups = groupsOf(
    seen.flatMap(({ of: { launch }, attempts }) =>
      attempts.map((attempt): Told => {
        return { launch, attempt: { ...attempt, id: launch * IDS_PER_LAUNCH + attempt.id } };
      })
    ),
  );
  return groups.map(mergedOf).sort((a, b) => b.startedAt - a.startedAt || b.id - a.id);
}

function groupsOf(all: readonly Told[]): Told[][] {
  const byKey = new Map<string, Told[][]>();
  for (const told of all.toSorted((a, b) => a.attempt.startedAt - b.attempt.startedAt)) {
    const { caller, callee, connection, tag } = told.attempt;
    const key = JSON.stringify([caller, callee, connection, tag]);
    const groups = byKey.get(key) ?? [];
    byKey.set(key, groups);
    const group = groups.findLast((group) => isOneOf(group, told));
    if (group === undefined) groups.push([told]);
    else group.push(told);
  }
  return [...byKey.values()].flat();
}

function isOneOf(group: readonly Told[], { launch, attempt: { tag, startedAt } }: Told): boolean {
  const isSoon = group.every(({ attempt }) => startedAt - attempt.startedAt <= TOGETHER_MS);
  return (tag !== null || isSoon) && !group.some((other) => other.launch === launch);
}

function mergedOf(group: readonly Told[]): Attempt {
  const [first, ...others] = group.toSorted(callerFirst);
  if (first === undefined) throw new Error("No group is empty");
  if (others.length === 0) return first.attempt;
  const all = group.map(({ attempt }) => attempt);
  const most = (numberOf: (attempt: Attempt) => number): number => Math.max(...all.map(numberOf));
  const some = <T>(of: (attempt: Attempt) => T | null): T | null =>
    all.map(of).findLast((one) => one !== null) ?? null;
  const addresses = {
    caller: some((one) => one.addresses.caller),
    callee: some((one) => one.addresses.callee),
  };
  const merged: Attempt = {
    ...first.attempt,
    startedAt: millis(-most((one) => -one.startedAt)),
    updatedAt: millis(most((one) => one.updatedAt)),
    sides: { caller: sideOf(all, "caller"), callee: sideOf(all, "callee") },
    events: [],
    isCut: all.some(({ isCut }) => isCut),
    addresses,
    sameAddress: isSameAddress(addresses),
    tries: most((one) => one.tries),
    retriedAt: some((one) => one.retriedAt),
    isCrossed: all.some(({ isCrossed }) => isCrossed),
    near: some((one) => one.near),
    refusal: some((one) => one.refusal),
  };
  return eventsOf(group).reduce(withEvent, merged);
}

/** First whoever has the caller, whose id for the attempt stays when the callee's worker hears of it. */
function callerFirst(a: Told, b: Told): number {
  return Number(isOfCaller(b)) - Number(isOfCaller(a)) || a.launch - b.launch;
}

/** A message to a client of another worker is never relayed where its sender is. */
function isOfCaller({ attempt: { events } }: Told): boolean {
  const first = events.find((event) => isSent(event) && event.from === "caller");
  return first !== undefined && isSent(first) && first.fate !== "relayed";
}

function sideOf(all: readonly Attempt[], role: Role): Side {
  const sides = all.map((attempt) => attempt.sides[role]);
  const most = (numberOf: (side: Side) => number): number => Math.max(...sides.map(numberOf));
  const count = (type: keyof CandidateCounts): number => most((side) => side.candidates[type]);
  return {
    candidates: {
      host: count("host"),
      srflx: count("srflx"),
      prflx: count("prflx"),
      relay: count("relay"),
    },
    hidden: most(({ hidden }) => hidden),
    descriptions: most(({ descriptions }) => descriptions),
    flows: sides.findLast(({ flows }) => flows !== null)?.flows ?? null,
    isEnd: sides.some(({ isEnd }) => isEnd),
    unnoted: most(({ unnoted }) => unnoted),
  };
}

/** The events of all, in order: of a message that was sent on and arrived only one. */
function eventsOf(group: readonly Told[]): Occurrence[] {
  const all = group.flatMap(({ launch, attempt }) =>
    attempt.events.map((event) => ({ launch, event }))
  ).sort((a, b) => a.event.at - b.event.at);
  const arrivals = new Set(all.filter(({ event }) => isSent(event) && event.fate === "relayed"));
  const seen: Occurrence[] = [];
  for (const one of all) {
    if (!isSent(one.event) || one.event.fate !== "sent-on") continue;
    const sent = one.event;
    const arrival = [...arrivals].find(({ launch, event }) =>
      launch !== one.launch && isSent(event) && event.from === sent.from && event.what === sent.what
    );
    if (arrival !== undefined) arrivals.delete(arrival);
    seen.push(arrival === undefined ? sent : arrived(sent));
  }
  for (const one of all) {
    const { event } = one;
    const isThere = isSent(event) && (event.fate === "sent-on" || event.fate === "relayed");
    if (!isThere || arrivals.has(one)) seen.push(event);
  }
  return seen.sort((a, b) => a.at - b.at);
}

function arrived(sent: Sent): Sent {
  const { at, endedAt } = sent;
  const hasWaited = endedAt !== null && endedAt - at >= ASKING_MS;
  return hasWaited ? { ...sent, fate: "delivered" } : { ...sent, fate: "relayed", endedAt: null };
}

/** What to ask every worker of callees that were not there: what it knows of them until the wait of the offer ended. */
export function tracesOf(attempts: readonly Attempt[]): Trace[] {
  return attempts.flatMap((attempt) => traceOf(attempt) ?? []);
}

/** The attempts with what all workers know, each an answer for `tracesOf` the attempts. */
export function withHints(
  attempts: readonly Attempt[],
  hints: readonly (readonly Hint[])[],
): Attempt[] {
  let place = 0;
  return attempts.map((attempt) => {
    const trace = traceOf(attempt);
    if (trace === null) return attempt;
    const ofThis = hints.flatMap((all) => all[place] ?? []);
    place++;
    const arrivals = ofThis.flatMap(({ last }) => last ?? []).sort((a, b) => a.at - b.at);
    const last = arrivals.at(-1) ?? null;
    if (!trace.isExpired) return withArrival(attempt, last);
    const near = attempt.near ?? ofThis.find((hint) => hint.near !== null)?.near ?? null;
    return { ...attempt, near, refusal: last === null ? attempt.refusal : refusalIn({ last }) };
  });
}

/** Notes that the callee came for whom the offer waited: its worker heard of the attempt only then. */
function withArrival(attempt: Attempt, last: Hint["last"]): Attempt {
  const { events, startedAt } = attempt;
  const isKnown = events.some(({ what, at }) => what === "joined" && at === last?.at);
  if (last === null || last.code !== null || last.at < startedAt || isKnown) return attempt;
  const came: Occurrence = { what: "joined", at: last.at, from: "callee" };
  const place = events.findLastIndex(({ at }) => at <= last.at) + 1;
  return { ...attempt, events: events.toSpliced(place, 0, came).slice(0, EVENTS_MAX) };
}

/** `null` if the offer did not wait. */
function traceOf({ callee, events }: Attempt): Trace & { readonly isExpired: boolean } | null {
  const offer = events.find((event): event is Sent =>
    isSent(event) && event.what === "OFFER" && event.from === "caller"
  );
  if (offer === undefined || offer.endedAt === null) return null;
  const isExpired = offer.fate === "expired";
  return { callee, at: offer.endedAt + (isExpired ? 0 : ARRIVED_MS), isExpired };
}

/** An offer may be on its way to a peer just before its worker knows that it is there. */
const ARRIVED_MS = 100;
