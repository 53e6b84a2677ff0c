/**
 * What must hold after every step of every history, told by looking at states and effects from outside.
 *
 * The laws know no rule's code. They follow each numbered message, each connection that was closed and
 * each `EXPIRE`, and throw where one of them is lost, comes twice, or comes to the wrong place.
 *
 * @module
 */
import {
  CLOSE,
  type ConnId,
  type Effect,
  type Event,
  type Millis,
  millis,
  nextWakeAt,
  type PeerId,
  type reduce,
  type Send,
  sizes,
  type State,
  violations,
} from "../../core/mod.ts";
import { mapEntries, mapGet } from "../../core/collections/persistent_map.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { type Numbered, numbered } from "./histories.ts";

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

/** All laws, for one history that this reducer makes. */
export function laws(reducer: Reducer): Law {
  const all = [
    soundness,
    rest(reducer),
    stillness,
    mortality(),
    expiry(),
    ends(),
    order(),
    tellings(),
  ];
  return (step) => {
    for (const law of all) law(step);
  };
}

/** [STATE-3] No state contradicts itself. */
function soundness({ after }: Step): void {
  const found = violations(after);
  if (found.length > 0) assertEquals(found, []);
}

/** [STATE-2] Before its time a tick does nothing, and after a tick nothing is due. */
function rest(reducer: Reducer): Law {
  return ({ after, event, now }) => {
    const wakeAt = nextWakeAt(after);
    if (event.kind === "tick") assert((wakeAt ?? Infinity) > now, "something is due after a tick");
    const early = wakeAt === null ? now : Math.min(now, wakeAt - 0.001);
    const [same, none] = reducer(after, { kind: "tick" }, millis(early));
    assertStrictEquals(same, after);
    assertEquals(none.length, 0);
  };
}

/** [LIFE-3] When the server has stopped nobody is there, nothing waits, and nothing is due. */
function stillness({ after }: Step): void {
  if (!after.stopping) return;
  const left = Object.values(sizes(after)).reduce((sum, size) => sum + size, 0);
  assertEquals([left, nextWakeAt(after)], [0, null]);
}

/** [STATE-4] No effect names a connection that is closed, that was refused, or that never was. */
function mortality(): Law {
  const open = new Set<ConnId>();
  return ({ event, effects }) => {
    if (event.kind === "socket-opened") open.add(event.conn);
    if (event.kind === "socket-closed" || event.kind === "send-failed") open.delete(event.conn);
    for (const effect of effects) {
      assert(open.has(effect.conn), `${effect.kind} for ${effect.conn}, which is closed`);
      if (effect.kind === "close") open.delete(effect.conn);
    }
  };
}

/** [AUTH-6] With `auth_expiry` nobody outlives the token that let it in, nor is cut short for its sake. */
function expiry(): Law {
  const ends = new Map<ConnId, Millis>();
  return ({ before, event, now, after, effects }) => {
    if (event.kind === "socket-opened" && mapGet(before.connections, event.conn) === undefined) {
      const { conn, identity } = event;
      const endsAt = identity.kind === "proven" ? identity.endsAt : null;
      if (endsAt === null || after.settings.auth_expiry === "keep") ends.delete(conn);
      else ends.set(conn, endsAt);
    }
    for (const effect of effects) {
      if (effect.kind !== "close" || effect.code !== CLOSE.tokenExpired) continue;
      assert(event.kind === "tick" && (ends.get(effect.conn) ?? Infinity) <= now, "cut short");
    }
    if (event.kind !== "tick" && event.kind !== "socket-opened") return;
    for (const [conn, endsAt] of ends) {
      if (mapGet(after.connections, conn) === undefined) ends.delete(conn);
      else if (event.kind === "tick") assert(endsAt > now, `${conn} outlives its token`);
    }
  };
}

/** [QUEUE-5] Every stored message meets exactly one end, and nothing is delivered that was not sent. */
function ends(): Law {
  const delivered = new Set<number>();
  return ({ before, event, now, after, effects }) => {
    if (event.kind === "send-failed" || event.kind === "send-refused") {
      const texts = event.kind === "send-failed" ? event.texts : [event.text];
      for (const text of texts) delivered.delete(numbered(text)?.n ?? -1);
    }
    for (const effect of effects) {
      const message = effect.kind === "send" ? numbered(effect.text) : null;
      if (message === null) continue;
      assert(!delivered.has(message.n), `message ${message.n} is delivered twice`);
      delivered.add(message.n);
      const waits = [...mapEntries(after.stored)].some(([, { text }]) =>
        numbered(text)?.n === message.n
      );
      assert(!waits, `message ${message.n} is delivered, and waits`);
    }
    if (before.stored === after.stored || event.kind === "shutdown-requested") return;
    for (const [serial, { text, expiresAt }] of mapEntries(before.stored)) {
      if (mapGet(after.stored, serial) !== undefined) continue;
      const isSent = effects.some((effect) => effect.kind === "send" && effect.text === text);
      const isExpired = event.kind === "tick" && expiresAt <= now;
      assert(isSent !== isExpired, `stored message ${serial} met no end, or two`);
    }
  };
}

