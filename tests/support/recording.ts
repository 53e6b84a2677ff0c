/**
 * Recordings in a test: a disk in memory that fails and stalls when it is told to, a server whose time and
 * timers are moved by hand, and odd histories for it.
 *
 * @module
 */
import fc from "fast-check";
import type { Sink } from "../../adapters/record_disk.ts";
import { Recorder } from "../../adapters/recorder.ts";
import { replay } from "../../adapters/replay.ts";
import { createRuntime, type Runtime } from "../../adapters/runtime.ts";
import { connId, type Event, type Settings, settingsFrom } from "../../core/mod.ts";
import { opening } from "./world.ts";

/** The path that every recording here has. */
export const FILE = "run.ndjson";

/** Small bounds, so that short histories reach them. */
export const SMALL = {
  concurrent_limit: 3,
  expire_timeout: 50,
  alive_timeout: 200,
  queue_limit: 3,
  source_queue_limit: 4,
  max_queue_bytes: 2_500,
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

/** An event, and how long after the one before it comes. */
export interface Step {
  readonly event: Event;
  readonly afterMs: number;
}

const id = fc.constantFrom("a", "b", "c", "d", "__proto__");
const conn = fc.integer({ min: 1, max: 8 }).map(connId);
/** Empty, missing, too long and broken ones are refused, each in its own words. */
const token = fc.constantFrom(
  "t",
  "t",
  "t",
  "u",
  "u",
  "",
  null,
  "x\ny",
  "z".repeat(60),
  "\0".repeat(70),
);
const message = fc.record({
  type: fc.constantFrom("OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"),
  dst: id,
  payload: fc.string({ maxLength: 30, unit: "binary" }),
});
const text = fc.oneof(
  { weight: 8, arbitrary: message.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: message.map((value) => ` ${JSON.stringify(value, null, 1)}\r\n`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{"type":"OFFER","dst":"a","payload":"\u2028\ud800é"}',
      '{"type":"OFFER","dst":"a","payload":1e400,"dst":"b"}',
      '{"type":"HEARTBEAT"}',
      '{"type":"LEAVE"}',
      '{"type":"FUTURE"}',
      '{"type":"OPEN"}',
      "[]",
      "\ufeff{}",
      "no JSON\n",
      "x".repeat(250),
      "é".repeat(150),
    ),
  },
);
const socketOpened = fc.record({
  conn,
  id: fc.option(id, { freq: 20 }),
  token,
  key: fc.constantFrom("peerjs", "peerjs", "peerjs", "wrong", "", null),
  address: fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1", ""),
}).map(({ conn, ...given }): Event => opening(conn, given));
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: socketOpened },
  {
    weight: 20,
    arbitrary: fc.record({ kind: fc.constant("frame-received" as const), conn, text }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("binary-received" as const),
      conn,
      bytes: fc.integer({ min: 0, max: 300 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("socket-closed" as const),
      conn,
      code: fc.constantFrom(1001, 1005, 1006),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("send-failed" as const),
      conn,
      texts: fc.array(text, { maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("send-refused" as const), conn, text }) },
  { weight: 8, arbitrary: fc.constant<Event>({ kind: "tick" }) },
  { weight: 1, arbitrary: fc.constant<Event>({ kind: "shutdown-requested" }) },
);

/** Histories of all kinds of events, with tokens that are not checked. */
export const history: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    event,
    afterMs: fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 60, noNaN: true }),
      fc.constant(1_000),
    ),
  }),
  { maxLength: 60, size: "max" },
);

/** A disk in memory. */
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

/** An empty disk that works. */
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

/** A file as one text. */
export function textOf(disk: Disk, path = FILE): string {
  return decode(disk.files.get(path) ?? []);
}

/** Chunks of bytes as one text. */
export function decode(chunks: readonly Uint8Array[]): string {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: true, fatal: true });
  return chunks.map((chunk) => decoder.decode(chunk, { stream: true })).join("") + decoder.decode();
}

/** A server that records. */
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
    wallZero: () => 1_700_000_000_000,
    now: () => self.now,
    schedule: (callback, delayMs) => {
      const timer = { callback, at: self.now + delayMs };
      timers.push(timer);
      return () => void (timers = timers.filter((each) => each !== timer));
    },
    beginFile: disk.begin,
    news: {
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

/** Replays a text. */
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
