/**
 * Acknowledgements of other nodes: what was delivered ends, and what bounced waits again.
 *
 * @module
 */
import type { NodeName } from "../cluster/command.ts";
import {
  type Ack,
  type Bounce,
  type Cluster,
  type LinkFrame,
  NO_SERIAL,
  type Numbered,
  openCount,
  type Returned,
} from "../cluster/member.ts";
import { must } from "../collections/must.ts";
import { mapDelete, mapGet, mapHas, mapSet } from "../collections/persistent_map.ts";
import { firstOf, replaced, withoutFirst } from "../collections/pieces.ts";
import type { Effect } from "../effect.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import type { State } from "../state.ts";
import { clusterOf, type Step, withCluster } from "./ask.ts";
import { withoutNumber } from "./at_once.ts";
import { isFull, ROOMY_BYTES } from "./link_room.ts";
import { storeAs, takeStored, turnAway } from "./mailbox.ts";
import { RESEND_MS } from "./publish.ts";
import { retryAtLatest, retryLater, waitingIn, withoutRoute } from "./routes.ts";

/** If more mailboxes wait for a link, they are not looked at with each acknowledgement, but a little later. */
const AWAITED_MAX = 256;

/** Handles an acknowledgement: what was delivered ends, and what bounced waits again. */
export function acknowledged(
  state: State,
  { from, ack, returned }: LinkFrame & { readonly ack: Ack },
  now: Millis,
): Step {
  const { links } = clusterOf(state);
  const link = mapGet(links, from);
  if (link === undefined || link.link !== ack.link) return [state, []];
  const taken = firstOf(link.open, ack.below - link.next + openCount(link));
  if (taken.length === 0) return [state, []];
  const whyOf = new Map(ack.bounced);
  const open = withoutFirst(link.open, taken.length);
  const bytes = taken.reduce((sum, one) => sum - one.bytes, link.bytes);
  const resendAt = millis(now + RESEND_MS);
  const { onWay, freed } = withoutArrived(state, taken, whyOf);
  const next = withCluster(state, {
    onWay,
    links: open.length === 0
      ? mapDelete(links, from)
      : mapSet(links, from, { ...link, open, bytes, resendAt, isSilent: false }),
  });
  const delivered = taken.filter(({ number, serial }) =>
    !whyOf.has(number) && mapHas(state.stored, serial)
  ).map(({ serial }) => serial);
  const [ended, effects] = whyOf.size === 0
    ? [next, []]
    : endBounced(next, from, bouncedIn(state, taken, whyOf, returned), now);
  let left = endDelivered(ended, delivered, now);
  for (const dst of freed) left = retryAtLatest(left, dst, now);
  const { size } = clusterOf(left).retries;
  const isAwaited = size > 0 && size <= AWAITED_MAX && isFull(link, ROOMY_BYTES, clusterOf(left));
  return [isAwaited ? withCluster(left, { retryAt: now }) : left, effects];
}

/** A number that was not delivered, its message and why. */
interface Bouncing {
  readonly one: Numbered;
  readonly message: Message;
  readonly why: Bounce[1];
}

/** What is on its way without what has arrived, and for whom something can go now that waited behind that. */
function withoutArrived(
  { cluster, mailboxes }: State,
  taken: readonly Numbered[],
  whyOf: ReadonlyMap<number, Bounce[1]>,
): { readonly onWay: Cluster["onWay"]; readonly freed: readonly PeerId[] } {
  let { onWay } = must(cluster);
  const freed: PeerId[] = [];
  for (const one of taken) {
    const left = withoutNumber(onWay, one);
    const dst = left === onWay ? undefined : one.direct?.dst;
    onWay = left;
    if (dst !== undefined && !whyOf.has(one.number) && mapHas(mailboxes, dst)) freed.push(dst);
  }
  return { onWay, freed };
}

function bouncedIn(
  { stored }: State,
  taken: readonly Numbered[],
  whyOf: ReadonlyMap<number, Bounce[1]>,
  returned: readonly Returned[],
): Bouncing[] {
  const messageOf = new Map(returned);
  return taken.flatMap((one) => {
    const why = whyOf.get(one.number);
    const message = one.direct === null
      ? mapGet(stored, one.serial)?.message
      : messageOf.get(one.number);
    return why === undefined || message === undefined ? [] : [{ one, message, why }];
  });
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
  bounced: readonly Bouncing[],
  now: Millis,
): Step {
  const effects: Effect[] = [];
  const gone = new Set<PeerId>();
  let next = state;
  for (const bouncing of bounced) {
    const isGone = bouncing.why === "gone";
    const [ended, caused] = isGone ? ground(next, bouncing) : refuse(next, bouncing);
    effects.push(...caused);
    next = ended;
    if (isGone) gone.add(bouncing.message.dst);
  }
  for (const dst of gone) next = retryLater(withoutRoute(next, dst), dst, now);
  return [gone.size === 0 ? next : emptyNumbers(next, from, gone), effects];
}

/** A message is on no link any more: it waits. */
function ground(state: State, { one: { serial, direct }, message }: Bouncing): Step {
  if (direct !== null) return storeAs(state, message, { ...direct, serial }, "waits");
  const { flights } = clusterOf(state);
  return [withCluster(state, { flights: mapDelete(flights, serial) }), []];
}

function refuse(state: State, { one: { serial, direct }, message }: Bouncing): Step {
  return turnAway(direct === null ? takeStored(state, [serial]) : state, message, "slow-reader");
}

/**
 * Takes the messages for some ids off a link: something for them bounced, so the node has delivered none of these. It
 * bounces them until it hears of that, and then it must get none of them under its old number. What is not stored comes
 * back by itself.
 */
function emptyNumbers(state: State, node: NodeName, dsts: ReadonlySet<PeerId>): State {
  const { links, flights } = clusterOf(state);
  const link = mapGet(links, node);
  if (link === undefined) return state;
  let left = flights;
  const open = replaced(link.open, (one) => {
    const dst = mapGet(state.stored, one.serial)?.message.dst;
    if (dst === undefined || !dsts.has(dst)) return one;
    left = mapDelete(left, one.serial);
    return { ...one, serial: NO_SERIAL };
  });
  return withCluster(state, { flights: left, links: mapSet(links, node, { ...link, open }) });
}
