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

Deno.test("[QUEUE-8] the clients of one address may fill a quarter of the store, and not a byte more", () => {
  const w = at([HOME, HOME, AWAY], { max_queue_bytes: 8_000 });
  assertEquals(w.say(1, frame(1_000, "x")), []);
  assertEquals(w.say(2, frame(1_001, "y")), [expires(2, "b", "y")]);
  assertEquals(w.say(2, frame(1_000, "z")), []);
  assertEquals(w.say(1, frame(600, "w")), [expires(1, "a", "w")]);
  assertEquals(w.say(3, frame(2_000, "y")), [], "another address has its own");
  assertEquals(bytesOf(w), { [HOME]: 2_000, [AWAY]: 2_000 });
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
