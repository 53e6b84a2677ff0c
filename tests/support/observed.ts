/**
 * The committed record of what both servers did in each conversation: `tests/conformance/observed.json`.
 *
 * What they did alike stands there once.
 *
 * @module
 */
import type { Observation } from "./side_by_side.ts";
import type { Transcript } from "./stage.ts";

/** Both transcripts of each conversation, by its name. */
export type Observations = Readonly<Record<string, Observation>>;

/** What was observed when the file was last written. */
export async function readObserved(): Promise<Observations> {
  const records: Readonly<Record<string, Entry>> = JSON.parse(await Deno.readTextFile(FILE));
  return Object.fromEntries(
    Object.entries(records).map(([name, entry]) => [
      name,
      "both" in entry ? { signalbox: entry.both, incumbent: entry.both } : entry,
    ]),
  );
}

/** Writes the file anew. */
export async function writeObserved(observed: Observations): Promise<void> {
  const records = Object.fromEntries(
    Object.entries(observed).map(([name, seen]) => [
      name,
      differ(seen) ? seen : { both: seen.signalbox },
    ]),
  );
  await Deno.writeTextFile(FILE, `${JSON.stringify(records, null, 1)}\n`);
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "-q", FILE.pathname] }).output();
}

/** Whether the two transcripts differ, be it in the order of the fields of a frame. */
export function differ({ signalbox, incumbent }: Observation): boolean {
  return JSON.stringify(signalbox) !== JSON.stringify(incumbent);
}

const FILE = new URL("../conformance/observed.json", import.meta.url);

type Entry = Observation | { readonly both: Transcript };
