/**
 * A WebSocket of `npm:ws` that hands over a bounded number of messages in one turn of the event loop.
 *
 * A chunk of 64 KiB holds 9,000 tiny frames, and while `npm:ws` reads them Deno reads from no other connection
 * (measured: four clients that send 4,000 frames at once delayed everybody by 400 ms).
 *
 * @module
 */
// @ts-types="@types/ws"
import { WebSocket } from "ws";

/** How many messages a socket hands over in a turn. */
export const TURN_MESSAGES = 128;

/** How many messages of a socket wait for its next turn; with more, the oldest does not wait. */
export const WAITING_MESSAGES = 1_024;

/**
 * A socket that takes turns: after 128 messages nothing more is read from its connection, and what it sent in the
 * same chunk waits for the next turn. No order changes: a close comes after the messages before it.
 */
export class FairSocket extends WebSocket {
  #inTurn = 0;
  #waiting: (readonly unknown[])[] = [];

  /** Tells listeners of an event of the socket. */
  override emit(name: string | symbol, ...values: unknown[]): boolean {
    if (name === "message") return this.#receive(values);
    if (name === "close") this.#handOver(this.#waiting.length);
    return super.emit(name, ...values);
  }

  #receive(values: readonly unknown[]): boolean {
    if (this.#inTurn < TURN_MESSAGES) {
      if (++this.#inTurn === TURN_MESSAGES) setTimeout(() => this.#nextTurn(), 0);
      return super.emit("message", ...values);
    }
    if (this.#waiting.length === 0) this.pause();
    else if (this.#waiting.length === WAITING_MESSAGES) this.#handOver(1);
    this.#waiting.push(values);
    return true;
  }

  #nextTurn(): void {
    const wasWaiting = this.#waiting.length > 0;
    this.#handOver(TURN_MESSAGES);
    this.#inTurn = this.#waiting.length > 0 ? TURN_MESSAGES : 0;
    if (this.#waiting.length > 0) setTimeout(() => this.#nextTurn(), 0);
    else if (wasWaiting) this.resume();
  }

  #handOver(count: number): void {
    for (const values of this.#waiting.splice(0, count)) super.emit("message", ...values);
  }
}
