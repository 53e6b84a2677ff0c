/**
 * Makes {@linkcode Settings} from the values of a caller, and validates each against the table of options.
 *
 * @module
 */
import { readClusterUrl } from "./cluster_url.ts";
import { parseRange } from "../rules/address.ts";
import { describe } from "../wire/text.ts";
import type { ChoiceOption, Option } from "./option.ts";
import { readOrigin } from "../rules/origin.ts";
import { isRetiredName } from "./retired.ts";
import { isOptionName, OPTION_NAMES, type OptionName, optionOf, OPTIONS } from "./options.ts";
import type { PartialSettings, Settings } from "./settings.ts";
import { cutUrl, normalPath } from "../wire/url_text.ts";

/** A valid value in its normal form, or a problem: the end of a sentence that begins with the option's name. */
export type Parsed =
  | { readonly ok: true; readonly value: Settings[OptionName] }
  | { readonly ok: false; readonly problem: string };

/**
 * Returns settings with the given values and defaults for the rest. Retired options are ignored.
 *
 * @throws {RangeError} If an option does not exist, or its value is invalid or conflicts with another; the message
 * names both.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(settingsFrom({ path: "myapp", expire_timeout: 1_500 }).path, "/myapp/");
 * ```
 */
export function settingsFrom(given: PartialSettings = {}): Settings {
  const settings: Partial<Record<OptionName, Settings[OptionName]>> = {};
  for (const name of OPTION_NAMES) settings[name] = OPTIONS[name].default;
  for (const [name, value] of Object.entries(given)) {
    if (!isOptionName(name)) {
      if (isRetiredName(name)) continue;
      throw new RangeError(`There is no option ${describe(name)}.`);
    }
    if (value === undefined) continue;
    const parsed = checkValue(name, value);
    if (!parsed.ok) throw new RangeError(`Option ${name} ${parsed.problem}`);
    settings[name] = parsed.value;
  }
  const complete = withRoomToSend(settings as Settings, given);
  const problem = conflictIn(complete);
  if (problem !== null) throw new RangeError(problem);
  return complete;
}

/** Parses the text of a flag or a variable. */
export function parseText(name: OptionName, text: string): Parsed {
  const option = optionOf(name);
  switch (option.type) {
    case "integer": {
      const word = Object.entries(option.words ?? {}).find(([word]) => word === text.toLowerCase());
      if (word !== undefined) return { ok: true, value: word[1] };
      return /^-?\d+$/.test(text) ? checkValue(name, Number(text)) : badNumber(option, text);
    }
    case "boolean":
      return isSwitchWord(text) ? { ok: true, value: YES.test(text) } : bad(option, text);
    case "choice": {
      const choice = choiceOf(option, text);
      return choice === undefined ? bad(option, text) : checkValue(name, choice);
    }
    case "list":
      return checkValue(name, listOf(text));
    default:
      return checkValue(name, text);
  }
}

/** The items of a list. Empty items are dropped, unless the list has no others. */
function listOf(text: string): string[] {
  const items = text.split(",").map((part) => part.trim());
  return items.some((item) => item !== "") ? items.filter((item) => item !== "") : items;
}

/** Whether a text is a value of a switch: `true`, `yes`, `on`, `1`, `false`, `no`, `off` or `0`, in any case. */
export function isSwitchWord(text: string): boolean {
  return YES.test(text) || NO.test(text);
}

/**
 * Validates a value. In their normal form `path` has a slash at both ends and canonical escapes, `host` has no
 * brackets, and `cors` lists origins as browsers send them.
 */
export function checkValue(name: OptionName, value: unknown): Parsed {
  const option = optionOf(name);
  if (!isValid(option, value)) return bad(option, value);
  if (name === "cors") return checkOrigins(option, value as readonly string[]);
  if (name === "path") return { ok: true, value: normalPath(withSlashes(String(value))) };
  if (name === "host" || name === "admin_host") {
    return { ok: true, value: String(value).replace(/^\[(.*)\]$/, "$1") };
  }
  return { ok: true, value: value as Settings[OptionName] };
}

/** The valid values of an option, in words. */
export function expected(option: Option): string {
  switch (option.type) {
    case "integer":
      return `a whole number ${
        option.unit === "ms" ? "of milliseconds (ms) " : ""
      }from ${option.min} to ${option.max}${
        option.words === undefined ? "" : `, or ${Object.keys(option.words).join(", ")}`
      }`;
    case "boolean":
      return "true or false";
    case "choice":
      return `one of ${option.choices.join(", ")}`;
    default:
      return option.rule;
  }
}

