/** The list of attempts, as the admin port serves it. */
import { createAttemptWatch } from "../../adapters/admin/attempt_watch.ts";
import { type AttemptQuery, type AttemptView, viewOf } from "../../adapters/admin/attempts.ts";
import { icePathOf } from "../../adapters/admin/port.ts";
import { ALONE } from "../../adapters/admin/whose.ts";
import type { WatchedStep } from "../../core/attempts/mod.ts";
import { millis, type PartialSettings, settingsFrom } from "../../core/mod.ts";
import { MET } from "../attempts/cases.ts";
import {
  type Circumstances,
  type Line,
  playConversation,
  recorded,
} from "../attempts/conversation.ts";
import { assertEquals, assertStringIncludes } from "../support/assert.ts";

/** What is shown of the attempts of a conversation at an instant; by default that of the last step. */
function shown(
  lines: readonly Line[],
  { peer = null, limit = 50, now, icePath = null, ...circumstances }:
    & Partial<AttemptQuery>
    & Omit<Circumstances, "observe">
    & { readonly now?: number; readonly icePath?: string | null } = {},
): AttemptView[] {
  const watch = createAttemptWatch({ of: ALONE, zero: () => 0 });
  let steppedAt = 0;
  const observe = (step: WatchedStep): void => {
    steppedAt = step.now;
    watch.observe(step);
  };
  playConversation(lines, { observe, ...circumstances });
  const { attempts, forgotten } = watch.find({ peer, limit });
  assertEquals(forgotten, 0);
  return attempts.map((attempt) => viewOf(attempt, millis(now ?? steppedAt), icePath));
}

const call = (at: number, src: string, dst: string, type = "OFFER"): Line => [
  at,
  src,
  { type, dst, payload: { type: "data", connectionId: dst, candidate: { candidate: "" } } },
];

Deno.test("[WHY-2] [WHY-10] an attempt of the stock client, as a program gets it", () => {
  const [view] = shown(recorded("the callee never comes"));
  const { summary, advice, events = [], startedAt, updatedAt, ...rest } = view ?? {};
  const NONE = { host: 0, srflx: 0, prflx: 0, relay: 0 };
  assertEquals(rest, {
    id: 0,
    caller: "alice",
    callee: "bob",
    connection: "data",
    state: "settled",
    outcome: "absent",
    sides: {
      caller: { candidates: { ...NONE, host: 8 }, descriptions: 1 },
      callee: { candidates: NONE, descriptions: 0 },
    },
  });
  assertEquals(summary, '"bob" was not connected within 5 s, and the offer of "alice" expired.');
  assertEquals(advice?.map(({ sure }) => sure), ["certain"]);
  assertEquals([startedAt, updatedAt], [events[0]?.at, events[8]?.at]);
  assertEquals(events.length, 10);
  const at = millis(Number(startedAt) + 5_000);
  assertEquals(events.slice(0, 2).map(({ at: _at, ...event }) => event), [
    { from: "caller", to: "server", what: "OFFER", note: "stored, expired after 5 s" },
    {
      from: "caller",
      to: "server",
      what: "CANDIDATE",
      note: "host; stored, expired after 5 s",
    },
  ]);
  const told = { from: "server", to: "caller", what: "EXPIRE", note: "the message did not arrive" };
  assertEquals(events.at(-1), { at, ...told } as AttemptView["events"][number]);
});

Deno.test("[WHY-2] each event says what became of it", () => {
  const notes = (lines: readonly Line[], circumstances: object = {}): string[] =>
    shown(lines, circumstances).flatMap(({ events }) =>
      events.map(({ from, to, what, note }) => `${from} to ${to}: ${what}, ${note}`)
    );
  const alice: Line = [0, "alice", "open"];
  const offer = call(1, "alice", "bob");
  const came: Line = [1_201, "bob", "open"];
  assertEquals(
    notes([alice, offer, came, call(1_300, "bob", "alice", "LEAVE"), [1_400, "bob", 1006]]),
    [
      "caller to callee: OFFER, stored, delivered after 1.2 s",
      "callee to server: joined, ",
      "callee to caller: LEAVE, ",
      "callee to server: left, connection lost",
    ],
  );
  const ends = [1001, 1005].map((code) => notes([alice, offer, came, [1_400, "bob", code]]).at(-1));
  assertEquals(ends, [
    "callee to server: left, page closed or left",
    "callee to server: left, by the client, code 1005",
  ]);
  const taken = notes([alice, offer, came, [1_400, "bob", "open"]]).slice(2);
  assertEquals(taken, [
    "callee to server: left, by the server, code 4000",
    "callee to server: joined, ",
  ]);
  const end = call(2, "alice", "bob", "CANDIDATE");
  const leave = call(3, "alice", "bob", "LEAVE");
  const waits = "stored, the peer is not connected";
  assertEquals(notes([alice, offer, end, leave], { afterMs: 0 }), [
    `caller to server: OFFER, ${waits}`,
    `caller to server: CANDIDATE, the last; ${waits}`,
    "caller to server: LEAVE, dropped, the peer is not connected",
  ]);
  const first = (lines: readonly Line[], circumstances: object = {}): string | undefined =>
    notes(lines, circumstances)[0];
  const head = "caller to server: OFFER, refused, ";
  const full = { settings: { queue_limit: 0 } };
  assertEquals(first([alice, offer], full), `${head}too many messages wait`);
  assertEquals(first([alice, call(1, "alice", "")]), `${head}no peer can have this id`);
  const slow = { slow: ["bob"] };
  const both = [alice, [0, "bob", "open"], offer] as const;
  assertEquals(first(both, slow), `${head}the peer reads too slowly`);
});

Deno.test("[WHY-10] the newest attempts come first, those with a part of an id only, and as many as asked for", () => {
  const ids = ["bob", "BOBBY", "carol", "dave"];
  const lines: Line[] = [[0, "alice", "open"], ...ids.map((id, i) => call(i, "alice", id))];
  const found = (peer: string | null, limit: number): string[] =>
    shown(lines, { peer, limit }).map(({ callee }) => callee);
  assertEquals(found(null, 50), ["dave", "carol", "BOBBY", "bob"]);
  assertEquals(found("Bob", 50), ["BOBBY", "bob"]);
  assertEquals([found("ALICE", 1), found("nobody", 50)], [["dave"], []]);
});

Deno.test("[WHY-8] the time goes on without steps, if there is a clock", () => {
  const lines: Line[] = [[0, "alice", "open"], [0, "bob", "open"], call(1, "alice", "bob")];
  const states = [undefined, 4_000, 6_000].map((now) =>
    shown(lines, now === undefined ? {} : { now })[0]?.state
  );
  assertEquals(states, ["open", "open", "settled"]);
});

Deno.test("[WHY-13] advice gets the path of the TURN servers, without a key of one's own", () => {
  const turn_secret = "only for this test";
  const pathOf = (settings: PartialSettings): string | null => icePathOf(settingsFrom(settings));
  const turn_urls = ["stun:s.example", "turn:t.example"];
  assertEquals(pathOf({ turn_urls, turn_secret, path: "/a" }), "/a/peerjs/ice");
  assertEquals(pathOf({ turn_urls, turn_secret, key: "mine" }), "/<key>/ice");
  assertEquals([pathOf({}), pathOf({ turn_urls: ["stun:s.example"] })], [null, null]);

  const [view] = shown(MET, { now: 9_000, icePath: "/a/peerjs/ice" });
  assertStringIncludes(view?.advice[0]?.text ?? "", "hands out TURN (/a/peerjs/ice)");
});
