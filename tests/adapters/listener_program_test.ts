/**
 * The program with each listener: how it fails to start, how it ends, and what only one of them can do.
 */
import { assertEquals, assertMatch } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { runMain } from "../support/main.ts";
import { openSocket } from "../support/peer_socket.ts";
import { openRaw } from "../support/raw_socket.ts";

for (const listener of ["deno", "node"]) {
  const chosen = ["--listener", listener];

  Deno.test(`[SET-2] a port or an address that cannot be had ends it with 1: ${listener}`, async () => {
    for (const host of ["127.0.0.1", ""]) {
      using taken = Deno.listen({ port: 0, hostname: host === "" ? "::" : host });
      const { port } = taken.addr;
      const args = [...chosen, "--port", String(port), ...(host === "" ? [] : ["--host", host])];
      const stderr =
        `Option port: ${port} is taken already: choose another with --port, or stop what has it.\n`;
      assertEquals(await runMain(args), { code: 1, stdout: "", stderr });
    }
    const foreign = await runMain([...chosen, "--port", "0", "--host", "192.0.2.1"]);
    assertEquals(foreign.code, 1);
    assertMatch(foreign.stderr, /^Option host: cannot listen on "192\.0\.2\.1", port 0: .+\n$/);
  });

  Deno.test(`[SET-2] a TLS file that is missing, or is none, ends it with 2: ${listener}`, async () => {
    const missing = ["--sslkey", "/no/such.pem", "--sslcert", "LICENSE"];
    const { code, stderr } = await runMain([...chosen, "--port", "0", ...missing]);
    assertEquals(code, 2);
    assertMatch(stderr, /^Option sslkey: cannot read "\/no\/such\.pem": [^\n]+\n$/);
    const files = ["--sslkey", "LICENSE", "--sslcert", "LICENSE"];
    const wrong = await runMain([...chosen, "--port", "0", ...files]);
    assertEquals(wrong.code, 2);
    assertMatch(wrong.stderr, /^Options sslkey, sslcert: cannot use these files: [^\n]+\n$/);
  });

  Deno.test(`[LIFE-3] SIGTERM tells the clients and exits with 0: ${listener}`, async () => {
    await using child = await startChild({ args: chosen });
    using silent = await openRaw(child.port, "silent");
    assertEquals(await silent.json(), { type: "OPEN" });
    const client = { wsUrl: child.wsUrl, key: "peerjs", token: "t" };
    await using a = await openSocket({ ...client, id: "a" });
    assertEquals(await a.next(), { type: "OPEN" });
    const status = await child.stop();
    assertEquals([status.code, status.signal], [0, null]);
    assertEquals(await a.closed, { code: 1001, reason: "Server is shutting down" });
    assertEquals(await silent.closed(), 1001);
  });
}