function conflictIn(settings: Settings): string | null {
  const { max_message_bytes, max_unsent_bytes } = settings;
  if (max_unsent_bytes < MESSAGES_UNSENT_MIN * max_message_bytes) {
    return `Option max_unsent_bytes must be at least ${MESSAGES_UNSENT_MIN} times max_message_bytes, ` +
      `${MESSAGES_UNSENT_MIN * max_message_bytes}, so that no message alone cuts off a reader: ` +
      `got ${max_unsent_bytes}.`;
  }
  const { cluster, sslkey, sslcert, trusted_proxies } = settings;
  const {
    auth,
    auth_secret,
    auth_jwks,
    turn_urls,
    turn_secret,
    admin_port,
    admin_host,
    admin_token,
    port,
  } = settings;
  const wrongRange = trusted_proxies.find((range) => parseRange(range) === null);
  if (wrongRange !== undefined) {
    return `Option trusted_proxies must be an address, a range or "unix": got ${
      describe(wrongRange)
    }.`;
  }
  if (auth === "jwt" && (auth_secret === "") === (auth_jwks === "")) {
    return "Option auth jwt needs one of auth_secret and auth_jwks: what its tokens are checked with.";
  }
  const address = cluster === "" ? null : readClusterUrl(cluster);
  // Its value is not quoted: it may hold a password.
  if (typeof address === "string") return `Option cluster is no usable URL: ${address}.`;
  const useless = JWT_OPTIONS.filter((name) => settings[name] !== OPTIONS[name].default);
  if (auth === "none" && useless.length > 0) {
    const [label, verb] = useless.length === 1 ? ["Option", "needs"] : ["Options", "need"];
    return `${label} ${useless.join(" and ")} ${verb} auth jwt.`;
  }
  const needsSecret = turn_urls.some((url) => /^turns?:/i.test(url));
  if (needsSecret && turn_secret === "") {
    return "Option turn_urls needs turn_secret: the secret that the TURN server makes its credentials with.";
  }
  if (!needsSecret && turn_secret !== "") {
    return "Option turn_secret needs a turn: or turns: URL in turn_urls.";
  }
  if (admin_port !== 0 && admin_token === "" && !isLoopback(admin_host)) {
    return `Option admin_host ${
      describe(admin_host)
    } needs admin_token: others can reach that address.`;
  }
  if (admin_port !== 0 && admin_port === port) {
    return `Options admin_port and port must differ: got ${port} for both.`;
  }
  if (sslkey === "" && sslcert !== "") {
    return "Option sslcert needs sslkey too: TLS takes a certificate and its private key.";
  }
  if (sslkey !== "" && sslcert === "") {
    return "Option sslkey needs sslcert too: TLS takes a private key and its certificate.";
  }
  return null;
}

/** The options that only auth jwt reads. */
const JWT_OPTIONS = [
  "auth_secret",
  "auth_jwks",
  "auth_audience",
  "auth_issuer",
  "auth_http",
  "auth_expiry",
] as const;

/** Raises `max_unsent_bytes` to what a large `max_message_bytes` needs, unless the caller set it. */
function withRoomToSend(settings: Settings, { max_unsent_bytes }: PartialSettings): Settings {
  const least = MESSAGES_UNSENT_MIN * settings.max_message_bytes;
  if (max_unsent_bytes !== undefined || settings.max_unsent_bytes >= least) return settings;
  return { ...settings, max_unsent_bytes: least };
}

/** Whether only this machine reaches a host. */
export function isLoopback(host: string): boolean {
  return /^(?:localhost|127(?:\.\d{1,3}){3}|::1)$/i.test(host);
}

/** A mailbox has half of `max_unsent_bytes`; the largest message must fit in it, with its `src` (SET-13). */
const MESSAGES_UNSENT_MIN = 4;

function isValid(option: Option, value: unknown): boolean {
  switch (option.type) {
    case "integer":
      return Number.isInteger(value) && Number(value) >= option.min && Number(value) <= option.max;
    case "boolean":
      return typeof value === "boolean";
    case "choice":
      return typeof value === "string" && option.choices.includes(value);
    case "text":
      return typeof value === "string" && option.pattern.test(value);
    case "list":
      return Array.isArray(value) &&
        value.every((item) => typeof item === "string" && option.pattern.test(item));
  }
}

const YES = /^(?:true|yes|on|1)$/i;
const NO = /^(?:false|no|off|0)$/i;

/** The choice that a word names, as itself or as a synonym, in any case. */
function choiceOf({ choices, synonyms }: ChoiceOption, text: string): string | undefined {
  const word = text.toLowerCase();
  return [...choices, ...Object.keys(synonyms ?? {})].includes(word)
    ? synonyms?.[word] ?? word
    : undefined;
}

function checkOrigins(option: Option, items: readonly string[]): Parsed {
  const origins = new Set<string>();
  for (const item of items) {
    const found = readOrigin(item);
    if (!found.ok) {
      const got = /[?#@]/.test(item) ? shown(item) : describe(item);
      const problem = `must be ${expected(option)}: got ${got}, which ${found.why}.`;
      return { ok: false, problem };
    }
    for (const origin of found.origins) origins.add(origin);
  }
  return { ok: true, value: [...origins] };
}

/** A text that is no whole number: a duration, where milliseconds are meant, is told as a number of them. */
function badNumber(option: Option, text: string): Parsed {
  const found = UNITS_MS.find(([unit]) => text === `${parseInt(text)}${unit}`);
  if (option.unit !== "ms" || found === undefined) return bad(option, text);
  const ms = parseInt(text) * found[1];
  return { ok: false, problem: `must be ${expected(option)}: got ${shown(text)}, which is ${ms}.` };
}

const UNITS_MS = [["ms", 1], ["s", 1_000], ["m", 60_000], ["h", 3_600_000], [
  "d",
  86_400_000,
]] as const;

function bad(option: Option, value: unknown): Parsed {
  const wanted = expected(option);
  if (option.secret === true) return { ok: false, problem: `must be ${wanted}.` };
  const got = Array.isArray(value) ? value.map(shown).join(", ") : shown(value);
  return { ok: false, problem: `must be ${wanted}: got ${got}.` };
}

/** A value for an error message. Of a URL only the origin is shown, because the rest can hold a secret. */
function shown(value: unknown): string {
  return describe(typeof value === "string" ? cutUrl(value) : value);
}

function withSlashes(path: string): string {
  const inner = path.split("/").filter((part) => part !== "").join("/");
  return inner === "" ? "/" : `/${inner}/`;
}
