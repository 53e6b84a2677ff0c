/**
 * What a row of the table of options can be.
 *
 * @module
 */

/** Groups of options, in the order in which `--help` and the documents show them. */
export const OPTION_GROUPS = [
  "Address",
  "Proxies",
  "TLS",
  "Access",
  "Clients",
  "Messages",
  "Waiting messages",
  "Slow clients",
  "Log",
  "Recording",
] as const;

/** What every option has. `doc` says what it means and, for a bound, why it is there. */
interface Common {
  readonly group: typeof OPTION_GROUPS[number];
  /** Most people set it or look for it: `--help` shows it without being asked for all. */
  readonly everyday?: true;
  /** Never printed, not even where it is wrong. */
  readonly secret?: boolean;
  readonly alias?: string;
  /** Variables that count too, after `PEERSERVER_<NAME>`. */
  readonly env?: readonly string[];
  readonly unit?: string;
  readonly doc: string;
}

/** A whole number from `min` to `max`. */
export interface IntegerOption extends Common {
  readonly type: "integer";
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

/** A string that matches `pattern`; `rule` says in words what that asks for. */
export interface TextOption extends Common {
  readonly type: "text";
  readonly default: string;
  readonly pattern: RegExp;
  readonly rule: string;
}

/** Yes or no. */
export interface BooleanOption extends Common {
  readonly type: "boolean";
  readonly default: boolean;
}

/** Any number of strings, each of which matches `pattern`. */
export interface ListOption extends Common {
  readonly type: "list";
  readonly default: readonly string[];
  readonly pattern: RegExp;
  readonly rule: string;
}

/** One of a few words. */
export interface ChoiceOption extends Common {
  readonly type: "choice";
  readonly default: string;
  readonly choices: readonly string[];
  /** Other words for a choice, in the text of a flag or a variable. */
  readonly synonyms?: Readonly<Record<string, string>>;
}

/** One row of the table. */
export type Option = IntegerOption | TextOption | BooleanOption | ListOption | ChoiceOption;
