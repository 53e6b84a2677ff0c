/** Files that begin with what a full server knows: written in pieces, one after the other, and not too often. */
import { FORMAT, VERSION } from "../../adapters/record/format.ts";
import { preambleOf } from "../../adapters/record/snapshot.ts";
import { connId, millis, rulesOf, settingsFrom, takeSnapshot } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  assertReplays,
  FILE,
  makeDisk,
  makeStudio,
  replayText,
  says,
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

/** What a piece may have: 1 Mi characters and the record that fills it. */
const PIECE_MAX_BYTES = 1_048_576 + 61_000;

const CHATTER = connId(1_000);

/** One message of 8 kB that is delivered, not stored. */
const CHAT = says(CHATTER, offer("chatter", 8_000));

function offer(dst: string, length: number): unknown {
  return { type: "OFFER", dst, payload: "x".repeat(length) };
}

/** A full server that records. */
interface Full extends Studio {
  /** Lets the disk end the write that is under way, and all that comes of it happen. */
  readonly write: () => Promise<void>;
}

/** One of which a snapshot has some `megabytes`, and that has just begun its first file with that. */
async function makeFull(megabytes: number): Promise<Full> {
  const disk = makeDisk();
  disk.beginError = new Error("Not yet");
  const studio = makeStudio(FULL, disk);
  studio.recorder.start();
  await settled();
  for (let i = 1; i <= SOURCES; i++) studio.happen(opening(i, { id: `source ${i}` }), 1);
  studio.happen(opening(CHATTER, { id: "chatter" }));
  for (let i = 0; i < megabytes * 17; i++) {
    studio.happen(says(1 + i % SOURCES, offer(`absent ${i}`, 60_000)));
  }
  disk.beginError = null;
  let under = Promise.withResolvers<void>();
  disk.stall = under.promise;
  await studio.pass(60_000);
  return Object.assign(studio, {
    write: async () => {
      const { resolve } = under;
      under = Promise.withResolvers();
      disk.stall = under.promise;
      resolve();
      await settled();
    },
  });
}

/** Lets the disk write until it is so. */
async function until(studio: Full, isSo: () => boolean): Promise<void> {
  for (let i = 0; !isSo(); i++) {
    assert(i < 1_000, "it never ends");
    await studio.write();
  }
}

/** Lets the disk write until the file has its whole opening. */
async function open(studio: Full): Promise<void> {
  await until(studio, () => studio.news.at(-1) === "recording");
}

/** Lets the disk write all that waits. */
async function stop(studio: Full): Promise<void> {
  let isStopped = false;
  const stopped = studio.recorder.stop().then(() => isStopped = true);
  await until(studio, () => isStopped);
  await stopped;
}

function sizesOf({ disk }: Studio, path = FILE): number[] {
  return (disk.files.get(path) ?? []).map(({ length }) => length);
}

Deno.test("[REC-3] [REC-6] a piece of a large snapshot is made when the one before it is written, and all before what follows", async () => {
  const studio = await makeFull(8);
  for (let i = 1; i <= 5; i++) {
    studio.happen(CHAT);
    await settled();
    assertEquals([sizesOf(studio).length, studio.disk.writes], [i - 1, i]);
    await studio.write();
  }
  await open(studio);
  studio.happen(CHAT);
  await stop(studio);
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
  const studio = makeStudio(FULL);
  for (let i = 1; i <= 1_000; i++) studio.happen(opening(i, { id: `peer ${i}` }), 1);
  const header = {
    format: FORMAT,
    version: VERSION,
    epochMs: 0,
    at: millis(1_000),
    rules: rulesOf(FULL),
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
  const studio = await makeFull(4);
  for (let i = 1; i <= SOURCES; i++) {
    studio.happen({ kind: "socket-closed", conn: connId(i), code: 1006 });
  }
  for (let i = 0; i < 68; i++) studio.happen(opening(2_000 + i, { id: `absent ${i}` }));
  assertEquals(studio.runtime.state().stored.size, 0);
  await open(studio);
  await stop(studio);
  await assertReplays(studio, SOURCES + 68);
});

Deno.test("[REC-3] a file takes as many bytes of events as of its snapshot, before another begins", async () => {
  const studio = await makeFull(4);
  await open(studio);
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
  await stop(studio);
  await assertReplays(studio, events, `${FILE}.1`);
  await assertReplays(studio, 0);
});

Deno.test("[REC-3] [REC-6] what happens while a snapshot is written begins no other file, and is all there", async () => {
  const studio = await makeFull(3);
  for (let i = 0; i < 1_000; i++) studio.happen(CHAT);
  await studio.write();
  assertEquals([...studio.disk.files.keys()], [FILE]);
  await open(studio);
  assertEquals(studio.news.slice(1), ["recording"], "nothing is left out");
  studio.happen(CHAT);
  await stop(studio);
  await assertReplays(studio, 1_000, `${FILE}.1`);
  await assertReplays(studio, 1);
});

Deno.test("[REC-6] what waits for a snapshot is bounded; the snapshot and what waits are written", async () => {
  const studio = await makeFull(3);
  let events = 0;
  for (; studio.news.length < 2; events++) studio.happen(CHAT);
  assertMatch(studio.news[1] ?? "", /^The disk is too slow: 33[56]\d{5} bytes /);
  studio.happen(CHAT);
  for (let i = 0; i < 30; i++) await studio.write();
  await assertReplays(studio, events);
  await studio.pass(10_000);
  await open(studio);
  assertEquals(studio.news.length, 3);
  studio.happen(CHAT);
  await stop(studio);
  await assertReplays(studio, 1);
});

Deno.test("[REC-4] [REC-6] a recording that ends within its snapshot is none yet, and says so; one that is stopped there is whole", async () => {
  const studio = await makeFull(4);
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
  await stop(studio);
  await assertReplays(studio, 1);
});
