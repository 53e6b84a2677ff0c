/**
 * Records the events of the reducer, so that a run of the server can be replayed.
 *
 * The recorder is an observer. It turns each step into a line in a buffer, and writes the buffers later, one write at
 * a time. Every file can be replayed alone: the first one begins with the initial state, each later one with a
 * snapshot. An observer runs after the event, so the snapshot includes the last event of the file before it. A new
 * file begins when the current one is full, and after each pause: because the disk is too slow, or after an error.
 *
 * The recorder must not throw into the loop, block on the disk, or take unbounded memory.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import {
  type FrameReceived,
  millis,
  rulesOf,
  type Settings,
  type State,
  takeSnapshot,
  utf8Length,
} from "../../core/mod.ts";
import type { Sink } from "./disk.ts";
import {
  crcOf,
  eventLine,
  FORMAT,
  type FrameHead,
  frameLine,
  isEarlyFrame,
  isPlainFrame,
  VERSION,
} from "./format.ts";
import { FRAME_MORE_MAX_BYTES } from "./frame_head.ts";
import { Outbox, UTF8_MAX } from "./outbox.ts";
import { preambleOf } from "./snapshot.ts";
import { Writer } from "./writer.ts";
import type { Observer, Step } from "../runtime.ts";

export interface RecorderOptions {
  readonly settings: Settings;
  /** The state after the last event that was observed. */
  readonly state: () => State;
  /** The wall-clock time of instant 0, in milliseconds since 1970. */
  readonly epochMs: () => number;
  /** The time of the loop in milliseconds. */
  readonly now: () => number;
  /** Calls `callback` once, `delayMs` from now or a little later. Returns a function that cancels it. */
  readonly schedule: (callback: () => void, delayMs: number) => () => void;
  /** Creates a file at a path. Rejects if that fails. */
  readonly beginFile: (path: string) => Promise<Sink>;
  readonly events: RecorderEvents;
}

/** Callbacks for the progress of a recording. */
export interface RecorderEvents {
  /** A file was created: the first one, or the first after a pause. */
  readonly recording: () => void;
  /** Recording pauses. `why` is a sentence that also says until when. */
  readonly paused: (why: string) => void;
  /** An event was omitted because its line of `bytes` did not fit into a file. */
  readonly leftOut: (bytes: number) => void;
}

/** "catching-up": writes what waits, and adds nothing. "retrying": a timer will begin a new file. */
type Mode = "new" | "recording" | "catching-up" | "retrying" | "stopped";

