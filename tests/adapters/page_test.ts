/** The pure parts of the admin page: what is drawn, counted, explained and shown of what came from outside. */
import { createApi } from "../../adapters/admin/page/api.js";
import { ASSETS } from "../../adapters/admin/page/assets.ts";
import { eventTable } from "../../adapters/admin/page/conversation.js";
import { diagram, linesOf, widthFor } from "../../adapters/admin/page/diagram.js";
import { explain } from "../../adapters/admin/page/explain.js";
import { figuresOf, rate, ratesBy } from "../../adapters/admin/page/figures.js";
import { happeningOf } from "../../adapters/admin/page/frames.js";
import { onlyTurn, pairOf, wayText } from "../../adapters/admin/page/ice.js";
import { createPoll } from "../../adapters/admin/page/poll.js";
import { SAMPLES_MAX, sparkline, withSample } from "../../adapters/admin/page/series.js";
import { snippetFor } from "../../adapters/admin/page/snippet.js";
import { markupOf } from "../../adapters/admin/page/tree.js";
import { agoText, bytesText, durationText, fit, visible } from "../../adapters/admin/page/words.js";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { settled } from "../support/recording.ts";

type Failure = Parameters<typeof explain>[0];

const HOSTILE = `"><img src=x onerror=alert(1)>'&`;

function conversation(events: number, clients = 2): Parameters<typeof diagram>[0] {
  const parties = Array.from({ length: clients }, (_, i) => ({ key: `k${i}`, name: `peer ${i}` }));
  return {
    parties,
    events: Array.from({ length: events }, (_, i) => ({
      ...{ at: 100 + i, from: `k${i % clients}`, to: `k${(i + 1) % clients}`, label: "OFFER" },
    })),
  };
}

