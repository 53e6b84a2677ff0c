/**
 * Simulated runs: pinned seeds, a fresh one, and servers that are broken on purpose, which have to be caught.
 */
import { connId } from "../../core/mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { BROKEN } from "./broken.ts";
import { RuleBroken } from "./failure.ts";
import { letterMaker } from "./letter.ts";
import { Link } from "./link.ts";
import { checkMeeting, type Meeting, noMeetings } from "./meeting.ts";
import { failureReport } from "./report.ts";
import { PINNED } from "./seeds.ts";
import { type Result, simulate } from "./simulate.ts";
import { busy, varied } from "./ways.ts";

for (const { seed, why } of PINNED) {
  Deno.test(`[QUEUE-5] [STATE-3] [LIFE-1] seed ${seed} keeps every rule: ${why}`, () => {
    assertSound(
      simulate({ seed, scenario: varied(seed) }),
      `deno task sim --seed ${seed} --varied`,
    );
  });
}

Deno.test("[MSG-1] [MSG-2] [QUEUE-4] [OPEN-5] a fresh seed keeps every rule", async (t) => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  await t.step(`deno task sim --seed ${seed} --hours 0.1 --clients 60`, () => {
    const scenario = { ...busy(), clients: 60, hours: 0.1 };
    assertSound(simulate({ seed, scenario }), `busy, seed ${seed}`);
  });
  await t.step(`deno task sim --seed ${seed} --varied`, () => {
    // Some of these have three clients, to whom hardly anything happens.
    const { failure, ...rest } = simulate({ seed, scenario: varied(seed) });
    assert(failure === null, failureReport({ failure, ...rest }, `varied, seed ${seed}`));
  });
});

Deno.test("[STATE-1] the same seed gives the same run, and another seed another", () => {
  const first = simulate({ seed: 7, scenario: busy() });
  assertSound(first, "busy, seed 7");
  assertEquals(simulate({ seed: 7, scenario: busy() }), first);
  assert(simulate({ seed: 8, scenario: busy() }).digest !== first.digest);
});

for (const { name, rules, make } of BROKEN) {
  Deno.test(`[${rules.join("] [")}] a server that ${name} is caught`, () => {
    const { failure } = simulate({ seed: 7, scenario: busy(), reducer: make() });
    assert(failure !== null, "it was not caught");
    assert(rules.includes(failure.rule), failure.lines.join("\n"));
    assert(failure.lines.length > 1, "it says what led there");
  });
}

Deno.test("[MSG-2] a meeting that nothing disturbed and that is not complete is caught", () => {
  assertThrows(() => checkMeeting(meeting(false), noMeetings(), 0), RuleBroken, "did not reach");
});

Deno.test("[MSG-2] a meeting is made where all was read, and excused where a link was cut", () => {
  const counts = noMeetings();
  checkMeeting(meeting(true), counts, 0);
  const cut = meeting(false);
  cut.from.isDisturbed = true;
  checkMeeting(cut, counts, 0);
  assertEquals(counts, { wanted: 0, made: 1, failed: 0, disturbed: 1 });
});

function assertSound(result: Result, command: string): void {
  assert(result.failure === null, failureReport(result, command));
  assert(result.meetings.made > 0 && result.events > 1_000, "hardly anything happened");
}

/** An offer and an answer between two links with which nothing is wrong. */
function meeting(isAnswerRead: boolean): Meeting {
  const [from, to] = [soundLink("a", 1), soundLink("b", 2)];
  const letter = letterMaker();
  const offer = letter({ type: "OFFER", dst: "b", meeting: null, padding: 0 });
  const answer = letter({ type: "ANSWER", dst: "a", meeting: null, padding: 0 });
  offer.isReceived = true;
  answer.isReceived = isAnswerRead;
  return {
    connectionId: "dc_1",
    from,
    dst: "b",
    startedAt: 0,
    to,
    there: [offer],
    back: [answer],
    hasFailed: false,
  };
}

function soundLink(id: string, conn: number): Link {
  const endpoint = { opened: () => {}, message: () => {}, closed: () => {} };
  const options = { id, token: "t", address: "10.0.0.1", isRough: false, isSilent: false };
  const link = new Link({ ...options, endpoint });
  link.conn = connId(conn);
  link.isOpen = true;
  link.serverEnd = "open";
  return link;
}
