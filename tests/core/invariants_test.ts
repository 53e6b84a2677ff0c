import {
  connId,
  millis,
  owner,
  peerId,
  type Settings,
  type State,
  violations,
} from "../../core/mod.ts";
import { addDeadline } from "../../core/collections/deadlines.ts";
import { mapDelete, mapGet, mapSet } from "../../core/collections/persistent_map.ts";
import { pairKey, type Pending } from "../../core/state.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { opening, world } from "../support/world.ts";

const [A, B, X, Y] = [peerId("a"), peerId("b"), peerId("x"), peerId("y")];
const HOME = "192.0.2.1";
const AWAY = "198.51.100.7";

/** A consistent state with an entry in every map: two clients, three messages, a wrong token, a socket that waits. */
function sound(): State {
  const w = world({ expire_timeout: 1_000, wrong_token_rate: 1 });
  w.open(1, "a");
  w.open(2, "b");
  w.say(1, { type: "OFFER", dst: "x" });
  w.now = 10;
  w.say(2, { type: "OFFER", dst: "x" });
  w.say(1, { type: "OFFER", dst: "y" });
  w.step(opening(3, { id: "a", token: "wrong", address: AWAY }));
  w.step(opening(4, { identity: { kind: "pending" } }));
  w.text(4, "early");
  return w.state;
}

function withSettings(state: State, settings: Partial<Settings>): State {
  return { ...state, rules: { ...state.rules, ...settings } };
}

/** The value that `get` finds; the consistent state has one. */
function there<T>(value: T | undefined): T {
  assert(value !== undefined);
  return value;
}

type Break = readonly [sentence: string, (state: State) => State];

const CLAIMS: readonly Break[] = [
  ["x is claimed by 1, which does not hold it", (s) => ({
    ...s,
    claims: mapSet(s.claims, X, { conn: connId(1), owner: owner("token"), endsAt: null }),
  })],
  ["x is claimed by 9, which does not hold it", (s) => ({
    ...s,
    claims: mapSet(s.claims, X, { conn: connId(9), owner: owner("token"), endsAt: null }),
  })],
  ["1 claims, but 2 connections", (s) => ({ ...s, claims: mapDelete(s.claims, B) })],
  ["2 is looked at at the wrong time", (s) => {
    const connection = { ...there(mapGet(s.connections, connId(2))), idleCheckAt: millis(7) };
    return { ...s, connections: mapSet(s.connections, connId(2), connection) };
  }],
  ["1 would be looked at too late", (s) => withSettings(s, { alive_timeout: 1 })],
  ["2 would be looked at too late", (s) => {
    const claim = { ...there(mapGet(s.claims, B)), endsAt: millis(7) };
    return { ...s, claims: mapSet(s.claims, B, claim) };
  }],
  ["4 deadlines, but 3 sockets", (s) => ({
    ...s,
    idleCheckAt: addDeadline(s.idleCheckAt, millis(7), connId(7)),
  })],
];

function waiting(s: State, conn: number, change: Partial<Pending>): State {
  const pending = { ...there(mapGet(s.pending, connId(4))), ...change };
  return { ...s, pending: mapSet(s.pending, connId(conn), pending) };
}

const PENDING: readonly Break[] = [
  ["4 waits until another time", (s) => waiting(s, 4, { until: millis(7) })],
  ["1 waits, and holds an id", (s) => waiting(s, 1, {})],
  ["4 has said 5 characters, but 1 counted", (s) => waiting(s, 4, { length: 1 })],
  ["5 characters wait, but 1 counted", (s) => ({ ...s, pendingLength: 1 })],
  ["waiting over concurrent_limit", (s) => withSettings(s, { concurrent_limit: 0 })],
];

