import { connId, millis, peerId, type Settings, type State, violations } from "../../core/mod.ts";
import { addDeadline } from "../../core/collections/deadlines.ts";
import {
  mapDelete,
  mapGet,
  mapSet,
  type PersistentMap,
} from "../../core/collections/persistent_map.ts";
import { pairKey } from "../../core/state.ts";
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

type Damage = (state: State) => State;

/** Puts something else at a key of a map, or changes what is there. */
const put = (name: string, key: unknown, change: object | number): Damage => (state) => {
  const map: PersistentMap<unknown, NonNullable<unknown>> = Reflect.get(state, name);
  const value = typeof change === "number" ? change : { ...mapGet(map, key), ...change };
  return { ...state, [name]: mapSet(map, key, value) };
};

const drop = (name: string, key: unknown): Damage => (state) => {
  return { ...state, [name]: mapDelete(Reflect.get(state, name), key) };
};

const set = (change: Partial<State>): Damage => (state) => ({ ...state, ...change });

const bound = (rules: Partial<Settings>): Damage => (state) => {
  return { ...state, rules: { ...state.rules, ...rules } };
};

const CLAIM = { owner: "token", endsAt: null };
const PAIR = pairKey(A, X);

const BREAKS: readonly (readonly [sentence: string, damage: Damage])[] = [
  ["x is claimed by 1, which does not hold it", put("claims", X, { ...CLAIM, conn: 1 })],
  ["x is claimed by 9, which does not hold it", put("claims", X, { ...CLAIM, conn: 9 })],
  ["1 claims, but 2 connections", drop("claims", B)],
  ["the idle check of 2 has the wrong deadline", put("connections", 2, { idleCheckAt: 7 })],
  ["the idle check of 1 is too late", bound({ alive_timeout: 1 })],
  ["the idle check of 2 is too late", put("claims", B, { endsAt: 7 })],
  ["4 deadlines, but 3 sockets", (state) => {
    return { ...state, idleCheckAt: addDeadline(state.idleCheckAt, millis(7), connId(7)) };
  }],

  ["the token check of 4 has the wrong deadline", put("pending", 4, { until: 7 })],
  ["1 is pending, but holds an id", (state) => {
    return put("pending", 1, { ...mapGet(state.pending, connId(4)) })(state);
  }],
  ["4 sent 5 early characters, but 1 counted", put("pending", 4, { length: 1 })],
  ["5 early characters, but 1 counted", set({ pendingLength: 1 })],
  ["pending sockets exceed concurrent_limit", bound({ concurrent_limit: 0 })],

  ["firstSerial is not the first serial", set({ firstSerial: 1 })],
  ["nextSerial is already in use", set({ nextSerial: 2 })],
  ["1 expires before an older message", put("stored", 1, { expiresAt: 5 })],
  ["the mailbox of y has", put("mailboxes", Y, { bytes: 1 })],
  ["the mailbox of b is empty", put("mailboxes", B, { serials: [], bytes: 0 })],
  ["messages wait for b, which is connected", put("mailboxes", B, { serials: [], bytes: 0 })],
  ["the mailbox of y has a message that is not its own", put("mailboxes", Y, { serials: [1] })],
  ["the mailbox of x is out of order", put("mailboxes", X, { serials: [1, 0] })],
  ["2 messages queued, but 3 stored", drop("mailboxes", Y)],
  ["the mailbox of y has a message that is not its own", drop("stored", 2)],
  ["bytes stored, but 1 counted", set({ storedBytes: 1 })],
  ["source a: 2 stored, but 1 counted", put("sources", A, { count: 1 })],
  ["bytes of source a: ", put("sources", A, { bytes: 1 })],
  ["source x: 0 stored, but 1 counted", put("sources", X, { count: 1, bytes: 1 })],
  ["a source is not counted", drop("sources", A)],
  ["bytes of pair 1:ax: ", put("pairs", PAIR, { bytes: 1 })],
  [`bytes of address ${HOME}: `, put("addressBytes", HOME, 1)],
  [`bytes of address ${AWAY}: 0 stored, but 0 counted`, put("addressBytes", AWAY, 0)],
  ["a pair is not counted", drop("pairs", PAIR)],
  [`address ${HOME}: 2 stored, but 5 counted`, put("addresses", HOME, 5)],

  ["a mailbox exceeds its bounds", bound({ queue_limit: 1 })],
  ["a mailbox exceeds its bounds", bound({ max_unsent_bytes: 2_000 })],
  ["a source exceeds its bounds", bound({ source_queue_limit: 1 })],
  ["a source exceeds its bounds", bound({ source_queue_bytes: 1_000 })],
  ["a pair exceeds its bounds", put("pairs", PAIR, { count: 65 })],
  ["a pair exceeds its bounds", bound({ max_unsent_bytes: 1_400 })],
  ["an address exceeds its quarter of max_queue_bytes", bound({ max_queue_bytes: 6_000 })],
  ["a connection exceeds max_bad_frames", bound({ max_bad_frames: 0 })],
  ["an address exceeds max_sockets_per_address", bound({ max_sockets_per_address: 1 })],
  ["the addresses with wrong tokens exceed wrong_token", bound({ wrong_token_addresses: 0 })],
  ["the store exceeds max_queue_bytes", bound({ max_queue_bytes: 1 })],
  ["clients exceed concurrent_limit", bound({ concurrent_limit: 1 })],
];

for (const [sentence, damage] of BREAKS) {
  Deno.test(`[STATE-3] violations finds a state that contradicts itself: ${sentence}`, () => {
    const state = sound();
    assertEquals(violations(state), []);
    const found = violations(damage(state));
    assert(found.some((violation) => violation.includes(sentence)), JSON.stringify(found));
  });
}
