/**
 * What every line of the log must be, whatever made it.
 *
 * @module
 */
import { HUSH } from "./stranger.ts";

/** The forms of the log. */
export type Form = "json" | "text";

/** @throws {Error} Where a line is wrong. */
export function checkLines(lines: readonly string[], form: Form): void {
  for (const line of lines) {
    const wrong = wrongWithLine(line, form);
    if (wrong.length > 0) throw new Error(`${wrong.join("; ")}: ${JSON.stringify(line)}`);
  }
}

function wrongWithLine(line: string, form: Form): string[] {
  const wrong = [...wrongWithText(line)];
  if (line.length > LINE_MAX) wrong.push(`it has ${line.length} characters`);
  if (readable(line).includes(HUSH)) wrong.push("a key or a token is in it");
  if (form === "json") wrong.push(...wrongWithJson(line));
  else if (!TEXT_LINE.test(line)) wrong.push("it does not begin as a line does");
  return wrong;
}

const TEXT_LINE = /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \+00:00 (?:DBG|INF|WRN|ERR) \S/;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Of what comes from outside so many characters are shown, and a sign that there were more. */
const SHOWN_MAX = 256 + 1;
/** Each can be written out with nine, and a line says no more than eight such things. */
const LINE_MAX = 8 * 10 * SHOWN_MAX;

/** What is the server's own, and may be longer. */
const OWN = new Set(["line", "client", "detail"]);

function wrongWithText(text: string): string[] {
  const found = UNPRINTABLE.exec(text)?.[0];
  return found === undefined ? [] : [`it has the character ${found.codePointAt(0)} in it`];
}

function wrongWithJson(line: string): string[] {
  try {
    const { message, properties, level, logger } = JSON.parse(line);
    if (typeof message !== "string" || logger !== "signalbox" || typeof level !== "string") {
      return ["it is no line of this log"];
    }
    return [...wrongWithText(message), ...Object.entries(properties).flatMap(wrongWithProperty)];
  } catch {
    return ["it is not JSON"];
  }
}

function wrongWithProperty([name, value]: [string, unknown]): string[] {
  if (typeof value !== "string") return [];
  const { length } = value.replaceAll(/\\u\{[0-9a-f]+\}|\\["\\]/g, "x");
  const isLong = length > SHOWN_MAX && !OWN.has(name);
  return [...wrongWithText(value), ...isLong ? [`${name} shows ${length} characters`] : []];
}

/** A line as somebody reads it who undoes every escape. */
function readable(line: string): string {
  let text = line;
  for (let left = 5; left > 0; left--) {
    text = text.replaceAll(
      /%[0-7][0-9a-f]/gi,
      (code) => String.fromCharCode(parseInt(code.slice(1), 16)),
    );
  }
  return text;
}
