/**
 * The loop around the reducer: it owns the state, the clock and one timer.
 *
 * Its time stands still while the process does: where it was stopped, or its loop blocked, nobody was silent and
 * nothing expires for that. So a timer looks each second while anything is due, and a look that is much too late
 * tells for how long the process was away.
 *
 * An event comes in; the clock is read once; `reduce` gives the next state and the effects; these are
 * performed in order. A text that cannot be sent is an event of its own, queued behind the one at hand. When
 * the queue is empty the timer is armed for what is due next. Observers (log, hooks) see a step last, and cannot
 * disturb the loop.
 *
 * @module
 */
import {
  type Effect,
  type Event,
  initialState,
  type Millis,
  millis,
  nextWakeAt,
  type Note,
  reduce,
  retire,
  type Settings,
  type State,
} from "../core/mod.ts";

/** What happened, what came of it, and what is known then. */
export interface Step {
  readonly event: Event;
  readonly now: Millis;
  readonly effects: readonly Effect[];
  readonly state: State;
}

/** Is told of every step when its effects were performed. */
export type Observer = (step: Step) => void;

/** What the loop needs from the world. */
export interface Ports {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Performs an effect. What fails is an event, which is dispatched then or later. */
  readonly perform: (effect: Exclude<Effect, Note>) => void;
  /** Calls back once, `delayMs` from now or a little later; returns what cancels it. */
  readonly schedule: (callback: () => void, delayMs: number) => () => void;
  readonly observers: readonly Observer[];
  /** Is told that the process was away for so many milliseconds. */
  readonly onPause: (awayMs: number) => void;
  /** Is told of an exception that an observer threw. */
  readonly onObserverError: (error: unknown) => void;
}

/** A running loop. */
export interface Runtime {
  /** Hands an event to the reducer, now or, from within an effect, when the event at hand is done. */
  readonly dispatch: (event: Event) => void;
  /** The time by which everything is due: the clock's, without what the process was away. */
  readonly now: () => Millis;
  /** The state after the last event. */
  readonly state: () => State;
  /** Disarms the timer for good; events are still handled. */
  readonly stop: () => void;
}

/** Starts the loop with nobody connected. */
export function createRuntime(settings: Settings, ports: Ports): Runtime {
  const queue: Event[] = [];
  let state = initialState(settings);
  let busy = false;
  let stopped = false;
  let armedFor = Infinity;
  let disarm: (() => void) | null = null;
  const clock = createClock(ports);

  function dispatch(event: Event): void {
    if (busy) return void queue.push(event);
    busy = true;
    try {
      step(event);
      for (let next = queue.shift(); next !== undefined; next = queue.shift()) step(next);
    } finally {
      busy = false;
    }
    arm();
  }

  const readClock = (): Millis => clock(disarm !== null);

  function step(event: Event): void {
    const now = readClock();
    const [next, effects] = reduce(state, event, now);
    retire(state, next);
    state = next;
    for (const effect of effects) {
      if (effect.kind !== "note") ports.perform(effect);
    }
    if (ports.observers.length > 0) tell({ event, now, effects, state });
  }

  function tell(step: Step): void {
    for (const observe of ports.observers) {
      try {
        observe(step);
      } catch (error) {
        ports.onObserverError(error);
      }
    }
  }

  /** A timer that fires too early is harmless, so it is set anew only where it would be too late. */
  function arm(): void {
    const wakeAt = nextWakeAt(state);
    if (stopped || wakeAt === null || wakeAt >= armedFor) return;
    disarm?.();
    const now = readClock();
    const delayMs = Math.min(Math.max(0, Math.ceil(wakeAt - now)), LOOK_MS);
    armedFor = now + delayMs;
    disarm = ports.schedule(wake, delayMs);
  }

  function wake(): void {
    const now = readClock();
    armedFor = Infinity;
    disarm = null;
    if ((nextWakeAt(state) ?? Infinity) <= now) dispatch({ kind: "tick" });
    else arm();
  }

  function stop(): void {
    stopped = true;
    disarm?.();
  }

  return { dispatch, now: readClock, state: () => state, stop };
}

/**
 * The clock without what the process was away. Only where it is watched, as a timer looks each second, a look
 * that is late tells that.
 */
function createClock(
  { now, onPause }: Pick<Ports, "now" | "onPause">,
): (isWatched: boolean) => Millis {
  let seenAt = 0;
  let awayMs = 0;
  return (isWatched) => {
    const at = now();
    const unseenMs = at - seenAt;
    seenAt = at;
    if (isWatched && unseenMs > LOOK_MS + LATE_MS) {
      awayMs += unseenMs;
      onPause(unseenMs);
    }
    return millis(at - awayMs);
  };
}

/** How often the clock is looked at while anything is due. */
const LOOK_MS = 1_000;

/** What a look may be late without the process having been away. */
const LATE_MS = 1_000;
