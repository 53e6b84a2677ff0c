/**
 * The delay of messages that come at a fixed rate, whatever the server does meanwhile. It counts from the instant at
 * which a message was to be sent, so that a server that stalls the load is not measured kindly for it.
 */
import type { Client } from "./client.ts";
import { quantile } from "./results.ts";

/** Delays in microseconds. */
export interface Delays {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** The 99th percentile of how late the load itself sent: the part of the delays that is not the server's. */
  readonly lag: number;
}

/**
 * Clients of whom each has one message loaded for its neighbour, in turn and evenly spaced, until `ms` are over and
 * all that was sent has arrived. Which message a client reads follows from how many it has read: a neighbour's come in
 * the order in which they were sent.
 */
export function openSchedule(
  clients: readonly Client[],
  perSecond: number,
  arrival: (missing: () => number) => Promise<void>,
  { now, turn }: Loop = LOOP,
): (ms: number) => Promise<Delays> {
  const gapMs = 1e3 / perSecond;
  const { length } = clients;
  const readBy = new Uint32Array(length);
  let [startedAt, received] = [0, 0];
  let delays = new Float64Array(0);
  for (const [i, client] of clients.entries()) {
    client.onFrames = (count): void => {
      const since = now() - startedAt;
      for (let left = count; left > 0; left--) {
        const number = (readBy[i] ?? 0) * length + (i ^ 1);
        readBy[i] = (readBy[i] ?? 0) + 1;
        delays[received++] = since - number * gapMs;
      }
    };
  }
  return async (ms) => {
    // Whole rows of clients: all have sent equally often when the next turn begins.
    const total = Math.ceil(ms / gapMs / length) * length;
    delays = new Float64Array(total);
    const lags = new Float64Array(total);
    readBy.fill(0);
    received = 0;
    startedAt = now();
    for (let sent = 0; sent < total; await turn()) {
      const since = now() - startedAt;
      for (; sent < total && sent * gapMs <= since; sent++) {
        lags[sent] = since - sent * gapMs;
        clients[sent % length]?.send(1);
      }
    }
    await arrival(() => total - received);
    const us = (values: Float64Array, share: number): number => 1e3 * quantile(values, share);
    delays.sort();
    return {
      p50: us(delays, 0.5),
      p99: us(delays, 0.99),
      p999: us(delays, 0.999),
      lag: us(lags.sort(), 0.99),
    };
  };
}

/** The event loop of the load. */
interface Loop {
  readonly now: () => number;
  /** Settles after the loop has looked at all sockets once. */
  readonly turn: () => Promise<void>;
}

/** A timer instead of `setImmediate` would take a millisecond, for 30 messages at once. */
const LOOP: Loop = {
  now: () => performance.now(),
  turn: () => new Promise((resolve) => void setImmediate(resolve)),
};
