/**
 * Breaks of how the text of a payload is found in its frame.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what stands where in a JSON text. */
export const JSON_TEXT_BREAKS: readonly Break[] = breaksOf("core/wire/json_text.ts", [
  {
    name: "every text is left to the engine",
    rules: ["FAULT-30"],
    find: "if (isQuickToParse(text)) return",
    put: "if (true) return",
  },
  {
    name: "no text is left to the engine",
    rules: ["FAULT-30"],
    find: "if (isQuickToParse(text)) return",
    put: "if (false) return",
  },
  {
    name: "long texts are left to the engine",
    rules: ["FAULT-30"],
    find: "if (text.length > QUICK_LENGTH) return false;",
    put: "",
  },
  {
    name: "any number of commas is left to the engine",
    rules: ["FAULT-30"],
    find: "if (--left < 0) return false;",
    put: "",
  },
  {
    name: "every key is parsed",
    rules: ["FAULT-30"],
    find: "if (end - at > KEY_LENGTH_MAX) return null;",
    put: "",
  },
  {
    name: "members of objects within count",
    rules: ["MSG-2"],
    find: "if (depth === 1 && found !== null) name =",
    put: "if (found !== null) name =",
  },
  {
    name: "what follows the value is not looked at",
    rules: ["MSG-6"],
    find: "return skipSpace(text, at) === to;",
    put: "return true;",
  },
  {
    name: "any end closes what is open",
    rules: ["MSG-6"],
    find: "if (next !== ends[depth - 1]) return false;",
    put: "if (next !== 93 && next !== 125) return false;",
  },
  {
    name: "a colon may be missing",
    rules: ["MSG-6"],
    find: "if (text.charCodeAt(at) !== COLON) return false;",
    put: "",
  },
  {
    name: "more than sixteen levels are forgotten",
    rules: ["MSG-10"],
    find: "if (depth === ends.length) ends = twice(ends);",
    put: "",
  },
  {
    name: "control characters may stand in a string",
    rules: ["MSG-6"],
    find: "} else if (!(unit >= 32)) {",
    put: "} else if (Number.isNaN(unit)) {",
  },
  {
    name: "any letter may be escaped",
    rules: ["MSG-6"],
    find: 'return letter !== "" && \'"\\\\/bfnrt\'.includes(letter) ? at : -1;',
    put: 'return letter !== "" ? at : -1;',
  },
  {
    name: "an escape needs no digits",
    rules: ["MSG-6"],
    find: "if (!isHexDigit(text.charCodeAt(digit))) return -1;",
    put: "",
  },
  {
    name: "a number may begin with zeros",
    rules: ["MSG-6"],
    find: "at = isZero ? at + 1 : endOfDigits(text, at);",
    put: "at = endOfDigits(text, at);",
  },
  {
    name: "a point may end a number",
    rules: ["MSG-6"],
    find: "if (at > 0 && text.charCodeAt(at) === DOT) at = endOfDigits(text, at + 1);",
    put:
      "if (at > 0 && text.charCodeAt(at) === DOT) at = Math.max(at + 1, endOfDigits(text, at + 1));",
  },
  {
    name: "an exponent has no sign",
    rules: ["MSG-6"],
    find: "sign === PLUS || sign === MINUS ? at + 2 : at + 1",
    put: "at + 1",
  },
  {
    name: "other white space counts",
    rules: ["MSG-6"],
    find: " && unit !== 9) return at;",
    put: " && unit !== 9 && unit !== 12 && unit !== 160) return at;",
  },
  {
    name: "a text that the engine cannot read throws",
    rules: ["MSG-10", "FAULT-1"],
    find: "return undefined;",
    put: 'throw new RangeError("Cannot read");',
  },
  {
    name: "the first of several payloads counts",
    rules: ["MSG-2"],
    find: "found[name] = text.slice",
    put: "found[name] ??= text.slice",
  },
  {
    name: "a payload is known by the letters of its name",
    rules: ["MSG-2"],
    find: "const key = parseString(text.slice(at, end));",
    put: "const key = text.slice(at + 1, end - 1);",
  },
]);
