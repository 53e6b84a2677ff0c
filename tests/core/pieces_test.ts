import fc from "fast-check";
import {
  firstOf,
  type Pieces,
  replaced,
  withLast,
  withoutFirst,
} from "../../core/collections/pieces.ts";
import { assert, assertEquals } from "../support/assert.ts";

const steps = fc.array(
  fc.oneof({ weight: 3, arbitrary: fc.constant("add" as const) }, fc.nat(70)),
  { maxLength: 300 },
);

Deno.test("[STATE-1] a list in pieces is that list, and an older one stays as it was", () => {
  fc.assert(
    fc.property(steps, (all) => {
      let [pieces, plain]: [Pieces<number>, readonly number[]] = [[], []];
      const older: (readonly [Pieces<number>, readonly number[]])[] = [];
      for (const [i, step] of all.entries()) {
        older.push([pieces, plain]);
        pieces = step === "add" ? withLast(pieces, i) : withoutFirst(pieces, step);
        plain = step === "add" ? [...plain, i] : plain.slice(step);
        if (step !== "add") assertEquals(firstOf(pieces, step), plain.slice(0, step));
      }
      for (const [list, values] of [...older, [pieces, plain] as const]) {
        assertEquals(list.flat(), values);
        assert(list.every(({ length }) => length > 0));
      }
      assertEquals(replaced(pieces, (one) => one + 1).flat(), plain.map((one) => one + 1));
    }),
  );
});

Deno.test("a value at the end of a long list copies no more than the list of pieces and 32 values", () => {
  let list: Pieces<number> = [];
  for (let i = 0; i < 1_000; i++) list = withLast(list, i);
  const longer = withLast(list, 1_000);
  assertEquals(longer.length, Math.ceil(1_001 / 32));
  assertEquals(longer.filter((piece) => !list.includes(piece)).map(({ length }) => length), [9]);
  assertEquals(withoutFirst(list, 64), list.slice(2));
  assertEquals(withoutFirst(list, 65)[0], [...list[2] ?? []].slice(1));
});
