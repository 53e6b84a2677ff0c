/** What an attempt notes of what goes through the server. */
import {
  type Attempt,
  type Attempts,
  attemptsOf,
  noAttempts,
  watchAttempts,
} from "../../core/attempts/mod.ts";
import { connId, type Event, type Message, millis } from "../../core/mod.ts";
import { READS } from "../../core/attempts/watch.ts";
import { ALICE, BOB, play, said, type Words } from "../attempts/conversation.ts";
import { Fleet } from "../cluster/fleet.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { messageFrom, opening, world } from "../support/world.ts";

/** Events as words: who, what, when, and what became of it. */
function story({ events }: Attempt): string[] {
  return events.map((event) => {
    const { at, what } = event;
    if (what === "told") return `${at} ${event.to} is told`;
    if (what === "joined") return `${at} ${event.from} joined`;
    if (what === "left") return `${at} ${event.from} left, by ${event.by}, ${event.code}`;
    const end = event.endedAt === null ? "" : ` at ${event.endedAt}`;
    return `${at} ${event.from} ${what} ${event.fate}${end}`;
  });
}

function heads(attempts: readonly Attempt[]): string[] {
  return attempts.map(({ caller, callee, events, connection }) =>
    `${caller} calls ${callee}, ${connection}: ${events.map(({ what }) => what).join()}`
  );
}

Deno.test("[WHY-1] messages of both sides with one connectionId are one attempt, and those with another another", () => {
  const attempts = play([
    ALICE,
    BOB,
    ...said(
      [1, "alice", "OFFER", "bob"],
      [2, "bob", "ANSWER", "alice"],
      [3, "bob", "OFFER", "alice", "d"],
      [4, "alice", "CANDIDATE", "bob"],
      [5, "alice", "CANDIDATE", "bob", "d"],
      [6, "alice", "OFFER", "bob"],
      [7, "bob", "CANDIDATE", "alice", null],
      [8, "bob", "LEAVE", "alice"],
    ),
  ]);
  assertEquals(heads(attempts), [
    "alice calls bob, data: OFFER,ANSWER,CANDIDATE,OFFER",
    "bob calls alice, data: OFFER,CANDIDATE,CANDIDATE,LEAVE",
  ]);
  assertEquals(attempts[1]?.sides.callee.candidates.host, 1, "the callee of the second is alice");
  assertEquals(attempts[0]?.sides.caller.descriptions, 2);
});

Deno.test("[WHY-1] a connectionId that comes later is taken, and one that belongs elsewhere counts unread", () => {
  const attempts = play([
    ALICE,
    BOB,
    ...said(
      [1, "alice", "OFFER", "bob", null],
      [2, "bob", "ANSWER", "alice", "d"],
      [3, "bob", "CANDIDATE", "alice", "e"],
      [4, "bob", "ANSWER", "alice", "d"],
    ),
  ]);
  assertEquals(heads(attempts), ["alice calls bob, data: OFFER,ANSWER,ANSWER"]);
  assertEquals([attempts[0]?.isCut, attempts[0]?.updatedAt], [true, millis(4)]);
});

Deno.test("[WHY-1] where no offer is known, whoever answers was called, and a message of no attempt begins none", () => {
  const begun = (type: string): string[] =>
    heads(play([ALICE, BOB, ...said([1, "bob", type, "alice"])]));
  assertEquals(begun("ANSWER"), ["alice calls bob, data: ANSWER"]);
  assertEquals(begun("CANDIDATE"), ["bob calls alice, data: CANDIDATE"]);
  assertEquals([...begun("LEAVE"), ...begun("EXPIRE"), ...begun("HEARTBEAT")], []);
  const [self] = play([
    ALICE,
    ...said([1, "alice", "OFFER", "alice"], [2, "alice", "ANSWER", "alice"]),
  ]);
  assertEquals(self?.events.map((event) => "from" in event && event.from), ["caller", "callee"]);
});

Deno.test("[WHY-2] messages are noted with what became of them, and who is told, comes and goes", () => {
  const [stored] = play([
    ALICE,
    ...said([10, "alice", "OFFER", "bob"], [20, "alice", "CANDIDATE", "bob"]),
    [900, "bob", "open"],
    ...said([1_000, "bob", "ANSWER", "alice"]),
    [1_100, "bob", 1001],
    ...said([1_200, "alice", "CANDIDATE", "bob"], [1_300, "alice", "LEAVE", "bob"]),
  ]);
  assert(stored !== undefined);
  assertEquals(story(stored), [
    "10 caller OFFER delivered at 900",
    "20 caller CANDIDATE delivered at 900",
    "900 callee joined",
    "1000 callee ANSWER relayed",
    "1100 callee left, by client, 1001",
    "1200 caller CANDIDATE expired at 6200",
    "1300 caller LEAVE absent",
    "6200 caller is told",
  ]);
  const [refused] = play([
    ALICE,
    ...said([10, "alice", "OFFER", ""], [20, "alice", "CANDIDATE", ""]),
  ]);
  assert(refused !== undefined);
  assertEquals(story(refused), [
    "10 caller OFFER no-such-id",
    "10 caller is told",
    "20 caller CANDIDATE no-such-id",
  ]);
});

