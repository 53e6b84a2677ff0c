/**
 * The highest value of the last moments: of the delays of the event loop, and of the answers of a cluster's engine.
 *
 * @module
 */

/** The highest of some values. */
export interface Peak {
  readonly add: (value: number) => void;
  /** The highest value of the last 15 to 30 s; 0 if there is none. */
  readonly read: () => number;
}

/** How long a value counts at least: who reads every 15 s or more often misses none. */
export const PEAK_PERIOD_MS = 15_000;

/** @param now A clock in milliseconds. */
export function createPeak(now: () => number): Peak {
  let [current, before, since] = [0, 0, now()];

  function turn(): void {
    const periods = Math.floor((now() - since) / PEAK_PERIOD_MS);
    if (periods <= 0) return;
    [before, current] = [periods === 1 ? current : 0, 0];
    since += periods * PEAK_PERIOD_MS;
  }

  return {
    add: (value) => {
      turn();
      if (value > current) current = value;
    },
    read: () => {
      turn();
      return Math.max(current, before);
    },
  };
}

/** Measures how late a timer of {@linkcode LAG_TIMER_MS} fires, in milliseconds. Returns its peak and its stop. */
export function createLagMeter(
  { now, schedule }: {
    readonly now: () => number;
    readonly schedule: (callback: () => void, delayMs: number) => () => void;
  },
): Pick<Peak, "read"> & { readonly stop: () => void } {
  const peak = createPeak(now);
  let cancel = (): void => {};
  const wait = (): void => {
    const dueAt = now() + LAG_TIMER_MS;
    cancel = schedule(() => {
      peak.add(now() - dueAt);
      wait();
    }, LAG_TIMER_MS);
  };
  wait();
  return { read: peak.read, stop: () => cancel() };
}

export const LAG_TIMER_MS = 500;
