/**
 * The server's end of all links: does what `adapters/sockets/sockets.ts` does, on links instead of WebSockets.
 *
 * The same happens at the same moments: a text for a socket that is no longer open, or was cut off, is
 * "gone"; one that would have too much unsent is "full", unless its reader read nothing for too long;
 * whoever leaves much unread for `unsent_timeout` is cut off. What a link has unsent is what came at this
 * instant, and, for a client that is frozen, what the buffers of the kernels do not hold.
 */
import { type Close, type ConnId, connId, type Event, type Send } from "../../core/mod.ts";
import { opening } from "../support/world.ts";
import type { Agenda } from "./agenda.ts";
import type { Dice } from "./dice.ts";
import type { Link } from "./link.ts";
import type { Network } from "./network.ts";

export interface SocketsOptions {
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly settings: { readonly max_unsent_bytes: number; readonly unsent_timeout: number };
  /** What the buffers of both kernels hold for a client that does not read, in bytes. */
  readonly kernelBytes: number;
  readonly dispatch: (event: Event) => void;
  readonly network: () => Network;
  readonly onClose: (link: Link, code: Close["code"]) => void;
}

export class SimSockets {
  readonly #open = new Map<ConnId, Link>();
  readonly #slow = new Map<ConnId, { expected: number; since: number }>();
  #lastSerial = 0;
  #isWatching = false;

  constructor(private readonly options: SocketsOptions) {}

  /** A request for a socket came in. Its opening is reported a moment later: one may overtake another. */
  accept(link: Link): void {
    const { agenda, dice } = this.options;
    const conn = connId(++this.#lastSerial);
    link.conn = conn;
    link.serverEnd = "open";
    this.#open.set(conn, link);
    const openingMs = dice.isLucky(0.05) ? dice.between(5, 500) : dice.between(0, 2);
    agenda.after(openingMs, () => this.#begin(link, conn));
  }

  /** Something arrived on a link; a socket that was told to close is mute. */
  receive(link: Link, text: string): void {
    if (link.serverEnd !== "open" || link.conn === null) return;
    if (link.isBegun) this.#hand(link.conn, text);
    else if (link.early.length < EARLY_MAX) link.early.push(text);
    else this.#finish(link);
  }

  /** A socket is no longer open. Until its close is reported, what is sent on it fails. */
  lost(link: Link): void {
    const { agenda, dice, dispatch } = this.options;
    const { conn } = link;
    if (link.serverEnd !== "open" || conn === null) return;
    link.serverEnd = "closing";
    const reportMs = dice.isLucky(0.1) ? dice.between(5, 300) : dice.between(0, 1);
    agenda.after(reportMs, () => {
      // Some are lost without a word, which shows when a ping is not answered.
      if (dice.isLucky(0.1)) dispatch({ kind: "ping-unanswered", conn });
      if (!this.#detach(link)) return;
      dispatch({ kind: "socket-closed", conn, code: 1006 });
      // An adapter may report a close more than once.
      if (dice.isLucky(0.02)) dispatch({ kind: "socket-closed", conn, code: 1006 });
    });
  }

  perform(effect: Send | Close): void {
    const link = this.#open.get(effect.conn);
    if (effect.kind === "send") return this.#send(link, effect);
    if (link === undefined) return;
    this.options.onClose(link, effect.code);
    this.#finish(link);
  }

  linkOf(conn: ConnId): Link | undefined {
    return this.#open.get(conn);
  }

  #send(link: Link | undefined, { conn, text, meaning }: Send): void {
    const { settings, dispatch, network } = this.options;
    const message = meaning.kind === "message" ? meaning : null;
    if (link === undefined || link.serverEnd !== "open") {
      return dispatch({ kind: "send-failed", conn, message });
    }
    const unsent = this.#unsentOf(link);
    const isOver = unsent + text.length > settings.max_unsent_bytes;
    if (isOver || unsent > WATCHED_BYTES) {
      this.#watch(conn, unsent);
      if (isOver) {
        if (message !== null) dispatch({ kind: "send-refused", conn, message });
        return;
      }
      const slow = this.#slow.get(conn);
      if (slow !== undefined) slow.expected = unsent + text.length;
    }
    link.turnBytes += text.length;
    link.frozenBytes += text.length;
    network().sendDown(link, text);
  }

  /** What was written and neither read nor buffered. */
  #unsentOf(link: Link): number {
    const { agenda, kernelBytes } = this.options;
    if (link.turnAt !== agenda.now) {
      link.turnAt = agenda.now;
      link.turnBytes = 0;
    }
    if (link.frozenUntil <= agenda.now) return link.turnBytes;
    return Math.max(link.turnBytes, link.frozenBytes - kernelBytes);
  }

  #begin(link: Link, conn: ConnId): void {
    if (link.serverEnd !== "open") return;
    const { dispatch } = this.options;
    const { id, token, address } = link;
    link.isBegun = true;
    dispatch(opening(conn, { id, token, address }));
    for (const text of link.early) this.receive(link, text);
  }

  #hand(conn: ConnId, text: string): void {
    const { dispatch } = this.options;
    if (text === BINARY) dispatch({ kind: "binary-received", conn, bytes: 7 });
    else dispatch({ kind: "frame-received", conn, text });
  }

  #detach(link: Link): boolean {
    const { conn } = link;
    if (conn === null || !this.#open.delete(conn)) return false;
    link.serverEnd = "gone";
    this.#slow.delete(conn);
    return true;
  }

  #finish(link: Link): void {
    const wasOpen = link.serverEnd === "open";
    if (this.#detach(link) && wasOpen) this.options.network().sendDown(link, null);
  }

  /** Ends the connection without a word: what was on its way is lost. */
  #cutOff(link: Link): void {
    if (!this.#detach(link)) return;
    const clientAfterMs = Math.max(0, link.frozenUntil - this.options.agenda.now);
    this.options.network().cut(link, {
      clientAfterMs,
      serverAfterMs: Infinity,
      isReset: false,
    });
  }

  #watch(conn: ConnId, unsent: number): number {
    const { agenda, settings } = this.options;
    const known = this.#slow.get(conn);
    const since = known === undefined || unsent < known.expected ? agenda.now : known.since;
    this.#slow.set(conn, { expected: unsent, since });
    if (!this.#isWatching) {
      this.#isWatching = true;
      agenda.after(settings.unsent_timeout / 4, () => this.#lookAtSlow());
    }
    return agenda.now - since;
  }

  #lookAtSlow(): void {
    const { settings, dispatch } = this.options;
    this.#isWatching = false;
    for (const conn of [...this.#slow.keys()]) {
      const link = this.#open.get(conn);
      const left = link === undefined ? 0 : this.#unsentOf(link);
      if (link === undefined || left <= WATCHED_BYTES) this.#slow.delete(conn);
      else if (this.#watch(conn, left) >= settings.unsent_timeout) {
        this.#cutOff(link);
        dispatch({ kind: "send-failed", conn, message: null });
      }
    }
  }
}

export const BINARY = "\0binary";

/** As in `adapters/sockets/sockets.ts`. */
const WATCHED_BYTES = 16_384;
const EARLY_MAX = 16;