Deno.test("[WHY-2] what a socket did not take is corrected, also where it was not noted", () => {
  const flood = Array.from({ length: 30 }, (): Words => [3, "bob", "CANDIDATE", "alice"]);
  const lines = [
    ALICE,
    BOB,
    ...said([1, "bob", "OFFER", "alice"], [2, "alice", "ANSWER", "bob"], ...flood),
  ];
  const [slow] = play(lines, { slow: ["alice"] });
  assert(slow !== undefined);
  assertEquals(story(slow).slice(0, 4), [
    "1 caller OFFER slow-reader",
    "1 caller is told",
    "2 callee ANSWER relayed",
    "3 caller CANDIDATE slow-reader",
  ]);
  assertEquals([slow.isCut, slow.sides.caller.unnoted], [true, 0]);

  const [gone] = play(lines, { gone: ["alice"] });
  assert(gone !== undefined);
  assertEquals([story(gone)[0], gone.sides.caller.unnoted], ["1 caller OFFER expired at 5001", 0]);
});

Deno.test("[WHY-2] the last message of its kind is corrected, in the newest attempt that has one", () => {
  const w = world();
  let attempts = noAttempts();
  const step = (event: Event): void => {
    w.step(event);
    const { effects, state } = w;
    attempts = watchAttempts(attempts, { event, now: millis(w.now), effects, state });
  };
  const say = (conn: number, type: string, dst: string, connectionId: string): void => {
    const text = JSON.stringify({ type, dst, payload: { type: "data", connectionId } });
    step({ kind: "frame-received", conn: connId(conn), text });
  };
  const refuse = (type: Message["type"], src: string, dst: string): void => {
    const message = messageFrom(src, dst, type);
    step({ kind: "send-refused", conn: connId(dst === "a" ? 1 : 2), message });
  };
  const fates = (): unknown[] =>
    attemptsOf(attempts).reverse().map(({ events }) =>
      events.map((event) => "fate" in event ? event.fate : event.what)
    );
  step(opening(1, { id: "a" }));
  step(opening(2, { id: "b" }));
  say(1, "OFFER", "b", "c");
  say(1, "CANDIDATE", "b", "c");
  say(1, "CANDIDATE", "b", "c");
  say(2, "CANDIDATE", "a", "c");
  say(1, "OFFER", "b", "d");
  refuse("CANDIDATE", "a", "b");
  const first = ["relayed", "relayed", "slow-reader", "relayed"];
  assertEquals(fates(), [first, ["relayed", "told"]]);
  say(1, "CANDIDATE", "b", "d");
  refuse("CANDIDATE", "a", "b");
  assertEquals(fates(), [first, ["relayed", "told", "slow-reader"]]);
});

Deno.test("[WHY-2] what ends a wait ends the longest one of the oldest attempt, in that direction", () => {
  const many = Array.from({ length: 30 }, (_, i): Words => [10 + i, "alice", "CANDIDATE", "bob"]);
  const [first, second] = play([
    ALICE,
    ...said([1, "alice", "OFFER", "bob"], ...many, [100, "alice", "OFFER", "bob", "d"]),
    [5_050, "bob", "open"],
  ]);
  assert(first !== undefined && second !== undefined);
  assertEquals(story(first).slice(0, 2), [
    "1 caller OFFER expired at 5001",
    "10 caller CANDIDATE expired at 5010",
  ]);
  assertEquals([first.events.length, first.sides.caller.unnoted], [26, 0]);
  assertEquals(story(second), ["100 caller OFFER delivered at 5050", "5050 callee joined"]);

  const [met, missed] = play([
    ALICE,
    BOB,
    ...said([1, "alice", "OFFER", "bob"]),
    [2, "bob", 1001],
    ...said([3, "alice", "OFFER", "bob", "d"]),
  ]);
  assertEquals(met?.events.map(({ what }) => what), ["OFFER", "left"]);
  assert(missed !== undefined);
  assertEquals(story(missed), ["3 caller OFFER expired at 5003", "5003 caller is told"]);
  assertEquals(play([ALICE, ...said([1, "alice", "EXPIRE", "bob"])]), []);
});

Deno.test("[WHY-2] a peer comes and goes in its attempts until 60 s after their last message", () => {
  const came = (at: number): string[] =>
    play([ALICE, BOB, ...said([1, "alice", "OFFER", "bob"]), [at, "bob", 1006]], {
      settings: { alive_timeout: 600_000 },
    }).flatMap(story);
  assertEquals(came(60_001), ["1 caller OFFER relayed", "60001 callee left, by client, 1006"]);
  assertEquals(came(60_002), ["1 caller OFFER relayed"]);
});

