/**
 * Disks that are full, slow or not there: the recording pauses and goes on, and nobody else notices. Files that begin
 * with what a full server knows: written in pieces, one after the other, and not too often.
 */
import { FORMAT, VERSION } from "../../adapters/record/format.ts";
import { preambleOf } from "../../adapters/record/snapshot.ts";
import { connId, type Event, millis, rulesOf, settingsFrom, takeSnapshot } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  assertReplays,
  FILE,
  replayText,
  says,
  settled,
  SMALL,
  Studio,
  textOf,
} from "../support/recording.ts";
import { opening } from "../support/world.ts";

const TICK: Event = { kind: "tick" };
const opened: Event = opening(1, { id: "a" });
const FULL = new Error("No space left on device (os error 28)");

Deno.test("[REC-6] what happens is written 50 ms later, at most one write at a time", async () => {
  const studio = new Studio();
  studio.recorder.start();
  await settled();
  studio.happen(opened);
  await studio.pass(49);
  assertEquals(textOf(studio.disk).split("\n").length, 2, "the header only");
  await studio.pass(1);
  assertEquals(textOf(studio.disk).split("\n").length, 3);
  for (let i = 0; i < 5; i++) {
    studio.happen(TICK, 1);
    await studio.pass(50);
  }
  await studio.recorder.stop();
  await assertReplays(studio, 6);
  assertEquals([studio.disk.busiest, studio.news], [1, ["recording"]]);
});

Deno.test("[REC-6] a file that cannot be opened is told once and tried again every 60 s", async () => {
  const studio = new Studio();
  const { disk } = studio;
  disk.beginError = new Error("Permission denied (os error 13)");
  studio.recorder.start();
  await settled();
  const told = ["Permission denied (os error 13); retrying every 60 s"];
  assertEquals(studio.news, told);
  studio.happen(opened);
  for (let i = 0; i < 3; i++) await studio.pass(60_000);
  assertEquals(studio.news, told);
  disk.beginError = null;
  await studio.pass(59_999);
  assertEquals(disk.files.size, 0);
  await studio.pass(1);
  studio.happen({ kind: "socket-closed", conn: connId(1), code: 1005 }, 1);
  await studio.recorder.stop();
  assertEquals(studio.news, [...told, "recording"]);
  await assertReplays(studio, 1);
  assertEquals(studio.runtime.state().claims.size, 0);
});

Deno.test("[REC-6] a disk that gets full pauses the recording; what was written before stays", async () => {
  const studio = await makeOpen();
  studio.disk.writeError = FULL;
  studio.happen(TICK, 1);
  await studio.pass(50);
  for (let i = 0; i < 3; i++) {
    studio.happen(TICK, 1);
    await studio.pass(60_000);
  }
  const why = "No space left on device (os error 28); retrying every 60 s";
  assertEquals(studio.news, ["recording", why]);
  await assertReplays(studio, 1, `${FILE}.1`);
  assert(!studio.disk.files.has(FILE), "what was begun in vain is taken away");
  studio.disk.writeError = null;
  await studio.pass(60_000);
  studio.happen(TICK, 1);
  await studio.recorder.stop();
  assertEquals(studio.news, ["recording", why, "recording"]);
  await assertReplays(studio, 1);
  await assertReplays(studio, 1, `${FILE}.1`);
});

/** Messages of 60 kB from a client to itself, which no bound of the server holds up. */
const LARGE = settingsFrom({
  ...SMALL,
  max_message_bytes: 65_536,
  max_unsent_bytes: 2_097_152,
  max_record_bytes: 268_435_456,
  frame_rate: 0,
  alive_timeout: 90_000,
});
const SAY = says(1, { type: "OFFER", dst: "a", payload: "x".repeat(60_000) });

/** A studio with a client, in whose first file that client is. */
async function makeOpen(settings = settingsFrom(SMALL)): Promise<Studio> {
  const studio = new Studio(settings);
  studio.happen(opened);
  await studio.pass(50);
  return studio;
}

