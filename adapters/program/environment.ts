/**
 * Variables of the environment: which ones are the server's, which ones look as if they were.
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

/** Where variables come from. */
export interface Environment {
  readonly get: (name: string) => string | undefined;
  /** The names of all variables; none where they may not be listed. */
  readonly names: () => readonly string[];
}

/** The environment of the process. Where the program may not read it, it has no variables, and nobody is asked. */
export const PROCESS_ENVIRONMENT: Environment = {
  get: (name) => {
    try {
      return Deno.env.get(name);
    } catch {
      return undefined;
    }
  },
  names: () => {
    // Without this question a terminal would be asked for a permission that is not worth it.
    const isAllowed = Deno.permissions.querySync({ name: "env" }).state === "granted";
    return isAllowed ? Object.keys(Deno.env.toObject()) : [];
  },
};

/** The variables of an option; the first that is set counts. */
export function variablesOf(name: OptionName): string[] {
  return [`${PREFIX}${name.toUpperCase()}`, ...optionOf(name).env ?? []];
}

/** The variable that sets an option, if one does. An empty one counts as unset. */
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

/** A sentence for each variable that looks like one of the server's, and sets nothing. */
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
 * A message about options, with the variables that set those it is about. It is about the options at its
 * beginning, and about each one whose name is no plain word.
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

/** The name that somebody meant who typed another, if there is one that is near enough. */
export function nearestName<Name extends string>(
  typed: string,
  names: readonly Name[],
): Name | undefined {
  const given = typed.toLowerCase().replaceAll("-", "_");
  if (given.length <= TYPO_MAX) return undefined;
  const nearest = names
    .map((name) => ({ name, distance: Number(levenshteinDistance(given, name)) }))
    .reduce((a, b) => b.distance < a.distance ? b : a);
  if (nearest.distance <= TYPO_MAX) return nearest.name;
  return names.find((name) => given.length >= PART_MIN && `_${name}_`.includes(`_${given}_`));
}

const PREFIX = "PEERSERVER_";

/** How many letters a name may be away from what was typed. */
const TYPO_MAX = 2;

/** How long a part of a name must be to stand for it. */
const PART_MIN = 4;

/**
 * Whether Kubernetes or Docker set it, as they do in every container beside a service or a container that is
 * called `peerserver`, or `peerserver-` and more.
 */
function isServiceLink(name: string, text: string): boolean {
  return LINK_NAME.test(name) ||
    (/^PEERSERVER_(?:.+_)?PORT$/.test(name) && /^(?:tcp|udp|sctp):\/\//.test(text));
}

const LINK_NAME =
  /^PEERSERVER_(?:.+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_.+)?|PORT_\d+_(?:TCP|UDP|SCTP)(?:_.+)?|NAME|ENV_.+)$/;
