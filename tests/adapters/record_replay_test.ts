/** What was recorded runs again, with the same effects: in memory, with the time moved by hand. */
import fc from "fast-check";
import { crcOf, frameLine, VERSION } from "../../adapters/record/format.ts";
import {
  FRAME_MORE_MAX_BYTES,
  putFrameHead,
  putFrameTail,
} from "../../adapters/record/frame_head.ts";
import { readEvent } from "../../adapters/record/replay/schema.ts";
import { CLOSE, close, type ConnId, connId, type Effect, millis, say } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type Pace, paces } from "../history/play.ts";
import {
  decode,
  FILE,
  record,
  replayText,
  says,
  SMALL,
  Studio,
  textOf,
} from "../support/recording.ts";
import { opening } from "../support/world.ts";

function linesIn(text: string): string[] {
  return text.split("\n").slice(0, -1);
}

/** The texts of the frames in lines. */
function textsIn(lines: readonly string[]): unknown[] {
  return lines.map(readEvent).map((line) =>
    line.ok && "text" in line.value.event && line.value.event.text
  );
}

/** What a client says a millisecond later. */
function later(value: unknown, afterMs = 1): Pace {
  return { event: says(1, value), afterMs };
}

const COMES: Pace = { event: opening(1, { id: "a" }), afterMs: 0 };

Deno.test("[REC-1] [REC-2] every history gives the same effects again, and every frame is the text that came", async () => {
  await fc.assert(
    fc.asyncProperty(paces(SMALL), async (steps) => {
      const { disk, now } = await record(steps);
      const text = textOf(disk);
      assertEquals(await replayText(text, "--diff"), {
        code: 0,
        printed: [`${steps.length} events, no contradiction, 0 with other effects than recorded`],
        complaints: [],
      });
      const found = linesIn(text).slice(1).map(readEvent);
      assertEquals(found.length, steps.length);
      const waited = new Set<ConnId>();
      let at = 0.25;
      for (const [i, { event, afterMs }] of steps.entries()) {
        at += afterMs;
        const read = found[i];
        assert(read?.ok === true);
        assertEquals(read.value.at, at, "to the last bit");
        if (event.kind === "socket-opened") {
          if (event.identity.kind === "pending") waited.add(event.conn);
          continue;
        }
        const actual = read.value.event;
        if (event.kind !== "frame-received") {
          assertEquals<unknown>(actual, event);
          continue;
        }
        // Of a client that waited to be admitted, what came before that is whole.
        const isCut = !waited.has(event.conn) || "text" in actual && actual.text !== event.text;
        assertEquals<unknown>(actual, isCut ? { ...event, text: cut(event.text) } : event);
      }
      assertEquals(at, now);
    }),
    { numRuns: 300 },
  );
});

/** Of a frame that is refused for its length no more is kept than tells that it is too long. */
function cut(text: string): string {
  return text.slice(0, SMALL.max_message_bytes + 1);
}

Deno.test("[REC-2] a frame that was passed on stands in its line as it came", async () => {
  const frame = '{"dst":"a", "type":"OFFER","payload":"\u2028é"}';
  const { disk } = await record([COMES, later(frame), later({ type: "HEARTBEAT" })]);
  const lines = linesIn(textOf(disk));
  assertStringIncludes(lines[2] ?? "", `,"conn":1,"frame":${frame}}`);
  assertMatch(lines[3] ?? "", /,"conn":1,"frame":\{"type":"HEARTBEAT"\}\}$/);
  for (const line of lines) assertEquals(typeof JSON.parse(line), "object");
});

/** Asserts that of what is recorded from the second event on these are the frames, and that it replays. */
async function assertKept(frames: string[], steps: readonly Pace[]): Promise<void> {
  const text = textOf((await record(steps)).disk);
  assertEquals(textsIn(linesIn(text).slice(2)), frames);
  assertEquals((await replayText(text, "--diff")).code, 0);
}

Deno.test("[REC-1] [REC-2] what surrounds a frame is written as bytes as it is written as text, whatever the instant", () => {
  const ns = fc.integer({ min: 0, max: 1e16 }).map((count) => count / 1e6);
  const clock = fc.integer({ min: 0, max: 1e12 }).map((count) => count / 1e6);
  const count = fc.oneof(
    fc.nat(),
    fc.maxSafeNat(),
    fc.constantFrom(0, 9, 10, 2 ** 32 - 1, 2 ** 32),
  );
  const odd = fc.double({ min: 0, noNaN: true });
  const head = fc.record({
    at: fc.oneof(clock, ns, odd, count),
    crc: fc.nat(0xffffffff),
    conn: count,
  });
  fc.assert(
    fc.property(head, ({ at, crc, conn }) => {
      const given = { at: millis(at), crc, conn: connId(conn) };
      const bytes = new Uint8Array(2 + FRAME_MORE_MAX_BYTES);
      const end = putFrameTail(bytes, putFrameHead(bytes, 2, given));
      assertEquals(decode([bytes.subarray(2, end)]), frameLine(given, ""));
    }),
    { numRuns: 3_000 },
  );
});

