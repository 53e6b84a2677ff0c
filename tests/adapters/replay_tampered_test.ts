/**
 * Recordings that somebody changed: whatever is in one, a replay says what is wrong, and where, and nothing in it
 * reaches the terminal that could write there what it likes.
 */
import fc from "fast-check";
import { connId, type Event } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { history } from "../support/odd_history.ts";
import { makeStudio, type Replayed, replayText, textOf } from "../support/recording.ts";
import { messageFrom, opening } from "../support/world.ts";

/** Red, a new title, a line above, hidden text, text that runs backwards, a line separator, half a character. */
const NASTY = "\x1b[31m\x1b]0;title\x07\r\x7f\x9b2J\u202e\u2066\u2028\u200b\u{e0041}\ud800";

function says(conn: number, value: unknown): Event {
  return { kind: "frame-received", conn: connId(conn), text: JSON.stringify(value) };
}

const REFUSED = messageFrom("a", "b");

/** A recording that begins with a snapshot in which every map has something, and goes on. */
async function makeRecording(name = "a"): Promise<string> {
  const studio = makeStudio();
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
  for (const line of printed) assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(line), line);
  for (const each of complaints) {
    assert(!/[\p{C}\p{Zl}\p{Zp}]/u.test(each.replaceAll("\n", "")), each);
  }
}

Deno.test("[REC-4] --at prints JSON in which nothing reaches the terminal, and everything reaches a parser", async () => {
  const nasty = { ...JSON.parse(`{"a":${JSON.stringify(NASTY)}}`) }.a;
  assertEquals(nasty, NASTY);
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
  const changed = [
    text.replace("signalbox recording", quoted),
    text.replace('"auth":"none"', `"auth":"${quoted}"`),
    text.replace('"queue_limit":', `"${quoted}":`),
    text.replace('{"map":"claims"', `{"map":"${quoted}"`),
    text.replace('{"map":"claims"', `{"${quoted}":1,"map":"claims"`),
    text.replace('"kind":"tick"', `"kind":"${quoted}"`),
    text.replace('["b",{"conn"', `["${quoted}",{"conn"`),
    text.replace('"192.0.2.2",1', `"${quoted}",1`),
    text.replace('{"at"', NASTY),
    `${text}${NASTY}\n`,
  ];
  for (const [i, each] of changed.entries()) {
    assert(each !== text, `change ${i}`);
    for (const flags of [["--diff"], ["--at=99999"], []]) {
      const replayed = await replayText(each, ...flags);
      assert(replayed.code > 0, `change ${i}`);
      assertPrintable(replayed);
    }
  }
});

