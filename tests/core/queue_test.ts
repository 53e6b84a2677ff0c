import { STORED_OVERHEAD_BYTES } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { expires, opening, opens, sends, wake, type World, world } from "../support/world.ts";

/** "a" on connection 1 and "b" on 2; messages wait 1,000 ms. */
function two(options: Parameters<typeof world>[0] = {}): World {
  const w = world({ expire_timeout: 1_000, ...options });
  w.open(1, "a");
  w.open(2, "b");
  return w;
}

Deno.test("[MSG-3] [QUEUE-3] each message has its own deadline", () => {
  const w = two();
  w.say(1, { type: "OFFER", dst: "x" });
  w.now = 1;
  w.say(2, { type: "OFFER", dst: "x" });
  assertEquals(wake(w), { at: 1_000, effects: [expires(1, "a", "x")] });
  assertEquals(wake(w), { at: 1_001, effects: [expires(2, "b", "x")] });
});

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

Deno.test("[QUEUE-2] source_queue_bytes bounds all destinations together, and an expiry makes room", () => {
  const text = JSON.stringify({ type: "OFFER", src: "a", dst: "x", payload: "é" });
  const bytes = 3 * text.length + STORED_OVERHEAD_BYTES;
  const say = (w: World, dst: string): unknown => w.say(1, { type: "OFFER", dst, payload: "é" });
  const w = two({ source_queue_bytes: 2 * bytes });
  assertEquals([say(w, "x"), say(w, "y"), say(w, "z")], [[], [], [expires(1, "a", "z")]]);
  assertEquals(w.say(2, { type: "OFFER", dst: "z", payload: "é" }), [], "another has its own");
  w.now = 1_000;
  w.tick();
  assertEquals([say(w, "x"), say(w, "y"), say(w, "z")], [[], [], [expires(1, "a", "z")]]);
  const tooLittle = two({ source_queue_bytes: bytes - 1 });
  assertEquals(say(tooLittle, "x"), [expires(1, "a", "x")]);
});

Deno.test("[QUEUE-2] [QUEUE-4] the EXPIRE of a refusal stands for the pair's stored messages", () => {
  const w = two({ queue_limit: 1 });
  w.say(1, { type: "OFFER", dst: "x" });
  assertEquals(w.say(1, { type: "CANDIDATE", dst: "x" }), [expires(1, "a", "x")]);
  w.now = 1_000;
  assertEquals(w.tick(), []);
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

Deno.test("[QUEUE-4] a connection remembers the last 64 refused destinations", () => {
  const w = two({ queue_limit: 0 });
  const say = (i: number): unknown => w.say(1, { type: "CANDIDATE", dst: `x${i}` });
  for (let i = 0; i < 65; i++) assertEquals(say(i), [expires(1, "a", `x${i}`)]);
  for (let i = 1; i < 65; i++) assertEquals(say(i), [], `x${i}`);
  assertEquals(say(0), [expires(1, "a", "x0")], "the oldest is forgotten");
  assertEquals(say(1), [expires(1, "a", "x1")]);
  assertEquals(say(64), []);
});

Deno.test("[QUEUE-3] an EXPIRE goes to the owner who stored the message, wherever, and to no later holder of its id", () => {
  for (const [token, told] of [["token", [expires(3, "a", "x")]], ["another", []]] as const) {
    const w = two();
    w.say(1, { type: "OFFER", dst: "x" });
    w.closed(1);
    w.open(3, "a", token);
    assertEquals(wake(w), { at: 1_000, effects: told });
  }
});

Deno.test("[QUEUE-5] in the millisecond of its deadline a message is delivered or expires, not both", () => {
  const opensFirst = two();
  opensFirst.say(1, { type: "OFFER", dst: "x" });
  opensFirst.now = 1_000;
  assertEquals(opensFirst.open(3, "x"), [
    opens(3),
    sends(3, { type: "OFFER", src: "a", dst: "x" }),
  ]);
  assertEquals(opensFirst.tick(), []);
  const ticksFirst = two();
  ticksFirst.say(1, { type: "OFFER", dst: "x" });
  ticksFirst.now = 1_000;
  assertEquals(ticksFirst.tick(), [expires(1, "a", "x")]);
  assertEquals(ticksFirst.open(3, "x"), [opens(3)]);
});

Deno.test("[QUEUE-6] what a client stored, and what waits for it, outlives its connection", () => {
  const w = two({ alive_timeout: 600 });
  w.say(1, { type: "OFFER", dst: "x" });
  w.closed(2);
  w.now = 100;
  w.say(1, { type: "ANSWER", dst: "b" });
  w.closed(1);
  w.now = 700;
  w.tick();
  assertEquals(w.open(3, "x"), [opens(3), sends(3, { type: "OFFER", src: "a", dst: "x" })]);
  assertEquals(w.open(4, "b"), [opens(4), sends(4, { type: "ANSWER", src: "a", dst: "b" })]);
});

Deno.test("[QUEUE-2] a mailbox holds half of max_unsent_bytes, and not a byte more", () => {
  const w = two({ max_message_bytes: 600, max_unsent_bytes: 9_600 });
  const frame = (bytes: number): unknown => {
    const empty = JSON.stringify({ type: "OFFER", src: "a", dst: "x", payload: "" }).length;
    return { type: "OFFER", dst: "x", payload: "x".repeat(bytes - 512 - empty) };
  };
  const left = 4_800 - 4 * 1_000;
  for (let i = 0; i < 4; i++) assertEquals(w.say(1 + i % 2, frame(1_000)), []);
  assertEquals(w.say(1, frame(left + 1)), [expires(1, "a", "x")]);
  assertEquals(w.say(1, frame(left)), []);
});
