/** Plays histories: turns commands into events, for sockets and messages that there are by then. */
import type fc from "fast-check";
import {
  type ConnId,
  connId,
  type Effect,
  type Event,
  initialState,
  mapEntries,
  type Millis,
  millis,
  type PartialSettings,
  peerId,
  reduce,
  type Send,
  type Settings,
  settingsFrom,
  type State,
} from "../../core/mod.ts";
import { type Act, type Command, histories, type Mood } from "./history.ts";

export type Moment = readonly [at: Millis, event: Event];

/** One step: what was before, what happened, and what came of it. */
export interface Step {
  readonly before: State;
  readonly event: Event;
  readonly now: Millis;
  readonly after: State;
  readonly effects: readonly Effect[];
}

/** Looks at one step after the other, and throws where a law is broken. */
export type Law = (step: Step) => void;

/** A reducer, whole or broken on purpose. */
export type Reducer = typeof reduce;

/** Who watches a history, and what makes it. */
export interface Watched {
  readonly look?: Law;
  readonly reducer?: Reducer;
  /** The longest wait. */
  readonly longestMs?: number;
}

/** Plays commands from the beginning; returns what happened. */
export function play(
  settings: Settings,
  commands: readonly Command[],
  { look = () => {}, reducer = reduce, longestMs = Infinity }: Watched = {},
): Moment[] {
  const moments: Moment[] = [];
  const player = new Player();
  let [state, now] = [initialState(settings), millis(0)];
  for (const { wait, act } of commands) {
    const waitMs = wait === "due" ? Math.max(0, dueAt(state, now) - now) : wait;
    now = millis(now + Math.min(waitMs, longestMs));
    for (const event of player.eventsOf(act)) {
      moments.push([now, event]);
      const before = state;
      const [after, effects] = reducer(before, event, now);
      state = after;
      look({ before, event, now, after, effects });
      player.hear(effects);
    }
  }
  return moments;
}

/** An event, and how long after the one before it comes. */
export interface Pace {
  readonly event: Event;
  readonly afterMs: number;
}

/** What happens in histories with these settings, where nobody waits for longer than a second. */
export function paces(given: PartialSettings, mood: Mood = "everything"): fc.Arbitrary<Pace[]> {
  const settings = settingsFrom(given);
  return histories(mood).map((commands) => {
    const moments = play(settings, commands, { longestMs: 1_000 });
    return moments.map(([at, event], i) => ({ event, afterMs: at - (moments[i - 1]?.[0] ?? 0) }));
  });
}

/** When something is due, wherever the server looks first; `now` where nothing ever is. */
function dueAt({ rules, stored, connections, claims, pending }: State, now: Millis): number {
  const dues = [
    ...[...mapEntries(stored)].map(([, { expiresAt }]) => expiresAt),
    ...[...mapEntries(connections)].map(([, { heardAt }]) => heardAt + rules.alive_timeout),
    ...[...mapEntries(pending)].map(([, { until }]) => until),
    ...[...mapEntries(claims)].map(([, { endsAt }]) => endsAt ?? Infinity),
  ];
  const due = Math.min(...dues);
  return due === Infinity ? now : due;
}

/** What a history has come to, as far as the sockets are concerned. */
class Player {
  #serial = 0;
  #older: ConnId[] = [];
  #all: ConnId[] = [];
  #open: ConnId[] = [];
  #pending: ConnId[] = [];
  #sent: Send[] = [];

  /** The events that a command stands for now; none, where it needs a socket and there is none. */
  eventsOf(act: Act): Event[] {
    switch (act.kind) {
      case "tick":
        return [{ kind: "tick" }];
      case "dismissed":
        return [{ kind: "client-dismissed", id: peerId(act.id), reason: act.reason }];
      case "shutdown":
        return [{ kind: "shutdown-requested" }];
      case "open":
        return this.#opened(act);
      case "send-refused":
        return this.#lastSent(act.pick, 1).flatMap(({ conn, meaning }) =>
          meaning.kind === "message" ? [{ kind: "send-refused", conn, message: meaning }] : []
        );
      case "send-failed":
        return this.#failed(act);
      case "checked":
        return this.#checked(act);
    }
    const conn = this.#socket(act.pick);
    if (conn === undefined) return [];
    switch (act.kind) {
      case "text":
        return [{ kind: "frame-received", conn, text: act.text }];
      case "binary":
        return [{ kind: "binary-received", conn, bytes: act.bytes }];
      case "closed":
        this.#forget(conn);
        return [{ kind: "socket-closed", conn, code: act.code }];
      case "unanswered":
        return [{ kind: "ping-unanswered", conn }];
      case "scatter":
        return Array.from({ length: act.count + 1 }, (_, index) => ({
          kind: "frame-received",
          conn,
          text: JSON.stringify({ type: "CANDIDATE", dst: `x${index % act.count}` }),
        }));
    }
  }

  /** Takes in what the server wants done. */
  hear(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "send") this.#sent.push(effect);
      else if (effect.kind === "close") this.#forget(effect.conn);
      else if (effect.kind === "check-token") this.#pending.push(effect.conn);
    }
  }

  #opened({ age, pick, opening }: Act & { kind: "open" }): Event[] {
    let conn = age === "late" ? this.#older.pop() : undefined;
    if (age === "known") conn = this.#open[pick % Math.max(this.#open.length, 1)];
    if (conn === undefined) {
      this.#older.push(connId(this.#serial + 1));
      conn = connId(this.#serial + 2);
      this.#serial += 2;
    }
    if (!this.#open.includes(conn)) this.#open.push(conn);
    if (!this.#all.includes(conn)) this.#all.push(conn);
    return [{ kind: "socket-opened", conn, ...opening }];
  }

  /** The answer for a socket that asked, which may be gone; or, one time in ten, for any, once more. */
  #checked({ pick, identity }: Act & { kind: "checked" }): Event[] {
    const among = pick % 10 === 9 ? this.#all : this.#pending;
    const conn = among[Math.floor(pick / 10) % Math.max(among.length, 1)];
    if (conn === undefined) return [];
    this.#pending = this.#pending.filter((pending) => pending !== conn);
    return [{ kind: "token-checked", conn, identity }];
  }

  #forget(conn: ConnId): void {
    this.#open = this.#open.filter((open) => open !== conn);
  }

  /** A socket that is open, or, one time in ten, any that ever was. */
  #socket(pick: number): ConnId | undefined {
    const among = pick % 10 === 9 ? this.#all : this.#open;
    return among[Math.floor(pick / 10) % Math.max(among.length, 1)];
  }

  /** The last that was sent to one socket: of peers, or, one time in four, of the server too. */
  #lastSent(pick: number, count: number): Send[] {
    const among = this.#sent.filter(({ meaning }) => pick % 4 === 0 || meaning.kind === "message");
    const conn = among.at(-1 - pick % 5)?.conn;
    return count === 0 ? [] : among.filter((sent) => sent.conn === conn).slice(-count);
  }

  /** One event for each that was to be sent, in order; a socket that is cut off fails with nothing. */
  #failed({ pick, count }: Act & { kind: "send-failed" }): Event[] {
    const sent = this.#lastSent(pick, count);
    const conn = sent[0]?.conn ?? this.#socket(pick);
    if (conn === undefined) return [];
    this.#forget(conn);
    const messages = sent.map(({ meaning }) => meaning.kind === "message" ? meaning : null);
    return (messages.length > 0 ? messages : [null]).map((message) => ({
      kind: "send-failed",
      conn,
      message,
    }));
  }
}
