/**
 * Takes messages to peers of other nodes, and those of other nodes to ours.
 *
 * A message stays in its sender's mailbox until the other node has acknowledged it, or its deadline comes: one owner,
 * one end. A node takes a message only for a claim with exactly the seq by which it was routed; otherwise it bounces,
 * and is routed again.
 *
 * @module
 */
import {
  type Ack,
  type Bounce,
  type Carried,
  type Cluster,
  earlier,
  type Flight,
  type InLink,
  type LinkFrame,
  NO_NAME,
  type Numbered,
  type OutLink,
  type Route,
} from "../cluster/member.ts";
import type { NodeName } from "../cluster/command.ts";
import { must } from "../collections/must.ts";
import {
  emptyMap,
  mapDelete,
  mapEntries,
  mapGet,
  mapHas,
  mapKeys,
  mapSet,
} from "../collections/persistent_map.ts";
import { type Effect, pass, type Publish } from "../effect.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import { holderOf, type Mailbox, type State } from "../state.ts";
import { ask, clusterOf, withCluster } from "./ask.ts";
import { drain, takeStored, turnAway } from "./mailbox.ts";

type Step = readonly [State, readonly Effect[]];

/** The numbers that a link may have open, and their bytes; one message is always allowed. */
export const LINK_OPEN_MAX = 256;
export const LINK_OPEN_MAX_BYTES = 524_288;

/** Links from other nodes that are remembered. */
export const INCOMING_MAX = 1_024;

/** Routes that are remembered, in each of two halves. */
export const ROUTES_MAX = 16_384;

/** How long an acknowledgement may wait for a frame that goes to its node anyway. */
export const ACK_DELAY_MS = 250;

/** After so many deliveries the acknowledgement waits no longer. */
export const ACK_EVERY = 16;

/** How long a link waits for an acknowledgement before it sends again. */
export const RESEND_MS = 500;

/** How long what bounced waits before it is routed again: the claim that it looks for may be on its way. */
export const RETRY_MS = 50;

/** A node that is there acknowledges sooner; longer than this a message does not hold up those behind it. */
export const FLIGHT_MAX_MS = 3_000;

/** Whether messages for `dst` must wait behind others that may come back from another node. */
export function isBehind(state: State, dst: PeerId): boolean {
  return state.cluster !== null && mapHas(state.mailboxes, dst);
}

/**
 * Sends what waits for `dst` to where the id is held; asks the engine if that is not known. `fresh` is what the engine
 * said just now. A node that is cut sends nothing to others.
 */
export function flush(state: State, dst: PeerId, now: Millis, fresh?: Route): Step {
  const cluster = clusterOf(state);
  const mailbox = mapGet(state.mailboxes, dst);
  if (mailbox === undefined) return [state, []];
  const waiting = waitingIn(cluster, mailbox);
  if (waiting.length === 0) return [state, []];
  const last = lastFlight(cluster, mailbox, waiting.length);
  const holder = holderOf(state, dst);
  if (holder !== undefined) {
    if (holdsUp(last, null, now)) return [state, []];
    return drain(state, dst, holder, mailbox.serials.length - waiting.length);
  }
  if (cluster.leaseUntil <= now) return [state, []];
  const route = fresh ?? routeTo(cluster, dst, now);
  if (route === undefined) return askRoute(state, dst, now);
  if (route.kind !== "held" || holdsUp(last, route, now)) return [state, []];
  return send(state, dst, { serials: waiting, route, now });
}

/** Remembers where an id is held, and sends what waits for it. */
export function learnRoute(state: State, dst: PeerId, route: Route, now: Millis): Step {
  return flush(withRoute(state, dst, route), dst, now, route);
}

