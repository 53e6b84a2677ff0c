/**
 * What came of an attempt, and what to do: case by case. Where a case has the name of a recorded conversation of the
 * stock client, that is played again (`tests/attempts/record.ts` records them); the others are written here.
 */
import { adviceFor, attemptsOf, type Verdict } from "../../core/attempts/mod.ts";
import type { PartialSettings } from "../../core/mod.ts";
import {
  type Circumstances,
  type Line,
  playConversation,
  recorded,
} from "../attempts/conversation.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** A case: what happens, what comes of it, how the first advice begins, and how sure that is. */
interface Case extends Circumstances {
  readonly name: string;
  readonly lines?: readonly Line[];
  readonly outcome: Verdict["outcome"];
  readonly advice: string | null;
  readonly sure?: Verdict["advice"][number]["sure"];
  /** Which attempt, the newest being 0. */
  readonly which?: number;
}

const HERE = { alice: "192.0.2.1", bob: "192.0.2.1" };
const APART = { alice: "192.0.2.1", bob: "198.51.100.7" };
const UNKNOWN = { alice: "192.0.2.1", bob: "2001:db8::7" };

const OPEN: readonly Line[] = [[0, "alice", "open"], [0, "bob", "open"]];
const LEFT = "The client ended the connection of";

function frame(type: string, dst: string, payload: object = {}): object {
  return { type, dst, payload: { type: "data", connectionId: "c", ...payload } };
}

function sdp(...lines: readonly string[]): object {
  return { sdp: { sdp: lines.join("\r\n") } };
}

const DATA = sdp("m=application 9 UDP/DTLS/SCTP webrtc-datachannel");
const CALL = { type: "media", ...sdp("m=audio 9 X 0", "m=video 9 X 0", "m=application 9 X 0") };

function candidate(type: string, address = "192.0.2.1"): object {
  return { candidate: { candidate: `candidate:1 1 udp 1 ${address} 5000 typ ${type}` } };
}

/** An offer at 1 s, an answer at 2 s, and candidates of these types from each side. */
function talk(
  offer: object,
  answer: object | null,
  alice: readonly object[] = [],
  bob: readonly object[] = [],
): readonly Line[] {
  return [
    ...OPEN,
    [1_000, "alice", frame("OFFER", "bob", offer)],
    ...alice.map((one): Line => [1_100, "alice", frame("CANDIDATE", "bob", one)]),
    ...(answer === null ? [] : [[2_000, "bob", frame("ANSWER", "alice", answer)] as Line]),
    ...bob.map((one): Line => [2_100, "bob", frame("CANDIDATE", "alice", one)]),
  ];
}

const HOST = [candidate("host")];
const HIDDEN = [candidate("host", "0c6b3e0f.local")];
const SRFLX = [...HOST, candidate("srflx")];
const LATER = (lines: readonly Line[], ms: number, id: string): Line[] =>
  lines.filter(([, , what]) => what !== "open").map(([at, who, what]) =>
    [at + ms, who, JSON.parse(JSON.stringify(what).replaceAll('"c"', `"${id}"`))] as const
  );
const MET = talk(DATA, DATA, SRFLX, SRFLX);
const FULL: PartialSettings = { source_queue_limit: 0 };

