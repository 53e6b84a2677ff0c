/** What an attempt notes of what goes through the server, and what it forgets. */
import {
  type Attempt,
  type Attempts,
  attemptsOf,
  noAttempts,
  watchAttempts,
} from "../../core/attempts/mod.ts";
import { connId, type Event, type Message, millis } from "../../core/mod.ts";
import { EVENTS_MAX } from "../../core/attempts/attempt.ts";
import { ATTEMPTS_MAX, PAIR_MAX, PEER_MAX } from "../../core/attempts/attempts.ts";
import { READS } from "../../core/attempts/watch.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type Circumstances,
  type Line,
  playConversation,
  type Played,
} from "../attempts/conversation.ts";
import { Fleet } from "../cluster/fleet.ts";
import { messageFrom, opening, world } from "../support/world.ts";

const ALICE: Line = [0, "alice", "open"];
const BOB: Line = [0, "bob", "open"];

type Words = readonly [ms: number, who: string, type: string, dst: string, id?: string | null];

/** Frames as a client sends them; `id` is that of the connection, and `null` sends none. */
function said(...all: readonly Words[]): Line[] {
  return all.map(([ms, who, type, dst, id = "c"]): Line => {
    const candidate = { candidate: "candidate:1 1 udp 1 192.0.2.1 5000 typ host" };
    const sdp = { sdp: "m=application 9 X 0" };
    const payload = { type: "data", candidate, sdp, ...(id === null ? {} : { connectionId: id }) };
    return [ms, who, { type, dst, payload }];
  });
}

function play(lines: readonly Line[], circumstances: Circumstances = {}): readonly Attempt[] {
  return attemptsOf(playConversation(lines, circumstances).attempts).reverse();
}

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

Deno.test("[WHY-5] an attempt notes 32 events, and candidates among the first 24", () => {
  const flood = (type: string): Words[] =>
    Array.from({ length: 40 }, () => [2, "alice", type, "bob"]);
  const count = (type: string): number | undefined =>
    play([ALICE, BOB, ...said([1, "alice", "OFFER", "bob"], ...flood(type))])[0]?.events.length;
  assertEquals([count("CANDIDATE"), count("OFFER"), EVENTS_MAX], [24, 32, 32]);
});

Deno.test("[WHY-5] the oldest attempts are forgotten, counted, and leave nothing behind", () => {
  const calls = Array.from({ length: 1_019 }, (_, i): Words => [i, "alice", "OFFER", `p${i + 1}`]);
  calls.unshift([0, "self", "OFFER", "self"]);
  const few = { frame_rate: 0, source_queue_limit: 0 };
  const { attempts } = playConversation([ALICE, [0, "self", "open"], ...said(...calls)], {
    settings: few,
  });
  assertEquals([attempts.byId.size, attempts.forgotten, ATTEMPTS_MAX], [1_000, 20, 1_000]);
  assertEquals([attempts.pairs.size, attempts.peers.size], [1_000, 1_001]);
  assertEquals([attemptsOf(attempts)[0]?.callee, attemptsOf(attempts).at(-1)?.callee], [
    "p1019",
    "p20",
  ]);

  const again = Array.from({ length: 1_020 }, (_, i): Words => [i, "alice", "OFFER", "b", `${i}`]);
  const one = playConversation([ALICE, ...said(...again)], { settings: few }).attempts;
  assertEquals([one.byId.size, one.pairs.size, one.peers.size], [1_000, 1, 2]);
});

Deno.test("[WHY-5] the last 16 attempts of two take messages, and the last 64 of a peer note that it goes", () => {
  const calls = Array.from({ length: 70 }, (_, i): Words => [i, "alice", "OFFER", "bob", `${i}`]);
  const { attempts } = played([
    ALICE,
    BOB,
    ...said(
      ...calls,
      [71, "bob", "ANSWER", "alice", "54"],
      [72, "bob", "ANSWER", "alice", "53"],
    ),
    [80, "bob", 1001],
  ]);
  const all = attemptsOf(attempts).reverse();
  assertEquals([PAIR_MAX, PEER_MAX], [16, 64]);
  assertEquals(
    all.map(({ events }) => events.some(({ what }) => what === "ANSWER")).indexOf(true),
    54,
  );
  assertEquals(all.filter(({ sides }) => sides.callee.descriptions > 0).length, 1);
  const noted = all.map(({ events }) => events.some(({ what }) => what === "left"));
  assertEquals([noted.indexOf(true), noted.filter(Boolean).length], [6, 64]);
});

Deno.test("[WHY-6] both come from one address group, or do not, or that is not known", () => {
  const same = (alice: string, bob: string, lines: readonly Line[]): unknown =>
    play(lines, { addresses: { alice, bob } })[0]?.sameAddress;
  const offer = said([1, "alice", "OFFER", "bob"]);
  const both = [ALICE, BOB, ...offer];
  assertEquals(same("192.0.2.1", "::ffff:192.0.2.1", both), true);
  assertEquals(same("2001:db8::1", "2001:db8::2", both), true);
  assertEquals(same("192.0.2.1", "192.0.2.2", both), false);
  for (const other of ["2001:db8::1", "", "unix"]) {
    assertEquals(same("192.0.2.1", other, both), null);
  }
  assertEquals(same("unix", "unix", both), null);
  const late: readonly Line[] = [ALICE, ...offer, [10, "bob", "open"]];
  assertEquals(same("192.0.2.1", "192.0.2.1", late), null);
  const answered = [...late, ...said([20, "bob", "ANSWER", "alice"])];
  assertEquals(same("192.0.2.1", "192.0.2.1", answered), true);
});

Deno.test("[WHY-7] another call of the same kind, 1 s to 60 s later, is a try again", () => {
  const tries = (...at: readonly number[]): unknown[] => {
    const calls = at.map((ms, i): Words => [ms, "alice", "OFFER", "bob", `${i}`]);
    return play([ALICE, BOB, ...said(...calls)]).map(({ tries, retriedAt }) => [tries, retriedAt]);
  };
  assertEquals(tries(1, 1_000), [[1, null], [1, null]]);
  assertEquals(tries(1, 1_001, 61_001), [[1, 1_001], [2, 61_001], [3, null]]);
  assertEquals(tries(1, 1_001, 2_001), [[1, 1_001], [2, 2_001], [3, null]]);
  assertEquals(tries(1, 60_002), [[1, null], [1, null]]);
  const media: Line = [5_000, "alice", { type: "OFFER", dst: "bob", payload: { type: "media" } }];
  const [data] = play([ALICE, BOB, ...said([1, "alice", "OFFER", "bob"]), media]);
  assertEquals(data?.retriedAt, null);
});

Deno.test("[WHY-7] two calls cross if the second comes within 3 s, before the first is answered", () => {
  const crossed = (...words: readonly Words[]): unknown[] =>
    play([ALICE, BOB, ...said([1, "alice", "OFFER", "bob"], ...words)]).map((one) => one.isCrossed);
  assertEquals(crossed([3_001, "bob", "OFFER", "alice", "d"]), [true, true]);
  assertEquals(crossed([3_002, "bob", "OFFER", "alice", "d"]), [false, false]);
  assertEquals(
    crossed([2, "bob", "ANSWER", "alice"], [3, "bob", "OFFER", "alice", "d"]),
    [false, false],
  );
});

function played(lines: readonly Line[]): Played {
  return playConversation(lines, { settings: { frame_rate: 0 } });
}

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
