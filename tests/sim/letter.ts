/**
 * Letters: numbered messages of one peer to another, and what their readers may expect of them. The number is in the
 * payload, so that a letter is known again wherever it turns up.
 */
import type { Link } from "./link.ts";
import type { Meeting } from "./meeting.ts";
import { RuleBroken } from "./watch.ts";

export interface LetterOptions {
  readonly type: "OFFER" | "ANSWER" | "CANDIDATE";
  readonly dst: string;
  readonly meeting: Meeting | null;
  /** How long a description or a candidate it carries, in characters. */
  readonly padding: number;
  /** Whom its sender claims to be, if it does. */
  readonly src?: string;
}

/** A numbered message. */
export interface Letter extends LetterOptions {
  readonly n: number;
  readonly text: string;
  link: Link | null;
  sentAt: number;
  isReceived: boolean;
}

export class Post {
  /** By number; those that were forgotten are gone. */
  readonly #letters: (Letter | undefined)[] = [];
  #forgotten = 0;
  sent = 0;
  read = 0;

  write(options: LetterOptions): Letter {
    const { type, dst, meeting, padding, src } = options;
    const n = this.#letters.push(undefined);
    const payload = `${MARK}${n},"connectionId":"${meeting?.connectionId ?? "dc_0"}","sdp":"${
      "x".repeat(padding)
    }"}`;
    const forged = src === undefined ? ["", ""] : [`"src":"${src}",`, ',"src":"u1"'];
    const text = `{${forged[0]}"type":"${type}",${payload},"dst":"${dst}"${forged[1]}}`;
    const letter = { ...options, n, text, link: null, sentAt: 0, isReceived: false };
    this.#letters[n - 1] = letter;
    return letter;
  }

  send(letter: Letter, link: Link, now: number): void {
    letter.link = link;
    letter.sentAt = now;
    this.sent++;
  }

  /** A client reads a letter: one of those who sent it, for this client, once, and in order. */
  receive(text: string, link: Link, now: number): Letter {
    const letter = this.#letters[numberIn(text) - 1];
    if (letter === undefined || letter.link === null) {
      throw new RuleBroken("QUEUE-5", now, `${link.id} read what nobody sent: ${text}`, [link.id]);
    }
    const { src, dst } = JSON.parse(text);
    if (src !== letter.link.id) throw broken(letter, now, "MSG-1", `reached ${link.id} of ${src}`);
    if (dst !== letter.dst || link.id !== dst) {
      throw broken(letter, now, "MSG-2", `reached ${link.id}`);
    }
    if (letter.isReceived) throw broken(letter, now, "QUEUE-5", "was read twice");
    if ((link.lastRead.get(letter.link) ?? 0) > letter.n) {
      throw broken(letter, now, "QUEUE-1", "was read after a later one");
    }
    link.lastRead.set(letter.link, letter.n);
    letter.isReceived = true;
    this.read++;
    return letter;
  }

  forget(before: number): void {
    for (; this.#forgotten < this.#letters.length; this.#forgotten++) {
      if ((this.#letters[this.#forgotten]?.sentAt ?? 0) >= before) return;
      delete this.#letters[this.#forgotten];
    }
  }
}

/** The number in the payload of a text, or 0 where there is none. */
export function numberIn(text: string): number {
  const at = text.indexOf(MARK);
  return at < 0 ? 0 : parseInt(text.slice(at + MARK.length, at + MARK.length + 15));
}

const MARK = '"payload":{"n":';

export function broken(letter: Letter, at: number, rule: string, what: string): RuleBroken {
  const { n, type, dst, link } = letter;
  const src = link?.id ?? "nobody";
  const message = `Message ${n}, ${type} of ${src} for ${dst}, ${what}`;
  return new RuleBroken(rule, at, message, [src, dst]);
}
