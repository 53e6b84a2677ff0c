/**
 * Reads the preamble of a recording: its header, and the state before its first event.
 *
 * @module
 */
import { describe, initialState, restore, type Snapshot, type State } from "../../../core/mod.ts";
import type { Header } from "../format.ts";
import type { MapName, Outline } from "../format.ts";
import { type Line, type LineReader, ReplayError } from "./file.ts";
import { MAP_NAMES, type Parsed, type Part, type PartOf, readHeader, readPart } from "./schema.ts";

/** The preamble of a recording. */
export interface Start {
  readonly header: Header;
  /** Makes the first state. Throws if the snapshot is inconsistent. */
  readonly state: () => State;
  /** The lines of the snapshot, as the beginning of a sentence. */
  readonly place: string;
}

/**
 * Reads the preamble; returns `null` if the file has no whole line.
 *
 * @throws {ReplayError} If it is not valid or truncated.
 */
export async function readStart(reader: LineReader): Promise<Start | null> {
  const first = await reader.next();
  if (first === null) return null;
  const header = parseLine(first, readHeader, "the header of a recording");
  const { rules, snapshot: outline } = header;
  if (outline === null) return { header, state: () => initialState(rules), place: "Line 1" };
  const [snapshot, lastLine] = await readSnapshot(reader, outline);
  const place = `Lines 1 to ${lastLine}, the snapshot it begins with`;
  return { header, state: () => restore(rules, snapshot), place };
}

/**
 * Parses a line.
 *
 * @throws {ReplayError} If it is not valid.
 */
export function parseLine<T>(line: Line, read: (text: string) => Parsed<T>, what: string): T {
  const found: Parsed<T> = line.text === null
    ? { ok: false, problem: "expected text in UTF-8, short enough for one string" }
    : read(line.text);
  if (found.ok) return found.value;
  throw unreadable(line, what, found.problem);
}

export function unreadable({ number }: Line, what: string, problem: string): ReplayError {
  return new ReplayError(`Line ${number} is not ${what}: ${problem}.`);
}

/** The entries read so far. */
type Found = { readonly [Map in MapName]: Snapshot[Map][number][] };

/** Reads the snapshot after the header. Returns it with the number of its last line. */
async function readSnapshot(
  reader: LineReader,
  outline: Outline,
): Promise<readonly [Snapshot, number]> {
  const found: Found = {
    claims: [],
    connections: [],
    pending: [],
    stored: [],
    mailboxes: [],
    sources: [],
    pairs: [],
    addressBytes: [],
    addresses: [],
    wrongTokens: [],
    clusterAsked: [],
    clusterReleased: [],
    clusterReleasedOld: [],
    clusterYoung: [],
    clusterOld: [],
    clusterFlights: [],
    clusterOnWay: [],
    clusterLinks: [],
    clusterIncoming: [],
    clusterRetries: [],
  };
  const keys = new Map(MAP_NAMES.map((map) => [map, new Set<unknown>()]));
  let lastLine = 1;
  for (;;) {
    const short = MAP_NAMES.find((map) => found[map].length < outline[map]);
    if (short === undefined) return [{ ...outline, ...found }, lastLine];
    const line = await reader.next();
    if (line === null) {
      const problem = `${found[short].length} of ${outline[short]} ${short} are there`;
      throw new ReplayError(`The recording ends within the snapshot it begins with: ${problem}.`);
    }
    const part = parseLine(line, readPart, PART);
    const problem = problemOf(part, keys.get(part.map) ?? new Set()) ?? add(found, part, outline);
    if (problem !== null) throw unreadable(line, PART, problem);
    lastLine = line.number;
  }
}

const PART = "a part of the snapshot";

/** The problem of a part that repeats a key; `null` if there is none. */
function problemOf({ map, entries }: Part, keys: Set<unknown>): string | null {
  for (const [key] of entries) {
    if (keys.has(key)) return `at ${map}: ${describe(key)} is there twice`;
    keys.add(key);
  }
  return null;
}

/** Adds entries. Returns a problem if there are more than the header says. */
function add<Map extends MapName>(
  found: Found,
  { map, entries }: PartOf<Map>,
  outline: Outline,
): string | null {
  const all = found[map];
  for (const entry of entries) all.push(entry);
  return all.length > outline[map]
    ? `at ${map}: more than the ${outline[map]} of the header`
    : null;
}
