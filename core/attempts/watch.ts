/**
 * The last attempts of pairs of peers to connect, as a fold over the steps of the server.
 *
 * Only the first messages of an attempt are read: each attempt adds `READS` to what is read of its pair, and an `OFFER`
 * is always read, because it may begin another attempt; all of it at most so often (`READ_RATE`). All other messages
 * count for the newest attempt of their pair, unread.
 *
 * @module
 */
import { must } from "../collections/must.ts";
import { mapGet, mapSet } from "../collections/persistent_map.ts";
import type { Effect, Expired, Note, Publish } from "../effect.ts";
import type { Event } from "../event.ts";
import { isUsableId, type Millis, type PeerId, peerId } from "../ids.ts";
import type { Message } from "../message.ts";
import type { State } from "../state.ts";
import { readSignal, type Signal, UNKNOWN } from "../wire/candidate.ts";
import {
  type Attempt,
  type Fate,
  NEW_SIDE,
  type Occurrence,
  type Role,
  roleOf,
  type Sent,
  withEvent,
  withHandoverFailed,
  withSignal,
  withUnread,
  withWaitEnded,
} from "./attempt.ts";
import {
  add,
  attemptAt,
  type Attempts,
  changeFirst,
  type Ends,
  keep,
  keyOf,
  type Pair,
  pairAt,
  payForRead,
  withArrival,
} from "./attempts.ts";
import { copied, hintFor, refusalIn, withAddresses } from "./ends.ts";

/** What the fold needs of a step. The state is read during the call, and not kept. */
export interface WatchedStep {
  readonly event: Event;
  readonly now: Millis;
  readonly effects: readonly Effect[];
  readonly state: State;
}

/** The messages that an attempt adds to what is read of its pair: a call of machines with many addresses has 60. */
export const READS = 64;
/** How long after its last message an attempt notes that a peer joins or leaves. */
export const PRESENCE_MS = 60_000;
/** A call is a try again if the last one of the same kind began so long ago: not at the same time, and not long ago. */
export const RETRY_FROM_MS = 1_000;
export const RETRY_UNTIL_MS = 60_000;
/** Two calls to each other cross if the second begins so soon after the first, which is not answered yet. */
export const CROSSED_MS = 3_000;

/** The attempts after a step. */
export function watchAttempts(attempts: Attempts, step: WatchedStep): Attempts {
  let next = attempts;
  let published: Published = [];
  for (const effect of step.effects) {
    if (effect.kind === "note") next = observe(next, effect, published, step);
    else if (effect.kind === "publish") published = effect.frame.carried;
    else if (effect.kind === "send" && effect.meaning.kind === "message") {
      next = effect.hasWaited
        ? endWait(next, effect.meaning, "delivered", step.now)
        : handle(next, effect.meaning, "relayed", step);
    }
  }
  return next;
}

/** What was last published to another node. */
type Published = Publish["frame"]["carried"];

function observe(
  attempts: Attempts,
  note: Note,
  published: Published,
  step: WatchedStep,
): Attempts {
  const { now } = step;
  switch (note.what) {
    case "stored":
      return handle(attempts, note.message, "waiting", step);
    case "undelivered": {
      const next = handle(attempts, note.message, note.why, step);
      return note.isTold ? tell(next, note.message, idsOf(next, note.message).at(-1), now) : next;
    }
    case "expired":
      return expire(attempts, note, step);
    case "sent-on":
      return sendOn(attempts, published, now);
    case "passed-on": {
      const { message } = note;
      return endWait(handle(attempts, message, "waiting", step), message, "sent-on", now);
    }
    case "waits":
      return waitAgain(attempts, note.message);
    case "admitted": {
      const next = withArrival(attempts, { id: copied(note.id), at: now, code: null });
      return meet(next, note.id, (from) => ({ what: "joined", at: now, from }), now);
    }
    case "refused": {
      const { id, code } = note;
      if (id === null || !isUsableId(id, step.state.rules.max_id_length)) return attempts;
      return withArrival(attempts, { id: copied(peerId(id)), at: now, code });
    }
    case "left": {
      const { by, code } = note;
      return meet(attempts, note.id, (from) => ({ what: "left", at: now, from, by, code }), now);
    }
    default:
      return attempts;
  }
}

