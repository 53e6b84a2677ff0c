/** The program as its users run it: how it starts, what it says when it cannot, how it ends. */
import { freeDescriptors } from "../../adapters/program/descriptors.ts";
import { helpText } from "../../adapters/program/help.ts";
import config from "../../deno.json" with { type: "json" };
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { ROOT, runMain, spawnMain } from "../support/main.ts";
import { collectOutput } from "../support/output.ts";
import { LISTENERS } from "../support/served.ts";

Deno.test("[SET-3] [SET-9] [SET-12] --help and --version print and exit with 0", async () => {
  const everyday = { code: 0, stdout: helpText("everyday"), stderr: "" };
  assertEquals(await runMain(["--help"]), everyday);
  assertEquals(await runMain(["--help", "all"]), { ...everyday, stdout: helpText("all") });
  const version = `signalbox ${config.version}\n`;
  assertEquals(await runMain(["--version"]), { ...everyday, stdout: version });
});

Deno.test("[SET-2] a mistake is one line on stderr and exit code 2", async () => {
  const rule = "must be a whole number from 0 to 65535: got";
  const [flag, variable] = [`Option --port ${rule} "http".\n`, `Variable PORT ${rule} "x".\n`];
  assertEquals(await runMain(["--port", "http"]), { code: 2, stdout: "", stderr: flag });
  assertEquals(await runMain([], { PORT: "x" }), { code: 2, stdout: "", stderr: variable });
});

Deno.test("it starts with what a hosting platform gives it: no flags, a port in a variable", async () => {
  const child = spawnMain([], { DENO_DEPLOY: "1", PORT: "0" });
  const output = collectOutput(child);
  const { properties } = JSON.parse(await output.first((line) => line.includes('"listening"')));
  const about = await fetch(`http://localhost:${properties.port}/`);
  assertEquals((await about.json()).name, "PeerJS Server");
  child.kill("SIGINT");
  await output.finished;
  assertEquals((await child.status).code, 0);
  assertEquals(config.deploy.runtime.entrypoint, "./main.ts");
});

Deno.test("[SET-6] the program says a wrong variable once it has a log, and at the start names it", async () => {
  const env = { PEERSERVER_AUHT: "hush", HOST: "nowhere", PEERSERVER_IP_LIMIT: "1" };
  const child = await startChild({ env });
  await child.stop();
  const [unknown = "", retired = ""] = child.lines;
  assertMatch(unknown, /"WARN".*PEERSERVER_AUHT sets nothing.*did you mean PEERSERVER_AUTH\?/);
  assertMatch(retired, /"WARN".*PEERSERVER_IP_LIMIT does nothing any more/);
  assert(!child.lines.join("\n").includes("hush"));
  const ended = await runMain([], { PEERSERVER_HOST: "192.0.2.1", PORT: "0" });
  assertEquals(ended.code, 1);
  assertMatch(ended.stderr, /^Option host: cannot listen on .* \(PEERSERVER_HOST sets host\.\)\n$/);
});

Deno.test("[SET-6] [DEPLOY-1] without the permission to read the environment, all or a part of it, nothing breaks, and the log says so", async () => {
  const local = ["--port", "0", "--host", "127.0.0.1", "--log_format", "json"];
  const cases = [[[], "peerjs"], [["--allow-env=PORT,PEERSERVER_KEY"], "k"]] as const;
  for (const [allowed, key] of cases) {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--allow-net", ...allowed, "main.ts", ...local],
      cwd: ROOT,
      env: { PEERSERVER_AUHT: "jwt", PEERSERVER_KEY: "k" },
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = collectOutput(child);
    const { properties } = JSON.parse(await output.first((line) => line.includes('"listening"')));
    const id = await fetch(`${properties.url}${key}/id`);
    assertEquals([id.status, (await id.text()).length], [200, 36]);
    child.kill("SIGTERM");
    await output.finished;
    await child.status;
    assert(!output.lines.join("\n").includes("WARN"), "it cannot know of the variable");
    const which = key === "k" ? String.raw`\d+ of the` : "the";
    const sentence = `may not read ${which} variables .*--allow-env=PEERSERVER_\\*,PORT`;
    assertMatch(output.lines.join("\n"), new RegExp(sentence));
  }
});

