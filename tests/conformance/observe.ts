/**
 * Holds every conversation and writes what came of it to `observed.json`: `deno task conformance`.
 *
 * It writes what it saw. Whether that is right is what the test says.
 *
 * @module
 */
import { type Observations, writeObserved } from "../support/observed.ts";
import { holdAll } from "../support/side_by_side.ts";
import { GROUPS } from "./groups.ts";

if (import.meta.main) {
  const seen: Record<string, Observations[string]> = {};
  for (const group of GROUPS) {
    await holdAll(group, async ({ name }, observe) => {
      seen[name] = await observe();
    });
  }
  await writeObserved(seen);
}
