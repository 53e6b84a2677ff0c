/**
 * Histories, for every test that wants any: commands that fast-check can make and shrink. A command names its socket
 * by a number that is looked up among those there are when its turn comes, so that it still means something when the
 * commands before it are taken away.
 */
import fc from "fast-check";
import type { Identity } from "../../core/mod.ts";
import {
  ADDRESSES,
  IDENTITIES,
  IDS,
  ODD_OPENINGS,
  ODD_VALUES,
  type Opening,
  PAYLOADS,
  RAW_TEXTS,
} from "./oddities.ts";
import { proven, tokenOf } from "../support/world.ts";

/** What happens next, and how long after the step before. */
export interface Command {
  /** Milliseconds, or until something is next due. */
  readonly wait: number | "due";
  readonly act: Act;
}

export type Act =
  /** A new socket, one that is older than it, or one that is open already. */
  | {
    readonly kind: "open";
    readonly age: "new" | "late" | "known";
    readonly pick: number;
    readonly opening: Opening;
  }
  | { readonly kind: "text"; readonly pick: number; readonly text: string }
  /** The token of a socket that waits for that was checked. */
  | { readonly kind: "checked"; readonly pick: number; readonly identity: Identity }
  | { readonly kind: "binary"; readonly pick: number; readonly bytes: number }
  | { readonly kind: "closed"; readonly pick: number; readonly code: number }
  | { readonly kind: "unanswered" | "send-refused"; readonly pick: number }
  /** So many of the last messages to one socket are not sent; none of them where it is cut off. */
  | { readonly kind: "send-failed"; readonly pick: number; readonly count: number }
  /** As many candidates for as many absent peers, then one more for the first of them. */
  | { readonly kind: "scatter"; readonly pick: number; readonly count: number }
  /** The operator disconnects whoever has the id, if anybody. */
  | { readonly kind: "dismissed"; readonly id: string; readonly reason: string | null }
  | { readonly kind: "drain"; readonly ms: number }
  | { readonly kind: "tick" | "shutdown" };

const id = fc.constantFrom(...IDS);
const token = fc.constantFrom("t", "t", "t", "u");
const origin = fc.constantFrom(null, null, null, null, "https://a.example", "https://b.example");

interface Visitors {
  readonly ids: fc.Arbitrary<string>;
  readonly addresses: readonly string[];
  readonly identities: readonly Opening["identity"][];
  /** Of how many openings one has something odd. */
  readonly oneOddOf: number;
}

function openings(
  { ids, addresses, identities, oneOddOf }: Visitors,
  tokens: fc.Arbitrary<string>,
): fc.Arbitrary<Opening> {
  return fc.tuple(
    ids,
    tokens,
    fc.constantFrom(...addresses),
    origin,
    fc.constantFrom(...identities),
    fc.oneof(
      { weight: oneOddOf - 1, arbitrary: fc.constant({}) },
      { weight: 1, arbitrary: fc.constantFrom(...ODD_OPENINGS) },
    ),
  ).map(([id, token, address, origin, identity, odd]) => ({
    ...{ id, token: tokenOf(token), key: "right", address, origin, identity },
    ...{ ownOrigin: false, queryLength: 30 },
    ...odd,
  }));
}

const TYPES = "OFFER OFFER CANDIDATE CANDIDATE ANSWER EXPIRE LEAVE HEARTBEAT".split(" ");
const type = fc.constantFrom(...TYPES);
const OURS = ["OPEN", "ID-TAKEN", "ERROR", "FUTURE", "offer"];
const oddType = fc.constantFrom<unknown>(...OURS, ...ODD_VALUES);
const short = fc.constantFrom("v", "w");

const one = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => {
  return { weight, arbitrary };
};

const text = fc.oneof(
  one(12, fc.tuple(type, id, short)),
  one(3, fc.tuple(type, id, fc.constantFrom(...PAYLOADS))),
  one(1, fc.tuple(type, id, fc.string({ unit: "binary" }))),
  one(1, fc.tuple(type, fc.constantFrom(...ODD_VALUES), short)),
  one(1, fc.tuple(type, fc.constantFrom(7, "x\u0000"), short)),
  one(1, fc.tuple(fc.constantFrom("LEAVE", "OFFER"), fc.constant(undefined), short)),
  one(1, fc.tuple(oddType, id, short)),
).map(([type, dst, payload]) => JSON.stringify({ type, dst, payload, src: "forged" }));

const plainText = fc.tuple(
  fc.constantFrom("OFFER", "OFFER", "OFFER", "CANDIDATE", "EXPIRE"),
  fc.constantFrom<unknown>("a", "a", "b", "b", "c", "c", 7),
).map(([type, dst]) => JSON.stringify({ type, dst, payload: "v" }));

const rawText = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...RAW_TEXTS) },
  { weight: 1, arbitrary: fc.string({ unit: "binary" }) },
  { weight: 1, arbitrary: fc.json({ maxDepth: 2 }) },
);

const pick = fc.nat(99);
const bytes = fc.constantFrom(0, 1, 200, 201, 70_001);

/** What a history is mostly about. */
export type Mood = "everything" | "tokens" | "the check" | "the door" | "coming and going";

const aOrB = fc.constantFrom("a", "b");
const PENDING: Opening["identity"] = { kind: "pending" };
const repeated = (times: number, identity: Opening["identity"]): Opening["identity"][] =>
  Array(times).fill(identity);
