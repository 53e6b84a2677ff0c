/**
 * Parses the arguments of a replay.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { describe } from "../../../core/mod.ts";
import { ReplayError } from "./file.ts";

/** The arguments of a replay. */
export interface ReplayOptions {
  readonly file: string;
  readonly at: string | null;
  readonly diff: boolean;
  readonly every: number;
  readonly quiet: boolean;
  /** The file to draw the conversation into; `null` for none. */
  readonly html: string | null;
  /** The clients that are drawn; `null` for the first ones. */
  readonly peers: readonly string[] | null;
  readonly payloads: boolean;
}

/**
 * Parses the arguments; returns `null` for `--help`.
 *
 * @throws {ReplayError} If an argument is wrong.
 */
export function parseArguments(args: readonly string[]): ReplayOptions | null {
  let unknown: string | undefined;
  const parsed: Record<string, unknown> = parseArgs([...args], {
    string: ["at", "every", "html", "peers", "_"],
    boolean: ["diff", "payloads", "quiet", "help"],
    alias: { help: "h" },
    unknown: (arg: string, key?: string): boolean => {
      if (key !== undefined) unknown ??= arg;
      return true;
    },
  });
  if (parsed["help"] === true) return null;
  if (unknown !== undefined) throw new ReplayError(`There is no option ${describe(unknown)}.`);
  const files: readonly unknown[] = Array.isArray(parsed["_"]) ? parsed["_"] : [];
  if (files.length !== 1) {
    throw new ReplayError(
      `Give one file: got ${files.map(describe).join(", ") || "none"}.`,
    );
  }
  const { at = null, every = "1", diff, quiet } = parsed;
  if (typeof every !== "string" || !/^[1-9]\d{0,8}$/.test(every)) {
    throw new ReplayError(`Option --every must be a whole number from 1: got ${describe(every)}.`);
  }
  if (at !== null && diff === true) {
    throw new ReplayError("Options --at and --diff exclude each other: --at only prints a state.");
  }
  const drawing = drawingIn(parsed, String(files[0]));
  if (at !== null && drawing.html !== null) {
    throw new ReplayError("Options --at and --html exclude each other: --at only prints a state.");
  }
  return {
    ...drawing,
    file: String(files[0]),
    at: at === null ? null : String(at),
    every: Number(every),
    diff: diff === true,
    // What is drawn need not be printed as well.
    quiet: quiet === true || drawing.html !== null && diff !== true,
  };
}

/** What is to be drawn. */
function drawingIn(
  { html, peers, payloads }: Readonly<Record<string, unknown>>,
  file: string,
): Pick<ReplayOptions, "html" | "peers" | "payloads"> {
  if (html === undefined) {
    if (peers !== undefined || payloads === true) {
      throw new ReplayError("Options --peers and --payloads need --html: they say what is drawn.");
    }
    return { html: null, peers: null, payloads: false };
  }
  if (html === "" || html === file) {
    throw new ReplayError(`Option --html must be the file to write: got ${describe(html)}.`);
  }
  const ids = peers === undefined ? null : String(peers).split(",").filter(Boolean);
  if (ids !== null && (ids.length === 0 || ids.length > PEERS_MAX)) {
    throw new ReplayError(
      `Option --peers must be 1 to ${PEERS_MAX} ids with commas between: got ${describe(peers)}.`,
    );
  }
  return { html: String(html), peers: ids, payloads: payloads === true };
}

const PEERS_MAX = 24;

export const USAGE = `Run a recording of signalbox again.

Usage: deno task replay FILE [options]

  --at MOMENT  Print the state of that moment, and nothing else: milliseconds as in
               the file, or a time such as 2026-03-01T12:00:00.250Z.
  --diff       Print only the events whose effects are not the recorded ones.
  --every N    Check the state after every N-th event, and after the last; default: 1.
  --quiet      Print no events.
  --html OUT   Draw the conversation of the clients as a sequence diagram into a file.
  --peers A,B  Draw only these clients.
  --payloads   Draw the content of messages too: it has the addresses of users.

Exit code 1: the state contradicts itself, or, with --diff, an effect differs;
2: the arguments or the file cannot be read.`;
