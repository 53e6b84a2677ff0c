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
  type Cluster,
  type Flight,
  type LinkFrame,
  NO_NAME,
  type Route,
} from "../cluster/member.ts";
import {
  emptyMap,
  mapEntries,
  mapGet,
  mapHas,
  mapKeys,
  mapSet,
} from "../collections/persistent_map.ts";
import type { Effect } from "../effect.ts";
import type { Millis, PeerId } from "../ids.ts";
import { holderOf, type Mailbox, type State } from "../state.ts";
import { append, ask, clusterOf, type Step, withCluster } from "./ask.ts";
import { acknowledged } from "./acks.ts";
import { expireDirect } from "./at_once.ts";
import { send, take, tendLinks } from "./links.ts";
import { drain } from "./mailbox.ts";
import { retryAtLatest, routeTo, waitingIn, withRoute } from "./routes.ts";

/** A node that is there acknowledges sooner; longer than this a message does not hold up those behind it. */
export const FLIGHT_MAX_MS = 3_000;

/** Whether messages for `dst` must wait behind others that may come back from another node. */
export function isBehind({ cluster, mailboxes }: State, dst: PeerId): boolean {
  return cluster !== null && (mapHas(mailboxes, dst) || mapHas(cluster.onWay, dst));
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
  const ahead = [last, mapGet(cluster.onWay, dst)];
  const isHeldUp = (route: Way | null): boolean => ahead.some((one) => holdsUp(one, route, now));
  const holder = holderOf(state, dst);
  if (holder !== undefined) {
    if (isHeldUp(null)) return [state, []];
    return drain(state, dst, holder, mailbox.serials.length - waiting.length);
  }
  if (cluster.leaseUntil <= now) return [state, []];
  const route = fresh ?? routeTo(cluster, dst, now);
  if (route === undefined) return askRoute(state, dst, now);
  if (route.kind !== "held" || isHeldUp(route)) return [state, []];
  return send(state, dst, { serials: waiting, route, now });
}

/** Remembers where an id is held, and sends what waits for it. */
export function learnRoute(state: State, dst: PeerId, route: Route, now: Millis): Step {
  return flush(withRoute(state, dst, route), dst, now, route);
}

/** Handles a frame of another node. A node that is cut takes nothing. */
export function receiveFrame(state: State, frame: LinkFrame, now: Millis): Step {
  const cluster = clusterOf(state);
  // A thread is a node as long as it lives, and what it does not take nobody sends again.
  const isCut = cluster.leaseUntil <= now && !cluster.isNear;
  if (isCut || frame.to !== cluster.name) return [state, []];
  const { ack, carried } = frame;
  const [next, effects] = ack === null ? [state, []] : acknowledged(state, { ...frame, ack }, now);
  return carried.length === 0 ? [next, effects] : append(effects, take(next, frame, now));
}

/** Does what is due on the links, and looks again at mailboxes. */
export function tendCourier(state: State, now: Millis): Step {
  const [tended, effects] = tendLinks(state, now);
  const { retryAt } = clusterOf(tended);
  if (retryAt === null || retryAt > now) return [tended, effects];
  return append(effects, flushRetries(tended, now));
}

/** Looks again soon at every mailbox: the engine can be asked from now on. */
export function retryAll(state: State, now: Millis): State {
  let next = state;
  for (const dst of mapKeys(state.mailboxes)) next = retryAtLatest(next, dst, now);
  return next;
}

/** Forgets all links: messages on them keep their deadlines, are not sent again, and hold up nothing. */
export function dropLinks(given: State, now: Millis): Step {
  const effects: Effect[] = [];
  let state = given;
  for (const node of mapKeys(clusterOf(given).links)) {
    const [kept, caused] = expireDirect(state, node, now, true);
    effects.push(...caused);
    state = kept;
  }
  let { flights } = clusterOf(state);
  for (const [serial, flight] of mapEntries(flights)) {
    flights = mapSet(flights, serial, { ...flight, node: NO_NAME });
  }
  return [
    withCluster(state, { flights, links: emptyMap(), incoming: emptyMap(), lookAt: null }),
    effects,
  ];
}

function lastFlight(
  { flights }: Cluster,
  { serials }: Mailbox,
  waiting: number,
): Flight | undefined {
  const serial = serials[serials.length - waiting - 1];
  return serial === undefined ? undefined : mapGet(flights, serial);
}

/** Where a message goes. */
type Way = Pick<Flight, "node" | "seq">;

/** Whether a message on a link may come back, and so holds up those behind it. */
function holdsUp(
  flight: Flight | undefined,
  route: Way | null,
  now: Millis,
): boolean {
  if (flight === undefined || flight.node === NO_NAME) return false;
  if (flight.node === route?.node && flight.seq === route.seq) return false;
  return now - flight.sentAt < FLIGHT_MAX_MS;
}

function askRoute(state: State, dst: PeerId, now: Millis): Step {
  const { phase, conn } = clusterOf(state);
  // Redis keeps UTF-8, in which all lone surrogates are one.
  if (phase !== "joined" || !dst.isWellFormed()) return [state, []];
  return ask(withRoute(state, dst, { kind: "asked", conn }), { kind: "route", id: dst }, now);
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
