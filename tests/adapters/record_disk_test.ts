/** The files of a recording: in a folder that somebody else can write to, on a disk that is full, and what the program writes into them. */
import { StartError } from "../../adapters/errors.ts";
import { beginFile, checkRecordFiles } from "../../adapters/record/disk.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "../support/assert.ts";
import { type ChildOptions, startChild } from "../support/child.ts";
import { makeFolder, makePipe } from "../support/folder.ts";
import { ROOT, runMain } from "../support/main.ts";
import { join, openSocket } from "../support/peer_socket.ts";

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
  const error: unknown = await failing.catch((error) => error);
  if (error instanceof Error) return error;
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
  await checkRecordFiles({ record: "/dev/null" }, 1);
});

Deno.test("[REC-8] the check at the start leaves a recording that is there alone, and names what is in the way", async () => {
  await inFolder(async ({ file, victim }) => {
    await record(file, "one");
    const folder = file.slice(0, file.lastIndexOf("/"));
    const before = [...Deno.readDirSync(folder)].length;
    await checkRecordFiles({ record: file }, 1);
    await checkRecordFiles({ record: `${folder}/another` }, 1);
    await checkRecordFiles({ record: "" }, 1);
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
    ];
    const others = [`${victim}/run`, `${folder}/${"x".repeat(300)}`, "/sys/run", "a\0b"];
    for (const place of others) places.push([place, ""]);
    const names = [...Deno.readDirSync(folder)].length;
    for (const [record, why] of places) {
      const error = await reasonOf(checkRecordFiles({ record }, 1));
      assert(error instanceof StartError && error.exitCode === 2, error.message);
      assert(error.message.endsWith(why) && !/\p{C}/u.test(error.message), error.message);
    }
    assertEquals([...Deno.readDirSync(folder)].length, names);
  });
});

const KEY = "sesame-key";
const TOKEN = "sesame-token";

/** Replays a file with the real program. */
async function replayFile(...args: string[]): Promise<{ code: number; stdout: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "replay", ...args],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
  }).output();
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertEquals(text(stderr), "");
  return { code, stdout: text(stdout) };
}

/** Lets clients come, talk, be refused, take over and go. */
async function act(wsUrl: string): Promise<void> {
  const client = { wsUrl, key: KEY, token: TOKEN };
  const a = await join(client, "a", client);
  const b = await join(client, "b", { ...client, token: `${TOKEN}-b` });
  a.send({ type: "OFFER", dst: "b", payload: { sdp: "é\u2028" } });
  await b.next();
  a.send({ type: "OFFER", dst: "nobody", payload: {} });
  a.send({ type: "HEARTBEAT" });
  a.sendRaw("no JSON");
  await a.next();
  a.sendRaw(new Uint8Array(3).fill(0xff));
  await a.next();
  const refused = [
    { ...client, id: "x", key: `${KEY}-wrong` },
    { ...client, id: "x", token: `${TOKEN}\n` },
    { ...client, id: "x", token: TOKEN.repeat(400) },
    { ...client, id: "a", token: `${TOKEN}-wrong` },
    { wsUrl, key: KEY, token: TOKEN },
  ];
  for (const options of refused) await (await openSocket(options)).closed;
  await using _again = await join(client, "a", client);
  await a.closed;
  await b.close();
}

Deno.test("[REC-1] [REC-4] [REC-5] a run of the program is a file that runs again, without a secret in it", async () => {
  await using place = await makeFolder();
  const folder = place.path;
  const file = `${folder}/run.ndjson`;
  const args = ["--record", file, "--key", KEY, "--expire_timeout", "100", "--frame_burst", "50"];
  const child = await startChild({ args });
  await child.nextLine((line) => line.includes(`Recording to`));
  await act(child.wsUrl);
  assertEquals((await child.stop()).code, 0);
  assert(!child.lines.join().includes('"DEBUG"'), "the log has its level");
  assertEquals(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
  const text = await Deno.readTextFile(file);
  for (const secret of ["sesame", folder]) assert(!text.includes(secret), secret);
  const { code, stdout } = await replayFile(file, "--diff");
  assertMatch(stdout, /^\d+ events, no contradiction, 0 with other effects than recorded\n$/);
  assertEquals(code, 0);
  const told = await replayFile(file);
  for (const kind of ["socket-opened", "frame-received", "binary-received", "socket-closed"]) {
    assertStringIncludes(told.stdout, `  ${kind} on `);
  }
  assertMatch(told.stdout, / {2}shutdown-requested\n/);
  using port = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const taken = ["--port", String(port.addr.port), "--host", "127.0.0.1", "--record", file];
  assertEquals((await runMain(taken)).code, 1);
  assertEquals(await Deno.readTextFile(file), text, "a start that fails leaves it alone");
});

Deno.test("[REC-6] [REC-8] a recording that cannot be written is told, and the server serves; a place that cannot have one ends the start", async () => {
  await using place = await makeFolder();
  const folder = place.path;
  const file = `${folder}/run.ndjson`;
  await Deno.mkdir(`${file}.1`);
  await Deno.writeTextFile(file, "");
  const places: [string, RegExp][] = [
    ["/dev/full", /No space left on device/],
    [file, /Is a directory \(os error 21\): rename /],
  ];
  for (const [place, why] of places) {
    const options: ChildOptions = { args: ["--record", place, "--key", KEY] };
    await using child = await startChild(options);
    assertMatch(await child.nextLine((line) => line.includes("Not recording to")), why);
    await act(child.wsUrl);
    assertEquals((await child.stop()).code, 0);
    const told = child.lines.filter((line) => line.includes('"event":"recording"'));
    assertEquals(told.length, 1, told.join("\n"));
  }
  assert(!(await Deno.stat("/dev/full")).isFile);
  const stderr = `Option record: cannot record to "${folder}": it is a folder: name a file.\n`;
  assertEquals(await runMain(["--port", "0", "--record", folder]), { code: 2, stdout: "", stderr });
});
