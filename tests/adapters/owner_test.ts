/** Where tokens end: what the rules get in their place. */
import { createOwners, tokenOf } from "../../adapters/auth/owner.ts";
import { assert, assertEquals } from "../support/assert.ts";

Deno.test("[OPEN-4] [REC-5] a token becomes an owner of fixed size: equal tells equal, and no more", () => {
  const ownerOf = createOwners();
  assertEquals(ownerOf("sesame"), ownerOf(["ses", "ame"].join("")));
  assert(ownerOf("sesame") !== ownerOf("Sesame"));
  assertEquals(new Set(["\ud800", "\ud801", "\ufffd", "a\0", "a"].map(ownerOf)).size, 5);
  for (const text of ["", "s", "sesame", "x".repeat(4_096), "😀", "\ud800", "\0"]) {
    assertEquals(ownerOf(text).length, 22, text.slice(0, 9));
  }
  assert(createOwners()("sesame") !== ownerOf("sesame"), "each server has a key of its own");
});

Deno.test("[OPEN-1] [OPEN-3] of a token its length and its control characters are told", () => {
  const ownerOf = createOwners();
  assertEquals(tokenOf(null, ownerOf), null);
  assertEquals(tokenOf("", ownerOf), null);
  for (const [text, hasControl] of [["t", false], ["t\n", true], ["\x7f", true], ["é😀", false]]) {
    const given = String(text);
    const owner = ownerOf(given);
    assertEquals(tokenOf(given, ownerOf), { owner, length: given.length, hasControl });
  }
});
