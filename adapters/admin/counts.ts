/**
 * Counts what happens, for the metrics: an observer with plain numbers. All that it can count is there from the start,
 * as 0, so it never grows, and a rate is right from the first event on.
 *
 * @module
 */
import { CLOSE, type Left, type MessageType, type Note } from "../../core/mod.ts";
import type { Observer } from "../runtime.ts";

/** What became of a message. */
export type Outcome =
  | "relayed"
  | "stored"
  | "delivered_later"
  | "expired"
  | "refused"
  | "dropped";

/** Totals since the start, by the values of their labels. */
export interface Counts {
  readonly opens: Readonly<Record<string, number>>;
  readonly messages: Readonly<Record<MessageType, Readonly<Record<Outcome, number>>>>;
  readonly frames: Readonly<Record<FrameReason, number>>;
  readonly closes: Readonly<Record<Left["by"], Readonly<Record<string, number>>>>;
}

type FrameReason = "bad_frame" | "unknown_type" | "ignored" | "too_big" | "too_many";

/** The counts of one server, and the observer that makes them. */
export function createCounts(): Counts & { readonly observe: Observer } {
  const opens = zeros(["admitted", "replaced", ...REFUSALS.values(), OTHER_REFUSAL]);
  const messages = {
    OFFER: zeros(OUTCOMES),
    ANSWER: zeros(OUTCOMES),
    CANDIDATE: zeros(OUTCOMES),
    EXPIRE: zeros(OUTCOMES),
    LEAVE: zeros(OUTCOMES),
  };
  const frames = zeros(FRAME_REASONS);
  const closes = {
    client: zeros([...CLIENT_CODES, OTHER_CODE]),
    server: zeros([...SERVER_CODES, OTHER_CODE]),
  };

  const observe: Observer = ({ event, effects }) => {
    // The sender's node has counted it as stored.
    const isFromNode = event.kind === "link-received";
    for (const effect of effects) {
      if (effect.kind === "note") count(effect);
      else if (effect.kind === "send" && effect.meaning.kind === "message") {
        const row = messages[effect.meaning.type];
        if (effect.hasWaited || isFromNode) row.delivered_later++;
        else row.relayed++;
      }
    }
  };

  function count(note: Note): void {
    switch (note.what) {
      case "admitted":
        return add(opens, note.replaces === null ? "admitted" : "replaced");
      case "refused":
        return add(opens, REFUSALS.get(note.code) ?? OTHER_REFUSAL);
      case "left":
        return countLeft(note);
      case "stored":
      case "passed-on": // Where it arrives it counts as delivered later.
        return add(messages[note.message.type], "stored");
      case "undelivered":
        return add(messages[note.message.type], note.why === "absent" ? "dropped" : "refused");
      case "expired":
        return add(messages[note.type], "expired");
      case "bad-frame":
        return add(frames, "bad_frame");
      case "unknown-type":
        return add(frames, "unknown_type");
      case "ignored":
        return add(frames, "ignored");
    }
  }

  function countLeft({ by, code }: Left): void {
    const row = closes[by];
    add(row, Object.hasOwn(row, code) ? String(code) : OTHER_CODE);
    if (by === "client") return;
    if (code === CLOSE.tooBig) frames.too_big++;
    else if (code === CLOSE.tooMany) frames.too_many++;
  }

  return { opens, messages, frames, closes, observe };
}

function add<Key extends string>(row: Record<Key, number>, key: Key): void {
  row[key]++;
}

/** A row of counts that has every key from the start. */
function zeros<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}

const OUTCOMES: readonly Outcome[] = [
  "relayed",
  "stored",
  "delivered_later",
  "expired",
  "refused",
  "dropped",
];
const FRAME_REASONS: readonly FrameReason[] = [
  "bad_frame",
  "unknown_type",
  "ignored",
  "too_big",
  "too_many",
];

/** What sockets are refused for, and clients disconnected for; any other code is counted as other. */
const REFUSING: readonly (keyof typeof CLOSE)[] = [
  ...["shutdown", "restart", "tryAgainLater", "replaced", "idTaken", "badParameters"] as const,
  ...["wrongKey", "full", "wrongOrigin", "notAuthorized", "unanswered", "tooMany"] as const,
];
const DISCONNECTING: readonly (keyof typeof CLOSE)[] = [
  ...[
    "shutdown",
    "restart",
    "tooBig",
    "tryAgainLater",
    "replaced",
    "idTaken",
    "unanswered",
    "timedOut",
  ] as const,
  ...["left", "badFrames", "tokenExpired", "dismissed", "tooMany"] as const,
];

/** Why a socket is refused, by its close code: "refused_wrong_key" for `wrongKey`. */
const REFUSALS: ReadonlyMap<number, string> = new Map(
  REFUSING.map((name) => [
    CLOSE[name],
    `refused_${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
  ]),
);
const OTHER_REFUSAL = "refused_other";

/** The codes that clients close with in practice; they may send any from 1000 to 4999. */
const CLIENT_CODES = ["1000", "1001", "1005", "1006", "1011"];
const SERVER_CODES = DISCONNECTING.map((name) => String(CLOSE[name]));
const OTHER_CODE = "other";
