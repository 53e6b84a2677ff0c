/**
 * The program that replays a recording: it reduces every event again.
 *
 * It prints the events and their effects, stops where the state violates an invariant, and shows where today's code has
 * other effects than the code that recorded.
 *
 * @module
 */
import { messageOf } from "../../errors.ts";
import {
  describe,
  type Effect,
  escape,
  millis,
  reduce,
  retire,
  snapshotOf,
  type State,
  violations,
} from "../../../core/mod.ts";
import { instantOf, wallTimeOf } from "../clock.ts";
import { crcOf, type Header } from "../format.ts";
import { parseArguments, type ReplayOptions, USAGE } from "./arguments.ts";
import { Drawing } from "./drawing.ts";
import { cannotRead, type Line, LineReader, ReplayError } from "./file.ts";
import { readEvent, type Recorded } from "./schema.ts";
import { parseLine, readStart, type Start, unreadable } from "./start.ts";
import { effectText, eventText, shorten, stateLines } from "./text.ts";

/** Input and output of a replay. */
export interface ReplayPorts {
  /** Opens a file. Rejects if that fails. */
  readonly open: (path: string) => Promise<AsyncIterable<Uint8Array>>;
  /** Writes a file. Rejects if that fails. */
  readonly write: (path: string, text: string) => Promise<void>;
  /** Prints a line of the result. */
  readonly print: (line: string) => void;
  /** Prints a line about a fault. */
  readonly complain: (line: string) => void;
}

/**
 * Runs the program and returns its exit code: 1 if a state violates an invariant or, with `--diff`, an effect
 * differs; 2 if the arguments are wrong or the file cannot be read; otherwise 0.
 */
export async function replay(args: readonly string[], ports: ReplayPorts): Promise<number> {
  try {
    const options = parseArguments(args);
    if (options === null) {
      ports.print(USAGE);
      return 0;
    }
    return await new Replay(options, ports).run();
  } catch (error) {
    if (!(error instanceof ReplayError)) throw error;
    ports.complain(error.message);
    return 2;
  }
}

class Replay {
  readonly #options: ReplayOptions;
  readonly #ports: ReplayPorts;
  readonly #drawing: Drawing | null;
  #events = 0;
  #differences = 0;

  constructor(options: ReplayOptions, ports: ReplayPorts) {
    this.#options = options;
    this.#ports = ports;
    this.#drawing = options.html === null ? null : new Drawing(options);
  }

  async run(): Promise<number> {
    const { file, at } = this.#options;
    const reader = new LineReader(file, await this.#open(), this.#ports.complain);
    try {
      const start = await readStart(reader);
      if (start === null) throw cannotRead(file, "it has no whole line");
      const moment = at === null ? null : parseMoment(at, start.header);
      const state = this.#firstState(start);
      if (state === null) return 1;
      const steps = this.#steps(reader, start.header);
      return moment === null
        ? await this.#runAll(start.header, state, steps)
        : await this.#runTo(moment, state, steps);
    } finally {
      await reader.close();
    }
  }

  async #open(): Promise<AsyncIterable<Uint8Array>> {
    try {
      return await this.#ports.open(this.#options.file);
    } catch (error) {
      throw cannotRead(this.#options.file, error);
    }
  }

  /** The state before the first event; `null`, after a complaint, if it cannot be restored or violates an invariant. */
  #firstState({ state: make, place }: Start): State | null {
    try {
      const state = make();
      return this.#hasViolations(state, place) ? null : state;
    } catch (error) {
      return this.#reportFailure("be restored", place, error);
    }
  }

