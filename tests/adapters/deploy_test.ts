/**
 * The program as Deno Deploy runs it: Deno 2.5.0, no flags, variables, SIGINT and 5 s at the end. Without that Deno the
 * tests are ignored, and one line says so, unless `SIGNALBOX_REQUIRE` names deno-2.5.
 */
import { joined, PREFIX, redisPath, SECRET } from "../cluster/nodes.ts";
import { findRedis, freePort, startRedis } from "../cluster/redis.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { type Child, startChild } from "../support/child.ts";
import { openPeers } from "../support/events.ts";
import { makeFolder } from "../support/folder.ts";
import { runMain, spawnMain } from "../support/main.ts";
import { findOldDeno } from "../support/old_deno.ts";
import { collectOutput, kill } from "../support/output.ts";
import { join } from "../support/peer_socket.ts";
import { openRaw } from "../support/raw_socket.ts";

const search = findOldDeno();
if (search.kind === "missing") console.warn(`No test of Deno Deploy runs: ${search.reason}`);
const ignore = search.kind === "missing" && search.allowed;
const redisSearch = findRedis();

/** Where that Deno is; fails if it is not there. */
function oldDeno(): string {
  if (search.kind === "missing") throw new Error(search.reason);
  return search.path;
}

/** What the platform sets. It names the client in a header, which Deno believes and takes away. */
const PLATFORM = {
  DENO_DEPLOY: "true",
  DENO_DEPLOYMENT_ID: "0",
  DENO_TRUST_PROXY_HEADERS: "1",
  DENO_NO_UPDATE_CHECK: "1",
};

/** Starts an instance on loopback. */
function startInstance(env: Readonly<Record<string, string>>): Promise<Child> {
  const listen = { PORT: "0", PEERSERVER_HOST: "127.0.0.1" };
  return startChild({ deno: oldDeno(), isHosted: true, env: { ...PLATFORM, ...listen, ...env } });
}

/** Asks it to end, and kills it after 5 s, as the platform does. */
async function endAsDeploy(child: Child): Promise<Deno.CommandStatus> {
  const timer = setTimeout(() => Deno.kill(child.pid, "SIGKILL"), 5_000);
  return await child.stop("SIGINT").finally(() => clearTimeout(timer));
}

