/**
 * The last steps of a run, to be printed when a check fails: those that concern certain peers.
 *
 * @module
 */
import type { ConnId, Event, Millis } from "../../core/mod.ts";
import type { Step } from "./loop.ts";

type Kept = Pick<Step, "now" | "event" | "effects" | "outcomes">;

/** A ring of steps. */
export class Trace {
  readonly #ring: (Kept | undefined)[] = new Array(KEPT).fill(undefined);
  #next = 0;

  /** Keeps a step in place of the oldest. */
  add(step: Step): void {
    this.#ring[this.#next % KEPT] = step;
    this.#next++;
  }

  /** The last `count` steps that name one of the peers, or a connection of theirs, as lines. */
  about(peers: readonly string[], idOf: (conn: ConnId) => string, count: number): string[] {
    const known = new Set(peers);
    const lines: string[] = [];
    const first = Math.max(0, this.#next - KEPT);
    for (let i = this.#next - 1; i >= first && lines.length < count; i--) {
      const step = this.#ring[i % KEPT];
      if (step === undefined) continue;
      const isHeartbeat = "text" in step.event && step.event.text.includes("HEARTBEAT");
      if (isHeartbeat || !connsOf(step).some((conn) => known.has(idOf(conn)))) continue;
      lines.push(lineOf(step, idOf));
    }
    return lines.reverse();
  }
}

/** How many steps are kept: half a minute of a thousand clients. */
const KEPT = 8_192;

function connsOf({ event, effects }: Kept): ConnId[] {
  const conns = effects.map(({ conn }) => conn);
  return "conn" in event ? [event.conn, ...conns] : conns;
}

function lineOf({ now, event, effects, outcomes }: Kept, idOf: (conn: ConnId) => string): string {
  const name = (conn: ConnId): string => `${conn} (${idOf(conn)})`;
  const done = effects.map((effect, i) => {
    const outcome = outcomes[i] === "done" ? "" : ` [${outcomes[i]}]`;
    return `\n      → ${effectOf(effect, name)}${outcome}`;
  });
  return `${instant(now)} ${eventOf(event, name)}${done.join("")}`;
}

function eventOf(event: Event, name: (conn: ConnId) => string): string {
  if (!("conn" in event)) return event.kind;
  const { kind, conn, ...rest } = event;
  if (event.kind === "socket-opened") {
    return `${kind} ${name(conn)} as ${event.id} with ${event.token?.owner}`;
  }
  return `${kind} ${name(conn)} ${
    short(Object.values(rest).map((part) => part?.text ?? part).join(" "))
  }`;
}

function effectOf(effect: Step["effects"][number], name: (conn: ConnId) => string): string {
  if (effect.kind === "send") return `send ${name(effect.conn)} ${short(effect.text)}`;
  return `close ${name(effect.conn)} ${effect.code} ${effect.reason}`;
}

function short(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

/** Virtual time as people read it. */
export function instant(ms: number | Millis): string {
  const part = (value: number, width: number): string =>
    String(Math.floor(value)).padStart(width, "0");
  const seconds = `${part(ms / 1_000 % 60, 2)}.${part(ms % 1_000, 3)}`;
  return `${part(ms / 3_600_000, 1)}:${part(ms / 60_000 % 60, 2)}:${seconds}`;
}
