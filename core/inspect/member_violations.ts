/**
 * The invariants of the part of a state that a node of a cluster has. Tests and replays check them after every step.
 *
 * @module
 */
import {
  type Cluster,
  NO_NAME,
  type Numbered,
  type OnWay,
  openCount,
  type OutLink,
} from "../cluster/member.ts";
import { mapEntries, mapGet, mapHas, mapValues } from "../collections/persistent_map.ts";
import { linkMax } from "../rules/link_room.ts";
import { INCOMING_MAX } from "../rules/links.ts";
import { ROUTES_MAX } from "../rules/routes.ts";
import type { PeerId } from "../ids.ts";
import type { State } from "../state.ts";

/** The contradictions and exceeded bounds of a node, one sentence each; none for a consistent one. */
export function memberViolations(state: State, cluster: Cluster): string[] {
  return [
    ...flightViolations(state, cluster),
    ...onWayViolations(state, cluster),
    ...linkViolations(cluster),
    ...incomingViolations(cluster),
    ...claimViolations(state, cluster),
    ...lookViolations(state, cluster),
  ];
}

function flightViolations({ stored }: State, { flights, links }: Cluster): string[] {
  const found: string[] = [];
  for (const [serial, { node }] of mapEntries(flights)) {
    if (!mapHas(stored, serial)) found.push(`${serial} is on a link, and not stored`);
    const open = openOf(mapGet(links, node));
    if (node !== NO_NAME && !open.some((one) => one.serial === serial)) {
      found.push(`${serial} is on the link to ${node}, which does not have it`);
    }
  }
  for (const [node, link] of mapEntries(links)) {
    for (const { serial } of openOf(link)) {
      if (mapHas(stored, serial) && mapGet(flights, serial)?.node !== node) {
        found.push(`the link to ${node} has ${serial}, which is not on it`);
      }
    }
  }
  return found;
}

/** What is on a link and not stored has a serial of its own, and the last of it for each id is known. */
function onWayViolations({ stored, nextSerial }: State, cluster: Cluster): string[] {
  const { isNear, links, onWay } = cluster;
  const found: string[] = [];
  const last = new Map<PeerId, Omit<OnWay, "sentAt">>();
  for (const [node, link] of mapEntries(links)) {
    for (const { number, seq, serial, direct } of openOf(link)) {
      if (direct === null) continue;
      const { dst } = direct;
      if (!isNear) found.push(`${number} to ${node} must be stored`);
      if (mapHas(stored, serial)) found.push(`${number} to ${node} is stored`);
      if (serial < 0 || serial >= nextSerial) found.push(`${number} to ${node} has no serial`);
      if ((last.get(dst)?.node ?? node) !== node) found.push(`${dst} is on its way to two nodes`);
      last.set(dst, { node, seq, number });
    }
  }
  for (const [dst, { node, seq, number }] of mapEntries(onWay)) {
    const real = last.get(dst);
    if (real?.node !== node || real.seq !== seq || real.number !== number) {
      found.push(`what is on its way to ${dst} is not number ${number} to ${node}`);
    }
  }
  if (last.size !== onWay.size) found.push("something is on its way, and not known to be");
  return found;
}

function openOf(link: OutLink | undefined): readonly Numbered[] {
  return link?.open.flat() ?? [];
}

function linkViolations(cluster: Cluster): string[] {
  const { links, nextLink, name } = cluster;
  const found: string[] = [];
  for (const [node, link] of mapEntries(links)) {
    const { bytes, next } = link;
    const open = openOf(link);
    if (node === NO_NAME || node === name) found.push(`a link leads to ${node || "nobody"}`);
    if (link.link >= nextLink) found.push(`link ${link.link} to ${node} has a number to come`);
    if (open.length === 0) found.push(`nothing is open on the link to ${node}`);
    const isAscending = open.every(({ number }, i) => number === next - open.length + i);
    if (!isAscending) found.push(`the numbers of the link to ${node} have gaps`);
    if (bytes !== open.reduce((sum, one) => sum + one.bytes, 0)) {
      found.push(`the link to ${node} has other bytes than counted`);
    }
    if (isOverfull(link, cluster)) found.push(`the link to ${node} is over its bounds`);
  }
  return found;
}

function isOverfull(link: OutLink, cluster: Cluster): boolean {
  const max = linkMax(cluster);
  const numbers = openCount(link);
  return numbers > max.numbers || (numbers > 1 && link.bytes > max.bytes);
}

function incomingViolations(cluster: Cluster): string[] {
  const { incoming } = cluster;
  const { numbers } = linkMax(cluster);
  const found: string[] = [];
  if (incoming.size > INCOMING_MAX) found.push("too many links from other nodes");
  for (const [node, { expected, bounced, recent }] of mapEntries(incoming)) {
    if (bounced.length > numbers || recent.length > numbers) {
      found.push(`too much of the link from ${node} is remembered`);
    }
    if ([...bounced, ...recent].some(({ number }) => number >= expected)) {
      found.push(`a number of the link from ${node} is remembered, and did not come`);
    }
  }
  return found;
}

function claimViolations({ pending }: State, cluster: Cluster): string[] {
  const { asked, waiters, waitersAt, op, phase, name, young, old } = cluster;
  const found: string[] = [];
  const waiting = new Set(waiters.map(({ socket }) => socket));
  for (const [conn, { claim }] of mapEntries(pending)) {
    if (claim === null || waiting.has(conn)) continue;
    if (mapGet(asked, claim)?.socket !== conn) found.push(`nobody claims an id for ${conn}`);
  }
  for (const one of mapValues(asked)) {
    if (one.op > op) found.push(`write ${one.op} has a number to come`);
    if (!one.isSent && one.op === 0) found.push(`a read waits: ${one.question.kind}`);
  }
  if ((waitersAt === null) !== (waiters.length === 0)) found.push("waiters wait for nothing");
  if (phase === "joined" && name === NO_NAME) found.push("a node without a name has joined");
  if (young.size > ROUTES_MAX || old.size > ROUTES_MAX) found.push("too many routes");
  return found;
}

function lookViolations({ mailboxes }: State, cluster: Cluster): string[] {
  const { links, incoming, lookAt, retries, retryAt } = cluster;
  const found: string[] = [];
  const due = [
    ...Array.from(mapValues(links), ({ resendAt }) => resendAt),
    ...Array.from(mapValues(incoming), ({ ackAt }) => ackAt ?? Infinity),
  ];
  if (Math.min(...due) < (lookAt ?? Infinity)) found.push("a link is looked at too late");
  if (retries.size > 0 && retryAt === null) found.push("a mailbox is never looked at again");
  if (retries.size > mailboxes.size + linkMax(cluster).numbers) {
    found.push("too many mailboxes are looked at");
  }
  return found;
}
