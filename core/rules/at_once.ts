/**
 * Messages to other threads of this process that are sent at once, without being stored.
 *
 * Between threads hardly anything is lost or late, and storing a message takes longer than all the rest. So a message
 * whose way is known and free goes on its link as it is. It is stored after all, with those for the same peer, if it
 * bounces, if it is not acknowledged in time, or if one that follows it has to wait; then it is like every other.
 *
 * @module
 */
import type { NodeName } from "../cluster/command.ts";
import {
  type Cluster,
  type Direct,
  earlier,
  NO_SERIAL,
  type Numbered,
  type OnWay,
} from "../cluster/member.ts";
import { must } from "../collections/must.ts";
import { mapDelete, mapGet, mapHas, mapSet } from "../collections/persistent_map.ts";
import { replaced } from "../collections/pieces.ts";
import type { Effect } from "../effect.ts";
import type { Millis, PeerId } from "../ids.ts";
import type { Message } from "../message.ts";
import type { State } from "../state.ts";
import { clusterOf, type Step, withCluster } from "./ask.ts";
import { isFull } from "./link_room.ts";
import { store } from "./mailbox.ts";
import { frameTo, newLink, withNumber } from "./publish.ts";
import { routeTo } from "./routes.ts";

/** What a message counts as on its link besides its text. */
const DIRECT_BYTES = 512;

/** Sends a message to the thread that has its destination; `null` if it must wait, or that is not known. */
export function sendAtOnce(state: State, message: Message, now: Millis): Step | null {
  const { cluster, mailboxes, claims } = state;
  const { src, dst, text } = message;
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
  const direct: Direct = { message, owner: mapGet(claims, src)?.owner ?? null };
  const one: Numbered = { number, serial: NO_SERIAL, seq, bytes, direct };
  const link = withNumber(known, one);
  const onWay: OnWay = { node, seq, number };
  const sent = withCluster(state, {
    onWay: mapSet(cluster.onWay, dst, onWay),
    links: mapSet(cluster.links, node, link),
    nextLink: Math.max(cluster.nextLink, link.link + 1),
    lookAt: earlier(cluster.lookAt, link.resendAt),
  });
  return [sent, [frameTo(state, node, link, [one]), { kind: "note", what: "passed-on", message }]];
}

/** Stores what is on a link for an id: what follows must wait behind it. */
export function keepOnWay(state: State, dst: PeerId, now: Millis): Step {
  const last = state.cluster === null ? undefined : mapGet(state.cluster.onWay, dst);
  if (last === undefined) return [state, []];
  return keepDirect(state, last.node, (message) => message.dst === dst, now);
}

/** Stores what is on a link and is not stored yet, of what is `wanted`. It stays on the link. */
export function keepDirect(
  state: State,
  node: NodeName,
  wanted: (message: Message) => boolean,
  now: Millis,
): Step {
  const effects: Effect[] = [];
  let next = state;
  const { open, ...link } = must(mapGet(clusterOf(state).links, node));
  const kept = replaced(open, (one) => {
    if (one.direct === null || !wanted(one.direct.message)) return one;
    const [after, caused] = keepOne(next, one.direct, now);
    effects.push(...caused);
    const serial = after.nextSerial > next.nextSerial ? next.nextSerial : NO_SERIAL;
    next = serial === NO_SERIAL ? after : withCluster(after, {
      flights: mapSet(clusterOf(after).flights, serial, { node, seq: one.seq, sentAt: now }),
    });
    return { ...one, serial, direct: null };
  });
  const { links } = clusterOf(next);
  return [withCluster(next, { links: mapSet(links, node, { ...link, open: kept }) }), effects];
}

/** Stores a message that is on no link any more, or only under a number; refuses it if there is no room. */
export function keepOne(state: State, { message, owner }: Direct, now: Millis): Step {
  const { onWay } = clusterOf(state);
  const off = withCluster(state, { onWay: mapDelete(onWay, message.dst) });
  const [next, effects] = store(off, message, now, owner);
  if (next.nextSerial === off.nextSerial) return [next, effects];
  return [next, [{ kind: "note", what: "waits", message }]];
}

/** What is on its way once this was acknowledged. */
export function withoutArrived(
  onWay: Cluster["onWay"],
  { number, direct }: Numbered,
): Cluster["onWay"] {
  if (direct === null) return onWay;
  const { dst } = direct.message;
  return mapGet(onWay, dst)?.number === number ? mapDelete(onWay, dst) : onWay;
}
