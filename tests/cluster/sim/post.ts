/**
 * Every message of a run: where it is, how it ended, and who got it. Looks at each step of each node.
 *
 * @module
 */
import { mapValues } from "../../../core/collections/persistent_map.ts";
import { type Effect, type Event, mapGet, type Message, type State } from "../../../core/mod.ts";
import type { LinkFrame } from "../../../core/cluster/member.ts";
import { FLIGHT_MAX_MS } from "../../../core/rules/courier.ts";
import { ACK_DELAY_MS } from "../../../core/rules/links.ts";
import type { SimNode } from "./sim_node.ts";
import { Broken } from "./watch.ts";

/** How a message may end at the node of its sender. */
export type End = "passed" | "acknowledged" | "expired" | "turned away" | "lost with its node";

/** A numbered message. */
export interface Letter {
  readonly n: number;
  readonly src: string;
  readonly dst: string;
  readonly type: string;
  /** The socket of its sender, by the serial of the whole run. */
  readonly conn: number;
  readonly sentAt: number;
  /** When its node took it, by the clock of its loop. */
  takenAt: number | null;
  node: SimNode | null;
  process: number | null;
  end: End | null;
  endAt: number;
  /** The node that delivered it, and when; `null` if none did. */
  deliveredBy: SimNode | null;
  deliveredAt: number;
  /** A send failed, and its message began anew where it failed. */
  isUnsent: boolean;
}

/** How long a frame takes on its way, at most, where nothing is wrong. */
const LINK_MS = 50;

/** A node may be late by so much: its loop does not wake earlier, and a pause this short is not told. */
const LATE_MS = 2_100;

/** What all messages of a run need to know. */
export interface PostOptions {
  readonly now: () => number;
  /** Whether something was wrong with those who had to do with a message. */
  readonly mayBeBoth: (letter: Letter) => boolean;
  readonly onExpired: (letter: Letter) => void;
}

/** All messages of a run. */
export class Post {
  readonly #letters = new Map<number, Letter>();
  /** By sockets of receiver and sender, the last number that was delivered. */
  readonly #last = new Map<string, number>();
  #count = 0;
  /** The numbers of what nodes sent without storing it, by node and serial. */
  readonly #direct = new Map<string, number>();
  /** Messages of `before` that end in this step, unless `after` sees otherwise. */
  #due: number[] = [];
  #acked: number[] = [];
  readonly ends: Record<string, number> = {};
  delivered = 0;
  /** The sockets that a drain closed. */
  readonly drained = new Set<number>();
  /** What was said on one of those, and no node has taken. */
  untaken = 0;
  /** Delivered, and nevertheless expired. */
  both = 0;

  readonly #options: PostOptions;

  constructor(options: PostOptions) {
    this.#options = options;
  }

  get sent(): number {
    return this.#count;
  }