Deno.test("[PAGE-5] a diagram is bounded in events and lifelines, and says how many it leaves out", () => {
  const picture = markupOf(diagram(conversation(250), { width: 400 }));
  assertEquals(picture.match(/class="event /g)?.length, 200);
  assertStringIncludes(picture, "50 more events are not drawn.");
  const crowd = conversation(40, 40);
  const table = markupOf(eventTable(crowd));
  assertEquals(
    table.match(/<tr /g)?.length,
    1 + 23,
    "an event of a party beyond the bound is none",
  );
  assertStringIncludes(table, "17 more events are not shown.");
  assertEquals(widthFor(crowd, 300), widthFor(conversation(1, 24), 300));
});

Deno.test("[PAGE-5] an id, a label, a note and a content are text, with hidden characters written out", () => {
  const event = { at: 0, from: "a", to: "b", label: HOSTILE, note: HOSTILE, detail: HOSTILE };
  const parties = [{ key: "a", name: HOSTILE }, { key: "b", name: "exe\u202egnp\n" }];
  const said = { parties, events: [event] };
  const all = markupOf(diagram(said, { width: 2_000, open: new Set([0]), title: HOSTILE })) +
    markupOf(eventTable(said));
  assert(!/<img|"'/.test(all), all);
  assertStringIncludes(all, "exe\\u{202e}gnp\\u{a}");
  assert(!all.includes("\u202e"), "no mark that turns the text around");
  assertEquals(fit("😀".repeat(300), 9), "😀😀😀😀😀😀…😀😀");
});

Deno.test("[PAGE-2] an event that has a content is a button, with all of it in its name", () => {
  const said = {
    parties: [{ key: "a", name: "alice" }, { key: "s", name: "server" }],
    events: [
      { at: 5, from: "a", to: "s", label: "connects" },
      { at: 17, from: "a", to: "s", label: "OFFER", note: "2 kB", detail: "{}" },
      { at: 5_017, from: "s", to: "s", label: "waits" },
    ],
  };
  const picture = markupOf(diagram(said, { width: 300 }));
  assertEquals(picture.match(/role="button"/g)?.length, 1);
  assertStringIncludes(
    picture,
    'aria-expanded="false" aria-label="12 ms: alice to server, OFFER, 2 kB"',
  );
  assertMatch(picture, /<circle.*waits/, "what happens at one party is a mark");
  assertStringIncludes(picture, ">5.01 s<");
  assertMatch(picture, /tabindex="0" data-event="1"/);
  assertMatch(markupOf(diagram(said, { width: 300, current: 1 })), /tabindex="-1" data-event="1"/);
  const opened = markupOf(diagram(said, { width: 300, open: new Set([1]) }));
  assertMatch(opened, /aria-expanded="true".*<pre[^>]*>\{\}<\/pre>/);
  const [closedHeight = 0, openHeight = 0] = [picture, opened].map((text) =>
    Number(/height="(\d+)"/.exec(text)?.[1])
  );
  assert(openHeight > closedHeight, "the rows below make room");
});

Deno.test("[PAGE-5] a note is broken into lines that fit, and cut where they are too many", () => {
  assertEquals(linesOf("stored, the peer is not connected", 20, 3), [
    "stored, the peer is",
    "not connected",
  ]);
  assertEquals(linesOf("x".repeat(50), 10, 2), ["x".repeat(10), `${"x".repeat(9)}…`]);
  assertEquals(linesOf("  ", 10, 2), []);
});

Deno.test("[PAGE-3] rates are differences of totals, unknown before a second sample and after a restart", () => {
  const sample = (at: number, relayed: number, stored: number): Parameters<typeof rate>[0] => ({
    at,
    metrics: {
      m: [
        { labels: { outcome: "relayed" }, value: relayed },
        { labels: { outcome: "stored_for_later" }, value: stored },
        { labels: { outcome: "refused_full" }, value: 0 },
      ],
    },
  });
  const [first, second] = [sample(1_000, 10, 0), sample(3_000, 30, 3)];
  assertEquals(rate(second, first, "m"), 11.5);
  assertEquals(ratesBy(second, first, "m", "outcome"), "relayed 10, stored for later 1.5");
  const unknown = [rate(first, null, "m"), rate(first, second, "m"), rate(second, first, "none")];
  assertEquals(unknown, [null, null, null]);
  assertEquals(rate({ ...first, at: 5_000 }, second, "m"), null, "a total that fell");
});

Deno.test("[PAGE-3] a figure that the server does not report is unknown, and a node has figures more", () => {
  const now = { at: 0, metrics: {} };
  for (const { read } of figuresOf({})) assertEquals(read(now, null), null);
  const metrics = { signalbox_cluster_joined: [{ labels: {}, value: 0 }] };
  const joined = figuresOf(metrics).find(({ key }) => key === "joined");
  assertEquals(joined?.text(joined.read({ at: 0, metrics }, null) ?? 1), "cut off");
});

Deno.test("[PAGE-3] nothing is asked for while the page is hidden, or another view is shown", async () => {
  const page = Object.assign(new EventTarget(), { hidden: true });
  const look = (): boolean => page.dispatchEvent(new Event("visibilitychange"));
  let turns = 0;
  const poll = createPoll(() => Promise.resolve(void turns++), 1_000_000, page);
  look();
  poll.start();
  assertEquals(turns, 0, "hidden");
  page.hidden = false;
  look();
  assertEquals(turns, 1);
  await settled();
  look();
  assertEquals(turns, 2);
  poll.stop();
  await settled();
  look();
  assertEquals(turns, 2, "stopped");
});

Deno.test("[PAGE-3] a series keeps five minutes, and its line breaks where a value is missing", () => {
  let series: readonly (number | null)[] = [];
  for (let i = 0; i < SAMPLES_MAX + 50; i++) series = withSample(series, i === 320 ? null : i);
  assertEquals([series.length, series[0]], [300, 50]);
  const path = /d="([^"]*)"/.exec(markupOf(sparkline(series)))?.[1] ?? "";
  assertEquals(path.match(/M/g)?.length, 2);
  assertMatch(path, /L200\.0 2\.0$/, "the newest and highest is at the right and at the top");
  assert(!/NaN|Infinity/.test(markupOf(sparkline([0, null, 0]))));
});

Deno.test("[PAGE-2] each way in which two clients do not meet is explained, with what to do", () => {
  const failure: Failure = {
    ...{ stage: "open", url: "http://h:9/", origin: "http://h:8", auth: "none" },
    ...{
      closed: null,
      error: null,
      probe: "unknown",
      hasTokens: false,
      candidates: 2,
      turnUrls: [],
    },
  };
  const closed = (code: number, reason = "", wasOpen = true): Failure => ({
    ...failure,
    closed: { code, reason, wasOpen },
  });
  const cases: [Failure, RegExp][] = [
    [closed(4003, "Invalid key"), /refused the socket with 4003: Invalid key\. /],
    [closed(4005), /--cors http:\/\/h:8 too/],
    [closed(4006), /asks for a token/],
    [{ ...closed(4006), hasTokens: true }, /fresh one for this id/],
    [{ ...closed(1006, "", false), probe: "silent" }, /Nothing answers at http:\/\/h:9\//],
    [{ ...closed(1006, "", false), probe: "answers" }, /does not open there.*Upgrade/],
    [{ ...failure, probe: "forbidden" }, /policy of this page/],
    [closed(1006), /ended with 1006/],
    [failure, /did not admit the clients in time/],
    [{ ...failure, stage: "connect" }, /no path between the clients.*TURN/],
    [{ ...failure, stage: "connect", candidates: 0 }, /offered no address/],
    [
      { ...failure, stage: "connect", turnUrls: ["turn:t"], candidates: 0 },
      /no address \(turn:t\)\. .*secret/,
    ],
    [
      { ...failure, stage: "connect", turnUrls: ["turn:t"] },
      /did not meet through it.*relay ports/,
    ],
    [{ ...failure, stage: "greet" }, /"hello" did not come across/],
    [closed(4001, "ID is taken"), /4001: ID is taken\. .*other ids/],
    [{ ...failure, error: { type: "peer-unavailable", message: "\u202e" } }, /\\u\{202e\}/],
    [
      { ...failure, stage: "connect", error: { type: "browser-incompatible", message: "old" } },
      /"browser-incompatible": old/,
    ],
  ];
  for (const [given, expected] of cases) {
    const { what, todo } = explain(given);
    assertMatch(`${what} ${todo}`, expected);
    assert(todo !== "", what);
  }
});

Deno.test("[PAGE-2] a frame becomes an arrow with its type, a heartbeat none", () => {
  const seen = { at: 1, id: "a", code: 0, reason: "", wasOpen: true };
  const frame = (value: unknown): ReturnType<typeof happeningOf> =>
    happeningOf({ ...seen, what: "sent", text: JSON.stringify(value) });
  assertEquals(frame({ type: "HEARTBEAT" }), null);
  const candidate = { candidate: "candidate:1 1 udp 1 10.0.0.1 9 typ srflx raddr" };
  assertEquals(frame({ type: "CANDIDATE", payload: { candidate } })?.note, "srflx");
  const error = { type: "ERROR", payload: { msg: "Not so." } };
  const told = happeningOf({ ...seen, what: "received", text: JSON.stringify(error) });
  assertEquals([told?.from, told?.to, told?.kind, told?.note], [
    "server",
    "client a",
    "fault",
    "Not so.",
  ]);
  assertEquals(happeningOf({ ...seen, what: "received", text: "{" })?.label, "no JSON");
  const close = { ...seen, what: "closed", text: "" } as const;
  assertEquals(happeningOf({ ...close, code: 4003, reason: "key" })?.note, "4003: key");
  assertEquals(happeningOf({ ...close, code: 1005 })?.label, "disconnects");
  assertEquals(happeningOf({ ...close, code: 1006, wasOpen: false })?.label, "not connected");
});

Deno.test("[PAGE-2] the code for an own page has what the server needs, and nothing that breaks out of it", () => {
  const place = { host: "</script>", port: 9_000, path: "/p", key: "peerjs", secure: false };
  const plain = snippetFor(place, false);
  assert(!/key|token/.test(plain), plain);
  assertStringIncludes(plain, "secure: false,");
  assertEquals(plain.match(/<\/script>/g)?.length, 2);
  assertMatch(
    snippetFor({ ...place, key: "k", secure: true }, true),
    /secure: true,\n.*key: "k",\n.*token/,
  );
});

Deno.test("[PAGE-8] the way that two clients took is told, and TURN is tried alone where the server has it", () => {
  const stats = [
    { id: "a", type: "local-candidate", candidateType: "relay" },
    { id: "b", type: "remote-candidate", candidateType: "prflx" },
    { id: "c", type: "local-candidate", candidateType: "host" },
    { id: "p", type: "candidate-pair", localCandidateId: "c", remoteCandidateId: "b" },
    { id: "q", type: "candidate-pair", localCandidateId: "a", remoteCandidateId: "b" },
  ];
  const transport = { id: "t", type: "transport", selectedCandidatePairId: "q" };
  const chosen = { local: "relay", remote: "prflx" };
  assertEquals(pairOf([...stats, transport]), chosen);
  assertEquals(
    pairOf(stats.map((each) => each.id === "q" ? { ...each, selected: true } : each)),
    chosen,
    "Firefox",
  );
  assertEquals([pairOf(stats), wayText(pairOf(stats))], [null, ""], "not told");
  assertMatch(wayText(chosen), /through the TURN server \(candidates: relay to prflx\)/);
  assertMatch(wayText({ local: "host", remote: "srflx" }), /no TURN server was used/);

  const [turn, stun] = [{ urls: ["TURNS:t", "turn:u"], username: "n" }, { urls: ["stun:s"] }];
  assertEquals(onlyTurn({ iceServers: [turn, stun] }), {
    config: { iceServers: [turn, stun], iceTransportPolicy: "relay" } as object,
    turnUrls: ["TURNS:t", "turn:u"],
  });
  assertEquals(onlyTurn({ iceServers: [stun] }), { config: { iceServers: [stun] }, turnUrls: [] });
});

Deno.test("[PAGE-6] a token is asked for once for all requests that need it, and kept", async () => {
  const kept = new Map<string, string>();
  const [asked, seen]: [boolean[], (string | null)[]] = [[], []];
  const api = createApi({
    fetch: (_url, init) => {
      const given = new Headers(init?.headers).get("authorization");
      seen.push(given);
      const isRight = given === "Bearer right";
      return Promise.resolve(Response.json({ error: "No." }, { status: isRight ? 200 : 401 }));
    },
    storage: { getItem: (key) => kept.get(key) ?? null, setItem: (k, v) => void kept.set(k, v) },
    askToken: (isWrong) => {
      asked.push(isWrong);
      return Promise.resolve(asked.length === 1 ? "wrong" : "right");
    },
  });
  await Promise.all([api.get("/one"), api.get("/two")]);
  assertEquals(asked, [false, true]);
  await api.get("/three");
  assertEquals(seen.at(-1), "Bearer right");
  assertEquals(asked.length, 2);
});

Deno.test("words for numbers, sizes and times", () => {
  assertEquals([999, 1_500, 2_345_678].map(bytesText), ["999 B", "1.5 kB", "2.3 MB"]);
  assertEquals([0.25, 12, 1_234, 12_345, 3_600_000, 4e8].map(durationText), [
    ...["0.3 ms", "12 ms", "1.23 s", "12.3 s", "60 min", "4 days"],
  ]);
  assertEquals([agoText(5, 0), agoText(0, 90_500)], ["just now", "90 s ago"]);
  assertEquals(visible("a\u0000\u2028é"), "a\\u{0}\\u{2028}é");
});

Deno.test("[PAGE-5] every file of the page is there, and none has a script, style or handler within markup", () => {
  const index = ASSETS.get("/")?.body ?? "";
  const named = [...ASSETS].flatMap(([path, { body }]) =>
    path === "/peerjs.min.js" ? [] : [
      ...body.matchAll(/(?:src|href)="(\/[^"]+)"/g),
      ...body.matchAll(/^(?:import|export)\b[^;]*?from "\.(\/[^"]+)";$/gm),
    ].map(([, name = ""]) => name)
  );
  assert(named.length > 40);
  for (const name of named) assert(ASSETS.has(name), name);
  assert(!/<script(?![^>]* src=)|<style|\sstyle=|\son\w+=/.test(index), "the policy would stop it");
  for (const [path, { body }] of ASSETS) {
    if (path === "/peerjs.min.js") continue;
    assert(!/innerHTML|insertAdjacentHTML|outerHTML|document\.write|\beval\(/.test(body), path);
  }
});