/** Handles a message of a peer: a new one, or one that a socket did not take. */
function handle(attempts: Attempts, message: Message, fate: Fate, step: WatchedStep): Attempts {
  const { event, now } = step;
  const { type, src } = message;
  const key = keyOf(message);
  const pair = pairAt(attempts, key);
  const newest = attemptAt(attempts, pair.ids.at(-1));
  const isCall = type === "OFFER" || type === "ANSWER" || type === "CANDIDATE";
  if (newest === undefined) {
    if (!isCall) return attempts;
    const paid = payForRead(attempts, message, now);
    return paid === null ? overlook(attempts) : begin(paid, message, fate, step);
  }
  const sent = { what: type, at: now, from: roleOf(newest, src, type), fate };
  if (event.kind === "send-failed" || event.kind === "send-refused") {
    const changed = changeFirst(
      attempts,
      pair.ids.toReversed(),
      (attempt) => withHandoverFailed(attempt, { ...sent, from: roleOf(attempt, src, type) }),
    );
    return changed === attempts ? keep(attempts, withUnread(newest, sent)) : changed;
  }
  if (!isCall) return keep(attempts, withSignal(newest, sent, NOTHING));
  if (type !== "OFFER" && pair.reads === 0) return keep(attempts, withUnread(newest, sent));
  const paid = payForRead(attempts, message, now);
  return paid === null
    ? keep(overlook(attempts), withUnread(newest, sent))
    : read(paid, message, { key, pair, newest, sent }, step);
}

function overlook(attempts: Attempts): Attempts {
  return { ...attempts, overlooked: attempts.overlooked + 1 };
}

/** Of a message that is neither a description nor a candidate nothing is read. */
const NOTHING: Signal = { ...UNKNOWN, isRead: true };

interface Known {
  readonly key: string;
  readonly pair: Pair;
  readonly newest: Attempt;
  readonly sent: Pick<Sent, "what" | "at" | "from" | "fate">;
}

/** Reads a message of a known pair, and adds it to the attempt that it belongs to. */
function read(
  attempts: Attempts,
  message: Message,
  { key, pair, newest, sent }: Known,
  step: WatchedStep,
): Attempts {
  const { type, src } = message;
  const signal = readSignal(message);
  const found = findTagged(attempts, pair, signal.tag);
  if (found === undefined && type === "OFFER") {
    return begin(attempts, message, sent.fate, step, signal);
  }
  const reads = Math.max(0, pair.reads - 1);
  const next = { ...attempts, pairs: mapSet(attempts.pairs, key, { ...pair, reads }) };
  const isStray = found === undefined && newest.tag !== null && signal.tag !== null;
  if (isStray) return keep(next, withUnread(newest, sent));
  const attempt = found ?? newest;
  const changed = withSignal(attempt, { ...sent, from: roleOf(attempt, src, type) }, signal);
  return keep(next, type === "ANSWER" ? withAddresses(changed, step.state) : changed);
}

/** Begins an attempt with its first message. Whoever answers was called, also if the offer was not seen. */
function begin(
  attempts: Attempts,
  message: Message,
  fate: Fate,
  { now, state }: WatchedStep,
  signal: Signal = readSignal(message),
): Attempts {
  const { type } = message;
  const [src, dst] = [copied(message.src), copied(message.dst)];
  const [caller, callee] = type === "ANSWER" ? [dst, src] : [src, dst];
  const bare: Attempt = {
    id: attempts.nextId,
    caller,
    callee,
    connection: null,
    tag: null,
    startedAt: now,
    updatedAt: now,
    sides: { caller: NEW_SIDE, callee: NEW_SIDE },
    events: [],
    isCut: false,
    addresses: { caller: null, callee: null },
    sameAddress: null,
    tries: 1,
    retriedAt: null,
    isCrossed: false,
    near: null,
    refusal: null,
  };
  const sent = { what: type, at: now, from: roleOf(bare, src, type), fate };
  const pair = pairAt(attempts, keyOf(message));
  const first = withAddresses(withSignal(bare, sent, signal), state);
  const [related, attempt] = relate(attempts, pair, first);
  return add(related, attempt, pair.reads + READS - 1);
}

