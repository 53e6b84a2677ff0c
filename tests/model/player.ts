/**
 * Turns commands into events: keeps the sockets there are, and what was sent to each.
 *
 * @module
 */
import { type ConnId, connId, type Effect, type Event } from "../../core/mod.ts";
import type { Act } from "./histories.ts";

/** What a history has come to, as far as the sockets are concerned. */
export class Player {
  #serial = 0;
  #older: ConnId[] = [];
  #all: ConnId[] = [];
  #open: ConnId[] = [];
  #sent: { conn: ConnId; text: string }[] = [];

  /** The events that a command stands for now; none, where it needs a socket and there is none. */
  eventsOf(act: Act): Event[] {
    switch (act.kind) {
      case "tick":
        return [{ kind: "tick" }];
      case "shutdown":
        return [{ kind: "shutdown-requested" }];
      case "open":
        return this.#opened(act);
      case "send-refused":
        return this.#lastSent(act.pick, 1).map(({ conn, text }) => ({
          kind: "send-refused",
          conn,
          text,
        }));
      case "send-failed":
        return this.#failed(act);
    }
    const conn = this.#socket(act.pick);
    if (conn === undefined) return [];
    switch (act.kind) {
      case "text":
        return [{ kind: "frame-received", conn, text: act.text }];
      case "binary":
        return [{ kind: "binary-received", conn, bytes: act.bytes }];
      case "closed":
        this.#open = this.#open.filter((open) => open !== conn);
        return [{ kind: "socket-closed", conn, code: 1005 }];
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

  /** Takes note of what the server wants done. */
  note(effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind === "send") this.#sent.push({ conn: effect.conn, text: effect.text });
      else this.#open = this.#open.filter((conn) => conn !== effect.conn);
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

  /** A socket that is open, or, one time in ten, any that ever was. */
  #socket(pick: number): ConnId | undefined {
    const among = pick % 10 === 9 ? this.#all : this.#open;
    return among[Math.floor(pick / 10) % Math.max(among.length, 1)];
  }

  #lastSent(pick: number, count: number): { conn: ConnId; text: string }[] {
    const calls = this.#sent.filter(({ text }) =>
      pick % 4 === 0 || !/^{"type":"(?:OPEN|E)/.test(text)
    );
    const conn = calls.at(-1 - pick % 5)?.conn;
    return count === 0 ? [] : calls.filter((sent) => sent.conn === conn).slice(-count);
  }

  #failed({ pick, count }: Act & { kind: "send-failed" }): Event[] {
    const sent = this.#lastSent(pick, count);
    const conn = sent[0]?.conn ?? this.#socket(pick);
    if (conn === undefined) return [];
    this.#open = this.#open.filter((open) => open !== conn);
    return [{ kind: "send-failed", conn, texts: sent.map(({ text }) => text) }];
  }
}
