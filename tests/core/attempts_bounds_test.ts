/** How attempts are bounded, and what they know of each other and of addresses. */
import { attemptsOf, hintFor } from "../../core/attempts/mod.ts";
import { EVENTS_MAX } from "../../core/attempts/attempt.ts";
import { READS } from "../../core/attempts/watch.ts";
import { ATTEMPTS_MAX, PAIR_MAX, PEER_MAX } from "../../core/attempts/attempts.ts";
import {
  ALICE,
  BOB,
  type Line,
  play,
  playConversation,
  type Played,
  said,
  type Words,
} from "../attempts/conversation.ts";
import { initialState, millis, peerId, settingsFrom } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";

Deno.test("[WHY-5] the instant of the last message is known to 100 ms where it was not read", () => {
  const updatedAt = (...at: readonly number[]): unknown => {
    const flood = Array.from({ length: READS }, (): Words => [2, "alice", "CANDIDATE", "bob"]);
    const late = at.map((ms): Words => [ms, "alice", "CANDIDATE", "bob"]);
    return play([ALICE, BOB, ...said([1, "alice", "OFFER", "bob"], ...flood, ...late)])[0]
      ?.updatedAt;
  };
  assertEquals([updatedAt(101), updatedAt(102), updatedAt(101, 150, 202)], [2, 102, 150]);
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

Deno.test("[WHY-3] 2,000 messages are read at once and 1,000 a second, and others are counted", () => {
  const calls = Array.from({ length: 2_002 }, (_, i): Words => [1, "alice", "OFFER", `p${i}`]);
  const more = said(
    ...calls,
    [1, "alice", "CANDIDATE", "p1999"],
    [1, "alice", "OFFER", "p1999", "other"],
    [2, "alice", "OFFER", "late"],
    [2, "alice", "OFFER", "later"],
    [3, "alice", "OFFER", "latest"],
  );
  const settings = { frame_rate: 0, source_queue_limit: 0 };
  const { attempts } = playConversation([ALICE, ...more], { settings });
  const [last, late, before] = attemptsOf(attempts);
  assertEquals([last?.callee, late?.callee, before?.callee], ["latest", "late", "p1999"]);
  assertEquals([before?.isCut, before?.sides.caller.descriptions], [true, 1]);
  assertEquals([attempts.nextId, attempts.overlooked], [2_002, 5]);

  const payload = { more: "x".repeat(60_000) };
  const long = Array.from({ length: 80 }, (_, i): Line => [
    1,
    "alice",
    { type: "OFFER", dst: `p${i}`, payload },
  ]);
  const few = playConversation([ALICE, ...long], { settings: { ...settings, byte_rate: 0 } });
  assertEquals(few.attempts.nextId, 66, "of 60,000 characters, 30 times as few");
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

Deno.test("[WHY-11] the last 256 sockets with an id are known, and a refusal for 60 s, until the id is admitted", () => {
  let bob = "Bob";
  const near = (...between: readonly Line[]): unknown[] => {
    const lines: readonly Line[] = [
      [0, bob, "open"],
      [0, "bOb", "keyless"],
      ...between,
      [60_000, "alice", "open"],
      ...said([60_000, "alice", "OFFER", "bOb"]),
    ];
    const { attempts } = playConversation(lines, { settings: { expire_timeout: 1_000 } });
    const [attempt] = attemptsOf(attempts);
    return [attempt?.near, attempt?.refusal, attempts.arrivals.length];
  };
  const crowd = (count: number): Line[] =>
    Array.from({ length: count }, (_, i) => [900, `p${i}`, "keyless"]);
  assertEquals(near(), ["Bob", null, 3], "61 s ago");
  const refusal = { at: 1_000, code: 4003 };
  const again: Line = [1_000, "bOb", "keyless"];
  assertEquals(near(again), ["Bob", refusal, 4]);
  assertEquals(near(again, [2_000, "bOb", "open"], [3_000, "bOb", 1001]), ["Bob", null, 5]);
  assertEquals(near(...crowd(253)), ["Bob", null, 256]);
  assertEquals(near(...crowd(254)), [null, null, 256]);
  bob = "bob";
  assertEquals(near(...crowd(254)), ["bob", null, 256], "looked up, however long ago it came");
  for (const odd of ["x".repeat(257), "\n"]) {
    assertEquals(near([900, odd, "keyless"])[2], 3, "no peer can have that id");
  }
  const { attempts } = playConversation([[5, "bob", "keyless"], [9, "bob", "open"]]);
  const last = (at: number): number | undefined =>
    hintFor(attempts, initialState(settingsFrom()), peerId("bob"), millis(at)).last?.at;
  assertEquals([4, 5, 8, 9, 60_009, 60_010].map(last), [undefined, 5, 5, 9, 9, undefined]);
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
  assertEquals(same("192.168.1.5", "192.168.1.5", both), true);
  for (const [a = "", b = ""] of [["192.168.1.5", "10.0.0.6"], ["fd00::1", "fe80:1::2"]]) {
    assertEquals(same(a, b, both), null, "a server in the network of both");
  }
  assertEquals(same("192.168.1.5", "192.0.2.2", both), false);
  const late: readonly Line[] = [ALICE, ...offer, [10, "bob", "open"]];
  assertEquals(same("192.0.2.1", "192.0.2.1", late), null);
  const answered = [...late, ...said([20, "bob", "ANSWER", "alice"])];
  assertEquals(same("192.0.2.1", "192.0.2.1", answered), true);
  const gone: Line = [15, "alice", 1001];
  const left = [...late, gone, ...said([20, "bob", "ANSWER", "alice"])];
  assertEquals(same("192.0.2.1", "192.0.2.2", left), false, "whoever went had an address");
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
