/**
 * The table of options. Parsing, validation, `--help`, the tables in the documents and {@linkcode Settings} come from
 * it.
 *
 * An option has one name everywhere: the flag `--expire_timeout`, the variable `PEERSERVER_EXPIRE_TIMEOUT`,
 * and the property `expire_timeout` of {@linkcode Settings}. This module reads no flag, variable or file.
 *
 * @module
 */
import { LIMITS } from "./limits.ts";
import type {
  BooleanOption,
  ChoiceOption,
  IntegerOption,
  ListOption,
  Option,
  TextOption,
} from "./option.ts";
import type { Settings } from "./settings.ts";

const MINUTE = 60_000;
const DAY = 1_440 * MINUTE;

const FILE = {
  type: "text",
  default: "",
  pattern: /^\P{Cc}*$/u,
  rule: "the path of a file",
} as const;

/** A host and a port from 1 to 65535. Of another port a browser says only when it makes a connection. */
const TURN_HOST = "(?:\\[[0-9a-f:.]+\\]|[^\\s\\p{Cc},?#@/:[\\]]+)" +
  "(?::(?:[1-9]\\d{0,3}|[1-5]\\d{4}|6[0-4]\\d{3}|65[0-4]\\d{2}|655[0-2]\\d|6553[0-5]))?";

