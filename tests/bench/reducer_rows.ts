/**
 * What the benchmark of the reducer measures: one row a kind of event. A row makes its events, has them
 * handled, and leaves the population as it was.
 *
 * @module
 */
import { decodeFrame, encodeTransmission, type Event, millis, peerId } from "../../core/mod.ts";
import {
  absent,
  anybody,
  closes,
  type Crowd,
  different,
  heartbeats,
  OFFER,
  offers,
  opens,
  run,
  TINY,
} from "./reducer_crowd.ts";

/** Has events handled under the name of a row, looking at the clock. */
export type Timed = (row: Row, events: readonly Event[]) => void;

/** What is measured. */
export type Row =
  | "heartbeat"
  | "relay 2 KB"
  | "relay tiny"
  | "store 2 KB"
  | "store tiny"
  | "drain"
  | "expire"
  | "open"
  | "close"
  | "takeover"
  | "tick, nothing due"
  | "nextWakeAt"
  | "codec 2 KB"
  | "JSON.parse 2 KB";

const SOMEBODY = peerId("5e0b6b1f-6b1f-4d2a-8c3e-000000000000");

/** Handled without anybody looking at the clock. */
function quietly(self: Crowd, events: readonly Event[]): void {
  for (const event of events) run(self, event);
}

/** Frames, which change nobody's place. */
export function measureFrames(
  self: Crowd,
  { heartbeatCount, count }: { readonly heartbeatCount: number; readonly count: number },
  timed: Timed,
): void {
  timed("heartbeat", heartbeats(self, anybody(self, heartbeatCount)));
  for (const [row, payload] of [["relay 2 KB", OFFER], ["relay tiny", TINY]] as const) {
    const sources = anybody(self, count);
    timed(row, offers(self, { sources, destinations: anybody(self, count), payload }));
  }
}

/** Clients close, come back, and are replaced. */
export function measureSessions(self: Crowd, count: number, timed: Timed): void {
  const clients = different(self, count);
  timed("close", closes(self, clients));
  timed("open", opens(self, clients));
  timed("takeover", opens(self, anybody(self, count)));
}

/** Messages for clients who left are stored, and drained when they come back; others expire one by one. */
export function measureStore(self: Crowd, count: number, timed: Timed): void {
  const away = different(self, count);
  quietly(self, closes(self, away));
  const gone = new Set(away);
  const sources = anybody(self, 3 * count).filter((client) => !gone.has(client)).slice(0, count);
  timed("store 2 KB", offers(self, { sources, destinations: away, payload: OFFER }));
  timed("drain", opens(self, away));
  const destinations = absent(self, count);
  timed("store tiny", offers(self, { sources: anybody(self, count), destinations, payload: TINY }));
  const wakeAt = self.server.nextWakeAt();
  self.now = wakeAt ?? self.now;
  timed("expire", ticks(count));
  self.now += 1_000;
  quietly(self, ticks(1));
}

/** Ticks, as many as said. */
export function ticks(count: number): Event[] {
  return Array.from({ length: count }, () => ({ kind: "tick" }));
}

/** Offers of 2 KB, read and written as in a relay, with no server: what no server can do without. */
export function codec(events: readonly Event[]): number {
  let length = 0;
  for (const event of events) {
    const decoded = decodeFrame(event.kind === "frame-received" ? event.text : "");
    if (!decoded.ok || decoded.frame.kind !== "transmission") continue;
    length += encodeTransmission(SOMEBODY, decoded.frame).length;
  }
  return length;
}

/** The payloads of such offers, read by the engine: what whoever checks that they are JSON cannot do without. */
export function parses(payloads: readonly string[]): number {
  let length = 0;
  for (const payload of payloads) length += Object.keys(JSON.parse(payload)).length;
  return length;
}

/** The payloads of offers, as texts. */
export function payloadsOf(events: readonly Event[]): readonly string[] {
  return events.flatMap((event) => {
    const decoded = decodeFrame(event.kind === "frame-received" ? event.text : "");
    if (!decoded.ok || decoded.frame.kind !== "transmission") return [];
    return [decoded.frame.payload ?? ""];
  });
}

/** Asks when something is next due; gives a number, so that the question is not left out. */
export function askOften(self: Crowd, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += self.server.nextWakeAt() ?? millis(0);
  return sum;
}
