/** The program with each listener: how it fails to start, how it ends, and what only one of them can do. */
import { assertEquals, assertMatch } from "../support/assert.ts";
import { test } from "../support/served.ts";
import { runMain } from "../support/main.ts";

test.program("[SET-2] a port or an address that cannot be had ends it with 1", async ({ listener }) => {
  for (const host of ["127.0.0.1", ""]) {
    using taken = Deno.listen({ port: 0, hostname: host === "" ? "::" : host });
    const { port } = taken.addr;
    const args = [
      "--listener",
      listener,
      "--port",
      String(port),
      ...(host === "" ? [] : ["--host", host]),
    ];
    const stderr =
      `Option port: ${port} is taken already: choose another with --port, or stop what has it.\n`;
    assertEquals(await runMain(args), { code: 1, stdout: "", stderr });
  }
  const foreign = await runMain(["--listener", listener, "--port", "0", "--host", "192.0.2.1"]);
  assertEquals(foreign.code, 1);
  assertMatch(foreign.stderr, /^Option host: cannot listen on "192\.0\.2\.1", port 0: .+\n$/);
});

test.program("[SET-2] a TLS file that is missing, or is none, ends it with 2", async ({ listener }) => {
  const missing = ["--sslkey", "/no/such.pem", "--sslcert", "LICENSE"];
  const { code, stderr } = await runMain(["--listener", listener, "--port", "0", ...missing]);
  assertEquals(code, 2);
  assertMatch(stderr, /^Option sslkey: cannot read "\/no\/such\.pem": [^\n]+\n$/);
  const files = ["--sslkey", "LICENSE", "--sslcert", "LICENSE"];
  const wrong = await runMain(["--listener", listener, "--port", "0", ...files]);
  assertEquals(wrong.code, 2);
  assertMatch(wrong.stderr, /^Options sslkey, sslcert: cannot use these files: [^\n]+\n$/);
});
