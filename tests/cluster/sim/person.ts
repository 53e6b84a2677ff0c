/**
 * Clients with the habits of the stock one: they keep id and token, come back when they lost their socket, send
 * heartbeats, answer offers, and stay away where another tab of theirs has taken over.
 *
 * @module
 */
import { CLOSE, type ConnId, type Event, owner, type SocketOpened } from "../../../core/mod.ts";
import { pick } from "../../sim/dice.ts";
import type { Fleet } from "./fleet.ts";
import { numberIn } from "./post.ts";
import type { Endpoint, SimNode } from "./sim_node.ts";

/** One end of a socket. */
interface Link {
  readonly node: SimNode;
  conn: ConnId | null;
  upAt: number;
  /** The client closed it, or heard that it is closed. */
  isOver: boolean;
  /** It is gone without a word: it hears nothing, and says nothing. */
  isGone: boolean;
}

const HEARTBEAT_MS = 5_000;
const PING_MS = 8_000;

/** Somebody who wants to be connected, most of the time. */
export class Person {
  #link: Link | null = null;
  isOpen = false;
  wants = false;
  /** Its messages that somebody could not get. */
  expired = 0;
  readonly received = new Set<number>();

  constructor(readonly fleet: Fleet, readonly id: string, readonly token: string) {}

  /** Its socket, if it believes to have an open one. */
  get conn(): ConnId | null {
    return this.isOpen ? this.#link?.conn ?? null : null;
  }

  get node(): SimNode | null {
    return this.#link?.node ?? null;
  }

  arrive(): void {
    this.wants = true;
    if (this.#link === null) this.#connect();
  }

  /** Nobody looks at the page any more: it stays connected as long as it is let. */
  rest(): void {
    this.wants = false;
  }

  leave(): void {
    this.wants = false;
    this.#hangUp();
  }

  /** Opens a socket to any node, before or after it closes the one that it has. */
  move(): void {
    if (!this.wants) return;
    const old = this.#link;
    const isLate = this.fleet.dice.isLucky(0.5);
    if (!isLate) this.#hangUp();
    this.#link = null;
    this.isOpen = false;
    this.#connect();
    const wait = this.fleet.dice.between(0, 300);
    if (isLate && old !== null) this.fleet.agenda.after(wait, () => this.#close(old));
  }

  /** The machine is gone, and nobody closes its socket; another comes back under the same id. */
  vanish(): void {
    const link = this.#link;
    this.#link = null;
    this.isOpen = false;
    if (link === null) return;
    link.isGone = true;
    this.fleet.agenda.after(PING_MS, () => link.conn !== null && link.node.missPing(link.conn));
    if (this.wants) this.#comeBack(this.fleet.dice.between(100, 4_000));
  }

  /** Offers to somebody a connection, with its candidates. */
  call(dst: string): number[] {
    const { dice, agenda } = this.fleet;
    const sent = [this.say("OFFER", dst)];
    const overMs = dice.isLucky(0.5) ? 120 : 5;
    for (let i = dice.below(4); i > 0; i--) {
      agenda.after(dice.between(0, overMs), () => this.say("CANDIDATE", dst));
    }
    if (dice.isLucky(0.05)) agenda.after(dice.between(50, 500), () => this.say("LEAVE", dst));
    return sent.filter((n) => n > 0);
  }

  /** Sends a message; returns its number, or 0 if its socket is not open. */
  say(type: string, dst: string): number {
    const link = this.#link;
    const conn = link?.conn ?? null;
    if (link === null || conn === null || !this.isOpen || link.isOver) return 0;
    const n = this.fleet.post.write(this.id, dst, type, conn);
    this.#send(link, JSON.stringify({ type, payload: { n }, dst }));
    return n;
  }

  #connect(): void {
    const { fleet } = this;
    const { dice, agenda } = fleet;
    const node = pick(dice, fleet.nodes);
    const link: Link = { node, conn: null, upAt: agenda.now, isOver: false, isGone: false };
    this.#link = link;
    agenda.after(dice.between(1, 60), () => {
      if (link.isOver) return;
      link.conn = node.accept(this.#endpoint(link), (conn) => this.#opened(conn));
      if (link.conn === null) this.#lost(link, 1006);
    });
  }

  #opened(conn: ConnId): SocketOpened {
    return {
      kind: "socket-opened",
      conn,
      id: this.id,
      token: { owner: owner(this.token), length: 8, hasControl: false },
      key: "right",
      address: "192.0.2.1",
      origin: null,
      ownOrigin: false,
      queryLength: 40,
      identity: { kind: "unchecked" },
    };
  }

  #endpoint(link: Link): Endpoint {
    return {
      onFrame: (text) => !link.isOver && !link.isGone && this.#read(link, text),
      onClosed: (code) => !link.isOver && !link.isGone && this.#lost(link, code),
      isGone: () => link.isOver || link.isGone,
    };
  }

  #read(link: Link, text: string): void {
    const { type, src } = JSON.parse(text);
    const { dice, agenda } = this.fleet;
    if (type === "OPEN" && this.#link === link) {
      this.isOpen = true;
      this.#beat(link);
    } else if (type === "EXPIRE") this.expired++;
    else if (type === "ID-TAKEN" || type === "ERROR") this.fleet.count(`told ${type}`);
    else if (type === "OFFER" || type === "ANSWER" || type === "CANDIDATE") {
      this.received.add(numberIn(text));
      if (type !== "OFFER" || this.fleet.isFinal) return;
      agenda.after(dice.between(1, 50), () => this.say("ANSWER", src));
      for (let i = dice.below(3); i > 0; i--) {
        agenda.after(dice.between(50, 150), () => this.say("CANDIDATE", src));
      }
    }
  }

  #beat(link: Link): void {
    this.fleet.agenda.after(HEARTBEAT_MS, () => {
      if (this.#link !== link || link.isOver) return;
      this.#send(link, '{"type":"HEARTBEAT"}');
      this.#beat(link);
    });
  }

  #lost(link: Link, code: number): void {
    link.isOver = true;
    this.fleet.count(`closed with ${code}`);
    if (code === CLOSE.restart && link.conn !== null) this.fleet.post.drained.add(link.conn);
    if (this.#link !== link) return;
    this.#link = null;
    this.isOpen = false;
    if (!this.wants) return;
    const { dice } = this.fleet;
    // Another tab has the id: the page waits until somebody looks at it again.
    const isAway = code === 4000 || code === 4001;
    this.#comeBack(isAway ? dice.between(2_000, 20_000) : dice.between(50, 3_000));
  }

  #comeBack(ms: number): void {
    this.fleet.agenda.after(ms, () => {
      if (this.wants && this.#link === null) this.#connect();
    });
  }

  #hangUp(): void {
    if (this.#link !== null) this.#close(this.#link);
    this.#link = null;
    this.isOpen = false;
  }

  #close(link: Link): void {
    link.isOver = true;
    if (link.conn === null || link.isGone) return;
    this.#up(link, { kind: "socket-closed", conn: link.conn, code: 1001 });
  }

  #send(link: Link, text: string): void {
    if (link.conn === null || link.isGone) return;
    this.#up(link, { kind: "frame-received", conn: link.conn, text });
  }

  #up(link: Link, event: Event): void {
    const { agenda, dice } = this.fleet;
    link.upAt = Math.max(link.upAt, agenda.now + dice.between(1, 40));
    const { process } = link.node;
    agenda.at(link.upAt, () => {
      if (link.node.process === process && link.conn !== null) link.node.hear(link.conn, event);
    });
  }
}
