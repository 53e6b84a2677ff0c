/**
 * The one table of options. Parsing, validation, `--help`, the README's table and the types come from it.
 *
 * An option has one name everywhere: the flag `--expire_timeout`, the variable `PEERSERVER_EXPIRE_TIMEOUT`,
 * and the property `expire_timeout` of {@linkcode Settings}. Nothing here reads a flag, a variable or a file.
 *
 * @module
 */
import { LIMITS } from "./limits.ts";
import type { BooleanOption, ChoiceOption, IntegerOption, ListOption, Option } from "./option.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

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
    doc: "Address to listen on; empty means all of them",
  },
  path: {
    type: "text",
    default: "/",
    // The drive letter is a shell's on Windows, which takes "/myapp" for a file.
    pattern: /^(?![a-z]:[/]|.*:\/\/)(?!.*(?:^|\/)(?:\.|%2e){1,2}(?:\/|$))[^\p{Cc}\p{Cs}?#\\]*$/iu,
    rule: 'a URL path such as "/myapp", without a host, "?", "#", "\\" or ".."',
    doc: "Prefix of every URL of the server",
  },
  key: {
    type: "text",
    default: "peerjs",
    pattern: /^(?!(?:\.|%2e){1,2}$)[^\p{Cc}\p{Cs}/?#&\\]+$/iu,
    rule: 'one or more characters other than "/", "?", "#", "&" and "\\"',
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
    pattern: /^/,
    rule: 'an origin such as "https://example.com"',
    unit: "origin",
    doc:
      "Origin whose pages may use the server, or https://*.example.com, repeatable; none means any",
  },
  proxied: {
    type: "boolean",
    default: false,
    doc: "Take the client's address from X-Forwarded-For, whoever sends it; only behind a proxy",
  },
  trusted_proxies: {
    type: "list",
    default: [],
    pattern: /^(?:unix|[0-9a-f.:]+(?:\/\d{1,3})?)$/i,
    rule: 'an address, a range such as "10.0.0.0/8", or "unix"',
    unit: "address",
    doc:
      "Proxy whose X-Forwarded-For counts, or unix, repeatable; the right-most other address is the client",
  },
  sslkey: { ...FILE, doc: "PEM file with the private key for TLS; needs sslcert too" },
  sslcert: { ...FILE, doc: "PEM file with the certificate chain for TLS; needs sslkey too" },
  listener: {
    type: "choice",
    default: "deno",
    choices: ["deno", "node"],
    doc: "What listens: the runtime's own server, faster, or node:http with ws, which bounds more",
  },
  auth: {
    type: "choice",
    default: "none",
    choices: ["none", "jwt"],
    doc: "Whether a client's token must be a JWT whose sub is its id, or whose peers name it",
  },
  auth_secret: {
    type: "text",
    default: "",
    pattern: /^(?:|\P{Cc}{32,})$/u,
    rule: "32 or more characters",
    doc: "Secret of HS256 tokens; better given as a variable, where no process list shows it",
    secret: true,
  },
  auth_jwks: {
    type: "text",
    default: "",
    pattern: /^\P{Cc}*$/u,
    rule: "the path of a file or an http(s) URL",
    doc: "JWKS with the public keys of RS, ES or EdDSA tokens",
  },
  auth_audience: {
    type: "text",
    default: "",
    pattern: /^\P{Cc}*$/u,
    rule: "the audience of the tokens",
    doc: "Claim aud that tokens must have: set it where the keys sign for other applications too",
  },
  auth_issuer: {
    type: "text",
    default: "",
    pattern: /^\P{Cc}*$/u,
    rule: "the issuer of the tokens",
    doc: "Claim iss that tokens must have",
  },
  auth_http: {
    type: "boolean",
    default: false,
    doc: "Ask for a JWT (Authorization: Bearer, or ?token=) on /id and /peers too; needs auth",
  },
  auth_expiry: {
    type: "choice",
    default: "keep",
    choices: ["keep", "close"],
    doc: "What becomes of a client whose JWT ends (exp): it stays, or is disconnected; needs auth",
  },
  ...LIMITS,
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
    synonyms: { warn: "warning", err: "error" },
    doc: "The least important log lines to print",
  },
  record: {
    ...FILE,
    doc: "File to record in all that happens, to be run again (deno task replay)",
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
