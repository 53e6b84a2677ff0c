/**
 * What came of the attempts of pairs to connect.
 *
 * @module
 */
import type { Millis } from "../../core/mod.ts";
import type { Observer } from "../runtime.ts";

/** An attempt as the API shows it. */
export interface AttemptView {
  readonly id: number;
  /** Instants of the loop's time. */
  readonly startedAt: number;
  readonly updatedAt: number;
  readonly events: readonly { readonly at: number }[];
}

export interface AttemptWatch {
  readonly observe: Observer;
  readonly list: (
    query: { readonly peer: string | null; readonly limit: number },
  ) => readonly AttemptView[];
  /** How many attempts were forgotten, because there were newer ones. */
  readonly forgotten: () => number;
}

/** @param _now The time of the loop. */
export function createAttemptWatch(_now?: () => Millis): AttemptWatch {
  return { observe: () => {}, list: () => [], forgotten: () => 0 };
}
