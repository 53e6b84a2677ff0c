/**
 * Recordings that somebody changed: whatever is in one, a replay says what is wrong, and where, and nothing in it
 * reaches the terminal that could write there what it likes.
 */
import fc from "fast-check";
import { connId, type Event } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { paces } from "../history/play.ts";
import {
  record,
  type Replayed,
  replayText,
  says,
  SMALL,
  Studio,
  textOf,
} from "../support/recording.ts";
import { messageFrom, opening } from "../support/world.ts";

/** Red, a new title, a line above, hidden text, text that runs backwards, a line separator, half a character. */
const NASTY = "\x1b[31m\x1b]0;title\x07\r\x7f\x9b2J\u202e\u2066\u2028\u200b\u{e0041}\ud800";

const REFUSED = messageFrom("a", "b");

/** A recording that begins with a snapshot in which every map has something, and goes on. */
async function makeRecording(name = "a"): Promise<string> {
  const studio = new Studio();
  const events: Event[] = [
    opening(1, { id: name, address: "192.0.2.1" }),
    opening(2, { id: "b", token: "u", address: "192.0.2.2" }),
    opening(3, { id: name, token: "wrong", address: "192.0.2.3" }),
    says(1, { type: "OFFER", dst: "y", payload: name }),
    says(1, { type: "OFFER", dst: "z" }),
    says(2, { type: "OFFER", dst: "z" }),
  ];
  const message = messageFrom("a", "b", "LEAVE", "x".repeat(50_000));
  const filling: Event = { kind: "send-failed", conn: connId(9), message };
  studio.happen(filling);
  for (const event of events) studio.happen(event, 1);
  while (!studio.disk.files.has("run.ndjson.1")) {
    studio.happen({ kind: "socket-closed", conn: connId(7), code: 1005 });
    await studio.pass(0.5);
  }
  studio.happen(says(1, { type: "HEARTBEAT" }), 1);
  studio.happen(says(1, { type: "OFFER", dst: "b", payload: name }), 1);
  studio.happen({ kind: "send-refused", conn: connId(1), message: REFUSED }, 1);
  studio.happen(opening(4, { id: "z", address: "192.0.2.4" }), 1);
  studio.happen({ kind: "tick" }, 500);
  await studio.recorder.stop();
  return textOf(studio.disk);
}

function assertPrintable({ printed, complaints }: Replayed): void {
  for (const line of [...printed, ...complaints.flatMap((each) => each.split("\n"))]) {
    assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(line), line);
  }
}

Deno.test("[REC-4] --at prints JSON in which nothing reaches the terminal, and everything reaches a parser", async () => {
  const text = (await makeRecording()).replaceAll('"y"', JSON.stringify(NASTY))
    .replace('["1:ay"', JSON.stringify([`1:a${NASTY}`]).slice(0, -1));
  const replayed = await replayText(text, "--at=99999");
  assertEquals([replayed.code, replayed.complaints], [0, []]);
  assertPrintable(replayed);
  const early = await replayText(text, `--at=${JSON.parse(text.split("\n", 1)[0] ?? "").at}`);
  assertPrintable(early);
  const { mailboxes } = JSON.parse(early.printed.join("\n"));
  assert(mailboxes.some(([dst]: [string]) => dst === NASTY), "a parser reads the same");
});

Deno.test("[REC-4] nothing that a recording says of itself reaches the terminal either", async () => {
  const text = await makeRecording();
  const quoted = JSON.stringify(NASTY).slice(1, -1);
  const places = rowsOf(String.raw`
signalbox recording → ?
"auth":"none" → "auth":"?"
"queue_limit": → "?":
{"map":"claims" → {"map":"?"
{"map":"claims" → {"?":1,"map":"claims"
"kind":"tick" → "kind":"?"
["b",{"conn" → ["?",{"conn"
"192.0.2.2",1 → "?",1`).map(([found, put]) => text.replace(found, put.replace("?", quoted)));
  for (
    const [i, each] of [...places, text.replace('{"at"', NASTY), `${text}${NASTY}\n`].entries()
  ) {
    assert(each !== text, `change ${i}`);
    for (const flags of [["--diff"], ["--at=99999"], []]) {
      const replayed = await replayText(each, ...flags);
      assert(replayed.code > 0, `change ${i}`);
      assertPrintable(replayed);
    }
  }
});

