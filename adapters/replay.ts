/**
 * Runs a recording again: every event through `reduce`, as if it happened now. A program.
 *
 * It prints what happens, stops where the state contradicts itself, and can tell where the code of today does
 * something else than the code that recorded. The file is read as it goes, because it is bigger than memory.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import {
  describe,
  type Effect,
  escape,
  type Event,
  initialState,
  millis,
  reduce,
  restore,
  retire,
  snapshotOf,
  type State,
  violations,
} from "../core/mod.ts";
import { messageOf } from "./log.ts";
import { instantOf, wallTimeOf } from "./record_clock.ts";
import { crcOf, type Header } from "./record_format.ts";
import { type Line, linesOf } from "./replay_file.ts";
import { type Read, readEvent, readHeader, type Recorded } from "./replay_schema.ts";
import { effectText, eventText } from "./replay_text.ts";

/** Where the bytes come from and the lines go. */
export interface ReplayPorts {
  /** The bytes of a file; rejects where there is none. */
  readonly open: (path: string) => Promise<AsyncIterable<Uint8Array>>;
  /** Takes what was asked for. */
  readonly print: (line: string) => void;
  /** Takes what is wrong. */
  readonly complain: (line: string) => void;
}

/**
 * Does what the arguments say. The number is the exit code: 0 where all is well, 1 where a state contradicts
 * itself or, with `--diff`, an effect differs, 2 where the arguments or the file cannot be read.
 */
export async function replay(args: readonly string[], ports: ReplayPorts): Promise<number> {
  try {
    const plan = planOf(args);
    if (plan === null) {
      ports.print(USAGE);
      return 0;
    }
    return await new Replay(plan, ports).run();
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error;
    ports.complain(error.message);
    return 2;
  }
}

const USAGE = `Run a recording of signalbox again.

Usage: deno task replay FILE [options]

  --at MOMENT  Print the state of that moment, and nothing else: milliseconds as in
               the file, or a time such as 2026-03-01T12:00:00.250Z.
  --diff       Print only the events whose effects are not the recorded ones.
  --every N    Check the state after every N-th event, and after the last; default: 1.
  --quiet      Print no events.

Exit code 1: the state contradicts itself, or, with --diff, an effect differs.`;

/** The arguments or the file are not what they must be; the message is for people. */
class Unreadable extends Error {}

interface Plan {
  readonly file: string;
  readonly at: string | null;
  readonly diff: boolean;
  readonly every: number;
  readonly quiet: boolean;
}

/** What the arguments ask for; `null` where that is help. */
function planOf(args: readonly string[]): Plan | null {
  let unknown: string | undefined;
  const parsed: Record<string, unknown> = parseArgs([...args], {
    string: ["at", "every", "_"],
    boolean: ["diff", "quiet", "help"],
    alias: { help: "h" },
    unknown: (arg: string, key?: string): boolean => {
      if (key !== undefined) unknown ??= arg;
      return true;
    },
  });
  if (parsed["help"] === true) return null;
  if (unknown !== undefined) throw new Unreadable(`There is no option ${describe(unknown)}.`);
  const files: readonly unknown[] = Array.isArray(parsed["_"]) ? parsed["_"] : [];
  if (files.length !== 1) {
    throw new Unreadable(
      `One file is to be given: got ${files.map(describe).join(", ") || "none"}.`,
    );
  }
  const { at = null, every = "1", diff, quiet } = parsed;
  if (typeof every !== "string" || !/^[1-9]\d{0,8}$/.test(every)) {
    throw new Unreadable(`Option --every must be a whole number from 1: got ${describe(every)}.`);
  }
  if (at !== null && diff === true) {
    throw new Unreadable("Options --at and --diff cannot be had together: one prints a state.");
  }
  return {
    file: String(files[0]),
    at: at === null ? null : String(at),
    every: Number(every),
    diff: diff === true,
    quiet: quiet === true,
  };
}

/** One run over one file. */
class Replay {
  readonly #plan: Plan;
  readonly #ports: ReplayPorts;
  #events = 0;
  #differences = 0;

  constructor(plan: Plan, ports: ReplayPorts) {
    this.#plan = plan;
    this.#ports = ports;
  }

  async run(): Promise<number> {
    const lines = linesOf(await this.#open());
    try {
      return await this.#runLines(lines);
    } finally {
      await lines.return(undefined);
    }
  }

  async #open(): Promise<AsyncIterable<Uint8Array>> {
    try {
      return await this.#ports.open(this.#plan.file);
    } catch (error) {
      throw this.#cannotRead(error);
    }
  }