const CASES: readonly Case[] = [
  // Recorded.
  {
    name: "no STUN",
    addresses: APART,
    outcome: "host-only",
    advice: "Both sides have host candidates only, and come from different addresses",
    sure: "likely",
  },
  {
    name: "no STUN",
    addresses: HERE,
    outcome: "complete",
    advice: "Both sides have host candidates only: they meet if they are in one network, and both",
    sure: "possible",
  },
  {
    name: "no STUN",
    addresses: UNKNOWN,
    outcome: "complete",
    advice:
      "Both sides have host candidates only: they meet if they are in one network, and nowhere",
    sure: "possible",
  },
  { name: "no STUN", afterMs: 2_999, outcome: "connecting", advice: null },
  {
    name: "no STUN",
    addresses: APART,
    afterMs: 3_000,
    outcome: "host-only",
    advice: "Both sides have host candidates only, and come from different addresses",
    sure: "likely",
  },
  {
    name: "dead ICE servers",
    addresses: APART,
    outcome: "host-only",
    advice: "Both sides have host candidates only, and come from different addresses",
    sure: "likely",
  },
  {
    name: "STUN on one side",
    addresses: APART,
    outcome: "complete",
    advice: '"bob" has host candidates only',
    sure: "likely",
  },
  {
    name: "STUN on one side",
    addresses: HERE,
    outcome: "complete",
    advice: '"bob" has host candidates only',
    sure: "possible",
  },
  {
    name: "STUN on both sides",
    outcome: "complete",
    advice: "STUN works on both sides, and neither has a relay candidate",
    sure: "possible",
  },
  {
    name: "wrong TURN password",
    outcome: "complete",
    advice: "STUN works on both sides, and neither has a relay candidate",
    sure: "possible",
  },
  {
    name: "TURN on one side",
    outcome: "complete",
    advice: '"bob" has no relay candidate',
    sure: "possible",
  },
  {
    name: "TURN on both sides",
    outcome: "complete",
    advice: "Both sides have relay candidates",
    sure: "possible",
  },
  ...[0, 1, 2].map((which): Case => ({
    name: "relay only, wrong TURN password, three tries",
    which,
    outcome: "no-candidates",
    advice: 'The browser of "bob" sent no candidate: nobody can reach it.',
    sure: "likely",
  })),
  { name: "the callee never comes", afterMs: 0, outcome: "waiting", advice: null },
  {
    name: "the callee never comes",
    outcome: "absent",
    advice: '"bob" was not connected when "alice" called, and did not come within 5 s',
    sure: "certain",
  },
  {
    name: "the callee comes late",
    addresses: APART,
    outcome: "host-only",
    advice: "Both sides have host candidates only, and come from different addresses",
    sure: "likely",
  },
  {
    name: "the caller closes its page after the offer",
    outcome: "caller-left",
    advice: `${LEFT} "alice" to the server, with code 1001`,
    sure: "certain",
  },
  {
    name: "the callee closes its page after the offer",
    outcome: "callee-left",
    advice: `${LEFT} "bob" to the server, with code 1001`,
    sure: "certain",
  },
  {
    name: "the callee loads its page again after the offer",
    outcome: "callee-left",
    advice: `${LEFT} "bob" to the server, with code 1001`,
    sure: "certain",
  },
  {
    name: "never answered",
    outcome: "ringing",
    advice: 'The page of "bob" got the call, and has not answered it.',
    sure: "possible",
  },
  {
    name: "never answered",
    afterMs: 60_000,
    outcome: "unanswered",
    advice: 'The page of "bob" got the call, and has not answered it.',
    sure: "likely",
  },
  {
    name: "answered late",
    outcome: "complete",
    advice: '"bob" answered 16.',
    sure: "possible",
  },
  {
    name: "answered without a stream",
    outcome: "complete",
    advice: '"bob" answered without a stream: "alice" sees and hears nothing',
    sure: "certain",
  },
  {
    name: "answered",
    outcome: "complete",
    advice: "Both sides have host candidates only: they meet if they are in one network",
    sure: "possible",
  },
  ...[0, 1].map((which): Case => ({
    name: "both call at once",
    which,
    outcome: "complete",
    advice: "Both called each other",
    sure: "certain",
  })),
  // Written here.
  {
    name: "a call, not answered yet",
    lines: talk(CALL, null),
    afterMs: 59_999,
    outcome: "ringing",
    advice: 'The page of "bob" got the call, and has not answered it.',
    sure: "possible",
  },
  {
    name: "a call, not answered",
    lines: talk(CALL, null),
    afterMs: 60_000,
    outcome: "unanswered",
    advice: 'The page of "bob" got the call, and has not answered it.',
    sure: "likely",
  },
  {
    name: "a candidate that cannot be read",
    lines: talk(DATA, DATA, [...SRFLX, { candidate: { candidate: "odd" } }], HOST),
    outcome: "complete",
    advice: "Whether the peers connected, the server cannot see",
    sure: "possible",
  },
  {
    name: "an id that nobody can have",
    lines: [...OPEN, [1_000, "alice", frame("OFFER", "")]],
    outcome: "impossible-id",
    advice: 'No peer can be called ""',
    sure: "certain",
  },
  {
    name: "a peer calls itself",
    lines: [...OPEN, [1_000, "alice", frame("OFFER", "alice")]],
    outcome: "self",
    advice: "The stock client closes a connection when its own offer comes back",
    sure: "certain",
  },
  {
    name: "another spelling",
    lines: [...OPEN, [1_000, "alice", frame("OFFER", " BOB ")]],
    outcome: "absent",
    advice: '" BOB " was not connected, and "bob" was.',
    sure: "certain",
  },
  {
    name: "the callee comes after the end",
    lines: [OPEN[0] as Line, [1_000, "alice", frame("OFFER", "bob")], [8_000, "bob", "open"]],
    outcome: "absent",
    advice: '"bob" came 7 s after the offer, which had expired by then.',
    sure: "certain",
  },
  {
    name: "no room",
    settings: FULL,
    lines: [OPEN[0] as Line, [1_000, "alice", frame("OFFER", "bob")]],
    outcome: "refused",
    advice: "The server had no room for a message",
    sure: "certain",
  },
  {
    name: "no room for candidates",
    settings: { source_queue_limit: 1 },
    lines: [
      OPEN[0] as Line,
      [1_000, "alice", frame("OFFER", "bob")],
      [1_000, "alice", frame("CANDIDATE", "bob", candidate("host"))],
      [2_000, "bob", "open"],
      [2_000, "bob", frame("ANSWER", "alice")],
    ],
    outcome: "complete",
    advice: "The server had no room for a message",
    sure: "certain",
  },
  {
    name: "a slow reader",
    slow: ["bob"],
    lines: talk(DATA, null),
    outcome: "refused",
    advice: '"bob" reads too slowly',
    sure: "certain",
  },
  {
    name: "a slow reader of the answer",
    slow: ["alice"],
    lines: talk(DATA, DATA),
    outcome: "answer-lost",
    advice: '"alice" did not get the answer',
    sure: "certain",
  },
  {
    name: "data, not answered yet",
    lines: talk(DATA, null),
    afterMs: 4_999,
    outcome: "connecting",
    advice: null,
  },
  {
    name: "data, not answered",
    lines: talk(DATA, null),
    afterMs: 5_000,
    outcome: "unanswered",
    advice: 'The client of "bob" got the offer, and sent no answer',
    sure: "likely",
  },
  {
    name: "the answer alone",
    lines: [...OPEN, [1_000, "bob", frame("ANSWER", "alice", DATA)]],
    outcome: "no-candidates",
    advice: 'The browser of "bob" sent no candidate',
    sure: "likely",
  },
  {
    name: "candidates alone",
    lines: [...OPEN, [1_000, "alice", frame("CANDIDATE", "bob", candidate("host"))]],
    outcome: "partial",
    advice: "The offer came before the server watched",
    sure: "certain",
  },
  {
    name: "one side sends no candidate, and says so",
    lines: talk(DATA, DATA, [{ candidate: { candidate: "" } }], HOST),
    outcome: "no-candidates",
    advice: 'The browser of "alice" sent no candidate, and said that there are none: nobody',
    sure: "likely",
  },
  {
    name: "names of multicast DNS",
    addresses: HERE,
    lines: talk(DATA, DATA, HIDDEN, HOST),
    outcome: "complete",
    advice: "Both sides have host candidates only: they meet if they are in one network, and both",
    sure: "possible",
  },
  {
    name: "the call has no tracks",
    lines: talk({ type: "media", ...DATA }, { type: "media", ...DATA }, SRFLX, SRFLX),
    outcome: "complete",
    advice: 'The call of "alice" has neither audio nor video',
    sure: "certain",
  },
  {
    name: "no codec for video",
    lines: talk(CALL, { type: "media", ...sdp("m=audio 9 X 0", "m=video 0 X 0") }, SRFLX, SRFLX),
    outcome: "complete",
    advice: '"bob" rejects the video of the call',
    sure: "certain",
  },
  {
    name: "all of a call is rejected",
    lines: talk(CALL, {
      type: "media",
      ...sdp("m=audio 0 X 0", "m=video 0 X 0", "m=application 9 X 0"),
    }),
    outcome: "rejected",
    advice: 'The answer of "bob" rejects audio and video',
    sure: "certain",
  },
  {
    name: "the data channel is rejected",
    lines: talk(DATA, sdp("m=application 0 X 0")),
    outcome: "rejected",
    advice: 'The answer of "bob" rejects the data channel',
    sure: "certain",
  },
  {
    name: "the caller leaves, comes back, and goes on: it reconnected",
    lines: [
      ...talk(DATA, null),
      [1_200, "alice", 1006],
      [1_300, "alice", "open"],
      [1_400, "alice", frame("CANDIDATE", "bob", candidate("srflx"))],
      [2_000, "bob", frame("ANSWER", "alice", DATA)],
      [2_000, "bob", frame("CANDIDATE", "alice", candidate("srflx"))],
    ],
    outcome: "complete",
    advice: "STUN works on both sides",
    sure: "possible",
  },
  {
    name: "tried again, so the first failed",
    which: 1,
    lines: [...MET, ...LATER(MET, 10_000, "d")],
    outcome: "complete",
    advice: "STUN works on both sides",
    sure: "likely",
  },
  {
    name: "tried again: the second may work",
    lines: [...MET, ...LATER(MET, 10_000, "d")],
    outcome: "complete",
    advice: "STUN works on both sides",
    sure: "possible",
  },
  {
    name: "the third try",
    lines: [...MET, ...LATER(MET, 10_000, "d"), ...LATER(MET, 20_000, "e")],
    outcome: "complete",
    advice: "STUN works on both sides",
    sure: "likely",
  },
  {
    name: "tried again after the page was loaded again",
    which: 1,
    lines: [
      ...MET,
      [5_000, "alice", 1001],
      [6_000, "alice", "open"],
      ...LATER(MET, 10_000, "d"),
    ],
    outcome: "complete",
    advice: "STUN works on both sides",
    sure: "possible",
  },
];

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
    const [first] = advice;
    assertEquals(first?.text.slice(0, one.advice?.length) ?? null, one.advice);
    assertEquals(first?.sure, one.sure, first?.text);
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
    advice: "",
  };
  const leaving = 'possible: "bob" disconnected from the server 500 ms after the answer.';
  assertEquals(verdictOf(soon).advice.map(({ text, sure }) => `${sure}: ${text}`).slice(1), [
    leaving,
    unseen,
  ]);
  const hidden = CASES.find(({ name }) => name === "names of multicast DNS");
  assert(hidden !== undefined && verdictOf(hidden).advice[0]?.todo.includes(".local"));
});
