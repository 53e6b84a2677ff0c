/**
 * The invariants of a state. Tests and replays check them after every step. They walk over the whole state, so
 * no rule uses them.
 *
 * @module
 */
import { type Deadlines, firstDeadline, removeDeadline } from "../collections/deadlines.ts";
import type { ConnId, Millis, PeerId } from "../ids.ts";
import { mapEntries, mapGet, mapHas, type PersistentMap } from "../collections/persistent_map.ts";
import { CLUSTER_TIMES } from "../rules/mailbox.ts";
import { idleCheckTime } from "../rules/idle_check.ts";
import { pairKey, type State } from "../state.ts";
import { memberViolations } from "./member_violations.ts";

/** The contradictions and exceeded bounds of a state, one sentence each; none for a consistent state. */
export function violations(state: State): string[] {
  return [
    ...claimViolations(state),
    ...deadlineViolations(state),
    ...storeViolations(state),
    ...countViolations(state),
    ...guardViolations(state),
    ...boundViolations(state),
    ...(state.cluster === null ? [] : memberViolations(state, state.cluster)),
  ];
}

function claimViolations({ claims, connections }: State): string[] {
  const found: string[] = [];
  for (const [id, claim] of mapEntries(claims)) {
    const connection = mapGet(connections, claim.conn);
    if (connection?.id !== id) {
      found.push(`${id} is claimed by ${claim.conn}, which does not hold it`);
    }
  }
  const holding = [...mapEntries(connections)].filter(([, { leftAt }]) => leftAt === null);
  if (claims.size !== holding.length) {
    found.push(`${claims.size} claims, but ${holding.length} connections`);
  }
  return found;
}

function deadlineViolations(state: State): string[] {
  const { claims, connections, pending, pendingLength, idleCheckAt, rules } = state;
  const found: string[] = [];
  const places = deadlinesOf(idleCheckAt);
  for (const [conn, connection] of mapEntries(connections)) {
    if (connection.leftAt !== null) continue;
    if (places.get(conn) !== connection.idleCheckAt) {
      found.push(`the idle check of ${conn} has the wrong deadline`);
    }
    const claim = mapGet(claims, connection.id) ?? { endsAt: null };
    if (connection.idleCheckAt > idleCheckTime(rules, connection.heardAt, claim)) {
      found.push(`the idle check of ${conn} is too late`);
    }
  }
  let length = 0;
  for (const [conn, { until, frames, length: own }] of mapEntries(pending)) {
    if (places.get(conn) !== until) found.push(`the token check of ${conn} has the wrong deadline`);
    if (mapGet(connections, conn) !== undefined) found.push(`${conn} is pending, but holds an id`);
    const real = frames.reduce((sum, frame) => sum + ("text" in frame ? frame.text.length : 0), 0);
    if (real !== own) found.push(`${conn} sent ${real} early characters, but ${own} counted`);
    length += own;
  }
  if (length !== pendingLength) {
    found.push(`${length} early characters, but ${pendingLength} counted`);
  }
  const sockets = claims.size + pending.size;
  if (places.size !== sockets) found.push(`${places.size} deadlines, but ${sockets} sockets`);
  return found;
}

function deadlinesOf(set: Deadlines): Map<ConnId, Millis> {
  const places = new Map<ConnId, Millis>();
  let rest = set;
  for (;;) {
    const first = firstDeadline(rest);
    if (first === null) return places;
    places.set(first.conn, first.at);
    rest = removeDeadline(rest, first.at, first.conn);
  }
}

function storeViolations(state: State): string[] {
  const { stored, mailboxes, firstSerial, nextSerial } = state;
  const found: string[] = [];
  const messages = [...mapEntries(stored)].sort(([a], [b]) => a - b);
  const serials = messages.map(([serial]) => serial);
  if ((serials[0] ?? nextSerial) !== firstSerial) found.push("firstSerial is not the first serial");
  if ((serials.at(-1) ?? -1) >= nextSerial) found.push("nextSerial is already in use");
  let previous = -Infinity;
  for (const [serial, { expiresAt }] of messages) {
    if (expiresAt < previous) found.push(`${serial} expires before an older message`);
    previous = expiresAt;
  }
  let queued = 0;
  for (const [dst, { serials: queue, bytes }] of mapEntries(mailboxes)) {
    queued += queue.length;
    const real = queue.reduce((sum, serial) => sum + (mapGet(stored, serial)?.bytes ?? 0), 0);
    if (real !== bytes) found.push(`the mailbox of ${dst} has ${real} bytes, but ${bytes} counted`);
    if (queue.length === 0) found.push(`the mailbox of ${dst} is empty`);
    if (mapGet(state.claims, dst) !== undefined && !mayComeBack(state, dst, queue)) {
      found.push(`messages wait for ${dst}, which is connected`);
    }
    if (queue.some((serial) => mapGet(stored, serial)?.message.dst !== dst)) {
      found.push(`the mailbox of ${dst} has a message that is not its own`);
    }
    if (queue.some((serial, i) => serial <= (queue[i - 1] ?? -1))) {
      found.push(`the mailbox of ${dst} is out of order`);
    }
  }
  if (queued !== stored.size) found.push(`${queued} messages queued, but ${stored.size} stored`);
  return found;
}

