/**
 * What a client says: refresh it, pass it on, keep it for later, or answer why not.
 *
 * A message is read and written in its sender's turn: whatever goes wrong then is the sender's fault, and
 * reaches nobody else.
 *
 * @module
 */
import { CLOSE, close, type Effect, send } from "../effect.ts";
import type { BinaryReceived, FrameReceived, SendFailed, SendRefused } from "../event.ts";
import {
  decodeFrame,
  decodeParcel,
  encodeTransmission,
  errorFrame,
  isLongerThan,
  type Transmission,
  type TransmissionType,
} from "../wire/frame.ts";
import { payForBytes, payForFrame } from "./allowance.ts";
import { type ConnId, isUsableId, type Millis, type PeerId, peerId } from "../ids.ts";
import { hear, type Paid } from "./liveness.ts";
import { type Parcel, refuseMessage, store } from "./mailbox.ts";
import { mapGet, mapSet } from "../collections/persistent_map.ts";
import { closed, release } from "./session.ts";
import { type Connection, holderOf, type State } from "../state.ts";

/** Handles a message. On a socket that is not, or no longer, a client's, nothing happens. */
export function receiveText(
  state: State,
  { conn, text }: FrameReceived,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const known = mapGet(state.connections, conn);
  if (known === undefined) return [state, []];
  const paidUntil = payForFrame(state.settings, known, now);
  if (paidUntil === null) return cutOff(state, conn, known, "frames");
  if (isLongerThan(text, state.settings.max_message_bytes)) return tooBig(state, conn, known);
  const bytesPaidUntil = payForBytes(state.settings, known, text.length, now);
  if (bytesPaidUntil === null) return cutOff(state, conn, known, "bytes");
  const paid: Paid = { paidUntil, bytesPaidUntil };
  const decoded = decodeFrame(text);
  if (!decoded.ok) return answerFault(state, conn, { ...known, ...paid }, decoded.fault);
  const { frame } = decoded;
  switch (frame.kind) {
    case "heartbeat":
      return [keep(state, conn, hear(known, paid, now)), []];
    case "leave":
      return [release(state, conn, known), [close(conn, CLOSE.left, "Left")]];
    case "unknown-type":
      return [{
        ...keep(state, conn, { ...known, ...paid }),
        unknownTypes: state.unknownTypes + 1,
      }, []];
    case "transmission":
      return transmit(state, conn, hear(known, paid, now), { frame, now });
  }
}

/** Handles a binary message that holds no text. */
export function receiveBinary(
  state: State,
  { conn, bytes }: BinaryReceived,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const connection = mapGet(state.connections, conn);
  if (connection === undefined) return [state, []];
  const paidUntil = payForFrame(state.settings, connection, now);
  if (paidUntil === null) return cutOff(state, conn, connection, "frames");
  if (bytes > state.settings.max_message_bytes) return tooBig(state, conn, connection);
  const bytesPaidUntil = payForBytes(state.settings, connection, bytes, now);
  if (bytesPaidUntil === null) return cutOff(state, conn, connection, "bytes");
  const fault = `A binary frame must hold UTF-8 text: got ${bytes} bytes that are none.`;
  return answerFault(state, conn, { ...connection, paidUntil, bytesPaidUntil }, fault);
}

/**
 * Handles what could not be handed to a socket: the socket counts as closed, and its messages as sent to
 * a peer that is not connected. What the server itself had to say is dropped.
 */
export function sendFailed(
  state: State,
  { conn, texts }: SendFailed,
  now: Millis,
): readonly [State, readonly Effect[]] {
  // When the server stops everything is forgotten: nothing waits any more.
  if (state.stopping) return [state, []];
  const effects: Effect[] = [];
  let [next] = closed(state, conn);
  for (const parcel of texts.map(decodeParcel).filter((parcel) => parcel !== null)) {
    const [forwarded, sent] = forward(next, parcel, now);
    effects.push(...sent);
    next = forwarded;
  }
  return [next, effects];
}