/** What is found, what is put in its place, and the complaint: a line each. */
function rowsOf(table: string): (readonly [string, string, RegExp])[] {
  return table.trimStart().split("\n").map((row) => {
    const [found = "", put = "", why = ""] = row.split(" → ");
    return [found, put, new RegExp(why)];
  });
}

Deno.test("[REC-4] a snapshot that was changed is a sentence with its lines, and nothing runs", async () => {
  const text = await makeRecording();
  const contradictions = rowsOf(String.raw`
"storedBytes": → "storedBytes":1 → bytes stored, but \d+ counted
"serials":[0] → "serials":[7] → has a message that is not its own
"serials":[1,2] → "serials":[2,1] → is out of order
"serials":[1,2] → "serials":[1] → 2 messages queued, but 3 stored
["a",{"conn":1 → ["a",{"conn":77 → a is claimed by 77, which does not hold it
"idleCheckAt": → "idleCheckAt":9 → the idle check of \S+ is too late
"heardAt": → "heardAt":-1e308,"heardAt":- → the idle check of \S+ is too late
["192.0.2.2",1] → ["192.0.2.2",2] → address 192\.0\.2\.2: 1 stored, but 2 counted
["192.0.2.2",1] → ["__proto__",1] → address __proto__: 0 stored, but 1 counted
"nextSerial":3 → "nextSerial":1 → nextSerial is already in use
"firstSerial":0 → "firstSerial":2 → firstSerial is not the first serial
["1:ay",{"count":1 → ["1:ay",{"count":9 → pair 1:ay: 1 stored, but 9 counted
["1:ay",{"count":1,"bytes": → ["1:ay",{"count":1,"bytes":9 → bytes of pair 1:ay: 
{"map":"addressBytes","entries":[[" → {"map":"addressBytes","entries":[["x → bytes of address x`);
  for (const [found, put, why] of contradictions) {
    const changed = text.replace(found, put);
    assert(changed !== text, found);
    for (const flags of [["--diff"], ["--at=99999"]]) {
      const { code, printed, complaints } = await replayText(changed, ...flags);
      assertEquals([code, printed, complaints.length], [1, [], 1], found);
      assertMatch(complaints[0] ?? "", /^Lines 1 to 10, the snapshot it begins with:\n {2}/);
      assertMatch(complaints[0] ?? "", why);
    }
  }
});

Deno.test("[REC-4] a line that was changed is a sentence with its number", async () => {
  const text = await makeRecording();
  const tick = '{"kind":"tick"}';
  const mistakes: (readonly [string, string, RegExp])[] = [
    ...rowsOf(String.raw`
"claims":2 → "claims":1 → ^Line 2 .* at claims: more than the 1 of the header\.$
"claims":2 → "claims":1e15 → ^Line 11 is not a part of the snapshot: 
"claims":2 → "claims":-1 → ^Line 1 is not the header .* at snapshot\.claims: 
"claims":2 → "claims":[] → ^Line 1 .* at snapshot\.claims: 
"nextSerial":3 → "nextSerial":9e15 → ^Line 1 .* at most 1000000000 serials
["b",{"conn" → ["a",{"conn" → ^Line 2 .* at claims: "a" is there twice\.$
"paidUntil": → "paidUntil":1e400,"x": → ^Line 3 .* at entries\.\d\.1\.paidUntil: 
"idleCheckAt": → "l00kAt": → ^Line 3 is not a part of the snapshot: at entries\.
"expiresAt": → "expiresAt":null,"more": → ^Line 4 .* at entries\.0\.1\.expiresAt: 
{"map":"stored" → {"map":"__proto__" → ^Line 4 .* at map: 
{"map":"stored" → {"map":"firstSerial" → ^Line 4 .* at map: 
{"kind":"tick"} → {"kind":"socket-closed","conn":1e16,"code":1} → ^Line 15 .*event\.conn: 
{"kind":"tick"} → {"kind":"toString"} → ^Line 15 .* at event\.kind: `),
    [`${tick}}`, `${tick}}\n{"at":0,"crc":0,"event":${tick}}`, /^Line 16 .*before/],
    [tick, `"${"z".repeat(1_000_000)}"`, /^Line 15 is not an event: .{1,400}$/],
    [tick, "[".repeat(200_000), /^Line 15 is not an event: expected JSON: /],
  ];
  for (const [found, put, why] of mistakes) {
    const changed = text.replace(found, put);
    assert(changed !== text, found);
    for (const flags of [["--diff"], ["--at=99999"]]) {
      const { code, complaints } = await replayText(changed, ...flags);
      assertEquals(code, 2, complaints.join());
      assertMatch(complaints.at(-1) ?? "", why);
    }
  }
});

