/**
 * Reducers that are broken on purpose, each in one way that a server could be: the checker has to catch every
 * one of them.
 *
 * @module
 */
import { type Effect, type Event, millis, reduce, type State } from "../../core/mod.ts";
import { numberIn } from "./letter.ts";
import type { Reducer } from "./loop.ts";
import { tokenOf } from "../support/world.ts";

/** A broken reducer. */
export interface Broken {
  readonly name: string;
  /** The rules that it breaks; the checker must cite one of them. */
  readonly rules: readonly string[];
  readonly make: () => Reducer;
}

/** All of them. */
export const BROKEN: readonly Broken[] = [
  {
    name: "tells nobody of an expiry",
    rules: ["QUEUE-4"],
    make: () => editing((effects) => effects.filter((effect) => !isExpire(effect))),
  },
  {
    name: "tells of an expiry twice",
    rules: ["QUEUE-4"],
    make: () => editing((effects) => effects.flatMap((e) => isExpire(e) ? [e, e] : [e])),
  },
  {
    name: "delivers a message twice",
    rules: ["QUEUE-5"],
    make: () => editing((effects) => effects.flatMap((e) => isLetter(e, 97) ? [e, e] : [e])),
  },
  {
    name: "loses a message",
    rules: ["MSG-2"],
    make: () =>
      editing((effects, event) =>
        event.kind === "frame-received" ? effects.filter((e) => !isLetter(e, 97)) : effects
      ),
  },
  {
    name: "believes the src of a frame",
    rules: ["MSG-1"],
    make: () =>
      editing((effects, event) => {
        const text = event.kind === "frame-received" ? event.text : "";
        const forged = /^\{"src":"(\w+)"/.exec(text)?.[1];
        if (forged === undefined) return effects;
        return effects.map((e) => retext(e, /"src":"\w+"/, `"src":"${forged}"`));
      }),
  },
  {
    name: "delivers to the wrong peer",
    rules: ["MSG-2"],
    make: () =>
      editing((effects, event) =>
        effects.map((e) => isLetter(e, 97) && "conn" in event ? { ...e, conn: event.conn } : e)
      ),
  },
  {
    name: "closes the new socket at a takeover",
    rules: ["OPEN-5", "OPEN-9"],
    make: () =>
      editing((effects, event) =>
        effects.map((e) =>
          e.kind === "close" && e.code === 4000 && "conn" in event ? { ...e, conn: event.conn } : e
        )
      ),
  },
  {
    name: "forgets the heartbeats of some",
    rules: ["LIFE-1"],
    make: () => (state, event, now) => {
      const isForgotten = event.kind === "frame-received" && event.conn % 5 === 0 &&
        event.text.includes("HEARTBEAT");
      return isForgotten ? [state, []] : reduce(state, event, now);
    },
  },
  {
    name: "times out early",
    rules: ["LIFE-1", "QUEUE-3", "QUEUE-4", "QUEUE-5"],
    make: () => (state, event, now) =>
      reduce(state, event, event.kind === "tick" ? millis(now + 2_000) : now),
  },
  {
    name: "times out late",
    rules: ["LIFE-1", "STATE-3"],
    make: () => (state, event, now) => {
      const { rules } = state;
      const patient = { ...rules, alive_timeout: rules.alive_timeout + 60_000 };
      const [next, effects] = reduce({ ...state, rules: patient }, event, now);
      return [{ ...next, rules }, effects];
    },
  },
  {
    name: "sleeps through its ticks",
    rules: ["LIFE-1", "QUEUE-3", "QUEUE-4"],
    make: () => (state, event, now) =>
      event.kind === "tick" ? [state, []] : reduce(state, event, now),
  },
  {
    name: "sends what is stored in reverse",
    rules: ["QUEUE-1"],
    make: () =>
      editing((effects, event) => {
        const first = effects.findIndex((effect) => effect.kind === "send") + 1;
        if (event.kind !== "socket-opened" || first === 0) return effects;
        return [...effects.slice(0, first), ...effects.slice(first).reverse()];
      }),
  },
  {
    name: "lets any token take over",
    rules: ["OPEN-4", "OPEN-9"],
    make: () => (state, event, now) =>
      reduce(
        state,
        event.kind === "socket-opened" ? { ...event, token: tokenOf("same") } : event,
        now,
      ),
  },
  {
    name: "does not notice a closed socket",
    rules: ["LIFE-2"],
    make: () => (state, event, now) =>
      event.kind === "socket-closed" && event.conn % 3 === 0
        ? [state, []]
        : reduce(state, event, now),
  },
  {
    name: "drops what could not be sent",
    rules: ["QUEUE-5"],
    make: () => (state, event, now) =>
      reduce(state, event.kind === "send-failed" ? { ...event, message: null } : event, now),
  },
  {
    name: "does not count the sockets of an address down",
    rules: ["STATE-3"],
    make: () => (state, event, now) => {
      const [next, effects] = reduce(state, event, now);
      return event.kind === "socket-closed"
        ? [withAddressOf(next, state), effects]
        : [next, effects];
    },
  },
];

/** The reducer with its effects edited. */
function editing(
  edit: (effects: readonly Effect[], event: Event) => readonly Effect[],
): Reducer {
  return (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, edit(effects, event)];
  };
}

function withAddressOf(next: State, before: State): State {
  return { ...next, addresses: before.addresses };
}

function retext(effect: Effect, found: RegExp, text: string): Effect {
  if (effect.kind !== "send") return effect;
  return { ...effect, text: effect.text.replace(found, text) };
}

function isExpire(effect: Effect): boolean {
  return effect.kind === "send" && effect.text.startsWith('{"type":"EXPIRE"');
}

/** Whether an effect sends a message whose number is a multiple of `every`. */
function isLetter(effect: Effect, every: number): boolean {
  return effect.kind === "send" && effect.text.includes('"payload":{"n":') &&
    numberIn(effect.text) % every === 0;
}
