/**
 * Pending sockets, whose token is being checked outside of the core, or whose id is being claimed in the engine of the
 * cluster: their number, their deadline, and the frames that their clients send meanwhile.
 *
 * @module
 */
import { addDeadline, removeDeadline } from "../collections/deadlines.ts";
import { mapDelete, mapGet, mapSet } from "../collections/persistent_map.ts";
import type { BinaryReceived, FrameReceived, SocketOpened } from "../event.ts";
import { type ConnId, type Millis, millis } from "../ids.ts";
import type { Pending, State } from "../state.ts";
import { forgetUnsent } from "./ask.ts";

/** Milliseconds until a claim is given up: the client comes again, and finds the engine back or another node. */
export const CLAIM_MAX_MS = 3_000;

/** Milliseconds until a check is given up. A check may load keys twice, for at most 5 s each (AUTH-4). */
export const PENDING_MAX_MS = 15_000;

/** The frames that one pending socket may keep, and their characters: room for an offer and its candidates. */
export const EARLY_FRAMES_MAX = 16;
export const EARLY_LENGTH_MAX = 16_384;

/** The characters that all pending sockets together may keep. */
export const EARLY_TOTAL_MAX = 16_777_216;

/** Whether one more socket may be pending: at most as many as there may be clients. */
export function hasPendingRoom({ pending, rules }: State): boolean {
  return pending.size < rules.concurrent_limit;
}

/** Adds a pending socket, for at most `ms` milliseconds. `claim` is the request of its claim. */
export function wait(
  state: State,
  opened: SocketOpened,
  { claim, ms }: { readonly claim: number | null; readonly ms: number },
  now: Millis,
): State {
  const { conn } = opened;
  const until = millis(now + ms);
  return {
    ...state,
    pending: mapSet(state.pending, conn, { opened, claim, until, frames: [], length: 0 }),
    idleCheckAt: addDeadline(state.idleCheckAt, until, conn),
  };
}

/** Removes a pending socket and returns it; `undefined` if `conn` is not pending. */
export function takePending(state: State, conn: ConnId): readonly [State, Pending | undefined] {
  const pending = mapGet(state.pending, conn);
  if (pending === undefined) return [state, undefined];
  const { claim } = pending;
  return [{
    ...(claim === null ? state : forgetUnsent(state, claim)),
    pending: mapDelete(state.pending, conn),
    pendingLength: state.pendingLength - pending.length,
    idleCheckAt: removeDeadline(state.idleCheckAt, pending.until, conn),
  }, pending];
}

/** Keeps a frame until its client is admitted; returns `null` if that is over a limit. */
export function keepEarly(
  state: State,
  pending: Pending,
  frame: FrameReceived | BinaryReceived,
): State | null {
  const added = frame.kind === "frame-received" ? frame.text.length : 0;
  const length = pending.length + added;
  const pendingLength = state.pendingLength + added;
  if (pending.frames.length >= EARLY_FRAMES_MAX) return null;
  if (length > EARLY_LENGTH_MAX || pendingLength > EARLY_TOTAL_MAX) return null;
  const kept: Pending = { ...pending, frames: [...pending.frames, frame], length };
  return { ...state, pending: mapSet(state.pending, frame.conn, kept), pendingLength };
}