/** What a mutation puts in place of a value, or of what holds values together. */
const ODD = ["null", "true", '""', "[]", "{}", "0", "-1", "0.5", "1e308", "9007199254740991", "4e9"]
  .concat('"a"', '"b"', '"z"', '"__proto__"', '"constructor"', JSON.stringify(NASTY))
  .concat('[["a",1]]', "[1]", '"1:ay"', '"more":1,"a"', ",", "");
const BY_LINE = ["swap lines", "repeat line", "drop line"] as const;
const mutation = fc.record({
  line: fc.nat(),
  place: fc.nat(),
  how: fc.constantFrom("put", "put", "drop", "twice", ...BY_LINE, "byte"),
  value: fc.constantFrom(...ODD),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

/** A value of JSON that is no list and no object, a name, or a mark. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.e+-]*|null|true|false|[[\]{}]|,/g;

/** Changes one of the lines, or where it stands. */
function mutate(lines: string[], { line: at, place, how, value }: Mutation): void {
  const i = at % lines.length;
  const line = lines[i] ?? "";
  const tokens = [...line.matchAll(TOKEN)];
  const chosen = tokens[place % (tokens.length || 1)];
  const [start, token] = [chosen?.index ?? 0, chosen?.[0] ?? ""];
  const around = (text: string, from: number, length: number): string =>
    line.slice(0, from) + text + line.slice(from + length);
  const byte = place % (line.length || 1);
  const ways: Readonly<Record<string, readonly string[]>> = {
    "put": [around(value, start, token.length)],
    "drop": [around("", start, token.length)],
    "twice": [around(`${token},${token}`, start, token.length)],
    "swap lines": [lines[i + 1] ?? "", line],
    "repeat line": [line, line],
    "drop line": [],
    "byte": [around(String.fromCharCode((line.charCodeAt(byte) + at) % 256), byte, 1)],
  };
  lines.splice(i, how === "swap lines" ? 2 : 1, ...ways[how] ?? []);
}

Deno.test("[REC-4] whatever is changed in a recording, a replay throws nothing and prints nothing odd", async () => {
  const recordings = [await makeRecording(), await makeRecording("__proto__")];
  const codes = new Map<number, number>();
  for (const steps of fc.sample(paces(SMALL), { numRuns: 6, seed: 11 })) {
    recordings.push(textOf((await record(steps)).disk));
  }
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...recordings),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      async (recording, mutations) => {
        const lines = recording.split("\n").slice(0, -1);
        for (const each of mutations) mutate(lines, each);
        const text = `${lines.join("\n")}\n`;
        const runs = await Promise.all(
          [[], ["--diff", "--every=3"], ["--at=99999"]].map((flags) => replayText(text, ...flags)),
        );
        for (const replayed of runs) {
          assertPrintable(replayed);
          codes.set(replayed.code, (codes.get(replayed.code) ?? 0) + 1);
          if (replayed.code > 1) assert(replayed.complaints.length > 0);
        }
        const { code, printed } = runs[2] ?? { code: 1, printed: [] };
        if (code === 0) JSON.parse(printed.join("\n"));
      },
    ),
    { numRuns: 4_000, seed: 7 },
  );
  for (const code of [0, 1, 2]) assert((codes.get(code) ?? 0) > 100, `${[...codes]}`);
});
