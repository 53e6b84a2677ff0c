/**
 * The bytes of the load: frames that are masked once, and a counter of frames that reads nothing but their heads.
 *
 * @module
 */
import { OPCODE } from "../support/raw_socket.ts";

/** Not zero, because a server may leave out the unmasking then. */
const MASK = [0x37, 0xfa, 0x21, 0x3d] as const;

/** The bytes of a frame as a client sends it. The payload has fewer than 64 KiB. */
export function maskedFrame(
  payload: Uint8Array,
  opcode: number = OPCODE.text,
): Uint8Array<ArrayBuffer> {
  const { length } = payload;
  const size = length < 126 ? [0x80 | length] : [0x80 | 126, length >> 8, length & 0xff];
  const head = [0x80 | opcode, ...size, ...MASK];
  const bytes = new Uint8Array(head.length + length);
  bytes.set(head);
  payload.forEach((byte, i) => bytes[head.length + i] = byte ^ (MASK[i & 3] ?? 0));
  return bytes;
}

/** Frames in a row. */
export function concat(frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(frames.reduce((length, frame) => length + frame.length, 0));
  let at = 0;
  for (const frame of frames) {
    bytes.set(frame, at);
    at += frame.length;
  }
  return bytes;
}

/** What came so far. */
export interface Counter {
  texts: number;
  pings: number;
  closes: number;
  /** Takes the bytes of a read from `at` until `end`; frames may be cut anywhere. */
  feed(bytes: Uint8Array, at: number, end: number): void;
}

/** Counts the frames of a server, which are not masked, at their ends. */
export function frameCounter(): Counter {
  const head = new Uint8Array(10);
  let headLength = 0;
  let headSize = 2;
  let left = 0;
  const counter: Counter = { texts: 0, pings: 0, closes: 0, feed };

  function feed(bytes: Uint8Array, at: number, end: number): void {
    while (at < end) {
      if (headLength < headSize) {
        head[headLength++] = bytes[at++] ?? 0;
        if (headLength === 2) headSize = 2 + extendedSize();
        if (headLength < headSize) continue;
        left = payloadLength();
      }
      const taken = Math.min(left, end - at);
      at += taken;
      left -= taken;
      if (left === 0) finishFrame();
    }
  }

  function extendedSize(): number {
    const short = head[1] ?? 0;
    return short < 126 ? 0 : short === 126 ? 2 : 8;
  }

  function payloadLength(): number {
    let length = 0;
    if (headSize === 2) return head[1] ?? 0;
    for (let i = 2; i < headSize; i++) length = length * 256 + (head[i] ?? 0);
    return length;
  }

  function finishFrame(): void {
    const opcode = (head[0] ?? 0) & 0x0f;
    if (opcode === OPCODE.text) counter.texts++;
    else if (opcode === OPCODE.ping) counter.pings++;
    else if (opcode === OPCODE.close) counter.closes++;
    headLength = 0;
    headSize = 2;
  }

  return counter;
}
