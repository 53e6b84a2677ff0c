/**
 * The loop around the reducer: it owns the state, the clock and one timer.
 *
 * For each event it reads the clock once, calls `reduce`, and performs the effects in order. An event that is
 * dispatched meanwhile, such as a failed send, waits in a queue. Observers (log, hooks, recorder) see the step last,
 * and an exception of theirs stops nothing. When the queue is empty the timer is armed for the next deadline.
 *
 * The time of the loop excludes pauses: while the process is suspended or its event loop is blocked, no client is
 * silent and nothing expires. To detect a pause, a timer reads the clock every second while a deadline is pending. A
 * reading that is more than a second late is a pause.
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

/** An event, its effects, and the state after it. */
export interface Step {
  readonly event: Event;
  readonly now: Millis;
  readonly effects: readonly Effect[];
  readonly state: State;
}

/** Called with every step, after its effects are performed. */
export type Observer = (step: Step) => void;

/** What the loop needs from its surroundings. */
export interface Ports {
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Performs an effect. A failure is an event, dispatched now or later. */
  readonly perform: (effect: Exclude<Effect, Note>) => void;
  /** Calls `callback` once, `delayMs` from now or a little later. Returns a function that cancels it. */
  readonly schedule: (callback: () => void, delayMs: number) => () => void;
  readonly observers: readonly Observer[];
  /** Called after a pause of the process, with its length in milliseconds. */
  readonly onPause: (pauseMs: number) => void;
  /** Called with an exception that an observer threw. */
  readonly onObserverError: (error: unknown) => void;
}

/** A running loop. */
export interface Runtime {
  /** Reduces an event: at once, or after the current event if called during one. */
  readonly dispatch: (event: Event) => void;
  /** The time of the loop: the clock's, less all pauses. */
  readonly now: () => Millis;
  /** The state after the last event. */
  readonly state: () => State;
  /** Disarms the timer for good. Events are still handled. */
  readonly stop: () => void;
}

/** Starts a loop without clients. */
export function createRuntime(settings: Settings, ports: Ports): Runtime {
  const queue: Event[] = [];
  let state = initialState(settings);
  let busy = false;
  let stopped = false;
  let isCatchingUp = false;
  const timer = createTimer(ports);
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

  const readClock = (): Millis => clock.read(timer.isArmed());

  /** A node is told of a pause first, because its lease ran on. */
  function step(event: Event): void {
    const now = readClock();
    const ms = clock.takePause();
    if (ms > 0 && state.cluster !== null) reduceAt({ kind: "paused", ms }, now);
    reduceAt(event, now);
  }

  function reduceAt(event: Event, now: Millis): void {
    const [next, effects] = reduce(state, event, now);
    retire(state, next);
    state = next;
    for (const effect of effects) {
      if (effect.kind !== "note") ports.perform(effect);
    }
    if (ports.observers.length > 0) notify(ports, { event, now, effects, state });
  }

  // A timer that fires early is harmless, so only one that would fire late is replaced. For a node what is due already
  // waits for none: while sockets are busy, a timer of 0 ms fires tens of milliseconds late, and holds up other nodes.
  function arm(): void {
    const wakeAt = nextWakeAt(state);
    if (stopped || wakeAt === null || wakeAt >= timer.firesAt()) return;
    const now = readClock();
    if (wakeAt <= now && state.cluster !== null && !isCatchingUp) {
      isCatchingUp = true;
      dispatch({ kind: "tick" });
      isCatchingUp = false;
    } else timer.arm(wake, wakeAt, now);
  }

  function wake(): void {
    const now = readClock();
    timer.fired();
    const isTold = state.cluster !== null && clock.hasPause();
    if (isTold || (nextWakeAt(state) ?? Infinity) <= now) dispatch({ kind: "tick" });
    else arm();
  }

  function stop(): void {
    stopped = true;
    timer.disarm();
  }

  return { dispatch, now: readClock, state: () => state, stop };
}

/** At most one timer. It fires each second while it waits, so that a pause shows. */
function createTimer({ schedule }: Pick<Ports, "schedule">): {
  readonly arm: (callback: () => void, at: Millis, now: Millis) => void;
  readonly disarm: () => void;
  readonly fired: () => void;
  readonly isArmed: () => boolean;
  readonly firesAt: () => number;
} {
  let firesAt = Infinity;
  let cancel: (() => void) | null = null;
  return {
    arm: (callback, at, now) => {
      cancel?.();
      const delayMs = Math.min(Math.max(0, Math.ceil(at - now)), CLOCK_CHECK_MS);
      firesAt = now + delayMs;
      cancel = schedule(callback, delayMs);
    },
    disarm: () => cancel?.(),
    fired: () => {
      firesAt = Infinity;
      cancel = null;
    },
    isArmed: () => cancel !== null,
    firesAt: () => firesAt,
  };
}

function notify(
  { observers, onObserverError }: Pick<Ports, "observers" | "onObserverError">,
  step: Step,
): void {
  for (const observe of observers) {
    try {
      observe(step);
    } catch (error) {
      onObserverError(error);
    }
  }
}

/**
 * A clock that excludes pauses. A late reading shows a pause only while it is watched, that is, while the timer
 * reads it every second.
 */
function createClock({ now, onPause }: Pick<Ports, "now" | "onPause">): Clock {
  let readAt = 0;
  let pausedMs = 0;
  let takenMs = 0;

  function read(isWatched: boolean): Millis {
    const at = now();
    const elapsedMs = at - readAt;
    readAt = at;
    if (isWatched && elapsedMs > CLOCK_CHECK_MS + TIMER_LATE_MAX_MS) {
      pausedMs += elapsedMs;
      onPause(elapsedMs);
    }
    return millis(at - pausedMs);
  }

  function takePause(): number {
    const ms = pausedMs - takenMs;
    takenMs = pausedMs;
    return ms;
  }

  return { read, takePause, hasPause: () => pausedMs > takenMs };
}

interface Clock {
  readonly read: (isWatched: boolean) => Millis;
  /** Returns how long the process paused since the last call. */
  readonly takePause: () => number;
  readonly hasPause: () => boolean;
}

/** How often the clock is read while a deadline is pending. */
const CLOCK_CHECK_MS = 1_000;

/** How late a timer may be without counting as a pause. */
const TIMER_LATE_MAX_MS = 1_000;
