/**
 * What clients send each other, and what came of it, for the level "debug". At any other level it costs one
 * question a frame.
 *
 * @module
 */
import {
  type ConnId,
  decodeFrame,
  decodeParcel,
  type Effect,
  type Frame,
  mapGet,
} from "../../core/mod.ts";
import { isLogged, peerName, shorten, write } from "./log.ts";
import type { Observer } from "../runtime.ts";

/** An observer that logs messages. */
export function trafficObserver(): Observer {
  let nextSerial = 0;
  return (event, _now, effects, state) => {
    const isStored = state.nextSerial > nextSerial;
    nextSerial = state.nextSerial;
    if (event.kind === "send-refused") return logRefused(event.text);
    if (event.kind !== "frame-received" || !isLogged("debug")) return;
    const { conn, text } = event;
    // Where the frame closed its connection, the line about that says why.
    const src = mapGet(state.connections, conn)?.id;
    const decoded = decodeFrame(text);
    if (src === undefined || !decoded.ok) return;
    logFrame(src, decoded.frame, { conn, length: text.length, isStored, effects });
  };
}

/** A message that was handed over after all had no room: its destination reads too slowly. */
function logRefused(given: string): void {
  const parcel = isLogged("debug") ? decodeParcel(given) : null;
  if (parcel === null) return;
  const { src, dst } = parcel;
  const text = `What ${peerName(src)} sent to ${peerName(dst)} was refused: it reads too slowly`;
  write("debug", text, { event: "message-refused", src: shorten(src), dst: shorten(dst) });
}

interface Result {
  readonly conn: ConnId;
  readonly length: number;
  readonly isStored: boolean;
  readonly effects: readonly Effect[];
}

function logFrame(src: string, frame: Frame, result: Result): void {
  if (frame.kind === "unknown-type") {
    const text = `${peerName(src)} sent something of a type that nobody knows: dropped`;
    return write("debug", text, { event: "unknown-type", src: shorten(src) });
  }
  if (frame.kind !== "transmission") return;
  const { type, dst } = frame;
  const { length } = result;
  const outcome = outcomeOf(src, frame, result);
  const text = `${peerName(src)} sent ${type} to ${
    peerName(dst)
  }, ${length} characters: ${outcome}`;
  write("debug", text, {
    event: "message",
    src: shorten(src),
    type,
    dst: shorten(dst),
    characters: length,
    outcome,
  });
}

function outcomeOf(
  src: string,
  { type, dst, isText }: Frame & { kind: "transmission" },
  { conn, isStored, effects }: Result,
): string {
  if (isStored) return "stored, because the peer is not connected";
  const isOwn = isText && dst === src;
  if (isOwn || effects.some((effect) => effect.conn !== conn)) return "handed over";
  if (type === "LEAVE") return "dropped, because the peer is not connected";
  if (effects.length > 0) return "refused, and the sender told so";
  return "refused like those before it, of which the sender was told";
}
