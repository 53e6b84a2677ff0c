/**
 * Generates the preamble of a file: the header, and lines with the entries of a snapshot.
 *
 * Encoding the state of a full server takes most of a second, so the text is generated in pieces, each after the
 * previous one is written. It has many lines because it can be too long for one string.
 *
 * @module
 */
import type { Taken } from "../../core/mod.ts";
import type { AnyEntries, Header, Outline } from "./format.ts";

/** Generates pieces of whole lines. The last piece is the return value. */
export type Preamble = Generator<string, string, undefined>;

/**
 * Generates the preamble of a file.
 *
 * @param taken The state; `null` for the initial one.
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
    clusterAsked: taken.clusterAsked.size,
    clusterReleased: taken.clusterReleased.size,
    clusterReleasedOld: taken.clusterReleasedOld.size,
    clusterYoung: taken.clusterYoung.size,
    clusterOld: taken.clusterOld.size,
    clusterFlights: taken.clusterFlights.size,
    clusterOnWay: taken.clusterOnWay.size,
    clusterLinks: taken.clusterLinks.size,
    clusterIncoming: taken.clusterIncoming.size,
    clusterRetries: taken.clusterRetries.size,
  };
}

function isEntries(value: unknown): value is AnyEntries {
  return typeof value === "object" && value !== null && Symbol.iterator in value;
}

const PART_TAIL = "]}\n";

/**
 * The length of a piece; the record that exceeds it ends it. Smaller pieces take longer in total, while events wait.
 */
const PIECE_UNITS = 1_048_576;

/** How long generating a piece may block the event loop. */
const PIECE_MS = 3;
const RECORDS_PER_CHECK = 32;
