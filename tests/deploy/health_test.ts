/** `health`: what a supervisor without an HTTP client asks. */
import { freePort } from "../cluster/redis.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { startChild } from "../support/child.ts";
import { runMain } from "../support/main.ts";
import { test } from "../support/served.ts";

test.program("[DEPLOY-2] health finds the server by its options, or by the process that has them", async ({ start, listener }) => {
  const port = `${freePort()}`;
  await using child = await start({
    args: ["--port", port, "--path", "/a b"],
    env: { PEERSERVER_HOST: "127.0.0.1" },
  });
  const env = { PEERSERVER_HOST: "127.0.0.1" };
  const up = {
    code: 0,
    stdout: `http://127.0.0.1:${port}/a%20b/healthz: answers 200\n`,
    stderr: "",
  };
  assertEquals(await runMain(["health", "--pid", `${child.pid}`], env), up);
  assertEquals(await runMain(["health", "--port", port, "--path", "/a b"], env), up);
  const wrong = await runMain(["health", "--port", port], env);
  assertEquals([wrong.code, wrong.stdout], [1, `http://127.0.0.1:${port}/healthz: answers 404\n`]);
  assertEquals((await child.stop()).code, 0, listener);
  const down = await runMain(["health", "--port", port], env);
  assertEquals(down.code, 1);
  assertMatch(down.stdout, /healthz: .*ECONNREFUSED/);
});

Deno.test("[DEPLOY-2] health asks over TLS, whatever the certificate is", async () => {
  await using certificate = await makeCertificate(3, { name: "example.com" });
  const args = [
    "--sslkey",
    certificate.key,
    "--sslcert",
    certificate.cert,
    "--port",
    `${freePort()}`,
  ];
  await using child = await startChild({ args });
  const { code, stdout } = await runMain(["health", `--pid=${child.pid}`]);
  assertEquals([code, stdout], [0, `https://127.0.0.1:${child.port}/healthz: answers 200\n`]);
});

Deno.test("[DEPLOY-2] [CLI-3] a mistake in health is one line that says what to write", async () => {
  const cases = [
    [["--port", "0"], /^Option port: 0 is any free port: give the one that it got\.\n$/],
    [["--pid"], /^Option --pid needs the number of a process\.\n$/],
    [["--pid", "../self"], /^Option --pid needs the number of a process\.\n$/],
    [
      ["--pid", "999999999"],
      /^Option --pid: cannot read the options of 999999999: No such file or directory\.\n$/,
    ],
    [["--pid", "1", "--port", "1"], /^After --pid N there are no other options\.\n$/],
    [["--pid", `${Deno.pid}`], /^Option --pid: process \d+ does not run main\.ts\.\n$/],
    [["token"], /^health takes --pid N or the options of the server, and nothing else\.\n$/],
    [["--prot", "1"], /^There is no option "--prot": did you mean --port\?/],
  ] as const;
  for (const [args, says] of cases) {
    const { code, stdout, stderr } = await runMain(["health", ...args]);
    assertEquals([code, stdout], [2, ""]);
    assertMatch(stderr, says);
  }
});
