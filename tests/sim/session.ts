/**
 * A socket, as the server was told of it, and what is counted of all of them.
 *
 * @module
 */
import type { ConnId } from "../../core/mod.ts";
import type { Link } from "./link.ts";
import { TIMER_LATE_MAX_MS } from "./loop.ts";

/** A socket, as the server was told of it. */
export interface Session {
  readonly conn: ConnId;
  readonly link: Link;
  readonly id: string;
  readonly token: string;
  readonly attachedAt: number;
  phase: "attached" | "opened" | "holder" | "closed";
  heardAt: number;
  closedAt: number;
  /** The peers of whose refusals it was told, the oldest first. */
  readonly refusalsTold: Set<string>;
}

/** What is counted, for the report. */
export interface Counts {
  readonly events: Record<string, number>;
  sessions: number;
  admitted: number;
  takeovers: number;
  timeouts: number;
  refusals: number;
  idTaken: number;
}

/** Nothing yet. */
export function noCounts(): Counts {
  return {
    events: {},
    sessions: 0,
    admitted: 0,
    takeovers: 0,
    timeouts: 0,
    refusals: 0,
    idTaken: 0,
  };
}

/** A socket that just got its number. */
export function attachedSession(link: Link, conn: ConnId, now: number): Session {
  const { id, token } = link;
  const times = { attachedAt: now, heardAt: now, closedAt: Infinity };
  return { conn, link, id, token, phase: "attached", ...times, refusalsTold: new Set() };
}

/** What is wrong with timing a client out now (LIFE-1); `null` where it is right. */
export function timeoutFault(session: Session, now: number, aliveMs: number): string | null {
  const { id, heardAt, link } = session;
  const silentMs = now - heardAt;
  if (silentMs < aliveMs || silentMs > aliveMs + TIMER_LATE_MAX_MS) {
    return `${id} was timed out after ${silentMs} ms`;
  }
  return link.isSound && !link.isSilent ? `${id} keeps its habits, and was timed out` : null;
}
