/**
 * Records the input of the reducer, so that a run of the server can be run again.
 *
 * An observer: it turns each step into a line and puts that into a buffer; whatever touches the disk happens
 * later, one write at a time. Every file can be replayed alone: one that does not begin with the process
 * begins with a snapshot of the state. An observer is told when the state has the event at hand in it, so a
 * file ends with an event and the next one begins with what is known after it. When a file is full, when the
 * disk is slower than what happens, and after every trouble, recording goes on in a new file.
 *
 * Must never throw into the loop, wait for the disk, or take memory without a bound.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import {
  type Effect,
  type Event,
  type Millis,
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
  FRAME_TAIL,
  frameHead,
  isPlainFrame,
  VERSION,
} from "./format.ts";
import { Outbox } from "./outbox.ts";
import { preambleOf } from "./snapshot.ts";
import { Writer } from "./writer.ts";
import type { Observer } from "../runtime.ts";

/** What a recorder needs. */
export interface RecorderOptions {
  readonly settings: Settings;
  /** The state after the last event that was observed. */
  readonly state: () => State;
  /** The wall-clock time of instant 0, in milliseconds since 1970. */
  readonly epochMs: () => number;
  /** The clock of the runtime. */
  readonly now: () => number;
  /** Calls back once, `delayMs` from now or a little later; returns what cancels it. */
  readonly schedule: (callback: () => void, delayMs: number) => () => void;
  /** Begins a file at a path; rejects where it cannot. */
  readonly beginFile: (path: string) => Promise<Sink>;
  readonly events: RecorderEvents;
}

/** Who is told how it goes. */
export interface RecorderEvents {
  /** A file was begun, the first one or the first after a pause. */
  readonly recording: () => void;
  /** Nothing is recorded for a while; the sentence says why, and until when. */
  readonly paused: (why: string) => void;
  /** An event was left out, because its line did not fit into a file. */
  readonly leftOut: (bytes: number) => void;
}

/** `behind`: what waits is still written, nothing is added. `resting`: it is tried again later. */
type Mode = "new" | "recording" | "catching-up" | "retrying" | "stopped";

/** One recording, of all that a server does. */
export class Recorder {
  readonly #options: RecorderOptions;
  readonly #outbox = new Outbox();
  readonly #writer: Writer;
  #mode: Mode = "new";
  /** What the newest file will have when all that waits is written, but for what its preamble has still to come. */
  #fileBytes = 0;
  /** What the newest file may have; no bound while it is not known how long its preamble is. */
  #maxBytes = Infinity;
  #writing: Promise<void> | null = null;
  #cancelFlush: (() => void) | null = null;
  #cancelRetry: (() => void) | null = null;
  /** What was told last of a pause that is not over; empty where there is none. */
  #pauseReason = "";
  /** Whether the last that was told is that it records. */
  #isAnnounced = false;