/** [QUEUE-1] What one peer sends to another arrives in order, but for what is sent once more. */
function order(): Law {
  const last = new Map<string, number>();
  const again = new Set<number>();
  return ({ event, effects }) => {
    if (event.kind === "send-failed") {
      for (const text of event.texts) again.add(numbered(text)?.n ?? -1);
    }
    for (const effect of effects) {
      const message = effect.kind === "send" ? numbered(effect.text) : null;
      if (message === null || again.has(message.n)) continue;
      const key = JSON.stringify([message.src, message.dst]);
      assert((last.get(key) ?? -1) < message.n, `message ${message.n} is overtaken`);
      last.set(key, message.n);
    }
  };
}

/** [QUEUE-2] [LIMIT-6] What is neither delivered nor stored is told to its source, once an attempt. */
function tellings(): Law {
  const toldOf = new Map<ConnId, Set<PeerId>>();
  const tell = (conn: ConnId, dst: PeerId): void => {
    toldOf.set(conn, (toldOf.get(conn) ?? new Set()).add(dst));
  };
  return ({ before, event, after, effects }) => {
    if (event.kind === "socket-opened" && mapGet(before.connections, event.conn) === undefined) {
      toldOf.delete(event.conn);
    }
    if (event.kind === "send-failed") {
      for (const { conn, text } of effects.filter(isExpire)) tell(conn, JSON.parse(text).src);
    }
    const message = event.kind === "frame-received" || event.kind === "send-refused"
      ? accepted(before, event, after)
      : null;
    if (message === null) return;
    const { conn, dst, text, begins } = message;
    const told = toldOf.get(conn) ?? new Set();
    if (event.kind === "frame-received") {
      if (begins) told.delete(dst);
      if (after.nextSerial > before.nextSerial) return;
      if (effects.some((effect) => effect.kind === "send" && effect.text === text)) return;
    }
    const tells = effects.filter((effect) => isExpire(effect) && effect.conn === conn);
    assertEquals(tells.length, told.has(dst) ? 0 : 1, "a refusal is told once an attempt");
    tell(conn, dst);
  };
}

function isExpire(effect: Effect): effect is Send {
  return effect.kind === "send" && effect.text.startsWith('{"type":"EXPIRE"');
}

/** A message that counts: who sent it on what connection, and whether it begins an attempt. */
function accepted(
  before: State,
  event: Extract<Event, { kind: "frame-received" | "send-refused" }>,
  after: State,
): { conn: ConnId; dst: PeerId; text: string; begins: boolean } | null {
  const isRefusal = event.kind === "send-refused";
  const frame = isRefusal ? numbered(event.text) : parsed(event.text);
  if (frame === null || !TOLD_TYPES.has(frame.type)) return null;
  if (isRefusal && frame.type === "EXPIRE") return null;
  const conn = isRefusal ? mapGet(before.claims, frame.src)?.conn : event.conn;
  const connection = conn === undefined ? undefined : mapGet(after.connections, conn);
  if (conn === undefined || connection === undefined || connection.badFrames > 0) return null;
  const { type, dst, payload } = frame;
  const text = JSON.stringify({ type, src: connection.id, dst, payload });
  return { conn, dst, text, begins: type === "OFFER" || type === "ANSWER" };
}

const TOLD_TYPES = new Set(["OFFER", "ANSWER", "CANDIDATE", "EXPIRE"]);

/** A frame as its sender wrote it, if it is a numbered message. */
function parsed(text: string): Numbered | null {
  try {
    const message = numbered(text);
    return typeof message?.dst === "string" && message.dst !== "" ? message : null;
  } catch {
    return null;
  }
}

/** [STATE-1] What was returned stays as it was, and the same step gives the same again. */
export function constancy(reducer: Reducer): Law {
  const states: { readonly state: State; readonly picture: string }[] = [];
  return ({ before, event, now, after, effects }) => {
    states.push({ state: after, picture: picture(after) });
    const old = states[((states.length * 7_919) % 101) % states.length];
    if (old !== undefined) assertEquals(picture(old.state), old.picture);
    const [again, same] = reducer(before, event, now);
    assertEquals([picture(again), same], [picture(after), effects]);
  };
}

/** All that a state says, as text: the maps as sorted entries, for their insides differ. */
function picture({ settings: _, ...state }: State): string {
  return JSON.stringify(
    state,
    (_, value) =>
      typeof value === "object" && value !== null && "native" in value
        ? [...mapEntries<unknown, NonNullable<unknown>>(value)].map((e) => JSON.stringify(e)).sort()
        : value,
  );
}