/** Handles a frame of another node. A node that is cut takes nothing. */
export function receiveFrame(state: State, frame: LinkFrame, now: Millis): Step {
  const cluster = clusterOf(state);
  if (cluster.leaseUntil <= now || frame.to !== cluster.name) return [state, []];
  const { from, ack, carried } = frame;
  const [next, effects] = ack === null ? [state, []] : acknowledged(state, from, ack, now);
  return carried.length === 0 ? [next, effects] : append(effects, take(next, frame, now));
}

/**
 * Handles a send on behalf of another node that failed or was refused. Returns `null` if the message is not of another
 * node, or is acknowledged already.
 */
export function bounceUnsent(
  state: State,
  message: Message,
  why: Bounce[1],
  now: Millis,
): State | null {
  if (state.cluster === null) return null;
  const { incoming } = state.cluster;
  for (const [from, link] of mapEntries(incoming)) {
    const found = link.recent.findLast((one) => isSame(one.message, message));
    if (found === undefined) continue;
    const recent = link.recent.filter((one) => one !== found);
    const bounced = [...link.bounced, { number: found.number, why, dst: message.dst }];
    const changed = { ...link, recent, bounced, ackAt: now };
    return lookBy(
      withCluster(state, { incoming: mapSet(incoming, from, changed) }),
      now,
    );
  }
  return null;
}

/** Does what is due on the links: sends again, acknowledges, routes again. */
export function tendLinks(state: State, now: Millis): Step {
  const effects: Effect[] = [];
  let next = state;
  let caused: readonly Effect[];
  const { lookAt, retryAt } = clusterOf(next);
  if (lookAt !== null && lookAt <= now) {
    next = withCluster(next, { lookAt: null });
    for (const [node, link] of mapEntries(clusterOf(next).links)) {
      if (link.resendAt > now) continue;
      [next, caused] = sendAgain(next, node, link, now);
      effects.push(...caused);
    }
    for (const [node, { ackAt }] of mapEntries(clusterOf(next).incoming)) {
      // A frame that was sent just now may have acknowledged already.
      if ((mapGet(clusterOf(next).incoming, node)?.ackAt ?? Infinity) > now) continue;
      if (ackAt === null) continue;
      [next, caused] = publish(next, node, []);
      effects.push(...caused);
    }
    next = withCluster(next, { lookAt: nextLook(clusterOf(next)) });
  }
  if (retryAt !== null && retryAt <= now) {
    [next, caused] = flushRetries(next, now);
    effects.push(...caused);
  }
  return [next, effects];
}

/** Looks again soon at every mailbox: the engine can be asked from now on. */
export function retryAll(state: State, now: Millis): State {
  let next = state;
  for (const dst of mapKeys(state.mailboxes)) next = retryAtLatest(next, dst, now);
  return next;
}

/** Forgets all links: messages on them keep their deadlines, are not sent again, and hold up nothing. */
export function dropLinks(state: State): State {
  let { flights } = clusterOf(state);
  for (const [serial, flight] of mapEntries(flights)) {
    flights = mapSet(flights, serial, { ...flight, node: NO_NAME });
  }
  return withCluster(state, { flights, links: emptyMap(), incoming: emptyMap(), lookAt: null });
}

/** Whether a message can reach a peer of another node at once. */
export function hasRoute(state: State, dst: PeerId, now: Millis): boolean {
  return state.cluster !== null && routeTo(state.cluster, dst, now)?.kind === "held";
}

function append(before: readonly Effect[], [state, effects]: Step): Step {
  return [state, [...before, ...effects]];
}

// Mailboxes and routes.

function waitingIn({ flights }: Cluster, { serials }: Mailbox): readonly number[] {
  // Most often nothing or everything is on a link.
  let from = serials.length;
  while (from > 0 && !mapHas(flights, must(serials[from - 1]))) from--;
  return serials.slice(from);
}

function lastFlight(
  { flights }: Cluster,
  { serials }: Mailbox,
  waiting: number,
): Flight | undefined {
  const serial = serials[serials.length - waiting - 1];
  return serial === undefined ? undefined : mapGet(flights, serial);
}

