/**
 * Signalbox and the real incumbent, side by side: every conversation, with both.
 *
 * Where a conversation declares no difference the transcripts are equal. Where it declares one, both are what it
 * says, and the rules in its name are deviations in SPEC.md. The README's table is made of the differences.
 */
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { assertAsDeclared, holdAll, rulesOf, test } from "../support/side_by_side.ts";
import { deviatingRules, readText } from "../tools/docs.ts";
import { GROUPS, UNSEEN } from "./groups.ts";

const CONVERSATIONS = GROUPS.flatMap(({ conversations }) => conversations);

for (const group of GROUPS) {
  // The servers' output is read all the while: operations are balanced over the whole test, not over a step.
  Deno.test(`side by side: ${group.name}`, async (t) => {
    await holdAll(group, async (conversation, observe) => {
      const fn = async (): Promise<void> => assertAsDeclared(conversation, await observe());
      await t.step({ name: conversation.name, fn, sanitizeOps: false });
    });
  });
}

Deno.test("every difference is a deviation of SPEC.md, and every deviation is shown", async () => {
  const deviations = deviatingRules(await readText("core/SPEC.md"));
  const differing = CONVERSATIONS.filter(({ difference }) => difference !== undefined);
  const shown = new Set(differing.flatMap(rulesOf));
  for (const conversation of differing) {
    const rules = rulesOf(conversation);
    assert(rules.length > 0, `"${conversation.name}" names no rule that explains it`);
    assertEquals(rules.filter((rule) => !deviations.includes(rule)), [], conversation.name);
  }
  assertEquals(
    deviations.filter((rule) => !shown.has(rule)),
    Object.keys(UNSEEN),
    "deviations that no conversation shows",
  );
});

Deno.test("conversations have names of their own, and a transcript that is another is no match", () => {
  const names = CONVERSATIONS.map(({ name }) => name);
  assertEquals(names.length, new Set(names).size, "two conversations have the same name");
  const [one, other] = [{ a: [{ x: 1, y: 2 }, "open"] }, { a: [{ y: 2, x: 1 }, "open"] }];
  const talk = (): Promise<void> => Promise.resolve();
  const seen = { signalbox: one, incumbent: other };
  assertAsDeclared(test.same("", talk), { signalbox: one, incumbent: one });
  assertAsDeclared(test.differs("", talk)(seen), seen);
  const wrong = [
    [test.same("", talk), seen],
    [test.same("", talk), { signalbox: {}, incumbent: {} }],
    [test.differs("", talk)(seen), { signalbox: other, incumbent: one }],
    [test.differs("", talk)(seen), { signalbox: one, incumbent: one }],
    [test.differs("", talk)({ signalbox: one, incumbent: one }), {
      signalbox: one,
      incumbent: one,
    }],
  ] as const;
  for (const [conversation, given] of wrong) {
    assertThrows(() => assertAsDeclared(conversation, given), Error);
  }
});
