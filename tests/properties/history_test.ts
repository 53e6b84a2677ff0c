/**
 * What holds in every history of events, however odd: fast-check makes the histories, and shrinks one that
 * breaks a law to the shortest that still does, which is printed as a test case.
 */
import fc from "fast-check";
import {
  CLOSE,
  close,
  connId,
  type Effect,
  type Event,
  mapGet,
  type Note,
  reduce,
  type Send,
  type Settings,
  settingsFrom,
} from "../../core/mod.ts";
import { mapSet } from "../../core/collections/persistent_map.ts";
import { histories } from "../history/history.ts";
import { type Law, type Moment, play, type Reducer } from "../history/play.ts";
import { moodsOf, WORLDS } from "../history/worlds.ts";
import { agreement } from "../model/agreement.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../support/assert.ts";
import { messageFrom } from "../support/world.ts";
import { type Check, check, replay } from "./check.ts";
import { all, constancy, laws } from "./laws.ts";

/** How many histories for each world and mood; some 40 steps each. */
const RUNS = 150;

const PLACES = Object.entries(WORLDS).flatMap(([world, given]) =>
  moodsOf(world).map((mood) => ({ world, given, mood }))
);
const OTHER = messageFrom("z", "z");
const OPENS = "[OPEN-1] [OPEN-2] [OPEN-3] [OPEN-4] [OPEN-5] [OPEN-6] [OPEN-7] [OPEN-9] [OPEN-10]";
const TOKENS = "[AUTH-1] [AUTH-2] [AUTH-3] [AUTH-6] [AUTH-8]";
const MESSAGES =
  "[MSG-1] [MSG-2] [MSG-3] [MSG-4] [MSG-5] [MSG-6] [MSG-7] [MSG-8] [MSG-9] [MSG-11] [MSG-12] [MSG-13]";
const QUEUES = "[QUEUE-1] [QUEUE-2] [QUEUE-3] [QUEUE-4] [QUEUE-5] [QUEUE-6] [QUEUE-7] [QUEUE-8]";
const ENDS =
  "[LIFE-1] [LIFE-2] [LIFE-3] [LIFE-4] [LIFE-5] [LIFE-6] [LIFE-7] [LIFE-8] [STATE-2] [STATE-3] [STATE-4]";
const LIMITS =
  "[LIMIT-1] [LIMIT-2] [LIMIT-3] [LIMIT-5] [LIMIT-6] [LIMIT-10] [LIMIT-11] [LIMIT-12] [LIMIT-13]";
const NOTES = "[NOTE-1] [NOTE-2] [NOTE-3] [NOTE-4] [NOTE-5] [NOTE-6] [NOTE-7] [NOTE-8] [NOTE-9]";
const ALL = `${OPENS} ${TOKENS} ${MESSAGES} ${QUEUES} ${ENDS} ${LIMITS} ${NOTES}`;

Deno.test(`${ALL} the laws hold and the model agrees`, async (t) => {
  for (const { world, given, mood } of PLACES) {
    const isGood = await t.step(`${world}, ${mood}`, () => {
      check({ given, mood, numRuns: RUNS, laws: lawsAndModel });
    });
    // One history is enough to be told of, and the mutation check waits for it.
    if (!isGood) break;
  }
});

Deno.test("[STATE-1] no state that was ever returned changes, and a step gives the same again", () => {
  for (const { given, mood } of PLACES) check({ given, mood, numRuns: 8, laws: constancy });
});

Deno.test("histories reach every note, every reason for one, every answer and every close code", () => {
  const seen = new Set<string | number>();
  const look: Law = ({ event, effects }) => {
    for (const effect of effects) seen.add(kindOf(effect, event));
  };
  for (const { given, mood } of PLACES) {
    const settings = settingsFrom(given);
    const made = fc.sample(histories(mood), { numRuns: 100, seed: 20_240_229 });
    for (const commands of made) play(settings, commands, { look });
  }
  const expected = [
    ...["check-token", "admitted", "admitted, in place of another"],
    ...["socket-opened", "token-checked", "frame-received", "ping-unanswered", "tick"].map((
      event,
    ) => `refused at ${event}`),
    ...["refused at shutdown-requested", "left, by client", "left, by server"],
    ...["drain-began", "drain-ended"],
    ...["stored", "drained", "expired, told", "expired, not told"],
    ...["no-room", "no-such-id", "slow-reader"].flatMap((
      why,
    ) => [`${why}, told`, `${why}, not told`]),
    ...["absent, not told", "bad-frame", "unknown-type", "ignored"],
    ...["open", "id-taken", "error", "error to nobody", "expire"],
    ...["OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"],
    ...Object.values(CLOSE),
  ];
  const sorted = (kinds: Iterable<string | number>): string[] => [...kinds].map(String).sort();
  // A socket is cut off by its adapter, which closes it itself.
  assertEquals(sorted(seen), sorted(expected.filter((kind) => kind !== CLOSE.tryAgainLater)));
});

