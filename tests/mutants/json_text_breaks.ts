/**
 * Breaks of how the text of a payload is found in its frame.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

/** Every break of what stands where in a JSON text. */
export const JSON_TEXT_BREAKS: readonly Break[] = breaksOf("core/json_text.ts", [
  {
    name: "a text that the engine cannot read throws",
    rules: ["MSG-10", "FAULT-1"],
    find: "return undefined;",
    put: 'throw new RangeError("Cannot read");',
  },
  {
    name: "the first of several payloads counts",
    rules: ["MSG-2"],
    find: "if (isNamed) found =",
    put: "if (isNamed) found ??=",
  },
  {
    name: "a payload keeps the white space around it",
    rules: ["MSG-2"],
    find: "text.slice(from, at).trim();",
    put: "text.slice(from, at);",
  },
  {
    name: "a payload is known by the letters of its name",
    rules: ["MSG-2"],
    find: "parseJson(text.slice(from, at)) === name",
    put: 'text.slice(from, at).trim() === `"${name}"`',
  },
  {
    name: "what is called payload within another field is taken for it",
    rules: ["MSG-2"],
    find: 'else if (unit === ":" && depth === 1)',
    put: 'else if (unit === ":")',
  },
  {
    name: "a comma within a payload ends it",
    rules: ["MSG-2"],
    find: "if (depth === 1) {",
    put: 'if (depth === 1 || unit === ",") {',
  },
  {
    name: "brackets and commas count within strings too",
    rules: ["MSG-2"],
    find: "at = endOfString(text, at);",
    put: "",
  },
  {
    name: "a quote that is escaped ends a string",
    rules: ["MSG-2"],
    find: "if ((end - before) % 2 === 1) break;",
    put: "break;",
  },
  {
    name: "a quote after two backslashes ends no string",
    rules: ["MSG-2"],
    find: "if ((end - before) % 2 === 1) break;",
    put: "",
  },
  {
    name: "an array in a payload opens nothing",
    rules: ["MSG-2"],
    find: 'unit === "{" || unit === "["',
    put: 'unit === "{"',
  },
]);
