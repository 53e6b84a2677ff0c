/** Nodes as their users run them: what the program logs, records and gives up at its end. */
import { SCRIPTS } from "../../adapters/cluster/scripts.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { startChild } from "../support/child.ts";
import { makeFolder } from "../support/folder.ts";
import { runMain } from "../support/main.ts";
import { join } from "../support/peer_socket.ts";
import { replayText } from "../support/recording.ts";
import { readText } from "../tools/docs.ts";
import { joined, test } from "./nodes.ts";
import { freePort } from "./redis.ts";

const SECRETS = /hush|whisper/;

/** A folder for the recording, and the options of a node with secrets in all that may hold one. */
function options(port: number, record: string): { readonly env: Record<string, string> } {
  return {
    env: {
      PEERSERVER_CLUSTER: `redis://hushuser:hushword@127.0.0.1:${port}/0`,
      PEERSERVER_CLUSTER_SECRET: "whisper-whisper-whisper",
      PEERSERVER_CLUSTER_LEASE: "1000",
      PEERSERVER_LOG_LEVEL: "debug",
      PEERSERVER_RECORD: record,
    },
  };
}

test("[CLUSTER-31] [REC-1] two processes: the recording of each replays, no secret is logged or recorded, and ids are given up at the end", async ({ redis }) => {
  await using folder = await makeFolder();
  const readme = await readText("adapters/cluster/README.md");
  const rule = /^ACL SETUSER signalbox on >PASSWORD (.*)$/m.exec(readme)?.[1] ?? "";
  await redis.send("ACL", "SETUSER", "hushuser", "on", ">hushword", ...rule.split(" "));
  const files = ["one", "other"].map((name) => `${folder.path}/${name}`);
  const [one, other] = await Promise.all(
    files.map((file) => startChild(options(redis.port, file))),
  );
  assert(one !== undefined && other !== undefined);
  await joined(redis, 2);
  await using a = await join(one, "a");
  await using b = await join(other, "b");
  a.send({ type: "OFFER", dst: "b", payload: "x" });
  assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload: "x" });
  await one.nextLine((line) => line.includes("sent-on"));
  await redis.send("CLIENT", "KILL", "TYPE", "pubsub");
  for (const { nextLine } of [one, other]) {
    const first = await nextLine((line) => line.includes("cluster-joined"));
    await nextLine((line) => line.includes("cluster-joined") && line !== first);
  }
  Deno.kill(one.pid, "SIGUSR2");
  await one.nextLine((line) => line.includes('"sizes"'));
  assertEquals([(await one.stop()).code, (await other.stop()).code], [0, 0]);
  assertEquals(await redis.send("HLEN", "{signalbox}:claims"), 0);
  const log = [...one.lines, ...other.lines].join("\n");
  assertStringIncludes(
    log,
    `Joined the cluster \\"signalbox\\" at redis://127.0.0.1:${redis.port} as`,
  );
  assert(!SECRETS.test(log), log);
  for (const file of files) {
    const text = await Deno.readTextFile(file);
    assert(!SECRETS.test(text) && !text.includes("127.0.0.1:"), text);
    for (const kind of ["cluster-started", "engine-connected", "engine-answered", "engine-lost"]) {
      assertStringIncludes(text, `"kind":"${kind}"`);
    }
    const { code, printed } = await replayText(text, "--diff");
    assertMatch(printed.join("\n"), /^\d+ events, no contradiction, 0 with other effects/);
    assertEquals(code, 0);
    const at = /.*"at":(\d+\.?\d*)[^\n]*"kind":"opened"/s.exec(text)?.[1] ?? "";
    const shown = (await replayText(text, "--at", at)).printed.join("\n");
    assertMatch(shown, /"cluster": \{"name":"[^"]+","conn":1,"phase":"joined"/);
    assertMatch(shown, /"owner":"[\da-f]{32}","seq":[1-9]/);
  }
});

test("the rights of a node, as its README has them, are enough for every command of the scripts", async ({ redis }) => {
  const readme = await readText("adapters/cluster/README.md");
  const rule = /^ACL SETUSER signalbox on >PASSWORD (.*)$/m.exec(readme)?.[1] ?? "";
  const given = [...rule.matchAll(/\+(@?)([a-z]+)/g)];
  const allowed = new Set(given.filter(([, at]) => at === "").map(([, , name]) => name));
  for (const [, at, name = ""] of given) {
    if (at === "") continue;
    for (const command of Object([await redis.send("ACL", "CAT", name)]).flat()) {
      allowed.add(command);
    }
  }
  const used = Object.values(SCRIPTS).flatMap((
    script,
  ) => [...script.matchAll(/redis\.call\("(\w+)"/g)]);
  const commands = [...new Set(used.map(([, name = ""]) => name.toLowerCase()))];
  assertEquals(commands.filter((name) => !allowed.has(name)), []);
  assert(commands.length > 10);
});

Deno.test("[CLUSTER-31] a wrong URL is exit 2, with a sentence that does not quote it", async () => {
  const { code, stderr } = await runMain(["--cluster", "redis://hush:whisper@h/x"]);
  assertEquals(code, 2);
  assertMatch(
    stderr,
    /^Option cluster is no usable URL: what follows the host must be the number of a database.*\n$/,
  );
});

test("[CLUSTER-28] [CLUSTER-31] a Redis that is away or wants another password is a warning, and says no secret", async ({ redis }) => {
  await using away = await startChild(options(freePort(), "/dev/null"));
  await away.nextLine((line) => line.includes("cluster-away") && line.includes("ECONNREFUSED"));
  await using wrong = await startChild(options(redis.port, "/dev/null"));
  await wrong.nextLine((line) => line.includes("cluster-away") && line.includes("WRONGPASS"));
  await using open = await startChild({ args: ["--cluster", redis.url] });
  await open.nextLine((line) => line.includes("no-cluster-secret"));
  const log = [...away.lines, ...wrong.lines, ...open.lines].join("\n");
  assert(!SECRETS.test(log), log);
});

test("[CLUSTER-31] rediss: speaks TLS with a Redis whose certificate is trusted, and with no other", async ({ redis }) => {
  await using certificate = await makeCertificate();
  const port = freePort();
  const { key, cert } = certificate;
  const files = ["tls-key-file", key, "tls-cert-file", cert, "tls-ca-cert-file", cert];
  await redis.send("CONFIG", "SET", ...files, "tls-auth-clients", "no", "tls-port", port);
  const args = ["--cluster", `rediss://localhost:${port}`];
  await using trusting = await startChild({ args, env: { DENO_CERT: cert } });
  await trusting.nextLine((line) => line.includes("cluster-joined"));
  await using other = await startChild({ args });
  await other.nextLine((line) => line.includes("cluster-away"));
  assert(!other.lines.some((line) => line.includes("cluster-joined")));
});

test("[CLUSTER-19] a stop does not wait for a Redis that says nothing", async ({ redis }) => {
  await using node = await startChild({ args: ["--cluster", redis.url] });
  await joined(redis, 1);
  await using a = await join(node, "a");
  const pid = Number(/process_id:(\d+)/.exec(String(await redis.send("INFO", "server")))?.[1]);
  Deno.kill(pid, "SIGSTOP");
  try {
    assertEquals((await node.stop()).code, 0);
    assertEquals((await a.closed).code, 1_001);
  } finally {
    Deno.kill(pid, "SIGCONT");
  }
});
