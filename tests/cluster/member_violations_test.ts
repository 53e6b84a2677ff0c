/** The checks of a node see each contradiction and each bound that is exceeded. */
import { connId, millis, peerId, type State, violations } from "../../core/mod.ts";
import { nodeName } from "../../core/cluster/mod.ts";
import {
  type Asked,
  type Cluster,
  type InLink,
  NO_NAME,
  type OnWay,
  type OutLink,
} from "../../core/cluster/member.ts";
import {
  emptyMap,
  mapEntries,
  mapSet,
  type PersistentMap,
} from "../../core/collections/persistent_map.ts";
import { replaced } from "../../core/collections/pieces.ts";
import { must } from "../../core/collections/must.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Fleet } from "./fleet.ts";

const [A, B, C] = [nodeName("a0"), nodeName("b1"), nodeName("c")];

/** A consistent node: two messages are on the link to b, one came from there, a socket waits for its claim. */
function sound(): State {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "asks for the route");
  f.pass(1_000);
  for (const word of ["1", "2"]) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: word });
  f.queue = [];
  f.send("b", 2, "x", "from there");
  f.step("a", f.opening(3, "z"));
  return f.of("a");
}

type Damage = (cluster: Cluster) => Partial<Cluster>;

/** The first entry of a map. */
function entry<K, V extends NonNullable<unknown>>(map: PersistentMap<K, V>): readonly [K, V] {
  const [found] = mapEntries(map);
  return must(found);
}

/** The first value of a map. */
function first<K, V extends NonNullable<unknown>>(map: PersistentMap<K, V>): V {
  return entry(map)[1];
}

function many<K, V extends NonNullable<unknown>>(
  count: number,
  key: (i: number) => K,
  value: V,
): PersistentMap<K, V> {
  let map = emptyMap<K, V>();
  for (let i = 0; i < count; i++) map = mapSet(map, key(i), value);
  return map;
}

const routes = (count: number): Cluster["young"] =>
  many(count, (i) => peerId(`p${i}`), { kind: "asked", conn: 1 });

/** Changes the link to b, or puts it as that to another node. */
const link = (change: Partial<OutLink>, to = B): Damage => ({ links }) => ({
  links: mapSet(links, to, { ...first(links), ...change }),
});

/** Changes the link from b. */
const incoming = (change: (link: InLink) => Partial<InLink>): Damage => (cluster) => {
  const from = first(cluster.incoming);
  return { incoming: mapSet(cluster.incoming, B, { ...from, ...change(from) }) };
};

/** Puts the first message that is on a link there with another serial, or on another link. */
const flight = (node: typeof B, serial?: number): Damage => ({ flights }) => {
  const [known, one] = entry(flights);
  return { flights: mapSet(flights, serial ?? known, { ...one, node }) };
};

/** Changes the command without an answer. */
const asked = (change: Partial<Asked>): Damage => ({ asked }) => {
  const [request, one] = entry(asked);
  return { asked: mapSet(asked, request, { ...one, ...change }) };
};

const NUMBERED = { number: 1, serial: -1, seq: 1, bytes: 600, direct: null };
const numbered = (count: number): OutLink["open"] => [
  Array.from({ length: count }, (_, i) => ({ ...NUMBERED, number: i + 1 })),
];
const BOUNCED = { number: 1, why: "gone", dst: peerId("x"), message: null } as const;

const BREAKS: readonly (readonly [sentence: string, Damage])[] = [
  ["99 is on a link, and not stored", flight(NO_NAME, 99)],
  ["1 is on the link to c, which does not have it", flight(C)],
  ["the link to b1 has 1, which is not on it", () => ({ flights: emptyMap() })],
  ["a link leads to nobody", link({}, NO_NAME)],
  ["a link leads to a0", link({}, A)],
  ["link 2 to b1 has a number to come", () => ({ nextLink: 2 })],
  ["nothing is open on the link to b1", link({ open: [] })],
  ["the numbers of the link to b1 have gaps", link({ next: 4 })],
  ["the link to b1 has other bytes than counted", link({ bytes: 1 })],
  ["the link to b1 is over its bounds", link({ bytes: 524_289 })],
  ["the link to b1 is over its bounds", link({ open: numbered(257), next: 258 })],
  ["too many links from other nodes", (cluster) => ({
    incoming: many(1_025, (i) => nodeName(`n${i}`), { ...first(cluster.incoming), ackAt: null }),
  })],
  [
    "too much of the link from b1 is remembered",
    incoming(() => ({ bounced: Array(257).fill({ ...BOUNCED, number: 0 }) })),
  ],
  [
    "too much of the link from b1 is remembered",
    incoming(({ recent }) => ({ recent: Array(257).fill(recent[0]) })),
  ],
  [
    "a number of the link from b1 is remembered, and did not come",
    incoming(({ expected }) => ({ bounced: [{ ...BOUNCED, number: expected }] })),
  ],
  [
    "a number of the link from b1 is remembered, and did not come",
    incoming(() => ({ expected: 1 })),
  ],
  ["nobody claims an id for 3", () => ({ asked: emptyMap() })],
  ["nobody claims an id for 3", asked({ socket: connId(9) })],
  ["write 9 has a number to come", asked({ op: 9 })],
  ["a read waits: open", asked({ op: 0, isSent: false })],
  ["waiters wait for nothing", () => ({ waitersAt: millis(9) })],
  ["a node without a name has joined", () => ({ name: NO_NAME })],
  ["too many routes", () => ({ young: routes(16_385) })],
  ["too many routes", () => ({ old: routes(16_385) })],
  ["a link is looked at too late", () => ({ lookAt: null, incoming: emptyMap() })],
  ["a link is looked at too late", () => ({ lookAt: null, links: emptyMap() })],
  ["a mailbox is never looked at again", () => ({ retries: many(1, () => peerId("y"), true) })],
  ["too many mailboxes are looked at", () => ({
    retries: many(258, (i) => peerId(`p${i}`), true),
    retryAt: millis(9),
  })],
];

