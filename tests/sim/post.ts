/**
 * A naive model of the server's post: where each letter is, and where it may go next.
 *
 * Every letter meets exactly one end (QUEUE-5): handed to the holder of its destination, in order
 * (QUEUE-1), or expired, or refused; and whoever reads it reads it once, under the id that sent it.
 *
 * @module
 */
import type { Settings } from "../../core/mod.ts";
import { RuleBroken } from "./failure.ts";
import { type Letter, numberIn, storedBytesOf } from "./letter.ts";
import type { Link } from "./link.ts";
import { TIMER_LATE_MAX_MS } from "./loop.ts";
import type { Outcome } from "./sockets.ts";

/** All letters of a run. */
export class Post {
  readonly #settings: Settings;
  /** By number; those that were forgotten are gone. */
  readonly #letters: (Letter | undefined)[] = [];
  readonly #mail = new Map<string, { letters: Letter[]; bytes: number }>();
  readonly #sources = new Map<string, Waiting>();
  readonly #pairs = new Map<string, Waiting>();
  readonly #addresses = new Map<string, Waiting>();
  /** What is stored, oldest first, from `#firstDue` on; some were delivered meanwhile. */
  #due: Letter[] = [];
  #firstDue = 0;
  #forgotten = 0;
  #bytes = 0;
  /** How many letters are stored. */
  stored = 0;
  /** How many were handed to a socket, and how many were read. */
  handed = 0;
  read = 0;

  /** No letters yet. */
  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** A client sent a letter. */
  send(letter: Letter, link: Link, now: number): void {
    letter.link = link;
    letter.sentAt = now;
    this.#letters[letter.n] = letter;
  }

  /** The letter whose number is in a text, if it has one. */
  in(text: string): Letter | undefined {
    const n = numberIn(text);
    return n === 0 ? undefined : this.#letters[n];
  }

  /** The server gives a letter to a socket that holds its destination. */
  handOver(letter: Letter, outcome: Outcome, now: number): void {
    const { dst } = letter;
    const mail = this.#mail.get(dst);
    if (letter.place === "stored") {
      if (mail?.letters[0] !== letter) throw broken(letter, now, ORDER, "overtakes an older one");
      this.#takeOut(letter);
    } else if (letter.place !== "arrived") {
      throw broken(letter, now, ONE_END, `is delivered, but it was ${letter.place} already`);
    } else if (mail !== undefined) {
      throw broken(letter, now, ORDER, "overtakes what is stored");
    }
    letter.place = outcome === "done" ? "handed" : outcome === "gone" ? "failing" : "refusing";
    if (outcome === "done") this.handed++;
  }

  /** Whether the store has room for a letter (QUEUE-2, QUEUE-7, QUEUE-8). */
  hasRoom(letter: Letter): boolean {
    const { queue_limit, max_queue_bytes, max_unsent_bytes } = this.#settings;
    const { source_queue_limit, source_queue_bytes } = this.#settings;
    const src = srcOf(letter);
    const bytes = storedBytesOf(letter, src);
    const mail = this.#mail.get(letter.dst);
    const source = this.#sources.get(src) ?? NOTHING;
    const pair = this.#pairs.get(pairOf(letter)) ?? NOTHING;
    const near = this.#addresses.get(letter.address) ?? NOTHING;
    return (pair.count === 0 || pair.count + 1 <= queue_limit / 4) &&
      pair.bytes + bytes <= max_unsent_bytes * 0.375 &&
      (near.bytes + bytes) * 4 <= max_queue_bytes &&
      (mail?.letters.length ?? 0) < queue_limit &&
      (mail?.bytes ?? 0) + bytes <= max_unsent_bytes / 2 &&
      source.count < source_queue_limit && source.bytes + bytes <= source_queue_bytes &&
      this.#bytes + bytes <= max_queue_bytes;
  }

  /** The server keeps a letter. */
  store(letter: Letter, now: number): void {
    const src = srcOf(letter);
    const bytes = storedBytesOf(letter, src);
    const mail = this.#mail.get(letter.dst) ?? { letters: [], bytes: 0 };
    mail.letters.push(letter);
    mail.bytes += bytes;
    this.#mail.set(letter.dst, mail);
    this.#count(letter, 1, bytes);
    letter.place = "stored";
    letter.until = now + this.#settings.expire_timeout;
    this.#due.push(letter);
  }

