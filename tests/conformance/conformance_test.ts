/**
 * Signalbox and the real incumbent, side by side: every conversation, with both.
 *
 * Where a conversation declares no difference the transcripts are equal. Where it declares one, both are what it
 * says, and the rules that it names are deviations in SPEC.md. What was seen is what `observed.json` has,
 * from which the README's table is made.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import { deviatingRules, readText } from "../tools/docs.ts";
import { readObserved } from "../support/observed.ts";
import { assertAsDeclared, assertSame, holdAll } from "../support/side_by_side.ts";
import { GROUPS, UNSEEN } from "./groups.ts";

const CONVERSATIONS = GROUPS.flatMap(({ conversations }) => conversations);

for (const group of GROUPS) {
  // The servers' output is read all the while: operations are balanced over the whole test, not over a step.
  Deno.test(`side by side: ${group.name}`, async (t) => {
    const observed = await readObserved();
    await holdAll(group, async (conversation, observe) => {
      const fn = async (): Promise<void> => {
        const seen = await observe();
        assertAsDeclared(conversation, seen);
        assertSame(
          seen,
          observed[conversation.name],
          "observed.json is stale: deno task conformance",
        );
      };
      await t.step({ name: conversation.name, fn, sanitizeOps: false });
    });
  });
}

Deno.test("every difference is a deviation of SPEC.md, and every deviation is shown", async () => {
  const deviations = deviatingRules(await readText("core/SPEC.md"));
  const shown = new Set(CONVERSATIONS.flatMap(({ differs }) => differs?.rules ?? []));
  assertEquals(
    [...shown].filter((rule) => !deviations.includes(rule)),
    [],
    "no deviations of SPEC",
  );
  assertEquals(
    deviations.filter((rule) => !shown.has(rule)),
    Object.keys(UNSEEN),
    "deviations that no conversation shows",
  );
});

Deno.test("observed.json has each conversation once, and no other", async () => {
  const names = CONVERSATIONS.map(({ name }) => name);
  assert(names.length >= 40);
  assertEquals(names.length, new Set(names).size, "two conversations have the same name");
  assertEquals(Object.keys(await readObserved()).sort(), names.sort(), "deno task conformance");
});
