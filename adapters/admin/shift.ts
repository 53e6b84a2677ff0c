/**
 * An attempt on another clock.
 *
 * @module
 */
import { type Attempt, isSent, type Occurrence } from "../../core/attempts/mod.ts";
import { type Millis, millis } from "../../core/mod.ts";

/** The same attempt with all instants so much later. */
export function shifted(attempt: Attempt, by: number): Attempt {
  const later = (at: Millis): Millis => millis(at + by);
  const event = (one: Occurrence): Occurrence => {
    if (!isSent(one)) return { ...one, at: later(one.at) };
    return { ...one, at: later(one.at), endedAt: one.endedAt === null ? null : later(one.endedAt) };
  };
  const { startedAt, updatedAt, retriedAt, refusal, events } = attempt;
  return {
    ...attempt,
    startedAt: later(startedAt),
    updatedAt: later(updatedAt),
    retriedAt: retriedAt === null ? null : later(retriedAt),
    refusal: refusal === null ? null : { ...refusal, at: later(refusal.at) },
    events: events.map(event),
  };
}
