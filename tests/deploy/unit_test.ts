/** The unit for systemd: what it says, that systemd takes it, and that it starts, fails and stops the server. */
import { parseCommand } from "../../adapters/program/cli.ts";
import { SPARE_DESCRIPTORS } from "../../adapters/program/program.ts";
import { freePort } from "../cluster/redis.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { makeFolder } from "../support/folder.ts";
import { runMain } from "../support/main.ts";
import { collectOutput, kill } from "../support/output.ts";
import { join } from "../support/peer_socket.ts";
import { readText } from "../tools/docs.ts";
import { run, startSystemd, whyNoBoot, whyNoSystemd } from "./systemd.ts";

const UNIT = "adapters/deploy/signalbox.service";

const why = whyNoSystemd();
const whyNot = why ?? await whyNoBoot();
if (whyNot !== null) console.warn(whyNot);

function test(name: string, fn: () => Promise<void>, isBooting = false): void {
  Deno.test({ name, ignore: (isBooting ? whyNot : why) !== null, fn });
}

Deno.test("[DEPLOY-4] the unit sets options that exist, and has room for as many clients as they allow", async () => {
  const text = await readText(UNIT);
  const pairs = [...text.matchAll(/^Environment=(.*)$/gm)].flatMap(([, line = ""]) =>
    line.split(" ")
  );
  const env = Object.fromEntries(pairs.map((pair) => pair.split("=", 2)));
  const command = parseCommand([], { get: (name) => env[name], names: () => Object.keys(env) });
  assert(command.kind === "run" && command.warnings.length === 0, JSON.stringify(command));
  const limit = Number(/^LimitNOFILE=(\d+)$/m.exec(text)?.[1]);
  assert(limit >= command.settings.concurrent_limit + 2 * SPARE_DESCRIPTORS);
});

test("[DEPLOY-4] systemd finds nothing wrong with the unit, and little that it may do", async () => {
  await using folder = await makeFolder();
  const path = `${folder.path}/signalbox.service`;
  const text = (await readText(UNIT)).replace("/usr/local/bin/deno", Deno.execPath());
  await Deno.writeTextFile(path, text);
  assertEquals(await run("systemd-analyze", ["verify", path]), [0, ""]);
  // From 0 to 100, as tenths of what it prints; a service without any of this has 96.
  const [code, table] = await run("systemd-analyze", [
    "security",
    "--offline=true",
    "--threshold=20",
    path,
  ]);
  assertEquals(code, 0, table);
  // A check that cannot fail would be none.
  await Deno.writeTextFile(path, text.replace("Type=notify", "Type=notified"));
  assertMatch((await run("systemd-analyze", ["verify", path]))[1], /Failed to parse service type/);
});

test("[DEPLOY-4] the server says that it is ready when it listens, and not if it cannot", async () => {
  await using folder = await makeFolder();
  const socket = `${folder.path}/notify`;
  const receiver = new Deno.Command(Deno.execPath(), {
    args: [
      "eval",
      "--unstable-net",
      `
      const socket = Deno.listenDatagram({ transport: "unixpacket", path: ${
        JSON.stringify(socket)
      } });
      console.log("receives");
      for await (const [bytes] of socket) console.log(new TextDecoder().decode(bytes));`,
    ],
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  }).spawn();
  const output = collectOutput(receiver);
  try {
    await output.first((line) => line === "receives");
    const env = { NOTIFY_SOCKET: socket };
    using taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
    const { code } = await runMain(["--host", "127.0.0.1", "--port", `${taken.addr.port}`], env);
    assertEquals([code, output.lines], [1, ["receives"]]);
    await using _child = await startChild({ env });
    await output.first((line) => line === "READY=1");
  } finally {
    kill(receiver, "SIGTERM");
    await receiver.status;
    await output.finished;
  }
  // Without systemd-notify, or the permission to run it, the log says what is missing, and the server runs.
  const permissions = ["--no-prompt", "--allow-net", "--allow-env"];
  await using child = await startChild({ env: { NOTIFY_SOCKET: socket }, permissions });
  const line = await child.nextLine((line) => line.includes("not-notified"));
  assertStringIncludes(line, "--allow-run=systemd-notify");
  await using _a = await join(child, "a");
});

test(
  "[DEPLOY-4] under systemd the unit starts, reloads, stops, and fails if its port is taken",
  async () => {
    const port = freePort();
    const log = "/run/signalbox.log";
    const dropIn = `[Service]\nEnvironment=PEERSERVER_PORT=${port}\nRestart=no\n` +
      `StandardOutput=file:${log}\nStandardError=file:${log}\n`;
    await using systemd = await startSystemd(UNIT, dropIn);
    const state = async (): Promise<string> =>
      (await systemd.control("show", "-p", "ActiveState,Result,ExecMainStatus", "signalbox"))[1];
    {
      using _taken = Deno.listen({ port, hostname: "127.0.0.1" });
      const [code, text] = await systemd.control("start", "signalbox");
      assertEquals(code, 1, text);
      assertMatch(await state(), /Result=exit-code\nExecMainStatus=1\nActiveState=failed/);
      assertMatch(await systemd.read(log), /Option port: \d+ is taken already/);
    }
    assertEquals(await systemd.control("start", "signalbox"), [0, ""], await systemd.read(log));
    // It listens when the start is over, without a wait.
    await using a = await join({ wsUrl: `ws://127.0.0.1:${port}/peerjs` }, "a");
    assertEquals((await systemd.control("reload", "signalbox"))[0], 0);
    a.send({ type: "OFFER", dst: "a", payload: 1 });
    assertEquals(await a.next(), { type: "OFFER", src: "a", dst: "a", payload: 1 });
    assertEquals((await systemd.control("stop", "signalbox"))[0], 0);
    assertEquals((await a.closed).code, 1001);
    assertMatch(await state(), /Result=success\nExecMainStatus=0\nActiveState=inactive/);
    assertMatch(await systemd.read(log), /"signal":"SIGHUP"/);
  },
  true,
);