  /** The next message of a socket: its number. */
  write(src: string, dst: string, type: string, conn: number): number {
    const n = ++this.#count;
    this.#letters.set(n, {
      ...{ n, src, dst, type, conn, sentAt: this.#options.now() },
      ...{ takenAt: null, node: null, process: null, end: null, endAt: 0 },
      ...{ deliveredBy: null, deliveredAt: 0, isUnsent: false },
    });
    return n;
  }

  get(n: number): Letter | undefined {
    return this.#letters.get(n);
  }

  /** Looks at what is about to happen. */
  before(node: SimNode, event: Event): void {
    const { state, now } = node;
    const numberOf = this.#numberOf(node);
    this.#due = event.kind === "tick" ? dueIn(state, now, numberOf) : [];
    this.#acked = event.kind === "link-received" ? ackedIn(state, event.frame, numberOf) : [];
    if (event.kind !== "send-failed" && event.kind !== "send-refused") return;
    const letter = event.message === null ? undefined : this.#of(event.message);
    if (letter === undefined) return;
    if (letter.deliveredBy !== node) return;
    letter.deliveredBy = null;
    this.delivered--;
    if (letter.end === "passed") this.#reopen(letter);
    letter.isUnsent = true;
  }

  /** Looks at what happened. */
  after(node: SimNode, event: Event, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "send" && effect.meaning.kind === "message") {
        this.#deliver(node, event, effect.conn, effect.meaning, effects);
      } else if (effect.kind === "note" && effect.what === "stored") {
        this.#take(node, effect.message);
      } else if (effect.kind === "note" && effect.what === "passed-on") {
        this.#take(node, effect.message);
        // An event of a client, and it was the last that took a serial.
        const serial = node.state.nextSerial - 1;
        this.#direct.set(`${node.label} ${serial}`, numberIn(effect.message.text));
      } else if (effect.kind === "note" && effect.what === "undelivered") {
        const letter = this.#take(node, effect.message) ?? this.#textless(node, effect.message);
        if (letter !== undefined) this.#end(letter, "turned away");
      } else if (effect.kind === "note" && effect.what === "expired") {
        const n = this.#due.shift();
        const letter = n === undefined ? undefined : this.#letters.get(n);
        if (letter === undefined) throw this.#broken(`${node.label} expired what it has not`);
        this.#options.onExpired(letter);
        this.#end(letter, "expired");
      }
    }
    for (const n of this.#acked) this.#acknowledged(node, n);
  }

  /** The number of a message of a node, also of one without its text. */
  #numberOf(node: SimNode): NumberOf {
    return (serial, text) => numberIn(text) || (this.#direct.get(`${node.label} ${serial}`) ?? 0);
  }

  /** The first message from one to another that its node has not any more, though it has not ended. */
  #textless(node: SimNode, { src, dst, text }: Message): Letter | undefined {
    if (text !== "") return undefined;
    const numbers = [...this.#direct.values()].map((n) => this.#letters.get(n));
    return numbers.find((one) =>
      one?.src === src && one.dst === dst && one.node === node && one.end === null &&
      !isKept(node.state, one.n, this.#numberOf(node))
    );
  }

  /** A node ends: what waits there ends unsaid. */
  lose(node: SimNode): void {
    for (const letter of this.#letters.values()) {
      if (letter.node === node && letter.process === node.process && letter.end === null) {
        this.#end(letter, "lost with its node");
      }
    }
  }

  /** Every message ends in time; those that have, long ago, are forgotten. */
  audit(nodes: readonly SimNode[], expireMs: number): void {
    for (const letter of this.#letters.values()) {
      const { n, node, process, takenAt, end, sentAt } = letter;
      if (sentAt < this.#options.now() - 120_000) {
        if (takenAt === null && this.drained.has(letter.conn)) this.untaken++;
        this.#letters.delete(n);
      }
      if (end !== null || takenAt === null || node === null) continue;
      if (!nodes.includes(node) || node.process !== process || node.isPaused) continue;
      if (node.now - takenAt <= expireMs + LATE_MS) continue;
      throw this.#broken(`message ${n} for ${letter.dst} has not ended at ${node.label}`);
    }
  }

  #deliver(
    node: SimNode,
    event: Event,
    conn: number,
    message: Message,
    effects: readonly Effect[],
  ): void {
    const letter = this.#of(message);
    if (letter === undefined) throw this.#broken(`nobody sent ${message.text}`);
    const { n, src, dst } = letter;
    if (message.src !== src || message.dst !== dst) {
      throw this.#broken(`message ${n} of ${src} for ${dst} came of ${message.src}`);
    }
    const holder = mapGet(node.state.claims, message.dst);
    const hasLeft = effects.some((one) =>
      one.kind === "note" && one.what === "left" && one.conn === conn
    );
    if (holder?.conn !== conn && !hasLeft) {
      throw this.#broken(`message ${n} reached socket ${conn}, which does not hold ${dst}`);
    }
    if (letter.deliveredBy !== null) throw this.#broken(`message ${n} was delivered twice`);
    letter.deliveredBy = node;
    if (letter.end === "expired" || letter.end === "turned away") this.#both(letter);
    letter.deliveredAt = this.#options.now();
    this.delivered++;
    this.#inOrder(letter, conn);
    if (event.kind === "link-received" && letter.node !== null) return;
    this.#take(node, message);
    this.#end(letter, "passed");
  }

  /** Whoever held up messages for so long holds them up no longer: then a late one may come last. */
  #inOrder(letter: Letter, conn: number): void {
    const key = `${conn} ${letter.conn}`;
    const last = this.#last.get(key) ?? 0;
    const wasLate = this.#options.now() - letter.sentAt > FLIGHT_MAX_MS || letter.isUnsent;
    if (letter.n < last && !wasLate) {
      throw this.#broken(`message ${letter.n} came after ${last} of the same socket`);
    }
    this.#last.set(key, Math.max(last, letter.n));
  }

  #take(node: SimNode, message: Message): Letter | undefined {
    const letter = this.#of(message);
    if (letter === undefined || letter.takenAt !== null) return letter;
    letter.takenAt = node.now;
    letter.node = node;
    letter.process = node.process;
    return letter;
  }

  #acknowledged(node: SimNode, n: number): void {
    const letter = this.#letters.get(n);
    if (
      letter === undefined || letter.end !== null || isKept(node.state, n, this.#numberOf(node))
    ) return;
    if (letter.deliveredBy === null && !letter.isUnsent && letter.type !== "LEAVE") {
      throw this.#broken(`message ${n} was acknowledged, and nobody got it`);
    }
    this.#end(letter, "acknowledged");
  }

  #end(letter: Letter, end: End): void {
    if (letter.end !== null) {
      // What could not be sent after it was acknowledged waits where that failed.
      if (letter.isUnsent) return;
      throw this.#broken(`message ${letter.n} is ${end}, and was ${letter.end}`);
    }
    if ((end === "expired" || end === "turned away") && letter.deliveredBy !== null) {
      this.#both(letter);
    }
    letter.end = end;
    letter.endAt = this.#options.now();
    this.ends[end] = (this.ends[end] ?? 0) + 1;
  }

  /** Whatever comes within an acknowledgement's time of the deadline may be late; otherwise something was wrong. */
  #both(letter: Letter): void {
    this.both++;
    const apartMs = this.#options.now() - (letter.end === null ? letter.deliveredAt : letter.endAt);
    if (letter.isUnsent || apartMs < ACK_DELAY_MS + LINK_MS || this.#options.mayBeBoth(letter)) {
      return;
    }
    throw this.#broken(`message ${letter.n} was delivered and expired, and nothing was wrong`);
  }

  #reopen(letter: Letter): void {
    this.ends["passed"] = (this.ends["passed"] ?? 1) - 1;
    letter.end = null;
    letter.takenAt = null;
  }

  #of(message: Message): Letter | undefined {
    return this.#letters.get(numberIn(message.text));
  }

  #broken(what: string): Broken {
    return new Broken("QUEUE-5", this.#options.now(), what);
  }
}