Deno.test("[LOG-5] [FAULT-27] an exception that nobody caught ends it with 1, after what was logged", async () => {
  for (const fault of ["setTimeout(() => { throw oops; })", "Promise.reject(oops)"]) {
    for (const redirection of ["", "> /dev/full"]) {
      const program = `import { configureLog, logReloaded } from "./adapters/observe/log.ts";
        import { handleUncaught } from "./adapters/program/program.ts";
        handleUncaught(configureLog({ log_format: "json", log_level: "info" }, false));
        for (let i = 0; i < 3; i++) logReloaded();
        const oops = new Error("oops");
        ${fault};
        setInterval(() => {}, 1_000);`;
      const { code, stdout, stderr } = await new Deno.Command("sh", {
        args: ["-c", `exec "$0" eval "$1" ${redirection}`, Deno.execPath(), program],
        cwd: ROOT,
      }).output();
      assertEquals(code, 1);
      assertMatch(new TextDecoder().decode(stderr), /^error: Uncaught Error: oops\n/);
      const lines = new TextDecoder().decode(stdout).split("\n");
      assertEquals(lines.length - 1, redirection === "" ? 3 : 0);
    }
  }
});

Deno.test("[LOG-6] a line that comes again and again is counted, and told at the end", async () => {
  await using child = await startChild();
  const printed = (): number => child.lines.filter((line) => line.includes('"SIGUSR1"')).length;
  for (let i = 1; i <= 30; i++) {
    Deno.kill(child.pid, "SIGUSR1");
    await child.nextLine(() => printed() === i);
  }
  Deno.kill(child.pid, "SIGUSR1");
  Deno.kill(child.pid, "SIGUSR2"); // Another kind, so its line is printed, and comes after.
  await child.nextLine((line) => line.includes('"sizes"'));
  assertEquals((await child.stop()).code, 0);
  const { level, message, properties } = JSON.parse(child.lines.at(-1) ?? "");
  assertEquals(printed(), 30);
  assertEquals([level, message], ["WARN", "And 1 more of this kind within a minute: signal"]);
  assertEquals([properties.event, properties.kind, properties.count], ["omitted", "signal", 1]);
});

for (const listener of LISTENERS) {
  Deno.test(`[SET-2] [LOG-5] a port or an address that cannot be had ends it with 1, after what was logged: ${listener}`, async () => {
    const flags = ["--listener", listener, "--log_format", "json"];
    for (const host of ["127.0.0.1", ""]) {
      using taken = Deno.listen({ port: 0, hostname: host === "" ? "::" : host });
      const port = String(taken.addr.port);
      const args = [...flags, "--port", port, ...(host === "" ? [] : ["--host", host])];
      const useless = { PEERSERVER_IP_LIMIT: "1", PEERSERVER_AUHT: "1" };
      const { code, stdout, stderr } = await runMain(args, useless);
      assertEquals([code, stdout.match(/"event":"useless-option"/g)?.length], [1, 2]);
      const why = "is taken already: choose another with --port, or stop what has it.";
      assertEquals(stderr, `Option port: ${port} ${why}\n`);
    }
    const foreign = await runMain([...flags, "--port", "0", "--host", "192.0.2.1"]);
    assertEquals([foreign.code, foreign.stdout], [1, ""]);
    assertMatch(foreign.stderr, /^Option host: cannot listen on "192\.0\.2\.1", port 0: .+\n$/);
  });
}

Deno.test("[WORKER-8] the descriptors that are free are those of the limit that are not open", async () => {
  const before = Number(await freeDescriptors(1_000_000));
  const files = await Promise.all(Array.from({ length: 100 }, () => Deno.open("deno.json")));
  const taken = before - Number(await freeDescriptors(1_000_000));
  for (const file of files) file.close();
  // What other tests leave behind may close meanwhile.
  assert(taken > 50 && taken < 150, `${taken}`);
  assertEquals(await freeDescriptors(null), null);
});
