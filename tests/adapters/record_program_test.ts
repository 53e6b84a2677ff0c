/**
 * The program with `--record`: what it wrote runs again, has no secret in it, and a disk that cannot be
 * written is nobody's trouble.
 */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { type ChildOptions, startChild } from "../support/child.ts";
import { ROOT, runMain } from "../support/main.ts";
import { makeFolder } from "../support/folder.ts";
import { openSocket } from "../support/peer_socket.ts";

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
  const a = await openSocket({ ...client, id: "a" });
  await a.next();
  const b = await openSocket({ ...client, id: "b", token: `${TOKEN}-b` });
  await b.next();
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
  await using again = await openSocket({ ...client, id: "a" });
  await again.next();
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
});

Deno.test("[REC-3] a program that starts again keeps the recording of the run before", async () => {
  await using place = await makeFolder();
  const folder = place.path;
  const file = `${folder}/run.ndjson`;
  for (let run = 0; run < 2; run++) {
    const child = await startChild({ args: ["--record", file] });
    await child.nextLine((line) => line.includes(`Recording to`));
    await child.stop();
  }
  const names = place.names();
  assertEquals(names, ["run.ndjson", "run.ndjson.1"]);
  for (const name of names) assertEquals((await replayFile(`${folder}/${name}`)).code, 0);
  const port = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const before = await Deno.readTextFile(file);
  const taken = ["--port", String(port.addr.port), "--host", "127.0.0.1", "--record", file];
  assertEquals((await runMain(taken)).code, 1);
  port.close();
  assertEquals(await Deno.readTextFile(file), before, "a start that fails leaves it alone");
});

Deno.test("[REC-6] a recording that cannot be written is told, and the server serves", async () => {
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
});
