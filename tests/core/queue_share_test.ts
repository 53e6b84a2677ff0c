import { peerId, STORED_OVERHEAD_BYTES } from "../../core/mod.ts";
import { mapEntries, mapGet } from "../../core/collections/persistent_map.ts";
import { pairKey } from "../../core/state.ts";
import { assertEquals } from "../support/assert.ts";
import { expires, messageFrom, opening, type World, world } from "../support/world.ts";

/** A client for each address, "a" on connection 1 first; messages wait 1,000 ms. */
function at(addresses: readonly string[], options: Parameters<typeof world>[0] = {}): World {
  const w = world({ expire_timeout: 1_000, ...options });
  for (const [i, address] of addresses.entries()) {
    w.step(opening(i + 1, { id: "abcdefgh"[i] ?? null, address }));
  }
  return w;
}

/** An offer that counts as `bytes` in the store; ids have one letter. */
function frame(bytes: number, dst = "x"): unknown {
  const empty = JSON.stringify({ type: "OFFER", src: "a", dst, payload: "" }).length;
  return { type: "OFFER", dst, payload: "x".repeat(bytes - STORED_OVERHEAD_BYTES - empty) };
}

const bytesOf = (w: World): unknown => Object.fromEntries(mapEntries(w.state.addressBytes));
const HOME = "192.0.2.1";
const AWAY = "198.51.100.7";

