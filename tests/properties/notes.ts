/**
 * The law that what observers are told agrees with what the outside sees and with the state: it makes the notes of a
 * step from the event, the acts and the two states, and knows no rule's code.
 */
import {
  clientCount,
  type Close,
  type Connection,
  type ConnId,
  type Effect,
  type Event,
  type Left,
  mapEntries,
  mapGet,
  mapHas,
  type Message,
  type Note,
  peerId,
  type PersistentMap,
  type Send,
  snapshotOf,
  type State,
  type Undelivered,
} from "../../core/mod.ts";
import type { Law, Reducer, Step } from "../history/play.ts";
import { fieldsOf, parsed, payloadIn } from "../model/words.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { notesOf } from "../support/world.ts";

/** Meanings are what texts say, and notes are what happened: no more, no less, each with all it says. */
export function notes(reducer: Reducer): Law {
  return (step) => {
    const parts = partsOf(step, reducer);
    if (parts[0] !== step) assertSame(step.effects, parts.flatMap(({ effects }) => effects));
    parts.forEach(check);
  };
}

/** [AUTH-8] A socket that waited is opened when its token is checked, and then what it said is heard. */
function partsOf(step: Step, reducer: Reducer): Step[] {
  const { event, now } = step;
  const waiting = event.kind === "token-checked" && mapGet(step.before.pending, event.conn);
  if (event.kind !== "token-checked" || !waiting) return [step];
  const { conn, identity } = event;
  let [before] = reducer(step.before, { kind: "socket-closed", conn, code: 1006 }, now);
  const parts: Step[] = [];
  for (const event of [{ ...waiting.opened, identity }, ...waiting.frames]) {
    if (parts.length > 0 && !mapHas(before.connections, conn)) break;
    const [after, effects] = reducer(before, event, now);
    parts.push({ before, event, now, after, effects });
    before = after;
  }
  assertSame(snapshotOf(before), snapshotOf(step.after));
  return parts;
}

function check(step: Step): void {
  for (const effect of step.effects) {
    if (effect.kind === "send") assertSame(effect.meaning, meaningOf(effect, step));
  }
  const expected = [
    ...admitted(step),
    ...refused(step),
    ...left(step),
    ...stored(step),
    ...drained(step),
    ...expired(step),
    ...undelivered(step),
    ...odd(step),
    ...draining(step),
  ];
  assertSame(inKinds(notesOf(step.effects)), inKinds(expected));
}

/** One kind after the other; those of one kind stay in order. */
function inKinds(notes: readonly Note[]): Note[] {
  return notes.toSorted((a, b) => a.what < b.what ? -1 : a.what > b.what ? 1 : 0);
}

/** [NOTE-1] */
function meaningOf({ conn, text }: Send, { before, event }: Step): Send["meaning"] {
  const { type, src, dst, payload } = JSON.parse(text);
  const to = mapGet(before.connections, conn)?.id ?? null;
  switch (type) {
    case "OPEN":
      return { kind: "open" };
    case "ID-TAKEN":
      return { kind: "id-taken" };
    case "ERROR":
      return { kind: "error", msg: payload.msg, to };
  }
  // An EXPIRE of a peer waited for whoever is admitted, or is what its sender just said.
  const said = event.kind === "frame-received" ? fieldsOf(parsed(event.text), "type", "dst") : [];
  const isOfPeer = type !== "EXPIRE" || event.kind === "socket-opened" ||
    event.kind === "frame-received" && mapGet(before.connections, event.conn)?.id === src &&
      said[0] === "EXPIRE" && said[1] === dst;
  return isOfPeer
    ? { kind: "message", type, src, dst, text }
    : { kind: "expire", dst: src, to: peerId(String(to)) };
}

/** [NOTE-2] */
function admitted({ before, event, after }: Step): Note[] {
  return [...mapEntries(after.connections)].flatMap(([conn, { id }]) => {
    if (mapGet(before.connections, conn) !== undefined) return [];
    const address = event.kind === "socket-opened" ? event.address : "nobody opened it";
    const replaces = mapGet(before.claims, id)?.conn ?? null;
    return [{ kind: "note", what: "admitted", conn, id, address, replaces }];
  });
}

/** [NOTE-3] */
function refused({ before, event, effects }: Step): Note[] {
  return effects.filter(isClose).flatMap(({ conn, code, reason: cut }) => {
    if (mapGet(before.connections, conn) !== undefined) return [];
    const waiting = mapGet(before.pending, conn)?.opened;
    const opened = event.kind === "socket-opened" ? event : waiting;
    if (opened === undefined) throw new Error(`${conn} is closed, and is nobody`);
    const { id, address, origin } = opened;
    const reason = inFull(cut, effects);
    return [{ kind: "note", what: "refused", conn, id, address, origin, code, reason }];
  });
}

