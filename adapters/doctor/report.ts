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
  return `${JSON.stringify({ url, ok, checks: lines }, null, 2)}\n`;
}

function summary(lines: readonly Line[]): string {
  const failed = lines.filter(({ status }) => status === "fail").length;
  if (failed === 0) return "\nNo check failed.";
  return `\n${failed} of ${lines.length} checks failed.`;
}

function plain(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "�");
}
