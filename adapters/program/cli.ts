/**
 * Parses the command line and the environment into settings. A flag beats a variable, a variable beats a default.
 *
 * Accepts the syntax of the `peerjs` command: dashes or underscores, `--no-x`, `--x=value`, short letters, and several
 * values after one `--cors`. The options come from the table in `core/settings/`.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import {
  cutUrl,
  describe,
  isOptionName,
  isRetiredName,
  isSwitchWord,
  OPTION_NAMES,
  type OptionName,
  optionOf,
  parseText,
  type PartialSettings,
  RETIRED_NAMES,
  type RetiredName,
  retiredOption,
  retiredSentence,
  type Settings,
  settingsFrom,
} from "../../core/mod.ts";
import type { HelpScope } from "./help.ts";
import {
  type Environment,
  nameVariables,
  nearestName,
  variableFor,
  variableWarnings,
} from "./environment.ts";

/** What the program must do. */
export type Command =
  | {
    readonly kind: "run";
    readonly settings: Settings;
    /** A sentence for each argument or variable without effect, for the log. */
    readonly warnings: readonly string[];
    /** The variables that set options, by option. */
    readonly variables: ReadonlyMap<OptionName, string>;
  }
  | { readonly kind: "help"; readonly scope: HelpScope }
  | { readonly kind: "version" }
  | { readonly kind: "subcommand"; readonly name: Subcommand; readonly args: readonly string[] }
  | { readonly kind: "mistake"; readonly message: string };

/** What the program can do besides serving. */
const SUBCOMMANDS = ["check", "doctor", "health", "token"] as const;

type Subcommand = typeof SUBCOMMANDS[number];

export function parseCommand(args: readonly string[], env: Environment): Command {
  const name = SUBCOMMANDS.find((name) => name === args[0]);
  if (name !== undefined) return { kind: "subcommand", name, args: args.slice(1) };
  const flags = parseFlags(args);
  if (typeof flags === "string") return { kind: "mistake", message: flags };
  if (flags.help !== null) return { kind: "help", scope: flags.help };
  if (flags.given.has("version")) return { kind: "version" };
  const given: Record<string, Settings[OptionName]> = {};
  const variables = new Map<OptionName, string>();
  for (const name of OPTION_NAMES) {
    const flag = flags.given.get(name);
    const variable = flag === undefined ? variableFor(name, env) : undefined;
    const text = flag ?? variable?.text;
    if (text === undefined) continue;
    const label = variable === undefined ? `Option --${name}` : `Variable ${variable.name}`;
    const parsed = parseText(name, text);
    if (!parsed.ok) return { kind: "mistake", message: `${label} ${parsed.problem}` };
    given[name] = parsed.value;
    if (variable !== undefined) variables.set(name, variable.name);
  }
  const retired = [...flags.retired].map((name) => retiredSentence(`Option --${name}`, name));
  const warnings = [...retired, ...variableWarnings(env)];
  try {
    const settings = settingsFrom(given as PartialSettings);
    warnings.push(...withoutEffect(settings, Object.keys(given)), ...mistypedSchemes(settings));
    return { kind: "run", settings, warnings, variables };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const unreadable = env.unreadable?.() ?? null;
    const hint = unreadable === null ? "" : ` (${unreadable}.)`;
    return { kind: "mistake", message: `${nameVariables(error.message, variables)}${hint}` };
  }
}

/** A sentence for each given option that only matters with another one, which is off. */
function withoutEffect(settings: Settings, given: readonly string[]): string[] {
  const off = [
    ...(settings.cluster === "" ? ["cluster"] : []),
    ...(settings.admin_port === 0 ? ["admin_port"] : []),
    ...(settings.turn_urls.length === 0 ? ["turn_urls"] : []),
  ];
  return off.flatMap((needed) => {
    const prefix = `${needed.split("_", 1)[0]}_`;
    return given.filter((name) => name !== needed && name.startsWith(prefix))
      // The workers of a process are a cluster too, and count as hung after a lease.
      .filter((name) => name !== "cluster_lease" || settings.workers === 1)
      .map((name) => `Option ${name} has no effect without ${needed}.`);
  });
}

/** A sentence for each origin whose scheme is nearly one of the web; that of an application may be any other. */
function mistypedSchemes({ cors }: Settings): string[] {
  return cors.flatMap((origin) => {
    const [scheme = "", rest = ""] = origin.split("://");
    if (/^https?$/.test(scheme)) return [];
    const nearest = nearestName(scheme, ["https", "http"]);
    return nearest === undefined
      ? []
      : [`Option cors: no page has the origin ${origin}; did you mean ${nearest}://${rest}?`];
  });
}

interface Flags {
  /** The values as texts, by the name of the option or command. */
  readonly given: ReadonlyMap<string, string>;
  readonly retired: ReadonlySet<RetiredName>;
  /** How much help to print; `null` for none. */
  readonly help: HelpScope | null;
}

const COMMANDS = ["help", "version"] as const;

/** Matches an argument and the next one, if together they ask for help about something: `--help all`. */
const HELP_ABOUT = /^(?:--help|-h)(?:=(\S+) | ([^-].*)$)/;

