/**
 * Looks at a server from outside, as a page does, and says what is wrong with the way to it.
 *
 * @module
 */
import type { Target } from "./findings.ts";
import { judge } from "./judge.ts";
import type { Line } from "./line.ts";
import { examine, type Tokens } from "./probe.ts";

export type { Target } from "./findings.ts";
export type { Line } from "./line.ts";
export type { Tokens } from "./probe.ts";
export { hideToken, jsonOf, tableOf } from "./report.ts";

/** Runs every check. Never rejects. */
export async function diagnose(target: Target, tokens: Tokens): Promise<Line[]> {
  return judge(await examine(target, tokens));
}