/** Whether a message on a link may come back, and so holds up those behind it. */
function holdsUp(
  flight: Flight | undefined,
  route: { readonly node: NodeName; readonly seq: number } | null,
  now: Millis,
): boolean {
  if (flight === undefined || flight.node === NO_NAME) return false;
  if (flight.node === route?.node && flight.seq === route.seq) return false;
  return now - flight.sentAt < FLIGHT_MAX_MS;
}

/** The route to an id; `undefined` if the engine must be asked. */
function routeTo(cluster: Cluster, dst: PeerId, now: Millis): Route | undefined {
  const route = mapGet(cluster.young, dst) ?? mapGet(cluster.old, dst);
  switch (route?.kind) {
    case undefined:
      return undefined;
    case "asked":
      return route.conn === cluster.conn && cluster.phase === "joined" ? route : undefined;
    case "absent":
      return route.until > now ? route : undefined;
    case "held":
      return mapGet(cluster.links, route.node)?.isSilent === true ? undefined : route;
  }
}

function withRoute(state: State, dst: PeerId, route: Route): State {
  const { young } = clusterOf(state);
  if (young.size < ROUTES_MAX || mapHas(young, dst)) {
    return withCluster(state, { young: mapSet(young, dst, route) });
  }
  return withCluster(state, { young: mapSet(emptyMap(), dst, route), old: young });
}

function withoutRoute(state: State, dst: PeerId): State {
  const { young, old } = clusterOf(state);
  return withCluster(state, { young: mapDelete(young, dst), old: mapDelete(old, dst) });
}

function askRoute(state: State, dst: PeerId, now: Millis): Step {
  const { phase, conn } = clusterOf(state);
  // Redis keeps UTF-8, in which all lone surrogates are one.
  if (phase !== "joined" || !dst.isWellFormed()) return [state, []];
  return ask(withRoute(state, dst, { kind: "asked", conn }), { kind: "route", id: dst }, now);
}

function retryAtLatest(state: State, dst: PeerId, at: Millis): State {
  const { retries, retryAt } = clusterOf(state);
  return withCluster(state, {
    retries: mapSet(retries, dst, true),
    retryAt: earlier(retryAt, at),
  });
}

function flushRetries(state: State, now: Millis): Step {
  const { retries } = clusterOf(state);
  const effects: Effect[] = [];
  let next = withCluster(state, { retries: emptyMap(), retryAt: null });
  for (const dst of mapKeys(retries)) {
    const [flushed, caused] = flush(next, dst, now);
    effects.push(...caused);
    next = flushed;
  }
  return [next, effects];
}

// Links to other nodes.

interface Sending {
  readonly serials: readonly number[];
  readonly route: { readonly node: NodeName; readonly seq: number };
  readonly now: Millis;
}

/** Sends as many messages as the link has room for; the others wait until it has some. */
function send(state: State, dst: PeerId, { serials, route, now }: Sending): Step {
  const { node, seq } = route;
  const cluster = clusterOf(state);
  const known = mapGet(cluster.links, node) ?? newLink(cluster.nextLink, now);
  let { flights } = cluster;
  let link = known;
  for (const serial of serials) {
    const { bytes } = must(mapGet(state.stored, serial));
    if (isFull(link, bytes)) break;
    const number = link.next;
    const open = [...link.open, { number, serial, seq, bytes }];
    link = { ...link, next: number + 1, open, bytes: link.bytes + bytes };
    flights = mapSet(flights, serial, { node, seq, sentAt: now });
  }
  const count = link.next - known.next;
  const next = count < serials.length ? retryLater(state, dst, now) : state;
  if (count === 0) return [next, []];
  const linked = withCluster(next, {
    flights,
    links: mapSet(cluster.links, node, link),
    nextLink: Math.max(cluster.nextLink, link.link + 1),
  });
  const [sent, effects] = publish(lookBy(linked, link.resendAt), node, link.open.slice(-count));
  return [sent, [...effects, { kind: "note", what: "sent-on", dst, node, count }]];
}