  /** Writes nothing yet. */
  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#writer = new Writer(options.settings.record, options.beginFile);
  }

  /** Begins the first file; where it is not called the first event does. */
  start(): void {
    if (this.#mode === "new") this.#begin(this.#options.now(), { isFirst: true });
  }

  /** Takes down one step. */
  readonly observe: Observer = ({ event, now, effects }): void => {
    if (this.#mode === "new") this.#begin(now, { isFirst: true });
    if (this.#mode !== "recording") return;
    const hasRoom = this.#add(event, now, effects);
    this.#cancelFlush ??= this.#options.schedule(() => this.#flush(), FLUSH_MS);
    if (!hasRoom || this.#isFull()) this.#begin(now, { isFirst: false });
    else if (this.#outbox.bytes > WAITING_MAX_BYTES) this.#catchUp();
    if (this.#outbox.hasJob) this.#write();
  };

  /** Records no more; settles when all that waits is written, which may take as long as the disk likes. */
  async stop(): Promise<void> {
    this.#mode = "stopped";
    this.#cancelRetry?.();
    this.#cancelFlush?.();
    this.#flush();
    while (this.#writing !== null) await this.#writing;
    await this.#writer.close().catch((error: unknown) => this.#fail(error));
  }

  /** Adds a line; `false` where it does not fit into the file. */
  #add(event: Event, now: Millis, effects: readonly Effect[]): boolean {
    const crc = crcOf(effects);
    if (event.kind === "frame-received" && isPlainFrame(event, effects)) {
      return this.#addLine(frameHead(now, crc, event.conn), event.text, FRAME_TAIL);
    }
    return this.#addLine("", eventLine(now, crc, this.#cut(event)), "");
  }

  /** However much more a frame has than it may, it is only ever refused for its length. */
  #cut(event: Event): Event {
    const { max_message_bytes } = this.#options.settings;
    if (event.kind !== "frame-received" || event.text.length <= max_message_bytes) return event;
    return { ...event, text: event.text.slice(0, max_message_bytes + 1) };
  }

  #addLine(head: string, text: string, tail: string): boolean {
    const room = this.#maxBytes - this.#fileBytes;
    const units = head.length + text.length + tail.length;
    if (units * 3 > room) {
      const bytes = head.length + utf8Length(text) + tail.length;
      if (bytes > room) {
        this.#options.events.leftOut(bytes);
        return false;
      }
    }
    this.#fileBytes += this.#outbox.add(head, text, tail);
    return true;
  }

  /** Whether the next line might not fit, which would leave its event out. */
  #isFull(): boolean {
    const reserve = Math.min(this.#maxBytes / RESERVE_SHARE, RESERVE_MAX_BYTES);
    return this.#fileBytes + reserve > this.#maxBytes;
  }

  /** Begins a file with all that is known, which is what was known at `at`. */
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
   * What a file may have that begins with so many bytes: as much again for events, so that no more is spent on
   * snapshots than on what happens.
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

  /** Does one job after the other until there is none; never rejects. */
  async #writeAll(): Promise<void> {
    try {
      for (let job = this.#outbox.take(); job !== undefined; job = this.#outbox.take()) {
        const bytes = await this.#writer.do(job);
        this.#outbox.done(job);
        if (job.kind === "begin") this.#begun(bytes, bytes - job.bytes.length);
      }
    } catch (error) {
      this.#fail(error);
      await this.#writer.close().catch(() => {}); // What could not be written may not be closed either.
    }
  }

  /** Goes on when the preamble of a file is written. One that had still more to come is that of the newest file. */
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

  /** Gives up what waits: the file it was for cannot be written. */
  #fail(error: unknown): void {
    this.#outbox.clear();
    if (this.#mode !== "stopped") this.#pauseAndRetry(messageOf(error));
    else this.#pause(`${messageOf(error)}; the end of the recording is missing`);
  }

  /** Writes what waits, and takes down nothing more until it is written. */
  #catchUp(): void {
    this.#mode = "catching-up";
    this.#outbox.seal();
    this.#pause(
      `The disk is slower than what happens: ${this.#outbox.bytes} bytes wait; a new file begins ` +
        `${PAUSE_MS / 1_000} s after they are written`,
    );
  }

  /** Takes down nothing more until it is tried again. */
  #pauseAndRetry(why: string): void {
    this.#pause(`${why}; it is tried again every ${RETRY_MS / 1_000} s`);
    this.#retryIn(RETRY_MS);
  }

  #retryIn(delayMs: number): void {
    this.#mode = "retrying";
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.schedule(() => {
      this.#begin(this.#options.now(), { isFirst: false });
    }, delayMs);
  }

  /** Says it once for as long as it lasts. */
  #pause(why: string): void {
    if (this.#pauseReason === why) return;
    this.#pauseReason = why;
    this.#isAnnounced = false;
    this.#options.events.paused(why);
  }
}

/** How long a line waits for others to be written with. */
const FLUSH_MS = 50;

/** How much may wait to be written, beside what one snapshot is still to be made of. */
const WAITING_MAX_BYTES = 33_554_432;

/** How long after a trouble it is tried again. */
const RETRY_MS = 60_000;

/** How long after the disk was too slow: a snapshot each time that it has caught up would keep it slow. */
const PAUSE_MS = 10_000;

/** A file is full when less than this is left of it: a sixteenth, at most 1 MiB. */
const RESERVE_SHARE = 16;
const RESERVE_MAX_BYTES = 1_048_576;