Deno.test("[REC-6] half a MiB is written at once, and what comes meanwhile when its write is over", async () => {
  const studio = await makeOpen(LARGE);
  const sizes = (): number[] => sizesOf(studio).slice(2).map((bytes) => Math.round(bytes / 60_000));
  for (let i = 0; i < 8; i++) studio.happen(SAY);
  await settled();
  assertEquals(sizes(), []);
  for (let i = 0; i < 11; i++) studio.happen(SAY);
  await settled();
  assertEquals(sizes(), [9]);
  studio.happen(SAY);
  await settled();
  assertEquals(sizes(), [9, 11]);
  await studio.recorder.stop();
  await assertReplays(studio, 21);
});

Deno.test("[REC-6] what waits for a write that takes long is written in few large pieces, and none is left behind", async () => {
  const studio = await makeOpen(LARGE);
  const stall = Promise.withResolvers<void>();
  studio.disk.stall = stall.promise;
  for (let i = 0; i < 200; i++) studio.happen(SAY, 1);
  await settled();
  const before = studio.disk.writes;
  stall.resolve();
  await studio.recorder.stop();
  assertEquals(
    studio.disk.writes - before,
    3,
    "12 MB in buffers of 4 MiB, a part of them under way",
  );
  await assertReplays(studio, 201);
});

Deno.test("[REC-6] a disk that is too slow: what waits is bounded, is written, and a new file begins 10 s later", async () => {
  const studio = await makeOpen(LARGE);
  const stall = Promise.withResolvers<void>();
  studio.disk.stall = stall.promise;
  for (let i = 0; i < 1_000; i++) studio.happen(SAY, 1);
  await settled();
  assertEquals(studio.news.length, 2);
  assertMatch(
    studio.news[1] ?? "",
    /^The disk is too slow: 33[56]\d{5} bytes wait; a new file begins 10 s after they are written$/,
  );
  stall.resolve();
  studio.disk.stall = null;
  await settled();
  await studio.pass(9_999);
  assertEquals([studio.news.length, studio.disk.files.size], [2, 1], "no snapshot yet");
  await studio.pass(1);
  assertEquals(studio.news.at(-1), "recording");
  studio.happen(SAY, 1);
  await studio.recorder.stop();
  await assertReplays(studio, 1);
  const before = textOf(studio.disk, `${FILE}.1`);
  assert(before.length > 33_000_000 && before.length < 34_000_000, `${before.length}`);
  assertEquals((await replayText(before, "--quiet", "--every", "1000")).code, 0);
});

Deno.test("[REC-6] a recording that was stopped takes down nothing, and can be stopped twice", async () => {
  const studio = new Studio();
  studio.happen(opened);
  const first = studio.recorder.stop();
  studio.happen(TICK, 1);
  await first;
  await studio.recorder.stop();
  await studio.pass(100_000);
  await assertReplays(studio, 1);
  const never = new Studio();
  await never.recorder.stop();
  never.happen(opened);
  assertEquals(never.disk.files.size, 0);
});

Deno.test("[REC-6] a disk that fails at the end is told", async () => {
  const studio = await makeOpen();
  studio.disk.writeError = FULL;
  studio.happen(TICK, 1);
  await studio.recorder.stop();
  assertEquals(studio.news, [
    "recording",
    "No space left on device (os error 28); the end of the recording is missing",
  ]);
});

Deno.test("[REC-3] an event that no file has room for is left out, and a new file begins after it", async () => {
  const bounds = { ...SMALL, max_message_bytes: 60_000, max_unsent_bytes: 1_000_000 };
  const studio = new Studio(settingsFrom(bounds));
  studio.happen(opened);
  studio.happen(says(1, "\0".repeat(60_000)), 1);
  studio.happen(TICK, 1);
  await studio.recorder.stop();
  assertMatch(studio.news[0] ?? "", /^left out 360\d\d\d$/);
  await assertReplays(studio, 1);
  await assertReplays(studio, 1, `${FILE}.1`);
});

