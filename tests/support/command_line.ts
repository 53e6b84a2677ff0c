/** What the program makes of a command line and of variables, without being run. */
import { type Command, parseCommand } from "../../adapters/program/cli.ts";
import type { Settings } from "../../core/mod.ts";
import { assert } from "./assert.ts";

type Env = Readonly<Record<string, string>>;

export function parse(args: readonly string[], env: Env = {}): Command {
  return parseCommand(args, { get: (name) => env[name], names: () => Object.keys(env) });
}

/** A line that is to run, its words apart by a space each. */
export function run(line: string, env: Env = {}): Command & { readonly kind: "run" } {
  const command = parse(words(line), env);
  assert(command.kind === "run", JSON.stringify(command));
  return command;
}

export function settingsOf(line: string, env: Env = {}): Settings {
  return run(line, env).settings;
}

export function mistake(line: string, env: Env = {}): string {
  const command = parse(words(line), env);
  assert(command.kind === "mistake", JSON.stringify(command));
  return command.message;
}

export function words(line: string): string[] {
  return line === "" ? [] : line.split(" ");
}
