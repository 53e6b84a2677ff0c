/**
 * The report of the doctor: a table for people, JSON for programs.
 *
 * @module
 */
import type { Line } from "./line.ts";

const MARKS = { pass: "✓", fail: "✗", skip: "–" } as const;
const COLORS = { pass: "\x1b[32m", fail: "\x1b[31m", skip: "\x1b[2m" } as const;

/** One line for each check, and one for what to change. Text from outside cannot move the cursor. */
export function tableOf(lines: readonly Line[], isColored: boolean): string {
  const width = Math.max(...lines.map(({ check }) => check.length));
  const rows = lines.flatMap(({ check, status, text, todo }) => {
    const mark = isColored ? `${COLORS[status]}${MARKS[status]}\x1b[0m` : MARKS[status];
    const head = `${mark} ${check.padEnd(width)}  ${plain(text)}`;
    return todo === null ? [head] : [head, `${" ".repeat(width + 4)}→ ${plain(todo)}`];
  });
  return `${rows.join("\n")}\n${summary(lines)}\n`;
}

export function jsonOf(url: string, lines: readonly Line[]): string {
  const ok = lines.every(({ status }) => status !== "fail");
  const checks = lines.map((line) => ({
    ...line,
    text: plain(line.text),
    todo: line.todo === null ? null : plain(line.todo),
  }));
  return `${JSON.stringify({ url: plain(cutQuery(url)), ok, checks }, null, 2)}\n`;
}

/** Hides a token: a server may send back what it was sent, and reports are shown to others. */
export function hideToken(lines: readonly Line[], token: string | null): Line[] {
  const hide = (text: string): string => token === null ? text : text.replaceAll(token, "…");
  return lines.map((line) => ({
    ...line,
    text: hide(line.text),
    todo: line.todo === null ? null : hide(line.todo),
  }));
}

function cutQuery(url: string): string {
  return url.replace(/[?#].*$/, "");
}

function summary(lines: readonly Line[]): string {
  const failed = lines.filter(({ status }) => status === "fail").length;
  if (failed === 0) return "\nNo check failed.";
  return `\n${failed} of ${lines.length} checks failed.`;
}

/** A text from outside, which may have control characters, secrets in a URL, and any length. */
function plain(text: string): string {
  const cut = text.length > TEXT_MAX ? `${text.slice(0, TEXT_MAX)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�").replace(SECRETS, "$1…");
}

const TEXT_MAX = 2_000;

/** Keys and tokens in a query, bearer tokens, and JWTs. */
const SECRETS = /([?&](?:key|token)=|\bBearer +)[^&\s"']+|\beyJ[\w-]{8,}(?:\.[\w-]*)*/gi;
