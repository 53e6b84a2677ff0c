/**
 * Files that begin with what a full server knows: written in pieces, one a turn, and not too often.
 */
import { connId, type Event, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  FILE,
  makeDisk,
  makeStudio,
  replayText,
  settled,
  type Studio,
  textOf,
} from "../support/recording.ts";
import { opening } from "../support/world.ts";

/** Small files, and 16 sources that can keep 1 MiB each. */
const FULL = settingsFrom({
  frame_rate: 0,
  expire_timeout: 3_600_000,
  alive_timeout: 3_600_000,
  max_record_bytes: 65_536,
  record: FILE,
});
const SOURCES = 16;

/** What a piece may have: 256 Ki characters and the record that fills it. */
const PIECE_MAX_BYTES = 262_144 + 61_000;

const CHATTER = connId(1_000);

function says(conn: number, dst: string, length: number): Event {
  const text = JSON.stringify({ type: "OFFER", dst, payload: "x".repeat(length) });
  return { kind: "frame-received", conn: connId(conn), text };
}

/** One message of 8 kB that is delivered, not stored. */
const CHAT = says(CHATTER, "chatter", 8_000);

/**
 * A server of which a snapshot has some `megabytes`, and that has just been told to begin a file with it. Nothing
 * of it was recorded before, so that its snapshot is the first thing that takes long.
 */
async function makeFull(megabytes: number): Promise<Studio> {
  const disk = makeDisk();
  disk.beginError = new Error("Not yet");
  const studio = makeStudio(FULL, disk);
  studio.recorder.start();
  await settled();
  for (let i = 1; i <= SOURCES; i++) studio.happen(opening(i, { id: `source ${i}` }), 1);
  studio.happen(opening(CHATTER, { id: "chatter" }));
  for (let i = 0; i < megabytes * 17; i++) {
    studio.happen(says(1 + i % SOURCES, `absent ${i}`, 60_000));
  }
  disk.beginError = null;
  await studio.pass(60_000);
  return studio;
}

/** Lets turns pass until the file has its whole opening; how many it took. */
async function turnsToOpen(studio: Studio): Promise<number> {
  for (let turns = 1;; turns++) {
    assert(turns < 1_000, "it never ends");
    await studio.pass(0);
    if (studio.news.at(-1) === "recording") return turns;
  }
}

async function assertReplays({ disk }: Studio, events: number, path = FILE): Promise<void> {
  const { code, printed, complaints } = await replayText(
    textOf(disk, path),
    "--diff",
    "--every=50",
  );
  const summary = `${events} events, no contradiction, 0 with other effects than recorded`;
  assertEquals([code, printed, complaints], [0, [summary], []]);
}

function sizesOf({ disk }: Studio, path = FILE): number[] {
  return (disk.files.get(path) ?? []).map(({ length }) => length);
}

Deno.test("[REC-3] [REC-6] a large snapshot is written in pieces, one a turn, and before what follows", async () => {
  const studio = await makeFull(4);
  assertEquals(sizesOf(studio).length, 1, "the header and a piece, in the turn that begins it");
  for (let i = 2; i <= 5; i++) {
    studio.happen(CHAT);
    await studio.pass(0);
    assertEquals(sizesOf(studio).length, i);
  }
  assert(await turnsToOpen(studio) > 5);
  studio.happen(CHAT);
  await studio.recorder.stop();
  const sizes = sizesOf(studio);
  assert(sizes.every((bytes) => bytes <= PIECE_MAX_BYTES), sizes.join());
  assert(sizes.reduce((sum, bytes) => sum + bytes) > 4_000_000);
  await assertReplays(studio, 5);
  const restored = await replayText(textOf(studio.disk), "--at=99999999");
  const { storedBytes } = JSON.parse(restored.printed.join("\n"));
  assertEquals(storedBytes, studio.runtime.state().storedBytes);
});

