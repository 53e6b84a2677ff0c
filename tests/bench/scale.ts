/**
 * What one process carries: the costs that were measured, times what clients do in the simulator, as a page of
 * the README. Arithmetic only.
 *
 * @module
 */
import type { Result as Simulated } from "../sim/simulate.ts";
import { HEARTBEAT_MS } from "./crowds.ts";
import { type Metrics, write } from "./metrics.ts";
import type { Results } from "./suite.ts";

/** What a client does in an hour, on average. */
export interface Habits {
  readonly opens: number;
  readonly messages: number;
  readonly heartbeats: number;
}

/** Results, and the habits of clients to apply them to. */
export interface Measured extends Results {
  readonly habits: Habits;
}

/** What the clients of a simulated run did. */
export function habitsOf({ counts, letters }: Simulated, clientHours: number): Habits {
  const frames = counts.events["frame-received"] ?? 0;
  return {
    opens: (counts.events["socket-opened"] ?? 0) / clientHours,
    messages: letters.handed / clientHours,
    heartbeats: (frames - letters.handed) / clientHours,
  };
}

/** Of a core: above it round trips get longer, and a burst has no room. */
const SHARE = 0.7;
const GIB = 2 ** 30;
/** An offer, an answer, and four candidates of each side. */
const CALL_MESSAGES = 10;
/** The rate whose cost a message counts at: a server that is neither idle nor full. */
const USUAL_RATE = 15_000;
const BUSY_RATE = 30_000;

/** The page, as it stands in the README. */
export function scalePage({ medians, machine, rounds, habits }: Measured): string {
  const cost = (name: string): number => figure(medians["signalbox"], name);
  const message = cost(`latency_${USUAL_RATE}_cpu_us`);
  const visit = cost("open_close_cpu_us");
  const beat = cost("idle_beat_us");
  const perSecond = habits.opens * visit + habits.messages * message + habits.heartbeats * beat;
  const call = CALL_MESSAGES * message;
  const busy = figure(medians["signalbox"], `latency_${BUSY_RATE}_server_share`);
  const p99 = figure(medians["signalbox"], `latency_${BUSY_RATE}_p99_us`) / 1e3;
  const bytes = cost("idle_bytes");
  const rows = [
    ["a client that is connected", `${write(bytes / 1e3, 1)} KB`, "1 GiB", GIB / bytes, "clients"],
    cpuRow("a client that only beats", beat / (HEARTBEAT_MS / 1e3), "clients"),
    cpuRow(
      `a client as in the simulator: in an hour ${write(habits.opens, 0)} openings, ` +
        `${write(habits.messages, 0)} messages, ${write(habits.heartbeats, 0)} heartbeats`,
      perSecond / 3_600,
      "clients",
    ),
    cpuRow(`a call of two who are there: ${CALL_MESSAGES} messages`, call, "a second"),
    cpuRow("a call of two who come for it, and go", call + 2 * visit, "a second"),
  ] as const;
  return `One process uses one core. Measured on ${machine.cores} cores (${machine.cpu}), one for the server and one for the load, as medians of ${rounds.length} rounds (\`deno task bench\`); habits are those of a thousand clients in an hour of the simulator (\`deno task sim\`):

| what | takes | of | so many |
|---|---|---|---|
${
    rows.map(([what, takes, of, fit, unit]) =>
      `| ${what} | ${takes} | ${of} | ${write(round(fit), 0)} ${unit} |`
    ).join("\n")
  }

At ${write(BUSY_RATE, 0)} messages a second it has ${
    write(busy * 100, 0)
  } % of its core, and 99 of 100 round trips take less than ${write(p99, 1)} ms.`;
}

type Row = readonly [what: string, takes: string, of: string, fit: number, unit: string];

/** `us` is a second's worth where the unit is clients, and one call's where it is calls. */
function cpuRow(what: string, us: number, unit: "clients" | "a second"): Row {
  const takes = `${write(us, us < 100 ? 1 : 0)} µs${unit === "clients" ? " a second" : ""}`;
  return [what, takes, `${SHARE * 100} % of a core`, SHARE * 1e6 / us, unit];
}

/** Two digits: more were not measured. */
function round(value: number): number {
  return Number(value.toPrecision(2));
}

function figure(metrics: Metrics | undefined, name: string): number {
  const value = metrics?.[name] ?? null;
  if (value === null) throw new Error(`Cannot tell what it carries: ${name} was not measured`);
  return value;
}
