/** Reducers that are broken on purpose, each in one way that a server could be. */
import {
  type ConnId,
  type Effect,
  type Event,
  millis,
  reduce,
  type State,
} from "../../core/mod.ts";
import type { Reducer } from "../history/play.ts";
import { tokenOf } from "../support/world.ts";
import { numberIn } from "./letter.ts";
import { STEP } from "./watch.ts";

export interface Broken {
  readonly name: string;
  readonly rules: readonly string[];
  /** The rule that the clients and the audit see broken, without the laws and the model; or these alone see it. */
  readonly seenAs: string;
  readonly reducer: Reducer;
}

/** The reducer with its effects edited. */
const editing =
  (edit: (effects: readonly Effect[], event: Event) => readonly Effect[]): Reducer =>
  (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, edit(effects, event)];
  };

/** The reducer with each effect edited. */
const each = (edit: (effect: Effect, event: Event) => readonly Effect[]): Reducer =>
  editing((effects, event) => effects.flatMap((effect) => edit(effect, event)));

/** The reducer with the state before it, or the event, edited; one that is none makes no step. */
const given =
  (edit: (event: Event, state: State) => Event | null): Reducer => (state, event, now) => {
    const edited = edit(event, state);
    return edited === null ? [state, []] : reduce(state, edited, now);
  };

const broken = (name: string, rules: string, reducer: Reducer, seenAs = rules): Broken => {
  return { name, rules: rules.split(" "), seenAs, reducer };
};

export const BROKEN: readonly Broken[] = [
  broken("tells nobody of an expiry", "QUEUE-4", each((e) => isExpire(e) ? [] : [e])),
  broken("delivers a message twice", "QUEUE-5", each((e) => isLetter(e) ? [e, e] : [e])),
  broken(
    "loses a message",
    "MSG-2",
    each((e, { kind }) => kind === "frame-received" && isLetter(e) ? [] : [e]),
  ),
  broken(
    "believes the src of a frame",
    "MSG-1",
    each((effect, event) => {
      const text = event.kind === "frame-received" ? event.text : "";
      const forged = /^\{"src":"(\w+)"/.exec(text)?.[1];
      if (forged === undefined || effect.kind !== "send") return [effect];
      return [{ ...effect, text: effect.text.replace(/"src":"\w+"/, `"src":"${forged}"`) }];
    }),
  ),
  broken(
    "delivers to the wrong peer",
    "MSG-2",
    each((e, event) => [isLetter(e) && hasSocket(event) ? { ...e, conn: event.conn } : e]),
  ),
  broken(
    "closes the new socket at a takeover",
    "OPEN-5 OPEN-9",
    each((e, event) => {
      const isOld = e.kind === "close" && e.code === 4000 && hasSocket(event);
      return [isOld ? { ...e, conn: event.conn } : e];
    }),
    "LIFE-2",
  ),
  broken(
    "forgets the heartbeats of some",
    "LIFE-1",
    given((event) => {
      const isHeartbeat = event.kind === "frame-received" && event.text.includes("HEARTBEAT");
      return isHeartbeat && event.conn % 5 === 0 ? null : event;
    }),
  ),
  broken(
    "times out early",
    "LIFE-1 QUEUE-3",
    (state, event, now) => reduce(state, event, event.kind === "tick" ? millis(now + 2_000) : now),
    STEP,
  ),
  broken("times out late", "LIFE-1 STATE-3", (state, event, now) => {
    const { rules } = state;
    const patient = { ...rules, alive_timeout: rules.alive_timeout + 60_000 };
    const [next, effects] = reduce({ ...state, rules: patient }, event, now);
    return [{ ...next, rules }, effects];
  }, "STATE-3"),
  broken(
    "sleeps through its ticks",
    "LIFE-1 QUEUE-3 QUEUE-4",
    given((event) => event.kind === "tick" ? null : event),
    "QUEUE-4",
  ),
  broken(
    "sends what is stored in reverse",
    "QUEUE-1",
    editing((effects, event) => {
      const first = effects.findIndex((effect) => effect.kind === "send") + 1;
      if (event.kind !== "socket-opened" || first === 0) return effects;
      return [...effects.slice(0, first), ...effects.slice(first).reverse()];
    }),
  ),
  broken(
    "lets any token take over",
    "OPEN-4",
    given((event) => event.kind === "socket-opened" ? { ...event, token: tokenOf("same") } : event),
  ),
  broken(
    "does not notice a closed socket",
    "LIFE-2",
    given((event) => event.kind === "socket-closed" && event.conn % 3 === 0 ? null : event),
  ),
  broken("does not count the sockets of an address down", "STATE-3", (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    const { addresses } = event.kind === "socket-closed" ? state : next;
    return [{ ...next, addresses }, effects];
  }),
];

function isExpire(effect: Effect): boolean {
  return effect.kind === "send" && effect.text.startsWith('{"type":"EXPIRE"');
}

/** Whether an event is of a socket. */
function hasSocket(event: Event): event is Extract<Event, { readonly conn: ConnId }> {
  return "conn" in event && event.kind !== "engine-answered" && event.kind !== "engine-failed";
}

/** Whether an effect sends one of some messages. */
function isLetter(effect: Effect): boolean {
  const n = effect.kind === "send" ? numberIn(effect.text) : 0;
  return n > 0 && n % 97 === 0;
}
