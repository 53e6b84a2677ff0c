/**
 * Breaks of the settings: what is valid, and what wins.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

const SETTINGS = breaksOf("core/settings/parse.ts", [
  {
    name: "an option that does not exist is ignored",
    rules: ["SET-2"],
    find: "throw new RangeError(`There is no option ${describe(name)}.`)",
    put: "continue",
  },
  {
    name: "a value that is not valid is ignored",
    rules: ["SET-2"],
    find: "throw new RangeError(`Option ${name} ${parsed.problem}`)",
    put: "continue",
  },
  {
    name: "defaults win",
    rules: ["SET-1"],
    find: "settings[name] = parsed.value;",
    put: "settings[name] ??= parsed.value;",
  },
  {
    name: "numbers have no lower bound",
    rules: ["SET-2"],
    find: "Number(value) >= option.min && ",
    put: "",
  },
  {
    name: "numbers have no upper bound",
    rules: ["SET-2"],
    find: " && Number(value) <= option.max",
    put: "",
  },
  {
    name: "a number may not be the least that is allowed",
    rules: ["SET-2"],
    find: "Number(value) >= option.min",
    put: "Number(value) > option.min",
  },
  {
    name: "a number may not be the greatest that is allowed",
    rules: ["SET-2"],
    find: "Number(value) <= option.max",
    put: "Number(value) < option.max",
  },
  {
    name: "a number may have a fraction",
    rules: ["SET-2"],
    find: "Number.isInteger(value)",
    put: 'typeof value === "number"',
  },
  {
    name: "the text of a number may go on after its digits",
    rules: ["SET-2"],
    find: "/^-?\\d+$/.test(text) ? checkValue(name, Number(text))",
    put: "/^-?\\d+/.test(text) ? checkValue(name, parseInt(text, 10))",
  },
  {
    name: "the text false means yes",
    rules: ["SET-4"],
    find: "value: YES.test(text) }",
    put: "value: true }",
  },
  {
    name: "a switch takes true only for yes",
    rules: ["SET-4"],
    find: "^(?:true|yes|on|1)$/i",
    put: "^(?:true)$/i",
  },
  {
    name: "the word no is none of a switch",
    rules: ["SET-4"],
    find: "^(?:false|no|off|0)$/i",
    put: "^(?:false|off|0)$/i",
  },
  {
    name: "a choice is taken in lower case only",
    rules: ["SET-4"],
    find: "const word = text.toLowerCase();",
    put: "const word = text;",
  },
  {
    name: "warn is no level",
    rules: ["SET-4"],
    find: ", ...Object.keys(synonyms ?? {})]",
    put: "]",
  },
  {
    name: "a retired option is a mistake",
    rules: ["SET-5"],
    find: "if (isRetiredName(name)) continue;",
    put: "",
  },
  {
    name: "one good origin makes a list good",
    rules: ["SET-7"],
    find: "if (!found.ok) {",
    put: "if (!found.ok && items.length === 1) {",
  },
  {
    name: "a path keeps the escapes it came with",
    rules: ["SET-8"],
    find: "normalPath(withSlashes(String(value)))",
    put: "withSlashes(String(value))",
  },
  {
    name: "spaces around the items of a list belong to them",
    rules: ["SET-1"],
    find: ".map((part) => part.trim())",
    put: "",
  },
  {
    name: "one good item makes a list good",
    rules: ["SET-2"],
    find: "value.every((item)",
    put: "value.some((item)",
  },
  {
    name: "a choice may be any word",
    rules: ["SET-2"],
    find: " && option.choices.includes(value)",
    put: "",
  },
  {
    name: "a text may be any text",
    rules: ["SET-2"],
    find: '"string" && option.pattern.test(value)',
    put: '"string"',
  },
  {
    name: "a path keeps the slashes it came with",
    rules: ["SET-1"],
    find: "withSlashes(String(value))",
    put: "String(value)",
  },
  {
    name: "a host keeps its brackets",
    rules: ["SET-1"],
    find: '.replace(/^\\[(.*)\\]$/, "$1")',
    put: "",
  },
  {
    name: "a secret that is wrong is shown",
    rules: ["FAULT-26"],
    find: "if (option.secret === true) return",
    put: "if (option.secret === false) return",
  },
  {
    name: "max_unsent_bytes may be a byte too small for its messages",
    rules: ["SET-2"],
    find: "max_unsent_bytes < MESSAGES_UNSENT_MIN * max_message_bytes)",
    put: "max_unsent_bytes + 1 < MESSAGES_UNSENT_MIN * max_message_bytes)",
  },
  {
    name: "max_unsent_bytes may not be the least that is enough",
    rules: ["SET-2"],
    find: "max_unsent_bytes < MESSAGES_UNSENT_MIN * max_message_bytes)",
    put: "max_unsent_bytes <= MESSAGES_UNSENT_MIN * max_message_bytes)",
  },
  {
    name: "trusted_proxies may be no range",
    rules: ["SET-2"],
    find: "parseRange(range) === null",
    put: 'range === ""',
  },
  {
    name: "auth needs no key",
    rules: ["SET-2", "AUTH-1"],
    find: 'if (auth === "jwt" && (auth_secret',
    put: "if (false && (auth_secret",
  },
  {
    name: "what auth asks for is ignored without auth",
    rules: ["SET-2"],
    find: "asked || auth_http ||",
    put: "auth_http ||",
  },
  {
    name: "auth_http without auth is ignored",
    rules: ["SET-2"],
    find: "asked || auth_http ||",
    put: "asked ||",
  },
  {
    name: "auth_expiry without auth is ignored",
    rules: ["SET-2", "AUTH-6"],
    find: ' || auth_expiry !== "keep")',
    put: ")",
  },
  {
    name: "a URL in a mistake is shown as it is",
    rules: ["SET-2", "FAULT-26"],
    find: 'describe(typeof value === "string" ? cutUrl(value) : value)',
    put: "describe(value)",
  },
  {
    name: "a user name in an origin is shown",
    rules: ["FAULT-26"],
    find: "/[?#@]/.test(item)",
    put: "/[?#]/.test(item)",
  },
  {
    name: "a certificate needs no key",
    rules: ["SET-2"],
    find: 'if (sslkey === "" && sslcert !== "") {',
    put: "if (false) {",
  },
  {
    name: "a key needs no certificate",
    rules: ["SET-2"],
    find: 'if (sslkey !== "" && sslcert === "") {',
    put: "if (false) {",
  },
]);

const NAMES = [
  ...breaksOf("core/settings/options.ts", [
    {
      name: "what every object has is the name of an option",
      rules: ["SET-2"],
      find: "Object.hasOwn(OPTIONS, name)",
      put: "name in OPTIONS",
    },
    {
      name: "a path may have steps up in it",
      rules: ["SET-2"],
      find: "(?!.*(?:^|\\/)(?:\\.|%2e){1,2}(?:\\/|$))",
      put: "",
    },
    {
      name: "a key may be a step up",
      rules: ["SET-2"],
      find: "(?!(?:\\.|%2e){1,2}$)",
      put: "",
    },
    {
      name: "a file of Windows may be a path",
      rules: ["SET-8"],
      find: "(?![a-z]:[/]|",
      put: "(?!",
    },
  ]),
  ...breaksOf("core/settings/retired.ts", [
    {
      name: "what every object has is a retired option",
      rules: ["SET-2", "SET-5"],
      find: "Object.hasOwn(RETIRED, name)",
      put: "name in RETIRED",
    },
  ]),
];

/** Every break of the settings. */
export const SETTINGS_BREAKS: readonly Break[] = [...SETTINGS, ...NAMES];
