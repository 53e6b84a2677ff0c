/**
 * The ports of a worker to the others. Frames of one turn go as one batch. A port loses nothing, and what it may have
 * on its way is bounded by the links (`core/rules/link_room.ts`).
 *
 * @module
 */
import type { LinkFrame, NodeName } from "../../core/cluster/mod.ts";
import { type Batch, BatchWriter, readBatch } from "./batch.ts";

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
    const sibling: Sibling = { name, port, writer: new BatchWriter(), isWaiting: false };
    known.set(name, sibling);
    port.onmessage = ({ data }: MessageEvent<Batch>) => {
      for (const frame of readBatch(data, name, own)) receive(frame);
    };
  }

  function flush(): void {
    for (const sibling of waiting.splice(0)) {
      sibling.isWaiting = false;
      sibling.port.postMessage(sibling.writer.take());
    }
  }

  function send(frame: LinkFrame): boolean {
    const sibling = known.get(frame.to);
    if (sibling === undefined) return false;
    sibling.writer.add(frame);
    if (sibling.isWaiting) return true;
    sibling.isWaiting = true;
    if (waiting.push(sibling) === 1) afterTurn(flush);
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
  /** Whether something is to be sent at the end of the turn. */
  isWaiting: boolean;
}