Deno.test("[REC-3] what a state was when its file began is what is written, whatever becomes of it", async () => {
  const studio = await makeFull(2);
  for (let i = 1; i <= SOURCES; i++) {
    studio.happen({ kind: "socket-closed", conn: connId(i), code: 1006 });
  }
  for (let i = 0; i < 34; i++) studio.happen(opening(2_000 + i, { id: `absent ${i}` }));
  assertEquals(studio.runtime.state().stored.size, 0);
  await turnsToOpen(studio);
  await studio.recorder.stop();
  await assertReplays(studio, SOURCES + 34);
});

Deno.test("[REC-3] a file takes as many bytes of events as of its snapshot, before another begins", async () => {
  const studio = await makeFull(2);
  await turnsToOpen(studio);
  const snapshotBytes = sizesOf(studio).reduce((sum, bytes) => sum + bytes);
  let events = 0;
  while (!studio.disk.files.has(`${FILE}.1`)) {
    studio.happen(CHAT);
    events++;
    await studio.pass(50);
  }
  const bytes = sizesOf(studio, `${FILE}.1`).reduce((sum, bytes) => sum + bytes);
  assert(bytes <= snapshotBytes * 2 && bytes > snapshotBytes * 1.8, `${bytes} of ${snapshotBytes}`);
  await studio.recorder.stop();
  await assertReplays(studio, events, `${FILE}.1`);
  await assertReplays(studio, 0);
});

Deno.test("[REC-3] [REC-6] what happens while a snapshot is written begins no other file, and is all there", async () => {
  const studio = await makeFull(1);
  for (let i = 0; i < 1_000; i++) studio.happen(CHAT);
  await studio.pass(0);
  assertEquals([...studio.disk.files.keys()], [FILE]);
  await turnsToOpen(studio);
  await turnsToOpen(studio);
  assertEquals(studio.news.slice(1), ["recording"], "nothing is left out");
  studio.happen(CHAT);
  await studio.recorder.stop();
  await assertReplays(studio, 1_000, `${FILE}.1`);
  await assertReplays(studio, 1);
});

Deno.test("[REC-6] what waits for a snapshot is bounded; the snapshot and what waits are written", async () => {
  const studio = await makeFull(1);
  let events = 0;
  for (; studio.news.length < 2; events++) studio.happen(CHAT);
  assertMatch(studio.news[1] ?? "", /^The disk is slower than what happens: 33[56]\d{5} bytes /);
  studio.happen(CHAT);
  for (let i = 0; i < 10; i++) await studio.pass(0);
  await assertReplays(studio, events);
  await studio.pass(10_000);
  await turnsToOpen(studio);
  assertEquals(studio.news.length, 3);
  studio.happen(CHAT);
  await studio.recorder.stop();
  await assertReplays(studio, 1);
});

Deno.test("[REC-6] a recording that is stopped in the middle of a snapshot is whole", async () => {
  const studio = await makeFull(4);
  studio.happen(CHAT);
  await studio.pass(0);
  studio.happen(CHAT);
  await studio.recorder.stop();
  await assertReplays(studio, 2);
});

Deno.test("[REC-6] a disk that gets full in the middle of a snapshot: it is taken away, and tried again", async () => {
  const studio = await makeFull(4);
  studio.happen(CHAT);
  await studio.pass(0);
  studio.disk.writeError = new Error("No space left on device (os error 28)");
  await studio.pass(0);
  assertEquals(studio.news.slice(1), [
    "No space left on device (os error 28); it is tried again every 60 s",
  ]);
  assertEquals(studio.disk.files.size, 0);
  studio.disk.writeError = null;
  await studio.pass(60_000);
  await turnsToOpen(studio);
  studio.happen(CHAT);
  await studio.recorder.stop();
  await assertReplays(studio, 1);
});

Deno.test("[REC-4] a recording that ends within its snapshot is no recording yet, and says so", async () => {
  const studio = await makeFull(2);
  await studio.pass(0);
  const whole = textOf(studio.disk);
  for (const text of [whole, whole.slice(0, -10)]) {
    const { code, printed, complaints } = await replayText(text);
    assertEquals([code, printed], [2, []]);
    assertMatch(
      complaints.at(-1) ?? "",
      /^The recording ends within the snapshot it begins with: \d+ of 34 stored are there\.$/,
    );
  }
  await studio.recorder.stop();
});