/** Small files, and 16 sources that can keep 1 MiB each. */
const FULL_SERVER = settingsFrom({
  frame_rate: 0,
  expire_timeout: 3_600_000,
  alive_timeout: 3_600_000,
  max_record_bytes: 65_536,
  record: FILE,
});
const SOURCES = 16;

/** What a piece may have: 1 Mi characters and the record that fills it. */
const PIECE_MAX_BYTES = 1_048_576 + 61_000;

const CHATTER = connId(1_000);

/** One message of 8 kB that is delivered, not stored. */
const CHAT = says(CHATTER, offer("chatter", 8_000));

function offer(dst: string, length: number): unknown {
  return { type: "OFFER", dst, payload: "x".repeat(length) };
}

/** A full server that records. */
class Full extends Studio {
  #under = Promise.withResolvers<void>();

  /** Of its snapshot there are some `megabytes`; it has just begun its first file with that. */
  static async make(megabytes: number): Promise<Full> {
    const studio = new Full(FULL_SERVER);
    const { disk } = studio;
    disk.beginError = new Error("Not yet");
    studio.recorder.start();
    await settled();
    for (let i = 1; i <= SOURCES; i++) studio.happen(opening(i, { id: `source ${i}` }), 1);
    studio.happen(opening(CHATTER, { id: "chatter" }));
    for (let i = 0; i < megabytes * 17; i++) {
      studio.happen(says(1 + i % SOURCES, offer(`absent ${i}`, 60_000)));
    }
    disk.beginError = null;
    disk.stall = studio.#under.promise;
    await studio.pass(60_000);
    return studio;
  }

  /** Lets the disk end the write that is under way, and all that comes of it happen. */
  async write(): Promise<void> {
    const { resolve } = this.#under;
    this.#under = Promise.withResolvers();
    this.disk.stall = this.#under.promise;
    resolve();
    await settled();
  }

  /** Lets the disk write until it is so; if nothing else is said, until the file has its whole opening. */
  async until(isSo = (): boolean => this.news.at(-1) === "recording"): Promise<void> {
    for (let i = 0; !isSo(); i++) {
      assert(i < 1_000, "it never ends");
      await this.write();
    }
  }

  /** Lets the disk write all that waits. */
  async stop(): Promise<void> {
    let isStopped = false;
    const stopped = this.recorder.stop().then(() => isStopped = true);
    await this.until(() => isStopped);
    await stopped;
  }
}

function sizesOf({ disk }: Studio, path = FILE): number[] {
  return (disk.files.get(path) ?? []).map(({ length }) => length);
}

Deno.test("[REC-3] [REC-6] a piece of a large snapshot is made when the one before it is written, and all before what follows", async () => {
  const studio = await Full.make(8);
  for (let i = 1; i <= 5; i++) {
    studio.happen(CHAT);
    await settled();
    assertEquals([sizesOf(studio).length, studio.disk.writes], [i - 1, i]);
    await studio.write();
  }
  await studio.until();
  studio.happen(CHAT);
  await studio.stop();
  const sizes = sizesOf(studio);
  assert(sizes.every((bytes) => bytes <= PIECE_MAX_BYTES), sizes.join());
  assert(sizes.reduce((sum, bytes) => sum + bytes) > 8_000_000);
  assertEquals(studio.disk.busiest, 1);
  await assertReplays(studio, 6);
  const restored = await replayText(textOf(studio.disk), "--at=99999999");
  const { storedBytes } = JSON.parse(restored.printed.join("\n"));
  assertEquals(storedBytes, studio.runtime.state().storedBytes);
});

