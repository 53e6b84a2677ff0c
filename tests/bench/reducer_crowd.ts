/**
 * Clients for the benchmark of the reducer: a population, and the events that it makes.
 *
 * Events are made before the clock is looked at. Their strings are new and flat each time, as they come from
 * a socket: an engine that has seen a string before knows its hash. Who acts is picked at random, because
 * records that are not in the processor's cache are part of the truth. The same seed makes the same events.
 *
 * @module
 */
import {
  type ConnId,
  connId,
  type Event,
  initialState,
  millis,
  reduce,
  retire,
  settingsFrom,
  type State,
} from "../../core/mod.ts";
import { tokenOf } from "../support/world.ts";

/** Clients of a server. The clock moves with every event. */
export interface Crowd {
  state: State;
  /** The connection of each client, by its number. */
  readonly conns: ConnId[];
  readonly random: Random;
  nextConn: number;
  now: number;
}

/** Whole numbers from 0 to below `bound`. */
export type Random = (bound: number) => number;

/** Between two events, in ms: so slow that nobody among 1,000 sends faster than is allowed. */
const STEP_MS = 0.01;

/** The defaults, but for room for everybody, and for nobody being silent too long by the benchmark's clock. */
const SETTINGS = settingsFrom({
  concurrent_limit: 10_000_000,
  alive_timeout: 86_400_000,
});

/** A session description of about 2 KB, as a payload. */
export const OFFER = {
  sdp: { type: "offer", sdp: "a=candidate:1 1 udp 2113937151 192.0.2.4 54\r\n".repeat(40) },
  connectionId: "dc_1",
};

/** What the payload is where it is not to count. */
export const TINY = 7;

/** A server with `population` clients, who opened one after the other. */
export function crowd(population: number, seed = 1): Crowd {
  const self: Crowd = {
    state: initialState(SETTINGS),
    conns: [],
    random: generator(seed),
    nextConn: 1,
    now: 0,
  };
  for (let from = 0; from < population; from += 10_000) {
    const clients = range(from, Math.min(population, from + 10_000));
    for (const event of opens(self, clients)) run(self, event);
  }
  return self;
}

/**
 * Reduces one event, a step later; gives the number of effects. As in `adapters/runtime.ts` the newest state is
 * kept, and the one before it is given up.
 */
export function run(self: Crowd, event: Event): number {
  self.now += STEP_MS;
  const [next, effects] = reduce(self.state, event, millis(self.now));
  retire(self.state, next);
  self.state = next;
  return effects.length;
}

/** Openings of these clients, each on a new connection. */
export function opens(self: Crowd, clients: readonly number[]): Event[] {
  const ids = flat(clients.map(idOf));
  const tokens = flat(clients.map((client) => `token-${idOf(client).slice(0, 8)}`));
  const addresses = flat(clients.map(addressOf));
  return clients.map((client, i) => {
    const conn = connId(self.nextConn++);
    self.conns[client] = conn;
    return {
      kind: "socket-opened",
      conn,
      id: ids[i] ?? "",
      token: tokenOf(tokens[i] ?? ""),
      key: "right",
      address: addresses[i] ?? "",
      origin: null,
      ownOrigin: false,
      queryLength: 110,
      identity: { kind: "unchecked" },
    };
  });
}

/** Closes of these clients. */
export function closes(self: Crowd, clients: readonly number[]): Event[] {
  return clients.map((client) => ({
    kind: "socket-closed",
    conn: connOf(self, client),
    code: 1005,
  }));
}

/** A heartbeat of each of these clients. */
export function heartbeats(self: Crowd, clients: readonly number[]): Event[] {
  const text = '{"type":"HEARTBEAT"}';
  return clients.map((client) => ({ kind: "frame-received", conn: connOf(self, client), text }));
}

/** An offer from each of the sources to the destination at the same place. */
export function offers(
  self: Crowd,
  { sources, destinations, payload }: {
    readonly sources: readonly number[];
    readonly destinations: readonly number[];
    readonly payload: unknown;
  },
): Event[] {
  const texts = flat(
    destinations.map((dst) => JSON.stringify({ type: "OFFER", payload, dst: idOf(dst) })),
  );
  return sources.map((client, i) => ({
    kind: "frame-received",
    conn: connOf(self, client),
    text: texts[i] ?? "",
  }));
}

/** Clients at random; the same one may come twice. */
export function anybody({ conns, random }: Crowd, count: number): number[] {
  return Array.from({ length: count }, () => random(conns.length));
}

/** So many different clients, at random. */
export function different({ conns, random }: Crowd, count: number): number[] {
  const picked = new Set<number>();
  while (picked.size < count) picked.add(random(conns.length));
  return [...picked];
}

function connOf({ conns }: Crowd, client: number): ConnId {
  const conn = conns[client];
  if (conn === undefined) throw new RangeError(`Cannot act for client ${client}: there is none`);
  return conn;
}

/** As long as a UUID, and as random to look at. */
function idOf(client: number): string {
  const head = (Math.imul(client, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${head}-6b1f-4d2a-8c3e-${client.toString(16).padStart(12, "0")}`;
}

function addressOf(client: number): string {
  return `10.${client >> 16 & 255}.${client >> 8 & 255}.${client & 255}`;
}

/** New strings in one piece each, of which no hash is known. */
function flat(texts: readonly string[]): string[] {
  const decoder = new TextDecoder();
  const encoder = new TextEncoder();
  return texts.map((text) => decoder.decode(encoder.encode(text)));
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

/** Marsaglia's xorshift: fast, and good enough to pick clients. */
function generator(seed: number): Random {
  let bits = seed | 1;
  return (bound) => {
    bits ^= bits << 13;
    bits ^= bits >>> 17;
    bits ^= bits << 5;
    return (bits >>> 0) % bound;
  };
}
