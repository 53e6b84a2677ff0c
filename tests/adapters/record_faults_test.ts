/** Disks that are full, slow or not there: the recording pauses and goes on, and nobody else notices. */
import { connId, type Event, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import {
  assertReplays,
  FILE,
  makeDisk,
  makeStudio,
  replayText,
  says,
  settled,
  SMALL,
  type Studio,
  textOf,
} from "../support/recording.ts";
import { opening } from "../support/world.ts";

const TICK: Event = { kind: "tick" };
const opened: Event = opening(1, { id: "a" });
const FULL = new Error("No space left on device (os error 28)");

Deno.test("[REC-6] what happens is written 50 ms later, at most one write at a time", async () => {
  const studio = makeStudio();
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
  const disk = makeDisk();
  disk.beginError = new Error("Permission denied (os error 13)");
  const studio = makeStudio(settingsFrom(SMALL), disk);
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
  const studio = makeStudio(settings);
  studio.happen(opened);
  await studio.pass(50);
  return studio;
}

Deno.test("[REC-6] what waits for a write that takes long is written in few large pieces, and none is left behind", async () => {
  const studio = await makeOpen(LARGE);
  const stall = Promise.withResolvers<void>();
  studio.disk.stall = stall.promise;
  for (let i = 0; i < 200; i++) studio.happen(SAY, 1);
  await settled();
  const before = studio.disk.writes;
  stall.resolve();
  await studio.recorder.stop();
  assertEquals(studio.disk.writes - before, 2, "12 MB in buffers of 4 MiB, one of them under way");
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
  const studio = makeStudio();
  studio.happen(opened);
  const first = studio.recorder.stop();
  studio.happen(TICK, 1);
  await first;
  await studio.recorder.stop();
  await studio.pass(100_000);
  await assertReplays(studio, 1);
  const never = makeStudio();
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
  const settings = settingsFrom({
    ...SMALL,
    max_message_bytes: 60_000,
    max_unsent_bytes: 1_000_000,
  });
  const studio = makeStudio(settings, makeDisk());
  studio.happen(opened);
  studio.happen(says(1, "\0".repeat(60_000)), 1);
  studio.happen(TICK, 1);
  await studio.recorder.stop();
  assertMatch(studio.news[0] ?? "", /^left out 360\d\d\d$/);
  await assertReplays(studio, 1);
  await assertReplays(studio, 1, `${FILE}.1`);
});
