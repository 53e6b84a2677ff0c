/** Messages to destinations that no peer can have, as `peer.connect("")` sends them. */
import { type PartialSettings, sizes } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { expires, sends, type World, world } from "../support/world.ts";

/** Two clients: "a" on connection 1, "b" on 2. */
function two(options: PartialSettings = {}): World {
  const w = world(options);
  w.open(1, "a");
  w.open(2, "b");
  return w;
}

/** The destination as JSON, and as the `src` of the `EXPIRE`. */
const UNUSABLE: readonly (readonly [json: string, told: string])[] = [
  ['""', ""],
  ["null", ""],
  ["5", "5"],
  ["-1.5e300", "-1.5e+300"],
  ["1e400", "Infinity"],
  ["true", "true"],
  ["{}", "[object Object]"],
  ['{"toString":5,"valueOf":5}', "[object Object]"],
  ["[]", "[object Array]"],
  ['["b"]', "[object Array]"],
  [`${"[".repeat(30_000)}${"]".repeat(30_000)}`, "[object Array]"],
  ['"x\\u0000"', "x\u0000"],
  [`"${"x".repeat(256)}\\u0085"`, `${"x".repeat(256)}…`],
  [`"${"y".repeat(257)}"`, `${"y".repeat(256)}…`],
  [`"${"y".repeat(60_000)}"`, `${"y".repeat(256)}…`],
];

Deno.test("[MSG-13] a destination that no peer can have gets an EXPIRE at once, and the client stays", () => {
  for (const [json, told] of UNUSABLE) {
    for (const type of ["OFFER", "ANSWER", "CANDIDATE", "EXPIRE"]) {
      // As the stock client writes it, and in another order.
      for (
        const text of [
          `{"type":"${type}","payload":{},"dst":${json}}`,
          `{"dst":${json},"type":"${type}"}`,
        ]
      ) {
        const w = two();
        assertEquals(w.text(1, text), [expires(1, "a", told)], text.slice(0, 80));
        assertEquals(sizes(w.state).stored, 0);
        const still = w.say(1, { type: "OFFER", dst: "b" });
        assertEquals(still, [sends(2, { type: "OFFER", src: "a", dst: "b" })]);
      }
    }
  }
  assertEquals(two().text(1, '{"type":"OFFER","payload":{}}'), [expires(1, "a", "")], "none");
});

Deno.test("[MSG-13] a connection remembers an impossible destination cut to the length of an id", () => {
  const w = two({ byte_rate: 0 });
  for (let i = 0; i < 100; i++) w.say(1, { type: "OFFER", dst: `${i} ${"z".repeat(100_000)}` });
  const { connections } = w.state;
  const kept = [...(connections.native?.values() ?? [])].flatMap(({ refusalsTold }) =>
    refusalsTold
  );
  assertEquals(kept.length, 64);
  assert(kept.every((dst) => dst.length <= 257));
});
