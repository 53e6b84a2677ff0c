/**
 * What the admin port asks those that have the clients: the server in the same thread, or each worker. They answer for
 * their own clients, and the admin port makes one answer of all.
 *
 * @module
 */
import type { Hint } from "../../core/attempts/mod.ts";
import type { SeenAttempts, Trace } from "./attempt_watch.ts";
import type { AttemptQuery } from "./attempts.ts";
import type { Readings } from "./metrics.ts";
import type { ClientView, Found, Search } from "./roster.ts";
import type { Whose } from "./whose.ts";

/** Each question: its argument, and the value of an answer. */
export interface Questions {
  readonly figures: { readonly argument: null; readonly value: Figures };
  readonly search: { readonly argument: Search; readonly value: Found };
  readonly client: { readonly argument: string; readonly value: ClientView | null };
  /** Whether the client was there, and is disconnected. */
  readonly dismiss: { readonly argument: string; readonly value: boolean };
  readonly attempts: { readonly argument: AttemptQuery; readonly value: SeenAttempts };
  readonly hints: { readonly argument: readonly Trace[]; readonly value: readonly Hint[] };
}

export type QuestionName = keyof Questions;

/** The metrics of one server. */
export interface Figures {
  /** Of whom they are. */
  readonly of: Whose;
  /** Its name in a cluster of several machines; `null` without one. */
  readonly node: string | null;
  readonly readings: Readings;
}

/** What answers for one server. Without an admin port only `figures` is asked, and there. */
export type Answers = {
  readonly [Name in QuestionName]?: (
    argument: Questions[Name]["argument"],
  ) => Questions[Name]["value"] | Promise<Questions[Name]["value"]>;
};

/** Asks all. Leaves out who fails, ends, or does not answer within `maxMs`. */
export type Ask = <Name extends QuestionName>(
  what: Name,
  argument: Questions[Name]["argument"],
  maxMs: number,
) => Promise<readonly Questions[Name]["value"][]>;

/** Asks the one server of this thread. */
export function askOne(answers: Answers): Ask {
  return async (what, argument) => {
    const answer = answers[what];
    return answer === undefined ? [] : [await answer(argument)];
  };
}