function kindOf(effect: Effect, { kind }: Event): string | number {
  if (effect.kind === "close") return effect.code;
  if (effect.kind === "send") {
    const { meaning } = effect;
    if (meaning.kind === "message") return meaning.type;
    return meaning.kind === "error" && meaning.to === null ? "error to nobody" : meaning.kind;
  }
  if (effect.kind !== "note") return effect.kind;
  switch (effect.what) {
    case "admitted":
      return effect.replaces === null ? "admitted" : "admitted, in place of another";
    case "refused":
      return `refused at ${kind}`;
    case "left":
      return `left, by ${effect.by}`;
    case "undelivered":
      return `${effect.why}, ${effect.isTold ? "told" : "not told"}`;
    case "expired":
      return effect.isTold ? "expired, told" : "expired, not told";
    default:
      return effect.what;
  }
}

/** A reducer whose effects are edited. */
function editing(edit: (effect: Effect) => readonly Effect[]): Reducer {
  return (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, effects.flatMap(edit)];
  };
}

/** What a text may be said to mean, wrongly. */
const MEANT: readonly (readonly [kind: Send["meaning"]["kind"], wrong: object])[] = [
  ["expire", { kind: "message" }],
  ["expire", { dst: "z" }],
  ["message", { src: "z" }],
  ["message", { dst: "z" }],
  ["message", { type: "LEAVE" }],
  ["error", { msg: "z" }],
  ["error", { to: "z" }],
  ["open", { kind: "id-taken" }],
];

/** Every note, its rule, and what may be said in it, wrongly. */
const NOTED: readonly (readonly [rule: string, what: Note["what"], ...wrong: object[]])[] = [
  ["NOTE-2", "admitted", { id: "z" }, { address: "z" }, { replaces: null }],
  ["NOTE-3", "refused", { reason: "z" }, { code: CLOSE.full }, { origin: null }],
  ["NOTE-4", "left", { by: "client" }, { code: 1005 }, { reason: "" }],
  ["NOTE-5", "stored", { message: OTHER }],
  ["NOTE-6", "bad-frame", { id: null }],
  ["NOTE-6", "unknown-type", { what: "bad-frame" }],
  ["NOTE-6", "ignored", { what: "unknown-type" }],
  ["NOTE-7", "undelivered", { message: OTHER }, { isTold: false }, { why: "no-room" }],
  ["NOTE-8", "drained", { count: 1 }],
  ["NOTE-8", "expired", { src: "z" }, { type: "LEAVE" }, { isTold: false }, { isTold: true }],
];

/** A reducer with certain notes edited. */
const noting = (what: Note["what"], edit: (note: Note) => readonly Effect[]): Reducer =>
  editing((effect) => effect.kind === "note" && effect.what === what ? edit(effect) : [effect]);

/** A rule, what breaks it, and a reducer that does. */
type Broken = readonly [rule: string, what: string, reducer: Reducer];

