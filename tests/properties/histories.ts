/**
 * Arbitrary histories: what clients, a network and a clock may do to a server, in any order.
 *
 * A history is made of acts, because some events only make sense after others: what could not be sent is
 * something that was to be sent just before. Acts become events one after the other, with each message
 * numbered in its payload, so that its way can be followed.
 *
 * @module
 */
import fc from "fast-check";
import {
  connId,
  type Effect,
  type Event,
  type Millis,
  millis,
  type PartialSettings,
  type PeerId,
} from "../../core/mod.ts";
import { opening, proven } from "../support/world.ts";

/** An event, and when it comes. */
export type Moment = readonly [at: Millis, event: Event];

/** What happens next, and how long after what happened before, in milliseconds. */
export interface Act {
  readonly afterMs: number;
  readonly deed: Deed;
}

type Deed =
  | Event
  | {
    readonly kind: "say";
    readonly conn: number;
    readonly frame: Readonly<Record<string, unknown>>;
  }
  /** The sends of the step before, to one connection, fail; or one of them has no room. */
  | { readonly kind: "fail"; readonly pick: number }
  | { readonly kind: "refuse"; readonly pick: number };

/** Bounds that short histories reach. */
const TIGHT: PartialSettings = {
  concurrent_limit: 3,
  expire_timeout: 50,
  alive_timeout: 200,
  queue_limit: 8,
  source_queue_limit: 4,
  max_queue_bytes: 10_000,
  max_unsent_bytes: 6_400,
  max_bad_frames: 3,
  max_message_bytes: 200,
  frame_rate: 100,
  frame_burst: 6,
  max_sockets_per_address: 2,
  source_queue_bytes: 2_000,
  wrong_token_burst: 1,
  wrong_token_rate: 5,
  wrong_token_addresses: 2,
};

/** Several settings, each with other bounds off, at zero, or the first to be reached. */
export const SETTINGS: readonly PartialSettings[] = [
  TIGHT,
  { ...TIGHT, queue_limit: 0, max_sockets_per_address: 0, frame_rate: 0 },
  { ...TIGHT, source_queue_limit: 1, wrong_token_burst: 3, alive_timeout: 50 },
  {
    ...TIGHT,
    max_queue_bytes: 2_400,
    max_bad_frames: 1,
    alive_timeout: 2_000,
    expire_timeout: 1_000,
  },
  { ...TIGHT, cors: ["https://a.example"], wrong_token_addresses: 1 },
  {
    ...TIGHT,
    concurrent_limit: 1,
    frame_burst: 1,
    wrong_token_rate: 0,
    byte_rate: 2_000,
    byte_burst: 300,
  },
  {
    ...TIGHT,
    auth: "jwt",
    auth_secret: "s".repeat(32),
    auth_expiry: "close",
    source_queue_bytes: 600,
  },
  { expire_timeout: 100, concurrent_limit: 8 },
];

const IDS = ["a", "b", "c", "__proto__"];
const id = fc.constantFrom(...IDS);
const conn = fc.integer({ min: 1, max: 8 });
const transmission = fc.record({
  type: fc.constantFrom("OFFER", "OFFER", "ANSWER", "CANDIDATE", "CANDIDATE", "EXPIRE", "LEAVE"),
  dst: id,
});
const oddFrame = fc.constantFrom<Readonly<Record<string, unknown>>>(
  { type: "HEARTBEAT" },
  { type: "HEARTBEAT", payload: { "": [] } },
  { type: "LEAVE" },
  { type: "LEAVE", dst: null },
  { type: "FUTURE", dst: "a" },
  { type: "OPEN" },
  { type: "OFFER" },
  { type: "OFFER", dst: 7, src: "b" },
  { type: null },
  { type: "ANSWER", dst: "b", src: "c", payload: { text: "é🙂" }, extra: 1 },
);
const oddText = fc.constantFrom(
  "",
  "{",
  "[]",
  "null",
  "7",
  '"x\u2028"',
  "x".repeat(250),
  "é".repeat(99),
);

