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

export interface Disk {
  /** The bytes of each file, as chunks. */
  readonly files: Map<string, Uint8Array[]>;
  /** What the next calls throw: of `begin`, and of `write`. */
  beginError: Error | null;
  writeError: Error | null;
  /** While it is set, writes wait for it. */
  stall: Promise<void> | null;
  /** How many writes were under way at once, at most. */
  busiest: number;
  writes: number;
  readonly begin: (path: string) => Promise<Sink>;
}

export function makeDisk(): Disk {
  let busy = 0;
  const disk: Disk = {
    files: new Map(),
    beginError: null,
    writeError: null,
    stall: null,
    busiest: 0,
    writes: 0,
    begin: (path) => {
      if (disk.beginError !== null) return Promise.reject(disk.beginError);
      const old = disk.files.get(path);
      if (old !== undefined) disk.files.set(`${path}.1`, old);
      const chunks: Uint8Array[] = [];
      disk.files.set(path, chunks);
      return Promise.resolve({
        write: async (bytes) => {
          disk.busiest = Math.max(disk.busiest, ++busy);
          disk.writes++;
          try {
            if (disk.stall !== null) await disk.stall;
            await null;
            if (disk.writeError !== null) throw disk.writeError;
            chunks.push(bytes.slice());
          } finally {
            busy--;
          }
        },
        close: () => Promise.resolve(),
        discard: () => Promise.resolve(void disk.files.delete(path)),
      });
    },
  };
  return disk;
}

export function textOf(disk: Disk, path = FILE): string {
  return decode(disk.files.get(path) ?? []);
}

export function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}

export interface Studio {
  now: number;
  readonly disk: Disk;
  readonly runtime: Runtime;
  readonly recorder: Recorder;
  /** What the recorder had to say. */
  readonly news: string[];
  /** Lets an event happen `afterMs` from the one before. */
  readonly happen: (event: Event, afterMs?: number) => void;
  /** Moves the time, and calls back who waits for it; then everything that can happen without it happens. */
  readonly pass: (ms: number) => Promise<void>;
}

/** Starts one at 0.25 ms, on an empty disk. */
export function makeStudio(
  settings: Settings = settingsFrom(SMALL),
  disk: Disk = makeDisk(),
): Studio {
  let timers: { readonly callback: () => void; readonly at: number }[] = [];
  const news: string[] = [];
  const recorder: Recorder = new Recorder({
    settings,
    state: () => runtime.state(),
    epochMs: () => 1_700_000_000_000,
    now: () => self.now,
    schedule: (callback, delayMs) => {
      const timer = { callback, at: self.now + delayMs };
      timers.push(timer);
      return () => void (timers = timers.filter((each) => each !== timer));
    },
    beginFile: disk.begin,
    events: {
      recording: () => void news.push("recording"),
      paused: (why) => void news.push(why),
      leftOut: (bytes) => void news.push(`left out ${bytes}`),
    },
  });
  const runtime: Runtime = createRuntime(settings, {
    now: () => self.now,
    perform: () => true,
    schedule: () => () => {}, // Ticks are events of the history.
    onPause: () => {},
    observers: [recorder.observe],
    onObserverError: (error) => {
      throw error;
    },
  });
  const self: Studio = {
    now: 0.25,
    disk,
    runtime,
    recorder,
    news,
    happen: (event, afterMs = 0) => {
      advance(afterMs);
      runtime.dispatch(event);
    },
    pass: async (ms) => {
      advance(ms);
      for (const { callback } of timers.filter(({ at }) => at <= self.now)) callback();
      timers = timers.filter(({ at }) => at > self.now);
      await settled();
    },
  };

  /** A second at a time, as the timer looks: else the process was away (FAULT-32). */
  function advance(ms: number): void {
    for (const end = self.now + ms; self.now < end;) {
      self.now = Math.min(end, self.now + 1_000);
      runtime.now();
    }
  }

  return self;
}

/** What a replay said, and its exit code. */
export interface Replayed {
  readonly code: number;
  readonly printed: readonly string[];
  readonly complaints: readonly string[];
}

export async function replayText(text: string, ...flags: readonly string[]): Promise<Replayed> {
  const bytes = new TextEncoder().encode(text);
  const [printed, complaints]: [string[], string[]] = [[], []];
  const code = await replay([FILE, ...flags], {
    open: () => Promise.resolve(chunksOf(bytes)),
    print: (line) => void printed.push(line),
    complain: (line) => void complaints.push(line),
  });
  return { code, printed, complaints };
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

export async function record(steps: readonly Pace[], studio = makeStudio()): Promise<Studio> {
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