const STORE: readonly Break[] = [
  ["firstSerial is not the first serial", (s) => ({ ...s, firstSerial: 1 })],
  ["nextSerial is used already", (s) => ({ ...s, nextSerial: 2 })],
  ["1 expires before an older message", (s) => {
    const message = { ...there(mapGet(s.stored, 1)), expiresAt: millis(5) };
    return { ...s, stored: mapSet(s.stored, 1, message) };
  }],
  ["the mailbox of y has", (s) => {
    const mailbox = { ...there(mapGet(s.mailboxes, Y)), bytes: 1 };
    return { ...s, mailboxes: mapSet(s.mailboxes, Y, mailbox) };
  }],
  ["the mailbox of b is empty", (s) => ({
    ...s,
    mailboxes: mapSet(s.mailboxes, B, { serials: [], bytes: 0 }),
  })],
  ["messages wait for b, who is here", (s) => ({
    ...s,
    mailboxes: mapSet(s.mailboxes, B, { serials: [], bytes: 0 }),
  })],
  ["the mailbox of y has a message that is not its own", (s) => {
    const mailbox = { ...there(mapGet(s.mailboxes, Y)), serials: [1] };
    return { ...s, mailboxes: mapSet(s.mailboxes, Y, mailbox) };
  }],
  ["the mailbox of x is out of order", (s) => {
    const mailbox = { ...there(mapGet(s.mailboxes, X)), serials: [1, 0] };
    return { ...s, mailboxes: mapSet(s.mailboxes, X, mailbox) };
  }],
  ["2 messages queued, but 3 stored", (s) => ({ ...s, mailboxes: mapDelete(s.mailboxes, Y) })],
  ["the mailbox of y has a message that is not its own", (s) => ({
    ...s,
    stored: mapDelete(s.stored, 2),
  })],
  ["bytes stored, but 1 counted", (s) => ({ ...s, storedBytes: 1 })],
  ["source a: 2 stored, but 1 counted", (s) => ({
    ...s,
    sources: mapSet(s.sources, A, { ...there(mapGet(s.sources, A)), count: 1 }),
  })],
  ["bytes of source a: ", (s) => ({
    ...s,
    sources: mapSet(s.sources, A, { ...there(mapGet(s.sources, A)), bytes: 1 }),
  })],
  ["source x: 0 stored, but 1 counted", (s) => ({
    ...s,
    sources: mapSet(s.sources, X, { count: 1, bytes: 1 }),
  })],
  ["a source is not counted", (s) => ({ ...s, sources: mapDelete(s.sources, A) })],
  ["bytes of pair 1:ax: ", (s) => {
    const pair = { ...there(mapGet(s.pairs, pairKey(A, X))), bytes: 1 };
    return { ...s, pairs: mapSet(s.pairs, pairKey(A, X), pair) };
  }],
  [`bytes of address ${HOME}: `, (s) => ({
    ...s,
    addressBytes: mapSet(s.addressBytes, HOME, 1),
  })],
  [`bytes of address ${AWAY}: 0 stored, but 0 counted`, (s) => ({
    ...s,
    addressBytes: mapSet(s.addressBytes, AWAY, 0),
  })],
  ["a pair is not counted", (s) => ({ ...s, pairs: mapDelete(s.pairs, pairKey(A, X)) })],
];

const GUARD: readonly Break[] = [
  [`address ${HOME}: 2 stored, but 5 counted`, (s) => ({
    ...s,
    addresses: mapSet(s.addresses, HOME, 5),
  })],
];

const BOUNDS: readonly Break[] = [
  ["a mailbox is over its bounds", (s) => withSettings(s, { queue_limit: 1 })],
  ["a mailbox is over its bounds", (s) => withSettings(s, { max_unsent_bytes: 2_000 })],
  ["a source is over its bounds", (s) => withSettings(s, { source_queue_limit: 1 })],
  ["a source is over its bounds", (s) => withSettings(s, { source_queue_bytes: 1_000 })],
  ["a pair is over its bounds", (s) => {
    const pair = { ...there(mapGet(s.pairs, pairKey(A, X))), count: 65 };
    return { ...s, pairs: mapSet(s.pairs, pairKey(A, X), pair) };
  }],
  ["a pair is over its bounds", (s) => withSettings(s, { max_unsent_bytes: 1_400 })],
  [
    "an address is over its quarter of max_queue_bytes",
    (s) => withSettings(s, { max_queue_bytes: 6_000 }),
  ],
  ["a connection is over max_bad_frames", (s) => withSettings(s, { max_bad_frames: 0 })],
  [
    "an address is over max_sockets_per_address",
    (s) => withSettings(s, { max_sockets_per_address: 1 }),
  ],
  [
    "more addresses are remembered than wrong_token_addresses",
    (s) => withSettings(s, { wrong_token_addresses: 0 }),
  ],
  ["the store is over max_queue_bytes", (s) => withSettings(s, { max_queue_bytes: 1 })],
  ["clients over concurrent_limit", (s) => withSettings(s, { concurrent_limit: 1 })],
];

for (const [sentence, damage] of [...CLAIMS, ...PENDING, ...STORE, ...GUARD, ...BOUNDS]) {
  Deno.test(`[STATE-3] violations finds a state that contradicts itself: ${sentence}`, () => {
    const state = sound();
    assertEquals(violations(state), []);
    const found = violations(damage(state));
    assert(found.some((violation) => violation.includes(sentence)), JSON.stringify(found));
  });
}