function newLink(link: number, now: Millis): OutLink {
  const resendAt = millis(now + RESEND_MS);
  return { link, next: 1, open: [], bytes: 0, resendAt, isSilent: false };
}

/** Whether a message of so many bytes must wait for an acknowledgement. */
function isFull({ open, bytes }: OutLink, more: number): boolean {
  if (open.length === 0) return false;
  return open.length >= LINK_OPEN_MAX || bytes + more > LINK_OPEN_MAX_BYTES;
}

/** Publishes numbers of a link, with the acknowledgement that is due to its node. */
function publish(state: State, to: NodeName, open: readonly Numbered[]): Step {
  const { name, links, incoming } = clusterOf(state);
  const link = mapGet(links, to);
  const from = mapGet(incoming, to);
  const carried = open.map(({ number, serial, seq }): Carried => ({
    number,
    seq,
    message: mapGet(state.stored, serial)?.message ?? null,
  }));
  const frame: LinkFrame = {
    from: name,
    to,
    link: link?.link ?? 0,
    base: link?.open[0]?.number ?? 0,
    carried,
    ack: from === undefined ? null : ackOf(from),
  };
  const effect: Publish = { kind: "publish", frame };
  if (from === undefined) return [state, [effect]];
  const said: InLink = { ...from, recent: [], ackAt: null };
  return [withCluster(state, { incoming: mapSet(incoming, to, said) }), [effect]];
}

function ackOf({ link, expected, bounced }: InLink): Ack {
  return { link, below: expected, bounced: bounced.map(({ number, why }) => [number, why]) };
}

/** Sends everything that is open again. A link on which all has expired is forgotten. */
function sendAgain(state: State, node: NodeName, link: OutLink, now: Millis): Step {
  const { links } = clusterOf(state);
  if (link.open.every(({ serial }) => !mapHas(state.stored, serial))) {
    return [withCluster(state, { links: mapDelete(links, node) }), []];
  }
  const resendAt = millis(now + RESEND_MS);
  const silent: OutLink = { ...link, resendAt, isSilent: true };
  let next = withCluster(state, { links: mapSet(links, node, silent) });
  for (const { serial } of link.open) {
    const stored = mapGet(next.stored, serial);
    if (stored !== undefined) next = retryAtLatest(next, stored.message.dst, now);
  }
  return publish(next, node, link.open);
}

/** Handles an acknowledgement: what was delivered ends, and what bounced waits again. */
function acknowledged(state: State, from: NodeName, ack: Ack, now: Millis): Step {
  const { links } = clusterOf(state);
  const link = mapGet(links, from);
  if (link === undefined || link.link !== ack.link) return [state, []];
  const taken = link.open.filter(({ number }) => number < ack.below);
  if (taken.length === 0) return [state, []];
  const wasFull = isFull(link, 0);
  const open = link.open.slice(taken.length);
  const bytes = open.reduce((sum, one) => sum + one.bytes, 0);
  const resendAt = millis(now + RESEND_MS);
  const whyOf = new Map(ack.bounced);
  let next = withCluster(state, {
    links: open.length === 0
      ? mapDelete(links, from)
      : mapSet(links, from, { ...link, open, bytes, resendAt, isSilent: false }),
  });
  const effects: Effect[] = [];
  for (const { number, serial } of taken) {
    const stored = mapGet(next.stored, serial);
    if (stored === undefined) continue;
    const [ended, caused] = end(next, serial, stored.message, { why: whyOf.get(number), now });
    effects.push(...caused);
    next = ended;
  }
  return wasFull ? append(effects, flushRetries(next, now)) : [next, effects];
}

