/**
 * What the reference model keeps, and the few things that all of its parts do.
 *
 * @module
 */
import type { CloseCode, Effect } from "../../core/effect.ts";
import type { ConnId } from "../../core/ids.ts";
import type { Settings } from "../../core/settings.ts";
import { utf8Length } from "./words.ts";

/** Who is connected. */
export interface Client {
  readonly conn: ConnId;
  readonly id: string;
  readonly owner: string;
  readonly group: string;
  silentSince: number;
  paidUntil: number;
  badFrames: number;
  /** Destinations whose refusal this connection was told of. */
  told: string[];
}

/** A socket that waits for the answer to a wrong token, or whose place is kept until then (LIMIT-4). */
export interface Waiting {
  readonly conn: ConnId;
  readonly group: string;
  readonly answerAt: number;
  hungUp: boolean;
}

/** The wrong tokens of one address. */
export interface Tries {
  readonly group: string;
  readonly since: number;
  count: number;
}

/** A message that waits. */
export interface Stored {
  readonly src: string;
  readonly dst: string;
  /** Who stored it; nobody, if nobody held `src` then. */
  readonly by: string | null;
  readonly text: string;
  readonly bytes: number;
  readonly expiresAt: number;
  /** Whether an `EXPIRE` stood for it already. */
  announced: boolean;
}

/** All there is, each list in the order in which things came. */
export interface World {
  readonly settings: Settings;
  now: number;
  clients: Client[];
  waiting: Waiting[];
  tries: Tries[];
  stored: Stored[];
  stopped: boolean;
  effects: Effect[];
}

/** Who holds an id. */
export function holderOf(world: World, id: string): Client | undefined {
  return world.clients.find((client) => client.id === id);
}

/** Clears the record of a connection, if it has one. */
export function forget(world: World, conn: ConnId): void {
  world.clients = world.clients.filter((client) => client.conn !== conn);
}

/** OPEN-4 */
export function idTaken(world: World, conn: ConnId): void {
  send(world, conn, '{"type":"ID-TAKEN","payload":{"msg":"ID is taken"}}');
  close(world, conn, 4001, "ID is taken");
}

/** What SPEC.md calls refused. */
export function refuse(world: World, conn: ConnId, code: CloseCode, sentence: string): void {
  sendError(world, conn, sentence);
  close(world, conn, code, sentence);
}

/** Sends an `ERROR` frame. */
export function sendError(world: World, conn: ConnId, msg: string): void {
  send(world, conn, JSON.stringify({ type: "ERROR", payload: { msg } }));
}

/** Sends a text. */
export function send(world: World, conn: ConnId, text: string): void {
  world.effects.push({ kind: "send", conn, text });
}

/** Closes a socket. */
export function close(world: World, conn: ConnId, code: CloseCode, reason: string): void {
  world.effects.push({ kind: "close", conn, code, reason: cut(reason) });
}

/** QUEUE-4: an `EXPIRE` stands for everything that waits from the one id for the other. */
export function sendExpire(world: World, source: Client, dst: string): void {
  send(world, source.conn, JSON.stringify({ type: "EXPIRE", src: dst, dst: source.id }));
  for (const message of world.stored) {
    if (message.src === source.id && message.dst === dst) message.announced = true;
  }
}

/** Texts: a close has room for 123 bytes. */
function cut(reason: string): string {
  if (utf8Length(reason) <= 123) return reason;
  const characters = [...reason];
  while (utf8Length(`${characters.join("")}…`) > 123) characters.pop();
  return `${characters.join("")}…`;
}
