/**
 * The usual events of the reducer and its mutable twin, for `deno bench`.
 *
 * What changes the population is here in pairs that leave it as it was (a close and an opening, a store and
 * a drain): `deno bench` cannot put anything back between its iterations without measuring that. Events are
 * made once and used again, so the hashes of their strings are known; those of the pairs are made within, and
 * that counts. `reducer.ts` has every event by itself, up to a million clients, and is the one to believe.
 *
 * Run: `deno bench -A tests/bench/reducer_bench.ts`
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
  type ServerName,
  TINY,
} from "./reducer_crowd.ts";
import { ticks } from "./reducer_rows.ts";

const EVENTS = 5_000;
const PAIRS = 500;
const crowds = new Map<string, Crowd>();

for (const population of [1_000, 100_000]) {
  for (const name of ["reducer", "twin"] as const) {
    bench(name, population, "heartbeat", (self) => heartbeats(self, anybody(self, EVENTS)));
    bench(name, population, "relay 2 KB", (self) => relays(self, OFFER));
    bench(name, population, "relay tiny", (self) => relays(self, TINY));
    bench(name, population, "close and open", reopenings);
    bench(name, population, "close, store, open and drain", visits);
    bench(name, population, "tick, nothing due", () => ticks(1));
  }
}

/** One iteration handles the next events, as many as the row names; then they begin anew. */
function bench(
  name: ServerName,
  population: number,
  row: string,
  make: (self: Crowd) => Event[] | (() => Event[]),
): void {
  let handle: (() => void) | null = null;
  Deno.bench({
    name: `${row}: ${name}`,
    group: `${row}, ${population} clients`,
    baseline: name === "twin",
    fn: () => (handle ??= start(crowdOf(name, population), make))(),
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
function crowdOf(name: ServerName, population: number): Crowd {
  const key = `${name} ${population}`;
  const made = crowds.get(key) ?? crowd(name, population);
  crowds.set(key, made);
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