Deno.test("[REC-2] a frame that came before its client was admitted is kept whole, whatever it is", async () => {
  const early = ["no JSON", "[]", "x".repeat(8_000), "x".repeat(8_371), "{}", "x".repeat(9_000)];
  const comes = { event: opening(1, { id: "a", identity: { kind: "pending" } }), afterMs: 0 };
  await assertKept(early, [comes, ...early.map((text) => later(text))]);
});

Deno.test("[REC-2] a frame that would break its line, or that UTF-8 cannot say, is kept to the character", async () => {
  const frames = ["\n", "\r", " \r\n\t"].map((odd) => `{"type":"OFFER",${odd}"dst":"a"}${odd}`)
    .concat('{"type":"OFFER","dst":"a","payload":"\ud800"}');
  await assertKept(frames, [COMES, ...frames.map((text) => later(text, 10))]);
});

/** What a line begins with that has entries of the state, and no event. */
const SNAPSHOT_LINE = '{"map":';

Deno.test("[REC-3] every file of a recording that is longer than its bound replays alone", async () => {
  const histories = fc.sample(paces(SMALL), { numRuns: 60, seed: 7 });
  const steps = histories.flat().filter(({ event }) => event.kind !== "shutdown-requested");
  const studio = new Studio();
  const files = new Set<Uint8Array[]>();
  for (const [i, { event, afterMs }] of steps.entries()) {
    studio.happen(event, afterMs);
    if (i % 8 === 0) await studio.pass(50);
    for (const chunks of studio.disk.files.values()) files.add(chunks);
  }
  await studio.recorder.stop();
  const seen = [...files].map(decode);
  assert(seen.length > 3, `${seen.length} files`);
  assertEquals([...studio.disk.files.keys()].sort(), [FILE, `${FILE}.1`]);
  let events = 0;
  for (const text of seen) {
    assert(new TextEncoder().encode(text).length <= SMALL.max_record_bytes);
    const { code, printed, complaints } = await replayText(text, "--diff");
    assertEquals([code, complaints], [0, []], printed.join("\n"));
    events += linesIn(text).slice(1).filter((line) => !line.startsWith(SNAPSHOT_LINE)).length;
  }
  assertEquals(events, steps.length, "no event is lost between two files");
  const begins = seen.map((text) => JSON.parse(text.split("\n", 1)[0] ?? "").snapshot === null);
  assertEquals(begins, begins.map((_, i) => i === 0), "only the first begins with nothing");
});

Deno.test("[REC-4] --diff names exactly the line whose effects are others", async () => {
  const { disk } = await record([
    COMES,
    later({ type: "OFFER", dst: "a" }, 5),
    later({ type: "LEAVE" }, 5),
  ]);
  const lines = linesIn(textOf(disk));
  const changed = lines.map((line, i) =>
    i === 2 ? line.replace('"type":"OFFER"', '"type":"ANSWER"') : line
  );
  const { code, printed } = await replayText(`${changed.join("\n")}\n`, "--diff");
  assertEquals(code, 1);
  assertEquals(printed.length, 3);
  assertMatch(
    printed[0] ?? "",
    /^3 {2}2023-11-14T22:13:20\.005Z {2}5\.25 {2}frame-received on 1: .*other effects/,
  );
  assertEquals(printed[1], '    send on 1: {"type":"ANSWER","src":"a","dst":"a"}');
  assertEquals(printed[2], "3 events, no contradiction, 1 with other effects than recorded");
});

Deno.test("[REC-1] another kind, connection, code, reason, text or order of effects is another digest", () => {
  const [a, b] = [connId(1), connId(2)];
  const send = (conn: ConnId, msg: string): Effect => say(conn, { kind: "error", msg, to: null });
  const lists: readonly Effect[][] = [
    [],
    [send(a, "")],
    [send(a, "x")],
    [send(a, "y")],
    [send(b, "x")],
    [send(a, "x"), send(b, "y")],
    [send(b, "y"), send(a, "x")],
    [send(a, "xy")],
    [send(a, "x"), send(a, "x")],
    [send(a, "Left")],
    [close(a, CLOSE.left, "Left")],
    [close(a, CLOSE.left, "left")],
    [close(a, CLOSE.full, "Left")],
    [close(b, CLOSE.left, "Left")],
    [send(a, "x"), close(a, CLOSE.left, "Left")],
  ];
  assertEquals(new Set(lists.map(crcOf)).size, lists.length);
});

