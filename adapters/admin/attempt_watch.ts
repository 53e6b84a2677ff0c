/**
 * Watches the attempts of peers to connect, at one server: an observer, and what it knows.
 *
 * @module
 */
import {
  type Attempt,
  type Attempts,
  attemptsOf,
  type Hint,
  hintFor,
  noAttempts,
  retireAttempts,
  watchAttempts,
} from "../../core/attempts/mod.ts";
import { millis, type PeerId, type State } from "../../core/mod.ts";
import type { Observer } from "../runtime.ts";
import type { AttemptQuery } from "./attempts.ts";
import { shifted } from "./shift.ts";
import type { Whose } from "./whose.ts";

/** The attempts of one server. Instants are in milliseconds since 1970. */
export interface SeenAttempts {
  readonly of: Whose;
  /** Newest first. */
  readonly attempts: readonly Attempt[];
  /** How many were forgotten, to make room for newer ones. */
  readonly forgotten: number;
  /** How many messages were not looked at, because there were too many at once. */
  readonly overlooked: number;
}

/** A peer that an offer waited for until an instant. */
export interface Trace {
  readonly callee: PeerId;
  readonly at: number;
}

export interface AttemptWatch {
  readonly observe: Observer;
  readonly find: (query: AttemptQuery) => SeenAttempts;
  /** What is known of each peer. */
  readonly hints: (traces: readonly Trace[], state: State) => Hint[];
}

export interface AttemptWatchPorts {
  readonly of: Whose;
  /** Instant 0 of the loop's time, in milliseconds since 1970. A pause of the process moves it. */
  readonly zero: () => number;
}

export function createAttemptWatch({ of, zero }: AttemptWatchPorts): AttemptWatch {
  let attempts: Attempts = noAttempts();
  return {
    observe: (step) => {
      const next = watchAttempts(attempts, step);
      if (next === attempts) return;
      retireAttempts(attempts, next);
      attempts = next;
    },
    find: ({ peer, limit }) => {
      const part = peer?.toLowerCase() ?? "";
      const found = attemptsOf(attempts).filter(({ caller, callee }) =>
        caller.toLowerCase().includes(part) || callee.toLowerCase().includes(part)
      );
      const { forgotten, overlooked } = attempts;
      const by = zero();
      const shown = found.slice(0, limit).map((attempt) => shifted(attempt, by));
      return { of, attempts: shown, forgotten, overlooked };
    },
    hints: (traces, state) => {
      const by = zero();
      return traces.map(({ callee, at }) => {
        const { near, last } = hintFor(attempts, state, callee, millis(at - by));
        return { near, last: last && { code: last.code, at: millis(last.at + by) } };
      });
    },
  };
}
