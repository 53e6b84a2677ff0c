/**
 * The metrics as others read them: Prometheus, an OpenTelemetry collector, a node of a cluster that is asked. Without
 * `prometheus` and `promtool`, or a redis-server, a test is ignored, and one line says so, unless `SIGNALBOX_REQUIRE`
 * names prometheus, or redis.
 */
import { METRICS } from "../../adapters/admin/metrics.ts";
import { findRedis, startRedis } from "../cluster/redis.ts";
import { freePort } from "../support/admin.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { isFile, requiredWords } from "../support/browser.ts";
import { type Child, startChild } from "../support/child.ts";
import { makeFolder } from "../support/folder.ts";
import { ANSWER_MAX_MS, collectOutput } from "../support/output.ts";
import { join, within } from "../support/peer_socket.ts";
import { readText } from "../tools/docs.ts";

const TOKEN = "the-token-of-the-operator";

/** Where a program is that a test needs; `null` if it is not there and need not be. */
function findPrometheus(name: string): string | null {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  const path = folders.map((folder) => `${folder}/${name}`).find(isFile);
  if (path !== undefined) return path;
  const reason = `no ${name} found: install it (Debian: apt-get install prometheus)`;
  if (requiredWords().includes("prometheus")) throw new Error(reason);
  console.warn(`Prometheus does not read the metrics: ${reason}`);
  return null;
}

const [prometheus, promtool] = [findPrometheus("prometheus"), findPrometheus("promtool")];
const redis = findRedis();
if (redis.kind === "missing") console.warn(`The metrics of a node are not read: ${redis.reason}`);

/** Starts the program with an admin port, a token and some options. */
async function startAdmin(
  ...args: readonly string[]
): Promise<{ child: Child; port: number; read: (path: string) => Promise<Response> }> {
  const port = freePort();
  const child = await startChild({
    args: ["--admin_port", `${port}`, ...args],
    env: { PEERSERVER_ADMIN_TOKEN: TOKEN },
  });
  const read = (path: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return { child, port, read };
}

/** Runs a program with an input; gives its exit code and all that it printed. */
async function feed(path: string, args: readonly string[], input: string): Promise<string> {
  const command = new Deno.Command(path, {
    args: [...args],
    ...{ stdin: "piped", stdout: "piped", stderr: "piped" } as const,
  });
  await using process = command.spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  return `${code} ${new TextDecoder().decode(stdout)}${new TextDecoder().decode(stderr)}`;
}

/** Asks again and again until an answer fits. */
async function until<T>(ask: () => Promise<T>, fits: (value: T) => boolean): Promise<T> {
  const giveUpAt = Date.now() + ANSWER_MAX_MS;
  for (;;) {
    const value = await ask();
    if (fits(value)) return value;
    if (Date.now() > giveUpAt) throw new Error(`It stays ${JSON.stringify(value)}`);
  }
}

Deno.test({
  name:
    "[ADMIN-6] [ADMIN-2] Prometheus reads the metrics with the token, as the README configures it",
  ignore: prometheus === null || promtool === null,
  fn: async () => {
    const { child, port, read } = await startAdmin();
    await using _child = child;
    await using _alice = await join(child, "alice");
    await using folder = await makeFolder();
    const [config, token] = [`${folder.path}/prometheus.yml`, `${folder.path}/token`];
    await Deno.writeTextFile(token, TOKEN);
    const [, example = ""] = /```yaml\n(scrape_configs:[^]*?)```/.exec(
      await readText("adapters/admin/README.md"),
    ) ?? [];
    const text = example.replace("127.0.0.1:9001", `127.0.0.1:${port}`)
      .replace("/etc/prometheus/signalbox.token", token).replace("15s", "1s");
    for (const changed of [`127.0.0.1:${port}`, token, "interval: 1s"]) {
      assertStringIncludes(text, changed);
    }
    await Deno.writeTextFile(config, text);

    const linted = await feed(
      promtool ?? "",
      ["check", "metrics"],
      await (await read("/metrics")).text(),
    );
    assertEquals(linted, "0 ");
    const [, , alerts = ""] = (await readText("adapters/admin/README.md")).split("```yaml\n");
    await Deno.writeTextFile(`${folder.path}/rules.yml`, alerts.split("```")[0] ?? "");
    const checked = await feed(promtool ?? "", ["check", "rules", `${folder.path}/rules.yml`], "");
    assertStringIncludes(checked, "6 rules found");

    const web = freePort();
    await using server = new Deno.Command(prometheus ?? "", {
      args: [
        ...[`--config.file=${config}`, `--storage.tsdb.path=${folder.path}/data`],
        `--web.listen-address=127.0.0.1:${web}`,
      ],
      ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
    }).spawn();
    const output = collectOutput(server);
    await output.first((line) => line.includes("Server is ready to receive web requests"));
    const query = async (expression: string): Promise<unknown> => {
      const url = `http://127.0.0.1:${web}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const { data } = await (await fetch(url)).json();
      return data.result.map(({ value }: { value: unknown[] }) => value[1]);
    };
    await until(() => query("up"), (values) => String(values) === "1");
    assertEquals(await query("signalbox_clients"), ["1"]);
    assertEquals(await query('signalbox_opens_total{outcome="admitted"}'), ["1"]);
    assertEquals(await query("sum(signalbox_messages_total)"), ["0"]);
    server.kill();
    await output.finished;
  },
});

Deno.test("[ADMIN-6] with OTEL_DENO Deno exports the same metrics, without an admin port", async () => {
  const received = Promise.withResolvers<Map<string, Exported>>();
  await using collector = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    async (request) => {
      const body: Export = await request.json();
      const metrics = (body.resourceMetrics ?? []).flatMap(({ scopeMetrics }) =>
        scopeMetrics.flatMap(({ scope, metrics }) => scope.name === "signalbox" ? metrics : [])
      );
      const byName = new Map(metrics.map((metric) => [metric.name, metric]));
      const [clients] = byName.get("signalbox_clients")?.gauge?.dataPoints ?? [];
      if (Number(clients?.asInt ?? clients?.asDouble) === 1) received.resolve(byName);
      return Response.json({});
    },
  );
  await using child = await startChild({
    env: {
      OTEL_DENO: "true",
      OTEL_DENO_TRACING: "false",
      OTEL_DENO_CONSOLE: "ignore",
      OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collector.addr.port}`,
      OTEL_METRIC_EXPORT_INTERVAL: "100",
    },
  });
  await using _alice = await join(child, "alice");
  const metrics = await within(received.promise, ANSWER_MAX_MS, "The metric does not come");
  const expected = METRICS.filter(({ isOfNode, isOfWorkers }) => !isOfNode && !isOfWorkers)
    .map(({ name }) => name);
  assertEquals([...metrics.keys()].sort(), expected.sort());
  const opens = metrics.get("signalbox_opens_total")?.sum;
  assertEquals([opens?.isMonotonic, opens?.dataPoints.length], [true, 15]);
  assertEquals(metrics.get("process_resident_memory_bytes")?.unit, "By");
  assert(!child.lines.some((line) => line.includes('"event":"tracing"')));
});

