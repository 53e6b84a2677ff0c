/**
 * Histories that are written down with what the server does about each event, for the model and for `reduce`.
 *
 * @module
 */
import { connId, type Event, millis, type PartialSettings, settingsFrom } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { type Act, opening } from "../support/world.ts";
import { agree } from "./agreement.ts";
import { createModel } from "./model.ts";

/** A socket that was opened. */
export type Opened = Event & { kind: "socket-opened" };

/** Time has passed. */
export const TICK: Event = { kind: "tick" };

/** A socket is opened. */
export function opens(conn: number, id: string, odd: Partial<Opened> = {}): Event {
  return { ...opening(conn, { token: "t", address: "1.2.3.4", id }), ...odd, conn: connId(conn) };
}

/** A client sends a message. */
export function says(conn: number, type: string, dst?: string): Event {
  return { kind: "frame-received", conn: connId(conn), text: JSON.stringify({ type, dst }) };
}

/** A client closes its socket. */
export function hangsUp(conn: number): Event {
  return { kind: "socket-closed", conn: connId(conn), code: 1005 };
}

/** A message as its receiver gets it. */
export function message(type: string, src: string, dst: string): string {
  return JSON.stringify({ type, src, dst });
}

function shown(act: Act): string {
  return act.kind === "send"
    ? `to ${act.conn}: ${act.text}`
    : `closes ${act.conn}: ${act.code} ${act.reason}`;
}

/** An instant, what happens then, and what the server does about it. */
export type Line = readonly [now: number, event: Event, ...effects: string[]];

/** Both the model and `reduce` do what the lines say. */
export function follows(options: PartialSettings, lines: readonly Line[]): void {
  const settings = settingsFrom(options);
  const model = createModel(settings);
  for (const [now, event, ...effects] of lines) {
    assertEquals(model.step(event, millis(now)).map(shown), effects, JSON.stringify([now, event]));
  }
  agree(settings, lines.map(([now, event]) => [now, event]));
}

/** A client is admitted. */
export const open = (conn: number): string => `to ${conn}: {"type":"OPEN"}`;
/** A client is told what is wrong. */
export const error = (conn: number, msg: string): string =>
  `to ${conn}: ${JSON.stringify({ type: "ERROR", payload: { msg } })}`;
/** A socket gives way to a newer one. */
export const replaced = (conn: number): string =>
  `closes ${conn}: 4000 Replaced by a newer connection with the same id and token`;
/** A socket is refused, because its id is held. */
export const taken = (conn: number): string[] => [
  `to ${conn}: {"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}`,
  `closes ${conn}: 4001 ID is taken`,
];
