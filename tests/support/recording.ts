/**
 * Recordings in a test: a disk in memory that fails and stalls when it is told to, a server whose time and
 * timers are moved by hand.
 */
import type { Sink } from "../../adapters/record/disk.ts";
import { Recorder } from "../../adapters/record/recorder.ts";
import { replay } from "../../adapters/record/replay/replay.ts";
import { createRuntime, type Runtime } from "../../adapters/runtime.ts";
import { connId, type Event, type Settings, settingsFrom } from "../../core/mod.ts";
import type { Pace } from "../history/play.ts";
import { assertEquals } from "./assert.ts";

/** The path that every recording here has. */
export const FILE = "run.ndjson";

/** Small bounds, so that short histories reach them. */
export const SMALL = {
  concurrent_limit: 3,
  expire_timeout: 50,
  alive_timeout: 200,
  queue_limit: 8,
  source_queue_limit: 4,
  max_queue_bytes: 5_000,
  max_unsent_bytes: 3_200,
  max_bad_frames: 3,
  max_message_bytes: 200,
  max_token_length: 50,
  frame_rate: 100,
  frame_burst: 6,
  max_sockets_per_address: 2,
  wrong_token_burst: 1,
  wrong_token_rate: 5,
  wrong_token_addresses: 2,
  max_record_bytes: 65_536,
  record: FILE,
} as const;

export class Disk {
  /** The bytes of each file, as chunks. */
  readonly files = new Map<string, Uint8Array[]>();
  /** What the next calls throw: of `begin`, and of `write`. */
  beginError: Error | null = null;
  writeError: Error | null = null;
  /** While it is set, writes wait for it. */
  stall: Promise<void> | null = null;
  /** How many writes were under way at once, at most. */
  busiest = 0;
  writes = 0;
  #busy = 0;

  readonly begin = async (path: string): Promise<Sink> => {
    await null;
    if (this.beginError !== null) throw this.beginError;
    const old = this.files.get(path);
    if (old !== undefined) this.files.set(`${path}.1`, old);
    const chunks: Uint8Array[] = [];
    this.files.set(path, chunks);
    return {
      write: (bytes) => this.#write(chunks, bytes),
      close: () => Promise.resolve(),
      discard: () => Promise.resolve(void this.files.delete(path)),
    };
  };

  async #write(chunks: Uint8Array[], bytes: Uint8Array): Promise<void> {
    this.busiest = Math.max(this.busiest, ++this.#busy);
    this.writes++;
    try {
      await this.stall;
      if (this.writeError !== null) throw this.writeError;
      chunks.push(bytes.slice());
    } finally {
      this.#busy--;
    }
  }
}

export function textOf(disk: Disk, path = FILE): string {
  return decode(disk.files.get(path) ?? []);
}

export function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}

/** A server that records, at 0.25 ms, on an empty disk. */
export class Studio {
  now = 0.25;
  readonly disk = new Disk();
  /** What the recorder had to say. */
  readonly news: string[] = [];
  readonly recorder: Recorder;
  readonly runtime: Runtime;
  #timers: { readonly callback: () => void; readonly at: number }[] = [];

  constructor(settings: Settings = settingsFrom(SMALL)) {
    this.recorder = new Recorder({
      settings,
      state: () => this.runtime.state(),
      epochMs: () => 1_700_000_000_000,
      now: () => this.now,
      schedule: (callback, delayMs) => {
        const timer = { callback, at: this.now + delayMs };
        this.#timers.push(timer);
        return () => void (this.#timers = this.#timers.filter((each) => each !== timer));
      },
      beginFile: this.disk.begin,
      events: {
        recording: () => void this.news.push("recording"),
        paused: (why) => void this.news.push(why),
        leftOut: (bytes) => void this.news.push(`left out ${bytes}`),
      },
    });
    this.runtime = createRuntime(settings, {
      now: () => this.now,
      perform: () => true,
      schedule: () => () => {}, // Ticks are events of the history.
      onPause: () => {},
      observers: [this.recorder.observe],
      onObserverError: (error) => {
        throw error;
      },
    });
  }

  /** Lets an event happen `afterMs` from the one before. */
  happen(event: Event, afterMs = 0): void {
    this.#advance(afterMs);
    this.runtime.dispatch(event);
  }

  /** Moves the time, and calls back who waits for it; then everything that can happen without it happens. */
  async pass(ms: number): Promise<void> {
    this.#advance(ms);
    for (const { callback } of this.#timers.filter(({ at }) => at <= this.now)) callback();
    this.#timers = this.#timers.filter(({ at }) => at > this.now);
    await settled();
  }

  /** A second at a time, as the timer looks: else the process was away (FAULT-32). */
  #advance(ms: number): void {
    for (const end = this.now + ms; this.now < end;) {
      this.now = Math.min(end, this.now + 1_000);
      this.runtime.now();
    }
  }
}

/** What a replay said, and its exit code. */
export interface Replayed {
  readonly code: number;
  readonly printed: readonly string[];
  readonly complaints: readonly string[];
}

export async function replayText(text: string, ...flags: readonly string[]): Promise<Replayed> {
  return (await drawText(text, ...flags)).replayed;
}

/** Replays, and gives the files that it wrote too. */
export async function drawText(
  text: string,
  ...flags: readonly string[]
): Promise<{ readonly replayed: Replayed; readonly written: ReadonlyMap<string, string> }> {
  const bytes = new TextEncoder().encode(text);
  const [printed, complaints]: [string[], string[]] = [[], []];
  const written = new Map<string, string>();
  const code = await replay([FILE, ...flags], {
    open: () => Promise.resolve(chunksOf(bytes)),
    write: (path, content) => Promise.resolve(void written.set(path, content)),
    print: (line) => void printed.push(line),
    complain: (line) => void complaints.push(line),
  });
  return { replayed: { code, printed, complaints }, written };
}

/** Asserts that a file replays alone, with so many events and the same effects. */
export async function assertReplays(
  { disk }: Pick<Studio, "disk">,
  events: number,
  path = FILE,
): Promise<void> {
  const replayed = await replayText(textOf(disk, path), "--diff", "--every=50");
  const summary = `${events} events, no contradiction, 0 with other effects than recorded`;
  assertEquals(replayed, { code: 0, printed: [summary], complaints: [] });
}

export function says(conn: number, value: unknown): Event {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return { kind: "frame-received", conn: connId(conn), text };
}

export async function record(steps: readonly Pace[], studio = new Studio()): Promise<Studio> {
  studio.recorder.start();
  for (const { event, afterMs } of steps) studio.happen(event, afterMs);
  await studio.recorder.stop();
  return studio;
}

/** Chunks of an odd size, so that lines and characters are cut anywhere. */
async function* chunksOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += 997) yield bytes.slice(from, from + 997);
}

/** Settles when everything that waits for nothing has happened: a turn of the loop comes after it. */
export function settled(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 0);
  return promise;
}