  /** What is due, taken out. */
  expire(now: number): Letter[] {
    const expired: Letter[] = [];
    for (;;) {
      const letter = this.#due[this.#firstDue];
      if (letter === undefined || (letter.place === "stored" && letter.until > now)) break;
      this.#firstDue++;
      if (letter.place !== "stored") continue;
      this.#takeOut(letter);
      letter.place = "ended";
      expired.push(letter);
    }
    if (this.#firstDue > 4_096) {
      this.#due = this.#due.slice(this.#firstDue);
      this.#firstDue = 0;
    }
    return expired;
  }

  /** Throws where something is stored that should have expired. */
  checkPunctual(now: number): void {
    while (this.#due[this.#firstDue]?.place !== "stored" && this.#firstDue < this.#due.length) {
      this.#firstDue++;
    }
    const letter = this.#due[this.#firstDue];
    if (letter !== undefined && letter.until + TIMER_LATE_MAX_MS < now) {
      throw broken(letter, now, "QUEUE-3", "is not expired in time");
    }
  }

  /** Throws where something still waits for a peer that was admitted. */
  checkDrained(id: string, now: number): void {
    const letter = this.#mail.get(id)?.letters[0];
    if (letter !== undefined) throw broken(letter, now, ORDER, "was not sent right after OPEN");
  }

  /** A client reads a letter. */
  receive(text: string, link: Link, now: number): Letter {
    const letter = this.in(text);
    if (letter === undefined || letter.link === null) {
      throw new RuleBroken({
        rule: ONE_END,
        at: now,
        message: `${link.id} read what nobody sent: ${text}`,
        peers: [link.id],
      });
    }
    const { src, dst } = JSON.parse(text);
    if (src !== letter.link.id) {
      throw broken(letter, now, "MSG-1", `reached ${link.id} as one of ${src}`);
    }
    if (dst !== letter.dst || link.id !== letter.dst) {
      throw broken(letter, now, "MSG-2", `reached ${link.id}`);
    }
    if (letter.isReceived) throw broken(letter, now, ONE_END, "was read twice");
    if ((link.lastRead.get(letter.link) ?? 0) > letter.n) {
      throw broken(letter, now, ORDER, "was read after a later one");
    }
    link.lastRead.set(letter.link, letter.n);
    letter.isReceived = true;
    this.read++;
    return letter;
  }

  /** Forgets the letters that were sent before then and are nobody's business any more. */
  forget(before: number): void {
    for (; this.#forgotten < this.#letters.length; this.#forgotten++) {
      const letter = this.#letters[this.#forgotten];
      if (letter === undefined) continue;
      if (letter.sentAt >= before || letter.place === "stored") return;
      this.#letters[this.#forgotten] = undefined;
    }
  }

  #takeOut(letter: Letter): void {
    const src = srcOf(letter);
    const bytes = storedBytesOf(letter, src);
    const mail = this.#mail.get(letter.dst);
    if (mail !== undefined) {
      mail.letters.shift();
      mail.bytes -= bytes;
      if (mail.letters.length === 0) this.#mail.delete(letter.dst);
    }
    this.#count(letter, -1, -bytes);
  }

  #count(letter: Letter, count: number, bytes: number): void {
    this.#bytes += bytes;
    this.stored += count;
    add(this.#sources, srcOf(letter), count, bytes);
    add(this.#pairs, pairOf(letter), count, bytes);
    add(this.#addresses, letter.address, count, bytes);
  }
}

function add(all: Map<string, Waiting>, key: string, count: number, bytes: number): void {
  const { count: before, bytes: bytesBefore } = all.get(key) ?? NOTHING;
  if (before + count === 0) all.delete(key);
  else all.set(key, { count: before + count, bytes: bytesBefore + bytes });
}

/** What waits of one source, of one pair, or of one address. */
interface Waiting {
  readonly count: number;
  readonly bytes: number;
}

const NOTHING: Waiting = { count: 0, bytes: 0 };
const ORDER = "QUEUE-1";
const ONE_END = "QUEUE-5";

/** The error that says what a letter did. */
export function broken(letter: Letter, at: number, rule: string, what: string): RuleBroken {
  const { n, type, dst } = letter;
  const src = srcOf(letter);
  const message = `Message ${n}, ${type} of ${src} for ${dst}, ${what}.`;
  return new RuleBroken({ rule, at, message, peers: [src, dst] });
}

function pairOf(letter: Letter): string {
  return JSON.stringify([srcOf(letter), letter.dst]);
}

function srcOf({ link }: Letter): string {
  return link?.id ?? "nobody";
}
