/**
 * The whole protocol as one function: it dispatches each event to the module that has its rules.
 *
 * @module
 */
import type { Effect } from "./effect.ts";
import type { ClusterEvent, ClusterStarted, Event } from "./event.ts";
import type { Millis } from "./ids.ts";
import { beginDrain, tendDrain } from "./rules/drain.ts";
import { dismiss, leaveUnanswered, timeOut } from "./rules/liveness.ts";
import { expire } from "./rules/mailbox.ts";
import { receiveBinary, receiveText, sendFailed, sendRefused } from "./rules/relay.ts";
import { closed, open, shutDown } from "./rules/session.ts";
import {
  doorbell,
  engineAnswered,
  engineConnected,
  engineFailed,
  engineLost,
  paused,
  probeHeard,
  settle,
  startCluster,
  tendCluster,
} from "./rules/membership.ts";
import { openPending } from "./rules/open_pending.ts";
import { receiveFrame } from "./rules/courier.ts";
import { nextWakeAt, type State } from "./state.ts";

/**
 * Returns the state after an event, and the effects to perform, in order.
 *
 * `now` is the instant of the event in milliseconds, on a clock that never runs backwards from one call to
 * the next. `state` stays valid and unchanged.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { clientCount, connId, initialState, millis, owner, say, settingsFrom } from "./mod.ts";
 *
 * const first = initialState(settingsFrom());
 * const conn = connId(1);
 * const [state, effects] = reduce(first, {
 *   kind: "socket-opened",
 *   conn,
 *   id: "alice",
 *   token: { owner: owner("t"), length: 1, hasControl: false },
 *   key: "right",
 *   address: "192.0.2.7",
 *   origin: null,
 *   ownOrigin: false,
 *   queryLength: 30,
 *   identity: { kind: "unchecked" },
 * }, millis(0));
 * assertEquals(clientCount(state), 1);
 * assertEquals(effects[1], say(conn, { kind: "open" }));
 * ```
 */
export function reduce(
  state: State,
  event: Event,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const step = react(state, event, now);
  return state.cluster === null ? step : settle(state, step, now);
}

function react(state: State, event: Event, now: Millis): readonly [State, readonly Effect[]] {
  switch (event.kind) {
    case "socket-opened":
      return open(state, event, now);
    case "token-checked":
      return openPending(state, event.conn, event, now);
    case "frame-received":
      return receiveText(state, event, now);
    case "binary-received":
      return receiveBinary(state, event, now);
    case "socket-closed":
      return closed(state, event.conn, { by: "client", code: event.code, reason: "" });
    case "ping-unanswered":
      return leaveUnanswered(state, event.conn);
    case "send-failed":
      return sendFailed(state, event, now);
    case "send-refused":
      return sendRefused(state, event, now);
    case "tick":
      return tick(state, now);
    case "client-dismissed":
      return dismiss(state, event);
    case "drain-requested":
      return beginDrain(state, event, now);
    case "shutdown-requested":
      return shutDown(state);
    case "cluster-started":
      return startCluster(state, event, now);
    case "engine-connected":
    case "engine-lost":
    case "engine-answered":
    case "engine-failed":
    case "doorbell-rang":
    case "probe-heard":
    case "link-received":
    case "paused":
      return state.cluster === null ? [state, []] : reactAsNode(state, event, now);
    default:
      return assertNever(event);
  }
}

function reactAsNode(
  state: State,
  event: Exclude<ClusterEvent, ClusterStarted>,
  now: Millis,
): readonly [State, readonly Effect[]] {
  switch (event.kind) {
    case "engine-connected":
      return engineConnected(state, event, now);
    case "engine-lost":
      return engineLost(state);
    case "engine-answered":
      return engineAnswered(state, event, now);
    case "engine-failed":
      return engineFailed(state, event, now);
    case "doorbell-rang":
      return doorbell(state, now);
    case "probe-heard":
      return probeHeard(state, event.number);
    case "link-received":
      return receiveFrame(state, event.frame, now);
    case "paused":
      return paused(state, event.ms, now);
  }
}

/** Messages expire before clients time out, so that a source that is due in the same tick still gets its `EXPIRE`. */
function tick(state: State, now: Millis): readonly [State, readonly Effect[]] {
  if ((nextWakeAt(state) ?? Infinity) > now) return [state, []];
  const [expired, told] = expire(state, now);
  const [left, disconnected] = timeOut(expired, now);
  const [next, closed] = tendDrain(left, now);
  const effects = [...told, ...disconnected, ...closed];
  if (next.cluster === null) return [next, effects];
  const [tended, caused] = tendCluster(next, now);
  return [tended, [...effects, ...caused]];
}

function assertNever(event: never): never {
  throw new TypeError(`Cannot reduce an event of an unknown kind: ${JSON.stringify(event)}`);
}