/** Ends a message that another node took, or lets it wait again if it bounced. */
function end(
  state: State,
  serial: number,
  message: Message,
  { why, now }: { readonly why: Bounce[1] | undefined; readonly now: Millis },
): Step {
  if (why === undefined) {
    const next = takeStored(state, serial);
    const mailbox = mapGet(next.mailboxes, message.dst);
    // What waited behind it for another route can go now.
    const isBlocked = mailbox !== undefined && waitingIn(clusterOf(next), mailbox).length > 0;
    return [isBlocked ? retryAtLatest(next, message.dst, now) : next, []];
  }
  if (why === "slow") return turnAway(takeStored(state, serial), message, "slow-reader");
  const { flights } = clusterOf(state);
  const grounded = withCluster(state, { flights: mapDelete(flights, serial) });
  return [retryLater(withoutRoute(grounded, message.dst), message.dst, now), []];
}

function retryLater(state: State, dst: PeerId, now: Millis): State {
  return retryAtLatest(state, dst, millis(now + RETRY_MS));
}

// Links from other nodes.

/** Takes the numbers of a frame that come next; whatever is missing its sender sends again. */
function take(state: State, frame: LinkFrame, now: Millis): Step {
  const { incoming } = clusterOf(state);
  const known = mapGet(incoming, frame.from);
  if (known !== undefined && frame.link < known.link) return [state, []];
  const isNew = known === undefined || frame.link > known.link;
  const link = isNew ? newIncoming(frame.link, now) : known;
  const effects: Effect[] = [];
  const bounced = link.bounced.filter(({ number }) => number >= frame.base);
  const recent = [...link.recent];
  let { expected } = link;
  let isUrgent = false;
  for (const { number, seq, message } of frame.carried) {
    // A number that was taken comes again because its acknowledgement was lost.
    if (number < expected) isUrgent = true;
    if (number !== expected) continue;
    expected++;
    if (message === null) continue;
    const { dst } = message;
    const claim = mapGet(state.claims, dst);
    // What follows a bounce bounces too until its sender knows of it, or it would overtake.
    const overtakes = bounced.some((one) => one.dst === dst && one.why === "gone");
    if (claim === undefined || claim.seq !== seq || overtakes) {
      bounced.push({ number, why: "gone", dst });
      isUrgent = true;
    } else {
      effects.push(pass(claim.conn, message));
      recent.push({ number, message });
    }
  }
  const isDue = isUrgent || recent.length >= ACK_EVERY;
  const ackAt = earlier(link.ackAt, millis(isDue ? now : now + ACK_DELAY_MS));
  const taken: InLink = { ...link, expected, bounced, recent, ackAt, heardAt: now };
  const roomy = isNew ? withIncomingRoom(incoming) : incoming;
  const next = withCluster(state, { incoming: mapSet(roomy, frame.from, taken) });
  return [lookBy(next, ackAt), effects];
}

function newIncoming(link: number, now: Millis): InLink {
  return { link, expected: 1, bounced: [], recent: [], ackAt: null, heardAt: now };
}

/** Without room, the link that was silent for longest is forgotten. */
function withIncomingRoom(incoming: Cluster["incoming"]): Cluster["incoming"] {
  if (incoming.size < INCOMING_MAX) return incoming;
  const [[oldest]] = [...mapEntries(incoming)].sort(([, a], [, b]) => a.heardAt - b.heardAt) as [
    readonly [NodeName, InLink],
  ];
  return mapDelete(incoming, oldest);
}

function isSame(a: Message, b: Message): boolean {
  return a.src === b.src && a.dst === b.dst && a.text === b.text;
}

function lookBy(state: State, at: Millis | null): State {
  return withCluster(state, { lookAt: earlier(clusterOf(state).lookAt, at) });
}

function nextLook({ links, incoming, lookAt }: Cluster): Millis | null {
  let at = lookAt;
  for (const [, { resendAt }] of mapEntries(links)) at = earlier(at, resendAt);
  for (const [, { ackAt }] of mapEntries(incoming)) at = earlier(at, ackAt);
  return at;
}
