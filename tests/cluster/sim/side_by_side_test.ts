/** What clients of three nodes see is what one server says. */
import { assert, assertEquals } from "../../support/assert.ts";
import { play } from "./side_by_side.ts";

Deno.test("[CLUSTER-1] [CLUSTER-2] [CLUSTER-7] [CLUSTER-8] clients cannot tell three nodes from one server", () => {
  let count = 0;
  for (let seed = 1; seed <= 60; seed++) {
    const [fleet, alone] = play(seed, 300);
    for (const conn of new Set([...fleet.keys(), ...alone.keys()])) {
      const got = fleet.get(conn) ?? [];
      assertEquals(bySource(got), bySource(alone.get(conn) ?? []), `seed ${seed}, socket ${conn}`);
      count += got.length;
    }
  }
  assert(count > 10_000, "hardly anything happened");
});

/** Order is promised for each pair alone: messages of several peers that wait come in any order. */
function bySource(got: readonly string[]): Record<string, readonly string[]> {
  const bySource: Record<string, string[]> = {};
  for (const text of got) (bySource[/"src":"(\w+)"/.exec(text)?.[1] ?? ""] ??= []).push(text);
  return bySource;
}
