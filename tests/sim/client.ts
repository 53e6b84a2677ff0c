/**
 * The stock client (`npm:peerjs` 1.5.5), as far as a server can tell: its `Peer` and its `Socket` in one.
 *
 * What it does with a frame, when it sends, what it drops and what it keeps for later is as in its sources,
 * oddities included: what is said before it has an id waits for its socket, what is said between the two is
 * lost.
 */
import type { Agenda } from "./agenda.ts";
import type { Letter } from "./letter.ts";
import type { Endpoint, Link } from "./link.ts";
import type { Network } from "./network.ts";

export interface App {
  readonly onOpen: () => void;
  readonly onMessage: (text: string) => void;
  /** The peer of this id could not be reached. */
  readonly onUnavailable: (id: string) => void;
  readonly onDisconnected: () => void;
  /** It is destroyed: only a new one can connect. */
  readonly onClose: () => void;
}

export interface ClientOptions {
  readonly agenda: Agenda;
  readonly network: Network;
  readonly app: App;
  readonly token: string;
  readonly address: string;
  readonly isRough: boolean;
  readonly isSilent: boolean;
  /** How long from now a timer of 5 s takes: much longer in a tab that nobody looks at. */
  readonly heartbeatMs: () => number;
  readonly onSent: (letter: Letter, link: Link) => void;
}

/** A peer, from its making to its destruction. */
export class Client implements Endpoint {
  #queue: Letter[] = [];
  id: string | null = null;
  #lastServerId: string | null = null;
  link: Link | null = null;
  /** Whether it believes that it is connected. */
  isOpen = false;
  #isDisconnected = false;
  #isDestroyed = false;
  readonly opened = (): void => this.#onSocketOpen();
  readonly message = (text: string): void => this.#onFrame(text);
  readonly closed = (): void => this.#onSocketClosed();

  constructor(private readonly options: ClientOptions) {}

  /** Connects under an id, as `_initialize` does. */
  start(id: string): void {
    if (this.#isDestroyed) return;
    this.id = id;
    if (this.link !== null) return;
    const { network, token, address, isRough, isSilent } = this.options;
    this.link = network.connect({ id, token, address, endpoint: this, isRough, isSilent });
  }

  /** Sends a letter, keeps it, or loses it, as `Socket.send` does. */
  send(letter: Letter): void {
    if (this.id === null && !this.#isDisconnected) this.#queue.push(letter);
    else this.sendRaw(letter.text, letter);
  }

  /** Sends any text, if the socket is open: one of a letter, or none. */
  sendRaw(text: string, letter?: Letter): void {
    const link = this.link;
    if (link === null || !link.isOpen) return;
    if (letter !== undefined) this.options.onSent(letter, link);
    this.options.network.sendUp(link, text);
  }

  /** Closes the socket; the peer can come back. */
  disconnect(): void {
    if (this.#isDisconnected) return;
    this.#isDisconnected = true;
    this.isOpen = false;
    this.#dropSocket();
    this.#lastServerId = this.id;
    this.id = null;
    this.options.app.onDisconnected();
  }

  reconnect(): void {
    if (!this.#isDisconnected || this.#isDestroyed || this.#lastServerId === null) return;
    this.#isDisconnected = false;
    this.start(this.#lastServerId);
  }

  destroy(): void {
    if (this.#isDestroyed) return;
    this.disconnect();
    this.#isDestroyed = true;
    this.options.app.onClose();
  }

  /**
   * The page is closed: the browser closes what the client left open. It can: one that was disconnected
   * before it got its id opens a socket all the same, and does not close it when it is destroyed.
   */
  unload(): void {
    this.destroy();
    this.#dropSocket();
  }

  /** The page is gone without a word: no handler of it runs again, and nothing is closed. */
  vanish(): void {
    this.#isDestroyed = true;
    this.#isDisconnected = true;
    this.isOpen = false;
    if (this.link !== null) this.link.endpoint = null;
    this.link = null;
  }

  #onSocketOpen(): void {
    const queued = this.#queue;
    this.#queue = [];
    for (const letter of queued) this.send(letter);
    this.#scheduleHeartbeat();
  }

  #scheduleHeartbeat(): void {
    const { agenda, heartbeatMs, isSilent } = this.options;
    const link = this.link;
    if (isSilent || link === null) return;
    const beat = (): void => {
      if (this.link !== link) return;
      if (link.frozenUntil > agenda.now) return agenda.at(link.frozenUntil, beat);
      this.sendRaw(HEARTBEAT);
      agenda.after(heartbeatMs(), beat);
    };
    agenda.after(heartbeatMs(), beat);
  }

  #onFrame(text: string): void {
    const { app } = this.options;
    if (text === OPEN) {
      this.#lastServerId = this.id;
      this.isOpen = true;
      app.onOpen();
    } else if (text.startsWith(ERROR) || text.startsWith(ID_TAKEN)) this.#abort();
    else if (text.startsWith(EXPIRE)) app.onUnavailable(String(JSON.parse(text).src));
    else app.onMessage(text);
  }

  #onSocketClosed(): void {
    this.#dropSocket();
    this.disconnect();
  }

  #abort(): void {
    if (this.#lastServerId === null) this.destroy();
    else this.disconnect();
  }

  #dropSocket(): void {
    if (this.link !== null) this.options.network.closeUp(this.link);
    this.link = null;
  }
}

const HEARTBEAT = '{"type":"HEARTBEAT"}';
const OPEN = '{"type":"OPEN"}';
const ERROR = '{"type":"ERROR"';
const ID_TAKEN = '{"type":"ID-TAKEN"';
const EXPIRE = '{"type":"EXPIRE"';
