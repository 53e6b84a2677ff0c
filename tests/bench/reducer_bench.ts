/**
 * What the usual events cost the reducer, with a thousand clients and with a hundred thousand.
 *
 * What changes the population is here in pairs that leave it as it was (a close and an opening, a store and
 * a drain): `deno bench` cannot put anything back between its iterations without measuring that. Events are
 * made once and used again, so the hashes of their strings are known; those of the pairs are made within, and
 * that counts.
 *
 * Run: `deno task bench:reducer`
 */
import type { Event } from "../../core/mod.ts";
import {
  anybody,
  closes,
  type Crowd,
  crowd,
  different,
  heartbeats,
  OFFER,
  offers,
  opens,
  run,
  TINY,
} from "./reducer_crowd.ts";

const EVENTS = 5_000;
const PAIRS = 500;
const TICK: Event = { kind: "tick" };
const crowds = new Map<number, Crowd>();

for (const population of [1_000, 100_000]) {
  bench(population, "heartbeat", (self) => heartbeats(self, anybody(self, EVENTS)));
  bench(population, "relay 2 KB", (self) => relays(self, OFFER));
  bench(population, "relay tiny", (self) => relays(self, TINY));
  bench(population, "close and open", reopenings);
  bench(population, "close, store, open and drain", visits);
  bench(population, "tick, nothing due", () => () => [TICK]);
}

/** One iteration handles the next events, as many as the row names; then they begin anew. */
function bench(
  population: number,
  row: string,
  make: (self: Crowd) => Event[] | (() => Event[]),
): void {
  let handle: (() => void) | null = null;
  Deno.bench({
    name: `${row}, ${population} clients`,
    group: row,
    fn: () => (handle ??= start(crowdOf(population), make))(),
  });
}

function start(self: Crowd, make: (self: Crowd) => Event[] | (() => Event[])): () => void {
  const made = make(self);
  if (typeof made === "function") {
    return () => {
      for (const event of made()) run(self, event);
    };
  }
  let i = 0;
  return () => {
    const event = made[i++ % made.length];
    if (event !== undefined) run(self, event);
  };
}

/** One crowd for all rows, so that there is room for them in memory. */
function crowdOf(population: number): Crowd {
  const made = crowds.get(population) ?? crowd(population);
  crowds.set(population, made);
  return made;
}

function relays(self: Crowd, payload: unknown): Event[] {
  const sources = anybody(self, EVENTS);
  return offers(self, { sources, destinations: anybody(self, EVENTS), payload });
}

/** The opening of a client is made anew each time: a connection comes once. */
function reopenings(self: Crowd): () => Event[] {
  const clients = different(self, PAIRS);
  let i = 0;
  return () => {
    const client = [clients[i++ % PAIRS] ?? 0];
    return [...closes(self, client), ...opens(self, client)];
  };
}

function visits(self: Crowd): () => Event[] {
  const clients = different(self, 2 * PAIRS);
  const [sources, destinations] = [clients.slice(PAIRS), clients.slice(0, PAIRS)];
  let i = 0;
  return () => {
    const at = i++ % PAIRS;
    const away = [destinations[at] ?? 0];
    const from = [sources[at] ?? 0];
    return [
      ...closes(self, away),
      ...offers(self, { sources: from, destinations: away, payload: OFFER }),
      ...opens(self, away),
    ];
  };
}
