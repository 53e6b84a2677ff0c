import { mapGet, peerId, STORED_OVERHEAD_BYTES } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { expires, opening, opens, sends, type World, world } from "../support/world.ts";

/** "a" on connection 1 and "b" on 2; messages wait 1,000 ms. */
function two(options: Parameters<typeof world>[0] = {}): World {
  const w = world({ expire_timeout: 1_000, ...options });
  w.open(1, "a");
  w.open(2, "b");
  return w;
}

Deno.test("[QUEUE-4] an offer and its candidates get one EXPIRE, later messages another", () => {
  const w = two();
  w.say(1, { type: "OFFER", dst: "x" });
  for (w.now = 100; w.now <= 900; w.now += 100) w.say(1, { type: "CANDIDATE", dst: "x" });
  w.say(2, { type: "OFFER", dst: "x" });
  w.now = 1_000;
  assertEquals(w.tick(), [expires(1, "a", "x")]);
  w.now = 1_500;
  w.say(1, { type: "OFFER", dst: "x" });
  assertEquals(w.tick(), []);
  w.now = 2_000;
  assertEquals(w.tick(), [expires(2, "b", "x")]);
  w.now = 2_500;
  assertEquals(w.tick(), [expires(1, "a", "x")]);
});

Deno.test("[QUEUE-4] pairs with the same concatenated ids are not confused", () => {
  const w = world({ expire_timeout: 1_000 });
  w.open(1, "a");
  w.open(2, "ab");
  w.say(1, { type: "OFFER", dst: "bc" });
  w.say(2, { type: "OFFER", dst: "c" });
  w.now = 1_000;
  assertEquals(w.tick(), [expires(1, "a", "bc"), expires(2, "ab", "c")]);
});

Deno.test("[QUEUE-4] an EXPIRE that was not sent does not stand for the next attempt", () => {
  const w = two();
  w.say(1, { type: "OFFER", dst: "x" });
  w.now = 500;
  w.say(1, { type: "CANDIDATE", dst: "x" });
  w.closed(1);
  w.now = 1_000;
  assertEquals(w.tick(), []);
  w.open(3, "a");
  w.now = 1_500;
  assertEquals(w.tick(), [expires(3, "a", "x")]);
});

Deno.test("[QUEUE-2] a message over the bound of its destination is refused at once", () => {
  const w = two({ queue_limit: 2 });
  assertEquals(w.say(1, { type: "OFFER", dst: "x", payload: 1 }), []);
  assertEquals(w.say(2, { type: "OFFER", dst: "x", payload: 2 }), []);
  w.open(4, "c");
  assertEquals(w.say(4, { type: "OFFER", dst: "x", payload: 3 }), [expires(4, "c", "x")]);
  assertEquals(w.say(4, { type: "OFFER", dst: "y" }), []);
  assertEquals(w.open(3, "x"), [
    opens(3),
    sends(3, { type: "OFFER", src: "a", dst: "x", payload: 1 }),
    sends(3, { type: "OFFER", src: "b", dst: "x", payload: 2 }),
  ]);
});

Deno.test("[QUEUE-2] a delivery and an expiry make room under the bound of a source", () => {
  const w = two({ source_queue_limit: 2 });
  w.say(1, { type: "OFFER", dst: "x" });
  w.now = 500;
  w.say(1, { type: "OFFER", dst: "y" });
  assertEquals(w.say(1, { type: "OFFER", dst: "z" }), [expires(1, "a", "z")]);
  assertEquals(w.say(2, { type: "OFFER", dst: "z" }), []);
  w.open(3, "y");
  assertEquals(w.say(1, { type: "OFFER", dst: "z" }), []);
  w.now = 1_000;
  assertEquals(w.tick(), [expires(1, "a", "x")]);
  assertEquals(w.say(1, { type: "OFFER", dst: "w" }), []);
});

Deno.test("[QUEUE-2] max_queue_bytes counts three bytes a character in a text that is not ASCII", () => {
  const text = JSON.stringify({ type: "OFFER", src: "a", dst: "x", payload: "é" });
  const bytes = 3 * text.length + STORED_OVERHEAD_BYTES;
  const says = (max_queue_bytes: number): number[] => {
    const w = world({ max_queue_bytes });
    return [1, 2, 3, 4, 5, 6].map((conn) => {
      w.step(opening(conn, { id: "abcdef"[conn - 1] ?? null, address: `192.0.2.${conn}` }));
      return w.say(conn, { type: "OFFER", dst: "x", payload: "é" }).length;
    });
  };
  assertEquals(says(5 * bytes), [0, 0, 0, 0, 0, 1]);
  assertEquals(says(5 * bytes - 1), [0, 0, 0, 0, 1, 1]);
});

