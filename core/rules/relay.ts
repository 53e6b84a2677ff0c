/**
 * Handles the frames of clients: relays a message, stores it, or answers what was wrong.
 *
 * A message is read and written in its sender's turn, so that an error affects the sender alone.
 *
 * @module
 */
import { CLOSE, type CloseCode, type Effect, type Odd, pass, say } from "../effect.ts";
import type { BinaryReceived, FrameReceived, SendFailed, SendRefused } from "../event.ts";
import type { Message, MessageType } from "../message.ts";
import { decodeFrame, encodeMessage, type SentMessage } from "../wire/frame.ts";
import { isLongerThan } from "../wire/text.ts";
import { payForBytes, payForFrame } from "./allowance.ts";
import { sendAtOnce } from "./at_once.ts";
import { isBehind } from "./courier.ts";
import { type ConnId, isUsableId, type Millis, type PeerId, peerId } from "../ids.ts";
import { putBack } from "./idle_check.ts";
import { markAlive, type Paid } from "./liveness.ts";
import { store, turnAway } from "./mailbox.ts";
import { mapGet, mapSet } from "../collections/persistent_map.ts";
import { bounceUnsent } from "./links.ts";
import { keepEarly } from "./pending.ts";
import { hasRoute } from "./routes.ts";
import { closed, disconnect, LAST_WORDS_MS, turnOut } from "./session.ts";
import { type Connection, holderOf, type State } from "../state.ts";

/** Handles a text frame. On a connection that holds no id, a pending socket keeps it; otherwise it is ignored. */
export function receiveText(
  state: State,
  frame: FrameReceived,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const { conn, text } = frame;
  const known = mapGet(state.connections, conn);
  if (known === undefined) return receiveEarly(state, frame);
  const { leftAt } = known;
  if (leftAt !== null) {
    // After that another may have its id.
    const isHeard = now - leftAt < LAST_WORDS_MS;
    return isHeard ? receiveLast(state, frame, known, now) : ignore(state, conn);
  }
  const paidUntil = payForFrame(state.rules, known, now);
  if (paidUntil === null) return cutOff(state, conn, known, "frames");
  if (isLongerThan(text, state.rules.max_message_bytes)) return tooBig(state, conn, known);
  const bytesPaidUntil = payForBytes(state.rules, known, text.length, now);
  if (bytesPaidUntil === null) return cutOff(state, conn, known, "bytes");
  const paid: Paid = { paidUntil, bytesPaidUntil };
  const decoded = decodeFrame(text);
  if (!decoded.ok) return answerFault(state, conn, { ...known, ...paid }, decoded.fault);
  const { frame: said } = decoded;
  switch (said.kind) {
    case "heartbeat":
      return [keep(state, conn, markAlive(known, paid, now)), []];
    case "leave":
      return disconnect(state, { conn }, CLOSE.left, "Left");
    case "unknown-type":
      return [keep(state, conn, { ...known, ...paid }), [odd("unknown-type", conn, known.id)]];
    case "message":
      return receiveMessage(state, conn, markAlive(known, paid, now), { frame: said, now });
  }
}

/** Handles a binary frame that is not text. */
export function receiveBinary(
  state: State,
  frame: BinaryReceived,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const { conn, bytes } = frame;
  const connection = mapGet(state.connections, conn);
  if (connection === undefined) return receiveEarly(state, frame);
  if (connection.leftAt !== null) return ignore(state, conn);
  const paidUntil = payForFrame(state.rules, connection, now);
  if (paidUntil === null) return cutOff(state, conn, connection, "frames");
  if (bytes > state.rules.max_message_bytes) return tooBig(state, conn, connection);
  const bytesPaidUntil = payForBytes(state.rules, connection, bytes, now);
  if (bytesPaidUntil === null) return cutOff(state, conn, connection, "bytes");
  const fault = `A binary frame must hold UTF-8 text: got ${bytes} bytes that are none.`;
  return answerFault(state, conn, { ...connection, paidUntil, bytesPaidUntil }, fault);
}

