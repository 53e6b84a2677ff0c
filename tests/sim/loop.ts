/**
 * The server: does what `adapters/runtime.ts` does, in virtual time, around any reducer.
 *
 * Events in order, effects in order, an event for each text that is not sent, handled when the event at hand is done,
 * one timer armed from `nextWakeAt`, which may fire late as real ones do.
 *
 * @module
 */
import {
  type Close,
  type Event,
  initialState,
  type Millis,
  millis,
  nextWakeAt,
  type reduce,
  retire,
  type Send,
  type Settings,
  type State,
} from "../../core/mod.ts";
import type { Agenda } from "./agenda.ts";
import type { Dice } from "./dice.ts";
import type { Note } from "./letter.ts";
import type { Outcome } from "./sockets.ts";

/** The reducer, or one that is broken on purpose. */
export type Reducer = typeof reduce;

/** One step of the server, as those who watch see it. */
export interface Step {
  readonly now: Millis;
  readonly event: Event;
  /** What the outside sees of it. */
  readonly effects: readonly (Send | Close)[];
  /** What became of each effect. */
  readonly outcomes: readonly Outcome[];
  readonly note: Note | null;
  /** The state after it. */
  readonly state: State;
}

/** What the loop needs. */
export interface LoopOptions {
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly settings: Settings;
  readonly reducer: Reducer;
  /** What fails is an event, dispatched before it returns. */
  readonly perform: (effect: Send | Close) => Outcome;
  readonly observe: (step: Step) => void;
}

/** How late a timer may fire at most, in ms. */
export const TIMER_LATE_MAX_MS = 120;

/** A running server. */
export class Loop {
  readonly #options: LoopOptions;
  readonly #queue: { readonly event: Event; readonly note: Note | null }[] = [];
  #state: State;
  #isBusy = false;
  #armedFor = Infinity;
  #timer = 0;

  /** Starts with nobody connected. */
  constructor(options: LoopOptions) {
    this.#options = options;
    this.#state = initialState(options.settings);
  }

  /** The state after the last event. */
  get state(): State {
    return this.#state;
  }

  /** Takes an event, now or when the one at hand is done. */
  dispatch(event: Event, note: Note | null): void {
    this.#queue.push({ event, note });
    if (this.#isBusy) return;
    this.#isBusy = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      this.#step(next.event, next.note);
    }
    this.#isBusy = false;
    this.#arm();
  }

  #step(event: Event, note: Note | null): void {
    const { agenda, reducer, perform, observe } = this.#options;
    const now = millis(agenda.now);
    const [state, all] = reducer(this.#state, event, now);
    retire(this.#state, state);
    this.#state = state;
    const effects = all.filter((effect) => effect.kind === "send" || effect.kind === "close");
    const outcomes = effects.map((effect) => perform(effect));
    observe({ now, event, effects, outcomes, note, state });
  }

  #arm(): void {
    const { agenda, dice } = this.#options;
    const wakeAt = nextWakeAt(this.#state);
    if (wakeAt === null || wakeAt >= this.#armedFor) return;
    this.#armedFor = wakeAt;
    const timer = ++this.#timer;
    const lateMs = dice.isLucky(0.02) ? dice.between(2, TIMER_LATE_MAX_MS - 1) : dice.between(0, 2);
    agenda.after(Math.max(0, Math.ceil(wakeAt - agenda.now)) + lateMs, () => {
      if (timer !== this.#timer) return;
      this.#armedFor = Infinity;
      this.dispatch({ kind: "tick" }, null);
    });
  }
}
