/**
 * The drain of a server as a promise: the core decides when it is over. Nothing is observed before it is asked for.
 *
 * @module
 */
import type { Event, Note } from "../core/mod.ts";
import { logDrained, logDraining } from "./observe/log_process.ts";
import type { Observer } from "./runtime.ts";

/** A function that begins a drain of `ms`, and settles when it is over. Later calls get the same promise. */
export function createDrain(
  observers: Observer[],
  dispatch: (event: Event) => void,
): (ms: number) => Promise<void> {
  let draining: Promise<void> | undefined;

  function begin(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    observers.push(({ event, effects }) => {
      for (const effect of effects) if (effect.kind === "note" && log(effect)) resolve();
      // Whoever stops the server does not wait for the end of a drain.
      if (event.kind === "shutdown-requested") resolve();
    });
    dispatch({ kind: "drain-requested", ms });
    return promise;
  }

  return (ms) => draining ??= begin(ms);
}

/** Logs the begin and the end of a drain; `true` for the end. */
function log(note: Note): boolean {
  if (note.what === "drain-began") logDraining(note.clients, note.ms);
  else if (note.what === "drain-ended") logDrained(note.clients);
  return note.what === "drain-ended";
}
