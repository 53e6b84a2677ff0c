/**
 * What only a server with an admin port needs: who its clients are, and their attempts to connect.
 *
 * @module
 */
import { scheduleTimeout } from "../clock.ts";
import type { Observer } from "../runtime.ts";
import type { SignalingServer } from "../server.ts";
import { createAttemptWatch } from "./attempt_watch.ts";
import type { Answers } from "./questions.ts";
import { createRoster } from "./roster.ts";
import type { Whose } from "./whose.ts";

export interface People {
  readonly observe: Observer;
  /** What answers for the server that is watched. */
  readonly answersOf: (signaling: SignalingServer) => Answers;
}

export function createPeople(of: Whose): People {
  // The same clock for all workers, and for the page.
  const wallNow = (): number => Date.now();
  let loopNow = (): number => performance.now();
  const roster = createRoster({ wallNow, pause, place: of.place });
  const attempts = createAttemptWatch({ of, zero: () => wallNow() - loopNow() });
  return {
    observe: (step) => {
      roster.observe(step);
      attempts.observe(step);
    },
    answersOf: (signaling) => {
      loopNow = signaling.now;
      return {
        search: roster.search,
        client: roster.get,
        dismiss: (id) => signaling.dismiss(id),
        attempts: attempts.find,
        hints: (traces) => attempts.hints(traces, signaling.state()),
      };
    },
  };
}

/** Lets the event loop do other work. */
function pause(): Promise<void> {
  return new Promise((resolve) => void scheduleTimeout(resolve, 0));
}