Deno.test("[QUEUE-7] one source may fill a quarter of a mailbox, and the next one finds room", () => {
  const w = at([HOME, HOME], { queue_limit: 11 });
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

Deno.test("[QUEUE-7] even in the smallest mailbox each source may have one message", () => {
  for (const queue_limit of [1, 2, 3, 7]) {
    const w = at([HOME], { queue_limit });
    assertEquals(w.say(1, { type: "OFFER", dst: "x" }), []);
    assertEquals(w.say(1, { type: "CANDIDATE", dst: "x" }), [expires(1, "a", "x")]);
  }
});

Deno.test("[QUEUE-7] four sources with small messages fill a mailbox, three do not", () => {
  const w = at([HOME, HOME, HOME, HOME, HOME]);
  const counts = [1, 2, 3, 4, 5].map((conn) => {
    let count = 0;
    while (w.say(conn, { type: "CANDIDATE", dst: "x" }).length === 0) count++;
    return count;
  });
  assertEquals(counts, [64, 64, 64, 64, 0]);
});

Deno.test("[QUEUE-7] two usual attempts at once have room: an offer and thirty candidates each", () => {
  const w = at([HOME]);
  for (let i = 0; i < 2; i++) {
    assertEquals(w.say(1, frame(8_000)), []);
    for (let k = 0; k < 30; k++) assertEquals(w.say(1, frame(900)), []);
  }
  assertEquals(w.open(2, "x").length, 1 + 62);
});

Deno.test("[QUEUE-7] the largest message and sixty candidates have room, a second such message does not", () => {
  const w = at([HOME, HOME]);
  const { max_message_bytes } = w.state.rules;
  const largest = { type: "OFFER", dst: "x", payload: "x".repeat(max_message_bytes - 50) };
  assertEquals(w.say(1, largest), []);
  for (let k = 0; k < 60; k++) assertEquals(w.say(1, frame(900)), []);
  assertEquals(w.say(1, largest), [expires(1, "a", "x")]);
  assertEquals(w.say(2, frame(60_000)), [], "the other's offer");
});

Deno.test("[QUEUE-7] the bytes of a pair are three quarters of those of a mailbox, and not a byte more", () => {
  const w = at([HOME, HOME], { max_message_bytes: 2_000, max_unsent_bytes: 16_000 });
  assertEquals([w.say(1, frame(2_000)), w.say(1, frame(2_000))], [[], []]);
  assertEquals(w.say(1, frame(2_001)), [expires(1, "a", "x")]);
  assertEquals(w.say(1, frame(2_000)), []);
  assertEquals(mapGet(w.state.pairs, pairKey(peerId("a"), peerId("x")))?.bytes, 6_000);
  assertEquals(w.say(2, frame(2_000)), [], "the last quarter is for others");
  w.now = 1_000;
  w.tick();
  assertEquals([1, 1, 1].map((conn) => w.say(conn, frame(2_000))), [[], [], []]);
});

Deno.test("[QUEUE-7] a message of a pair that is gone makes room while others of it still wait", () => {
  const w = at([HOME], { max_message_bytes: 2_000, max_unsent_bytes: 16_000 });
  w.say(1, frame(2_000));
  w.now = 500;
  assertEquals([w.say(1, frame(2_000)), w.say(1, frame(2_000))], [[], []]);
  w.now = 1_000;
  w.tick();
  assertEquals(w.say(1, frame(2_000)), []);
  assertEquals(w.say(1, frame(600)), [expires(1, "a", "x")]);
});

Deno.test("[QUEUE-8] the clients of one address may fill a quarter of the store, and not a byte more", () => {
  const w = at([HOME, HOME, AWAY], { max_queue_bytes: 8_000 });
  assertEquals(w.say(1, frame(1_000, "x")), []);
  assertEquals(w.say(2, frame(1_001, "y")), [expires(2, "b", "y")]);
  assertEquals(w.say(2, frame(1_000, "z")), []);
  assertEquals(w.say(1, frame(600, "w")), [expires(1, "a", "w")]);
  assertEquals(w.say(3, frame(2_000, "y")), [], "another address has its own");
  assertEquals(bytesOf(w), { [HOME]: 2_000, [AWAY]: 2_000 });
});

Deno.test("[QUEUE-8] a delivery and an expiry make room, and an address without messages is forgotten", () => {
  const w = at([HOME, AWAY], { max_queue_bytes: 8_000 });
  w.say(1, frame(1_000, "x"));
  w.say(2, frame(1_000, "y"));
  w.now = 500;
  w.say(1, frame(1_000, "z"));
  w.open(3, "x");
  assertEquals(bytesOf(w), { [HOME]: 1_000, [AWAY]: 1_000 });
  assertEquals(w.say(1, frame(1_000, "w")), []);
  w.now = 1_000;
  w.tick();
  assertEquals(bytesOf(w), { [HOME]: 2_000 });
  w.now = 1_500;
  w.tick();
  assertEquals(bytesOf(w), {});
});

Deno.test("[QUEUE-8] [LIMIT-10] the addresses of one /64 share one quarter", () => {
  const w = at(["2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"], { max_queue_bytes: 4_000 });
  assertEquals(w.say(1, frame(1_000, "x")), []);
  assertEquals(w.say(2, frame(1_000, "y")), [expires(2, "b", "y")]);
  assertEquals(w.say(3, frame(1_000, "y")), []);
});

Deno.test("[QUEUE-8] a message counts for its first address when its client is gone, or elsewhere", () => {
  const w = at([HOME, HOME], { max_queue_bytes: 4_000 });
  w.say(1, frame(1_000, "x"));
  w.closed(1);
  w.step(opening(3, { id: "a", address: AWAY }));
  assertEquals(w.say(2, frame(600, "y")), [expires(2, "b", "y")]);
  assertEquals(w.say(3, frame(1_000, "y")), [], "the same id, at its new address");
  assertEquals(bytesOf(w), { [HOME]: 1_000, [AWAY]: 1_000 });
});

Deno.test("[QUEUE-8] [MSG-12] a message whose source nobody holds any more counts for the unknown address", () => {
  const w = at([HOME, HOME, ""], { max_queue_bytes: 8_000, max_sockets_per_address: 3 });
  const payload = "x".repeat(900 - STORED_OVERHEAD_BYTES);
  const lost = ["v", "w", "y", "z"].map((dst) => messageFrom("gone", dst, "OFFER", payload));
  w.fail(2, messageFrom("a", "v", "OFFER", payload), ...lost);
  const ids = [...mapEntries(w.state.stored)].map(([, { message: { src, dst } }]) => [src, dst]);
  assertEquals(ids, [["a", "v"], ["gone", "v"], ["gone", "w"]], "a quarter of them");
  assertEquals(w.say(3, frame(600, "x")), [expires(3, "c", "x")], "who is not known shares it");
  assertEquals(w.say(1, frame(1_000, "x")), []);
});

Deno.test("[QUEUE-8] by default sixteen clients fill the share of an address, and four addresses the store", () => {
  const { source_queue_bytes, max_queue_bytes } = world().state.rules;
  assertEquals(max_queue_bytes / source_queue_bytes, 4 * 16);
  const w = at([]);
  const payload = "x".repeat(250_000);
  const storeFrom = (i: number): number => {
    w.step(opening(i, { id: `s${i}`, address: i < 40 ? HOME : AWAY }));
    const says = [1, 2, 3, 4].map((k) => w.say(i, { type: "OFFER", dst: `x${i}.${k}`, payload }));
    return says.filter((effects) => effects.length === 0).length;
  };
  let clients = 1;
  while (storeFrom(clients) === 4) clients++;
  assertEquals(clients, 17);
  assertEquals([storeFrom(20), storeFrom(40)], [0, 4], "who is at another address has room");
});
