/**
 * The store of the mutable twin: what `core/mailbox.ts` does, in place.
 *
 * @module
 */
import {
  type ConnId,
  type Effect,
  expireFrame,
  type Millis,
  millis,
  type PeerId,
  send,
  STORED_OVERHEAD_BYTES,
  utf8Length,
} from "../../core/mod.ts";
import { TOLD_MAX } from "../../core/mailbox.ts";
import { pairKey } from "../../core/state.ts";
import type { Parked, TwinState } from "./twin_state.ts";

/** What is done where nothing is to be done. */
export const NOTHING: readonly Effect[] = [];

/** A message for somebody who is not there. */
export interface Letter {
  readonly src: PeerId;
  readonly dst: PeerId;
  readonly text: string;
}

/** Keeps a message, or tells its source that there is no room. */
export function park(twin: TwinState, letter: Letter, now: Millis): readonly Effect[] {
  const { src, dst, text } = letter;
  const { queue_limit, source_queue_limit, max_queue_bytes, max_unsent_bytes, expire_timeout } =
    twin.settings;
  const bytes = utf8Length(text) + STORED_OVERHEAD_BYTES;
  const box = twin.boxes.get(dst);
  const ofSource = twin.sources.get(src) ?? 0;
  const hasRoom = (box?.messages.length ?? 0) < queue_limit &&
    (box?.bytes ?? 0) + bytes <= max_unsent_bytes / 2 &&
    ofSource < source_queue_limit && twin.parkedBytes + bytes <= max_queue_bytes;
  if (!hasRoom) return refuseForRoom(twin, src, dst);
  const key = pairKey(src, dst);
  let pair = twin.pairs.get(key);
  if (pair === undefined) twin.pairs.set(key, pair = { key, count: 0, toldBefore: 0 });
  pair.count++;
  const message: Parked = {
    serial: twin.nextSerial++,
    src,
    owner: twin.holders.get(src)?.owner ?? null,
    dst,
    text,
    bytes,
    expiresAt: millis(now + expire_timeout),
    pair,
    earlier: twin.lastParked,
    later: null,
  };
  if (twin.lastParked === null) twin.firstParked = message;
  else twin.lastParked.later = message;
  twin.lastParked = message;
  twin.parkedBytes += bytes;
  twin.sources.set(src, ofSource + 1);
  if (box === undefined) {
    twin.boxes.set(dst, { messages: [message], bytes });
  } else {
    box.messages.push(message);
    box.bytes += bytes;
  }
  return NOTHING;
}

/** Takes out everything that waits for `dst`, to be sent on `conn` after what is in `effects`. */
export function deliver(twin: TwinState, dst: PeerId, conn: ConnId, effects: Effect[]): void {
  const box = twin.boxes.get(dst);
  if (box === undefined) return;
  twin.boxes.delete(dst);
  for (const message of box.messages) {
    effects.push(send(conn, message.text));
    unpark(twin, message);
  }
}

/** Takes out what is due, and tells the sources. */
export function expireParked(twin: TwinState, now: Millis, effects: Effect[]): void {
  for (;;) {
    const message = twin.firstParked;
    if (message === null || message.expiresAt > now) return;
    const { src, dst, pair, serial } = message;
    const source = twin.holders.get(src);
    if (source !== undefined && source.owner === message.owner && serial >= pair.toldBefore) {
      effects.push(send(source.conn, expireFrame(dst, src)));
      pair.toldBefore = twin.nextSerial;
    }
    unpark(twin, message);
    dropFromBox(twin, message);
  }
}

/** Tells a source that there was no room for its message: once an attempt. */
export function refuseForRoom(twin: TwinState, src: PeerId, dst: PeerId): readonly Effect[] {
  const source = twin.holders.get(src);
  if (source === undefined) return NOTHING;
  const told = source.toldFull ??= [];
  if (told.includes(dst)) return NOTHING;
  if (told.length >= TOLD_MAX) told.shift();
  told.push(dst);
  const pair = twin.pairs.get(pairKey(src, dst));
  if (pair !== undefined) pair.toldBefore = twin.nextSerial;
  return [send(source.conn, expireFrame(dst, src))];
}

/** Takes a message out of everything but its box. */
function unpark(twin: TwinState, { src, bytes, pair, earlier, later }: Parked): void {
  if (earlier === null) twin.firstParked = later;
  else earlier.later = later;
  if (later === null) twin.lastParked = earlier;
  else later.earlier = earlier;
  twin.parkedBytes -= bytes;
  const ofSource = (twin.sources.get(src) ?? 0) - 1;
  if (ofSource > 0) twin.sources.set(src, ofSource);
  else twin.sources.delete(src);
  if (--pair.count === 0) twin.pairs.delete(pair.key);
}

/** The oldest of all is the oldest of its box. */
function dropFromBox(twin: TwinState, { dst, bytes }: Parked): void {
  const box = twin.boxes.get(dst);
  if (box === undefined) return;
  box.messages.shift();
  box.bytes -= bytes;
  if (box.messages.length === 0) twin.boxes.delete(dst);
}
