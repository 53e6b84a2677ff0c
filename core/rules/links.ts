/**
 * The links between nodes: numbers, acknowledgements, and sending again.
 *
 * A sender gives each message the next number and keeps it until it is acknowledged; what is not acknowledged in time
 * is sent again. A receiver takes the number that it expects and no other, and says which of those it could not
 * deliver.
 *
 * @module
 */
import type { NodeName } from "../cluster/command.ts";
import {
  type Ack,
  type Bounce,
  type Carried,
  type Cluster,
  earlier,
  type InLink,
  type LinkFrame,
  type Numbered,
  type OutLink,
} from "../cluster/member.ts";
import { must } from "../collections/must.ts";
import {
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
import type { State } from "../state.ts";
import { clusterOf, type Step, withCluster } from "./ask.ts";
import { isFull, ROOMY_BYTES } from "./link_room.ts";
import { putBack } from "./idle_check.ts";
import { takeStored, turnAway } from "./mailbox.ts";
import { retryAtLatest, waitingIn, withoutRoute } from "./routes.ts";

/** If more mailboxes wait for a link, they are not looked at with each acknowledgement, but after `RETRY_MS`. */
const AWAITED_MAX = 256;

/** Links from other nodes that are remembered. */
export const INCOMING_MAX = 1_024;

/** How long an acknowledgement may wait for a frame that goes to its node anyway. */
export const ACK_DELAY_MS = 250;

/** After so many deliveries the acknowledgement waits no longer. */
export const ACK_EVERY = 16;

/** How long a link waits for an acknowledgement before it sends again. */
export const RESEND_MS = 500;

/** The serial of no message. */
const NO_SERIAL = -1;

/** How long what bounced waits before it is routed again: the claim that it looks for may be on its way. */
export const RETRY_MS = 50;

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

/** Sends again what was not acknowledged, and acknowledges what waits for that. */
export function tendLinks(state: State, now: Millis): Step {
  const { lookAt } = clusterOf(state);
  if (lookAt === null || lookAt > now) return [state, []];
  const effects: Effect[] = [];
  let next = withCluster(state, { lookAt: null });
  let caused: readonly Effect[];
  for (const [node, link] of mapEntries(clusterOf(next).links)) {
    if (link.resendAt > now) continue;
    [next, caused] = sendAgain(next, node, link, now);
    effects.push(...caused);
  }
  for (const node of mapKeys(clusterOf(next).incoming)) {
    // What was sent again just now has acknowledged already.
    const { ackAt } = must(mapGet(clusterOf(next).incoming, node));
    if (ackAt === null || ackAt > now) continue;
    [next, caused] = publish(next, node, []);
    effects.push(...caused);
  }
  return [withCluster(next, { lookAt: nextLook(clusterOf(next)) }), effects];
}

/** The serials of messages for one id, and where it is held. */
export interface Sending {
  readonly serials: readonly number[];
  readonly route: { readonly node: NodeName; readonly seq: number };
  readonly now: Millis;
}

/** Sends as many messages as the link has room for; the others wait until it has some. */
export function send(state: State, dst: PeerId, { serials, route, now }: Sending): Step {
  const { node, seq } = route;
  const cluster = clusterOf(state);
  const known = mapGet(cluster.links, node) ?? newLink(cluster.nextLink, now);
  const open = [...known.open];
  let { flights } = cluster;
  let { bytes } = known;
  for (const serial of serials) {
    const more = must(mapGet(state.stored, serial)).bytes;
    if (isFull({ open, bytes }, more, cluster)) break;
    open.push({ number: known.next + open.length - known.open.length, serial, seq, bytes: more });
    flights = mapSet(flights, serial, { node, seq, sentAt: now });
    bytes += more;
  }
  const count = open.length - known.open.length;
  const next = count < serials.length ? retryLater(state, dst, now) : state;
  if (count === 0) return [next, []];
  const link: OutLink = { ...known, next: known.next + count, open, bytes };
  const frame = frameTo(state, node, link, open.slice(-count));
  const sent = withCluster(next, {
    flights,
    links: mapSet(cluster.links, node, link),
    nextLink: Math.max(cluster.nextLink, link.link + 1),
    incoming: withAcknowledged(cluster.incoming, node),
    lookAt: earlier(cluster.lookAt, link.resendAt),
  });
  return [sent, [frame, { kind: "note", what: "sent-on", dst, node, count }]];
}

function newLink(link: number, now: Millis): OutLink {
  const resendAt = millis(now + RESEND_MS);
  return { link, next: 1, open: [], bytes: 0, resendAt, isSilent: false };
}

/** Publishes numbers of a link, with the acknowledgement that is due to its node. */
function publish(state: State, to: NodeName, open: readonly Numbered[]): Step {
  const { links, incoming } = clusterOf(state);
  const frame = frameTo(state, to, mapGet(links, to), open);
  return [withCluster(state, { incoming: withAcknowledged(incoming, to) }), [frame]];
}

/** The frame for numbers of a link; `undefined` for none. */
function frameTo(
  state: State,
  to: NodeName,
  link: OutLink | undefined,
  open: readonly Numbered[],
): Publish {
  const { name, incoming } = clusterOf(state);
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
  return { kind: "publish", frame };
}

/** Everything that came from a node is acknowledged by what is published to it. */
function withAcknowledged(incoming: Cluster["incoming"], to: NodeName): Cluster["incoming"] {
  const from = mapGet(incoming, to);
  if (from === undefined || (from.ackAt === null && from.recent.length === 0)) return incoming;
  return mapSet(incoming, to, { ...from, recent: [], ackAt: null });
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
  // A node that is cut sends nothing to others.
  if (clusterOf(state).leaseUntil <= now) {
    return [withCluster(state, { links: mapSet(links, node, { ...link, resendAt }) }), []];
  }
  const silent: OutLink = { ...link, resendAt, isSilent: true };
  let next = withCluster(state, { links: mapSet(links, node, silent) });
  for (const { serial } of link.open) {
    const stored = mapGet(next.stored, serial);
    if (stored !== undefined) next = retryAtLatest(next, stored.message.dst, now);
  }
  return publish(next, node, link.open);
}

/** Handles an acknowledgement: what was delivered ends, and what bounced waits again. */
export function acknowledged(state: State, from: NodeName, ack: Ack, now: Millis): Step {
  const { links } = clusterOf(state);
  const link = mapGet(links, from);
  if (link === undefined || link.link !== ack.link) return [state, []];
  const count = link.open.findIndex(({ number }) => number >= ack.below);
  const taken = count < 0 ? link.open : link.open.slice(0, count);
  if (taken.length === 0) return [state, []];
  const open = link.open.slice(taken.length);
  const bytes = taken.reduce((sum, one) => sum - one.bytes, link.bytes);
  const resendAt = millis(now + RESEND_MS);
  const next = withCluster(state, {
    links: open.length === 0
      ? mapDelete(links, from)
      : mapSet(links, from, { ...link, open, bytes, resendAt, isSilent: false }),
  });
  const whyOf = new Map(ack.bounced);
  const there = taken.filter(({ serial }) => mapHas(state.stored, serial));
  const delivered = there.filter(({ number }) => !whyOf.has(number)).map(({ serial }) => serial);
  const bounced = there.filter(({ number }) => whyOf.has(number));
  const [ended, effects] = whyOf.size === 0
    ? [next, []]
    : endBounced(next, from, bounced.map((one) => [one, must(whyOf.get(one.number))]), now);
  const left = endDelivered(ended, delivered, now);
  const { size } = clusterOf(left).retries;
  const isAwaited = size > 0 && size <= AWAITED_MAX && isFull(link, ROOMY_BYTES, clusterOf(left));
  return [isAwaited ? withCluster(left, { retryAt: now }) : left, effects];
}

/** Ends messages that another node took. */
function endDelivered(state: State, serials: readonly number[], now: Millis): State {
  if (serials.length === 0) return state;
  const dsts = new Set(serials.map((serial) => must(mapGet(state.stored, serial)).message.dst));
  let next = takeStored(state, serials);
  for (const dst of dsts) {
    const mailbox = mapGet(next.mailboxes, dst);
    // What waited behind them for another route can go now.
    const isBlocked = mailbox !== undefined && waitingIn(clusterOf(next), mailbox).length > 0;
    if (isBlocked) next = retryAtLatest(next, dst, now);
  }
  return next;
}

/** Lets messages that bounced wait again, or refuses those whose reader is slow. */
function endBounced(
  state: State,
  from: NodeName,
  bounced: readonly (readonly [Numbered, Bounce[1]])[],
  now: Millis,
): Step {
  const effects: Effect[] = [];
  const gone = new Set<PeerId>();
  let next = state;
  for (const [{ serial }, why] of bounced) {
    const { message } = must(mapGet(next.stored, serial));
    if (why === "gone") {
      const { flights } = clusterOf(next);
      const grounded = withCluster(next, { flights: mapDelete(flights, serial) });
      next = retryLater(withoutRoute(grounded, message.dst), message.dst, now);
      gone.add(message.dst);
    } else {
      const [refused, caused] = turnAway(takeStored(next, [serial]), message, "slow-reader");
      effects.push(...caused);
      next = refused;
    }
  }
  return [gone.size === 0 ? next : emptyNumbers(next, from, gone), effects];
}

/**
 * Takes the messages for some ids off a link: something for them bounced, so the node has delivered none of these. It
 * bounces them until it hears of that, and then it must get none of them under its old number.
 */
function emptyNumbers(state: State, node: NodeName, dsts: ReadonlySet<PeerId>): State {
  const { links, flights } = clusterOf(state);
  const link = mapGet(links, node);
  if (link === undefined) return state;
  let left = flights;
  const open = link.open.map((one) => {
    const dst = mapGet(state.stored, one.serial)?.message.dst;
    if (dst === undefined || !dsts.has(dst)) return one;
    left = mapDelete(left, one.serial);
    return { ...one, serial: NO_SERIAL };
  });
  return withCluster(state, { flights: left, links: mapSet(links, node, { ...link, open }) });
}

function retryLater(state: State, dst: PeerId, now: Millis): State {
  return retryAtLatest(state, dst, millis(now + RETRY_MS));
}

/** Takes the numbers of a frame that come next; whatever is missing its sender sends again. */
export function take(state: State, frame: LinkFrame, now: Millis): Step {
  const { incoming } = clusterOf(state);
  const known = mapGet(incoming, frame.from);
  if (known !== undefined && frame.link < known.link) return [state, []];
  const isNew = known === undefined || frame.link > known.link;
  const link = isNew ? newIncoming(frame.link, now) : known;
  if (frame.base < link.base) return [state, []];
  const effects: Effect[] = [];
  let heard = state;
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
      if (state.drain !== null) heard = putBack(heard, dst);
    }
  }
  // What is on its way counts as if it waited, and a thread of this process hears of it at no cost.
  const isDue = isUrgent || recent.length >= ACK_EVERY || clusterOf(state).isNear;
  const ackAt = earlier(link.ackAt, millis(isDue ? now : now + ACK_DELAY_MS));
  const { base } = frame;
  const taken: InLink = { ...link, expected, base, bounced, recent, ackAt, heardAt: now };
  const roomy = isNew ? withIncomingRoom(incoming) : incoming;
  const next = withCluster(heard, {
    incoming: mapSet(roomy, frame.from, taken),
    lookAt: earlier(clusterOf(heard).lookAt, ackAt),
  });
  return [next, effects];
}

function newIncoming(link: number, now: Millis): InLink {
  return { link, expected: 1, base: 1, bounced: [], recent: [], ackAt: null, heardAt: now };
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
