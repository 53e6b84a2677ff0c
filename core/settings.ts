/**
 * The one table of options. Parsing, validation, `--help`, the README's table and the types come from it.
 *
 * An option has one name everywhere: the flag `--expire_timeout`, the variable `PEERSERVER_EXPIRE_TIMEOUT`,
 * and the property `expire_timeout` of {@linkcode Settings}. Nothing here reads a flag, a variable or a file.
 *
 * @module
 */
/** What every option has. `doc` says what it means and, for a bound, why it is there. */
interface Common {
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
}

/** One row of the table. */
export type Option = IntegerOption | TextOption | BooleanOption | ListOption | ChoiceOption;

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;
const MIB = 1_048_576;

const FILE = {
  type: "text",
  default: "",
  pattern: /^\P{Cc}*$/u,
  rule: "the path of a file",
} as const;

/** Every option there is. */
export const OPTIONS = {
  port: {
    type: "integer",
    default: 9000,
    min: 0,
    max: 65_535,
    alias: "p",
    env: ["PORT"],
    unit: "TCP port",
    doc: "Port to listen on; 0 takes any free one",
  },
  host: {
    type: "text",
    default: "",
    pattern: /^[^\s\p{Cc}/]*$/u,
    rule: "a host name or an address",
    alias: "H",
    env: ["HOST"],
    doc: "Address to listen on; empty means all of them",
  },
  path: {
    type: "text",
    default: "/",
    pattern: /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[A-Za-z0-9._~!$&'()*+,;=:@/-]*$/,
    rule: 'a URL path of letters, digits and -._~ such as "/myapp"',
    doc: "Prefix of every URL of the server",
  },
  key: {
    type: "text",
    default: "peerjs",
    pattern: /^(?!\.{1,2}$)[^\s\p{Cc}/?#&%+\\]+$/u,
    rule: "one or more characters that need no escape in a URL",
    alias: "k",
    doc: "Key that clients must give",
  },
  expire_timeout: {
    type: "integer",
    default: 5_000,
    min: 1,
    max: DAY,
    alias: "t",
    unit: "ms",
    doc: "How long a message waits for a peer that is not connected",
  },
  alive_timeout: {
    type: "integer",
    default: 90_000,
    min: 1,
    max: DAY,
    unit: "ms",
    doc: "How long a client may be silent; browsers slow hidden tabs to one heartbeat a minute",
  },
  concurrent_limit: {
    type: "integer",
    default: 5_000,
    min: 0,
    max: 10_000_000,
    alias: "c",
    unit: "clients",
    doc: "How many clients may be connected at once",
  },
  allow_discovery: {
    type: "boolean",
    default: false,
    doc: "Let clients list the ids of all connected peers",
  },
  cors: {
    type: "list",
    default: [],
    pattern: /^(?:\*|[a-z][a-z0-9+.-]*:\/\/[^\s\p{Cc}/,]+)$/iu,
    rule: 'an origin such as "https://example.com"',
    unit: "origin",
    doc: "Origin whose pages may use the HTTP interface, repeatable; none means any",
  },
  proxied: {
    type: "boolean",
    default: false,
    doc: "Take the client's address from X-Forwarded-For; only behind a reverse proxy",
  },
  sslkey: { ...FILE, doc: "PEM file with the private key for TLS; needs sslcert too" },
  sslcert: { ...FILE, doc: "PEM file with the certificate chain for TLS; needs sslkey too" },
  max_message_bytes: {
    type: "integer",
    default: 65_536,
    min: 1,
    max: 64 * MIB,
    unit: "bytes",
    doc: "Largest message of a client; a session description takes 2,000 to 8,000",
  },
  max_id_length: {
    type: "integer",
    default: 256,
    min: 1,
    max: 4_096,
    unit: "characters",
    doc: "Longest id a client may claim; ids are kept and logged",
  },
  max_token_length: {
    type: "integer",
    default: 1_024,
    min: 1,
    max: 65_536,
    unit: "characters",
    doc: "Longest token a client may give; tokens are kept while it is connected",
  },
  queue_limit: {
    type: "integer",
    default: 256,
    min: 0,
    max: 10_000,
    unit: "messages",
    doc: "How many messages may wait for one absent peer",
  },
  source_queue_limit: {
    type: "integer",
    default: 256,
    min: 0,
    max: 1_000_000,
    unit: "messages",
    doc: "How many messages of one peer may wait, so that no client fills the store alone",
  },
  max_queue_bytes: {
    type: "integer",
    default: 64 * MIB,
    min: 0,
    max: 65_536 * MIB,
    unit: "bytes",
    doc: "How much all waiting messages may take together; bounds the memory of the process",
  },
  max_bad_frames: {
    type: "integer",
    default: 16,
    min: 1,
    max: 1_000_000,
    unit: "frames",
    doc: "How many frames in a row may be bad before the client is disconnected",
  },
  max_unsent_bytes: {
    type: "integer",
    default: MIB,
    min: 1_024,
    max: 1_024 * MIB,
    unit: "bytes",
    doc: "How much may wait to be sent to one client; one that stopped reading is cut off",
  },
  log_format: {
    type: "choice",
    default: "auto",
    choices: ["auto", "text", "json"],
    doc: "Log as text or as JSON lines; auto means text on a terminal",
  },
  log_level: {
    type: "choice",
    default: "info",
    choices: ["debug", "info", "warning", "error"],
    doc: "The least important log lines to print",
  },
} as const satisfies Record<string, Option>;

/** The name of an option. */
export type OptionName = keyof typeof OPTIONS;

type ValueOf<O extends Option> = O extends IntegerOption ? number
  : O extends BooleanOption ? boolean
  : O extends ListOption ? readonly string[]
  : O extends ChoiceOption ? O["choices"][number]
  : string;

/** A value for every option, each one valid, `path` with a slash at both ends. */
export type Settings = { readonly [Name in OptionName]: ValueOf<typeof OPTIONS[Name]> };

/** Options as somebody gives them: some or none, not yet checked. */
export type PartialSettings = { readonly [Name in OptionName]?: Settings[Name] | undefined };

/** All options in the order of the table. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTIONS).filter(isOptionName);

/** Whether an option of that name exists. */
export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

/** The row of an option. */
export function optionOf(name: OptionName): Option {
  return OPTIONS[name];
}
