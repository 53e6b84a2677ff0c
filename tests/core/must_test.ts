import { must } from "../../core/collections/must.ts";
import { assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("what the state promises is there, or it is our own bug", () => {
  assertEquals([must(0), must(""), must(null)], [0, "", null]);
  assertThrows(() => must(undefined), TypeError, "a value is missing");
});
