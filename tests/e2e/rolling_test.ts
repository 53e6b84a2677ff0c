/**
 * The unmodified client in a real browser, behind HAProxy, while the three nodes behind that are restarted one after the
 * other. Without a browser, a redis-server or HAProxy the test is ignored, and one line says so, unless
 * `SIGNALBOX_REQUIRE` names what is missing.
 */
import { startDaemon } from "../cluster/daemon.ts";
import { findRedis } from "../cluster/redis.ts";
import { joins, startNode } from "../cluster/stage.ts";
import { findDaemon, freePort } from "../doctor/daemons.ts";
import { assert, assertEquals } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { makeFolder } from "../support/folder.ts";
import { collectOutput, kill } from "../support/output.ts";
import { chat, connect, expectOpen, notes, type Seat, test, wait } from "./lab.ts";

const [redisSearch, proxySearch] = [findRedis(), findDaemon("haproxy")];
const missing = [redisSearch, proxySearch].filter((search) => search.kind === "missing");
if (missing.some(({ allowed }) => allowed)) {
  const reasons = missing.map(({ reason }) => reason).join("; ");
  console.warn(`left out: a rolling restart in a browser: ${reasons}`);
} else {
  test("[FAULT-47] [LIFE-6] [LIFE-7] [HTTP-21] pages connect during a rolling restart, and their connections live on", async (lab) => {
    if (redisSearch.kind === "missing") throw new Error(redisSearch.reason);
    await using redis = await startDaemon({ path: redisSearch.path });
    const ports = Array.from({ length: 3 }, freePort);
    const nodes = await Promise.all(ports.map((port) => start(redis.url, port)));
    await using front = await startFront(ports);

    const place = { port: front.port, path: "/" };
    const seats = [
      await lab.arrive(place, "alice"),
      await lab.arrive(place, "bob"),
    ] as const;
    for (const { tab, id } of seats) await tab.run("comeBack", id, 200);
    const [alice, bob] = seats;
    await connect(alice, bob, "before");
    const labels = ["before"];
    for (const [i, node] of nodes.entries()) {
      const end = node.stop("SIGTERM");
      await node.nextLine((line) => line.includes('"draining"'));
      labels.push(`during ${i}`);
      await connect(bob, alice, `during ${i}`);
      assertEquals((await end).code, 0);
      await Promise.all(seats.map(isBack));
      nodes[i] = await start(redis.url, node.port);
      labels.push(`after ${i}`);
      await connect(bob, alice, `after ${i}`);
    }
    await chat(alice, bob, "before", "before");
    for (const label of labels.slice(1)) await chat(bob, alice, label, label);
    const ends = await Promise.all(seats.map(({ tab, id }) => notes(tab, id, "disconnected")));
    assert(ends.flat().length >= 2, "somebody was on each of the first two nodes");
    const errors = await Promise.all(seats.map(({ tab, id }) => notes(tab, id, "error")));
    assertEquals(errors.flat().filter((error) => Object(error).type !== "network"), []);
    await Promise.all(nodes.map((node) => node.stop()));
  });
}

async function start(url: string, port: number): Promise<Child> {
  const node = await startNode(url, ["--drain", "2", "--port", `${port}`]);
  await joins(node, 1);
  return node;
}

/** Waits until a peer is open: it may not have been disconnected at all. */
async function isBack({ tab, id }: Seat): Promise<void> {
  for (;;) {
    const { disconnected } = Object(await tab.run("state", id));
    if (disconnected === false) return await expectOpen(tab, id);
    await wait(tab, id, "open");
  }
}

interface Front extends AsyncDisposable {
  readonly port: number;
}

/** HAProxy, which asks `/readyz`, and tries another node where one answers 503. */
async function startFront(ports: readonly number[]): Promise<Front> {
  if (proxySearch.kind === "missing") throw new Error(proxySearch.reason);
  const folder = await makeFolder();
  const port = freePort();
  const servers = ports.map((each) => `  server at-${each} 127.0.0.1:${each}`).join("\n");
  const file = `${folder.path}/haproxy.cfg`;
  await Deno.writeTextFile(
    file,
    `defaults
  mode http
  timeout connect 2s
  timeout client 30s
  timeout server 30s
  timeout tunnel 120s
  retries 3
  option redispatch 1
  retry-on conn-failure empty-response 503
frontend web
  bind 127.0.0.1:${port}
  default_backend signalbox
backend signalbox
  balance roundrobin
  option httpchk GET /readyz
  default-server check inter 200ms fall 2 rise 1
${servers}
`,
  );
  const process = new Deno.Command(proxySearch.path, {
    args: ["-db", "-f", file],
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  }).spawn();
  const output = collectOutput(process);
  for (;;) {
    const isThere = await fetch(`http://127.0.0.1:${port}/readyz`).then(async (answer) => {
      await answer.body?.cancel();
      return answer.ok;
    }, () => false);
    if (isThere) break;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      kill(process, "SIGTERM");
      await process.status;
      await output.finished;
      await folder[Symbol.asyncDispose]();
    },
  };
}
