/**
 * Plays a history on the reference model and on `reduce`, side by side.
 *
 * @module
 */
import {
  type Effect,
  type Event,
  initialState,
  millis,
  nextWakeAt,
  reduce,
  type Settings,
} from "../../core/mod.ts";
import type { Law } from "../properties/laws.ts";
import type { Command } from "./histories.ts";
import { createModel, type Model } from "./model.ts";
import { Player } from "./player.ts";

/** An instant and what happens then. */
export type Moment = readonly [now: number, event: Event];

/** The law that what `reduce` wants done is what the model wants done, and that it wakes up in time. */
export function agreement(settings: Settings, model: Model = createModel(settings)): Law {
  return ({ event, now, after, effects }) => {
    const expected = model.step(event, now);
    if (!same(effects, expected)) {
      throw new Error(`reduce: ${written(effects)}\nmodel: ${written(expected)}`);
    }
    const [wake, due] = [nextWakeAt(after), model.nextWakeAt()];
    if (due !== null && (wake === null || wake > due)) {
      throw new Error(`reduce wakes at ${wake}, and the model is due at ${due}`);
    }
    if (event.kind === "tick" && wake !== null && wake <= now) {
      throw new Error(`reduce is due at ${wake} after the tick of ${now}`);
    }
  };
}

/** Gives one event after the other to both; what a step returns is what both want done. */
export function sideBySide(
  settings: Settings,
  model: Model = createModel(settings),
): (...moment: Moment) => readonly Effect[] {
  const look = agreement(settings, model);
  let state = initialState(settings);
  return (time, event) => {
    const [before, now] = [state, millis(time)];
    const [after, effects] = reduce(before, event, now);
    state = after;
    look({ before, event, now, after, effects });
    return effects;
  };
}

/** Plays commands; returns how many steps they came to. @throws {Error} with the history, where the two differ. */
export function play(
  settings: Settings,
  commands: readonly Command[],
  model: Model = createModel(settings),
): number {
  const moments: Moment[] = [];
  const player = new Player();
  const step = sideBySide(settings, model);
  let now = 0;
  for (const { wait, act } of commands) {
    now = wait === "due" ? Math.max(now, model.nextWakeAt() ?? now) : now + wait;
    for (const event of player.eventsOf(act)) {
      moments.push([now, event]);
      try {
        player.note(step(now, event));
      } catch (error) {
        throw new Error(`${error instanceof Error ? error.message : error}\n${pasted(moments)}`);
      }
    }
  }
  return moments.length;
}

/** A history as it can be written down in a test. */
function pasted(moments: readonly Moment[]): string {
  return `[\n${moments.map((moment) => `  ${JSON.stringify(moment)},\n`).join("")}]`;
}

function written(effects: readonly Effect[]): string {
  return effects.map((effect) => `\n  ${JSON.stringify(effect)}`).join("") || "nothing";
}

function same(some: readonly Effect[], others: readonly Effect[]): boolean {
  return some.length === others.length && some.every((effect, index) => {
    const other = others[index];
    if (other === undefined || effect.kind !== other.kind || effect.conn !== other.conn) {
      return false;
    }
    if (effect.kind === "send") return other.kind === "send" && effect.text === other.text;
    return other.kind === "close" && effect.code === other.code && effect.reason === other.reason;
  });
}