/** The reason of a close in full. A close has room for 123 bytes: what its socket was told has all of them. */
function inFull(cut: string, effects: readonly Effect[]): string {
  const said = effects.filter(isSend).flatMap(({ meaning }) =>
    meaning.kind === "error" ? meaning.msg : []
  );
  return cut.endsWith("…") ? said[0] ?? cut : cut;
}

/** [NOTE-4] */
function left(step: Step): Note[] {
  const holders = ({ connections }: State): (readonly [ConnId, Connection])[] =>
    [...mapEntries(connections)].filter(([, { leftAt }]) => leftAt === null);
  const stay = new Set(holders(step.after).map(([conn]) => conn));
  const gone = holders(step.before).filter(([conn]) => !stay.has(conn));
  const closes = step.effects.filter(isClose).map(({ conn }) => conn);
  // Who is closed in one step leaves in that order.
  const inTurn = gone.toSorted(([a], [b]) => closes.indexOf(a) - closes.indexOf(b));
  return inTurn.map(([conn, { id }]) => {
    return { kind: "note", what: "left", conn, id, ...endOf(conn, step) };
  });
}

function endOf(conn: ConnId, { event, effects }: Step): Pick<Left, "by" | "code" | "reason"> {
  const close = effects.filter(isClose).find((close) => close.conn === conn);
  if (close !== undefined) {
    return { by: "server", code: close.code, reason: inFull(close.reason, effects) };
  }
  if (event.kind === "socket-closed") return { by: "client", code: event.code, reason: "" };
  return { by: "server", code: 1013, reason: "It did not read what was sent to it, or is gone" };
}

/** [NOTE-9] */
function draining({ before, event, after }: Step): Note[] {
  const clients = clientCount(after);
  if (event.kind === "drain-requested") {
    const began = { kind: "note", what: "drain-began", clients, ms: event.ms } as const;
    return after.drain === before.drain ? [] : [began];
  }
  const isOver = event.kind === "tick" && before.drain?.wakeAt !== null &&
    after.drain?.wakeAt === null;
  return isOver ? [{ kind: "note", what: "drain-ended", clients }] : [];
}

/** [NOTE-5] */
function stored({ before, after }: Step): Note[] {
  return without(after.stored, before.stored).map(([, { message }]) => {
    const [type, src, dst] = fieldsOf(JSON.parse(message.text), "type", "src", "dst");
    assertSame([message.type, message.src, message.dst], [type, src, dst]);
    return { kind: "note", what: "stored", message };
  });
}

/** [NOTE-8] */
function drained(step: Step): Note[] {
  const { event, effects } = step;
  assert(event.kind === "socket-opened" || !effects.some((e) => isSend(e) && e.hasWaited));
  if (event.kind !== "socket-opened") return [];
  const texts = takenOut(step).map(({ message }) => message.text);
  const sent = effects.filter(isSend).filter(({ hasWaited }) => hasWaited);
  assertSame(sent.map(({ text }) => text), texts);
  const note = { kind: "note", what: "drained", id: peerId(String(event.id)) } as const;
  return texts.length === 0 ? [] : [{ ...note, count: texts.length }];
}

/** [NOTE-8] */
function expired(step: Step): Note[] {
  if (step.event.kind !== "tick") return [];
  return takenOut(step).map(({ message: { type, src, dst } }, i) => {
    const isTold = isToldBefore(step.effects, "expired", i, { src, dst });
    return { kind: "note", what: "expired", type, src, dst, isTold };
  });
}

/** What waited and waits no more, in the order in which it came. */
function takenOut({ before, after }: Step): { readonly message: Message }[] {
  return without(before.stored, after.stored).sort(([a], [b]) => a - b).map(([, each]) => each);
}

/** Whether the act before the `i`th note of a kind tells a source that its destination was not reached. */
function isToldBefore(
  effects: readonly Effect[],
  what: Note["what"],
  i: number,
  { src, dst }: Pick<Message, "src" | "dst">,
): boolean {
  const places = effects.flatMap((effect, at) =>
    effect.kind === "note" && effect.what === what ? at : []
  );
  const told = effects[(places[i] ?? NaN) - 1];
  return told?.kind === "send" &&
    told.text === JSON.stringify({ type: "EXPIRE", src: dst, dst: src });
}

