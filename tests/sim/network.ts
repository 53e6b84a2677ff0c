/**
 * The network: carries what both ends of a link say, in order and late, until it is cut.
 *
 * Each link and direction keeps its order and has delays of its own, so what different links carry
 * overtakes each other. A cut loses what is under way; either end hears of it late, at once, or never.
 */
import type { Agenda } from "./agenda.ts";
import type { Dice } from "./dice.ts";
import { Link, type LinkOptions } from "./link.ts";
import type { SimSockets } from "./sockets.ts";

/** How a link ends that nobody closed: when each end hears of it, in ms from now; `Infinity` is never. */
export interface Cut {
  readonly clientAfterMs: number;
  readonly serverAfterMs: number;
  /** Whether the server hears of it by what it sends. */
  readonly isReset: boolean;
}

export const DELAY_MAX_MS = 2_000;

export class Network {
  constructor(
    private readonly agenda: Agenda,
    private readonly dice: Dice,
    private readonly server: SimSockets,
  ) {}

  /** Opens a socket, as `new WebSocket` does. */
  connect(options: LinkOptions): Link {
    const link = new Link(options);
    const arriveAt = this.agenda.now + this.#delayMs();
    link.up.lastAt = arriveAt;
    this.agenda.at(arriveAt, () => {
      if (link.cutAt <= this.agenda.now) return;
      this.server.accept(link);
      link.down.lastAt = this.agenda.now + this.#delayMs();
      this.agenda.at(link.down.lastAt, () => this.#open(link));
    });
    return link;
  }

  /** Carries what a client sends; `null` is its close frame. */
  sendUp(link: Link, text: string | null): void {
    link.up.queue.push(text);
    link.up.lastAt = Math.max(link.up.lastAt, this.agenda.now + this.#delayMs());
    this.agenda.at(link.up.lastAt, () => this.#arriveUp(link));
  }

  /** Carries what the server sends; `null` is its close frame. */
  sendDown(link: Link, text: string | null): void {
    if (link.cutAt <= this.agenda.now) {
      if (link.isReset) this.agenda.after(2 * this.#delayMs(), () => this.server.lost(link));
      return;
    }
    link.down.queue.push(text);
    link.down.lastAt = Math.max(link.down.lastAt, this.agenda.now + this.#delayMs());
    this.agenda.at(link.down.lastAt, () => this.#arriveDown(link));
  }

  /** The client closes its socket: it hears nothing more, and the server hears of it after what was sent. */
  closeUp(link: Link): void {
    if (link.endpoint === null) return;
    link.endpoint = null;
    this.sendUp(link, null);
  }

  /** Nothing gets through any more. */
  cut(link: Link, { clientAfterMs, serverAfterMs, isReset }: Cut): void {
    if (link.cutAt < Infinity) return;
    link.cutAt = this.agenda.now;
    link.isDisturbed = true;
    link.isReset = isReset;
    link.up.queue.length = 0;
    link.down.queue.length = 0;
    if (clientAfterMs < Infinity) this.agenda.after(clientAfterMs, () => link.endpoint?.closed());
    if (serverAfterMs < Infinity) this.agenda.after(serverAfterMs, () => this.server.lost(link));
  }

  /** The client does nothing until then: a laptop that sleeps, a page that hangs. */
  freeze(link: Link, untilMs: number): void {
    link.isDisturbed = true;
    link.frozenUntil = Math.max(link.frozenUntil, untilMs);
    link.frozenBytes = 0;
  }

  #open(link: Link): void {
    const { endpoint } = link;
    if (endpoint === null || link.cutAt <= this.agenda.now) return;
    if (link.frozenUntil > this.agenda.now) {
      this.agenda.at(link.frozenUntil, () => this.#open(link));
      return;
    }
    link.isOpen = true;
    endpoint.opened();
  }

  #arriveUp(link: Link): void {
    const text = link.up.queue.shift();
    if (text === undefined) return;
    if (text === null) this.server.lost(link);
    else this.server.receive(link, text);
  }

  /** The next in order, whenever it comes: the order holds whatever was put off. */
  #arriveDown(link: Link): void {
    if (link.cutAt <= this.agenda.now) return;
    if (link.frozenUntil > this.agenda.now) {
      this.agenda.at(link.frozenUntil, () => this.#arriveDown(link));
      return;
    }
    const text = link.down.queue.shift();
    if (text === undefined || link.endpoint === null) return;
    if (text === null) link.endpoint.closed();
    else link.endpoint.message(text);
  }

  /** Mostly some tens of milliseconds, at times much more. */
  #delayMs(): number {
    const dice = this.dice;
    if (dice.isLucky(0.01)) return dice.between(100, DELAY_MAX_MS);
    return 2 + Math.min(dice.around(30), 400);
  }
}