const UNCHECKED: readonly Opening["identity"][] = [{ kind: "unchecked" }];
const COMING = { open: 20, checked: 0, text: 30, odd: 1, closed: 14, undelivered: 8, tick: 10 };
const WEIGHTS: Readonly<Record<Mood, typeof COMING>> = {
  everything: { open: 20, checked: 3, text: 36, odd: 5, closed: 6, undelivered: 5, tick: 14 },
  tokens: { open: 30, checked: 4, text: 36, odd: 2, closed: 6, undelivered: 5, tick: 14 },
  "the check": { open: 30, checked: 20, text: 24, odd: 6, closed: 4, undelivered: 3, tick: 10 },
  "the door": { open: 60, checked: 0, text: 3, odd: 1, closed: 15, undelivered: 1, tick: 15 },
  "coming and going": COMING,
};
/** How often a drain begins. After it nobody comes any more, so most histories have none. */
const DRAINS: Readonly<Record<Mood, number>> = {
  ...{ everything: 0, tokens: 0, "the check": 2, "the door": 0, "coming and going": 8 },
};
const VISITORS: Readonly<Record<Mood, Visitors>> = {
  everything: {
    ids: id,
    addresses: ADDRESSES,
    identities: [...repeated(60, { kind: "unchecked" }), ...repeated(4, PENDING), ...IDENTITIES],
    oneOddOf: 8,
  },
  tokens: {
    ids: id,
    addresses: ADDRESSES,
    identities: [...IDENTITIES, PENDING, PENDING],
    oneOddOf: 20,
  },
  "the check": {
    ids: fc.constantFrom("a", "b", "t"),
    addresses: ADDRESSES,
    identities: [...repeated(60, PENDING), ...IDENTITIES],
    oneOddOf: 20,
  },
  "the door": {
    ids: fc.constantFrom("a", "b", "c"),
    addresses: ["1.2.3.4", "::ffff:1.2.3.4", "5.6.7.8", "2001:db8::1", ""],
    identities: UNCHECKED,
    oneOddOf: 100,
  },
  "coming and going": {
    ids: aOrB,
    addresses: ADDRESSES.slice(0, 1),
    identities: UNCHECKED,
    oneOddOf: 100,
  },
};

const age = fc.constantFrom("new", "new", "new", "new", "late", "known");
const identity = fc.oneof(
  fc.constantFrom(...IDENTITIES),
  fc.constant(proven("t", IDS, null)),
);
const count = fc.nat(6);
const code = fc.constantFrom(1001, 1005, 1006);
const reason = fc.constantFrom(null, "Banned", "", "é😀".repeat(40));
const scattered = fc.constantFrom(2, 5, 63, 64, 65);

function acts(mood: Mood, odd: Partial<Texts>): fc.Arbitrary<Act> {
  const weights = WEIGHTS[mood];
  const { ids = VISITORS[mood].ids, tokens = token } = odd;
  const opening = openings({ ...VISITORS[mood], ids }, tokens);
  const usual = mood === "coming and going" ? plainText : text;
  const { frames: said = usual, frames: raw = rawText } = odd;
  const kind = <Kind extends Act["kind"]>(kind: Kind): fc.Arbitrary<Kind> => fc.constant(kind);
  return fc.oneof(
    one(4 * weights.open, fc.record({ kind: kind("open"), age, pick, opening })),
    one(4 * weights.checked, fc.record({ kind: kind("checked"), pick, identity })),
    one(4 * weights.text, fc.record({ kind: kind("text"), pick, text: said })),
    one(3 * weights.odd, fc.record({ kind: kind("text"), pick, text: raw })),
    one(weights.odd, fc.record({ kind: kind("binary"), pick, bytes })),
    one(4 * weights.closed, fc.record({ kind: kind("closed"), pick, code })),
    one(weights.odd, fc.record({ kind: kind("unanswered"), pick })),
    one(4 * weights.undelivered, fc.record({ kind: kind("send-refused"), pick })),
    one(4 * weights.undelivered, fc.record({ kind: kind("send-failed"), pick, count })),
    one(weights.odd, fc.record({ kind: kind("scatter"), pick, count: scattered })),
    one(4 * weights.tick, fc.record({ kind: kind("tick") })),
    one(2, fc.record({ kind: kind("dismissed"), id: ids, reason })),
    one(DRAINS[mood], fc.record({ kind: kind("drain"), ms: fc.constantFrom(40, 400, 4_000) })),
    one(2, fc.record({ kind: kind("shutdown") })),
  );
}

const WAITS = [1, 5, 9.99, 10, 10.01, 40, 99, 100, 101, 300, 500, 5_000, 90_000, 1e9];
const wait = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(0, 0, 0, 1, 5, 10) },
  { weight: 3, arbitrary: fc.double({ min: 0, max: 60, noNaN: true }) },
  { weight: 2, arbitrary: fc.constantFrom(...WAITS) },
  { weight: 3, arbitrary: fc.constant("due" as const) },
);
const briefly = fc.constantFrom(0, 0, 0, 0, 0, 1, 50, 99, 100, 100, 200, "due" as const);

/** What of a history is text, to be made otherwise: fuzzed, for example. */
export interface Texts {
  readonly ids: fc.Arbitrary<string>;
  readonly tokens: fc.Arbitrary<string>;
  readonly frames: fc.Arbitrary<string>;
}

/** Commands in a mood, at most so many. */
export function histories(
  mood: Mood,
  maxLength = 100,
  texts: Partial<Texts> = {},
): fc.Arbitrary<Command[]> {
  const pause = mood === "the door" || mood === "coming and going" ? briefly : wait;
  return fc.array(fc.record({ wait: pause, act: acts(mood, texts) }), { maxLength, size: "max" });
}
