/**
 * Lets two PeerJS clients meet: both open, one connects to the other, and says hello.
 *
 * @typedef {import("./explain.js").Stage} Stage
 *
 * @typedef {{ on(event: string, listener: (value: never) => void): void }} Emitter
 * @typedef {Emitter & { send(data: unknown): void, peerConnection: RTCPeerConnection | null }} Connection
 * @typedef {Emitter & { connect(id: string, options: object): Connection, destroy(): void }} Client
 *
 * @typedef {{ readonly type: string, readonly message: string }} ClientError
 *
 * @typedef {object} Met
 * @property {number} helloMs How long "hello" took from one client to the other.
 * @property {import("./ice.js").Pair | null} pair What they met through; `null` if the browser does not tell.
 *
 * @module
 */

import { pairOf } from "./ice.js";

/** Turns a wait that nothing answers into an explanation. */
const OPEN_MAX_MS = 10_000;
const CONNECT_MAX_MS = 15_000;
const GREET_MAX_MS = 5_000;

export const GREETING = "hello";

/** Why a meeting failed; the message is for whoever reads the console. */
export class MeetingError extends Error {
  /**
   * @param {Stage} stage
   * @param {ClientError | null} error
   */
  constructor(stage, error) {
    super(error?.message ?? `Nothing happened: ${stage}`);
    this.stage = stage;
    this.error = error;
  }
}

/**
 * @param {object} plan
 * @param {readonly [first: Client, second: Client]} plan.clients Just made.
 * @param {string} plan.secondId
 * @param {() => number} plan.now
 * @param {(stage: Stage) => void} plan.onStage
 * @param {(at: number, ms: number) => void} plan.onGreeting When it arrived, and how long it took.
 * @param {AbortSignal} plan.signal Ends the wait when a socket closes.
 * @returns {Promise<Met>}
 * @throws {MeetingError}
 */
export async function meet(
  { clients: [first, second], secondId, now, onStage, onGreeting, signal },
) {
  const heard = heardBy(second);
  /** @type {(stage: Stage, ms: number, ...all: Promise<unknown>[]) => Promise<unknown>} */
  const reach = (stage, ms, ...all) => {
    onStage(stage);
    return within({ stage, ms, signal, clients: [first, second] }, Promise.all(all));
  };
  await reach("open", OPEN_MAX_MS, happens(first, "open"), happens(second, "open"));
  const connection = first.connect(secondId, { reliable: true });
  await reach("connect", CONNECT_MAX_MS, happens(connection, "open"));
  const sentAt = now();
  connection.send(GREETING);
  await reach("greet", GREET_MAX_MS, heard);
  const at = now();
  onGreeting(at, at - sentAt);
  const stats = await connection.peerConnection?.getStats().catch(() => null);
  return { helloMs: at - sentAt, pair: pairOf(stats?.values() ?? []) };
}

/**
 * Settles when the client has got the greeting, over whatever connection.
 *
 * @param {Client} client
 * @returns {Promise<void>}
 */
function heardBy(client) {
  return new Promise((resolve) => {
    client.on("connection", (/** @type {Connection} */ connection) => {
      connection.on("data", (/** @type {unknown} */ data) => {
        if (data === GREETING) resolve();
      });
    });
  });
}

/**
 * @param {Emitter} emitter
 * @param {string} event
 * @returns {Promise<unknown>}
 */
function happens(emitter, event) {
  return new Promise((resolve) => emitter.on(event, resolve));
}

/**
 * The promise, unless its time is over, a client fails, or the signal ends it first.
 *
 * @param {{ stage: Stage, ms: number, signal: AbortSignal, clients: readonly Client[] }} bound
 * @param {Promise<unknown>} promise
 * @returns {Promise<unknown>}
 */
function within({ stage, ms, signal, clients }, promise) {
  return new Promise((resolve, reject) => {
    /** @type {(error: ClientError | null) => void} */
    const fail = (error) => {
      clearTimeout(timer);
      reject(new MeetingError(stage, error));
    };
    const timer = setTimeout(fail, ms, null);
    if (signal.aborted) return fail(null);
    signal.addEventListener("abort", () => fail(null), { once: true });
    for (const client of clients) {
      client.on("error", ({ type, message }) => fail({ type, message }));
    }
    promise.then((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}
