/**
 * Acknowledgements of other nodes: what was delivered ends, and what bounced waits again.
 *
 * @module
 */
import type { NodeName } from "../cluster/command.ts";
import { type Ack, type Bounce, NO_SERIAL, type Numbered, openCount } from "../cluster/member.ts";
import { must } from "../collections/must.ts";
import { mapDelete, mapGet, mapHas, mapSet } from "../collections/persistent_map.ts";
import { firstOf, replaced, withoutFirst } from "../collections/pieces.ts";
import type { Effect } from "../effect.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import type { State } from "../state.ts";
import { append, clusterOf, type Step, withCluster } from "./ask.ts";
import { keepOne, withoutArrived } from "./at_once.ts";
import { isFull, ROOMY_BYTES } from "./link_room.ts";
import { takeStored, turnAway } from "./mailbox.ts";
import { RESEND_MS } from "./publish.ts";
import { retryAtLatest, retryLater, waitingIn, withoutRoute } from "./routes.ts";

/** If more mailboxes wait for a link, they are not looked at with each acknowledgement, but a little later. */
const AWAITED_MAX = 256;

/** Handles an acknowledgement: what was delivered ends, and what bounced waits again. */
export function acknowledged(state: State, from: NodeName, ack: Ack, now: Millis): Step {
  const { links } = clusterOf(state);
  const link = mapGet(links, from);
  if (link === undefined || link.link !== ack.link) return [state, []];
  const taken = firstOf(link.open, ack.below - link.next + openCount(link));
  if (taken.length === 0) return [state, []];
  const open = withoutFirst(link.open, taken.length);
  let { bytes } = link;
  let { onWay } = clusterOf(state);
  for (const one of taken) {
    bytes -= one.bytes;
    onWay = withoutArrived(onWay, one);
  }
  const resendAt = millis(now + RESEND_MS);
  const next = withCluster(state, {
    onWay,
    links: open.length === 0
      ? mapDelete(links, from)
      : mapSet(links, from, { ...link, open, bytes, resendAt, isSilent: false }),
  });
  const whyOf = new Map(ack.bounced);
  const delivered = taken.filter(({ number, serial }) =>
    !whyOf.has(number) && mapHas(state.stored, serial)
  ).map(({ serial }) => serial);
  const bounced = taken.filter(({ number, serial, direct }) =>
    whyOf.has(number) && (direct !== null || mapHas(state.stored, serial))
  );
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
  for (const [one, why] of bounced) {
    const { dst } = messageOf(next, one);
    const [ended, caused] = why === "gone" ? ground(next, one, now) : refuse(next, one);
    effects.push(...caused);
    next = ended;
    if (why === "gone") gone.add(dst);
  }
  for (const dst of gone) next = retryLater(withoutRoute(next, dst), dst, now);
  return gone.size === 0 ? [next, effects] : append(effects, emptyNumbers(next, from, gone, now));
}

function messageOf({ stored }: State, { serial, direct }: Numbered): Message {
  return direct?.message ?? must(mapGet(stored, serial)).message;
}

/** A message is on no link any more: it waits. */
function ground(state: State, { serial, direct }: Numbered, now: Millis): Step {
  if (direct !== null) return keepOne(state, direct, now);
  const { flights } = clusterOf(state);
  return [withCluster(state, { flights: mapDelete(flights, serial) }), []];
}

function refuse(state: State, one: Numbered): Step {
  const left = one.direct === null ? takeStored(state, [one.serial]) : state;
  return turnAway(left, messageOf(state, one), "slow-reader");
}

/**
 * Takes the messages for some ids off a link: something for them bounced, so the node has delivered none of these. It
 * bounces them until it hears of that, and then it must get none of them under its old number.
 */
function emptyNumbers(
  state: State,
  node: NodeName,
  dsts: ReadonlySet<PeerId>,
  now: Millis,
): Step {
  const link = mapGet(clusterOf(state).links, node);
  if (link === undefined) return [state, []];
  const effects: Effect[] = [];
  let next = state;
  const open = replaced(link.open, (one) => {
    const dst = one.direct?.message.dst ?? mapGet(state.stored, one.serial)?.message.dst;
    if (dst === undefined || !dsts.has(dst)) return one;
    const [grounded, caused] = ground(next, one, now);
    effects.push(...caused);
    next = grounded;
    return { ...one, serial: NO_SERIAL, direct: null };
  });
  const { links } = clusterOf(next);
  return [withCluster(next, { links: mapSet(links, node, { ...link, open }) }), effects];
}
