/**
 * Frames to other nodes.
 *
 * @module
 */
import type { NodeName } from "../cluster/command.ts";
import {
  type Ack,
  type Carried,
  type Cluster,
  type InLink,
  type LinkFrame,
  type Numbered,
  type OutLink,
  type Returned,
} from "../cluster/member.ts";
import { mapGet, mapSet } from "../collections/persistent_map.ts";
import { withLast } from "../collections/pieces.ts";
import type { Publish } from "../effect.ts";
import { type Millis, millis } from "../ids.ts";
import type { State } from "../state.ts";
import { clusterOf, type Step, withCluster } from "./ask.ts";

/** How long a link waits for an acknowledgement before it sends again. */
export const RESEND_MS = 500;

/** A link that has carried nothing. */
export function newLink(link: number, now: Millis): OutLink {
  const resendAt = millis(now + RESEND_MS);
  return { link, next: 1, open: [], bytes: 0, resendAt, isSilent: false };
}

/** Puts a message on a link, under its next number. */
export function withNumber(link: OutLink, one: Numbered): OutLink {
  const { next, open, bytes } = link;
  return { ...link, next: next + 1, open: withLast(open, one), bytes: bytes + one.bytes };
}

/** Publishes numbers of a link, with the acknowledgement that is due to its node. */
export function publish(state: State, to: NodeName, open: readonly Numbered[]): Step {
  const { links, incoming } = clusterOf(state);
  const frame = frameTo(state, to, mapGet(links, to), open);
  return [withCluster(state, { incoming: withAcknowledged(incoming, to) }), [frame]];
}

/** The frame for numbers of a link whose messages are stored; `undefined` for none. */
export function frameTo(
  state: State,
  to: NodeName,
  link: OutLink | undefined,
  open: readonly Numbered[],
): Publish {
  const carried = open.map(({ number, serial, seq }): Carried => ({
    number,
    seq,
    message: mapGet(state.stored, serial)?.message ?? null,
  }));
  return frameWith(clusterOf(state), to, link, carried);
}

/** The frame with what it carries. */
export function frameWith(
  { name, incoming, isNear }: Cluster,
  to: NodeName,
  link: OutLink | undefined,
  carried: readonly Carried[],
): Publish {
  const from = mapGet(incoming, to);
  // To a thread an acknowledgement went at once.
  const isSaid = from === undefined || (isNear && from.ackAt === null);
  const frame: LinkFrame = {
    from: name,
    to,
    link: link?.link ?? 0,
    base: link?.open[0]?.[0]?.number ?? 0,
    carried,
    ack: isSaid ? null : ackOf(from),
    returned: isSaid ? [] : returnedOf(from),
  };
  return { kind: "publish", frame };
}

/** Everything that came from a node is acknowledged by what is published to it. */
export function withAcknowledged(incoming: Cluster["incoming"], to: NodeName): Cluster["incoming"] {
  const from = mapGet(incoming, to);
  if (from === undefined || (from.ackAt === null && from.recent.length === 0)) return incoming;
  // What bounced is said until the other node knows, and returned once.
  const bounced = from.bounced.map((one) => one.message === null ? one : { ...one, message: null });
  return mapSet(incoming, to, { ...from, bounced, recent: [], ackAt: null });
}

function returnedOf({ bounced }: InLink): Returned[] {
  return bounced.flatMap(({ number, message }): Returned[] =>
    message === null ? [] : [[number, message]]
  );
}

function ackOf({ link, expected, bounced }: InLink): Ack {
  return { link, below: expected, bounced: bounced.map(({ number, why }) => [number, why]) };
}
