/**
 * Breaks of the state: the order of a tick, wake-ups, and the check of what must hold.
 *
 * @module
 */
import { type Break, breaksOf } from "./break.ts";

const REDUCE = breaksOf("core/reduce.ts", [
  {
    name: "a tick disconnects before it tells",
    rules: ["LIFE-1", "STATE-4"],
    find: "[...told, ...disconnected]",
    put: "[...disconnected, ...told]",
  },
  {
    name: "clients time out before messages expire",
    rules: ["LIFE-1", "QUEUE-3"],
    find:
      "const [expired, told] = expire(state, now);\n  const [next, disconnected] = timeOut(expired, now);",
    put:
      "const [timed, disconnected] = timeOut(state, now);\n  const [next, told] = expire(timed, now);",
  },
  {
    name: "a tick expires nothing",
    rules: ["QUEUE-3"],
    find: "= expire(state, now);",
    put: "= [state, [] as Effect[]];",
  },
  {
    name: "a tick disconnects nobody",
    rules: ["LIFE-1"],
    find: "= timeOut(expired, now);",
    put: "= [expired, [] as Effect[]];",
  },
  {
    name: "a tick returns a new state",
    rules: ["STATE-2"],
    find: "> now) return [state, []];",
    put: "> now) return [{ ...state }, []];",
  },
  {
    name: "what could not be sent is lost with its socket",
    rules: ["MSG-12"],
    find: "return sendFailed(state, event, now);",
    put: "return closed(state, event.conn);",
  },
  {
    name: "a socket without room for a message is closed",
    rules: ["LIMIT-6"],
    find: "return sendRefused(state, event);",
    put: "return closed(state, event.conn);",
  },
]);

const STATE = breaksOf("core/state.ts", [
  {
    name: "the server sleeps through the silence of clients",
    rules: ["LIFE-1", "STATE-2"],
    find: ", look ?? Infinity);",
    put: ");",
  },
  {
    name: "the server sleeps through the expiry of messages",
    rules: ["QUEUE-3", "STATE-2"],
    find: "expiry ?? Infinity, ",
    put: "",
  },
  {
    name: "pairs whose names run together are one",
    rules: ["QUEUE-4"],
    find: "`${src.length}:${src}${dst}`",
    put: "`${src}${dst}`",
  },
  {
    name: "giving up a state forgets one of its maps",
    rules: ["STATE-6"],
    find: "retireMap(state.pairs, newer.pairs);",
    put: "",
  },
  {
    name: "giving up a state gives up the maps that the next one shares with it",
    rules: ["STATE-6"],
    find: "if (old !== newer) mapRetire(old);",
    put: "mapRetire(old);",
  },
  {
    name: "a tree is counted without its later half",
    rules: ["FAULT-25"],
    find: " + deadlineCount(set.later)",
    put: "",
  },
]);

const INVARIANTS = [
  ...breaksOf("core/collections/must.ts", [
    {
      name: "a state that contradicts itself is used all the same",
      rules: ["STATE-3"],
      find: "if (value === undefined) throw",
      put: "if (value === must) throw",
    },
  ]),
  ...breaksOf(
    "core/inspect/invariants.ts",
    ["claim", "deadline", "store", "count", "guard", "bound"].map((name) => ({
      name: `the check of what must hold leaves out: ${name}`,
      rules: ["STATE-3"],
      find: `...${name}Violations(state),`,
      put: "",
    })),
  ),
];

/** Every break of the state as a whole. */
export const STATE_BREAKS: readonly Break[] = [
  ...REDUCE,
  ...STATE,
  ...INVARIANTS,
];