/** Parses the arguments. A string says which one is wrong. */
function parseFlags(args: readonly string[]): Flags | string {
  const normal = normalize(args);
  if (typeof normal === "string") return normal;
  let mistake: string | undefined;
  const lists = OPTION_NAMES.filter((name) => optionOf(name).type === "list");
  const unknown = (arg: string, key?: string): boolean => {
    mistake ??= key === undefined ? unknownArgument(arg) : unknownFlag(arg);
    return false;
  };
  const parsed: Record<string, unknown> = parseArgs(normal.args, {
    string: OPTION_NAMES,
    boolean: COMMANDS,
    collect: lists,
    alias: { ...aliases(), help: "h", version: ["v", "V"] },
    unknown,
  });
  if (mistake !== undefined) return mistake;
  const [afterDashes] = Array.isArray(parsed["_"]) ? parsed["_"] : [];
  if (afterDashes !== undefined) return unknownArgument(String(afterDashes));
  const flags = new Map<string, string>();
  for (const command of COMMANDS) if (parsed[command] === true) flags.set(command, "true");
  for (const name of OPTION_NAMES) {
    const value = parsed[name];
    if (Array.isArray(value) ? value.length > 0 : value !== undefined) {
      flags.set(name, String(value));
    }
  }
  const help = flags.has("help") ? normal.help : null;
  return { given: flags, retired: normal.retired, help };
}

interface NormalArguments {
  readonly args: readonly string[];
  readonly retired: ReadonlySet<RetiredName>;
  /** What the help is about, if it is asked for. */
  readonly help: HelpScope;
}

/**
 * Normalizes arguments to the form `--name=value`, which `parseArgs` cannot misread: underscores, one flag per value of
 * a list, and an explicit value for `--x` and `--no-x`. Removes retired options. A string says which argument is wrong.
 */
function normalize(args: readonly string[]): NormalArguments | string {
  const normal: string[] = [];
  const retired = new Set<RetiredName>();
  let help: HelpScope = "everyday";
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    const about = HELP_ABOUT.exec(`${arg} ${args[i + 1] ?? ""}`);
    if (about !== null) {
      const word = about[1] ?? about[2] ?? "";
      const name = word.replaceAll("-", "_");
      if (isRetiredName(name)) return retiredSentence(`Option --${name}`, name);
      if (name !== "all" && !isOptionName(name)) return unknownFlag(`--${cutUrl(word)}`);
      help = name;
      normal.push("--help");
      if (!arg.includes("=")) i++;
      continue;
    }
    const name = optionNameOf(arg);
    if (name === undefined) {
      const old = retiredNameOf(arg);
      if (old === undefined) normal.push(arg);
      else {
        retired.add(old);
        if (!arg.includes("=") && isValueOfRetired(old, args[i + 1])) i++;
      }
      continue;
    }
    const { type } = optionOf(name);
    const flag = arg.split("=", 1)[0] ?? arg;
    let value = arg.includes("=") ? arg.slice(flag.length + 1) : undefined;
    if (isNegated(flag)) {
      if (value !== undefined) {
        return `Option ${flag} takes no value: got ${describe(cutUrl(value))}.`;
      }
      value = "false";
    } else if (type === "boolean") {
      value ??= isValue(args[i + 1]) ? args[++i] : "true";
    } else if (isValue(args[i + 1])) {
      value ??= args[++i];
    }
    if (value === undefined || value === "") return `Option ${flag} needs a value.`;
    normal.push(`--${name}=${value}`);
    while (type === "list" && isValue(args[i + 1])) normal.push(`--${name}=${args[++i]}`);
  }
  return { args: normal, retired, help };
}

/** The option of an argument such as `-p`, `--alive-timeout` or `--no-cors=…`. */
function optionNameOf(arg: string): OptionName | undefined {
  const bare = arg.split("=", 1)[0] ?? "";
  if (/^-\w$/.test(bare)) {
    return OPTION_NAMES.find((name) => optionOf(name).alias === bare.slice(1));
  }
  if (!bare.startsWith("--")) return undefined;
  const name = bare.slice(2).replaceAll("-", "_");
  if (isOptionName(name)) return name;
  const positive = name.slice(3);
  const isFlag = isOptionName(positive) && optionOf(positive).type === "boolean";
  return isNegated(bare) && isFlag ? positive : undefined;
}

function retiredNameOf(arg: string): RetiredName | undefined {
  const bare = arg.split("=", 1)[0] ?? "";
  if (/^-\w$/.test(bare)) {
    return RETIRED_NAMES.find((name) => retiredOption(name).alias === bare.slice(1));
  }
  if (!bare.startsWith("--")) return undefined;
  const name = bare.slice(2).replaceAll("-", "_").replace(/^no_/, "");
  return isRetiredName(name) ? name : undefined;
}

/** Whether an argument is the value of the retired option before it. That of `--debug` is optional. */
function isValueOfRetired(name: RetiredName, arg: string | undefined): boolean {
  if (retiredOption(name).takes === "value") return isValue(arg);
  return isSwitchWord(arg ?? "") || /^\d+$/.test(arg ?? "");
}

function isNegated(arg: string): boolean {
  return /^--no[-_]/.test(arg);
}

/** A negative number counts as a value, so that the message about it names its option. */
function isValue(arg: string | undefined): boolean {
  return arg !== undefined && !/^-\D/.test(arg);
}

function aliases(): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of OPTION_NAMES) {
    const { alias } = optionOf(name);
    if (alias !== undefined) found[name] = alias;
  }
  return found;
}

function unknownArgument(arg: string): string {
  const nearest = nearestName(arg, SUBCOMMANDS);
  const hint = nearest === undefined ? "options begin with two dashes" : `did you mean ${nearest}?`;
  return `There is no command or argument ${describe(cutUrl(arg))}: ${hint}${
    nearest === undefined ? "." : ""
  }`;
}

function unknownFlag(arg: string): string {
  const flag = arg.split("=", 1)[0] ?? "";
  const nearest = nearestName(flag.replace(/^-+/, ""), [...OPTION_NAMES, ...COMMANDS]);
  const hint = nearest === undefined ? "" : `did you mean --${nearest}? `;
  return `There is no option ${describe(flag)}: ${hint}--help all lists every option.`;
}
