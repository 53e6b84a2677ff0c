/** A replay as a sequence diagram in a file of its own. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import type { Pace } from "../history/play.ts";
import { drawText, FILE, record, says, Studio, textOf } from "../support/recording.ts";
import { settingsFrom } from "../../core/mod.ts";
import { opening } from "../support/world.ts";

const SECRET = "v=0 o=- 192.168.1.7";

/** A recording of these steps, 20 ms apart, as a page. */
async function draw(
  steps: readonly Pace["event"][],
  ...flags: readonly string[]
): Promise<{ readonly html: string; readonly printed: readonly string[] }> {
  const paces = steps.map((event) => ({ event, afterMs: 20 }));
  const { disk } = await record(paces, new Studio(settingsFrom({ record: FILE })));
  const { replayed, written } = await drawText(textOf(disk), "--html=out.html", ...flags);
  assertEquals([replayed.code, replayed.complaints], [0, []]);
  assertEquals([...written.keys()], ["out.html"]);
  return { html: written.get("out.html") ?? "", printed: replayed.printed };
}

/** The rows of the table in a page: the cells as text, without the time. */
function rowsOf(html: string): string[] {
  const rows = html.split("<tbody ")[1]?.split("</tbody>")[0]?.split("</tr>") ?? [];
  const cells = rows.map((row) => [...row.matchAll(/<td[^>]*>([^]*?)<\/td>/g)].slice(1));
  return cells.filter((row) => row.length > 0).map((row) =>
    row.map(([, text = ""]) => text.replace(/<[^>]*>/g, "|")).join(" · ")
  );
}

const A_TO_B = [
  opening(1, { id: "a" }),
  says(1, { type: "OFFER", dst: "b", payload: { sdp: SECRET } }),
  says(1, { type: "HEARTBEAT" }),
  opening(2, { id: "b" }),
  says(2, { type: "ANSWER", dst: "a", payload: { sdp: SECRET } }),
  says(2, "no JSON"),
  { kind: "socket-closed", conn: opening(2).conn, code: 1006 },
] satisfies readonly Pace["event"][];

Deno.test("[REC-9] who said what to whom stands in the order of events, without what was said", async () => {
  const { html, printed } = await draw(A_TO_B);
  assertEquals(rowsOf(html), [
    "a · server · opens · ",
    "server · a · OPEN · ",
    "a · server · OFFER · 76 B, stored, b is not connected",
    "b · server · opens · ",
    "server · b · OPEN · ",
    "server · b · OFFER · 76 B, had waited, of a",
    "b · a · ANSWER · 77 B",
    "b · server · bad frame · ",
    "server · b · ERROR · ",
    "b · server · closes · 1006",
  ]);
  assert(!html.includes("192.168") && !html.includes("no JSON"), "no content");
  assertEquals(printed.length, 2);
  assertMatch(
    printed[0] ?? "",
    /^out\.html: 10 events of 2 clients drawn\. Left out: 1 frame without an effect, the content of/,
  );
  assertStringIncludes(html, "Time 0 is 2023-11-14T22:13:20.020Z.");
});

Deno.test("[REC-9] --payloads adds the content, as text; --peers leaves others to the server's lifeline", async () => {
  const hostile = "<img src=x onerror=alert(1)>";
  const { html } = await draw(
    [
      opening(1, { id: "a" }),
      opening(2, { id: hostile }),
      says(1, { type: "OFFER", dst: hostile, payload: "</pre><script>" }),
      opening(3, { id: "c" }),
      says(3, { type: "OFFER", dst: hostile }),
    ],
    "--peers=a",
    "--payloads",
  );
  assertEquals(rowsOf(html).length, 3);
  assertMatch(rowsOf(html)[2] ?? "", /^a · server · OFFER · 90 B, to &lt;img/);
  assertStringIncludes(html, "&lt;/pre&gt;&lt;script&gt;");
  assert(!/<(?:img|script)/.test(html), "nothing of it is markup");
  assertMatch(html, /Left out: 5 events, the lifelines of 2 other clients/);
  assertMatch(html, /default-src 'none'/);
});

Deno.test("[REC-9] a file has at most 1,000 events and 24 clients, and says what it leaves out", async () => {
  const crowd = Array.from({ length: 30 }, (_, i) => [
    opening(i + 1, { id: `c${i}` }),
    { kind: "socket-closed" as const, conn: opening(i + 1).conn, code: 1005 },
  ]).flat();
  const chatter = Array.from({ length: 1_000 }, () => says(1, { type: "LEAVE", dst: "nobody" }));
  const { html } = await draw([...crowd, opening(1, { id: "c0" }), ...chatter]);
  assertEquals(rowsOf(html).length, 1_000);
  assertMatch(
    html,
    /1,000 events of 24 clients drawn\. Left out: 92 events, the lifelines of 6 other/,
  );
});

Deno.test("[REC-9] a wrong option for the drawing is named", async () => {
  const { disk } = await record([{ event: opening(1), afterMs: 1 }]);
  const mistakes: [string[], RegExp][] = [
    [["--peers=a"], /need --html/],
    [["--payloads"], /need --html/],
    [["--html=out.html", "--peers=,"], /^Option --peers must be 1 to 24 ids .*: got ","\.$/],
    [["--html=run.ndjson"], /^Option --html must be the file to write: got "run\.ndjson"\.$/],
    [["--html=out.html", "--at=1"], /exclude each other/],
  ];
  for (const [flags, complaint] of mistakes) {
    const { replayed, written } = await drawText(textOf(disk), ...flags);
    assertEquals([replayed.code, written.size], [2, 0]);
    assertMatch(replayed.complaints.join("\n"), complaint);
  }
});
