/**
 * Odd histories for recordings and snapshots: few ids, addresses and tokens, so that they meet.
 *
 * @module
 */
import fc from "fast-check";
import { connId, type Event } from "../../core/mod.ts";
import { opening } from "./world.ts";

/** An event, and how long after the one before it comes. */
export interface Step {
  readonly event: Event;
  readonly afterMs: number;
}

const id = fc.constantFrom("a", "b", "c", "d", "__proto__");
const conn = fc.integer({ min: 1, max: 8 }).map(connId);
/** Empty, missing, too long and broken ones are refused, each in its own words. */
const token = fc.constantFrom(
  "t",
  "t",
  "t",
  "u",
  "u",
  "",
  null,
  "x\ny",
  "z".repeat(60),
  "\0".repeat(70),
);
const message = fc.record({
  type: fc.constantFrom("OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"),
  dst: id,
  payload: fc.string({ maxLength: 30, unit: "binary" }),
});
const text = fc.oneof(
  { weight: 8, arbitrary: message.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: message.map((value) => ` ${JSON.stringify(value, null, 1)}\r\n`) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '{"type":"OFFER","dst":"a","payload":"\u2028\ud800é"}',
      '{"type":"OFFER","dst":"a","payload":1e400,"dst":"b"}',
      '{"type":"HEARTBEAT"}',
      '{"type":"LEAVE"}',
      '{"type":"FUTURE"}',
      '{"type":"OPEN"}',
      "[]",
      "\ufeff{}",
      "no JSON\n",
      "x".repeat(250),
      "é".repeat(150),
    ),
  },
);
const socketOpened = fc.record({
  conn,
  id: fc.option(id, { freq: 20 }),
  token,
  key: fc.constantFrom("right", "right", "right", "wrong", null),
  address: fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1", ""),
}).map(({ conn, ...given }): Event => opening(conn, given));
const event: fc.Arbitrary<Event> = fc.oneof(
  { weight: 8, arbitrary: socketOpened },
  {
    weight: 20,
    arbitrary: fc.record({ kind: fc.constant("frame-received" as const), conn, text }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("binary-received" as const),
      conn,
      bytes: fc.integer({ min: 0, max: 300 }),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant("socket-closed" as const),
      conn,
      code: fc.constantFrom(1001, 1005, 1006),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("send-failed" as const),
      conn,
      texts: fc.array(text, { maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("send-refused" as const), conn, text }) },
  { weight: 8, arbitrary: fc.constant<Event>({ kind: "tick" }) },
  { weight: 1, arbitrary: fc.constant<Event>({ kind: "shutdown-requested" }) },
);

/** Histories of all kinds of events, with tokens that are not checked. */
export const history: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    event,
    afterMs: fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 60, noNaN: true }),
      fc.constant(1_000),
    ),
  }),
  { maxLength: 60, size: "max" },
);