export const OPTIONS = {
  port: {
    type: "integer",
    default: 9000,
    min: 0,
    max: 65_535,
    alias: "p",
    env: ["PORT"],
    unit: "TCP port",
    group: "Address",
    everyday: true,
    doc: "Port to listen on; 0 picks a free port",
  },
  host: {
    type: "text",
    default: "",
    pattern: /^[^\s\p{Cc}/]*$/u,
    rule: "a host name or an address",
    alias: "H",
    group: "Address",
    everyday: true,
    doc: "Address to listen on; empty means all addresses",
  },
  path: {
    type: "text",
    default: "/",
    // Git Bash on Windows turns "/myapp" into a path with a drive letter, so that is an error.
    pattern: /^(?![a-z]:[/]|.*:\/\/)(?!.*(?:^|\/)(?:\.|%2e){1,2}(?:\/|$))[^\p{Cc}\p{Cs}?#\\]*$/iu,
    rule: 'a URL path such as "/myapp", without a host, "?", "#", "\\" or ".."',
    group: "Address",
    everyday: true,
    doc: "Path that every URL of the server begins with",
  },
  key: {
    type: "text",
    default: "peerjs",
    pattern: /^(?!(?:\.|%2e){1,2}$)[^\p{Cc}\p{Cs}/?#&\\]+$/iu,
    rule: 'one or more characters other than "/", "?", "#", "&" and "\\"',
    alias: "k",
    group: "Access",
    doc: "Key that every client must send; it is not a secret",
  },
  expire_timeout: {
    type: "integer",
    default: 5_000,
    min: 1,
    max: DAY,
    alias: "t",
    unit: "ms",
    group: "Waiting messages",
    doc: "How long a message waits for a peer that is not connected",
  },
  alive_timeout: {
    type: "integer",
    default: 90_000,
    min: 1,
    max: DAY,
    unit: "ms",
    group: "Clients",
    doc:
      "Disconnect a client that is silent for this long; browsers slow hidden tabs to one heartbeat a minute",
  },
  concurrent_limit: {
    type: "integer",
    default: 5_000,
    min: 0,
    max: 10_000_000,
    alias: "c",
    unit: "clients",
    group: "Clients",
    everyday: true,
    doc: "Maximum number of connected clients",
  },
  allow_discovery: {
    type: "boolean",
    default: false,
    group: "Access",
    doc: "Let clients list the ids of all connected peers",
  },
  cors: {
    type: "list",
    default: [],
    pattern: /^/,
    rule: 'an origin such as "https://example.com"',
    unit: "origin",
    group: "Access",
    everyday: true,
    doc:
      "Origin whose pages may use the server, such as https://*.example.com; repeatable; empty allows any",
  },
  proxied: {
    type: "boolean",
    default: false,
    group: "Proxies",
    doc: "Trust the X-Forwarded-For header of any sender; use trusted_proxies instead",
  },
  trusted_proxies: {
    type: "list",
    default: [],
    pattern: /^(?:unix|[0-9a-f.:]+(?:\/\d{1,3})?)$/i,
    rule: 'an address, a range such as "10.0.0.0/8", or "unix"',
    unit: "address",
    group: "Proxies",
    everyday: true,
    doc:
      "Trusted proxy (address, range or unix); repeatable; the client is the last other address in X-Forwarded-For",
  },
  sslkey: {
    ...FILE,
    group: "TLS",
    everyday: true,
    doc: "PEM file with the private key for TLS; needs sslcert",
  },
  sslcert: {
    ...FILE,
    group: "TLS",
    everyday: true,
    doc: "PEM file with the certificate chain for TLS; needs sslkey",
  },
  listener: {
    type: "choice",
    default: "deno",
    choices: ["deno", "node"],
    group: "Address",
    doc: "Listener: deno (Deno.serve) is faster, node (node:http with ws) enforces more limits",
  },
  workers: {
    type: "integer",
    default: 1,
    min: 0,
    max: 64,
    words: { auto: 0 },
    unit: "threads",
    group: "Address",
    everyday: true,
    doc:
      "Threads that share the port, each with clients of its own; auto (0) makes one for each core",
  },
  auth: {
    type: "choice",
    default: "none",
    choices: ["none", "jwt"],
    group: "Access",
    everyday: true,
    doc:
      "With jwt, a client needs a JWT that has its id in sub or peers; needs auth_secret or auth_jwks",
  },
  auth_secret: {
    type: "text",
    default: "",
    pattern: /^(?:|\P{Cc}{32,})$/u,
    rule: "32 or more characters",
    group: "Access",
    doc: "Secret that signs HS256 tokens; set its variable, because a process list shows flags",
    secret: true,
  },
  auth_jwks: {
    type: "text",
    default: "",
    pattern: /^\P{Cc}*$/u,
    rule: "the path of a file or an http(s) URL",
    group: "Access",
    doc: "File or URL of a JWKS with the public keys for RS, PS, ES or EdDSA tokens",
  },
  auth_audience: {
    type: "text",
    default: "",
    pattern: /^\P{Cc}*$/u,
    rule: "the audience of the tokens",
    group: "Access",
    doc: "Required aud claim; set it if the same keys sign tokens for other applications",
  },
  auth_issuer: {
    type: "text",
    default: "",
    pattern: /^\P{Cc}*$/u,
    rule: "the issuer of the tokens",
    group: "Access",
    doc: "Required iss claim",
  },
  auth_http: {
    type: "boolean",
    default: false,
    group: "Access",
    doc: "Require a JWT on /id and /peers too (Authorization: Bearer, or ?token=); needs auth",
  },
  auth_expiry: {
    type: "choice",
    default: "keep",
    choices: ["keep", "close"],
    group: "Access",
    doc: "Keep or close the connection of a client when its JWT expires (exp); needs auth",
  },
  turn_urls: {
    type: "list",
    default: [],
    pattern: new RegExp(
      `^(?:stuns?:${TURN_HOST}|turns?:${TURN_HOST}(?:\\?transport=(?:udp|tcp))?)$`,
      "iu",
    ),
    rule: 'a URL such as "turn:turn.example.com:3478?transport=udp", or one with turns, stun or ' +
      "stuns, whose port is from 1 to 65535",
    unit: "URL",
    group: "TURN",
    doc: "TURN or STUN server that <path><key>/ice lists; repeatable; empty switches /ice off",
  },
  turn_secret: {
    type: "text",
    default: "",
    pattern: /^(?:|\P{Cc}{16,})$/u,
    rule: "16 or more characters",
    group: "TURN",
    doc: "Secret shared with the TURN server (static-auth-secret of coturn); set it as a variable",
    secret: true,
  },
  // Long enough for a day at work: coturn refuses to refresh an allocation whose credentials have ended.
  turn_lifetime: {
    type: "integer",
    default: 12 * 60 * MINUTE,
    min: 1_000,
    max: 30 * DAY,
    unit: "ms",
    group: "TURN",
    doc: "How long TURN credentials are valid; an allocation ends with them",
  },
  cluster: {
    type: "text",
    default: "",
    pattern: /^(?:|(?:rediss?|redis\+sentinel):\/\/[^\s\p{Cc}]+)$/u,
    rule: 'a URL such as "redis://host:6379", with rediss: for TLS, or redis+sentinel:',
    group: "Cluster",
    doc: "Redis that makes several processes one server; see adapters/cluster",
    secret: true,
  },
  cluster_namespace: {
    type: "text",
    default: "signalbox",
    pattern: /^[\w.-]{1,64}$/,
    rule: 'up to 64 letters, digits, "_", "." and "-"',
    group: "Cluster",
    doc: "Name of the cluster; clusters of different names may share a Redis",
  },
  cluster_secret: {
    type: "text",
    default: "",
    pattern: /^(?:|\P{Cc}{16,})$/u,
    rule: "16 or more characters",
    group: "Cluster",
    doc: "Key of the digests of tokens in Redis, the same on every node; set it as a variable",
    secret: true,
  },
  cluster_lease: {
    type: "integer",
    default: 15_000,
    min: 1_000,
    max: MINUTE * 10,
    unit: "ms",
    group: "Cluster",
    doc: "Count a node as dead after so long without a beat; it beats five times as often",
  },
  cluster_limit: {
    type: "integer",
    default: 0,
    min: 0,
    max: 100_000_000,
    unit: "clients",
    group: "Cluster",
    doc: "Clients of all nodes together; 0 sets no limit",
  },
  ...LIMITS,
  log_format: {
    type: "choice",
    default: "auto",
    choices: ["auto", "text", "json"],
    group: "Log",
    doc: "Log format: text or JSON lines; auto prints text on a terminal, JSON lines elsewhere",
  },
  log_level: {
    type: "choice",
    default: "info",
    choices: ["debug", "info", "warning", "error"],
    synonyms: { warn: "warning", err: "error" },
    group: "Log",
    everyday: true,
    doc: "Lowest level that the log prints",
  },
  admin_port: {
    type: "integer",
    default: 0,
    min: 0,
    max: 65_535,
    unit: "TCP port",
    group: "Admin",
    everyday: true,
    doc: "Port of the admin page, /metrics and /api; 0 switches it off",
  },
  admin_host: {
    type: "text",
    default: "127.0.0.1",
    pattern: /^[^\s\p{Cc}/]+$/u,
    rule: "a host name or an address",
    group: "Admin",
    doc: "Address of the admin port; one that others can reach needs admin_token",
  },
  admin_token: {
    type: "text",
    default: "",
    pattern: /^(?:|[\x21-\x7e]{16,})$/,
    rule: "16 or more ASCII characters without spaces",
    group: "Admin",
    doc: "Token that the admin port asks for (Authorization: Bearer); set it as a variable",
    secret: true,
  },
  record: {
    ...FILE,
    group: "Recording",
    doc: "File to record every event to, for worker n FILE-n; deno task replay runs it again",
  },
} as const satisfies { readonly [Name in OptionName]: OptionOf<Settings[Name]> };

export type OptionName = keyof Settings;

/** The row that describes a value of this type. */
type OptionOf<Value> = [Value] extends [number] ? IntegerOption
  : [Value] extends [boolean] ? BooleanOption
  : [Value] extends [readonly string[]] ? ListOption
  : string extends Value ? TextOption
  : ChoiceOption & { readonly choices: readonly Value[] };

/** The names of all options, in the order of the table. */
export const OPTION_NAMES: readonly OptionName[] = Object.keys(OPTIONS).filter(isOptionName);

export function isOptionName(name: string): name is OptionName {
  return Object.hasOwn(OPTIONS, name);
}

export function optionOf(name: OptionName): Option {
  return OPTIONS[name];
}
