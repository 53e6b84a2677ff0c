/**
 * The ports of a worker to the others. Frames of one turn go as one batch.
 *
 * A worker that does not take what is sent to it is sent no more than {@linkcode UNTAKEN_MAX}: what is more is dropped,
 * and its link sends it again.
 *
 * @module
 */
import type { LinkFrame, NodeName } from "../../core/cluster/mod.ts";
import { type Batch, BatchWriter, readBatch } from "./batch.ts";

/** How many characters one worker may have sent to another that it has not taken yet. */
export const UNTAKEN_MAX = 8_388_608;

/** After so many characters a worker says what it has taken, even if it has nothing else to say. */
const TAKEN_EVERY = 262_144;

/** What a port carries: how many characters the worker that sends it has taken so far, and a batch of frames. */
interface Parcel {
  readonly taken: number;
  readonly length: number;
  readonly batch: Batch;
}

export interface SiblingsPorts {
  readonly own: NodeName;
  readonly receive: (frame: LinkFrame) => void;
  /** Calls `callback` once what this turn brings is done. */
  readonly afterTurn: (callback: () => void) => void;
}

export interface Siblings {
  readonly join: (name: NodeName, port: MessagePort) => void;
  readonly leave: (name: NodeName) => void;
  /** Sends a frame at the end of the turn; `false` if its node is not there. */
  readonly send: (frame: LinkFrame) => boolean;
  readonly stop: () => void;
}

export function createSiblings({ own, receive, afterTurn }: SiblingsPorts): Siblings {
  const known = new Map<NodeName, Sibling>();
  const waiting: Sibling[] = [];

  function join(name: NodeName, port: MessagePort): void {
    const sibling: Sibling = {
      ...{ name, port, writer: new BatchWriter(), isWaiting: false },
      ...{ length: 0, sent: 0, taken: 0, received: 0, said: 0 },
    };
    known.set(name, sibling);
    port.onmessage = ({ data }: MessageEvent<Parcel>) => hear(sibling, data);
  }

  function hear(sibling: Sibling, { taken, length, batch }: Parcel): void {
    sibling.taken = taken;
    sibling.received += length;
    if (sibling.received - sibling.said >= TAKEN_EVERY) wait(sibling);
    for (const frame of readBatch(batch, sibling.name, own)) receive(frame);
  }

  function wait(sibling: Sibling): void {
    if (sibling.isWaiting) return;
    sibling.isWaiting = true;
    if (waiting.push(sibling) === 1) afterTurn(flush);
  }

  function flush(): void {
    for (const sibling of waiting.splice(0)) {
      const { port, writer, length, received } = sibling;
      port.postMessage({ taken: received, length, batch: writer.take() } satisfies Parcel);
      sibling.sent += length;
      sibling.said = received;
      sibling.length = 0;
      sibling.isWaiting = false;
    }
  }

  function send(frame: LinkFrame): boolean {
    const sibling = known.get(frame.to);
    if (sibling === undefined) return false;
    const length = lengthOf(frame);
    if (sibling.sent + sibling.length + length - sibling.taken > UNTAKEN_MAX) return true;
    sibling.length += length;
    sibling.writer.add(frame);
    wait(sibling);
    return true;
  }

  function leave(name: NodeName): void {
    known.get(name)?.port.close();
    known.delete(name);
  }

  return { join, leave, send, stop: () => [...known.keys()].forEach(leave) };
}

interface Sibling {
  readonly name: NodeName;
  readonly port: MessagePort;
  readonly writer: BatchWriter;
  /** Whether something is to be sent at the end of the turn, and how many characters of messages. */
  isWaiting: boolean;
  length: number;
  /** Characters that were sent to it, and of those that it has taken; those it sent, and how many of them it knows. */
  sent: number;
  taken: number;
  received: number;
  said: number;
}

/** What a frame counts as: the characters of its messages, and some for the rest. */
function lengthOf({ carried }: LinkFrame): number {
  let length = FRAME_LENGTH;
  for (const { message } of carried) length += FRAME_LENGTH + (message?.text.length ?? 0);
  return length;
}

const FRAME_LENGTH = 64;
