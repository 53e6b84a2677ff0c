/** The cases of advice: what happens, what comes of it, and how the first advice begins. */
import type { PartialSettings } from "../../core/mod.ts";
import { ALICE, BOB, type Line } from "./conversation.ts";
import { type Case, HERE, RECORDED, row } from "./recorded_cases.ts";

const OPEN: readonly Line[] = [ALICE, BOB];

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
export const HOSTS = talk(DATA, DATA, HOST, HOST);
export const MET = talk(DATA, DATA, SRFLX, SRFLX);
const FULL: PartialSettings = { source_queue_limit: 0 };

export const CASES: readonly Case[] = [
  ...RECORDED,
  row(
    "a call, not answered yet",
    "ringing",
    'possible: The page of "bob" got the call, and has not answered it.',
    { afterMs: 59_999, lines: talk(CALL, null) },
  ),
  row(
    "a call, not answered",
    "unanswered",
    'likely: The page of "bob" got the call, and has not answered it.',
    { afterMs: 60_000, lines: talk(CALL, null) },
  ),
  row(
    "a candidate that cannot be read",
    "complete",
    "possible: Whether the peers connected, the server cannot see",
    { lines: talk(DATA, DATA, [...SRFLX, { candidate: { candidate: "odd" } }], HOST) },
  ),
  row("an id that nobody can have", "impossible-id", 'certain: No peer can be called ""', {
    lines: [...OPEN, [1_000, "alice", frame("OFFER", "")]],
  }),
  row(
    "a peer calls itself",
    "self",
    "certain: The stock client closes a connection when its own offer comes back",
    { lines: [...OPEN, [1_000, "alice", frame("OFFER", "alice")]] },
  ),
  row("another spelling", "absent", 'certain: " BOB " was not connected, and "bob" was.', {
    lines: [...OPEN, [1_000, "alice", frame("OFFER", " BOB ")]],
  }),
  row(
    "the callee comes after the end",
    "absent",
    'certain: "bob" came 7 s after the offer, which had expired by then.',
    { lines: [ALICE, [1_000, "alice", frame("OFFER", "bob")], [8_000, "bob", "open"]] },
  ),
  row("no room", "refused", "certain: The server had no room for a message", {
    settings: FULL,
    lines: [ALICE, [1_000, "alice", frame("OFFER", "bob")]],
  }),
  row("no room for candidates", "complete", "certain: The server had no room for a message", {
    settings: { source_queue_limit: 1 },
    lines: [
      ALICE,
      [1_000, "alice", frame("OFFER", "bob")],
      [1_000, "alice", frame("CANDIDATE", "bob", candidate("host"))],
      [2_000, "bob", "open"],
      [2_000, "bob", frame("ANSWER", "alice")],
    ],
  }),
  row("a slow reader", "refused", 'certain: "bob" reads too slowly', {
    slow: ["bob"],
    lines: talk(DATA, null),
  }),
  row("a slow reader of the answer", "answer-lost", 'certain: "alice" did not get the answer', {
    slow: ["alice"],
    lines: talk(DATA, DATA),
  }),
  row("data, not answered yet", "connecting", null, { afterMs: 4_999, lines: talk(DATA, null) }),
  row(
    "data, not answered",
    "unanswered",
    'likely: The client of "bob" got the offer, and sent no answer',
    { afterMs: 5_000, lines: talk(DATA, null) },
  ),
  row("the answer alone", "no-candidates", 'likely: The browsers of "bob" and "alice" sent no', {
    lines: [...OPEN, [1_000, "bob", frame("ANSWER", "alice", DATA)]],
  }),
  row("candidates alone", "partial", "certain: The offer came before the server watched", {
    lines: [...OPEN, [1_000, "alice", frame("CANDIDATE", "bob", candidate("host"))]],
  }),
  row(
    "one side sends no candidate, and says so",
    "no-candidates",
    'likely: The browser of "alice" sent no candidate, and said that there are none: nobody',
    { lines: talk(DATA, DATA, [{ candidate: { candidate: "" } }], HOST) },
  ),
  row(
    "no side sends a candidate, and one says so",
    "no-candidates",
    'likely: The browsers of "bob" and "alice" sent no candidate: nobody can reach them.',
    { lines: talk(DATA, DATA, [{ candidate: { candidate: "" } }]) },
  ),
  row(
    "names of multicast DNS",
    "complete",
    "possible: Both sides have host candidates only: they meet if they are in one network, and both",
    { addresses: HERE, lines: talk(DATA, DATA, HIDDEN, HOST) },
  ),
  row(
    "the call has no tracks",
    "complete",
    'certain: The call of "alice" has neither audio nor video',
    { lines: talk({ type: "media", ...DATA }, { type: "media", ...DATA }, SRFLX, SRFLX) },
  ),
  row("no codec for video", "complete", 'certain: "bob" rejects the video of the call', {
    lines: talk(CALL, { type: "media", ...sdp("m=audio 9 X 0", "m=video 0 X 0") }, SRFLX, SRFLX),
  }),
  row(
    "all of a call is rejected",
    "rejected",
    'certain: The answer of "bob" rejects audio and video',
    {
      lines: talk(CALL, {
        type: "media",
        ...sdp("m=audio 0 X 0", "m=video 0 X 0", "m=application 9 X 0"),
      }),
    },
  ),
  row(
    "the data channel is rejected",
    "rejected",
    'certain: The answer of "bob" rejects the data channel',
    { lines: talk(DATA, sdp("m=application 0 X 0")) },
  ),
  row(
    "a page that was loaded again takes over the id of the caller",
    "caller-left",
    'certain: The server closed the connection of "alice", with code 4000.',
    { lines: [...talk(DATA, null), [1_200, "alice", "open"]] },
  ),
  row(
    "the caller leaves, comes back, and goes on: it reconnected",
    "complete",
    "possible: STUN works on both sides",
    {
      lines: [
        ...talk(DATA, null),
        [1_200, "alice", 1006],
        [1_300, "alice", "open"],
        [1_400, "alice", frame("CANDIDATE", "bob", candidate("srflx"))],
        [2_000, "bob", frame("ANSWER", "alice", DATA)],
        [2_000, "bob", frame("CANDIDATE", "alice", candidate("srflx"))],
      ],
    },
  ),
  row(
    "a call rings for 10 s, and the caller goes",
    "caller-left",
    'certain: The page of "bob" got the call, and did not answer it for 10 s.',
    { lines: [...talk(CALL, null), [11_000, "alice", 1005]] },
  ),
  row(
    "a call rings for a moment, and the callee is lost",
    "callee-left",
    'likely: The connection of "bob" to the server was lost: its page, its network, or a proxy',
    { lines: [...talk(CALL, null), [10_999, "bob", 1006]] },
  ),
  row(
    "an offer of data is not answered, and the client closes its socket",
    "callee-left",
    'certain: The client of "bob" closed its connection to the server, with code 1005.',
    { lines: [...talk(DATA, null), [20_000, "bob", 1005]] },
  ),
  row(
    "the callee was refused before",
    "absent",
    'certain: "bob" was refused 700 ms before: wrong key (4003).',
    { lines: [ALICE, [300, "bob", "keyless"], [1_000, "alice", frame("OFFER", "bob")]] },
  ),
  row(
    "the callee is refused while the offer waits",
    "absent",
    'certain: "bob" was refused 2 s after the call: wrong key (4003).',
    { lines: [ALICE, [1_000, "alice", frame("OFFER", "bob")], [3_000, "bob", "keyless"]] },
  ),
  row(
    "another spelling, in mixed case",
    "absent",
    'certain: "F7-bob" was not connected, and "f7-Bob" was.',
    {
      lines: [
        ALICE,
        [0, "f7-BOB", "keyless"],
        [0, "f7-Bob", "open"],
        [1_000, "alice", frame("OFFER", "F7-bob")],
      ],
    },
  ),
  row("tried again, so the first failed", "complete", "likely: STUN works on both sides", {
    lines: [...MET, ...LATER(MET, 10_000, "d")],
    which: 1,
  }),
  row("tried again: the second may work", "complete", "possible: STUN works on both sides", {
    lines: [...MET, ...LATER(MET, 10_000, "d")],
  }),
  row("the third try", "complete", "likely: STUN works on both sides", {
    lines: [...MET, ...LATER(MET, 10_000, "d"), ...LATER(MET, 20_000, "e")],
  }),
  row(
    "tried again after the page was loaded again",
    "complete",
    "possible: STUN works on both sides",
    {
      lines: [
        ...MET,
        [5_000, "alice", 1001],
        [6_000, "alice", "open"],
        ...LATER(MET, 10_000, "d"),
      ],
      which: 1,
    },
  ),
];
