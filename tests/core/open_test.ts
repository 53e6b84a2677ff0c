import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  CLOSE,
  closes,
  type Given,
  opening,
  opens,
  refuses,
  sends,
  world,
} from "../support/world.ts";

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

Deno.test("[OPEN-3] what is too long or has control characters is refused by its name, the longest passes", () => {
  const w = world({ max_id_length: 4, max_token_length: 6, max_query_length: 40 });
  assertEquals(w.step(opening(1, { id: "abcd", token: "abcdef", queryLength: 40 })), [opens(1)]);
  const wrong: [Given, string][] = [
    [{ queryLength: 41 }, "The query has 41 characters: at most 40 are allowed"],
    [{ id: "abcde" }, "The id has 5 characters: at most 4 are allowed"],
    [{ token: "abcdefg" }, "The token has 7 characters: at most 6 are allowed"],
    ...["\0", "\r", "\n", "\x1b", "\x7f", "\x85"].flatMap((control): [Given, string][] => [
      [{ id: `a${control}` }, "The id has control characters in it"],
      [{ token: `t${control}` }, "The token has control characters in it"],
    ]),
  ];
  for (const [given, msg] of wrong) {
    assertEquals(w.step(opening(2, given)), refuses(2, CLOSE.badParameters, msg));
  }
});

Deno.test("[OPEN-5] an older socket that is opened late does not take over from a newer one", () => {
  const w = world();
  w.open(2, "a");
  const before = w.state;
  assertEquals(w.open(1, "a"), [closes(1, CLOSE.replaced, REPLACED)]);
  assertStrictEquals(w.state, before);
});

Deno.test("[OPEN-5] [OPEN-6] [OPEN-7] the limit counts clients, and a takeover needs no room", () => {
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
  const odd = ["__proto__", "constructor", "a b", "👩‍👩‍👧", "x".repeat(256), "\\", '"},"src":"x'];
  for (const [conn, id] of odd.entries()) {
    assertEquals(w.open(conn, id), [opens(conn)]);
    for (const dst of odd.slice(0, conn + 1)) {
      const seen = sends(odd.indexOf(dst), { type: "OFFER", src: id, dst });
      assertEquals(w.say(conn, { type: "OFFER", dst }), [seen]);
    }
  }
  assertEquals(w.say(0, { type: "ANSWER", dst: "valueOf" }), []);
  const waited = sends(100, { type: "ANSWER", src: "__proto__", dst: "valueOf" });
  assertEquals(w.open(100, "valueOf"), [opens(100), waited]);
});

Deno.test("[OPEN-9] a socket that holds an id opens no second time", () => {
  const w = world();
  w.open(1, "a");
  const before = w.state;
  assertEquals(w.open(1, "b"), []);
  assertStrictEquals(w.state, before);
});