  async #runLines(lines: AsyncGenerator<Line>): Promise<number> {
    const first = await this.#whole(lines);
    if (first === null) throw this.#cannotRead("it has no whole line");
    const header = valueOf(first, readHeader, "the header of a recording");
    const { settings, snapshot } = header;
    const state = snapshot === null ? initialState(settings) : restore(settings, snapshot);
    const { at } = this.#plan;
    return at === null
      ? await this.#runAll(header, state, lines)
      : await this.#runTo(momentOf(at, header), state, lines);
  }

  /** Prints the state after the last event that was not later. */
  async #runTo(moment: number, first: State, lines: AsyncGenerator<Line>): Promise<number> {
    let state = first;
    for (let line = await this.#whole(lines); line !== null; line = await this.#whole(lines)) {
      const { at, event } = valueOf(line, readEvent, "an event");
      if (at > moment) break;
      [state] = step(state, event, at);
    }
    this.#ports.print(JSON.stringify(snapshotOf(state), null, 2));
    return 0;
  }

  async #runAll(header: Header, first: State, lines: AsyncGenerator<Line>): Promise<number> {
    const { every, diff } = this.#plan;
    let [state, last]: [State, { line: Line; recorded: Recorded } | null] = [first, null];
    if (this.#contradicts(state, "The snapshot it begins with")) return 1;
    for (let line = await this.#whole(lines); line !== null; line = await this.#whole(lines)) {
      const recorded = valueOf(line, readEvent, "an event");
      const place = `Line ${line.number}, ${eventText(recorded.event)}`;
      let effects: readonly Effect[];
      try {
        [state, effects] = step(state, recorded.event, recorded.at);
      } catch (error) {
        this.#ports.complain(`${place}:\n  cannot be reduced: ${escape(messageOf(error))}`);
        return 1;
      }
      this.#tell(header, { line, recorded, effects });
      this.#events++;
      last = { line, recorded };
      if (this.#events % every === 0 && this.#contradicts(state, place)) return 1;
    }
    if (last !== null && this.#events % every !== 0) {
      const { line, recorded } = last;
      const place = `Line ${line.number} or up to ${every} before, ${eventText(recorded.event)}`;
      if (this.#contradicts(state, place)) return 1;
    }
    this.#ports.print(
      `${this.#events} events, no contradiction, ${this.#differences} with other effects than recorded` +
        (this.#differences > 0 && !diff ? " (--diff names them)" : ""),
    );
    return diff && this.#differences > 0 ? 1 : 0;
  }

  #tell(
    { wallZero }: Header,
    { line, recorded, effects }: {
      readonly line: Line;
      readonly recorded: Recorded;
      readonly effects: readonly Effect[];
    },
  ): void {
    const { at, crc, event } = recorded;
    const differs = crcOf(effects) !== crc;
    if (differs) this.#differences++;
    const { diff, quiet } = this.#plan;
    if (quiet || (diff && !differs)) return;
    const mark = differs ? "  other effects than recorded" : "";
    this.#ports.print(
      `${line.number}  ${wallTimeOf(at, wallZero)}  ${at}  ${eventText(event)}${mark}`,
    );
    for (const effect of effects) this.#ports.print(`    ${effectText(effect)}`);
    if (differs && effects.length === 0) this.#ports.print("    no effects");
  }

  /** Whether a state contradicts itself, which is said. */
  #contradicts(state: State, place: string): boolean {
    const found = violations(state);
    if (found.length === 0) return false;
    this.#ports.complain([`${place}:`, ...found.map((each) => `  ${escape(each)}`)].join("\n"));
    return true;
  }

  /** The next line; `null` at the end, which may be in the middle of one. */
  async #whole(lines: AsyncGenerator<Line>): Promise<Line | null> {
    let next: IteratorResult<Line>;
    try {
      next = await lines.next();
    } catch (error) {
      throw this.#cannotRead(error);
    }
    if (next.done === true) return null;
    if (next.value.isWhole) return next.value;
    this.#ports.complain(`Line ${next.value.number} is cut off: the recording ends before it.`);
    return null;
  }

  #cannotRead(why: unknown): Unreadable {
    return new Unreadable(`Cannot read "${escape(this.#plan.file)}": ${escape(messageOf(why))}.`);
  }
}

function step(state: State, event: Event, at: number): readonly [State, readonly Effect[]] {
  const [next, effects] = reduce(state, event, millis(at));
  retire(state, next);
  return [next, effects];
}

/** The instant that `--at` names. */
function momentOf(text: string, { wallZero, at }: Header): number {
  const moment = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : instantOf(text, wallZero);
  if (moment === null) {
    throw new Unreadable(
      "Option --at must be milliseconds as in the file, or a time such as " +
        `2026-03-01T12:00:00.250Z: got ${describe(text)}.`,
    );
  }
  if (moment < at) {
    throw new Unreadable(
      `Option --at is before the recording, which begins at ${at}, ${wallTimeOf(at, wallZero)}: ` +
        `got ${describe(text)}.`,
    );
  }
  return moment;
}

function valueOf<T>(line: Line, read: (text: string) => Read<T>, what: string): T {
  const found: Read<T> = line.text === null
    ? { ok: false, problem: "expected text in UTF-8, short enough for one string" }
    : read(line.text);
  if (found.ok) return found.value;
  throw new Unreadable(`Line ${line.number} is not ${what}: ${found.problem}.`);
}

if (import.meta.main) {
  Deno.exitCode = await replay(Deno.args, {
    open: async (path) => (await Deno.open(path)).readable,
    print: (line) => console.log(line),
    complain: (line) => console.error(line),
  });
}
