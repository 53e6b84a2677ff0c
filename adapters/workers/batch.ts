/**
 * Frames of links from one worker to another, all of one turn of the event loop: numbers in one list, and all that is
 * text in one string. A port copies that in half the time that a list of strings takes, and a quarter of that of
 * objects; whoever reads it cuts pieces off the string, which copies nothing.
 *
 * The list has for each frame: link, base, `NONE` or the acknowledgement (link, below, the number of bounces, and of
 * each its number and the place of why in `WHY`), how many messages are carried, and of each number, seq and message,
 * how many are returned, and of each number and message. A message is `NONE`, or the place of its type in `TYPES` and
 * the lengths of src, dst and text, which follow each other in the string.
 *
 * @module
 */
import type { LinkFrame, NodeName, Returned } from "../../core/cluster/mod.ts";
import { copyOf, peerId } from "../../core/mod.ts";

export interface Batch {
  readonly numbers: readonly number[];
  readonly text: string;
}

type Ack = NonNullable<LinkFrame["ack"]>;
type Carried = LinkFrame["carried"][number];
type Message = NonNullable<Carried["message"]>;

const NONE = -1;
const TYPES: readonly Message["type"][] = ["OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"];
const WHY: readonly Ack["bounced"][number][1][] = ["gone", "slow"];

/** Frames to one node that are to become one batch. */
export class BatchWriter {
  #frames: Frame[] = [];

  /** Adds a frame. What it carries goes into the frame before it if that is of the same link. */
  add({ link, base, ack, carried, returned }: LinkFrame): void {
    const last = this.#frames.at(-1);
    if (
      last === undefined || (carried.length > 0 && last.carried.length > 0 && last.link !== link)
    ) {
      this.#frames.push({ link, base, ack, carried: [...carried], returned });
      return;
    }
    // An acknowledgement says all that an earlier one does; one that carries nothing says nothing of its own link.
    if (last.carried.length === 0) [last.link, last.base] = [link, base];
    if (ack !== null) [last.ack, last.returned] = [ack, returned];
    last.carried.push(...carried);
  }

  /** Returns the batch, and begins another. */
  take(): Batch {
    const numbers: number[] = [];
    const texts: string[] = [];
    for (const frame of this.#frames) write(frame, numbers, texts);
    this.#frames = [];
    return { numbers, text: texts.join("") };
  }
}

interface Frame {
  link: number;
  base: number;
  ack: LinkFrame["ack"];
  readonly carried: Carried[];
  returned: LinkFrame["returned"];
}

function write(
  { link, base, ack, carried, returned }: Frame,
  numbers: number[],
  texts: string[],
): void {
  numbers.push(link, base);
  if (ack === null) numbers.push(NONE);
  else {
    numbers.push(ack.link, ack.below, ack.bounced.length);
    for (const [number, why] of ack.bounced) numbers.push(number, WHY.indexOf(why));
  }
  numbers.push(carried.length);
  for (const { number, seq, message } of carried) {
    numbers.push(number, seq);
    writeMessage(message, numbers, texts);
  }
  numbers.push(returned.length);
  for (const [number, message] of returned) {
    numbers.push(number);
    writeMessage(message, numbers, texts);
  }
}

function writeMessage(message: Message | null, numbers: number[], texts: string[]): void {
  if (message === null) return void numbers.push(NONE);
  const { type, src, dst, text } = message;
  numbers.push(TYPES.indexOf(type), src.length, dst.length, text.length);
  texts.push(src, dst, text);
}

/** The frames of a batch of our own, from one node to another. */
export function readBatch({ numbers, text }: Batch, from: NodeName, to: NodeName): LinkFrame[] {
  let [at, end] = [0, 0];
  const next = (): number => numbers[at++] ?? NONE;
  const cut = (length: number): string => text.slice(end, end += length);
  const frames: LinkFrame[] = [];
  while (at < numbers.length) {
    const [link, base] = [next(), next()];
    const ack = readAck(next);
    const message = (): Message | null => readMessage(next, cut);
    const carried = Array.from({ length: next() }, () => {
      const [number, seq] = [next(), next()];
      return { number, seq, message: message() };
    });
    const returned = Array.from({ length: next() }, () => [next(), copied(message())] as const)
      .filter((one): one is Returned => one[1] !== null);
    frames.push({ from, to, link, base, ack, carried, returned });
  }
  return frames;
}

function readAck(next: () => number): LinkFrame["ack"] {
  const link = next();
  if (link === NONE) return null;
  const [below, length] = [next(), next()];
  const bounced = Array.from({ length }, () => [next(), WHY[next()] ?? "gone"] as const);
  return { link, below, bounced };
}

/** What is returned may be kept for long, and the whole batch with it. */
function copied(message: Message | null): Message | null {
  if (message === null) return null;
  const { src, dst, text } = message;
  return { ...message, src: peerId(copyOf(src)), dst: peerId(copyOf(dst)), text: copyOf(text) };
}

function readMessage(next: () => number, cut: (length: number) => string): Message | null {
  const type = TYPES[next()];
  if (type === undefined) return null;
  const [srcLength, dstLength, textLength] = [next(), next(), next()];
  const [src, dst] = [peerId(cut(srcLength)), peerId(cut(dstLength))];
  return { kind: "message", type, src, dst, text: cut(textLength) };
}
