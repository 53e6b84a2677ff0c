/**
 * A socket of `npm:ws` as the server uses it, with a watch that pings it and detects dead clients and floods.
 *
 * Its listeners are functions that all sockets share, because a closure for each event of each socket takes 2 KB a
 * connection. A socket is looked at again only when its check is due: a message costs no timer, and nothing loops over
 * all sockets.
 *
 * @module
 */
import type { Duplex } from "node:stream";
import { type Millis, millis } from "../../../core/mod.ts";
import { scheduleTimeout } from "../../clock.ts";
import type { Link, SocketEventHandler, SocketEventType, SocketLike } from "../../sockets/link.ts";
import { WebSocket } from "../../ws.ts";
import type { Checked, Checks } from "./checks.ts";

/** A socket of `npm:ws` that knows its owner. */
export class OwnedSocket extends WebSocket {
  owner: NodeSocket | null = null;
}

/** How long a client may be silent, and what looks at it. */
export interface SocketWatch {
  readonly pingTimeoutMs: number;
  readonly checks: Checks;
  /** The time of the loop in milliseconds, which excludes pauses of the process. */
  readonly now: () => number;
}

/** A socket that is open, until it closes. */
export class NodeSocket implements SocketLike, Checked {
  readonly serial: Checked["serial"];
  dueAt: Millis = millis(0);
  readonly #socket: OwnedSocket;
  readonly #watch: SocketWatch;
  #handler: SocketEventHandler | null = null;
  #link: Pick<Link, "pingUnanswered"> | null = null;
  #heardAt: number;
  #controlFrames = 0;
  #secondBeganAt: number;
  #lateBytes = 0;
  /** Cancels the end of a connection that goes on sending. */
  #cancel: (() => void) | null = null;

  constructor(socket: OwnedSocket, connection: Duplex, watch: SocketWatch) {
    this.#socket = socket;
    this.#watch = watch;
    this.#heardAt = watch.now();
    this.#secondBeganAt = this.#heardAt;
    this.serial = watch.checks.nextSerial();
    watch.checks.add(this, watch.pingTimeoutMs / 2);
    socket.owner = this;
    socket.on("message", onMessage).on("close", onClose).on("error", onError);
    socket.on("ping", onControl).on("pong", onControl);
    connection.on("data", ({ length }: Uint8Array) => this.#heard(length));
  }

  get readyState(): number {
    return this.#socket.readyState;
  }

  get bufferedAmount(): number {
    return this.#socket.bufferedAmount;
  }

  /** One handler gets all events. */
  addEventListener(_type: SocketEventType, handler: SocketEventHandler): void {
    this.#handler = handler;
  }

  send(text: string): void {
    this.#socket.send(text);
  }

  close(code: number, reason: string): void {
    this.#socket.close(code, reason);
  }

  terminate(): void {
    this.#socket.terminate();
  }

  /**
   * Pings the client after half of `pingTimeoutMs` in silence, and ends the connection after all of it. `link` is told
   * so before.
   */
  watchFor(link: Pick<Link, "pingUnanswered">): void {
    this.#link = link;
  }

  received(data: unknown): void {
    this.#handler?.handleEvent({ type: "message", data });
  }

  closed(code: number): void {
    this.#watch.checks.delete(this);
    this.#cancel?.();
    this.#handler?.handleEvent({ type: "close", code });
  }

  /** More than 32 pings and pongs in a second close the socket with 1008. */
  countControl(): void {
    const at = this.#watch.now();
    if (at - this.#secondBeganAt >= 1_000) {
      this.#secondBeganAt = at;
      this.#controlFrames = 0;
    }
    this.#controlFrames++;
    if (this.#controlFrames > CONTROL_FRAMES_MAX) {
      this.#socket.close(POLICY_VIOLATION, "Too many pings");
    }
  }

  check(): void {
    const { pingTimeoutMs, now, checks } = this.#watch;
    const socket = this.#socket;
    const silentMs = now() - this.#heardAt;
    if (silentMs >= pingTimeoutMs) {
      if (socket.readyState === socket.OPEN) this.#link?.pingUnanswered();
      // The core closes the socket of a client. One that it does not know is still open.
      if (socket.readyState === socket.OPEN) socket.terminate();
      return;
    }
    const isQuiet = silentMs >= pingTimeoutMs / 2;
    if (isQuiet && socket.readyState === socket.OPEN) socket.ping();
    const dueMs = isQuiet ? pingTimeoutMs : pingTimeoutMs / 2;
    checks.add(this, dueMs - silentMs);
  }

  #heard(bytes: number): void {
    this.#heardAt = this.#watch.now();
    if (this.#socket.readyState !== this.#socket.OPEN) this.#discard(bytes);
  }

  /**
   * Counts data after the close. Past 1 MiB it ends the connection, with a delay that lets the close frame arrive.
   */
  #discard(bytes: number): void {
    const wasLate = this.#lateBytes > LATE_BYTES_MAX;
    this.#lateBytes += bytes;
    if (wasLate || this.#lateBytes <= LATE_BYTES_MAX) return;
    this.#socket.pause();
    this.#watch.checks.delete(this);
    this.#cancel = scheduleTimeout(() => this.#socket.terminate(), LATE_GRACE_MS);
  }
}

function ownerOf(socket: WebSocket): NodeSocket | null {
  return socket instanceof OwnedSocket ? socket.owner : null;
}

/** A text comes as bytes too. */
function onMessage(this: WebSocket, data: unknown, isBinary: boolean): void {
  ownerOf(this)?.received(isBinary ? data : String(data));
}

function onClose(this: WebSocket, code: number): void {
  ownerOf(this)?.closed(code);
}

function onControl(this: WebSocket): void {
  ownerOf(this)?.countControl();
}

/** `npm:ws` has sent a close frame already. Without a listener an "error" event ends the process. */
const onError = (): void => {};

/** What a client may have sent before the close frame reaches it. The largest burst of a mesh fits. */
const LATE_BYTES_MAX = 1_048_576;
const LATE_GRACE_MS = 1_000;

/** Per second. Browsers send no pings, libraries one every few seconds. */
const CONTROL_FRAMES_MAX = 32;

/** RFC 6455, section 7.4.1. */
const POLICY_VIOLATION = 1008;