Deno.test("[REC-4] a snapshot that was changed is a sentence with its lines, and nothing runs", async () => {
  const text = await makeRecording();
  const contradictions: [string, string, RegExp][] = [
    ['"storedBytes":', '"storedBytes":1', /bytes stored, but \d+ counted/],
    ['"serials":[0]', '"serials":[7]', /has a message that is not its own/],
    ['"serials":[1,2]', '"serials":[2,1]', /is out of order/],
    ['"serials":[1,2]', '"serials":[1]', /2 messages queued, but 3 stored/],
    ['["a",{"conn":1', '["a",{"conn":77', /a is claimed by 77, which does not hold it/],
    ['"idleCheckAt":', '"idleCheckAt":9', /would be looked at too late/],
    ['"heardAt":', '"heardAt":-1e308,"heardAt":-', /would be looked at too late/],
    ['["192.0.2.2",1]', '["192.0.2.2",2]', /address 192\.0\.2\.2: 1 stored, but 2 counted/],
    ['["192.0.2.2",1]', '["__proto__",1]', /address __proto__: 0 stored, but 1 counted/],
    ['"nextSerial":3', '"nextSerial":1', /nextSerial is used already/],
    ['"firstSerial":0', '"firstSerial":2', /firstSerial is not the first serial/],
    ['["1:ay",{"count":1', '["1:ay",{"count":9', /pair 1:ay: 1 stored, but 9 counted/],
    ['["1:ay",{"count":1,"bytes":', '["1:ay",{"count":1,"bytes":9', /bytes of pair 1:ay: /],
    [
      '{"map":"addressBytes","entries":[["',
      '{"map":"addressBytes","entries":[["x',
      /bytes of address x/,
    ],
  ];
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
  const mistakes: [string, string, RegExp][] = [
    ['"claims":2', '"claims":1', /^Line 2 .* at claims: more than the 1 of the header\.$/],
    ['"claims":2', '"claims":1e15', /^Line 11 is not a part of the snapshot: /],
    ['"claims":2', '"claims":-1', /^Line 1 is not the header .* at snapshot\.claims: /],
    ['"claims":2', '"claims":[]', /^Line 1 .* at snapshot\.claims: /],
    ['"nextSerial":3', '"nextSerial":9e15', /^Line 1 .* at most 1000000000 serials/],
    ['["b",{"conn"', '["a",{"conn"', /^Line 2 .* at claims: "a" is there twice\.$/],
    ['"paidUntil":', '"paidUntil":1e400,"x":', /^Line 3 .* at entries\.\d\.1\.paidUntil: /],
    ['"idleCheckAt":', '"l00kAt":', /^Line 3 is not a part of the snapshot: at entries\./],
    ['"expiresAt":', '"expiresAt":null,"more":', /^Line 4 .* at entries\.0\.1\.expiresAt: /],
    ['{"map":"stored"', '{"map":"__proto__"', /^Line 4 .* at map: /],
    ['{"map":"stored"', '{"map":"firstSerial"', /^Line 4 .* at map: /],
    [
      '{"kind":"tick"}}',
      '{"kind":"tick"}}\n{"at":0,"crc":0,"event":{"kind":"tick"}}',
      /^Line 16 .*before/,
    ],
    [
      '{"kind":"tick"}',
      '{"kind":"socket-closed","conn":1e16,"code":1}',
      /^Line 15 .*event\.conn: /,
    ],
    ['{"kind":"tick"}', '{"kind":"toString"}', /^Line 15 .* at event\.kind: /],
    ['{"kind":"tick"}', `"${"z".repeat(1_000_000)}"`, /^Line 15 is not an event: .{1,400}$/],
    ['{"kind":"tick"}', "[".repeat(200_000), /^Line 15 is not an event: expected JSON: /],
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

/** What a mutation puts in place of a value. */
const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, "", [], {}, 0, -1, 0.5, 1e308, 9_007_199_254_740_991, 4e9),
  fc.constantFrom<unknown>(
    "a",
    "b",
    "z",
    "__proto__",
    "constructor",
    NASTY,
    [["a", 1]],
    [1],
    "1:ay",
  ),
  fc.integer({ min: 0, max: 12 }),
);
const mutation = fc.record({
  line: fc.nat(),
  place: fc.array(fc.nat(), { minLength: 1, maxLength: 7 }),
  how: fc.constantFrom("put", "drop", "twice", "swap lines", "repeat line", "drop line", "byte"),
  value: odd,
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

/** Changes a value somewhere in a value, which it walks down as far as `place` goes. */
function change(value: unknown, [step = 0, ...rest]: readonly number[], given: Mutation): unknown {
  if (typeof value !== "object" || value === null) return given.value;
  const isList = Array.isArray(value);
  const entries: [string, unknown][] = Object.entries(value);
  const at = step % (entries.length || 1);
  const chosen = entries[at];
  if (chosen === undefined) return given.value;
  if (rest.length > 0) chosen[1] = change(chosen[1], rest, given);
  else if (given.how === "put") chosen[1] = given.value;
  else if (given.how === "drop") entries.splice(at, 1);
  else entries.splice(at, 0, [isList ? "" : "more", chosen[1]]);
  return isList ? entries.map(([, each]) => each) : Object.fromEntries(entries);
}

function mutate(lines: string[], given: Mutation): void {
  const at = given.line % lines.length;
  const line = lines[at] ?? "";
  const byte = (given.place[0] ?? 0) % (line.length || 1);
  switch (given.how) {
    case "drop line":
      return void lines.splice(at, 1);
    case "repeat line":
      return void lines.splice(at, 0, line);
    case "swap lines":
      return void lines.splice(at, 2, lines[at + 1] ?? "", line);
    case "byte": {
      const other = String.fromCharCode((line.charCodeAt(byte) + given.line) % 256);
      return void lines.splice(at, 1, line.slice(0, byte) + other + line.slice(byte + 1));
    }
  }
  try {
    lines[at] = JSON.stringify(change(JSON.parse(line), given.place, given));
  } catch {
    // Another mutation made it no JSON.
  }
}

Deno.test("[REC-4] whatever is changed in a recording, a replay throws nothing and prints nothing odd", async () => {
  const recordings = [await makeRecording(), await makeRecording("__proto__")];
  const codes = new Map<number, number>();
  for (const steps of fc.sample(history, { numRuns: 6, seed: 11 })) {
    const studio = makeStudio();
    studio.recorder.start();
    for (const { event, afterMs } of steps) studio.happen(event, afterMs);
    await studio.recorder.stop();
    recordings.push(textOf(studio.disk));
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
