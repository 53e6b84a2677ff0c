/**
 * Messages to other threads of this process that are sent at once, without being stored.
 *
 * Between threads nothing gets lost, and storing a message takes longer than all the rest. So a message whose way is
 * known and free goes on its link, where all but its text is remembered until it is acknowledged. If it bounces, it
 * comes back with its text and is stored, in the place that was kept for it; from then on it is like every other.
 *
 * @module
 */
import type { NodeName } from "../cluster/command.ts";
import {
  type Cluster,
  type Direct,
  earlier,
  NO_NAME,
  NO_SERIAL,
  type Numbered,
} from "../cluster/member.ts";
import { must } from "../collections/must.ts";
import { mapDelete, mapGet, mapHas, mapSet } from "../collections/persistent_map.ts";
import { replaced } from "../collections/pieces.ts";
import type { Effect } from "../effect.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import type { State } from "../state.ts";
import { clusterOf, type Step, withCluster } from "./ask.ts";
import { isFull } from "./link_room.ts";
import { storeAs, takeSerial } from "./mailbox.ts";
import { frameWith, newLink, withNumber } from "./publish.ts";
import { retryAtLatest, routeTo } from "./routes.ts";

/** What a message counts as on its link besides its text. */
const DIRECT_BYTES = 512;

/** Sends a message to the thread that has its destination; `null` if it must wait, or that is not known. */
export function sendAtOnce(given: State, message: Message, now: Millis): Step | null {
  const { cluster, mailboxes, claims, rules } = given;
  const { type, src, dst, text } = message;
  if (cluster === null || !cluster.isNear || cluster.leaseUntil <= now) return null;
  const route = routeTo(cluster, dst, now);
  if (route?.kind !== "held" || mapHas(mailboxes, dst)) return null;
  const { node, seq } = route;
  const last = mapGet(cluster.onWay, dst);
  if (last !== undefined && (last.node !== node || last.seq !== seq)) return null;
  const known = mapGet(cluster.links, node) ?? newLink(cluster.nextLink, now);
  const bytes = text.length + DIRECT_BYTES;
  if (isFull(known, bytes, cluster)) return null;
  const number = known.next;
  const owner = mapGet(claims, src)?.owner ?? null;
  const direct: Direct = { type, src, dst, owner, expiresAt: millis(now + rules.expire_timeout) };
  const [serial, state] = takeSerial(given);
  const link = withNumber(known, { number, serial, seq, bytes, direct });
  const sent = withCluster(state, {
    onWay: mapSet(cluster.onWay, dst, { node, seq, number, sentAt: now }),
    links: mapSet(cluster.links, node, link),
    nextLink: Math.max(cluster.nextLink, link.link + 1),
    lookAt: earlier(cluster.lookAt, link.resendAt),
  });
  const frame = frameWith(cluster, node, link, [{ number, seq, message }]);
  return [sent, [frame, { kind: "note", what: "passed-on", message }]];
}

/**
 * Has the messages on a link that are not stored end with an `EXPIRE`: all of them, or all to the ids for which the
 * first has come to its deadline, so that one `EXPIRE` stands for all. They may be delivered all the same: their thread
 * has not said.
 */
export function expireDirect(
  state: State,
  node: NodeName,
  now: Millis,
  isAll = false,
): Step {
  const { open, ...link } = must(mapGet(clusterOf(state).links, node));
  const due = new Set(
    open.flat().flatMap(({ direct }) =>
      direct !== null && (isAll || direct.expiresAt <= now) ? [direct.dst] : []
    ),
  );
  if (due.size === 0) return [state, []];
  const effects: Effect[] = [];
  let next = state;
  const left = replaced(open, (one) => {
    if (one.direct === null || !due.has(one.direct.dst)) return one;
    const [after, caused] = keepToExpire(next, one, one.direct, now);
    effects.push(...caused);
    next = after;
    return { ...one, serial: NO_SERIAL, direct: null };
  });
  for (const dst of due) {
    // What waits behind it by another way can go now.
    if (mapHas(next.mailboxes, dst)) next = retryAtLatest(next, dst, now);
  }
  const { links } = clusterOf(next);
  return [withCluster(next, { links: mapSet(links, node, { ...link, open: left }) }), effects];
}

/** Stores a message without its text as one that nobody gets. */
function keepToExpire(state: State, one: Numbered, direct: Direct, now: Millis): Step {
  const { type, src, dst } = direct;
  const { serial, seq } = one;
  const off = withCluster(state, { onWay: withoutNumber(clusterOf(state).onWay, one) });
  const message: Message = { kind: "message", type, src, dst, text: "" };
  const [next, effects] = storeAs(off, message, { ...direct, serial }, "waits");
  if (!mapHas(next.stored, serial)) return [next, effects];
  const { flights } = clusterOf(next);
  const flight = { node: NO_NAME, seq, sentAt: now };
  return [withCluster(next, { flights: mapSet(flights, serial, flight) }), effects];
}

/** What is on its way once this number is not. */
export function withoutNumber(
  onWay: Cluster["onWay"],
  { number, direct }: Numbered,
): Cluster["onWay"] {
  const isLast = direct !== null && mapGet(onWay, direct.dst)?.number === number;
  return isLast ? mapDelete(onWay, direct.dst) : onWay;
}

/** Whom a number is for; `undefined` if it is empty. */
export function destinationOf(
  { stored }: State,
  { serial, direct }: Numbered,
): PeerId | undefined {
  return direct?.dst ?? mapGet(stored, serial)?.message.dst;
}