Deno.test("[QUEUE-2] [QUEUE-4] refused messages get one EXPIRE, until a new attempt begins", () => {
  const w = two({ queue_limit: 0 });
  const say = (type: string, dst: string): unknown => w.say(1, { type, dst });
  assertEquals(say("OFFER", "x"), [expires(1, "a", "x")]);
  assertEquals([say("CANDIDATE", "x"), say("EXPIRE", "x")], [[], []]);
  assertEquals(say("CANDIDATE", "y"), [expires(1, "a", "y")]);
  assertEquals(say("CANDIDATE", "x"), [], "one peer does not displace the other");
  assertEquals(say("ANSWER", "x"), [expires(1, "a", "x")]);
  assertEquals([say("CANDIDATE", "y"), say("CANDIDATE", "x")], [[], []]);
  w.open(3, "a");
  assertEquals(
    w.say(3, { type: "CANDIDATE", dst: "x" }),
    [expires(3, "a", "x")],
    "a new connection",
  );
});

Deno.test("[QUEUE-7] one source may fill a quarter of a mailbox, and the next one finds room", () => {
  const w = two({ queue_limit: 11 });
  const say = (conn: number, dst: string): unknown => w.say(conn, { type: "OFFER", dst });
  assertEquals([say(1, "x"), say(1, "x")], [[], []]);
  assertEquals(say(1, "x"), [expires(1, "a", "x")], "a quarter of 11 is 2");
  assertEquals([say(1, "y"), say(2, "x")], [[], []], "another pair has its own");
  w.now = 1_000;
  w.tick();
  assertEquals([say(1, "x"), say(1, "x")], [[], []], "an expiry frees it");
  assertEquals(w.open(3, "x").length, 3);
  w.closed(3);
  assertEquals([say(1, "x"), say(1, "x")], [[], []], "a delivery frees it");
});

/** An offer that counts as `bytes` in the store; ids have one letter. */
function frame(bytes: number, dst: string): unknown {
  const empty = JSON.stringify({ type: "OFFER", src: "a", dst, payload: "" }).length;
  return { type: "OFFER", dst, payload: "x".repeat(bytes - STORED_OVERHEAD_BYTES - empty) };
}

Deno.test("[QUEUE-2] a mailbox holds half of max_unsent_bytes, and not a byte more", () => {
  const w = two({ max_message_bytes: 600, max_unsent_bytes: 9_600 });
  for (let i = 0; i < 4; i++) assertEquals(w.say(1 + i % 2, frame(1_000, "x")), []);
  assertEquals(w.say(1, frame(801, "x")), [expires(1, "a", "x")]);
  assertEquals(w.say(1, frame(800, "x")), []);
});

Deno.test("[QUEUE-8] the clients of one address may fill a quarter of the store, and not a byte more", () => {
  const w = two({ max_queue_bytes: 8_000 });
  w.step(opening(3, { id: "c", address: "198.51.100.7" }));
  assertEquals(w.say(1, frame(1_000, "x")), []);
  assertEquals(w.say(2, frame(1_001, "y")), [expires(2, "b", "y")]);
  assertEquals(w.say(2, frame(1_000, "z")), []);
  assertEquals(w.say(1, frame(600, "w")), [expires(1, "a", "w")]);
  assertEquals(w.say(3, frame(2_000, "y")), [], "another address has its own");
});

Deno.test("[QUEUE-2] what waits from one source has source_queue_bytes, and not a byte more", () => {
  const w = two({ source_queue_bytes: 2_000 });
  assertEquals(w.say(1, frame(1_000, "x")), []);
  assertEquals(w.say(1, frame(1_001, "y")), [expires(1, "a", "y")]);
  assertEquals(w.say(1, frame(1_000, "z")), []);
});

Deno.test("[QUEUE-7] one source may fill three quarters of the bytes of a mailbox, and not a byte more", () => {
  const w = two({ max_message_bytes: 1_000, max_unsent_bytes: 8_000 });
  for (let i = 0; i < 2; i++) assertEquals(w.say(1, frame(1_000, "x")), []);
  assertEquals(w.say(1, frame(1_001, "x")), [expires(1, "a", "x")]);
  assertEquals(w.say(1, frame(1_000, "x")), []);
});

Deno.test("[QUEUE-3] [STATE-1] each message expires at its own deadline, and an older state keeps it", () => {
  const w = two();
  w.say(1, { type: "OFFER", dst: "x" });
  w.now = 1;
  w.say(2, { type: "OFFER", dst: "x" });
  w.now = 1_000;
  const { mailboxes } = w.state;
  assertEquals(w.tick(), [expires(1, "a", "x")]);
  assertEquals(mapGet(mailboxes, peerId("x"))?.serials, [0, 1]);
});

Deno.test("[QUEUE-3] whoever has the id of a source by now gets no EXPIRE for it", () => {
  const w = two();
  w.say(1, { type: "OFFER", dst: "x" });
  w.closed(1);
  w.open(3, "a", "another owner");
  w.now = 1_000;
  assertEquals(w.tick(), []);
});

Deno.test("[QUEUE-4] a connection remembers 64 refusals, and forgets the oldest", () => {
  const w = two({ queue_limit: 0 });
  const say = (i: number): number => w.say(1, { type: "CANDIDATE", dst: `x${i}` }).length;
  for (let i = 0; i < 64; i++) assertEquals(say(i), 1);
  assertEquals(say(0), 0);
  assertEquals([say(64), say(1), say(0)], [1, 0, 1]);
});
