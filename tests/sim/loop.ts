/**
 * The server: does what `adapters/runtime.ts` does, in virtual time, around any reducer.
 *
 * Events in order, effects in order, an event for each text that is not sent, handled when the event at hand is done,
 * one timer armed from `nextWakeAt`, which may fire late as real ones do.
 */
import {
  type Close,
  type Event,
  initialState,
  millis,
  nextWakeAt,
  retire,
  type Send,
  type Settings,
  type State,
} from "../../core/mod.ts";
import type { Law, Reducer } from "../history/play.ts";
import type { Agenda } from "./agenda.ts";
import type { Dice } from "./dice.ts";

export interface LoopOptions {
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly settings: Settings;
  readonly reducer: Reducer;
  /** What fails is an event, dispatched before it returns. */
  readonly perform: (effect: Send | Close) => void;
  readonly observe: Law;
}

/** How late a timer may fire at most, in ms. */
export const TIMER_LATE_MAX_MS = 120;

export class Loop {
  readonly #queue: Event[] = [];
  #isBusy = false;
  #armedFor = Infinity;
  #timer = 0;
  state: State;

  constructor(private readonly options: LoopOptions) {
    this.state = initialState(options.settings);
  }

  /** Takes an event, now or when the one at hand is done. */
  dispatch(event: Event): void {
    this.#queue.push(event);
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#step(next);
    }
    this.#isBusy = false;
    this.#arm();
  }

  #step(event: Event): void {
    const { agenda, reducer, perform, observe } = this.options;
    const [before, now] = [this.state, millis(agenda.now)];
    const [after, effects] = reducer(before, event, now);
    observe({ before, event, now, after, effects });
    retire(before, after);
    this.state = after;
    for (const effect of effects) {
      if (effect.kind === "send" || effect.kind === "close") perform(effect);
    }
  }

  #arm(): void {
    const { agenda, dice } = this.options;
    const wakeAt = nextWakeAt(this.state);
    if (wakeAt === null || wakeAt >= this.#armedFor) return;
    this.#armedFor = wakeAt;
    const timer = ++this.#timer;
    const lateMs = dice.isLucky(0.02) ? dice.between(2, TIMER_LATE_MAX_MS - 1) : dice.between(0, 2);
    agenda.after(Math.max(0, Math.ceil(wakeAt - agenda.now)) + lateMs, () => {
      if (timer !== this.#timer) return;
      this.#armedFor = Infinity;
      this.dispatch({ kind: "tick" });
    });
  }
}
