/**
 * Breaks texts at random, from one seed: what a client, a proxy or an attacker might make of a good one.
 */
import { type Dice, pick } from "../sim/dice.ts";

/** A text of the corpus, broken in one to four ways. */
export function mutate(dice: Dice, corpus: readonly string[]): string {
  let text = pick(dice, corpus);
  for (let i = dice.below(4); i >= 0; i--) text = pick(dice, WAYS)(dice, text, corpus);
  return text.slice(0, LENGTH_MAX);
}

type Way = (dice: Dice, text: string, corpus: readonly string[]) => string;

const LENGTH_MAX = 200_000;

/** What parsers, ids, logs and numbers stumble over. */
export const NASTY = [
  ...["\0", "\r\n", "\x1b[31m", "\ud800", "\u202e", "👩‍👩‍👧", "\\u0000", '"', "\\"],
  ...["{", "}", "[", "]", ",", ":", "null", "true", "-0", "1e999", "9".repeat(400)],
  ...["__proto__", "constructor", '"toJSON":1,', '"type":"LEAVE",', '"type":"OPEN",'],
  ...['"src":"bob",', '"dst":"__proto__",', '"dst":null,', "%", "%00", "%ff", "&id=", "+", "#"],
  ...["../", "x".repeat(70_000)],
  ...["[".repeat(2_000), '{"a":'.repeat(1_000)],
];

const WAYS: readonly Way[] = [
  (dice, text) => splice(text, dice.below(text.length + 1), 0, pick(dice, NASTY)),
  (dice, text) => splice(text, dice.below(text.length + 1), 1 + dice.below(8), ""),
  (dice, text) =>
    splice(text, dice.below(text.length + 1), 1, String.fromCharCode(dice.below(65_536))),
  (dice, text) => text.slice(0, dice.below(text.length + 1)),
  (dice, text, corpus) => text.slice(0, dice.below(text.length + 1)) + pick(dice, corpus),
  (dice, text) => {
    const from = dice.below(text.length + 1);
    const part = text.slice(from, from + 1 + dice.below(64));
    return splice(text, from, 0, part.repeat(1 + dice.below(4)));
  },
  (dice, text) => text.replace(/"[^"]*"/, () => JSON.stringify(pick(dice, NASTY))),
  (dice, text) => text.replace(/"(?:type|dst|payload)"/, () => JSON.stringify(pick(dice, NASTY))),
];

function splice(text: string, at: number, remove: number, insert: string): string {
  return text.slice(0, at) + insert + text.slice(at + remove);
}
