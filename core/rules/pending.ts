/**
 * Sockets that wait until somebody outside says whether their token is good: how many, how long, and what their
 * clients say meanwhile.
 *
 * @module
 */
import { addDeadline, removeDeadline } from "../collections/deadlines.ts";
import { mapDelete, mapGet, mapSet } from "../collections/persistent_map.ts";
import type { BinaryReceived, FrameReceived, SocketOpened } from "../event.ts";
import { type ConnId, type Millis, millis } from "../ids.ts";
import type { Pending, State } from "../state.ts";

/** How long a socket waits, in milliseconds; keys of tokens may take 5 s to come, twice. */
export const PENDING_MAX_MS = 15_000;

/** How many frames of a client wait with it, and how many characters they may have: an offer with its candidates. */
export const EARLY_FRAMES_MAX = 16;
export const EARLY_LENGTH_MAX = 16_384;

/** How many characters the frames of all of them may have. */
export const EARLY_TOTAL_MAX = 16_777_216;

/** Whether one more socket may wait: as many as there may be clients. */
export function hasPendingRoom({ pending, rules }: State): boolean {
  return pending.size < rules.concurrent_limit;
}

/** Lets a socket wait. */
export function wait(state: State, opened: SocketOpened, now: Millis): State {
  const { conn } = opened;
  const until = millis(now + PENDING_MAX_MS);
  return {
    ...state,
    pending: mapSet(state.pending, conn, { opened, until, frames: [], length: 0 }),
    idleCheckAt: addDeadline(state.idleCheckAt, until, conn),
  };
}

/** Takes out a socket that waits; `undefined` where it does not. */
export function takePending(state: State, conn: ConnId): readonly [State, Pending | undefined] {
  const pending = mapGet(state.pending, conn);
  if (pending === undefined) return [state, undefined];
  return [{
    ...state,
    pending: mapDelete(state.pending, conn),
    pendingLength: state.pendingLength - pending.length,
    idleCheckAt: removeDeadline(state.idleCheckAt, pending.until, conn),
  }, pending];
}

/** Keeps a frame until its client is admitted; `null` where it says too much. */
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
