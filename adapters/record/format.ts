/**
 * How a recording is written: NDJSON, a header, the snapshot that it begins with, in lines of 1 MiB at most or of
 * one record, then a line for each event, in the order in which they were reduced.
 *
 * The line of an event has the instant, a digest of the effects, and the event. A frame that is JSON on one line
 * stands at the end of its line as it came, so that its exact text is a slice of the line and nothing is encoded
 * twice; every other event is written as JSON.
 *
 * @module
 */
import { crc32 } from "node:zlib";
import {
  CLOSE,
  type ConnId,
  type Effect,
  type Entries,
  type Event,
  type FrameReceived,
  type Millis,
  type Rules,
  type Taken,
} from "../../core/mod.ts";

/** What the first line says that the file is. */
export const FORMAT = "signalbox recording";

/** Raised when a file of today cannot be read by the code before. */
export const VERSION = 6;

/** The first line. */
export interface Header {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** The wall-clock time of instant 0, in milliseconds since 1970. */
  readonly epochMs: number;
  /** When the file begins; every event in it comes then or later. */
  readonly at: Millis;
  readonly rules: Rules;
  /** What the server knew then; `null` where that was nothing, because it had just been started. */
  readonly snapshot: Outline | null;
}

/** A snapshot without the entries of its maps, and how many each of them has: they come in the next lines. */
export type Outline = {
  readonly [Field in keyof Taken]: Taken[Field] extends AnyEntries ? number : Taken[Field];
};

/** The names of the maps of a snapshot. */
export type MapName = {
  [Field in keyof Taken]: Taken[Field] extends AnyEntries ? Field : never;
}[keyof Taken];

/** The entries of any map. */
export type AnyEntries = Entries<unknown, unknown>;

/** An event as a line. */
export function eventLine(at: Millis, crc: number, event: Event): string {
  return `{"at":${at},"crc":${crc},"event":${JSON.stringify(event)}}\n`;
}

/** What comes before the text of a frame in its line; nothing but ASCII. */
export function frameHead(at: Millis, crc: number, conn: ConnId): string {
  return `{"at":${at},"crc":${crc},"conn":${conn},"frame":`;
}

/** What comes after the text of a frame in its line; nothing but ASCII. */
export const FRAME_TAIL = "}\n";

/** The text of the frame in a line that has one, without its line break; `null` in any other line. */
export function frameTextIn(line: string): string | null {
  const head = FRAME_HEAD.exec(line)?.[0];
  return head === undefined ? null : line.slice(head.length, -1);
}

/**
 * Whether a frame can stand in its line as it came: it is JSON, which the server found and notes where it is not,
 * on one line, and UTF-8 can say it.
 */
export function isPlainFrame({ text }: FrameReceived, effects: readonly Effect[]): boolean {
  return !effects.some(isRejected) && !text.includes("\n") && text.isWellFormed();
}

/** Whether an effect of a frame tells that it was not read, or is no JSON; a client that says `LEAVE` was read. */
function isRejected(effect: Effect): boolean {
  if (effect.kind === "close") return effect.code !== CLOSE.left;
  return effect.kind === "note" && (effect.what === "bad-frame" || effect.what === "ignored");
}

/**
 * A digest of effects, 32 bits: another kind, connection, code, reason, text or order gives another. A text
 * is digested from where the effects before it and the rest of its own effect left off.
 */
export function crcOf(effects: readonly Effect[]): number {
  let crc = 0;
  for (const effect of effects) {
    if (effect.kind === "send") crc = crc32(effect.text, mix(crc, effect.conn, 0));
    else if (effect.kind === "close") {
      crc = crc32(effect.reason, mix(crc, effect.conn, effect.code));
    } else crc = crc32(effect.kind === "note" ? effect.what : effect.kind, crc);
  }
  return crc;
}

/** Odd factors lose nothing, so a change of one of the three is a change of the result. */
function mix(crc: number, conn: number, code: number): number {
  return (Math.imul(crc ^ Math.imul(conn, 0x2c1b3c6d), 0x297a2d39) ^ code) >>> 0;
}

const FRAME_HEAD = /^\{"at":[^,"]+,"crc":\d+,"conn":\d+,"frame":/;
