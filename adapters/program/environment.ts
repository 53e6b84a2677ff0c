/**
 * Environment variables that set options, and warnings about those that seem to.
 *
 * @module
 */
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import {
  isOptionName,
  OPTION_NAMES,
  type OptionName,
  optionOf,
  RETIRED_NAMES,
  retiredSentence,
} from "../../core/mod.ts";

/** A source of environment variables. */
export interface Environment {
  readonly get: (name: string) => string | undefined;
  /** The names of all variables; empty without the permission to list them. */
  readonly names: () => readonly string[];
  /** A sentence without its stop, if variables that set options cannot be read; `null` or missing if all can. */
  readonly unreadable?: () => string | null;
}

/**
 * The environment of the process; empty without the permission to read it. Never prompts: there would be a question for
 * each option.
 */
export const PROCESS_ENVIRONMENT: Environment = {
  get: (name) => isReadable(name) ? Deno.env.get(name) : undefined,
  names: () => {
    const isAllowed = Deno.permissions.querySync({ name: "env" }).state === "granted";
    return isAllowed ? Object.keys(Deno.env.toObject()) : [];
  },
  unreadable: () => {
    const known = OPTION_NAMES.flatMap(variablesOf);
    const hidden = known.filter((name) => !isReadable(name));
    if (hidden.length === 0) return null;
    const which = hidden.length === known.length ? "the" : `${hidden.length} of the`;
    return `Deno may not read ${which} variables that set options, so they set nothing: ` +
      `--allow-env=${VARIABLES_PATTERN} allows it`;
  },
};

/** Whether the process may read a variable. */
function isReadable(variable: string): boolean {
  return Deno.permissions.querySync({ name: "env", variable }).state === "granted";
}

/** Whether the process runs on Deno Deploy. */
export function isDeploy(): boolean {
  return PROCESS_ENVIRONMENT.get("DENO_DEPLOYMENT_ID") !== undefined;
}

/** The variables that set options, as `--allow-env` takes them. */
export const VARIABLES_PATTERN = "PEERSERVER_*,PORT";

/** The variables of an option, in order of precedence. */
export function variablesOf(name: OptionName): string[] {
  return [`${PREFIX}${name.toUpperCase()}`, ...optionOf(name).env ?? []];
}

/** The variable that sets an option, if any. An empty variable counts as unset. */
export function variableFor(
  option: OptionName,
  { get }: Environment,
): { readonly name: string; readonly text: string } | undefined {
  for (const name of variablesOf(option)) {
    const text = get(name);
    if (text !== undefined && text !== "" && !isServiceLink(name, text)) return { name, text };
  }
  return undefined;
}

/** A sentence for each variable that begins with `PEERSERVER_` but sets no option. */
export function variableWarnings({ get, names }: Environment): string[] {
  const known = new Set(OPTION_NAMES.flatMap(variablesOf));
  return names().filter((name) => /^PEERSERVER_/i.test(name) && !known.has(name)).sort()
    .flatMap((name) => {
      const text = get(name) ?? "";
      if (text === "" || isServiceLink(name, text)) return [];
      const retired = RETIRED_NAMES.find((old) => name === `${PREFIX}${old.toUpperCase()}`);
      if (retired !== undefined) return [retiredSentence(`Variable ${name}`, retired)];
      const nearest = nearestName(name.slice(PREFIX.length), OPTION_NAMES);
      const hint = nearest === undefined
        ? "--help all lists the options"
        : `did you mean ${PREFIX}${nearest.toUpperCase()}?`;
      return [`Variable ${name} sets nothing: there is no such option; ${hint}`];
    });
}

/**
 * Appends to a message the variables that set the options it names. Those are the options at its beginning, and every
 * other option name in it that is not an English word as well.
 */
export function nameVariables(
  message: string,
  variables: ReadonlyMap<OptionName, string>,
): string {
  const [, head = ""] = /^Options? (\w+(?:(?:, | and )\w+)*)/.exec(message) ?? [];
  const words = [...head.split(/, | and /), ...message.match(/\b(?:\w+_\w+|ssl\w+)\b/g) ?? []];
  const named = [...new Set(words.filter(isOptionName))].flatMap((name) => {
    const variable = variables.get(name);
    return variable === undefined ? [] : [`${variable} sets ${name}`];
  });
  return named.length === 0 ? message : `${message} (${named.join(", ")}.)`;
}

/** The name that a mistyped one probably stands for, if any. */
export function nearestName<Name extends string>(
  typed: string,
  names: readonly Name[],
): Name | undefined {
  const given = typed.toLowerCase().replaceAll("-", "_");
  if (given.length <= TYPO_MAX) return undefined;
  const nearest = names
    .map((name) => ({ name, distance: Number(levenshteinDistance(given, name)) }))
    .reduce((a, b) => b.distance < a.distance ? b : a);
  const typoMax = Math.max(TYPO_MAX, Math.floor(given.length / LETTERS_A_TYPO));
  if (nearest.distance <= typoMax) return nearest.name;
  return names.find((name) => given.length >= PART_MIN && `_${name}_`.includes(`_${given}_`));
}

const PREFIX = "PEERSERVER_";

/** The largest edit distance of a typing error; a long name may have one more for each four letters. */
const TYPO_MAX = 2;
const LETTERS_A_TYPO = 4;

/** The shortest part of a name that suggests the name. */
const PART_MIN = 4;

/**
 * Whether Kubernetes or Docker set the variable. They set such variables in every container next to a service or a
 * container whose name is `peerserver` or begins with `peerserver-`.
 */
function isServiceLink(name: string, text: string): boolean {
  return LINK_NAME.test(name) ||
    (/^PEERSERVER_(?:.+_)?PORT$/.test(name) && /^(?:tcp|udp|sctp):\/\//.test(text));
}

const LINK_NAME =
  /^PEERSERVER_(?:.+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_.+)?|NAME|ENV_.+)$/;
