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
}

/**
 * Parses the arguments; returns `null` for `--help`.
 *
 * @throws {ReplayError} If an argument is wrong.
 */
export function parseArguments(args: readonly string[]): ReplayOptions | null {
  let unknown: string | undefined;
  const parsed: Record<string, unknown> = parseArgs([...args], {
    string: ["at", "every", "_"],
    boolean: ["diff", "quiet", "help"],
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
  return {
    file: String(files[0]),
    at: at === null ? null : String(at),
    every: Number(every),
    diff: diff === true,
    quiet: quiet === true,
  };
}

export const USAGE = `Run a recording of signalbox again.

Usage: deno task replay FILE [options]

  --at MOMENT  Print the state of that moment, and nothing else: milliseconds as in
               the file, or a time such as 2026-03-01T12:00:00.250Z.
  --diff       Print only the events whose effects are not the recorded ones.
  --every N    Check the state after every N-th event, and after the last; default: 1.
  --quiet      Print no events.

Exit code 1: the state contradicts itself, or, with --diff, an effect differs;
2: the arguments or the file cannot be read.`;
