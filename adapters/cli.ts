/**
 * From the command line and the environment to settings: flag beats variable beats default.
 *
 * Accepts what the `peerjs` command accepts: dashes or underscores, `--no-x`, `--x=value`, the short
 * letters, and several values after one `--cors`. Everything comes from the one table of options.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import {
  describe,
  expected,
  isOptionName,
  OPTION_NAMES,
  type OptionName,
  optionOf,
  parseText,
  type PartialSettings,
  type Settings,
  settingsFrom,
} from "../core/mod.ts";

/** What the command line asks for. */
export type Command =
  | { readonly kind: "run"; readonly settings: Settings }
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "mistake"; readonly message: string };

/** Reads arguments and, through `env`, the variables that belong to options. */
export function parseCommand(
  args: readonly string[],
  env: (name: string) => string | undefined,
): Command {
  const flags = parseFlags(args);
  if (typeof flags === "string") return { kind: "mistake", message: flags };
  if (flags.has("help")) return { kind: "help" };
  if (flags.has("version")) return { kind: "version" };
  const given: Record<string, Settings[OptionName]> = {};
  for (const name of OPTION_NAMES) {
    const source = sourceOf(name, flags, env);
    if (source === undefined) continue;
    const parsed = parseText(name, source.text);
    if (!parsed.ok) return { kind: "mistake", message: `${source.label} ${parsed.problem}` };
    given[name] = parsed.value;
  }
  try {
    return { kind: "run", settings: settingsFrom(given as PartialSettings) };
  } catch (error) {
    if (error instanceof RangeError) return { kind: "mistake", message: error.message };
    throw error;
  }
}

/** The text of `--help`. */
export function helpText(): string {
  const rows = OPTION_NAMES.map((name) => {
    const option = optionOf(name);
    const letter = option.alias === undefined ? "    " : `-${option.alias}, `;
    const unit = option.unit === undefined ? "" : ` ${option.unit}`;
    const value = `Takes ${expected(option)}; default: ${defaultText(name)}${
      option.type === "integer" && option.unit !== "TCP port" ? unit : ""
    }.`;
    return `  ${letter}--${name}\n${wrap(`${option.doc}.`)}\n${wrap(value)}`;
  });
  return `signalbox, a signaling server for PeerJS clients

Usage: signalbox [options]

${rows.join("\n")}
  -h, --help
          Print this.
      --version
          Print the version.

Dashes and underscores are alike, and --no-allow_discovery says no. Every option
can be set by a variable too: PEERSERVER_ and its name in capitals, such as
PEERSERVER_EXPIRE_TIMEOUT; PORT and HOST count as well. A flag beats a variable.
`;
}

/** The README's table of options, in Markdown. */
export function optionTable(): string {
  const rows = OPTION_NAMES.map((name) => {
    const option = optionOf(name);
    const flag = option.alias === undefined
      ? `\`--${name}\``
      : `\`--${name}\`, \`-${option.alias}\``;
    const env = variablesOf(name).map((variable) => `\`${variable}\``).join(", ");
    return `| ${flag} | ${env} | ${defaultText(name)} | ${option.unit ?? ""} | ${option.doc} |`;
  });
  return ["| flag | variable | default | unit | meaning |", "|---|---|---|---|---|", ...rows].join(
    "\n",
  );
}

/** A variable of the environment; one that the program may not read is as good as unset. */
export function readVariable(name: string): string | undefined {
  try {
    return Deno.env.get(name);
  } catch {
    return undefined;
  }
}

type Flags = ReadonlyMap<string, string>;

const COMMANDS = ["help", "version"] as const;

/** How many letters a name may be away from what was typed to be suggested. */
const TYPO_MAX = 2;

