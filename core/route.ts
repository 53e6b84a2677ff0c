/**
 * What a client says: refresh it, pass it on, keep it for later, or answer why not.
 *
 * A message is encoded in its sender's turn: whatever goes wrong while encoding is the sender's fault,
 * and reaches nobody else.
 *
 * @module
 */
import { CLOSE, close, type Effect, send } from "./effect.ts";
import type { BinaryReceived, FrameReceived } from "./event.ts";
import {
  decodeFrame,
  encodeTransmission,
  errorFrame,
  isLongerThan,
  type Transmission,
} from "./frame.ts";
import type { ConnId, Millis } from "./ids.ts";
import { hear } from "./liveness.ts";
import { store } from "./mailbox.ts";
import { mapGet, mapSet } from "./persistent_map.ts";
import { release } from "./session.ts";
import { type Connection, holderOf, type State } from "./state.ts";

/** Handles a text message. On a socket that is not, or no longer, a client's, nothing happens. */
export function receiveText(
  state: State,
  { conn, text }: FrameReceived,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const connection = mapGet(state.connections, conn);
  if (connection === undefined) return [state, []];
  if (isLongerThan(text, state.settings.max_message_bytes)) {
    return tooBig(state, conn, connection);
  }
  const decoded = decodeFrame(text);
  if (!decoded.ok) return answerFault(state, conn, connection, decoded.fault);
  const { frame } = decoded;
  switch (frame.kind) {
    case "heartbeat":
      return [hear(state, conn, connection, now), []];
    case "leave":
      return [release(state, conn, connection), [close(conn, CLOSE.left, "Left")]];
    case "unknown-type":
      return [{ ...state, unknownTypes: state.unknownTypes + 1 }, []];
    case "transmission":
      return transmit(state, conn, connection, { frame, now });
  }
}

/** Handles a binary message: the protocol has none. */
export function receiveBinary(
  state: State,
  { conn, bytes }: BinaryReceived,
): readonly [State, readonly Effect[]] {
  const connection = mapGet(state.connections, conn);
  if (connection === undefined) return [state, []];
  if (bytes > state.settings.max_message_bytes) return tooBig(state, conn, connection);
  const fault = `A frame must be text: got ${bytes} bytes of binary data.`;
  return answerFault(state, conn, connection, fault);
}

/** Delivers or stores a transmission: the one place that answers "where does this message go". */
function transmit(
  state: State,
  conn: ConnId,
  connection: Connection,
  { frame, now }: { readonly frame: Transmission; readonly now: Millis },
): readonly [State, readonly Effect[]] {
  const encoded = encodeTransmission(connection.id, frame);
  if (!encoded.ok) return answerFault(state, conn, connection, encoded.fault);
  const heard = hear(state, conn, connection, now);
  const holder = holderOf(state, frame.dst);
  if (holder !== undefined) return [heard, [send(holder, encoded.text)]];
  if (frame.type === "LEAVE") return [heard, []];
  const parcel = { src: connection.id, dst: frame.dst, text: encoded.text };
  return store(heard, parcel, { sender: conn, now });
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
  const connections = mapSet(state.connections, conn, { ...connection, badFrames });
  return [{ ...state, connections }, [answer]];
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
