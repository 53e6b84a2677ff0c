/** The program and its TLS files, with each listener, and the signals that do not end it. */
import { request as secureRequest } from "node:https";
import { assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { answersWith, type Certificate, makeCertificate } from "../support/certificate.ts";
import { type Child, startChild } from "../support/child.ts";
import { runMain } from "../support/main.ts";
import { join, openSocket } from "../support/peer_socket.ts";
import { test } from "../support/served.ts";

function flags(listener: string, { key, cert }: Pick<Certificate, "key" | "cert">): string[] {
  return ["--listener", listener, "--sslkey", key, "--sslcert", cert];
}

/** The status of `GET /`, for a client that trusts every certificate. */
function statusOf(port: number): Promise<number | undefined> {
  const { promise, resolve, reject } = Promise.withResolvers<number | undefined>();
  const options = { host: "127.0.0.1", port, rejectUnauthorized: false, agent: false };
  const request = secureRequest(options, (response) => {
    response.on("end", () => resolve(response.statusCode));
    response.resume();
  });
  request.on("error", reject);
  request.end();
  return promise;
}

/** Sends a signal, and gives what the log says of it. */
async function said(child: Child, signal: Deno.Signal): Promise<string> {
  Deno.kill(child.pid, signal);
  const line = await child.nextLine((line) => line.includes(`"signal":"${signal}"`));
  return JSON.parse(line).message;
}

Deno.test("[SET-10] a certificate of X.509 version 1 is served: node", async () => {
  await using first = await makeCertificate(1);
  await using child = await startChild({ args: flags("node", first) });
  assertEquals(await statusOf(child.port), 200);
});

Deno.test("[SET-10] a certificate of X.509 version 1 is said to be what is wrong: deno", async () => {
  await using first = await makeCertificate(1);
  assertEquals(await runMain(["--port", "0", ...flags("deno", first)]), {
    code: 2,
    stdout: "",
    stderr:
      "Option sslcert: the certificate is one of X.509 version 1, which Deno.serve does not " +
      "take. Make one of version 3, or start the server with --listener node.\n",
  });
});

test.program("[SET-10] [SET-2] files that do not belong together end it with 2", async ({ listener }) => {
  await using one = await makeCertificate();
  await using other = await makeCertificate();
  const both = `${await Deno.readTextFile(one.key)}\n${one.pem}\n`;
  const pairs = [[one.key, other.cert], [one.cert, one.key], [one.cert, one.cert], [
    one.key,
    one.key,
  ]];
  for (const [key = "", cert = ""] of pairs) {
    const { code, stderr } = await runMain(["--port", "0", ...flags(listener, { key, cert })]);
    assertEquals(code, 2, stderr);
    assertStringIncludes(stderr, "Options sslkey, sslcert: cannot use these files: ");
  }
  const missing = flags(listener, { key: "/no/such.pem", cert: one.cert });
  const { code, stderr } = await runMain(["--port", "0", ...missing]);
  assertEquals(code, 2);
  assertMatch(stderr, /^Option sslkey: cannot read "\/no\/such\.pem": [^\n]+\n$/);
  // One file with both in it is what some tools make.
  await Deno.writeTextFile(one.key, both);
  const { key } = one;
  await using child = await startChild({ args: flags(listener, { key, cert: key }) });
  assertEquals(await answersWith(one.pem, child.port), true);
});

test.program("[SET-11] SIGHUP and SIGUSR1 say that they do nothing, and end nothing", async ({ start }) => {
  await using child = await start();
  await using a = await join(child, "a");
  assertEquals(await said(child, "SIGHUP"), "SIGHUP: There are no TLS files to read again");
  assertEquals(
    await said(child, "SIGUSR1"),
    "SIGUSR1: No effect; SIGUSR2 logs how many clients and messages there are",
  );
  a.send({ type: "OFFER", dst: "absent", payload: "x" });
  assertEquals(await a.fence(), { frames: [], closed: null });
  assertEquals((await child.sizes())["claims"], 1);
  const now = await child.nextLine((line) => line.includes('"sizes"'));
  assertEquals(
    JSON.parse(now).message,
    "Now: 1 client from 1 address, 0 sockets not admitted yet, " +
      "1 message waiting from 1 sender for 1 absent peer, wrong tokens from 0 addresses",
  );
  assertEquals(await a.fence(), { frames: [], closed: null });
});

Deno.test("[SET-11] SIGHUP takes the certificate that the files have now, and keeps the old where they are bad: node", async () => {
  await using first = await makeCertificate();
  await using second = await makeCertificate();
  await using child = await startChild({ args: flags("node", first) });
  assertEquals(await answersWith(first.pem, child.port), true);
  for (const bad of ["no certificate", second.pem]) {
    await Deno.writeTextFile(first.cert, bad);
    const before = child.lines.length;
    Deno.kill(child.pid, "SIGHUP");
    const line = await child.nextLine((line) =>
      child.lines.indexOf(line) >= before && line.includes('"signal":"SIGHUP"')
    );
    assertStringIncludes(line, "The TLS files cannot be read again, the old ones stay in use: ");
    assertStringIncludes(line, '"level":"ERROR"');
    assertEquals(await answersWith(first.pem, child.port), true);
  }
  await Deno.copyFile(second.key, first.key);
  await Deno.copyFile(second.cert, first.cert);
  Deno.kill(child.pid, "SIGHUP");
  await child.nextLine((line) => line.includes('"reloaded"'));
  assertEquals(await answersWith(second.pem, child.port), true);
  assertEquals(await answersWith(first.pem, child.port), false);
});

Deno.test("[SET-11] SIGHUP says that Deno.serve cannot take other TLS files, and its sockets go on: deno", async () => {
  await using certificate = await makeCertificate();
  await using child = await startChild({ args: flags("deno", certificate) });
  using trusting = Deno.createHttpClient({ caCerts: [certificate.pem] });
  const wsUrl = `wss://localhost:${child.port}/peerjs`;
  await using socket = await join({ wsUrl }, "a", { options: { client: trusting } });
  assertEquals(
    await said(child, "SIGHUP"),
    "SIGHUP: Deno.serve cannot take other TLS files without closing every socket: the old ones stay " +
      "in use. Restart the server, or start it with --listener node, which can",
  );
  socket.send({ type: "OFFER", dst: "a" });
  assertEquals(await socket.next(), { type: "OFFER", src: "a", dst: "a" });
  assertEquals(await answersWith(certificate.pem, child.port), true);
});

const OPTIONS = { port: 0, hostname: "127.0.0.1", onListen: (): void => {} };

Deno.test("[SET-11] a Deno.serve that leaves its port closes its sockets", async () => {
  const server = Deno.serve(OPTIONS, (request) => Deno.upgradeWebSocket(request).response);
  await using client = await openSocket({ wsUrl: `ws://127.0.0.1:${server.addr.port}/` });
  await server.shutdown();
  assertEquals((await client.closed).code, 1001);
});