  /** Reads the events. */
  async *#steps(reader: LineReader, { at }: Header): AsyncGenerator<Step> {
    let latest = at;
    for (let line = await reader.next(); line !== null; line = await reader.next()) {
      const recorded = parseLine(line, readEvent, "an event");
      if (recorded.at < latest) {
        const problem = `at at: ${recorded.at} is before ${latest}, when the one before it was`;
        throw unreadable(line, "an event", problem);
      }
      latest = millis(recorded.at);
      yield { line, recorded };
    }
  }

  /** Prints the state at a moment: after the last event that is not later. */
  async #runTo(moment: number, first: State, steps: AsyncIterable<Step>): Promise<number> {
    let [state, place] = [first, ""];
    for await (const { line, recorded } of steps) {
      if (recorded.at > moment) break;
      place = placeOf({ line, recorded });
      const stepped = this.#step(state, { line, recorded });
      if (stepped === null) return 1;
      [state] = stepped;
    }
    if (place !== "" && this.#hasViolations(state, `${place} or an event before it`)) return 1;
    for (const line of stateLines(snapshotOf(state))) this.#ports.print(line);
    return 0;
  }

  async #runAll(header: Header, first: State, steps: AsyncIterable<Step>): Promise<number> {
    const { every, diff } = this.#options;
    let [state, unchecked]: [State, Step | null] = [first, null];
    for await (const next of steps) {
      const stepped = this.#step(state, next);
      if (stepped === null) return 1;
      state = stepped[0];
      this.#drawing?.add(next.recorded.at, next.recorded.event, stepped[1]);
      this.#printStep(header, next, stepped[1]);
      unchecked = ++this.#events % every === 0 ? null : next;
      if (unchecked === null && this.#hasViolations(state, placeOf(next))) return 1;
    }
    if (unchecked !== null) {
      const { line, recorded } = unchecked;
      const place = `Line ${line.number} or up to ${every} before, ${eventText(recorded.event)}`;
      if (this.#hasViolations(state, place)) return 1;
    }
    await this.#writeDrawing(header);
    this.#ports.print(
      `${this.#events} events, no contradiction, ${this.#differences} with other effects than recorded` +
        (this.#differences > 0 && !diff ? " (--diff names them)" : ""),
    );
    return diff && this.#differences > 0 ? 1 : 0;
  }

  async #writeDrawing({ epochMs }: Header): Promise<void> {
    const { html, file } = this.#options;
    if (html === null || this.#drawing === null) return;
    try {
      await this.#ports.write(html, this.#drawing.html(file, epochMs));
    } catch (error) {
      throw new ReplayError(`Cannot write "${escape(html)}": ${escape(messageOf(error))}.`);
    }
    this.#ports.print(`${escape(html)}: ${this.#drawing.summary()}`);
  }

  /** Reduces an event; returns `null`, after a complaint, if that throws. */
  #step(state: State, next: Step): readonly [State, readonly Effect[]] | null {
    const { at, event } = next.recorded;
    try {
      const stepped = reduce(state, event, millis(at));
      retire(state, stepped[0]);
      return stepped;
    } catch (error) {
      return this.#reportFailure("be reduced", placeOf(next), error);
    }
  }

  #printStep({ epochMs }: Header, { line, recorded }: Step, effects: readonly Effect[]): void {
    const { at, crc, event } = recorded;
    const differs = crcOf(effects) !== crc;
    if (differs) this.#differences++;
    const { diff, quiet } = this.#options;
    if (quiet || (diff && !differs)) return;
    const mark = differs ? "  other effects than recorded" : "";
    this.#ports.print(
      `${line.number}  ${wallTimeOf(at, epochMs)}  ${at}  ${eventText(event)}${mark}`,
    );
    for (const effect of effects) this.#ports.print(`    ${effectText(effect)}`);
    if (differs && effects.length === 0) this.#ports.print("    no effects");
  }

  /** Whether a state violates invariants. Complains about them. */
  #hasViolations(state: State, place: string): boolean {
    let found: string[];
    try {
      found = violations(state);
    } catch (error) { // A forged search tree can be too deep for the stack.
      found = [messageOf(error)];
    }
    if (found.length === 0) return false;
    const shown = found.slice(0, VIOLATIONS_MAX).map((each) => `  ${shorten(each, SENTENCE_MAX)}`);
    const more = found.length - shown.length;
    if (more > 0) shown.push(`  and ${more} more`);
    this.#ports.complain([`${place}:`, ...shown].join("\n"));
    return true;
  }

  #reportFailure(what: string, place: string, error: unknown): null {
    this.#ports.complain(`${place}:\n  cannot ${what}: ${escape(messageOf(error))}`);
    return null;
  }
}

/** An event and its line. */
interface Step {
  readonly line: Line;
  readonly recorded: Recorded;
}

function placeOf({ line, recorded }: Step): string {
  return `Line ${line.number}, ${eventText(recorded.event)}`;
}

/** How many violations are printed, and how many characters of each. */
const VIOLATIONS_MAX = 20;
const SENTENCE_MAX = 300;

/** Parses the value of `--at` into an instant. */
function parseMoment(text: string, { epochMs, at }: Header): number {
  const moment = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : instantOf(text, epochMs);
  if (moment === null) {
    throw new ReplayError(
      "Option --at must be milliseconds as in the file, or a time such as " +
        `2026-03-01T12:00:00.250Z: got ${describe(text)}.`,
    );
  }
  if (moment < at) {
    throw new ReplayError(
      `Option --at is before the recording, which begins at ${at}, ${wallTimeOf(at, epochMs)}: ` +
        `got ${describe(text)}.`,
    );
  }
  return moment;
}

/** Fails on a full disk. A closed pipe, as with `head`, does not make `console.log` throw. */
function print(line: string): void {
  try {
    console.log(line);
  } catch (error) {
    throw new ReplayError(`Cannot print: ${escape(messageOf(error))}.`);
  }
}

if (import.meta.main) {
  Deno.exitCode = await replay(Deno.args, {
    open: async (path) => (await Deno.open(path)).readable,
    // As private as the recording is.
    write: (path, text) => Deno.writeTextFile(path, text, { mode: 0o600 }),
    print,
    complain: (line) => console.error(line),
  });
}
