/** The limits of one client and one address, and messages that could not be sent. */
import { payForFrame } from "../../core/rules/allowance.ts";
import {
  connId,
  mapGet,
  mapKeys,
  type MessageType,
  millis,
  type PartialSettings,
} from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type Act,
  CLOSE,
  closes,
  expires,
  messageFrom,
  opening,
  opens,
  refuses,
  sends,
  type World,
  world,
} from "../support/world.ts";

Deno.test("[LIMIT-6] a message to a slow reader gets one EXPIRE per attempt", () => {
  const w = world();
  w.open(1, "a");
  w.open(2, "b");
  const refuse = (type: MessageType, dst: string): readonly Act[] => {
    const message = messageFrom("a", dst, type);
    w.text(1, message.text);
    return w.step({ kind: "send-refused", conn: connId(2), message });
  };
  assertEquals(refuse("OFFER", "b"), [expires(1, "a", "b")]);
  assertEquals([refuse("CANDIDATE", "b"), refuse("CANDIDATE", "b")], [[], []]);
  assertEquals(refuse("OFFER", "b"), [expires(1, "a", "b")], "a new attempt");
  assertEquals(refuse("ANSWER", "b"), [expires(1, "a", "b")], "another one");
  assertEquals(refuse("CANDIDATE", "c"), [expires(1, "a", "c")], "another peer");
  assertEquals(refuse("CANDIDATE", "b"), [], "whoever else was refused meanwhile");
  w.say(1, { type: "OFFER", dst: "b" });
  assertEquals(refuse("CANDIDATE", "b"), [expires(1, "a", "b")], "its offer was delivered");
  assertEquals(refuse("CANDIDATE", "c"), [], "an offer to one peer is none to another");
  assertEquals([refuse("LEAVE", "b"), refuse("EXPIRE", "b")], [[], []]);
  assertEquals(w.say(1, { type: "OFFER", dst: "b" }).length, 1, "the reader is still there");
  w.closed(1);
  assertEquals(refuse("OFFER", "b"), [], "its source is gone");
});

const BEAT = { type: "HEARTBEAT" };
const CROWDED = "Too many connections from this address";

/** A world with client "a" on connection 1. */
function withA(options: PartialSettings): World {
  const w = world(options);
  w.open(1, "a");
  return w;
}

/** The number of heartbeats that pass at this instant, at most 100. */
function passing(w: World): number {
  for (let count = 0; count < 100; count++) if (w.say(1, BEAT).length > 0) return count;
  return 100;
}

Deno.test("[LIMIT-1] the allowance returns with time, one frame per 1,000 / frame_rate ms", () => {
  // Half a frame of slack: the frame that is due at 250 passes from 125 on, and the next exactly 250 later.
  for (const [at, count] of [[0, 0], [124.999, 0], [125, 1], [374.999, 1], [375, 2], [750, 3]]) {
    const w = withA({ frame_rate: 4, frame_burst: 3 });
    for (let i = 0; i < 3; i++) w.say(1, BEAT);
    w.now = at ?? 0;
    assertEquals(passing(w), count, `at ${at}`);
  }
  const w = withA({ frame_rate: 4, frame_burst: 3 });
  w.now = 1e9;
  assertEquals(passing(w), 3, "a long silence saves up one burst, not more");
});

Deno.test("[LIMIT-1] every frame counts: heartbeats, messages, unknown types, bad and binary ones", () => {
  const frames: readonly ((w: World) => readonly Act[])[] = [
    (w) => w.say(1, BEAT),
    (w) => w.say(1, { type: "OFFER", dst: "x" }),
    (w) => w.say(1, { type: "FUTURE" }),
    (w) => w.text(1, "no JSON"),
    (w) => w.step({ kind: "binary-received", conn: connId(1), bytes: 1 }),
  ];
  const reason = "Too many frames: 1 at once and 1 a second are allowed";
  for (const [i, send] of frames.entries()) {
    for (const [k, sendLast] of frames.entries()) {
      const w = withA({ frame_rate: 1, frame_burst: 1 });
      send(w);
      assertEquals(sendLast(w).at(-1), closes(1, CLOSE.tooMany, reason), `${k} after ${i}`);
    }
  }
});

Deno.test("[LIMIT-1] rounding errors cost no frame: 100,000 frames at exactly the rate, burst 1", () => {
  for (const frame_rate of [3, 7, 256, 999]) {
    const w = withA({ frame_rate, frame_burst: 1 });
    for (const instantOf of [(i: number) => (i * 1_000) / frame_rate, sumOf(1_000 / frame_rate)]) {
      let connection = mapGet(w.state.connections, connId(1));
      for (let i = 0; i < 100_000; i++) {
        assert(connection);
        const paidUntil = payForFrame(w.state.rules, connection, millis(instantOf(i)));
        assert(paidUntil !== null, `frame ${i} at a rate of ${frame_rate}`);
        connection = { ...connection, paidUntil };
      }
    }
  }
});