/** Reducers that the laws find out. */
const LAWLESS: readonly Broken[] = [
  ["STATE-4", "speaks to the dead", (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, event.kind === "tick" ? [close(connId(99), 1001, "")] : effects];
  }],
  ["STATE-3", "loses count", (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [event.kind === "tick" ? { ...next, storedBytes: next.storedBytes + 1 } : next, effects];
  }],
  ["STATE-2", "makes a new state of a tick", (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [event.kind === "tick" ? { ...next } : next, effects];
  }],
  [
    "STATE-2",
    "leaves something due",
    (state, event, now) => event.kind === "tick" ? [state, []] : reduce(state, event, now),
  ],
  ["OPEN-9", "makes a new state of what nobody said", (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [event.kind === "frame-received" ? { ...next } : next, effects];
  }],
  ["LIFE-3", "remembers something when it stops", (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    const { wrongTokens } = event.kind === "shutdown-requested" ? state : next;
    return [{ ...next, wrongTokens }, effects];
  }],
  ["AUTH-8", "asks for no token", editing((e) => e.kind === "check-token" ? [] : [e])],
  ["AUTH-8", "forgets what was said early", (state, event, now) => {
    const waiting = event.kind === "token-checked" && mapGet(state.pending, event.conn);
    if (!waiting) return reduce(state, event, now);
    const pending = mapSet(state.pending, event.conn, { ...waiting, frames: [] });
    return reduce({ ...state, pending }, event, now);
  }],
  [
    "NOTE-8",
    "says of nothing that it waited",
    editing((e) => [e.kind === "send" ? { ...e, hasWaited: false } : e]),
  ],
  ...MEANT.map(([kind, wrong]): Broken => [
    "NOTE-1",
    `means ${JSON.stringify(wrong)} by ${kind}`,
    editing((effect) => {
      const isIt = effect.kind === "send" && effect.meaning.kind === kind;
      return [isIt ? { ...effect, meaning: { ...effect.meaning, ...wrong } } : effect];
    }),
  ]),
  ...NOTED.flatMap(([rule, what, ...wrongs]): Broken[] => [
    [rule, `never notes ${what}`, noting(what, () => [])],
    [rule, `notes ${what} twice`, noting(what, (note) => [note, note])],
    ...wrongs.map((wrong): Broken => [
      rule,
      `notes ${what} with ${JSON.stringify(wrong)}`,
      noting(what, (note) => [{ ...note, ...wrong }]),
    ]),
  ]),
];

/** Reducers that the model finds out. */
const UNLIKE: readonly Broken[] = [
  [
    "OPEN-5",
    "says another word",
    editing((effect) => [effect.kind === "close" ? { ...effect, reason: "" } : effect]),
  ],
  ["QUEUE-5", "loses what waited", (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, event.kind === "socket-opened" ? effects.slice(0, 2) : effects];
  }],
  ["QUEUE-2", "tells nobody of a refusal", (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    const isQuiet = event.kind === "frame-received" || event.kind === "send-refused";
    return [next, isQuiet ? effects.filter((effect) => !isSent(effect, "EXPIRE")) : effects];
  }],
  ["AUTH-6", "forgets when tokens end", (state, event, now) => {
    if (event.kind !== "socket-opened" || event.identity.kind !== "proven") {
      return reduce(state, event, now);
    }
    return reduce(state, { ...event, identity: { ...event.identity, endsAt: null } }, now);
  }],
];

const FOUND = [
  ...LAWLESS.map((broken) => ({ broken, look: laws })),
  ...UNLIKE.map((broken) => ({
    broken,
    look: (_: Reducer, settings: Settings): Law => agreement(settings),
  })),
];

for (const { broken: [rule, what, reducer], look } of FOUND) {
  Deno.test(`[${rule}] a reducer that ${what} is found out, and its history printed`, () => {
    const message = whatBreaks(reducer, look);
    const pasted = /pinned\((\{.*\}), (\[\n[^]*)\n {2}\]\);/.exec(message);
    assert(pasted !== null, message);
    const settings = settingsFrom(JSON.parse(pasted[1] ?? ""));
    const moments: Moment[] = JSON.parse(`${pasted[2]?.replace(/,$/, "")}]`);
    assertThrows(
      () => replay(settings, moments, { look: look(reducer, settings), reducer }),
      Error,
    );
    replay(settings, moments, { look: look(reduce, settings) });
  });
}

Deno.test("the law of constancy finds out a reducer that writes into an old state", () => {
  const reducer: Reducer = (state, event, now) => {
    const made = reduce(state, event, now);
    if (event.kind === "tick") Object.assign(state, { nextSerial: state.nextSerial + 1 });
    return made;
  };
  assertStringIncludes(whatBreaks(reducer, constancy), "pinned(");
});

function lawsAndModel(reducer: Reducer, settings: Settings): Law {
  return all(laws(reducer), agreement(settings));
}

/** What is said of the first history, of many, that shows how a reducer is broken. */
function whatBreaks(reducer: Reducer, laws: Check["laws"]): string {
  for (const { given, mood } of PLACES) {
    try {
      check({ given, mood, numRuns: 50, laws, reducer, seed: 1 });
    } catch (error) {
      if (error instanceof Error) return error.message;
    }
  }
  throw new Error("Nothing was found out");
}

function isSent(effect: Effect, type: string): boolean {
  return effect.kind === "send" && effect.text.startsWith(`{"type":"${type}"`);
}