Deno.test("[ADMIN-11] [FAULT-26] where Deno would export URLs with keys and tokens, the log warns", async () => {
  const env = { OTEL_DENO: "true", OTEL_EXPORTER_OTLP_ENDPOINT: "http://127.0.0.1:9" };
  await using child = await startChild({ env: { ...env, OTEL_DENO_CONSOLE: "ignore" } });
  assertStringIncludes(
    await child.nextLine((line) => line.includes('"event":"tracing"')),
    "Set OTEL_DENO_TRACING=false",
  );
});

interface Export {
  readonly resourceMetrics?: readonly {
    readonly scopeMetrics: readonly {
      readonly scope: { readonly name: string };
      readonly metrics: readonly Exported[];
    }[];
  }[];
}

interface Exported {
  readonly name: string;
  readonly unit?: string;
  readonly gauge?: { readonly dataPoints: readonly Point[] };
  readonly sum?: { readonly isMonotonic: boolean; readonly dataPoints: readonly Point[] };
}

interface Point {
  readonly asInt?: string;
  readonly asDouble?: number;
}

Deno.test({
  name: "[ADMIN-6] a node of a cluster has the metrics of its cluster too, and its name",
  ignore: redis.kind === "missing" && redis.allowed,
  fn: async () => {
    if (redis.kind === "missing") throw new Error(redis.reason);
    await using server = await startRedis(redis.path);
    const lease = ["--cluster_lease", "2500"];
    const { child, read } = await startAdmin("--cluster", server.url, ...lease);
    await using _child = child;
    await child.nextLine((line) => line.includes('"event":"cluster-joined"'));
    await using _alice = await join(child, "alice");
    const { server: { node }, metrics } = await until(
      async () => await (await read("/api/stats")).json(),
      ({ metrics }) => metrics.signalbox_cluster_claims[0].value === 1,
    );
    const names = ["nodes", "claims", "joined"].map((name) => `signalbox_cluster_${name}`);
    assertEquals(names.map((name) => metrics[name][0].value), [1, 1, 1]);
    assertEquals(typeof node, "string");
    const shown = Object.keys(metrics).filter((name) => name.startsWith("signalbox_cluster_"));
    assertEquals(shown, METRICS.filter(({ isOfNode }) => isOfNode).map(({ name }) => name));
    const [{ value: seconds }] = metrics.signalbox_cluster_engine_seconds;
    const [{ value: beat }] = metrics.signalbox_cluster_last_beat_seconds;
    assert(seconds > 0 && seconds < 60 && beat >= 0 && beat < 60);
  },
});