Deno.test("[LIMIT-11] a burst of bytes passes; one more message gets ERROR and 4029", () => {
  const w = withA({ byte_rate: 100, byte_burst: 300, max_message_bytes: 200 });
  assertEquals(w.text(1, `{"x":"${"y".repeat(92)}"}`), [], "100 characters");
  assertEquals(
    w.step({ kind: "binary-received", conn: connId(1), bytes: 100 }).length,
    1,
    "100 bytes",
  );
  assertEquals(w.text(1, " ".repeat(100)).length, 1, "100 bad ones");
  const msg = "Too many bytes: 300 at once and 100 a second are allowed";
  assertEquals(w.text(1, "{}"), refuses(1, CLOSE.tooMany, msg));
  assertEquals(w.open(2, "a", "another token"), [opens(2)], "its id is free");
  for (const bytes of [200, 100]) w.step({ kind: "binary-received", conn: connId(2), bytes });
  const more = w.step({ kind: "binary-received", conn: connId(2), bytes: 1 });
  assertEquals(more, refuses(2, CLOSE.tooMany, msg), "binary");
});

Deno.test("[LIMIT-11] the allowance returns with time, and heartbeats and unknown types use it up", () => {
  for (const frame of [BEAT, { type: "FUTURE" }, { type: "OFFER", dst: "x" }]) {
    const { length } = JSON.stringify(frame);
    for (const [now, acts] of [[length - 1, 2], [length, 0]] as const) {
      const w = withA({ byte_rate: 1_000, byte_burst: 2 * length, max_message_bytes: length });
      w.say(1, frame);
      w.say(1, frame);
      w.now = now;
      assertEquals(w.say(1, frame).length, acts, `at ${now}`);
    }
  }
});

Deno.test("[LIMIT-11] a message of max_message_bytes always fits in the burst; a rate of 0 sets no limit", () => {
  const w = withA({ byte_rate: 1, byte_burst: 1, max_message_bytes: 200 });
  assertEquals(w.text(1, `{"x":"${"y".repeat(192)}"}`), []);
  const tooBig = closes(1, CLOSE.tooBig, "A message may have at most 200 bytes");
  assertEquals(w.text(1, " ".repeat(201)).at(-1), tooBig, "whatever was sent before");
  const free = withA({ byte_rate: 0, byte_burst: 1, max_message_bytes: 200 });
  for (let i = 0; i < 50; i++) assertEquals(free.text(1, `{"x":"${"y".repeat(192)}"}`), []);
});

Deno.test("[LIMIT-2] an address gets max_sockets_per_address sockets, and another address is not affected", () => {
  const w = world({ max_sockets_per_address: 2 });
  const come = (conn: number, address: string): readonly Act[] =>
    w.step(opening(conn, { id: `peer ${conn}`, address }));
  assertEquals([come(1, "192.0.2.1"), come(2, "192.0.2.1")], [[opens(1)], [opens(2)]]);
  assertEquals(come(3, "192.0.2.1"), refuses(3, CLOSE.tooMany, CROWDED));
  assertEquals(come(4, "::ffff:192.0.2.1"), refuses(4, CLOSE.tooMany, CROWDED), "mapped");
  assertEquals(come(5, "192.0.2.2"), [opens(5)]);
  assertEquals([come(6, "2001:db8::1"), come(7, "2001:db8::2")], [[opens(6)], [opens(7)]]);
  assertEquals(come(8, "2001:db8:0:0:ffff::9"), refuses(8, CLOSE.tooMany, CROWDED), "one /64");
  assertEquals(come(9, "2001:db8:0:1::1"), [opens(9)], "another /64");
});

Deno.test("[LIMIT-2] whoever takes over from the same address needs no place there, and from elsewhere one", () => {
  const w = world({ max_sockets_per_address: 1 });
  w.open(1, "a");
  assertEquals(w.open(2, "a").length, 2);
  const away = { address: "198.51.100.7" };
  w.step(opening(3, { id: "b", ...away }));
  assertEquals(w.step(opening(4, { id: "a", ...away })), refuses(4, CLOSE.tooMany, CROWDED));
});

Deno.test("[QUEUE-8] [MSG-12] what could not be sent, and whose source is gone, counts for no address and no source's", () => {
  const w = withA({});
  w.open(2, "b");
  w.fail(2, messageFrom("gone", "b"));
  assertEquals([...mapKeys(w.state.addressBytes)], [""]);
});

Deno.test("[MSG-12] a message that could not be sent reaches a peer that is back, in order", () => {
  const offers = [1, 2].map((payload) => ({ type: "OFFER", src: "a", dst: "b", payload }));
  const messages = [1, 2].map((payload) => messageFrom("a", "b", "OFFER", payload));
  const later = withA({});
  later.open(2, "b");
  later.fail(2, ...messages);
  assertEquals(later.open(3, "b"), [opens(3), ...offers.map((frame) => sends(3, frame))]);
  const already = withA({});
  already.open(2, "b");
  already.open(3, "b");
  assertEquals(
    already.fail(2, ...messages),
    offers.map((frame) => sends(3, frame)),
    "its new socket is there before the old one's failure is reported",
  );
});

Deno.test("[MSG-12] a dropped message changes nothing else", () => {
  const w = withA({});
  w.open(2, "b");
  const answer = messageFrom("a", "b", "ANSWER");
  assertEquals(w.fail(2, null, messageFrom("a", "b", "LEAVE"), answer), []);
  assertEquals(w.open(3, "b"), [opens(3), sends(3, JSON.parse(answer.text))]);
  w.step({ kind: "shutdown-requested" });
  assertEquals([w.fail(3, answer), w.state.stored.size], [[], 0], "after a stop nothing waits");
});

/** Adds up steps, with the rounding errors of a clock that is read repeatedly. */
function sumOf(step: number): (i: number) => number {
  let sum = 0;
  return (i) => i === 0 ? 0 : sum += step;
}