Deno.test({
  name:
    "[SET-6] [LIFE-3] Deno 2.5.0 without flags: peers meet, presence says so, and SIGINT ends it in 5 s",
  ignore,
  fn: async () => {
    const child = await startInstance({ PEERSERVER_ALLOW_DISCOVERY: "true" });
    for (const path of ["", "healthz", "readyz", "peerjs/id"]) {
      const response = await fetch(`${child.url}${path}`);
      await response.body?.cancel();
      assertEquals(response.status, 200, path);
    }
    await using peers = await openPeers(`${child.url}peerjs/peers`);
    const [a, b] = [await join(child, "a"), await join(child, "b")];
    await peers.until("a", "b");
    for (const type of ["OFFER", "ANSWER", "CANDIDATE"]) {
      const [[from, src], [to, dst]] = type === "ANSWER"
        ? [[b, "b"], [a, "a"]] as const
        : [[a, "a"], [b, "b"]] as const;
      from.send({ type, dst, payload: { sdp: "v=0" } });
      assertEquals(await to.next(), { type, src, dst, payload: { sdp: "v=0" } });
    }
    using _stuck = await openRaw(child.port, "never answers its close");
    await peers.until("a", "b", "never answers its close");
    const { code, signal } = await endAsDeploy(child);
    assertEquals([code, signal], [0, null], child.lines.join("\n"));
    assertEquals([(await a.closed).code, (await b.closed).code], [1_001, 1_001]);
    assertEquals(child.lines.filter((line) => /"(?:WARN|ERROR|FATAL)/.test(line)), []);
  },
});

Deno.test({
  name:
    "[SET-17] what the platform listens on is no port of TCP, and the client is whom it names: deno",
  ignore,
  fn: async () => {
    await using folder = await makeFolder();
    const path = `${folder.path}/socket`;
    const child = spawnMain([], { ...PLATFORM, DENO_SERVE_ADDRESS: `unix:${path}` }, [], {
      deno: oldDeno(),
    });
    const output = collectOutput(child);
    try {
      const line = await output.first((line) => line.includes('"listening"'));
      assertStringIncludes(line, `{ host: \\"<the name of your site>\\", port: 443, path:`);
      assert(!/undefined|localhost/.test(line), line);
      using client = Deno.createHttpClient({ proxy: { transport: "unix", path } });
      const headers = { "x-deno-client-address": "[::ffff:192.0.2.7]:5678" };
      const response = await fetch("http://localhost/", { client, headers });
      await response.body?.cancel();
      assertEquals(response.headers.get("signalbox-seen-as"), "192.0.2.7; direct");
    } finally {
      kill(child, "SIGINT");
      await output.finished;
    }
    assertEquals((await child.status).code, 0);
  },
});

Deno.test("[SET-17] what the platform listens on is no port of TCP, and the start says it: node", async () => {
  await using folder = await makeFolder();
  const { code, stderr } = await runMain(["--listener", "node"], {
    DENO_SERVE_ADDRESS: `unix:${folder.path}/socket`,
  });
  assertEquals(code, 2);
  assertMatch(stderr, /^Option listener: node needs a port of TCP, and DENO_SERVE_ADDRESS .*\n$/);
});

Deno.test({
  name:
    "[SET-18] Deno 2.5.0 serves TLS with listener deno; listener node and the admin port say what they need",
  ignore,
  fn: async () => {
    await using certificate = await makeCertificate();
    const env = {
      PEERSERVER_SSLKEY: certificate.key,
      PEERSERVER_SSLCERT: certificate.cert,
      PEERSERVER_LISTENER: "deno",
    };
    await using child = await startInstance(env);
    using client = Deno.createHttpClient({ caCerts: [certificate.pem] });
    const response = await fetch(`https://localhost:${child.port}/healthz`, { client });
    assertEquals(await response.text(), "ok\n");
    for (const option of ["listener", "admin_port"]) {
      const value = option === "listener" ? "node" : "9001";
      const given = {
        PORT: "0",
        PEERSERVER_HOST: "127.0.0.1",
        [`PEERSERVER_${option.toUpperCase()}`]: value,
      };
      const old = spawnMain([], { ...PLATFORM, ...given }, [], { deno: oldDeno() });
      const output = collectOutput(old);
      await output.finished;
      assertEquals((await old.status).code, 2);
      const said =
        `^Option ${option}: .* needs Deno 2\\.8 or later, and this is 2\\.5\\.0\\. Update`;
      assertMatch(output.lines.at(-1) ?? "", new RegExp(said));
    }
  },
});

Deno.test({
  name:
    "[CLUSTER-31] [FAULT-35] two instances on Deno 2.5.0 find each other over rediss:, and one that ends gives its ids up",
  ignore: ignore || redisSearch.kind === "missing" && redisSearch.allowed,
  fn: async () => {
    await using redis = await startRedis(redisPath());
    await using certificate = await makeCertificate();
    const { key, cert } = certificate;
    const port = freePort();
    const files = ["tls-key-file", key, "tls-cert-file", cert, "tls-ca-cert-file", cert];
    await redis.send("CONFIG", "SET", ...files, "tls-auth-clients", "no", "tls-port", port);
    const cluster = {
      PEERSERVER_CLUSTER: `rediss://localhost:${port}`,
      PEERSERVER_CLUSTER_SECRET: SECRET,
    };
    const trusting = { ...cluster, DENO_CERT: cert };
    await using wary = await startInstance(cluster);
    const [one, other] = await Promise.all([startInstance(trusting), startInstance(trusting)]);
    await joined(redis, 2);
    await using a = await join(one, "a");
    await using b = await join(other, "b");
    a.send({ type: "OFFER", dst: "b", payload: "x" });
    assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload: "x" });
    assertEquals((await endAsDeploy(one)).code, 0, one.lines.join("\n"));
    assertEquals((await a.closed).code, 1_001);
    await using again = await join(other, "a", { token: "another" });
    again.send({ type: "OFFER", dst: "b", payload: "y" });
    assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload: "y" });
    assertEquals((await endAsDeploy(other)).code, 0, other.lines.join("\n"));
    assertEquals(await redis.send("HLEN", `${PREFIX}claims`), 0);
    await wary.nextLine((line) => line.includes("cluster-away"));
    assert(!wary.lines.some((line) => line.includes("cluster-joined")), "it trusts anybody");
  },
});
