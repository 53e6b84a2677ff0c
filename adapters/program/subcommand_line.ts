/**
 * Parses the arguments of a subcommand: its own flags, and a few options of the server.
 *
 * @module
 */
import { describe, OPTION_NAMES, type OptionName, optionOf, parseText } from "../../core/mod.ts";
import { type Environment, nearestName, variableFor } from "./environment.ts";

/** What a subcommand prints on stdout, and how it exits. */
export interface Printed {
  readonly text: string;
  readonly code: number;
}

/** The flags of a subcommand: whether each takes a value. */
export type Flags = Readonly<Record<string, "value" | "switch">>;

/** A parsed line; options of the server come from variables too. */
export interface Words {
  readonly values: ReadonlyMap<string, string>;
  /** The arguments that are no flags. */
  readonly rest: readonly string[];
}

/** What is wrong with an argument, in one sentence. */
export class Mistake extends Error {}

/** @throws {Mistake} If a flag does not exist, or lacks its value. */
export function readWords(args: readonly string[], flags: Flags): Words {
  const values = new Map<string, string>();
  const rest: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (!arg.startsWith("-")) {
      rest.push(arg);
      continue;
    }
    const [flag = ""] = arg.split("=", 1);
    const name = flag === "-h" ? "help" : flag.replace(/^--/, "").replaceAll("-", "_");
    const kind = Object.hasOwn(flags, name) ? flags[name] : undefined;
    if (kind === undefined) throw new Mistake(unknownFlag(flag, flags));
    if (kind === "switch" && arg === flag) {
      values.set(name, "true");
      continue;
    }
    const value = arg === flag ? args[++i] : arg.slice(flag.length + 1);
    if (kind === "switch") throw new Mistake(`Option ${flag} takes no value.`);
    if (value === undefined || value === "") throw new Mistake(`Option ${flag} needs a value.`);
    values.set(name, value);
  }
  return { values, rest };
}

function unknownFlag(flag: string, flags: Flags): string {
  const nearest = nearestName(flag.replace(/^-+/, ""), Object.keys(flags));
  const hint = nearest === undefined ? "" : `did you mean --${nearest}? `;
  return `There is no option ${describe(flag)} here: ${hint}--help lists the options.`;
}

/**
 * The value of a text option of the server, from a flag or else from its variable; empty for none.
 *
 * @throws {Mistake} If it is not valid.
 */
export function optionText(name: OptionName, { values }: Words, env: Environment): string {
  const flag = values.get(name);
  const variable = flag === undefined ? variableFor(name, env) : undefined;
  const text = flag ?? variable?.text;
  if (text === undefined) return String(optionOf(name).default);
  const parsed = parseText(name, text);
  if (parsed.ok) return String(parsed.value);
  const label = variable === undefined ? `Option --${name}` : `Variable ${variable.name}`;
  throw new Mistake(`${label} ${parsed.problem}`);
}

/** The flags for options of the server. */
export function optionFlags(...names: readonly (typeof OPTION_NAMES[number])[]): Flags {
  return Object.fromEntries(names.map((name) => [name, "value" as const]));
}
