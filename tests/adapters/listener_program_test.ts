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
