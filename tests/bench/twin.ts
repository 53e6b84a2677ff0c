/**
 * The mutable twin: the whole protocol of `core/SPEC.md` as one server that changes its records in place.
 *
 * It is what the reducer is measured against. The rules, the bounds and the texts are the same, and what
 * holds no state (the wire, addresses, effects) is the core's own, so that the two differ in one thing: where
 * the state lives. No version of it survives a step. `twin_test.ts` holds it to the effects of `reduce`.
 *
 * @module
 */
import {
  type BinaryReceived,
  CLOSE,
  close,
  type CloseCode,
  decodeFrame,
  type Effect,
  encodeTransmission,
  errorFrame,
  type Event,
  type FrameReceived,
  isLongerThan,
  type Millis,
  millis,
  send,
  type SendFailed,
  type SendRefused,
  type Settings,
  type Transmission,
} from "../../core/mod.ts";
import { decodeParcel } from "../../core/frame.ts";
import { heapDelay } from "./twin_heap.ts";
import { answerWaiters, clear, enter, hangUp, stop } from "./twin_session.ts";
import { type Client, type TwinState, twinState } from "./twin_state.ts";
import { expireParked, type Letter, NOTHING, park, refuseForRoom } from "./twin_store.ts";

/** A server that is changed by every step. */
export interface Twin {
  /** What it is to do about an event at `now`, in order. */
  readonly step: (event: Event, now: Millis) => readonly Effect[];
  /** When something is next due, or `null`. */
  readonly nextWakeAt: () => Millis | null;
}

/** Starts a server with nobody connected. */
export function createTwin(settings: Settings): Twin {
  const twin = twinState(settings);
  return { step: (event, now) => step(twin, event, now), nextWakeAt: () => nextWakeAt(twin) };
}

function step(twin: TwinState, event: Event, now: Millis): readonly Effect[] {
  switch (event.kind) {
    case "socket-opened":
      return enter(twin, event, now);
    case "frame-received":
      return receiveText(twin, event, now);
    case "binary-received":
      return receiveBinary(twin, event, now);
    case "socket-closed":
      hangUp(twin, event.conn);
      return NOTHING;
    case "send-failed":
      return sendFailed(twin, event, now);
    case "send-refused":
      return sendRefused(twin, event);
    case "tick":
      return tick(twin, now);
    case "shutdown-requested":
      return stop(twin);
  }
}

function nextWakeAt({ firstParked, lookAt, answerAt }: TwinState): Millis | null {
  const earliest = Math.min(
    firstParked?.expiresAt ?? Infinity,
    lookAt[0]?.at ?? Infinity,
    answerAt[0]?.at ?? Infinity,
  );
  return earliest === Infinity ? null : millis(earliest);
}

function tick(twin: TwinState, now: Millis): readonly Effect[] {
  const wakeAt = nextWakeAt(twin);
  if (wakeAt === null || wakeAt > now) return NOTHING;
  const effects: Effect[] = [];
  expireParked(twin, now, effects);
  answerWaiters(twin, now, effects);
  timeOut(twin, now, effects);
  return effects;
}

function timeOut(twin: TwinState, now: Millis, effects: Effect[]): void {
  const { alive_timeout } = twin.settings;
  for (;;) {
    const client = twin.lookAt[0];
    if (client === undefined || client.at > now) return;
    const silentAt = millis(client.heardAt + alive_timeout);
    if (silentAt > client.at) {
      heapDelay(twin.lookAt, client, silentAt);
    } else {
      clear(twin, client);
      effects.push(close(client.conn, CLOSE.timedOut, `No valid message for ${alive_timeout} ms`));
    }
  }
}

function receiveText(
  twin: TwinState,
  { conn, text }: FrameReceived,
  now: Millis,
): readonly Effect[] {
  const client = twin.clients.get(conn);
  if (client === undefined) return NOTHING;
  if (!pay(twin, client, now)) return tooMany(twin, client);
  if (isLongerThan(text, twin.settings.max_message_bytes)) return tooBig(twin, client);
  const decoded = decodeFrame(text);
  if (!decoded.ok) return answerFault(twin, client, decoded.fault);
  const { frame } = decoded;
  switch (frame.kind) {
    case "heartbeat":
      hear(client, now);
      return NOTHING;
    case "leave":
      clear(twin, client);
      return [close(conn, CLOSE.left, "Left")];
    case "unknown-type":
      twin.unknownTypes++;
      return NOTHING;
    case "transmission":
      return transmit(twin, client, frame, now);
  }
}