/** The recording of one server. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #outbox = new Outbox();
  readonly #writer: Writer;
  #mode: Mode = "new";
  /**
   * The size of the newest file once everything queued is written, without preamble pieces that are not generated
   * yet.
   */
  #fileBytes = 0;
  /** The size limit of the newest file; `Infinity` until the length of its preamble is known. */
  #maxBytes = Infinity;
  #writing: Promise<void> | null = null;
  #cancelFlush: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;
  /** The last reported reason of the current pause; empty if there is none. */
  #pauseReason = "";
  /** Whether `recording` was reported after the last `paused`. */
  #isAnnounced = false;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#writer = new Writer(options.settings.record, options.beginFile);
  }

  /** Begins the first file. Without this call the first event does. */
  start(): void {
    if (this.#mode === "new") this.#begin(this.#options.now(), { isFirst: true });
  }

  /** Takes down one step. */
  readonly observe: Observer = (step): void => {
    const { now } = step;
    if (this.#mode === "new") this.#begin(now, { isFirst: true });
    if (this.#mode !== "recording") return;
    const hasRoom = this.#add(step);
    this.#cancelFlush ??= this.#options.schedule(() => this.#flush(), FLUSH_MS);
    if (!hasRoom || this.#isFull()) this.#begin(now, { isFirst: false });
    else if (this.#outbox.bytes > WAITING_MAX_BYTES) this.#catchUp();
    if (this.#writing === null && this.#outbox.isWorthAWrite) this.#outbox.handOver();
    if (this.#outbox.hasJob) this.#write();
  };

  /** Stops recording. Settles when everything queued is written, which has no time limit. */
  async stop(): Promise<void> {
    this.#mode = "stopped";
    this.#cancelRetry?.();
    this.#cancelFlush?.();
    this.#flush();
    while (this.#writing !== null) await this.#writing;
    await this.#writer.close().catch((error: unknown) => this.#fail(error));
  }

  /** Adds a line; `false` where it does not fit into the file. */
  #add({ event, now, effects, state }: Step): boolean {
    const crc = crcOf(effects);
    if (event.kind !== "frame-received" || isEarlyFrame(event, effects, state)) {
      return this.#addLine(eventLine(now, crc, event));
    }
    if (isPlainFrame(event, effects)) {
      return this.#addFrame({ at: now, crc, conn: event.conn }, event.text);
    }
    return this.#addLine(eventLine(now, crc, this.#truncate(event)));
  }

  /** Truncates a frame that is too long. The core looks only at its length, and one character too many is enough. */
  #truncate(event: FrameReceived): FrameReceived {
    const { max_message_bytes } = this.#options.settings;
    if (event.text.length <= max_message_bytes) return event;
    return { ...event, text: event.text.slice(0, max_message_bytes + 1) };
  }

  #addFrame(head: FrameHead, text: string): boolean {
    const units = text.length + FRAME_MORE_MAX_BYTES;
    if (units * UTF8_MAX > this.#room) return this.#addLine(frameLine(head, text));
    this.#fileBytes += this.#outbox.addFrame(head, text);
    return true;
  }

  #addLine(line: string): boolean {
    if (line.length * UTF8_MAX > this.#room) {
      const bytes = utf8Length(line);
      if (bytes > this.#room) {
        this.#options.events.leftOut(bytes);
        return false;
      }
    }
    this.#fileBytes += this.#outbox.addLine(line);
    return true;
  }

  /** How many bytes of lines the file still takes. */
  get #room(): number {
    return this.#maxBytes - this.#fileBytes;
  }

  /** Whether the file has so little room left that a usual line might not fit. */
  #isFull(): boolean {
    const reserve = Math.min(this.#maxBytes / RESERVE_SHARE, RESERVE_MAX_BYTES);
    return this.#fileBytes + reserve > this.#maxBytes;
  }

  /** Begins a file with the state at instant `at`, which is now. */
  #begin(at: number, { isFirst }: { readonly isFirst: boolean }): void {
    const { state, epochMs, now } = this.#options;
    try {
      const taken = isFirst ? null : takeSnapshot(state());
      const header = {
        format: FORMAT,
        version: VERSION,
        epochMs: epochMs(),
        at: millis(at),
        rules: rulesOf(this.#options.settings),
      } as const;
      const { bytes, isWhole } = this.#outbox.begin(preambleOf(header, taken, now));
      this.#mode = "recording";
      this.#fileBytes = bytes;
      this.#maxBytes = isWhole ? this.#maxBytesFor(bytes) : Infinity;
    } catch (error) {
      this.#pauseAndRetry(messageOf(error));
    }
    this.#write();
  }

  /**
   * The size limit of a file with a preamble of so many bytes. It leaves at least as many bytes for events, so that
   * snapshots never take more than half of the disk bandwidth.
   */
  #maxBytesFor(preambleBytes: number): number {
    return Math.max(this.#options.settings.max_record_bytes, preambleBytes * 2);
  }

  #flush(): void {
    this.#cancelFlush = null;
    this.#outbox.seal();
    this.#write();
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = null;
      if (this.#outbox.hasJob) this.#write();
      else if (this.#mode === "catching-up") this.#retryIn(PAUSE_MS);
    });
  }

  /** Does all jobs in order. Never rejects. */
  async #writeAll(): Promise<void> {
    try {
      for (let job = this.#outbox.take(); job !== undefined; job = this.#outbox.take()) {
        const bytes = await this.#writer.do(job);
        this.#outbox.done(job);
        if (job.kind === "begin") this.#begun(bytes, bytes - job.bytes.length);
      }
    } catch (error) {
      this.#fail(error);
      await this.#writer.close().catch(() => {}); // The write error was reported; closing may fail too.
    }
  }

  /** Called when a preamble is written. `more`: the bytes of its later pieces; only the newest file can have such. */
  #begun(preambleBytes: number, more: number): void {
    if (more > 0) {
      this.#fileBytes += more;
      this.#maxBytes = this.#maxBytesFor(preambleBytes);
    }
    if (this.#mode !== "recording") return;
    this.#pauseReason = "";
    if (!this.#isAnnounced) this.#options.events.recording();
    this.#isAnnounced = true;
    if (this.#isFull()) this.#begin(this.#options.now(), { isFirst: false });
  }

  /** Drops what waits, because its file cannot be written. */
  #fail(error: unknown): void {
    this.#outbox.clear();
    if (this.#mode !== "stopped") this.#pauseAndRetry(messageOf(error));
    else this.#pause(`${messageOf(error)}; the end of the recording is missing`);
  }

  /** Stops adding events until everything queued is written. */
  #catchUp(): void {
    this.#mode = "catching-up";
    this.#outbox.seal();
    this.#pause(
      `The disk is too slow: ${this.#outbox.bytes} bytes wait; a new file begins ` +
        `${PAUSE_MS / 1_000} s after they are written`,
    );
  }

  /** Stops adding events until the next retry. */
  #pauseAndRetry(why: string): void {
    this.#pause(`${why}; retrying every ${RETRY_MS / 1_000} s`);
    this.#retryIn(RETRY_MS);
  }

  #retryIn(delayMs: number): void {
    this.#mode = "retrying";
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.schedule(() => {
      this.#begin(this.#options.now(), { isFirst: false });
    }, delayMs);
  }

  /** Reports a pause, once per reason. */
  #pause(why: string): void {
    if (this.#pauseReason === why) return;
    this.#pauseReason = why;
    this.#isAnnounced = false;
    this.#options.events.paused(why);
  }
}

/** How long a line waits, so that one write takes many. */
const FLUSH_MS = 50;

/** The limit of queued bytes. The parts of a snapshot that are not generated yet do not count. */
const WAITING_MAX_BYTES = 33_554_432;

/** The pause after an error. */
const RETRY_MS = 60_000;

/** The pause after the queue of a slow disk is written: an immediate snapshot would overload the disk again. */
const PAUSE_MS = 10_000;

/** A file is full when less than a sixteenth of it, at most 1 MiB, is left. */
const RESERVE_SHARE = 16;
const RESERVE_MAX_BYTES = 1_048_576;