/**
 * Handles a failed send (MSG-12): the socket counts as closed, and the message is treated as sent to a peer that is
 * not connected. A frame of the server itself is dropped.
 */
export function sendFailed(
  state: State,
  { conn, message }: SendFailed,
  now: Millis,
): readonly [State, readonly Effect[]] {
  // After a shutdown the state is empty, and nothing may be stored.
  if (state.stopping) return [state, []];
  const [next, effects] = closed(state, conn, CUT_OFF);
  if (message === null || !isKept(message)) return [next, effects];
  const bounced = bounceUnsent(next, message, "gone", now);
  if (bounced !== null) return [bounced, effects];
  const [forwarded, sent] = forward(next, message, now);
  return [forwarded, [...effects, ...sent]];
}

/** Handles a message that was not sent because its destination has too much unsent (LIMIT-6). */
export function sendRefused(
  state: State,
  { message }: SendRefused,
  now: Millis,
): readonly [State, readonly Effect[]] {
  if (!isKept(message)) return [state, []];
  const bounced = bounceUnsent(state, message, "slow", now);
  return bounced === null ? turnAway(state, message, "slow-reader") : [bounced, []];
}

/** Whether an unsent message is stored, or answered with an `EXPIRE`. */
function isKept({ type }: Message): boolean {
  return type === "OFFER" || type === "ANSWER" || type === "CANDIDATE";
}

const CUT_OFF = {
  by: "server",
  code: CLOSE.tryAgainLater,
  reason: "It did not read what was sent to it, or is gone",
} as const;

/** Keeps a frame of a pending socket; ignores one of an unknown connection. */
function receiveEarly(
  state: State,
  frame: FrameReceived | BinaryReceived,
): readonly [State, readonly Effect[]] {
  const { conn } = frame;
  const pending = mapGet(state.pending, conn);
  if (pending === undefined) return [state, [odd("ignored", conn, null)]];
  const kept = keepEarly(state, pending, frame);
  if (kept !== null) return [kept, []];
  return turnOut(state, conn, CLOSE.tooMany, "Sent too much before it was admitted");
}

function ignore(state: State, conn: ConnId): readonly [State, readonly Effect[]] {
  return [state, [odd("ignored", conn, null)]];
}

/**
 * Handles what a client had said before it heard that a drain closes it: its messages within the limits count, as long
 * as it could not know. It can be told nothing any more.
 */
function receiveLast(
  state: State,
  { conn, text }: FrameReceived,
  known: Connection,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const ignored = ignore(state, conn);
  const paidUntil = payForFrame(state.rules, known, now);
  const bytesPaidUntil = payForBytes(state.rules, known, text.length, now);
  if (paidUntil === null || bytesPaidUntil === null) return ignored;
  if (isLongerThan(text, state.rules.max_message_bytes)) return ignored;
  const decoded = decodeFrame(text);
  if (!decoded.ok || decoded.frame.kind !== "message") return ignored;
  const paid = { ...known, paidUntil, bytesPaidUntil };
  return receiveMessage(state, conn, paid, { frame: decoded.frame, now });
}

/**
 * Sends a message to the holder of its destination, or stores it if nobody holds that id. During a drain its two ends
 * are closed last.
 */
function forward(
  given: State,
  message: Message,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const { src, dst } = message;
  const state = given.drain === null ? given : putBack(putBack(given, src), dst);
  const holder = holderOf(state, dst);
  if (holder !== undefined && !isBehind(state, dst)) return [state, [pass(holder, message)]];
  const sent = holder === undefined ? sendAtOnce(state, message, now) : null;
  return sent ?? store(state, message, now);
}

