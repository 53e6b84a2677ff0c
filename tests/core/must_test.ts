import { must } from "../../core/collections/must.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("must throws if a value is missing, which is a bug of the server", () => {
  assertEquals([must(0), must(""), must(null)], [0, "", null]);
  assertThrows(() => must(undefined), TypeError, "a value is missing");
});
