/**
 * Keeps strangers from filling the log: what goes beyond a number of lines of one kind within a minute is counted,
 * not printed, and so is the same refusal again. What was counted is told when its minute is over.
 *
 * @module
 */
import type { Ports } from "../runtime.ts";

/** What a limit needs from the world. */
export interface RepeatLimitPorts extends Pick<Ports, "now" | "schedule"> {
  /** Tells how many lines such as this one, or others of this kind, were not printed. */
  readonly report: (omitted: Omitted) => void;
}

/** Lines that were counted, and not printed. */
export interface Omitted {
  readonly kind: string;
  /** The line that came again; `null` where they were different lines of one kind. */
  readonly line: string | null;
  readonly count: number;
}

/** A limit of lines. */
export interface RepeatLimit {
  /** Whether this line of this kind may be printed; where not, it is counted. */
  readonly allows: (kind: string, line: string) => boolean;
  /** Tells what was counted so far, and needs no timer any more. */
  readonly stop: () => void;
}

/** How long a line is counted after it was printed. */
export const LIMIT_PERIOD_MS = 60_000;

/** How many different lines of one kind are printed in a minute. */
export const LINES_PER_KIND = 30;

/** A limit that has seen no line. */
export function createRepeatLimit({ now, schedule, report }: RepeatLimitPorts): RepeatLimit {
  /** By kind and line, in the order in which their minutes end. */
  const seen = new Map<string, Seen>();
  const perKind = new Map<string, number>();
  let cancel: (() => void) | null = null;

  function allows(kind: string, line: string): boolean {
    forget();
    const again = seen.get(keyOf(kind, line)) ?? seen.get(keyOf(kind, null));
    if (again !== undefined) {
      again.count++;
      arm();
      return false;
    }
    const lines = (perKind.get(kind) ?? 0) + 1;
    const isOver = lines > LINES_PER_KIND;
    const entry = { kind, line: isOver ? null : line, count: isOver ? 1 : 0 };
    seen.set(keyOf(kind, entry.line), { ...entry, until: now() + LIMIT_PERIOD_MS });
    perKind.set(kind, lines);
    if (isOver) arm();
    return !isOver;
  }

  /** Tells of those whose minute is over. */
  function forget(all = false): void {
    const at = now();
    for (const [key, { kind, line, count, until }] of seen) {
      if (until > at && !all) return;
      seen.delete(key);
      const left = (perKind.get(kind) ?? 1) - 1;
      if (left > 0) perKind.set(kind, left);
      else perKind.delete(kind);
      if (count > 0) report({ kind, line, count });
    }
  }

  /** Only what was counted needs a timer; a later look forgets the rest. */
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

/** How many lines of a kind may be printed in a minute. */
export function maxLinesOf(kind: string): number {
  return LINES_MAX.get(kind) ?? LINES_PER_KIND;
}

/** Where it is not {@linkcode LINES_PER_KIND}: a crowd that comes back is told whole, refusals have bounds of their own. */
const LINES_MAX: ReadonlyMap<string, number> = new Map([
  ["connected", 6_000],
  ["disconnected", 6_000],
  ["refused", Infinity],
  ["refused-request", Infinity],
  ["omitted", Infinity],
]);

/** What a limit of rates needs from the world. */
export interface RateLimitPorts<Level> extends Pick<Ports, "now" | "schedule"> {
  /** How many lines of this kind may be printed in a minute. */
  readonly maxOf: (kind: string, level: Level) => number;
  /** Tells how many lines of a kind were not printed. */
  readonly report: (omitted: { kind: string; level: Level; count: number }) => void;
}

/** A limit of lines by kind alone. */
export interface RateLimit<Level> {
  /** Whether a line of this kind may be printed; where not, it is counted. There must be few kinds. */
  readonly allows: (kind: string, level: Level) => boolean;
  /** Tells what was counted so far, and needs no timer any more. */
  readonly stop: () => void;
}

/** A limit that has seen no line. A minute begins with the first line after the last one. */
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

  /** Tells of all kinds, and counts anew. */
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
