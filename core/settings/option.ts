/**
 * The types of a row in the table of options.
 *
 * @module
 */

/** The groups of options, in the order of `--help` and of the documents. */
export const OPTION_GROUPS = [
  "Address",
  "Proxies",
  "TLS",
  "Access",
  "TURN",
  "Clients",
  "Cluster",
  "Messages",
  "Waiting messages",
  "Slow clients",
  "Log",
  "Admin",
  "Recording",
] as const;

/** The fields of every option. `doc` says what the option means and, for a bound, why it exists. */
interface Common {
  readonly group: typeof OPTION_GROUPS[number];
  /** Whether `--help` shows it without `all`, because most people set it or look for it. */
  readonly everyday?: true;
  /** Whether its value is never printed, not even in the error for an invalid one. */
  readonly secret?: boolean;
  readonly alias?: string;
  /** More variables for it; `PEERSERVER_<NAME>` comes first. */
  readonly env?: readonly string[];
  readonly unit?: string;
  readonly doc: string;
}

/** A whole number from `min` to `max`, both included. */
export interface IntegerOption extends Common {
  readonly type: "integer";
  readonly default: number;
  readonly min: number;
  readonly max: number;
  /** Words for a value, accepted in a flag or a variable only. */
  readonly words?: Readonly<Record<string, number>>;
}

/** A string that matches `pattern`; `rule` says the same in words. */
export interface TextOption extends Common {
  readonly type: "text";
  readonly default: string;
  readonly pattern: RegExp;
  readonly rule: string;
}

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
  /** Other words for a choice, accepted in a flag or a variable only. */
  readonly synonyms?: Readonly<Record<string, string>>;
}

export type Option = IntegerOption | TextOption | BooleanOption | ListOption | ChoiceOption;