function receiveBinary(
  twin: TwinState,
  { conn, bytes }: BinaryReceived,
  now: Millis,
): readonly Effect[] {
  const client = twin.clients.get(conn);
  if (client === undefined) return NOTHING;
  if (!pay(twin, client, now)) return tooMany(twin, client);
  if (bytes > twin.settings.max_message_bytes) return tooBig(twin, client);
  return answerFault(twin, client, `A frame must be text: got ${bytes} bytes of binary data.`);
}

function sendFailed(
  twin: TwinState,
  { conn, texts }: SendFailed,
  now: Millis,
): readonly Effect[] {
  hangUp(twin, conn);
  const effects: Effect[] = [];
  for (const text of texts) {
    const letter = decodeParcel(text);
    if (letter !== null) effects.push(...forward(twin, letter, now));
  }
  return effects;
}

function sendRefused(twin: TwinState, { text }: SendRefused): readonly Effect[] {
  const letter = decodeParcel(text);
  return letter === null ? NOTHING : refuseForRoom(twin, letter.src, letter.dst);
}

function forward(twin: TwinState, letter: Letter, now: Millis): readonly Effect[] {
  const holder = twin.holders.get(letter.dst);
  return holder === undefined ? park(twin, letter, now) : [send(holder.conn, letter.text)];
}

function transmit(
  twin: TwinState,
  client: Client,
  frame: Transmission,
  now: Millis,
): readonly Effect[] {
  const { type, dst } = frame;
  const text = encodeTransmission(client.id, frame);
  hear(client, now);
  if (client.toldFull !== null && (type === "OFFER" || type === "ANSWER")) {
    client.toldFull = client.toldFull.filter((peer) => peer !== dst);
  }
  if (type === "LEAVE" && !twin.holders.has(dst)) return NOTHING;
  return forward(twin, { src: client.id, dst, text }, now);
}

function hear(client: Client, now: Millis): void {
  client.heardAt = millis(Math.max(client.heardAt, now));
  client.badFrames = 0;
}

/** Whether the frame is within the rate, and if so takes its price. */
function pay({ settings }: TwinState, client: Client, now: Millis): boolean {
  const { frame_rate, frame_burst } = settings;
  if (frame_rate === 0) return true;
  const priceMs = 1_000 / frame_rate;
  const next = Math.max(client.paidUntil, now) + priceMs;
  if (next - now > (frame_burst + 0.5) * priceMs) return false;
  client.paidUntil = millis(next);
  return true;
}

function answerFault(twin: TwinState, client: Client, fault: string): readonly Effect[] {
  const { conn } = client;
  const answer = send(conn, errorFrame(fault));
  client.badFrames++;
  if (client.badFrames < twin.settings.max_bad_frames) return [answer];
  clear(twin, client);
  return [answer, close(conn, CLOSE.badFrames, `Sent ${client.badFrames} bad frames in a row`)];
}

function tooMany(twin: TwinState, client: Client): readonly Effect[] {
  const { frame_rate, frame_burst } = twin.settings;
  const reason = `Too many frames: ${frame_burst} at once and ${frame_rate} a second are allowed`;
  return cutOff(twin, client, { code: CLOSE.tooMany, msg: reason, reason });
}

function tooBig(twin: TwinState, client: Client): readonly Effect[] {
  const reason = `A message may have at most ${twin.settings.max_message_bytes} bytes`;
  const msg = `${reason}: this one has more.`;
  return cutOff(twin, client, { code: CLOSE.tooBig, msg, reason });
}

function cutOff(
  twin: TwinState,
  client: Client,
  { code, msg, reason }: Readonly<{ code: CloseCode; msg: string; reason: string }>,
): readonly Effect[] {
  clear(twin, client);
  return [send(client.conn, errorFrame(msg)), close(client.conn, code, reason)];
}
