/**
 * Why peers do not connect: a fold over the steps of a server that keeps the last attempts of pairs, and the advice
 * that follows from them. Only the admin port loads it.
 *
 * @module
 */
export { adviceFor, type Verdict } from "./advice.ts";
export {
  type Attempt,
  endOf,
  EVENTS_MAX,
  isSent,
  type Occurrence,
  type Role,
  type Sent,
  type Side,
  type Went,
  withEvent,
} from "./attempt.ts";
export { type Attempts, attemptsOf, noAttempts, retireAttempts } from "./attempts.ts";
export { type Hint, hintFor, isSameAddress, refusalIn } from "./ends.ts";
export type { Outcome } from "./outcome.ts";
export { watchAttempts, type WatchedStep } from "./watch.ts";
export { type Advice, duration } from "./words.ts";
export type { CandidateCounts } from "../wire/candidate.ts";