/** [NOTE-7] */
function undelivered(step: Step): Note[] {
  const { before, event, after, effects } = step;
  const message = messageIn(before, event, after);
  if (message === null || after.stored.size > before.stored.size) return [];
  if (effects.some((effect) => effect.kind === "send" && effect.text === message.text)) return [];
  const isTold = isToldBefore(effects, "undelivered", 0, message);
  return [{ kind: "note", what: "undelivered", message, why: whyNot(step, message), isTold }];
}

/** The message that a step has to do something about. */
function messageIn(before: State, event: Event, after: State): Message | null {
  switch (event.kind) {
    case "send-failed":
    case "send-refused": {
      const isLost = event.kind === "send-failed" && before.stopping;
      return isLost || !CALLS.includes(event.message?.type ?? "") ? null : event.message;
    }
    case "frame-received": {
      const source = mapGet(before.connections, event.conn);
      const isIn = mapGet(after.connections, event.conn) !== undefined;
      if ((source?.leftAt ?? null) !== null && !isHeard(before, after)) return null;
      return source === undefined || !isIn ? null : messageOf(source, event.text, before);
    }
    default:
      return null;
  }
}

/** A frame as its destination would get it; `null` where it is no message. */
function messageOf({ id: src }: Connection, frame: string, { rules }: State): Message | null {
  const [type, given] = fieldsOf(parsed(frame), "type", "dst");
  const [known] = TYPES.filter((name) => name === type);
  const whole = given instanceof Object ? {}.toString.call(given) : `${given ?? ""}`;
  if (known === undefined || known === "LEAVE" && (given ?? "") === "") return null;
  const most = rules.max_id_length;
  const dst = peerId(whole.length > most ? `${whole.slice(0, most)}…` : whole);
  const head = JSON.stringify({ type, src, dst }).slice(0, -1);
  return { kind: "message", type: known, src, dst, text: `${head}${payloadIn(frame)}}` };
}

function whyNot({ before, event }: Step, { type }: Message): Undelivered["why"] {
  if (event.kind === "send-refused") return "slow-reader";
  if (type === "LEAVE") return "absent";
  if (event.kind !== "frame-received") return "no-room";
  const [dst] = fieldsOf(parsed(event.text), "dst");
  const isUsable = typeof dst === "string" && dst !== "" && !/\p{Cc}/u.test(dst) &&
    dst.length <= before.rules.max_id_length;
  return isUsable ? "no-room" : "no-such-id";
}

/** [NOTE-6] */
function odd({ before, event, after, effects }: Step): Note[] {
  if (event.kind !== "frame-received" && event.kind !== "binary-received") return [];
  const { conn } = event;
  const source = mapGet(before.connections, conn);
  const isLast = (source?.leftAt ?? null) !== null;
  const id = isLast ? null : source?.id ?? null;
  const note = { kind: "note", conn, id } as const;
  if (mapHas(before.pending, conn) || isLast && isHeard(before, after)) return [];
  if (id === null) return [{ ...note, what: "ignored" }];
  // Whoever is closed for too many or too long frames is told so, whatever is in them.
  const [close] = effects.filter(isClose);
  const isRead = close === undefined || close.code === 4010;
  const isFault = effects.some((effect) =>
    effect.kind === "send" && effect.meaning.kind === "error"
  );
  if (isRead && isFault) return [{ ...note, what: "bad-frame" }];
  if (mapGet(after.connections, conn) === undefined || event.kind !== "frame-received") return [];
  const [type] = fieldsOf(parsed(event.text), "type");
  const isKnown = [...TYPES, "HEARTBEAT"].some((name) => name === type);
  return isKnown ? [] : [{ ...note, what: "unknown-type" }];
}

/** Whether something was paid for. */
function isHeard(before: State, after: State): boolean {
  return before.connections !== after.connections;
}

const CALLS = ["OFFER", "ANSWER", "CANDIDATE"];
const TYPES = ["OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"] as const;

/** The entries of one map whose keys the other has not. */
function without<K, V extends NonNullable<unknown>>(
  map: PersistentMap<K, V>,
  other: PersistentMap<K, V>,
): (readonly [K, V])[] {
  if (map === other) return [];
  return [...mapEntries(map)].filter(([key]) => mapGet(other, key) === undefined);
}

/** Quick where the two are the same, and a difference is shown where they are not. */
function assertSame(actual: unknown, expected: unknown): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) assertEquals(actual, expected);
}

function isClose(effect: Effect): effect is Close {
  return effect.kind === "close";
}

function isSend(effect: Effect): effect is Send {
  return effect.kind === "send";
}
