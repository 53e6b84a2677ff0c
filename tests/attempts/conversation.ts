/** A conversation of clients with the server, and the same again through the reducer. */
import {
  type Attempt,
  type Attempts,
  attemptsOf,
  noAttempts,
  retireAttempts,
  watchAttempts,
  type WatchedStep,
} from "../../core/attempts/mod.ts";
import {
  connId,
  type Effect,
  type Event,
  initialState,
  millis,
  nextWakeAt,
  type PartialSettings,
  reduce,
  retire,
  settingsFrom,
} from "../../core/mod.ts";
import { opening } from "../support/world.ts";

/** What a client did: it came, with the key or without, its socket closed with a code, or it sent a frame. */
export type Line = readonly [ms: number, who: string, what: "open" | "keyless" | number | object];

export interface Conversation {
  readonly name: string;
  readonly lines: readonly Line[];
}

/** The recorded conversation with this name: in the file a line has the name, and those after it what happened. */
export function recorded(name: string): readonly Line[] {
  const lines = FILE.trim().split("\n");
  const from = lines.indexOf(JSON.stringify({ name })) + 1;
  const after = lines.slice(from).findIndex((line) => line.startsWith("{"));
  const found = lines.slice(from, after < 0 ? undefined : from + after);
  if (from === 0) throw new Error(`No recorded conversation is called ${name}`);
  return found.map((line) => JSON.parse(line));
}

const FILE = Deno.readTextFileSync(new URL("conversations.ndjson", import.meta.url));

/** Where clients come from, and how the server is set. */
export interface Circumstances {
  readonly settings?: PartialSettings;
  /** Addresses by id; one for all by default. */
  readonly addresses?: Readonly<Record<string, string>>;
  /** How long after the last line the end is. */
  readonly afterMs?: number;
  /** Frames to the ids here are refused by their sockets. */
  readonly slow?: readonly string[];
  /** Frames to the ids here find that their sockets are gone. */
  readonly gone?: readonly string[];
  /** Called with every step. */
  readonly observe?: (step: WatchedStep) => void;
}

/** What is known at the end. */
export interface Played {
  readonly attempts: Attempts;
  readonly now: ReturnType<typeof millis>;
}

/** Plays a conversation at its instants, and watches. */
export function playConversation(
  lines: readonly Line[],
  { settings = {}, addresses = {}, afterMs = 10_000, slow = [], gone = [], observe }:
    Circumstances = {},
): Played {
  let state = initialState(settingsFrom(settings));
  let attempts = noAttempts();
  const conns = new Map<string, number>();
  const step = (event: Event, at: number): readonly Effect[] => {
    const now = millis(at);
    const [next, effects] = reduce(state, event, now);
    retire(state, next);
    state = next;
    const watched = watchAttempts(attempts, { event, now, effects, state });
    observe?.({ event, now, effects, state });
    retireAttempts(attempts, watched);
    attempts = watched;
    return effects;
  };
  const wakeUntil = (until: number): void => {
    for (let at = nextWakeAt(state); at !== null && at <= until; at = nextWakeAt(state)) {
      step({ kind: "tick" }, at);
    }
  };
  let count = 0;
  for (const [at, who, what] of lines) {
    wakeUntil(at);
    if (what === "open") conns.set(who, ++count);
    const conn = connId(what === "keyless" ? ++count : conns.get(who) ?? 0);
    const key = what === "keyless" ? "wrong" : "right";
    const event: Event = what === "open" || what === "keyless"
      ? opening(conn, { id: who, key, address: addresses[who] ?? "192.0.2.1" })
      : typeof what === "number"
      ? { kind: "socket-closed", conn, code: what }
      : { kind: "frame-received", conn, text: JSON.stringify(what) };
    for (const effect of step(event, at)) {
      if (effect.kind !== "send" || effect.meaning.kind !== "message") continue;
      const { conn, meaning: message } = effect;
      if (slow.includes(message.dst)) step({ kind: "send-refused", conn, message }, at);
      if (gone.includes(message.dst)) step({ kind: "send-failed", conn, message }, at);
    }
  }
  const end = (lines.at(-1)?.[0] ?? 0) + afterMs;
  // Clients are there until the end: what keeps them is not part of a conversation.
  wakeUntil(Math.min(end, (lines.at(-1)?.[0] ?? 0) + 30_000));
  return { attempts, now: millis(end) };
}

export const ALICE: Line = [0, "alice", "open"];
export const BOB: Line = [0, "bob", "open"];

/** A frame. */
export type Words = readonly [
  ms: number,
  who: string,
  type: string,
  dst: string,
  id?: string | null,
];

/** Frames as a client sends them; `id` is that of the connection, and `null` sends none. */
export function said(...all: readonly Words[]): Line[] {
  return all.map(([ms, who, type, dst, id = "c"]): Line => {
    const candidate = { candidate: "candidate:1 1 udp 1 192.0.2.1 5000 typ host" };
    const sdp = { sdp: "m=application 9 X 0" };
    const payload = { type: "data", candidate, sdp, ...(id === null ? {} : { connectionId: id }) };
    return [ms, who, { type, dst, payload }];
  });
}

/** The attempts at the end, oldest first. */
export function play(
  lines: readonly Line[],
  circumstances: Circumstances = {},
): readonly Attempt[] {
  return attemptsOf(playConversation(lines, circumstances).attempts).reverse();
}
