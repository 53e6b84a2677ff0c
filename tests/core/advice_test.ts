/** What came of an attempt, and what to do, case by case: `tests/attempts/cases.ts`. */
import { adviceFor, attemptsOf, type Verdict } from "../../core/attempts/mod.ts";
import { type Case, CASES, MET } from "../attempts/cases.ts";
import { playConversation, recorded } from "../attempts/conversation.ts";
import { assert, assertEquals } from "../support/assert.ts";

function verdictOf(one: Case): Verdict {
  const { attempts, now } = playConversation(one.lines ?? recorded(one.name), one);
  const attempt = attemptsOf(attempts)[one.which ?? 0];
  assert(attempt !== undefined, `${one.name}: there is no such attempt`);
  return adviceFor(attempt, now);
}

for (const one of CASES) {
  const { addresses = {}, afterMs = "", which = "" } = one;
  const how = [...Object.values(addresses), afterMs, which].join(" ");
  Deno.test(`[WHY-8] [WHY-9] ${one.name} ${how}`, () => {
    const { state, outcome, summary, advice } = verdictOf(one);
    const isOpen = ["connecting", "waiting", "ringing"].includes(outcome);
    assertEquals([outcome, state], [one.outcome, isOpen ? "open" : "settled"], summary);
    const [first] = advice.map(({ sure, text }) => `${sure}: ${text}`);
    assertEquals(first?.slice(0, one.said?.length) ?? null, one.said);
    for (const text of [summary, ...advice.flatMap(({ text, todo }) => [text, todo])]) {
      assert(/^["A-Z].*[.]$/u.test(text) && !/undefined|null|NaN/.test(text), text);
    }
  });
}

Deno.test("[WHY-9] evidence and what may follow stand behind what is the matter", () => {
  const texts = (name: string, which = 0): string[] => {
    const one = CASES.find((one) => one.name === name && (one.which ?? 0) === which);
    assert(one !== undefined);
    return verdictOf(one).advice.map(({ text, sure }) => `${sure}: ${text}`);
  };
  const unseen =
    "possible: Whether the peers connected, the server cannot see: they talk without it.";
  assertEquals(texts("the third try").slice(1), [
    'likely: This is try 3 of "alice" to reach "bob" shortly after the last: those before probably failed.',
    unseen,
  ]);
  assertEquals(texts("tried again, so the first failed", 1).slice(1), [
    'likely: "alice" tried again 10 s later: this attempt probably failed.',
    unseen,
  ]);
  const soon: Case = {
    name: "",
    lines: [...MET, [2_500, "bob", 1001]],
    outcome: "complete",
    said: "",
  };
  const leaving = 'possible: "bob" disconnected from the server 500 ms after the answer.';
  assertEquals(verdictOf(soon).advice.map(({ text, sure }) => `${sure}: ${text}`).slice(1), [
    leaving,
    unseen,
  ]);
  const hidden = CASES.find(({ name }) => name === "names of multicast DNS");
  assert(hidden !== undefined && verdictOf(hidden).advice[0]?.todo.includes(".local"));
});
