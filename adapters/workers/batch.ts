/**
 * Frames of links from one worker to another, all of one turn of the event loop, as one flat list: a port copies it in
 * a fraction of the time that objects take.
 *
 * The list has for each frame: link, base, `null` or the acknowledgement (link, below, the number of bounces, and of
 * each number and why), the number of what is carried, and of each number, seq, and `null` or type, src, dst and text.
 *
 * @module
 */
import type { LinkFrame, NodeName } from "../../core/cluster/mod.ts";
import { peerId } from "../../core/mod.ts";

export type Batch = readonly Item[];

type Item = string | number | null;
type Carried = LinkFrame["carried"][number];
type Message = NonNullable<Carried["message"]>;
type Bounce = NonNullable<LinkFrame["ack"]>["bounced"][number];

/** Frames to one node that are to become one batch. */
export class BatchWriter {
  #frames: Frame[] = [];

  get isEmpty(): boolean {
    return this.#frames.length === 0;
  }

  /** Adds a frame. What it carries goes into the frame before it if that is of the same link. */
  add({ link, base, ack, carried }: LinkFrame): void {
    const last = this.#frames.at(-1);
    if (
      last === undefined || (carried.length > 0 && last.carried.length > 0 && last.link !== link)
    ) {
      this.#frames.push({ link, base, ack, carried: [...carried] });
      return;
    }
    // An acknowledgement says all that an earlier one does; one that carries nothing says nothing of its own link.
    if (last.carried.length === 0) [last.link, last.base] = [link, base];
    if (ack !== null) last.ack = ack;
    last.carried.push(...carried);
  }

  /** Returns the batch, and begins another. */
  take(): Batch {
    const batch: Item[] = [];
    for (const frame of this.#frames) write(batch, frame);
    this.#frames = [];
    return batch;
  }
}

interface Frame {
  link: number;
  base: number;
  ack: LinkFrame["ack"];
  readonly carried: Carried[];
}

function write(batch: Item[], { link, base, ack, carried }: Frame): void {
  batch.push(link, base);
  if (ack === null) batch.push(null);
  else {
    batch.push(ack.link, ack.below, ack.bounced.length);
    for (const [number, why] of ack.bounced) batch.push(number, why);
  }
  batch.push(carried.length);
  for (const { number, seq, message } of carried) {
    if (message === null) batch.push(number, seq, null);
    else batch.push(number, seq, message.type, message.src, message.dst, message.text);
  }
}

/** The frames of a batch of our own, from one node to another. */
export function readBatch(batch: Batch, from: NodeName, to: NodeName): LinkFrame[] {
  let at = 0;
  const next = (): Item => batch[at++] ?? null;
  const frames: LinkFrame[] = [];
  while (at < batch.length) {
    const [link, base] = [Number(next()), Number(next())];
    const ack = readAck(next);
    const carried = Array.from({ length: Number(next()) }, () => readCarried(next));
    frames.push({ from, to, link, base, ack, carried });
  }
  return frames;
}

function readAck(next: () => Item): LinkFrame["ack"] {
  const link = next();
  if (link === null) return null;
  const below = Number(next());
  const length = Number(next());
  const bounced = Array.from({ length }, (): Bounce => [Number(next()), next() as Bounce[1]]);
  return { link: Number(link), below, bounced };
}

function readCarried(next: () => Item): Carried {
  const [number, seq, type] = [Number(next()), Number(next()), next()];
  if (type === null) return { number, seq, message: null };
  const [src, dst] = [peerId(String(next())), peerId(String(next()))];
  const message: Message = {
    kind: "message",
    type: type as Message["type"],
    src,
    dst,
    text: String(next()),
  };
  return { number, seq, message };
}
