/**
 * What clients send, with what the simulator knows of it beside the text. A letter is a message of one peer
 * to another; its number is in its payload, so that it is known again wherever it turns up.
 *
 * @module
 */
import { STORED_OVERHEAD_BYTES } from "../../core/mod.ts";
import type { Link } from "./link.ts";
import type { Meeting } from "./meeting.ts";

/** The types of the stock client's messages. */
export type LetterType = "OFFER" | "ANSWER" | "CANDIDATE";

/** Where a letter is, as far as the server could know. */
export type Place =
  /** On its way to the server. */
  | "flying"
  /** In the server's hands, in this very step. */
  | "arrived"
  | "stored"
  /** Given to a socket that took it, and so the network's. */
  | "handed"
  /** Given to a socket that turned out to be gone, or full: an event says so. */
  | "failing"
  | "refusing"
  /** Expired, refused, or never the server's. */
  | "ended";

/** Why a letter was not delivered: its time was over, or there was no room for it. */
export type Failure = "expired" | "refused";

/** A numbered message. */
export interface Letter {
  readonly kind: "letter";
  readonly n: number;
  readonly type: LetterType;
  readonly dst: string;
  readonly payload: string;
  readonly meeting: Meeting | null;
  /** Set when it is sent. */
  link: Link | null;
  sentAt: number;
  place: Place;
  /** Set when it is stored: the owner that an `EXPIRE` for it goes to, in which step, and until when. */
  owner: string | null;
  /** Set with it: the address of that owner, empty where there is none. */
  address: string;
  step: number;
  until: number;
  isReceived: boolean;
}

/** What a client sends, other than letters: what the server has to make of it. */
export type Note =
  | Letter
  | { readonly kind: "heartbeat" }
  | { readonly kind: "bad" }
  | { readonly kind: "unknown" }
  | { readonly kind: "leave" }
  | { readonly kind: "close" };

/** What a client has to say. */
export interface LetterOptions {
  readonly type: LetterType;
  readonly dst: string;
  readonly meeting: Meeting | null;
  /** How long a description or a candidate it carries, in characters. */
  readonly padding: number;
}

/** Hands out letters with rising numbers. */
export function letterMaker(): (options: LetterOptions) => Letter {
  let n = 0;
  return ({ type, dst, meeting, padding }) => {
    n++;
    const filling = "x".repeat(padding);
    const connection = meeting === null ? "dc_0" : meeting.connectionId;
    return {
      kind: "letter",
      n,
      type,
      dst,
      payload: `{"n":${n},"connectionId":"${connection}","sdp":"${filling}"}`,
      meeting,
      link: null,
      sentAt: 0,
      place: "flying",
      owner: null,
      address: "",
      step: 0,
      until: 0,
      isReceived: false,
    };
  };
}

/** The text a client sends. */
export function textOf({ type, payload, dst }: Letter): string {
  return `{"type":"${type}","payload":${payload},"dst":"${dst}"}`;
}

/** What a letter takes in the store. All texts here are ASCII. */
export function storedBytesOf({ type, dst, payload }: Letter, src: string): number {
  return EMPTY.length + type.length + src.length + dst.length + payload.length +
    STORED_OVERHEAD_BYTES;
}

/** The number in the payload of a text, or 0 where there is none. */
export function numberIn(text: string): number {
  const at = text.indexOf(MARK);
  if (at < 0) return 0;
  let n = 0;
  for (let i = at + MARK.length; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) break;
    n = n * 10 + digit;
  }
  return n;
}

const EMPTY = '{"type":"","src":"","dst":"","payload":}';
const MARK = '"payload":{"n":';
