/** The program with workers, as its users run it: what counts for all of them together, and how it ends. */
import { SignJWT } from "jose";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { answersWith, makeCertificate } from "../support/certificate.ts";
import { type Child, startChild } from "../support/child.ts";
import { runMain } from "../support/main.ts";
import { join, openSocket } from "../support/peer_socket.ts";
import { told } from "../cluster/clients.ts";

const TWO = ["--workers", "2"] as const;
const SECRET = "0123456789abcdef0123456789abcdef";

/** Settles when the log has a client of either worker. */
async function bothAdmit({ nextLine }: Child): Promise<void> {
  const isOf = (worker: number) => (line: string): boolean =>
    line.includes('"event":"connected"') && JSON.parse(line).properties.worker === worker;
  for (const worker of [1, 2]) await nextLine(isOf(worker));
}

Deno.test("[WORKER-1] [WORKER-3] [WORKER-9] two workers admit concurrent_limit clients, are one server to them, and have the port for themselves", async () => {
  const args = [...TWO, "--concurrent_limit", "30", "--allow_discovery"];
  await using program = await startChild({ args });
  await using clients = new AsyncDisposableStack();
  const words = await Promise.all(Array.from({ length: 45 }, async (_, i) => {
    const socket = await openSocket({ ...program, key: "peerjs", id: `c${i}`, token: "t" });
    clients.use(socket);
    return Object(await socket.next()).type;
  }));
  assertEquals(words.filter((word) => word === "OPEN").length, 30);
  assertEquals(words.filter((word) => word === "ERROR").length, 15);
  await bothAdmit(program);
  const peers = await (await fetch(`${program.url}peerjs/peers`)).json();
  assertEquals(
    peers.toSorted(),
    words.flatMap((word, i) => word === "OPEN" ? [`c${i}`] : []).sort(),
  );
  assertEquals((await program.sizes())["claims"], 30);
  for (const more of [[], TWO]) {
    const { code, stdout, stderr } = await runMain(["--port", `${program.port}`, ...more]);
    assertEquals([code, stdout], [1, ""]);
    assertStringIncludes(stderr, `Option port: ${program.port} is taken already`);
  }
  assertEquals((await program.stop()).code, 0);
  assertEquals(told(program, "stopping"), 1);
});

Deno.test("[WORKER-9] a drain closes the clients of all workers with 1012, and no worker is ready meanwhile", async () => {
  const args = [...TWO, "--drain", "2", "--auth", "jwt", "--auth_secret", SECRET];
  await using program = await startChild({ args });
  const tokenOf = (id: string): Promise<string> =>
    new SignJWT({ sub: id }).setProtectedHeader({ alg: "HS256" }).setExpirationTime("1m")
      .sign(new TextEncoder().encode(SECRET));
  const ids = Array.from({ length: 12 }, (_, i) => `c${i}`);
  const clients = await Promise.all(
    ids.map(async (id) => await join(program, id, { token: await tokenOf(id) })),
  );
  await bothAdmit(program);
  const ended = program.stop();
  await program.nextLine((line) => line.includes('"event":"draining"'));
  for (let i = 0; i < 10; i++) {
    const answer = await fetch(`${program.url}readyz`, { headers: { connection: "close" } });
    assertEquals([answer.status, await answer.text()], [503, "stopping\n"]);
  }
  for (const { closed } of clients) assertEquals((await closed).code, 1012);
  assertEquals((await ended).code, 0);
});

Deno.test("[WORKER-9] SIGHUP has all workers take the TLS files that there are now: node", async () => {
  await using first = await makeCertificate();
  await using second = await makeCertificate();
  const tls = ["--listener", "node", "--sslkey", first.key, "--sslcert", first.cert];
  await using program = await startChild({ args: [...TWO, ...tls] });
  const answers = async (pem: string): Promise<boolean[]> => {
    const all: boolean[] = [];
    for (let i = 0; i < 10; i++) all.push(await answersWith(pem, program.port));
    return [...new Set(all)];
  };
  assertEquals(await answers(first.pem), [true]);
  await Deno.copyFile(second.key, first.key);
  await Deno.copyFile(second.cert, first.cert);
  Deno.kill(program.pid, "SIGHUP");
  await program.nextLine((line) => line.includes('"reloaded"'));
  assertEquals([await answers(second.pem), await answers(first.pem)], [[true], [false]]);
});

Deno.test("[WORKER-9] a worker that cannot start ends the program with its code, and says once why", async () => {
  await using one = await makeCertificate();
  await using other = await makeCertificate();
  const tls = ["--sslkey", one.key, "--sslcert", other.cert];
  const { code, stdout, stderr } = await runMain([...TWO, "--port", "0", ...tls]);
  assertEquals([code, stdout, stderr.split("\n").length], [2, "", 2], stderr);
  assertStringIncludes(stderr, "Options sslkey, sslcert: cannot use these files: ");
});

Deno.test("[WORKER-2] auto makes one worker a core; where a port cannot be shared, one server runs and a warning says so", async () => {
  const cores = navigator.hardwareConcurrency;
  await using auto = await startChild({ args: ["--workers", "auto"] });
  const shown = auto.lines.flatMap((line) =>
    /"event":"workers","workers":(\d+)/.exec(line)?.[1] ?? []
  );
  assertEquals(shown, cores === 1 ? [] : [`${cores}`]);
  for (const [workers, warnings] of [["3", 1], ["auto", 0]] as const) {
    const env = { DENO_DEPLOYMENT_ID: "some" };
    await using deploy = await startChild({ args: ["--workers", workers], env });
    assertEquals([told(deploy, "workers"), told(deploy, "one-worker")], [0, warnings]);
    const line = deploy.lines.find((line) => line.includes('"one-worker"')) ?? "";
    assert(warnings === 0 || line.includes("3 asked for, and one runs: Deno Deploy"), line);
  }
});