function receiveMessage(
  state: State,
  conn: ConnId,
  connection: Connection,
  { frame, now }: { readonly frame: SentMessage; readonly now: Millis },
): readonly [State, readonly Effect[]] {
  const { type } = frame;
  const { id: src } = connection;
  const { max_id_length } = state.rules;
  const isUsable = frame.isText && isUsableId(frame.dst, max_id_length);
  const dst = isUsable ? frame.dst : cutDestination(frame.dst, max_id_length);
  const heard = keep(state, conn, beginAttempt(connection, type, dst));
  const text = encodeMessage(src, isUsable ? frame : { ...frame, dst });
  const message: Message = { kind: "message", type, src, dst, text };
  if (type === "LEAVE" && !(isUsable && isReachable(state, dst, now))) {
    const note = { kind: "note", what: "undelivered", message, why: "absent" } as const;
    return [heard, [{ ...note, isTold: false }]];
  }
  return isUsable ? forward(heard, message, now) : turnAway(heard, message, "no-such-id");
}

function isReachable(state: State, dst: PeerId, now: Millis): boolean {
  return holderOf(state, dst) !== undefined || hasRoute(state, dst, now);
}

/** Cuts an impossible destination: `refusalsTold` keeps it, so it may not be much longer than an id. */
function cutDestination(dst: PeerId, maxLength: number): PeerId {
  return dst.length > maxLength ? peerId(`${dst.slice(0, maxLength)}…`) : dst;
}

/** An `OFFER` or `ANSWER` begins an attempt: its refusal gets an `EXPIRE` again. */
function beginAttempt(connection: Connection, type: MessageType, dst: PeerId): Connection {
  const { refusalsTold } = connection;
  if (refusalsTold.length === 0 || (type !== "OFFER" && type !== "ANSWER")) return connection;
  return { ...connection, refusalsTold: refusalsTold.filter((peer) => peer !== dst) };
}

/** Answers a bad frame with its fault; `max_bad_frames` in a row disconnect the client. */
function answerFault(
  state: State,
  conn: ConnId,
  connection: Connection,
  fault: string,
): readonly [State, readonly Effect[]] {
  const { id } = connection;
  const answer = say(conn, { kind: "error", msg: fault, to: id });
  const note = odd("bad-frame", conn, id);
  const badFrames = connection.badFrames + 1;
  if (badFrames >= state.rules.max_bad_frames) {
    const reason = `Sent ${badFrames} bad frames in a row`;
    const [next, ended] = disconnect(state, { conn }, CLOSE.badFrames, reason);
    return [next, [answer, note, ...ended]];
  }
  return [keep(state, conn, { ...connection, badFrames }), [answer, note]];
}

function keep(state: State, conn: ConnId, connection: Connection): State {
  return { ...state, connections: mapSet(state.connections, conn, connection) };
}

function odd(what: Odd["what"], conn: ConnId, id: PeerId | null): Odd {
  return { kind: "note", what, conn, id };
}

function cutOff(
  state: State,
  conn: ConnId,
  { id }: Connection,
  what: "frames" | "bytes",
): readonly [State, readonly Effect[]] {
  const { frame_burst, frame_rate, byte_burst, byte_rate } = state.rules;
  const [burst, rate] = what === "frames" ? [frame_burst, frame_rate] : [byte_burst, byte_rate];
  const reason = `Too many ${what}: ${burst} at once and ${rate} a second are allowed`;
  return end(state, { conn, id }, CLOSE.tooMany, reason, reason);
}

function tooBig(
  state: State,
  conn: ConnId,
  { id }: Connection,
): readonly [State, readonly Effect[]] {
  const reason = `A message may have at most ${state.rules.max_message_bytes} bytes`;
  return end(state, { conn, id }, CLOSE.tooBig, reason, `${reason}: this one has more.`);
}

/** Disconnects a client after an `ERROR` that says why. */
function end(
  state: State,
  { conn, id }: { readonly conn: ConnId; readonly id: PeerId },
  code: CloseCode,
  reason: string,
  msg: string,
): readonly [State, readonly Effect[]] {
  const [next, ended] = disconnect(state, { conn }, code, reason);
  return [next, [say(conn, { kind: "error", msg, to: id }), ...ended]];
}