const open: fc.Arbitrary<Deed> = fc.record({
  conn,
  id: fc.option(id, { freq: 20 }),
  token: fc.constantFrom("t", "t", "u", ""),
  key: fc.constantFrom("right", "right", "right", "right", "wrong"),
  address: fc.constantFrom(
    "192.0.2.1",
    "192.0.2.1",
    "::ffff:192.0.2.1",
    "192.0.2.2",
    "198.51.100.7",
    "2001:db8::1",
    "2001:db8::2",
    "",
  ),
  origin: fc.constantFrom(null, null, "https://a.example", "https://b.example"),
  ownOrigin: fc.constantFrom(false, false, true),
  identity: fc.constantFrom(
    { kind: "unchecked" } as const,
    { kind: "unchecked" } as const,
    { kind: "rejected", reason: "No" } as const,
    proven("a", ["b"]),
    proven("c", ["a", "b"], millis(150)),
    proven("a", ["b"], millis(1_000)),
  ),
}).map(({ conn, ...given }) => opening(conn, given));

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 9, arbitrary: open },
  { weight: 20, arbitrary: fc.record({ kind: fc.constant("say"), conn, frame: transmission }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("say"), conn, frame: oddFrame }) },
  {
    weight: 2,
    arbitrary: fc.record({ conn: conn.map(connId), text: oddText }).map(
      (given) => ({ kind: "frame-received", ...given }) as const,
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("binary-received"),
      conn: conn.map(connId),
      bytes: fc.constantFrom(0, 200, 201),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("socket-closed"),
      conn: conn.map(connId),
      code: fc.constantFrom(1005, 1006),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant("ping-unanswered"), conn: conn.map(connId) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("fail", "refuse"), pick: fc.nat(9) }) },
  { weight: 8, arbitrary: fc.constant({ kind: "tick" }) },
);
const afterMs = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(0, 0, 0, 1, 5, 10) },
  { weight: 2, arbitrary: fc.double({ min: 0, max: 60, noNaN: true }) },
  { weight: 1, arbitrary: fc.constantFrom(50, 100, 150, 200, 1_000, 100_000) },
);
const act: fc.Arbitrary<Act> = fc.record({ afterMs, deed });

/** Acts, one in twenty of which ends with a stop of the server and what comes after it. */
export const acts: fc.Arbitrary<readonly Act[]> = fc.tuple(
  fc.array(act, { minLength: 1, maxLength: 120, size: "max" }),
  fc.option(fc.array(act, { maxLength: 5 }), { freq: 1, nil: undefined }),
).map(([before, after]) =>
  after === undefined || before.length % 10 > 0 ? before : [...before, STOP, ...after]
);

const STOP: Act = { afterMs: 0, deed: { kind: "shutdown-requested" } };

/** The event that an act is, once it is known what the step before it did. */
export function eventOf(deed: Deed, serial: number, before: readonly Effect[]): Event {
  if (deed.kind === "say") {
    const { conn, frame } = deed;
    const payload = "payload" in frame ? { ...Object(frame["payload"]), n: serial } : serial;
    const text = JSON.stringify("dst" in frame ? { ...frame, payload } : frame);
    return { kind: "frame-received", conn: connId(conn), text };
  }
  if (deed.kind !== "fail" && deed.kind !== "refuse") return deed;
  const sends = before.filter((effect) => effect.kind === "send");
  const picked = sends[deed.pick % sends.length];
  if (picked === undefined) return { kind: "tick" };
  const { conn, text } = picked;
  if (deed.kind === "refuse") return { kind: "send-refused", conn, text };
  const texts = sends.filter((send) => send.conn === conn).map((send) => send.text);
  return { kind: "send-failed", conn, texts };
}

/** The instant after `afterMs` more. */
export function later(at: Millis, afterMs: number): Millis {
  return millis(at + afterMs);
}

/** A message of a history, with the number it was given. */
export interface Numbered {
  readonly n: number;
  readonly type: string;
  readonly src: PeerId;
  readonly dst: PeerId;
  readonly payload: unknown;
}

/** A frame as a message of a history, if it is one. */
export function numbered(text: string): Numbered | null {
  const value: unknown = JSON.parse(text);
  const { payload, type, src, dst } = Object(value);
  const n: unknown = typeof payload === "number" ? payload : Object(payload).n;
  return typeof n === "number" ? { n, type, src, dst, payload } : null;
}
