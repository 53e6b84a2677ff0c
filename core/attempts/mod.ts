/**
 * What came of attempts to connect. Apart from `core/mod.ts`, so that a server without an admin port loads nothing of
 * it.
 *
 * @module
 */
export { adviceFor, type Verdict } from "./advice.ts";
export type { Attempt, Occurrence, Role, Sent, Side } from "./attempt.ts";
export { type Attempts, attemptsOf, noAttempts, retireAttempts } from "./attempts.ts";
export type { Outcome } from "./outcome.ts";
export { watchAttempts, type WatchedStep } from "./watch.ts";
export { type Advice, duration } from "./words.ts";
export type { CandidateCounts } from "../wire/candidate.ts";
