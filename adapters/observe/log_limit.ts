/**
 * Limits the log lines that clients can cause.
 *
 * A repeat limit omits a line that was printed within the last minute, and lines of a kind that had many different
 * ones. A rate limit counts lines by kind alone, at the cost of one map look-up: it has no memory of single lines, so
 * a crowd of thousands can pass it. Both report how many lines they omitted when the minute is over.
 *
 * @module
 */
import type { Ports } from "../runtime.ts";
import { Tally } from "../tally.ts";

/** The clock, and where omitted lines are reported. */
export interface RepeatLimitPorts extends Pick<Ports, "now" | "schedule"> {
  readonly report: (omitted: Omitted) => void;
}

/** Lines that were not printed. */
export interface Omitted {
  readonly kind: string;
  /** The repeated line; `null` if they are different lines of one kind. */
  readonly line: string | null;
  readonly count: number;
}

/** A limit on repeated lines. */
export interface RepeatLimit {
  /** Whether this line may be printed. If not, counts it. */
  readonly allows: (kind: string, line: string) => boolean;
  /** Reports what was counted so far, and cancels the timer. */
  readonly stop: () => void;
}

/** How long the repeats of a printed line are omitted, and the period of a rate limit. */
export const LIMIT_PERIOD_MS = 60_000;

/** How many different lines of one kind are printed per minute. */
export const LINES_PER_KIND = 30;

export function createRepeatLimit({ now, schedule, report }: RepeatLimitPorts): RepeatLimit {
  /** By kind and line, in the order of their deadlines. */
  const seen = new Map<string, Seen>();
  /** The entries of each kind in `seen`. */
  const perKind = new Tally();
  let cancel: (() => void) | null = null;

  function allows(kind: string, line: string): boolean {
    forget();
    const again = seen.get(keyOf(kind, line)) ?? seen.get(keyOf(kind, null));
    if (again !== undefined) {
      again.count++;
      arm();
      return false;
    }
    const isOver = perKind.of(kind) >= LINES_PER_KIND;
    const entry = { kind, line: isOver ? null : line, count: isOver ? 1 : 0 };
    seen.set(keyOf(kind, entry.line), { ...entry, until: now() + LIMIT_PERIOD_MS });
    perKind.add(kind, 1);
    if (isOver) arm();
    return !isOver;
  }

  /** Removes entries whose minute is over, or all, and reports what they counted. */
  function forget(all = false): void {
    const at = now();
    for (const [key, { kind, line, count, until }] of seen) {
      if (until > at && !all) return;
      seen.delete(key);
      perKind.add(kind, -1);
      if (count > 0) report({ kind, line, count });
    }
  }

  /** Sets the timer. Entries without repeats need none: the next line removes them. */
  function arm(): void {
    const [first] = seen.values();
    if (cancel !== null || first === undefined) return;
    cancel = schedule(() => {
      cancel = null;
      forget();
      if ([...seen.values()].some(({ count }) => count > 0)) arm();
    }, Math.max(0, first.until - now()));
  }

  function stop(): void {
    cancel?.();
    cancel = null;
    forget(true);
  }

  return { allows, stop };
}

/** How many lines of a kind a rate limit allows per minute. */
export function maxLinesOf(kind: string): number {
  return LINES_MAX.get(kind) ?? LINES_PER_KIND;
}

/** Exceptions to {@linkcode LINES_PER_KIND}: a crowd that reconnects is logged whole; refusals have a repeat limit. */
const LINES_MAX: ReadonlyMap<string, number> = new Map([
  ["connected", 6_000],
  ["disconnected", 6_000],
  ["refused", Infinity],
  ["refused-request", Infinity],
  ["omitted", Infinity],
]);

/** The clock, the limits, and where omitted lines are reported. */
export interface RateLimitPorts<Level> extends Pick<Ports, "now" | "schedule"> {
  /** How many lines of this kind may be printed per minute. */
  readonly maxOf: (kind: string, level: Level) => number;
  readonly report: (omitted: { kind: string; level: Level; count: number }) => void;
}

/** A limit on the lines of each kind. */
export interface RateLimit<Level> {
  /** Whether a line of this kind may be printed. If not, counts it. There must be few kinds: each takes memory. */
  readonly allows: (kind: string, level: Level) => boolean;
  /** Reports what was counted so far, and cancels the timer. */
  readonly stop: () => void;
}

/** A minute begins with the first line after the end of the one before. */
export function createRateLimit<Level>(ports: RateLimitPorts<Level>): RateLimit<Level> {
  const { now, schedule, maxOf, report } = ports;
  let counts = new Map<string, { readonly level: Level; readonly max: number; count: number }>();
  let until = -Infinity;
  let cancel: (() => void) | null = null;

  function allows(kind: string, level: Level): boolean {
    const at = now();
    if (at >= until) {
      until = at + LIMIT_PERIOD_MS;
      flush();
    }
    let entry = counts.get(kind);
    if (entry === undefined) counts.set(kind, entry = { level, max: maxOf(kind, level), count: 0 });
    if (++entry.count <= entry.max) return true;
    cancel ??= schedule(flush, until - at);
    return false;
  }

  /** Reports what was omitted, and resets all counts. */
  function flush(): void {
    cancel?.();
    cancel = null;
    const told = counts;
    counts = new Map();
    for (const [kind, { level, max, count }] of told) {
      if (count > max) report({ kind, level, count: count - max });
    }
  }

  return { allows, stop: flush };
}

interface Seen extends Omitted {
  count: number;
  readonly until: number;
}

function keyOf(kind: string, line: string | null): string {
  return line === null ? kind : `${kind} ${line}`;
}