Deno.test("[REC-4] --at prints the state of a moment, by either clock, and nothing else", async () => {
  const { disk } = await record([
    COMES,
    { event: opening(2, { id: "b" }), afterMs: 1_000 },
    later({ type: "LEAVE" }, 1_000),
  ]);
  const clients: [string, string[]][] = [
    ["0.25", ["a"]],
    ["1000.24", ["a"]],
    ["1000.25", ["a", "b"]],
    ["2023-11-14T22:13:20.900Z", ["a"]],
    ["2023-11-14T23:13:21.5+01:00", ["a", "b"]],
    ["9999", ["b"]],
  ];
  for (const [moment, ids] of clients) {
    const { code, printed, complaints } = await replayText(textOf(disk), "--at", moment);
    assertEquals([code, complaints], [0, []]);
    const { claims } = JSON.parse(printed.join("\n"));
    assertEquals(claims.map(([id]: [string]) => id), ids, moment);
  }
  for (const moment of ["0.2", "yesterday", "2023-11-14T22:13:19Z", "-1"]) {
    const { code, printed, complaints } = await replayText(textOf(disk), `--at=${moment}`);
    assertEquals([code, printed], [2, []], moment);
    assertStringIncludes(complaints.join(), "Option --at");
  }
});

Deno.test("[REC-4] a replay prints each event with its effects, and nothing that could forge a line", async () => {
  const { disk } = await record([
    COMES,
    later("\x1b[31m\nred"),
    later({ type: "OFFER", dst: "a", payload: "p".repeat(150) }),
    { event: { kind: "tick" }, afterMs: 1 },
  ]);
  const { code, printed } = await replayText(textOf(disk), "--every", "3");
  assertEquals(code, 0);
  assertEquals(printed.length, 10);
  for (const line of printed) assert(!/\p{C}/u.test(line), line);
  assertMatch(
    printed[0] ?? "",
    /^2 .* socket-opened on 1: id "a", token \{"owner":"token","length":5,"hasControl":false\}, key "right", /,
  );
  assertMatch(printed[1] ?? "", /^ {4}note admitted: \{"conn":1,"id":"a","address":"192\.0\.2\.1"/);
  assertMatch(printed[3] ?? "", /frame-received on 1: \\u\{1b\}\[31m\\u\{a\}red$/);
  assertMatch(printed[6] ?? "", /p… \(\d+ characters\)$/);
  assertEquals((await replayText(textOf(disk), "--quiet")).printed.length, 1);
});

Deno.test("[REC-4] what cannot be read is named with its line; a last line that was cut off is no error", async () => {
  const { disk } = await record([
    COMES,
    later({ type: "OFFER", dst: "a" }),
    { event: { kind: "tick" }, afterMs: 1 },
  ]);
  const text = textOf(disk);
  for (const length of [1, 20, 40]) {
    const { code, complaints } = await replayText(text.slice(0, -length), "--diff");
    assertEquals([code, complaints], [0, ["Line 4 is cut off: the recording ends before it."]]);
  }
  const changed = (found: string, put: string): string => text.replace(found, put);
  const mistakes: [string, RegExp][] = [
    ["", /^Cannot read "run\.ndjson": it has no whole line\.$/],
    [text.slice(0, 50), /it has no whole line\.$/],
    [changed("recording", "letter"), /^Line 1 is not the header of a recording: at format: /],
    [changed(`"version":${VERSION}`, '"version":7'), /^Line 1 .* at version: /],
    [changed('"queue_limit":', '"queue_limit":-'), /^Line 1 .* at rules: Option queue_limit must/],
    [changed('"auth":', '"auht":'), /^Line 1 .* at rules.*: Expected an option that is a rule/],
    [changed('"dst":"a"}', '"dst":"a"'), /^Line 3 is not an event: expected JSON: /],
    [changed('{"kind":"tick"', '{"more":1,"kind":"tick"'), /^Line 4 .* at event\.more: /],
    [changed('"crc":0', '"crc":"0"'), /^Line 4 .* at crc: /],
  ];
  for (const [broken, complaint] of mistakes) {
    assert(broken !== text, String(complaint));
    const { code, complaints } = await replayText(broken, "--quiet");
    assertEquals(code, 2, String(complaint));
    assertMatch(complaints.at(-1) ?? "", complaint);
  }
});

Deno.test("[REC-4] a mistake in the arguments is named", async () => {
  const mistakes: [string[], RegExp][] = [
    [["second"], /^Give one file: got "run\.ndjson", "second"\.$/],
    [["--evry=2"], /^There is no option "--evry=2"\.$/],
    [["--every", "0"], /^Option --every must be a whole number from 1: got "0"\.$/],
    [["--at", "1", "--diff"], /exclude each other/],
  ];
  for (const [flags, complaint] of mistakes) {
    const { code, complaints } = await replayText("", ...flags);
    assertEquals(code, 2);
    assertMatch(complaints.join("\n"), complaint);
  }
  assertEquals((await replayText("", "--help")).code, 0);
});