/** The number in the payload of a text, or 0. */
export function numberIn(text: string): number {
  return Number(/"n":(\d+)/.exec(text)?.[1] ?? 0);
}

type NumberOf = (serial: number, text: string) => number;

function dueIn(state: State, now: number, numberOf: NumberOf): number[] {
  const due: number[] = [];
  for (let serial = state.firstSerial; serial < state.nextSerial; serial++) {
    const stored = mapGet(state.stored, serial);
    if (stored === undefined) continue;
    if (stored.expiresAt > now) break;
    due.push(numberOf(serial, stored.message.text));
  }
  return due;
}

function ackedIn({ cluster, stored }: State, frame: LinkFrame, numberOf: NumberOf): number[] {
  const { from, ack } = frame;
  const link = cluster === null ? undefined : mapGet(cluster.links, from);
  if (ack === null || link?.link !== ack.link) return [];
  const acked = link.open.flat().filter(({ number }) => number < ack.below);
  return acked.flatMap(({ serial, direct }) => {
    const text = direct === null ? mapGet(stored, serial)?.message.text : "";
    return text === undefined ? [] : [numberOf(serial, text)];
  });
}

/** Whether a message is stored, or on a link as it is. */
function isKept(state: State, n: number, numberOf: NumberOf): boolean {
  const { stored, firstSerial, nextSerial, cluster } = state;
  for (let serial = firstSerial; serial < nextSerial; serial++) {
    const one = mapGet(stored, serial);
    if (one !== undefined && numberOf(serial, one.message.text) === n) return true;
  }
  for (const { open } of cluster === null ? [] : mapValues(cluster.links)) {
    for (const { serial, direct } of open.flat()) {
      if (direct !== null && numberOf(serial, "") === n) return true;
    }
  }
  return false;
}
