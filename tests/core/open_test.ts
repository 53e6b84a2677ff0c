import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import { CLOSE, closes, opens, refuses, sends, world } from "../support/world.ts";

const REPLACED = "Replaced by a newer connection with the same id and token";

Deno.test("[OPEN-1] a missing or empty parameter is refused and leaves no trace", () => {
  const msg = "No id, token, or key supplied to websocket server";
  for (const missing of [null, ""]) {
    const w = world();
    const before = w.state;
    assertEquals(w.open(1, missing), refuses(1, CLOSE.badParameters, msg));
    assertEquals(w.open(2, "a", missing), refuses(2, CLOSE.badParameters, msg));
    assertEquals(w.open(3, "a", "t", null), refuses(3, CLOSE.badParameters, msg));
    assertStrictEquals(w.state, before);
  }
});

Deno.test("[OPEN-1] [OPEN-2] [OPEN-3] a wrong key is refused, after what is missing, before what is too long", () => {
  const wrong = refuses(1, CLOSE.wrongKey, "Invalid key provided");
  for (const id of ["a", "abcde", "a\n"]) {
    assertEquals(world({ max_id_length: 4 }).open(1, id, "t", "wrong"), wrong);
  }
  const missing = "No id, token, or key supplied to websocket server";
  const refused = refuses(1, CLOSE.badParameters, missing);
  assertEquals(world().open(1, null, "t", "wrong"), refused);
});

Deno.test("[OPEN-3] ids and tokens of the greatest length pass, one more character is refused", () => {
  const w = world({ max_id_length: 4, max_token_length: 6 });
  assertEquals(w.open(1, "abcd", "abcdef"), [opens(1)]);
  assertEquals(
    w.open(2, "abcde"),
    refuses(2, CLOSE.badParameters, "The id has 5 characters: at most 4 are allowed"),
  );
  assertEquals(
    w.open(3, "b", "abcdefg"),
    refuses(3, CLOSE.badParameters, "The token has 7 characters: at most 6 are allowed"),
  );
});

Deno.test("[OPEN-3] control characters in an id or a token are refused", () => {
  for (const control of ["\0", "\r", "\n", "\x1b", "\x7f", "\x85"]) {
    const w = world();
    assertEquals(
      w.open(1, `a${control}`),
      refuses(1, CLOSE.badParameters, "The id has control characters in it"),
    );
    assertEquals(
      w.open(2, "a", `t${control}`),
      refuses(2, CLOSE.badParameters, "The token has control characters in it"),
    );
  }
});

Deno.test("[OPEN-4] an id that is held with another token is taken, and its holder notices nothing", () => {
  const w = world();
  w.open(1, "a", "mine");
  const before = w.state;
  assertEquals(w.open(2, "a", "yours"), [
    sends(2, { type: "ID-TAKEN", payload: { msg: "ID is taken" } }),
    closes(2, CLOSE.idTaken, "ID is taken"),
  ]);
  assertStrictEquals(w.state.claims, before.claims);
  assertStrictEquals(w.state.connections, before.connections);
});

Deno.test("[OPEN-5] the same token takes over: OPEN to the new socket, the old one closed", () => {
  const w = world();
  w.open(1, "a");
  w.open(9, "b");
  assertEquals(w.open(2, "a"), [opens(2), closes(1, CLOSE.replaced, REPLACED)]);
  assertEquals(w.say(9, { type: "OFFER", dst: "a" }), [
    sends(2, { type: "OFFER", src: "b", dst: "a" }),
  ]);
});

Deno.test("[OPEN-5] an older socket that is opened late does not take over from a newer one", () => {
  const w = world();
  w.open(2, "a");
  const before = w.state;
  assertEquals(w.open(1, "a"), [closes(1, CLOSE.replaced, REPLACED)]);
  assertStrictEquals(w.state, before);
});

Deno.test("[OPEN-6] [QUEUE-1] a client gets OPEN, then what waits for it, in order", () => {
  const w = world();
  w.open(1, "a");
  w.open(2, "b");
  w.say(1, { type: "OFFER", dst: "c", payload: 1 });
  w.say(2, { type: "OFFER", dst: "c", payload: 2 });
  w.say(1, { type: "CANDIDATE", dst: "c", payload: 3 });
  assertEquals(w.open(3, "c"), [
    opens(3),
    sends(3, { type: "OFFER", src: "a", dst: "c", payload: 1 }),
    sends(3, { type: "OFFER", src: "b", dst: "c", payload: 2 }),
    sends(3, { type: "CANDIDATE", src: "a", dst: "c", payload: 3 }),
  ]);
  assertEquals(w.open(4, "c"), [opens(4), closes(3, CLOSE.replaced, REPLACED)]);
});

Deno.test("[OPEN-6] [OPEN-7] the limit counts clients, and a takeover needs no room", () => {
  const w = world({ concurrent_limit: 2 });
  w.open(1, "a");
  w.open(2, "b");
  const full = "Server has reached its concurrent user limit";
  assertEquals(w.open(3, "c"), refuses(3, CLOSE.full, full));
  assertEquals(w.open(4, "a"), [opens(4), closes(1, CLOSE.replaced, REPLACED)]);
  w.closed(2);
  assertEquals(w.open(5, "c"), [opens(5)]);
  assertEquals(w.open(6, "d"), refuses(6, CLOSE.full, full));
});

Deno.test("[OPEN-8] odd ids are ordinary ids", () => {
  const w = world();
  const ids = [
    "__proto__",
    "constructor",
    "toString",
    "a b",
    "👩‍👩‍👧",
    "x".repeat(256),
    "\\",
    '"},"src":"x',
  ];
  ids.forEach((id, i) => assertEquals(w.open(i, id), [opens(i)]));
  ids.forEach((dst, i) => {
    assertEquals(w.say(0, { type: "OFFER", dst }), [
      sends(i, { type: "OFFER", src: "__proto__", dst }),
    ]);
  });
  ids.forEach((src, i) => {
    const seen = sends(0, { type: "OFFER", src, dst: "__proto__", payload: 1 });
    assertEquals(w.say(i, { type: "OFFER", payload: 1, dst: "__proto__" }), [seen]);
  });
  w.open(99, "hasOwnProperty", "t");
  assertEquals(w.say(99, { type: "ANSWER", dst: "valueOf" }), []);
  assertEquals(w.open(100, "valueOf"), [
    opens(100),
    sends(100, { type: "ANSWER", src: "hasOwnProperty", dst: "valueOf" }),
  ]);
});
