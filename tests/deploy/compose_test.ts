/**
 * The compose file: it says what the options, the image and the Caddyfile say, and the same set-up without containers
 * works. Containers themselves are not started here.
 */
import { parse } from "@std/yaml";
import { parseCommand } from "../../adapters/program/cli.ts";
import { optionOf } from "../../core/mod.ts";
import { joined, test as testRedis } from "../cluster/nodes.ts";
import { freePort } from "../cluster/redis.ts";
import { findDaemon } from "../doctor/daemons.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { makeFolder } from "../support/folder.ts";
import { collectOutput, kill } from "../support/output.ts";
import { join, type PeerSocket } from "../support/peer_socket.ts";
import { readText } from "../tools/docs.ts";

interface Service {
  readonly image: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly healthcheck?: unknown;
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly networks: {
    readonly default: {
      readonly ipam: { readonly config: readonly [{ readonly subnet: string }] };
    };
  };
}

async function readCompose(): Promise<Compose> {
  return parse(await readText("adapters/deploy/compose.yaml")) as Compose;
}

/** The variables of a service, with a secret in place of the one that is asked for. */
function variablesOf({ environment = {} }: Service): Record<string, string> {
  const filled = Object.entries(environment).map(([name, value]) =>
    [name, value.replace(/^\$\{CLUSTER_SECRET:\?[^}]+\}$/, "0123456789abcdef")] as const
  );
  return Object.fromEntries(filled);
}

Deno.test("[DEPLOY-5] the compose file has only options that exist, and agrees with the image and the Caddyfile", async () => {
  const { services, networks } = await readCompose();
  const nodes = Object.entries(services).filter(([, { image }]) => image === "signalbox");
  assertEquals(nodes.length, 2);
  for (const [name, service] of nodes) {
    const env = variablesOf(service);
    const command = parseCommand([], { get: (name) => env[name], names: () => Object.keys(env) });
    assert(command.kind === "run", JSON.stringify(command));
    assertEquals(command.warnings, [], name);
    assertEquals(command.settings.trusted_proxies, [networks.default.ipam.config[0].subnet]);
    assert(new URL(command.settings.cluster).hostname in services, "the Redis is a service");
  }
  for (const { depends_on = {} } of Object.values(services)) {
    for (const [name, { condition }] of Object.entries(depends_on)) {
      const service = services[name];
      // The Dockerfile has a health check for the nodes.
      const isChecked = service?.healthcheck !== undefined || service?.image === "signalbox";
      assert(condition === "service_healthy" && isChecked, name);
    }
  }
  const site = await readText("adapters/deploy/Caddyfile");
  const logOf = (text: string): string => /^\tlog \{[^]*?^\t\}$/m.exec(text)?.[0] ?? "none";
  const recipe = await readText("adapters/listen/recipes/Caddyfile");
  assertEquals(logOf(site), logOf(recipe), "[PROXY-3] proves that this log has no token");
  const upstreams = site.match(/\b\w+:\d+/g);
  assertEquals(upstreams, nodes.map(([name]) => `${name}:${optionOf("port").default}`));
});

const caddy = findDaemon("caddy");
if (caddy.kind === "missing") console.warn(`The set-up of compose is not tried: ${caddy.reason}`);

if (caddy.kind === "found" || !caddy.allowed) {
  testRedis(
    "[DEPLOY-5] what the compose file sets up works: two nodes are one server behind Caddy, and without one of them it goes on",
    async ({ redis }) => {
      assert(caddy.kind === "found", JSON.stringify(caddy));
      const { services: { node1 } } = await readCompose();
      assert(node1 !== undefined);
      const env = {
        ...variablesOf(node1),
        PEERSERVER_CLUSTER: redis.url,
        PEERSERVER_TRUSTED_PROXIES: "127.0.0.1",
        // The tests of proxies restart nodes that drain; here one goes at once.
        PEERSERVER_DRAIN: "0",
      };
      await using one = await startChild({ env });
      await using other = await startChild({ env });
      await joined(redis, 2);
      await using folder = await makeFolder();
      const port = freePort();
      const site = (await readText("adapters/deploy/Caddyfile"))
        .replace("node1:9000", `127.0.0.1:${one.port}`).replace(
          "node2:9000",
          `127.0.0.1:${other.port}`,
        );
      await Deno.writeTextFile(`${folder.path}/Caddyfile`, site.replace("{\n", "{\n\tadmin off\n"));
      const process = new Deno.Command(caddy.path, {
        args: ["run", "--adapter", "caddyfile", "--config", `${folder.path}/Caddyfile`],
        env: { HOME: folder.path, DOMAIN: `http://127.0.0.1:${port}` },
        ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
      }).spawn();
      await using _caddy = {
        [Symbol.asyncDispose]: async () => {
          kill(process, "SIGTERM");
          await process.status;
          await output.finished;
        },
      };
      const output = collectOutput(process);
      await output.first((line) => line.includes("serving initial configuration"));
      const wsUrl = `ws://127.0.0.1:${port}/peerjs`;
      const ids = ["a", "b", "c", "d"];
      const sockets: PeerSocket[] = [];
      for (const id of ids) sockets.push(await join({ wsUrl }, id));
      const [a] = sockets;
      assert(a !== undefined);
      for (const [i, socket] of sockets.entries()) {
        a.send({ type: "OFFER", dst: ids[i], payload: i });
        assertEquals(await socket.next(), { type: "OFFER", src: "a", dst: ids[i], payload: i });
      }
      const counts = await Promise.all([one.sizes(), other.sizes()]);
      assertEquals(counts.map((sizes) => sizes["claims"]), [2, 2], "both nodes have clients");
      assertEquals((await one.stop()).code, 0);
      // Whoever was there comes back, through the node that is left.
      for (const [i, socket] of sockets.entries()) {
        await using again = await join({ wsUrl }, ids[i] ?? "", { token: "t" });
        again.send({ type: "OFFER", dst: ids[i], payload: i });
        assertEquals(await again.next(), { type: "OFFER", src: ids[i], dst: ids[i], payload: i });
        await socket.closed;
      }
    },
  );
}
