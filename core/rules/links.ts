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
  type Bounce,
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
import { type Effect, pass } from "../effect.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import type { State } from "../state.ts";
import { append, clusterOf, type Step, withCluster } from "./ask.ts";
import { destinationOf, expireDirect } from "./at_once.ts";
import { putBack } from "./idle_check.ts";
import { isFull } from "./link_room.ts";
import { frameTo, newLink, publish, RESEND_MS, withAcknowledged, withNumber } from "./publish.ts";
import { retryAtLatest, retryLater } from "./routes.ts";

/** Links from other nodes that are remembered. */
export const INCOMING_MAX = 1_024;

/** How long an acknowledgement may wait for a frame that goes to its node anyway. */
export const ACK_DELAY_MS = 250;

/** After so many deliveries the acknowledgement waits no longer. */
export const ACK_EVERY = 16;

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
    const bounced = [...link.bounced, bounceOf(state, found.number, why, message)];
    const changed = { ...link, recent, bounced, ackAt: now };
    return lookBy(
      withCluster(state, { incoming: mapSet(incoming, from, changed) }),
      now,
    );
  }
  return null;
}

/** Looks after links without an acknowledgement, and acknowledges what waits for that. */
export function tendLinks(state: State, now: Millis): Step {
  const { lookAt } = clusterOf(state);
  if (lookAt === null || lookAt > now) return [state, []];
  const effects: Effect[] = [];
  let next = withCluster(state, { lookAt: null });
  let caused: readonly Effect[];
  for (const [node, link] of mapEntries(clusterOf(next).links)) {
    if (link.resendAt > now) continue;
    [next, caused] = tendSilent(next, node, now);
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
  const sent: Numbered[] = [];
  let link = mapGet(cluster.links, node) ?? newLink(cluster.nextLink, now);
  let { flights } = cluster;
  for (const serial of serials) {
    const { bytes } = must(mapGet(state.stored, serial));
    if (isFull(link, bytes, cluster)) break;
    const one: Numbered = { number: link.next, serial, seq, bytes, direct: null };
    sent.push(one);
    link = withNumber(link, one);
    flights = mapSet(flights, serial, { node, seq, sentAt: now });
  }
  const count = sent.length;
  const next = count < serials.length ? retryLater(state, dst, now) : state;
  if (count === 0) return [next, []];
  const frame = frameTo(state, node, link, sent);
  const after = withCluster(next, {
    flights,
    links: mapSet(cluster.links, node, link),
    nextLink: Math.max(cluster.nextLink, link.link + 1),
    incoming: withAcknowledged(cluster.incoming, node),
    lookAt: earlier(cluster.lookAt, link.resendAt),
  });
  return [after, [frame, { kind: "note", what: "sent-on", dst, node, count }]];
}

/**
 * Looks after a link without an acknowledgement: everything that is open is sent again, if it may have got lost. A link
 * on which all has expired is forgotten.
 */
function tendSilent(given: State, node: NodeName, now: Millis): Step {
  const [state, effects] = expireDirect(given, node, now);
  const { links, leaseUntil, isNear } = clusterOf(state);
  const link = must(mapGet(links, node));
  const open = link.open.flat();
  const dsts = new Set(open.flatMap((one) => destinationOf(state, one) ?? []));
  if (dsts.size === 0) return [withCluster(state, { links: mapDelete(links, node) }), effects];
  const resendAt = millis(now + RESEND_MS);
  // A node that is cut sends nothing to others.
  if (leaseUntil <= now) {
    return [withCluster(state, { links: mapSet(links, node, { ...link, resendAt }) }), effects];
  }
  const silent: OutLink = { ...link, resendAt, isSilent: true };
  let next = withCluster(state, { links: mapSet(links, node, silent) });
  for (const dst of dsts) {
    if (mapHas(state.mailboxes, dst)) next = retryAtLatest(next, dst, now);
  }
  // Between threads nothing gets lost.
  return isNear ? [next, effects] : append(effects, publish(next, node, open));
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
      bounced.push(bounceOf(state, number, "gone", message));
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

function bounceOf(
  state: State,
  number: number,
  why: Bounce[1],
  message: Message,
): InLink["bounced"][number] {
  const { isNear } = clusterOf(state);
  return { number, why, dst: message.dst, message: isNear ? message : null };
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
