/**
 * The reference model: the server as `core/SPEC.md` describes it, slowly.
 *
 * It is run beside `reduce` on the same histories, and what the two want done must be the same, to the letter.
 * Everything is a plain list, in the order in which it came, and is searched from its beginning to its end. It
 * shares types with core/ and no value: the codes, sentences and lengths are its own. Each block names the rules
 * that it follows, in the words of the specification; where that is silent, so is this.
 *
 * @module
 */
import type { Effect } from "../../core/effect.ts";
import type { Event } from "../../core/event.ts";
import type { ConnId, Millis } from "../../core/ids.ts";
import type { Settings } from "../../core/settings.ts";
import { open } from "./door.ts";
import { receive, refuseSent, sendAnew } from "./post.ts";
import { type Client, close, forget, holderOf, idTaken, sendExpire, type World } from "./world.ts";

/** The server as SPEC.md describes it, slowly. */
export interface Model {
  /** What the server does about an event at an instant: exactly the effects of `reduce`. */
  readonly step: (event: Event, now: Millis) => readonly Effect[];
  /** When something is next due, or `null`: the earliest true deadline. */
  readonly nextWakeAt: () => number | null;
}

/** A server that has just been started. */
export function createModel(settings: Settings): Model {
  const world: World = {
    settings,
    now: 0,
    clients: [],
    waiting: [],
    tries: [],
    stored: [],
    stopped: false,
    effects: [],
  };
  return {
    step(event, now): readonly Effect[] {
      world.now = now;
      world.effects = [];
      happen(world, event);
      return world.effects;
    },
    nextWakeAt(): number | null {
      const deadlines = [
        ...world.stored.map((message) => message.expiresAt),
        ...world.waiting.map((socket) => socket.answerAt),
        ...world.clients.map((client) => client.silentSince + settings.alive_timeout),
      ];
      return deadlines.length === 0 ? null : Math.min(...deadlines);
    },
  };
}

function happen(world: World, event: Event): void {
  switch (event.kind) {
    case "socket-opened":
      return open(world, event);
    case "frame-received":
    case "binary-received":
      return receive(world, event);
    case "socket-closed":
      return closed(world, event.conn);
    case "send-failed": // MSG-12
      closed(world, event.conn);
      return event.texts.forEach((text) => sendAnew(world, text));
    case "send-refused": // LIMIT-6
      return refuseSent(world, event.text);
    case "tick":
      return tick(world);
    case "shutdown-requested":
      return shutDown(world);
  }
}

/** The section Timeout and close. */
function tick(world: World): void {
  const { settings, now } = world;
  // QUEUE-3
  for (const message of world.stored.filter(({ expiresAt }) => expiresAt <= now)) {
    world.stored = world.stored.filter((other) => other !== message);
    const source = holderOf(world, message.src);
    if (source === undefined || source.owner !== message.by || message.announced) continue;
    sendExpire(world, source, message.dst);
  }
  // LIMIT-3
  const answers = world.waiting.filter(({ answerAt }) => answerAt <= now);
  world.waiting = world.waiting.filter(({ answerAt }) => answerAt > now);
  answers.sort((a, b) => a.answerAt - b.answerAt || a.conn - b.conn);
  answers.filter(({ hungUp }) => !hungUp).forEach(({ conn }) => idTaken(world, conn));
  // LIFE-1
  const dueAt = (client: Client): number => client.silentSince + settings.alive_timeout;
  const silent = world.clients.filter((client) => dueAt(client) <= now);
  silent.sort((a, b) => dueAt(a) - dueAt(b) || a.conn - b.conn);
  for (const { conn } of silent) {
    forget(world, conn);
    close(world, conn, 4008, `No valid message for ${settings.alive_timeout} ms`);
  }
}

/** LIFE-3 */
function shutDown(world: World): void {
  const sentence = "Server is shutting down";
  const waiting = world.waiting.filter(({ hungUp }) => !hungUp);
  const sockets = [...world.clients, ...waiting].sort((a, b) => a.conn - b.conn);
  for (const { conn } of sockets) {
    close(world, conn, 1001, sentence);
  }
  world.clients = [];
  world.waiting = [];
  world.tries = [];
  world.stored = [];
  world.stopped = true;
}

/** LIFE-2, and LIMIT-4: the place of a socket that waits is kept. */
function closed(world: World, conn: ConnId): void {
  forget(world, conn);
  world.waiting.filter((s) => s.conn === conn).forEach((socket) => socket.hungUp = true);
}