Deno.test("[WHY-2] a message to a peer of another node is sent on to it", () => {
  const fleet = new Fleet("ab");
  fleet.open("a", 1, "alice");
  fleet.open("b", 1, "bob");
  fleet.run();
  const stories = watchNodes(fleet);
  fleet.say("a", 1, { type: "OFFER", dst: "bob", payload: {} });
  fleet.run();
  const { now } = fleet;
  assertEquals(stories("a"), [[`${now} caller OFFER sent-on at ${now}`]]);
  assertEquals(stories("b"), [[`${now} caller OFFER relayed`]]);
});

Deno.test("[WHY-2] [WORKER-11] a message to a peer of another thread is sent on at once, and may have to wait after all", () => {
  const fleet = new Fleet("ab", {}, true);
  fleet.open("a", 1, "alice");
  fleet.open("b", 1, "bob");
  fleet.send("a", 1, "bob", "the way is known", "LEAVE");
  fleet.say("a", 1, { type: "CANDIDATE", dst: "bob", payload: {} });
  fleet.run();
  fleet.pass(100);
  const stories = watchNodes(fleet);
  fleet.say("a", 1, { type: "OFFER", dst: "bob", payload: {} });
  const { now } = fleet;
  assertEquals(stories("a"), [[`${now} caller OFFER sent-on at ${now}`]]);
  fleet.hangUp("b", 1);
  fleet.run();
  fleet.pass(0);
  assertEquals(stories("a"), [[`${now} caller OFFER waiting`]]);
  fleet.pass(5_000);
  assertEquals(stories("a")[0]?.[0], `${now} caller OFFER expired at ${now + 5_000}`);
});

Deno.test("[WHY-3] the first 64 messages of an attempt are read, then only offers are", () => {
  const flood = (count: number, id: string): Words[] =>
    Array.from({ length: count }, () => [2, "alice", "CANDIDATE", "bob", id]);
  const read = (...words: readonly Words[]): unknown[] =>
    play([ALICE, BOB, ...said([1, "alice", "OFFER", "bob"], ...words)], {
      settings: { frame_rate: 0 },
    }).map(({ sides, isCut }) => [sides.caller.candidates.host, isCut]);
  assertEquals(READS, 64);
  assertEquals(read(...flood(63, "c")), [[63, false]]);
  assertEquals(read(...flood(64, "c")), [[63, true]]);
  const again: Words = [3, "alice", "OFFER", "bob"];
  assertEquals(read(...flood(63, "c"), again, ...flood(1, "c")), [[63, true]]);
  const [absent] = play([ALICE, ...said([1, "alice", "OFFER", "bob"], ...flood(70, "c"))], {
    settings: { frame_rate: 0, queue_limit: 1_000 },
    afterMs: 0,
  });
  assertEquals(absent?.sides.caller.unnoted, 47, "24 of 71 are noted");
  assertEquals(read(...flood(70, "c"), [3, "alice", "OFFER", "bob", "d"], ...flood(64, "c")), [
    [126, true],
    [0, true],
  ]);
});

Deno.test("[WHY-3] an attempt with something that cannot be read claims nothing about what is missing", () => {
  const cut = (payload: unknown): boolean | undefined =>
    play([ALICE, BOB, [1, "alice", { type: "OFFER", dst: "bob", payload }]])[0]?.isCut;
  assertEquals(cut({ sdp: { sdp: "m=audio 9 X" } }), false);
  assertEquals([cut({ sdp: "encrypted" }), cut(undefined)], [true, true]);
  const [odd] = play([
    ALICE,
    ...said([1, "alice", "OFFER", "bob"]),
    [2, "alice", { type: "CANDIDATE", dst: "bob", payload: { candidate: {} } }],
    [3, "alice", { type: "CANDIDATE", dst: "bob", payload: { candidate: null } }],
  ]);
  const types = odd?.events.map((event) => "candidate" in event && event.candidate);
  assertEquals([odd?.isCut, types], [true, [null, null, "end", false]]);
});

/** Watches the attempts at the nodes of a fleet from now on. */
function watchNodes(fleet: Fleet): (node: string) => string[][] {
  const attempts = new Map<string, Attempts>();
  const { step } = fleet;
  fleet.step = (node, event) => {
    const before = fleet.effects.length;
    step.call(fleet, node, event);
    const effects = fleet.effects.slice(before);
    const watched = { event, now: millis(fleet.now), effects, state: fleet.of(node) };
    attempts.set(node, watchAttempts(attempts.get(node) ?? noAttempts(), watched));
  };
  return (node) => attemptsOf(attempts.get(node) ?? noAttempts()).map(story);
}
