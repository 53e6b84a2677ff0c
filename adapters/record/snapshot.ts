/**
 * How a file of a recording begins: its header, and lines with the entries of a snapshot.
 *
 * The text of a full server takes most of a second, so it is made in pieces, each when the one before it is
 * written. In lines, because no reader has room for all of it in one string.
 *
 * @module
 */
import type { Taken } from "../../core/mod.ts";
import type { AnyEntries, Header, Outline } from "./format.ts";

/** What a file begins with, in pieces of whole lines; the last one is returned. */
export type Preamble = Generator<string, string, undefined>;

/**
 * The preamble of a file.
 *
 * @param taken What the server knew; `null` where that was nothing.
 * @param now A clock in milliseconds.
 */
export function* preambleOf(
  header: Omit<Header, "snapshot">,
  taken: Taken | null,
  now: () => number,
): Preamble {
  const snapshot = taken === null ? null : outlineOf(taken);
  let piece = `${JSON.stringify({ ...header, snapshot })}\n`;
  let [records, endsAt] = [0, now() + PIECE_MS];
  for (const [map, entries] of Object.entries(taken ?? {})) {
    if (!isEntries(entries)) continue;
    let isOpen = false;
    for (const [key, record] of entries) {
      piece += isOpen ? "," : `{"map":"${map}","entries":[`;
      piece += JSON.stringify([key, record]);
      isOpen = true;
      const isLate = ++records % RECORDS_PER_CHECK === 0 && now() > endsAt;
      if (piece.length < PIECE_UNITS && !isLate) continue;
      yield piece + PART_TAIL;
      [piece, isOpen, endsAt] = ["", false, now() + PIECE_MS];
    }
    if (isOpen) piece += PART_TAIL;
  }
  return piece;
}

function outlineOf(taken: Taken): Outline {
  return {
    ...taken,
    claims: taken.claims.size,
    connections: taken.connections.size,
    pending: taken.pending.size,
    stored: taken.stored.size,
    mailboxes: taken.mailboxes.size,
    sources: taken.sources.size,
    pairs: taken.pairs.size,
    addressBytes: taken.addressBytes.size,
    addresses: taken.addresses.size,
    wrongTokens: taken.wrongTokens.size,
  };
}

function isEntries(value: unknown): value is AnyEntries {
  return typeof value === "object";
}

const PART_TAIL = "]}\n";

/**
 * A piece ends with the record that fills it. The more pieces there are, the longer it takes until all are written,
 * while what happens waits behind them.
 */
const PIECE_UNITS = 1_048_576;

/** How long it may take to make one. */
const PIECE_MS = 3;
const RECORDS_PER_CHECK = 32;
