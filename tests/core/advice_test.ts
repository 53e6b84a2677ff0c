/** What came of an attempt, and what to do, case by case: `tests/attempts/cases.ts`. */
import { adviceFor, attemptsOf, type Verdict } from "../../core/attempts/mod.ts";
import { CASES, HOSTS, MET } from "../attempts/cases.ts";
import type { Case } from "../attempts/recorded_cases.ts";
import { CLOSE, type CloseCode } from "../../core/effect.ts";
import { millis } from "../../core/mod.ts";
import { type Line, playConversation, recorded } from "../attempts/conversation.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";

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
  const soon: Case = { name: "", outcome: "complete", said: "" };
  const leaving = '"bob" disconnected from the server 500 ms after the answer.';
  for (const [code, sure] of [[1001, "likely"], [1006, "likely"], [1005, "possible"]] as const) {
    const verdict = verdictOf({ ...soon, lines: [...MET, [2_500, "bob", code]] });
    const [first, , last] = verdict.advice.map(({ text, sure }) => `${sure}: ${text}`);
    assertEquals([first, last], [`${sure}: ${leaving}`, unseen], "the generic advice is behind");
  }
  const hidden = CASES.find(({ name }) => name === "names of multicast DNS");
  assert(hidden !== undefined && verdictOf(hidden).advice[0]?.todo.includes(".local"));
});

Deno.test("[WHY-12] a call that rang for long keeps that it was not answered, and then who went", () => {
  const one = CASES.find(({ name }) => name.startsWith("a call rings for 10 s"));
  assert(one !== undefined);
  const { summary, advice } = verdictOf(one);
  assertEquals(
    summary,
    'The call of "alice" rang for 10 s and was not answered; then "alice" disconnected from the server.',
  );
  assertEquals(advice.map(({ todo }) => /call\.answer|peer\.destroy/.exec(todo)?.[0]), [
    "call.answer",
    "peer.destroy",
  ]);
});

Deno.test("[WHY-11] the callee was refused: what for, as far as that helps", () => {
  const one = CASES.find(({ name }) => name === "the callee was refused before");
  assert(one?.lines !== undefined);
  const { attempts, now } = playConversation(one.lines, one);
  const [attempt] = attemptsOf(attempts);
  assert(attempt !== undefined && attempt.refusal !== null);
  const said = (code: CloseCode): string | undefined =>
    adviceFor({ ...attempt, refusal: { at: millis(1), code } }, now).advice[0]?.text;
  const was = '"bob" was refused 999 ms before';
  assertEquals(said(CLOSE.full), `${was}: the server was full (4004).`);
  assertEquals(said(CLOSE.badParameters), `${was} (4002).`);
});

Deno.test("[WHY-13] where the server has TURN, advice names it, and does not ask for what is set", () => {
  const lines: readonly [readonly Line[], Readonly<Record<string, string>>?][] = [
    [MET],
    [HOSTS, { alice: "192.0.2.1", bob: "198.51.100.7" }],
    [HOSTS, { alice: "192.0.2.1", bob: "192.0.2.1" }],
    [HOSTS, { alice: "192.0.2.1", bob: "2001:db8::7" }],
  ];
  for (const [each, addresses = {}] of lines) {
    const { attempts, now } = playConversation(each, { addresses });
    const [attempt] = attemptsOf(attempts);
    assert(attempt !== undefined);
    const texts = (path: string | null): string => JSON.stringify(adviceFor(attempt, now, path));
    assertStringIncludes(texts("/a/k/ice"), "Pass what /a/k/ice answers as the config");
    assert(!texts("/a/k/ice").includes("turn_urls"), "it is set");
    assert(!texts(null).includes("Pass what"), "it is not set");
    const isMet = each === MET;
    assertEquals(texts("/a/k/ice").includes("hands out TURN (/a/k/ice), and neither side"), isMet);
  }
});
