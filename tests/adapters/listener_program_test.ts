/**
 * The program with each listener: how it fails to start, how it ends, and what only one of them can do.
 */
import { assertEquals, assertMatch } from "../support/assert.ts";
import { type Child, startChild } from "../support/child.ts";
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

  Deno.test(`[SET-2] a TLS file that is none ends it with 2: ${listener}`, async () => {
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

/** Connects and says nothing, until there are this many connections or the system has no more. */
async function crowd(child: Child, count: number): Promise<DisposableStack> {
  const connections = new DisposableStack();
  for (let i = 0; i < count; i++) {
    connections.use(await Deno.connect({ hostname: "127.0.0.1", port: child.port }));
  }
  return connections;
}

/** The status of the first answer; fails where none came by then: the 2 s allowed, and half for a slow machine. */
async function untilAnswered(child: Child, deadline: number): Promise<number> {
  while (performance.now() < deadline) {
    try {
      const response = await fetch(child.url, { signal: AbortSignal.timeout(250) });
      await response.body?.cancel();
      return response.status;
    } catch {
      // Nobody listens, or nobody accepts: again.
    }
  }
  throw new Error("The server does not accept again");
}

Deno.test({
  name: "[FAULT-18] running out of descriptors stops accepting for a while, and nothing else: node",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const prefix = ["prlimit", "--nofile=150"];
    await using child = await startChild({ args: ["--listener", "node"], prefix });
    await using a = await openSocket({ wsUrl: child.wsUrl, key: "peerjs", token: "t", id: "a" });
    assertEquals(await a.next(), { type: "OPEN" });
    const others = await crowd(child, 400);
    assertEquals(await a.fence(), { frames: [], closed: null });
    others.dispose();
    const released = performance.now();
    await child.nextLine((line) => line.includes('"relisten"'));
    assertEquals(await untilAnswered(child, released + 2_500), 200);
    assertEquals(await a.fence(), { frames: [], closed: null });
  },
});