/** Whether a message is on a link to another node, or came back just now: those behind it wait. */
function mayComeBack({ cluster }: State, dst: PeerId, serials: readonly number[]): boolean {
  if (cluster === null) return false;
  return mapHas(cluster.retries, dst) || mapHas(cluster.onWay, dst) ||
    serials.some((serial) => mapHas(cluster.flights, serial));
}

function countViolations(state: State): string[] {
  const { stored, sources, pairs, addressBytes, storedBytes } = state;
  const bySource = new Map<PeerId, number>();
  const sourceBytes = new Map<PeerId, number>();
  const byPair = new Map<string, number>();
  const bytesByPair = new Map<string, number>();
  const byAddress = new Map<string, number>();
  let bytes = 0;
  for (const [, { message: { src, dst }, address, bytes: own }] of mapEntries(stored)) {
    const key = pairKey(src, dst);
    bySource.set(src, (bySource.get(src) ?? 0) + 1);
    sourceBytes.set(src, (sourceBytes.get(src) ?? 0) + own);
    byPair.set(key, (byPair.get(key) ?? 0) + 1);
    bytesByPair.set(key, (bytesByPair.get(key) ?? 0) + own);
    byAddress.set(address, (byAddress.get(address) ?? 0) + own);
    bytes += own;
  }
  return [
    ...(bytes === storedBytes ? [] : [`${bytes} bytes stored, but ${storedBytes} counted`]),
    ...differences("source", bySource, sources, (source) => source.count),
    ...differences("bytes of source", sourceBytes, sources, (source) => source.bytes),
    ...differences("pair", byPair, pairs, (pair) => pair.count),
    ...differences("bytes of pair", bytesByPair, pairs, (pair) => pair.bytes),
    ...differences("bytes of address", byAddress, addressBytes, (bytes) => bytes),
  ];
}

function differences<K, V extends NonNullable<unknown>>(
  what: string,
  real: ReadonlyMap<K, number>,
  counted: PersistentMap<K, V>,
  countOf: (value: V) => number,
): string[] {
  const found: string[] = [];
  for (const [key, value] of mapEntries(counted)) {
    const count = real.get(key) ?? 0;
    if (count === 0 || count !== countOf(value)) {
      found.push(`${what} ${key}: ${count} stored, but ${countOf(value)} counted`);
    }
  }
  if (real.size !== counted.size) found.push(`a ${what} is not counted`);
  return found;
}

function guardViolations(state: State): string[] {
  const { connections, addresses } = state;
  const sockets = new Map<string, number>();
  for (const [, { address }] of mapEntries(connections)) {
    sockets.set(address, (sockets.get(address) ?? 0) + 1);
  }
  return differences("address", sockets, addresses, (count) => count);
}

function boundViolations({ rules, ...state }: State): string[] {
  const found: string[] = [];
  const times = state.cluster === null ? 1 : CLUSTER_TIMES;
  const longest = [...mapEntries(state.mailboxes)].some(([, { serials, bytes }]) =>
    serials.length > times * rules.queue_limit || bytes > rules.max_unsent_bytes / 2
  );
  const busiest = [...mapEntries(state.sources)].some(([, { count, bytes }]) =>
    count > times * rules.source_queue_limit || bytes > times * rules.source_queue_bytes
  );
  const closest = [...mapEntries(state.pairs)].some(([, { count, bytes }]) =>
    count > times * Math.max(1, rules.queue_limit / 4) ||
    bytes > rules.max_unsent_bytes * 3 / 8
  );
  const richest = [...mapEntries(state.addressBytes)].some(([, bytes]) =>
    bytes > rules.max_queue_bytes / 4
  );
  const rude = [...mapEntries(state.connections)].some(([, connection]) =>
    connection.badFrames >= rules.max_bad_frames
  );
  if (longest) found.push("a mailbox exceeds its bounds");
  if (busiest) found.push("a source exceeds its bounds");
  if (closest) found.push("a pair exceeds its bounds");
  if (richest) found.push("an address exceeds its quarter of max_queue_bytes");
  if (rude) found.push("a connection exceeds max_bad_frames");
  const crowded = [...mapEntries(state.addresses)].some(([, n]) =>
    rules.max_sockets_per_address > 0 && n > rules.max_sockets_per_address
  );
  if (crowded) found.push("an address exceeds max_sockets_per_address");
  if (state.wrongTokens.size > rules.wrong_token_addresses) {
    found.push("the addresses with wrong tokens exceed wrong_token_addresses");
  }
  if (state.storedBytes > rules.max_queue_bytes) found.push("the store exceeds max_queue_bytes");
  if (state.pending.size > rules.concurrent_limit) {
    found.push("pending sockets exceed concurrent_limit");
  }
  if (state.claims.size > rules.concurrent_limit) found.push("clients exceed concurrent_limit");
  return found;
}
