/**
 * The format of a recording: NDJSON. First a header, then the lines of a snapshot (at most 1 MiB or one record each),
 * then one line per event in the order of their reduction.
 *
 * The line of an event contains its instant, a digest of its effects, and the event. A frame that is JSON on one line
 * is embedded without encoding it again: its exact text is a slice of the line. All other events are encoded as JSON.
 *
 * @module
 */
import {
  CLOSE,
  type ConnId,
  type Effect,
  type Entries,
  type Event,
  type FrameReceived,
  mapHas,
  type Millis,
  type Rules,
  type State,
  type Taken,
} from "../../core/mod.ts";
import { nodeZlib } from "../node_modules.ts";

/** `format` in the first line. */
export const FORMAT = "signalbox recording";

/** `version` in the first line. Raise it when older code cannot read new files. */
export const VERSION = 12;

/** The first line. */
export interface Header {
  readonly format: typeof FORMAT;
  readonly version: typeof VERSION;
  /** The wall-clock time of instant 0, in milliseconds since 1970. */
  readonly epochMs: number;
  /** The instant at which the file begins. No event in it is earlier. */
  readonly at: Millis;
  readonly rules: Rules;
  /** The outline of the state at that instant; `null` for the initial state. */
  readonly snapshot: Outline | null;
}

/** A snapshot with the size of each map in place of its entries, which follow in the next lines. */
export type Outline = {
  readonly [Field in keyof Taken]: Taken[Field] extends AnyEntries ? number : Taken[Field];
};

/** The names of the maps of a snapshot. */
export type MapName = {
  [Field in keyof Taken]: Taken[Field] extends AnyEntries ? Field : never;
}[keyof Taken];

/** The entries of any map. */
export type AnyEntries = Entries<unknown, unknown>;

/** The line of an event, encoded as JSON. */
export function eventLine(at: Millis, crc: number, event: Event): string {
  return `{"at":${at},"crc":${crc},"event":${JSON.stringify(event)}}\n`;
}

/** What the line of a frame has besides its text: the instant, the digest of the effects, the connection. */
export interface FrameHead {
  readonly at: Millis;
  /** A whole number below 2^32. */
  readonly crc: number;
  readonly conn: ConnId;
}

/** The line of a frame, which embeds its text. */
export function frameLine({ at, crc, conn }: FrameHead, text: string): string {
  return `{"at":${at},"crc":${crc},"conn":${conn},"frame":${text}}\n`;
}

/** The text of the frame that a line embeds; `null` for other lines. `line` has no line break. */
export function frameTextIn(line: string): string | null {
  const head = FRAME_HEAD.exec(line)?.[0];
  return head === undefined ? null : line.slice(head.length, -1);
}

/**
 * Whether a line can embed the text of a frame: it is JSON, as its effects show, on one line, and has no lone
 * surrogates, which UTF-8 cannot encode.
 */
export function isPlainFrame({ text }: FrameReceived, effects: readonly Effect[]): boolean {
  return !effects.some(isRejected) && !text.includes("\n") && text.isWellFormed();
}

/**
 * Whether a frame came while its client was not admitted yet: nobody has read it, and how long it is counts, to the
 * character.
 */
export function isEarlyFrame(
  { conn }: FrameReceived,
  effects: readonly Effect[],
  { pending }: State,
): boolean {
  const isRefused = (effect: Effect): boolean =>
    effect.kind === "note" && effect.what === "refused";
  return mapHas(pending, conn) || effects.some(isRefused);
}

/** Whether an effect shows that the frame was not parsed, or is not JSON. The close after `LEAVE` does not. */
function isRejected(effect: Effect): boolean {
  if (effect.kind === "close") return effect.code !== CLOSE.left;
  return effect.kind === "note" && (effect.what === "bad-frame" || effect.what === "ignored");
}

/**
 * A 32-bit digest of effects. It changes with the kind, connection, code, reason, text and order. Each text continues
 * the CRC of what comes before it.
 */
export function crcOf(effects: readonly Effect[]): number {
  const { crc32 } = nodeZlib();
  let crc = 0;
  for (const effect of effects) {
    if (effect.kind === "send") crc = crc32(effect.text, mix(crc, effect.conn, 0));
    else if (effect.kind === "close") {
      crc = crc32(effect.reason, mix(crc, effect.conn, effect.code));
    } else if (effect.kind === "note") crc = crc32(effect.what, crc);
    else if (effect.kind === "check-token") crc = crc32(effect.kind, crc);
    else crc = crc32(JSON.stringify(effect, sorted), crc);
  }
  return crc;
}

/** The fields of an object in one order: those of a state that was read from a file may have another. */
function sorted(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1));
}

/** Odd factors are invertible modulo 2^32, so a change of any one argument changes the result. */
function mix(crc: number, conn: number, code: number): number {
  return (Math.imul(crc ^ Math.imul(conn, 0x2c1b3c6d), 0x297a2d39) ^ code) >>> 0;
}

const FRAME_HEAD = /^\{"at":[^,"]+,"crc":\d+,"conn":\d+,"frame":/;
