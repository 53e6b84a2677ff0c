/**
 * The texts of `--help` and `--version`, made from the table of options.
 *
 * @module
 */
import config from "../../deno.json" with { type: "json" };
import {
  expected,
  isOptionName,
  OPTION_GROUPS,
  OPTION_NAMES,
  type OptionName,
  optionOf,
} from "../../core/mod.ts";
import { variablesOf } from "./environment.ts";

/** The options in the help: those that most people set, all, or one. */
export type HelpScope = GroupScope | OptionName;

type GroupScope = "everyday" | "all";

export const VERSION: string = config.version;

export const VERSION_TEXT = `signalbox ${VERSION}`;

export function helpText(scope: HelpScope): string {
  if (isOptionName(scope)) {
    const variables = wrap(`Variable: ${variablesOf(scope).join(" or ")}.`);
    return `${optionText(scope, "all")}\n${variables}\n`;
  }
  const groups = optionGroups(scope).map(({ group, names }) =>
    `${group}\n${names.map((name) => optionText(name, scope)).join("\n")}`
  );
  return `signalbox, a signaling server for PeerJS clients

Usage: signalbox [options]        Start the server.
       signalbox check [options]  Print what these options do.
       signalbox doctor URL       Say why pages do not connect to a server.
       signalbox health [options] Say whether the server on this machine runs.
       signalbox token --sub ID   Make a token for auth_secret.
Each of these has a --help of its own.

${groups.join("\n\n")}

Other
  -h, --help
          Print the everyday options; --help all prints all ${OPTION_NAMES.length},
          --help NAME prints one.
  -v, --version
          Print the name and the version.

Dashes and underscores are equal. --no-NAME turns a switch off. A variable sets
each option too: PEERSERVER_ and the name in capitals, such as
PEERSERVER_EXPIRE_TIMEOUT; PORT sets the port. A flag overrides a variable.
`;
}

/** The groups with their options of this scope, in order. Leaves out groups without any. */
export function optionGroups(
  scope: GroupScope,
): readonly { readonly group: string; readonly names: readonly OptionName[] }[] {
  const shown = OPTION_NAMES.filter((name) => scope === "all" || optionOf(name).everyday === true);
  return OPTION_GROUPS
    .map((group) => ({ group, names: shown.filter((name) => optionOf(name).group === group) }))
    .filter(({ names }) => names.length > 0);
}

/** The default of an option with its unit, for people. */
export function defaultWithUnit(name: OptionName): string {
  const option = optionOf(name);
  const unit = option.type === "integer" && option.unit !== "TCP port" ? ` ${option.unit}` : "";
  return `${defaultText(name)}${unit}`;
}

/** The default of an option, for people. */
export function defaultText(name: OptionName): string {
  const value = optionOf(name).default;
  if (name === "host") return "all addresses";
  if (name === "cors") return "any origin";
  if (value === "" || (Array.isArray(value) && value.length === 0)) return "none";
  return String(value);
}

function optionText(name: OptionName, scope: GroupScope): string {
  const option = optionOf(name);
  const letter = option.alias === undefined ? "    " : `-${option.alias}, `;
  const initial = defaultWithUnit(name);
  const head = `  ${letter}--${name}`;
  return scope === "everyday"
    ? `${head}\n${wrap(`${option.doc}. Default: ${initial}.`)}`
    : `${head}\n${wrap(`${option.doc}.`)}\n${
      wrap(`Takes ${expected(option)}; default: ${initial}.`)
    }`;
}

/** Wraps a text into indented lines for 80 columns. */
function wrap(text: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && line.length + word.length > 68) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => `          ${line}`).join("\n");
}
