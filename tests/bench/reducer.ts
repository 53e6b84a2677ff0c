/**
 * What an event costs the reducer, beside a twin that does the same and changes its records in place: by
 * kind of event, from 1,000 clients to a million, and the memory of a client. Prints a table, and writes it
 * to `reducer.json`. Not a test. Run it on a machine that does nothing else, or believe the ratios only.
 *
 * Both servers are in one process and take turns, round by round, with the same events in the same order.
 * A batch is made first and its strings have grown old by then, so that what is counted is the handling
 * and the garbage of the handling. `reducer_bench.ts` has the usual cases for `deno bench`, which cannot put
 * a population back between its iterations.
 *
 * Run: `deno task bench:reducer [rounds] [populations]`, such as `15 1000,100000`
 */
import { parseArgs } from "@std/cli/parse-args";
import { openClock } from "./reducer_clock.ts";
import {
  anybody,
  type Crowd,
  crowd,
  OFFER,
  offers,
  run,
  type ServerName,
} from "./reducer_crowd.ts";
import {
  askOften,
  codec,
  measureFrames,
  measureSessions,
  measureStore,
  parses,
  payloadsOf,
  type Row,
  ticks,
  type Timed,
} from "./reducer_rows.ts";
import { type Figures, goals, summary, table } from "./reducer_report.ts";

/** Events of a row in a round: enough for their garbage to be collected within. */
const EVENTS = 5_000;
const CHEAP_EVENTS = 50_000;
const SERVER_NAMES: readonly ServerName[] = ["reducer", "twin"];

const { _: [rounds = 15, given = "1000,10000,100000,1000000"] } = parseArgs(Deno.args);
const populations = String(given).split(",").map(Number);
const collect: unknown = Reflect.get(globalThis, "gc");
if (typeof collect !== "function") throw new TypeError("Cannot collect garbage: use --expose-gc");

const clock = openClock();
const figures: Figures[] = [];
for (const population of populations) {
  const found = measure(population, Number(rounds));
  figures.push({
    population,
    rows: summary(found),
    bytesPerClient: {
      reducer: await bytesPerClient("reducer", population),
      twin: await bytesPerClient("twin", population),
    },
  });
  console.error(`${population} clients: done`);
}
console.log(table(figures));
console.log(goals(figures));
await Deno.writeTextFile(
  new URL("reducer.json", import.meta.url),
  `${JSON.stringify({ clock: clock.name, rounds, figures }, null, 2)}\n`,
);

/** Nanoseconds an event, a figure a round. */
function measure(population: number, rounds: number): Record<ServerName, Map<Row, number[]>> {
  const found = { reducer: new Map<Row, number[]>(), twin: new Map<Row, number[]>() };
  const crowds = { reducer: crowd("reducer", population), twin: crowd("twin", population) };
  // The first round only warms the compiler up.
  for (let round = 0; round <= rounds; round++) {
    const order = round % 2 === 0 ? SERVER_NAMES : SERVER_NAMES.toReversed();
    const effects = order.map((name) => {
      const spent = oneRound(crowds[name]);
      if (round > 0) {
        for (const [row, { ns, count }] of spent.rows) {
          const all = found[name].get(row) ?? [];
          found[name].set(row, [...all, ns / count]);
        }
      }
      return spent.effects;
    });
    if (effects[0] !== effects[1]) throw new Error(`The two differ: ${effects.join(" effects, ")}`);
  }
  return found;
}

interface Spent {
  readonly rows: ReadonlyMap<Row, { readonly ns: number; readonly count: number }>;
  readonly effects: number;
}

function oneRound(self: Crowd): Spent {
  const rows = new Map<Row, { ns: number; count: number }>();
  let effects = 0;
  const add = (row: Row, ns: number, count: number): void => {
    const sum = rows.get(row) ?? { ns: 0, count: 0 };
    rows.set(row, { ns: sum.ns + ns, count: sum.count + count });
  };
  const timed: Timed = (row, events) => {
    settle();
    const before = clock.ns();
    for (const event of events) effects += run(self, event);
    add(row, clock.ns() - before, events.length);
  };
  measureFrames(self, { heartbeatCount: CHEAP_EVENTS, count: EVENTS }, timed);
  // Half of a small crowd at a time, as often as it takes.
  const count = Math.min(EVENTS, self.conns.length / 2);
  for (let done = 0; done < EVENTS; done += count) {
    measureSessions(self, count, timed);
    measureStore(self, count, timed);
  }
  timed("tick, nothing due", ticks(CHEAP_EVENTS));
  const alone = (row: Row, count: number, work: () => number): void => {
    settle();
    const before = clock.ns();
    effects += work() > 0 ? 1 : 0;
    add(row, clock.ns() - before, count);
  };
  alone("nextWakeAt", CHEAP_EVENTS, () => askOften(self, CHEAP_EVENTS));
  const sources = anybody(self, EVENTS);
  const texts = offers(self, { sources, destinations: sources, payload: OFFER });
  alone("codec 2 KB", EVENTS, () => codec(texts));
  const payloads = payloadsOf(texts);
  alone("JSON.parse 2 KB", EVENTS, () => parses(payloads));
  return { rows, effects };
}

/** What was made so far grows old, and the young space is empty. */
function settle(): void {
  if (typeof collect !== "function") return;
  collect({ type: "minor" });
  collect({ type: "minor" });
}

/** Measured in a process of its own, where nothing else lives. */
async function bytesPerClient(name: ServerName, population: number): Promise<number> {
  const script = new URL("reducer_memory.ts", import.meta.url).pathname;
  const flags = "--v8-flags=--expose-gc,--max-old-space-size=8192";
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", flags, script, name, String(population)],
    stderr: "inherit",
  }).output();
  return Number(new TextDecoder().decode(stdout));
}