/** The node is consistent, and each of these breaks is noticed. Returns its part of the state. */
function assertNoticed(state: State, breaks: typeof BREAKS): Cluster {
  const cluster = must(state.cluster);
  assertEquals(violations(state), []);
  for (const [sentence, damage] of breaks) {
    const found = violations({ ...state, cluster: { ...cluster, ...damage(cluster) } });
    assert(found.includes(sentence), `${sentence}: ${found}`);
  }
  return cluster;
}

Deno.test("[STATE-3] [CLUSTER-17] [CLUSTER-23] [CLUSTER-24] a node that contradicts itself, or exceeds a bound, is noticed", () => {
  assertNoticed(sound(), BREAKS);
});

/** A consistent thread: two messages to y are on the link to b, and not stored. */
function soundThread(): State {
  const f = new Fleet("ab", {}, true);
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "asks for the route");
  f.pass(1_000);
  for (const word of ["1", "2"]) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: word });
  return f.of("a");
}

const onWay = (change: Partial<OnWay>, dst = "y"): Damage => (cluster) => ({
  onWay: mapSet(cluster.onWay, peerId(dst), { ...first(cluster.onWay), ...change }),
});

const serials = (serial: number): Damage => ({ links }) => ({
  links: mapSet(links, B, {
    ...first(links),
    open: replaced(first(links).open, (one) => ({ ...one, serial })),
  }),
});

const THREAD_BREAKS: readonly (readonly [sentence: string, Damage])[] = [
  ["1 to b1 must be stored", () => ({ isNear: false })],
  ["2 to b1 has no serial", serials(-1)],
  ["2 to b1 has no serial", serials(9)],
  ["y is on its way to two nodes", ({ links, nextLink }) => ({
    links: mapSet(links, C, { ...first(links), link: nextLink }),
    nextLink: nextLink + 1,
  })],
  ["what is on its way to y is not number 1 to b1", onWay({ number: 1 })],
  ["what is on its way to y is not number 2 to c", onWay({ node: C })],
  ["what is on its way to y is not number 2 to b1", onWay({ seq: 9 })],
  ["what is on its way to z is not number 2 to b1", onWay({}, "z")],
  ["something is on its way, and not known to be", () => ({ onWay: emptyMap() })],
];

Deno.test("[STATE-3] [WORKER-11] a thread that contradicts itself about what is on its way is noticed", () => {
  const state = soundThread();
  const cluster = assertNoticed(state, THREAD_BREAKS);
  const { serial } = must(first(cluster.links).open[0]?.[0]);
  const stored = mapSet(state.stored, serial, first(sound().stored));
  assert(violations({ ...state, stored }).includes("1 to b1 is stored"));
});

Deno.test("[STATE-3] [CLUSTER-24] what a node may hold at most is no contradiction", () => {
  const state = sound();
  const { cluster } = state;
  assert(cluster !== null);
  const full: Partial<Cluster> = {
    flights: emptyMap(),
    links: many(1, () => B, {
      ...first(cluster.links),
      open: numbered(256),
      next: 257,
      bytes: 256 * 600,
    }),
    young: routes(16_384),
    old: routes(16_384),
    retries: many(257, (i) => peerId(`p${i}`), true),
    retryAt: millis(9),
  };
  assertEquals(violations({ ...state, cluster: { ...cluster, ...full } }), []);
  const open = [[{ ...NUMBERED, bytes: 600_000 }]];
  const links = many(1, () => B, { ...first(cluster.links), open, next: 2, bytes: 600_000 });
  const incoming = many(1_024, (i) => nodeName(`n${i}`), first(cluster.incoming));
  const wide = { ...cluster, ...full, links, incoming };
  assertEquals(violations({ ...state, cluster: wide }), []);
});
