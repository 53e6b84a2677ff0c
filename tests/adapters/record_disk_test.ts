/** The files of a recording in a folder that somebody else can write to: no link is followed, nothing is waited for. */
import { StartError } from "../../adapters/errors.ts";
import { beginFile, checkRecordFile } from "../../adapters/record/disk.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { makeFolder, makePipe } from "../support/folder.ts";

interface Folder {
  readonly file: string;
  /** What nobody may touch. */
  readonly victim: string;
}

async function inFolder(body: (folder: Folder) => Promise<void>): Promise<void> {
  await using folder = await makeFolder();
  const victim = `${folder.path}/victim`;
  await Deno.writeTextFile(victim, "mine");
  await body({ file: `${folder.path}/run.ndjson`, victim });
  assertEquals(await Deno.readTextFile(victim), "mine");
  assert((await Deno.lstat(victim)).isFile);
}

async function record(path: string, text: string): Promise<void> {
  const sink = await beginFile(path);
  await sink.write(new TextEncoder().encode(text));
  await sink.close();
}

async function reasonOf(failing: Promise<unknown>): Promise<Error> {
  try {
    await failing;
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("It was let in");
}

Deno.test("[REC-3] [REC-8] FILE and FILE.1 are ours alone, whatever a link at FILE.1 points to", async () => {
  await inFolder(async ({ file, victim }) => {
    await record(file, "one");
    await Deno.symlink(victim, `${file}.1`);
    await record(file, "two");
    await record(file, "three");
    assertEquals(await Deno.readTextFile(file), "three");
    assertEquals(await Deno.readTextFile(`${file}.1`), "two");
    for (const path of [file, `${file}.1`]) {
      const { isFile, mode } = await Deno.lstat(path);
      assertEquals([isFile, (mode ?? 0) & 0o777], [true, 0o600]);
    }
  });
});

Deno.test("[REC-8] a link, a folder or a pipe that takes the place of the file is left alone", async () => {
  await inFolder(async ({ file, victim }) => {
    await record(file, "one");
    await record(file, "two");
    const plant: [() => Promise<void>, RegExp][] = [
      [() => Deno.symlink(victim, file), /^it is a symbolic link/],
      [() => Deno.symlink(`${victim}-that-is-not-there`, file), /^it is a symbolic link/],
      [() => Deno.mkdir(file), /^it is a folder: name a file$/],
      [() => makePipe(file), /^it is a pipe: name a file$/],
    ];
    for (const [make, why] of plant) {
      await Deno.remove(file);
      await make();
      const error = await reasonOf(beginFile(file));
      assertMatch(error.message, why);
      assertEquals(await Deno.readTextFile(`${file}.1`), "one");
    }
    await Deno.remove(file);
  });
});

Deno.test("[REC-8] a device is written to as it is", async () => {
  await record("/dev/null", "one");
  await record("/dev/null", "two");
  assertEquals((await Deno.lstat("/dev/null")).isCharDevice, true);
  await assertRejects(() => Deno.lstat("/dev/null.1"), Deno.errors.NotFound);
  await checkRecordFile({ record: "/dev/null" });
});

Deno.test("[REC-8] the check at the start leaves a recording that is there alone, and names what is in the way", async () => {
  await inFolder(async ({ file, victim }) => {
    await record(file, "one");
    const folder = file.slice(0, file.lastIndexOf("/"));
    const before = [...Deno.readDirSync(folder)].length;
    await checkRecordFile({ record: file });
    await checkRecordFile({ record: `${folder}/another` });
    await checkRecordFile({ record: "" });
    assertEquals([...Deno.readDirSync(folder)].length, before);
    assertEquals(await Deno.readTextFile(file), "one");
    const [link, dangling] = [`${folder}/link`, `${folder}/dangling`];
    await Deno.symlink(victim, link);
    await Deno.symlink(`${folder}/nothing\x1b[31m`, dangling);
    await makePipe(`${folder}/pipe`);
    const notFollowed = "it is a symbolic link, which is not followed: name its target,";
    const places: [string, string][] = [
      [link, `${notFollowed} "${victim}".`],
      [dangling, `${notFollowed} "${folder}/nothing\\u{1b}[31m".`],
      [folder, "it is a folder: name a file."],
      [`${folder}/pipe`, "it is a pipe: name a file."],
      [
        `${folder}/nowhere/run`,
        `no file can be made in "${folder}/nowhere/": No such file or directory (os error 2).`,
      ],
      ...[`${victim}/run`, `${folder}/${"x".repeat(300)}`, "/sys/run", "a\0b"].map((
        place,
      ): [string, string] => [place, ""]),
    ];
    const names = [...Deno.readDirSync(folder)].length;
    for (const [record, why] of places) {
      const error = await reasonOf(checkRecordFile({ record }));
      assert(error instanceof StartError && error.exitCode === 2, error.message);
      assert(error.message.endsWith(why) && !/\p{C}/u.test(error.message), error.message);
    }
    assertEquals([...Deno.readDirSync(folder)].length, names);
  });
});