/** Flags by option name, or the sentence that says which argument is wrong. */
function parseFlags(args: readonly string[]): Flags | string {
  const normal = normalize(args);
  if (typeof normal === "string") return normal;
  let mistake: string | undefined;
  const lists = OPTION_NAMES.filter((name) => optionOf(name).type === "list");
  const unknown = (arg: string, key?: string): boolean => {
    mistake ??= key === undefined ? unknownArgument(arg) : unknownFlag(arg);
    return false;
  };
  const parsed: Record<string, unknown> = parseArgs(normal, {
    string: OPTION_NAMES,
    boolean: COMMANDS,
    collect: lists,
    alias: { ...aliases(), help: "h" },
    unknown,
  });
  if (mistake !== undefined) return mistake;
  const [behindDashes] = Array.isArray(parsed["_"]) ? parsed["_"] : [];
  if (behindDashes !== undefined) return unknownArgument(String(behindDashes));
  const flags = new Map<string, string>();
  for (const command of COMMANDS) if (parsed[command] === true) flags.set(command, "true");
  for (const name of OPTION_NAMES) {
    const value = parsed[name];
    if (Array.isArray(value) ? value.length > 0 : value !== undefined) {
      flags.set(name, String(value));
    }
  }
  return flags;
}

/**
 * Brings arguments into the one form that the parser is given, `--name=value`: underscores, a flag for
 * every value of a list, a bare `--x` and `--no-x` with their values. A string says which one is wrong.
 */
function normalize(args: readonly string[]): string[] | string {
  const normal: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    const name = optionNameOf(arg);
    if (name === undefined) {
      normal.push(arg);
      continue;
    }
    const { type } = optionOf(name);
    const flag = arg.split("=", 1)[0] ?? arg;
    let value = arg.includes("=") ? arg.slice(flag.length + 1) : undefined;
    if (isNegated(flag)) {
      if (value !== undefined) return `Option ${flag} takes no value: got ${describe(value)}.`;
      value = "false";
    } else if (type === "boolean") {
      value ??= /^(?:true|false)$/.test(args[i + 1] ?? "") ? args[++i] : "true";
    } else if (isValue(args[i + 1])) {
      value ??= args[++i];
    }
    if (value === undefined || value === "") return `Option ${flag} needs a value.`;
    normal.push(`--${name}=${value}`);
    while (type === "list" && isValue(args[i + 1])) normal.push(`--${name}=${args[++i]}`);
  }
  return normal;
}

/** The option that an argument such as `-p`, `--alive-timeout` or `--no-cors=…` names. */
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

function isNegated(arg: string): boolean {
  return /^--no[-_]/.test(arg);
}

/** A negative number is a value, if a wrong one. */
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
  return `There is no command or argument ${describe(arg)}: options begin with two dashes.`;
}

function unknownFlag(arg: string): string {
  const flag = arg.split("=", 1)[0] ?? "";
  const given = flag.replace(/^-+/, "").replaceAll("-", "_");
  const nearest = [...OPTION_NAMES, ...COMMANDS]
    .map((name) => ({ name, distance: Number(levenshteinDistance(given, name)) }))
    .reduce((a, b) => b.distance < a.distance ? b : a);
  const hint = nearest.distance <= TYPO_MAX && given.length > TYPO_MAX
    ? `did you mean --${nearest.name}? `
    : "";
  return `There is no option ${describe(flag)}: ${hint}--help lists them all.`;
}

interface Source {
  /** What to call it in a message. */
  readonly label: string;
  readonly text: string;
}

/** Where the value of an option comes from, if from anywhere. An empty variable counts as unset. */
function sourceOf(
  name: OptionName,
  flags: Flags,
  env: (name: string) => string | undefined,
): Source | undefined {
  const flag = flags.get(name);
  if (flag !== undefined) return { label: `Option --${name}`, text: flag };
  for (const variable of variablesOf(name)) {
    const text = env(variable);
    if (text !== undefined && text !== "") return { label: `Variable ${variable}`, text };
  }
  return undefined;
}

/** Breaks a text into indented lines that fit a terminal of 80 columns. */
function wrap(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + word.length > 68) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => `          ${line}`).join("\n");
}

function variablesOf(name: OptionName): string[] {
  return [`PEERSERVER_${name.toUpperCase()}`, ...optionOf(name).env ?? []];
}

function defaultText(name: OptionName): string {
  const value = optionOf(name).default;
  if (name === "host") return "all addresses";
  if (name === "cors") return "any origin";
  if (value === "") return "none";
  return String(value);
}