Deno.test("[REC-6] a piece ends too when making it takes long, and no record is lost between two", () => {
  const studio = new Studio(FULL_SERVER);
  for (let i = 1; i <= 1_000; i++) studio.happen(opening(i, { id: `peer ${i}` }), 1);
  const header = {
    format: FORMAT,
    version: VERSION,
    epochMs: 0,
    at: millis(1_000),
    rules: rulesOf(FULL_SERVER),
  } as const;
  const taken = takeSnapshot(studio.runtime.state());
  let clock = 0;
  let found = 0;
  let pieces = 0;
  const openings = preambleOf(header, taken, () => clock += 2);
  for (let isWhole = false; !isWhole; pieces++) {
    const { value, done = false } = openings.next();
    isWhole = done;
    for (const line of value.split("\n").slice(pieces === 0 ? 1 : 0, -1)) {
      found += JSON.parse(line).entries.length;
    }
  }
  assertEquals(found, 2_001, "claims, connections, and the address of all");
  assertEquals(pieces, 32, "a look every 32 records; at the second it is over");
});

Deno.test("[REC-3] what a state was when its file began is what is written, whatever becomes of it", async () => {
  const studio = await Full.make(4);
  for (let i = 1; i <= SOURCES; i++) {
    studio.happen({ kind: "socket-closed", conn: connId(i), code: 1006 });
  }
  for (let i = 0; i < 68; i++) studio.happen(opening(2_000 + i, { id: `absent ${i}` }));
  assertEquals(studio.runtime.state().stored.size, 0);
  await studio.until();
  await studio.stop();
  await assertReplays(studio, SOURCES + 68);
});

Deno.test("[REC-3] a file takes as many bytes of events as of its snapshot, before another begins", async () => {
  const studio = await Full.make(4);
  await studio.until();
  const snapshotBytes = sizesOf(studio).reduce((sum, bytes) => sum + bytes);
  let events = 0;
  while (!studio.disk.files.has(`${FILE}.1`)) {
    studio.happen(CHAT);
    events++;
    await studio.pass(50);
    await studio.write();
  }
  const bytes = sizesOf(studio, `${FILE}.1`).reduce((sum, bytes) => sum + bytes);
  assert(bytes <= snapshotBytes * 2 && bytes > snapshotBytes * 1.8, `${bytes} of ${snapshotBytes}`);
  await studio.stop();
  await assertReplays(studio, events, `${FILE}.1`);
  await assertReplays(studio, 0);
});

Deno.test("[REC-3] [REC-6] what happens while a snapshot is written begins no other file, and is all there", async () => {
  const studio = await Full.make(3);
  for (let i = 0; i < 1_000; i++) studio.happen(CHAT);
  await studio.write();
  assertEquals([...studio.disk.files.keys()], [FILE]);
  await studio.until();
  assertEquals(studio.news.slice(1), ["recording"], "nothing is left out");
  studio.happen(CHAT);
  await studio.stop();
  await assertReplays(studio, 1_000, `${FILE}.1`);
  await assertReplays(studio, 1);
});

Deno.test("[REC-6] what waits for a snapshot is bounded; the snapshot and what waits are written", async () => {
  const studio = await Full.make(3);
  let events = 0;
  for (; studio.news.length < 2; events++) studio.happen(CHAT);
  assertMatch(studio.news[1] ?? "", /^The disk is too slow: 33[56]\d{5} bytes /);
  studio.happen(CHAT);
  for (let i = 0; i < 30; i++) await studio.write();
  await assertReplays(studio, events);
  await studio.pass(10_000);
  await studio.until();
  assertEquals(studio.news.length, 3);
  studio.happen(CHAT);
  await studio.stop();
  await assertReplays(studio, 1);
});

Deno.test("[REC-4] [REC-6] a recording that ends within its snapshot is none yet, and says so; one that is stopped there is whole", async () => {
  const studio = await Full.make(4);
  await studio.write();
  const whole = textOf(studio.disk);
  for (const text of [whole, whole.slice(0, -10)]) {
    const { code, printed, complaints } = await replayText(text);
    assertEquals([code, printed], [2, []]);
    assertMatch(
      complaints.at(-1) ?? "",
      /^The recording ends within the snapshot it begins with: \d+ of 68 stored are there\.$/,
    );
  }
  studio.happen(CHAT);
  await studio.stop();
  await assertReplays(studio, 1);
});