/** Notes whether the caller tries again, and whether the callee calls too. */
function relate(attempts: Attempts, { ids }: Pair, attempt: Attempt): [Attempts, Attempt] {
  let [next, known] = [attempts, attempt];
  for (const id of ids) {
    const earlier = must(attemptAt(next, id));
    const sinceMs = attempt.startedAt - earlier.startedAt;
    if (earlier.connection !== attempt.connection) continue;
    if (earlier.caller === attempt.caller) {
      if (sinceMs < RETRY_FROM_MS || sinceMs > RETRY_UNTIL_MS) continue;
      known = { ...known, tries: Math.max(known.tries, earlier.tries + 1) };
      next = keep(next, { ...earlier, retriedAt: earlier.retriedAt ?? attempt.startedAt });
    } else if (sinceMs <= CROSSED_MS && earlier.sides.callee.descriptions === 0) {
      known = { ...known, isCrossed: true };
      next = keep(next, { ...earlier, isCrossed: true });
    }
  }
  return [next, known];
}

function expire(
  attempts: Attempts,
  { type, src, dst, isTold }: Expired,
  { now, state }: WatchedStep,
): Attempts {
  let id: number | undefined;
  const next = changeFirst(attempts, idsOf(attempts, { src, dst }), (attempt) => {
    const from = roleOf(attempt, src);
    const changed = withWaitEnded(attempt, from, "expired", now);
    if (changed === null) return null;
    id = attempt.id;
    if (type !== "OFFER" || from !== "caller") return changed;
    const { callee } = attempt;
    const hint = hintFor(attempts, state, callee, now);
    return { ...changed, near: changed.near ?? hint.near, refusal: refusalIn(hint) };
  });
  return isTold ? tell(next, { src, dst }, id, now) : next;
}

/** Notes that the server told the source of a message. */
function tell(attempts: Attempts, { src }: Ends, id: number | undefined, now: Millis): Attempts {
  const attempt = attemptAt(attempts, id);
  if (attempt === undefined) return attempts;
  return keep(attempts, withEvent(attempt, { what: "told", at: now, to: roleOf(attempt, src) }));
}

/** Ends the oldest message of a source to a destination that waits. */
function endWait(attempts: Attempts, ends: Ends, fate: Fate, now: Millis): Attempts {
  return changeFirst(
    attempts,
    idsOf(attempts, ends),
    (attempt) => withWaitEnded(attempt, roleOf(attempt, ends.src), fate, now),
  );
}

/** The messages in a frame, which stands before its note, were sent to another node. */
function sendOn(attempts: Attempts, published: Published, now: Millis): Attempts {
  let next = attempts;
  for (const { message } of published) {
    if (message !== null) next = endWait(next, message, "sent-on", now);
  }
  return next;
}

/** A message that was sent on waits after all. */
function waitAgain(attempts: Attempts, message: Message): Attempts {
  const { type, src } = message;
  return changeFirst(
    attempts,
    idsOf(attempts, message).toReversed(),
    (attempt) =>
      withHandoverFailed(attempt, {
        what: type,
        from: roleOf(attempt, src, type),
        fate: "waiting",
      }),
  );
}

/** Notes in the attempts of a peer that it came or went. */
function meet(
  attempts: Attempts,
  peer: PeerId,
  eventOf: (from: Role) => Occurrence,
  now: Millis,
): Attempts {
  let next = attempts;
  for (const id of mapGet(attempts.peers, peer) ?? []) {
    const attempt = must(attemptAt(next, id));
    if (now - attempt.updatedAt > PRESENCE_MS) continue;
    next = keep(next, withEvent(attempt, eventOf(roleOf(attempt, peer))));
  }
  return next;
}

function findTagged(attempts: Attempts, { ids }: Pair, tag: number | null): Attempt | undefined {
  if (tag === null) return undefined;
  return ids.map((id) => must(attemptAt(attempts, id))).find((attempt) => attempt.tag === tag);
}

function idsOf(attempts: Attempts, ends: Ends): readonly number[] {
  return pairAt(attempts, keyOf(ends)).ids;
}