/** Handles a message that its destination's socket had no room for: it is not delivered. */
export function sendRefused(
  state: State,
  { text }: SendRefused,
): readonly [State, readonly Effect[]] {
  const parcel = decodeParcel(text);
  return parcel === null ? [state, []] : refuseMessage(state, parcel.src, parcel.dst);
}

/** Delivers or stores a message: the one place that answers "where does this message go". */
function forward(
  state: State,
  parcel: Parcel,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const holder = holderOf(state, parcel.dst);
  return holder === undefined ? store(state, parcel, now) : [state, [send(holder, parcel.text)]];
}

function transmit(
  state: State,
  conn: ConnId,
  connection: Connection,
  { frame, now }: { readonly frame: Transmission; readonly now: Millis },
): readonly [State, readonly Effect[]] {
  const { type } = frame;
  const { id: src } = connection;
  const { max_id_length } = state.settings;
  const isUsable = frame.isText && isUsableId(frame.dst, max_id_length);
  const dst = isUsable ? frame.dst : cutDestination(frame.dst, max_id_length);
  const heard = keep(state, conn, beginAttempt(connection, type, dst));
  if (type === "LEAVE" && (!isUsable || holderOf(state, dst) === undefined)) return [heard, []];
  if (!isUsable) return refuseMessage(heard, src, dst);
  return forward(heard, { src, dst, text: encodeTransmission(src, frame) }, now);
}

/** What names a destination that no peer can have: kept with its connection, so it is not longer than an id. */
function cutDestination(dst: PeerId, maxLength: number): PeerId {
  return dst.length > maxLength ? peerId(`${dst.slice(0, maxLength)}…`) : dst;
}

/** What a peer offers or answers begins an attempt: it is told anew where that fails. */
function beginAttempt(connection: Connection, type: TransmissionType, dst: PeerId): Connection {
  const { toldFull } = connection;
  if (toldFull.length === 0 || (type !== "OFFER" && type !== "ANSWER")) return connection;
  return { ...connection, toldFull: toldFull.filter((peer) => peer !== dst) };
}

/** Tells a client what was wrong with its frame; one that keeps at it is disconnected. */
function answerFault(
  state: State,
  conn: ConnId,
  connection: Connection,
  fault: string,
): readonly [State, readonly Effect[]] {
  const { max_bad_frames } = state.settings;
  const answer = send(conn, errorFrame(fault));
  const badFrames = connection.badFrames + 1;
  if (badFrames >= max_bad_frames) {
    const reason = `Sent ${badFrames} bad frames in a row`;
    return [release(state, conn, connection), [answer, close(conn, CLOSE.badFrames, reason)]];
  }
  return [keep(state, conn, { ...connection, badFrames }), [answer]];
}

function keep(state: State, conn: ConnId, connection: Connection): State {
  return { ...state, connections: mapSet(state.connections, conn, connection) };
}

function cutOff(
  state: State,
  conn: ConnId,
  connection: Connection,
  what: "frames" | "bytes",
): readonly [State, readonly Effect[]] {
  const { frame_burst, frame_rate, byte_burst, byte_rate } = state.settings;
  const [burst, rate] = what === "frames" ? [frame_burst, frame_rate] : [byte_burst, byte_rate];
  const reason = `Too many ${what}: ${burst} at once and ${rate} a second are allowed`;
  return [
    release(state, conn, connection),
    [send(conn, errorFrame(reason)), close(conn, CLOSE.tooMany, reason)],
  ];
}

function tooBig(
  state: State,
  conn: ConnId,
  connection: Connection,
): readonly [State, readonly Effect[]] {
  const reason = `A message may have at most ${state.settings.max_message_bytes} bytes`;
  return [
    release(state, conn, connection),
    [send(conn, errorFrame(`${reason}: this one has more.`)), close(conn, CLOSE.tooBig, reason)],
  ];
}
