/**
 * The program with exactly the permissions that its options need: typical set-ups, with each listener, and what is said
 * if one permission is missing.
 */
import { parseCommand } from "../../adapters/program/cli.ts";
import {
  environmentNeeds,
  flagsFor,
  type Need,
  needsOf,
  shellText,
} from "../../adapters/program/permissions.ts";
import { OPTION_NAMES, optionOf, type Settings, settingsFrom } from "../../core/mod.ts";
import { SECRET, test as testRedis } from "../cluster/nodes.ts";
import { freePort } from "../cluster/redis.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { startChild } from "../support/child.ts";
import { makeFolder } from "../support/folder.ts";
import { makeKey, serveKeys } from "../support/key_server.ts";
import { inParallel } from "../support/load.ts";
import { runMain } from "../support/main.ts";
import { ANSWER_MAX_MS } from "../support/output.ts";
import { join } from "../support/peer_socket.ts";
import { LISTENERS } from "../support/served.ts";
import { NEEDING } from "../tools/permissions_table.ts";

type Variables = Readonly<Record<string, string>>;

/** What a command line with these variables needs. */
function needsWith(args: readonly string[], env: Variables): Need[] {
  const environment = { get: (name: string) => env[name], names: () => Object.keys(env) };
  const command = parseCommand(args, environment);
  assert(command.kind === "run", JSON.stringify(command));
  return [...needsOf(command.settings), ...environmentNeeds(environment)];
}

interface SetUp {
  readonly name: string;
  readonly args: readonly string[];
  readonly env?: Variables;
  /** PEM text of the certificate that the client trusts. */
  readonly pem?: string;
  readonly token?: string;
  /** A URL that must answer. */
  readonly also?: string;
}

/** Runs a set-up: a message passes, nothing is denied, and each permission is used. */
async function tryOut({ name, args, env = {}, pem, token, also }: SetUp): Promise<void> {
  await using folder = await makeFolder();
  const needs = needsWith(args, env);
  const audit = `${folder.path}/audit`;
  await using child = await startChild({
    args,
    env: { ...env, DENO_AUDIT_PERMISSIONS: audit },
    permissions: ["--no-prompt", ...flagsFor(needs)],
  });
  const host = `localhost:${child.port}${child.path.replace(/\/?$/, "/")}peerjs`;
  using client = pem === undefined ? null : Deno.createHttpClient({ caCerts: [pem] });
  const wsUrl = client === null ? child.wsUrl : `wss://${host}`;
  await using socket = await join({ wsUrl }, "alice", {
    ...(client !== null && { options: { client } }),
    ...(token !== undefined && { token }),
    key: env["PEERSERVER_KEY"] ?? "peerjs",
  });
  socket.send({ type: "OFFER", dst: "alice", payload: name });
  assertEquals(await socket.next(), { type: "OFFER", src: "alice", dst: "alice", payload: name });
  if (also !== undefined) assertMatch(await (await fetch(also)).text(), /^signalbox_clients 1$/m);
  Deno.kill(child.pid, "SIGHUP");
  await child.nextLine((line) => /"SIGHUP"|"reloaded"/.test(line));
  const used = (): Set<string> => new Set(Deno.readTextFileSync(audit).split("\n").map(entryOf));
  const unused = (): Need[] => needs.filter((need) => !isUsed(need, used()));
  // Listener node looks whether it still accepts after half a second without a connection.
  for (const until = performance.now() + ANSWER_MAX_MS; unused().length > 0;) {
    assert(performance.now() < until, `${name}: not used: ${JSON.stringify(unused())}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assertEquals((await child.stop()).code, 0);
  const denied = child.lines.filter((line) => /NotCapable|Requires|EPERM|may not/.test(line));
  assertEquals(denied, [], name);
}

function entryOf(line: string): string {
  const { permission, value } = line === "" ? {} as Record<string, string> : JSON.parse(line);
  return `${permission} ${value}`;
}

function isUsed({ kind, value }: Need, used: ReadonlySet<string>): boolean {
  if (value === null || value.startsWith("PEERSERVER_")) return true;
  if (used.has(`${kind} ${value}`)) return true;
  // Of a folder, what is in it.
  return [...used].some((entry) => entry.startsWith(`${kind} ${value}`));
}

for (const listener of LISTENERS) {
  const address = (): string[] => {
    return ["--listener", listener, "--host", "127.0.0.1", "--port", `${freePort()}`];
  };

  Deno.test(`[DEPLOY-1] it runs with exactly the permissions of its options: ${listener}`, async () => {
    await using folder = await makeFolder();
    await using certificate = await makeCertificate();
    const [admin, shared] = [freePort(), freePort()];
    const files = ["--sslkey", certificate.key, "--sslcert", certificate.cert];
    const setUps: SetUp[] = [
      { name: "plain", args: address() },
      {
        name: "behind a proxy",
        args: [...address(), "--path", "/signal", "--trusted_proxies", "127.0.0.1"],
        env: { PEERSERVER_KEY: "mykey" },
      },
      {
        name: "TLS and a recording",
        args: [...address(), ...files, "--record", `${folder.path}/record`],
        pem: certificate.pem,
      },
      {
        name: "admin port",
        args: [...address(), "--admin_port", `${admin}`],
        also: `http://127.0.0.1:${admin}/metrics`,
      },
      {
        name: "workers, a recording and an admin port",
        args: [
          ...[...address(), "--workers", "2", "--admin_port", `${shared}`],
          ...["--record", `${folder.path}/shared`],
        ],
        also: `http://127.0.0.1:${shared}/metrics`,
      },
    ];
    await inParallel(setUps.length, 2, (i) => tryOut(setUps[i] ?? { name: "", args: [] }));
  });

  testRedis(
    `[DEPLOY-1] a node with tokens runs with exactly the permissions of its options: ${listener}`,
    async ({ redis }) => {
      const { jwk, token } = await makeKey("one");
      await using keys = serveKeys(jwk);
      await tryOut({
        name: "cluster and tokens",
        args: [...address(), "--auth", "jwt", "--auth_jwks", keys.url],
        env: { PEERSERVER_CLUSTER: redis.url, PEERSERVER_CLUSTER_SECRET: SECRET },
        token,
      });
    },
  );
}

/** Everything that needs a permission, on ports that nothing listens on: no start gets so far. */
function everything(listener: string): string[] {
  return [
    ...["--listener", listener, "--host", "127.0.0.1", "--port", "9", "--admin_port", "10"],
    ...["--sslkey", "/no/key.pem", "--sslcert", "/no/cert.pem", "--record", "/no/folder/record"],
    ...["--auth", "jwt", "--auth_jwks", "https://user:hush@id.example/keys?hush"],
    ...["--cluster", "redis://user:hush@redis.example", "--cluster_secret", SECRET],
  ];
}

for (const listener of LISTENERS) {
  Deno.test(`[DEPLOY-1] [SET-2] a permission that is missing is named, with the flag that grants it: ${listener}`, async () => {
    const all = needsWith(everything(listener), {}).filter(({ option }) => option !== null);
    const isFirst = ({ kind, value }: Need, i: number): boolean =>
      all.findIndex((other) => other.kind === kind && other.value === value) === i;
    const needs = all.filter(isFirst);
    // What both listeners need is tried with one.
    const shared = listener === "node" ? [] : needsWith(everything("node"), {});
    const own = needs.filter(({ value }) => shared.every((other) => other.value !== value));
    assert(own.length > 0);
    await inParallel(own.length, 2, async (i) => {
      const missing = own[i];
      assert(missing !== undefined);
      const granted = ["--no-prompt", ...flagsFor(needs.filter((need) => need !== missing))];
      const { code, stderr } = await runMain(everything(listener), {}, { permissions: granted });
      const flag = shellText(flagsFor([missing]));
      assertEquals(code, 2, stderr);
      assertMatch(stderr, new RegExp(`^Option ${missing.option}: Deno may not [^\\n]*\\.\\n$`));
      assertStringIncludes(stderr, `: start it with ${flag}.`);
      assert(!stderr.includes("hush"), stderr);
    });
    const { stderr } = await runMain(everything(listener), {}, { permissions: ["--no-prompt"] });
    assertStringIncludes(stderr, `: start it with ${shellText(flagsFor(needs))}.`);
  });
}

Deno.test("[DEPLOY-1] no option needs a permission that the table does not name", () => {
  const named = new Set(NEEDING.flatMap(([, given]) => Object.keys(given)));
  const initial: Settings = settingsFrom({});
  const needing = OPTION_NAMES.filter((name) => {
    const option = optionOf(name);
    const values = option.type === "choice"
      ? option.choices
      : option.type === "boolean"
      ? [true, false]
      : [option.type === "integer" ? 4096 : option.type === "list" ? ["x"] : "x://y"];
    return values.some((value) =>
      JSON.stringify(needsOf({ ...initial, [name]: value })) !== JSON.stringify(needsOf(initial))
    );
  });
  const known = [...needing, "sslcert", "cluster"];
  assertEquals([...named].filter((name) => name !== "auth" && !known.includes(name)), []);
  assertEquals(needing.filter((name) => !named.has(name)), []);
});

Deno.test("[DEPLOY-1] flags name hosts, folders and ports as Deno takes them", () => {
  const flags = (given: Parameters<typeof settingsFrom>[0]): string =>
    shellText(flagsFor(needsOf(settingsFrom({ host: "127.0.0.1", ...given }))));
  const cases = [
    [{ host: "::1", port: 0 }, "'--allow-net=[::1]'"],
    [
      { host: "localhost", listener: "node" },
      "'--allow-net=localhost:9000,127.0.0.1:9000,[::1]:9000' " +
      "--allow-env=WS_NO_BUFFER_UTIL",
    ],
    [{ host: "box.example", listener: "node" }, "--allow-net --allow-env=WS_NO_BUFFER_UTIL"],
    [{ host: "box.example" }, "--allow-net=box.example:9000"],
    [
      { admin_port: 1, admin_host: "::", admin_token: "0123456789abcdef" },
      "'--allow-net=127.0.0.1:9000,[::]:1,[::1]:1'",
    ],
    [{ record: "a b" }, "--allow-net=127.0.0.1:9000 '--allow-read=a b' --allow-write=."],
    [{ record: "a,b" }, "--allow-net=127.0.0.1:9000 --allow-read --allow-write=."],
    [{ record: "/a,b/c" }, "--allow-net=127.0.0.1:9000 --allow-read --allow-write"],
    [
      { record: "/a'b/c" },
      "--allow-net=127.0.0.1:9000 '--allow-read=/a'\\''b/c' '--allow-write=/a'\\''b/'",
    ],
    [{ cluster: "redis+sentinel://a.example,b.example?master=m" }, "--allow-net"],
  ] as const;
  for (const [given, wanted] of cases) assertEquals(flags(given), wanted);
});

Deno.test("[DEPLOY-1] [CLI-2] check prints what is enough, and a mistake and the doctor say what is missing", async () => {
  const env = { PEERSERVER_ADMIN_PORT: "9001", OTEL_DENO: "true", NOTIFY_SOCKET: "x" };
  const secretFlags = ["--auth", "jwt", "--auth_secret", "0".repeat(32)];
  const lists = [
    "--no-proxied",
    "--allow_discovery",
    "--cors",
    "https://a.example,https://b.example",
  ];
  const args = ["check", "--host", "127.0.0.1", "--path", "/a'b", ...lists, ...secretFlags];
  const checked = await runMain(args, env);
  const flags = "--allow-net=127.0.0.1:9000,127.0.0.1:9001 " +
    "'--allow-env=PEERSERVER_*,PORT,OTEL_DENO,OTEL_DENO_TRACING,NOTIFY_SOCKET' --allow-run=systemd-notify";
  // What a variable says is not repeated, and a secret belongs into one.
  const options =
    "--host 127.0.0.1 --path '/a'\\''b/' --allow_discovery --cors https://a.example,https://b.example " +
    "--auth jwt";
  assertStringIncludes(
    checked.stdout,
    `PEERSERVER_AUTH_SECRET=… deno run --no-prompt ${flags} main.ts ${options}\n`,
  );
  const secret = { PEERSERVER_AUTH_SECRET: "0".repeat(32) };
  const half = await runMain(["--auth", "jwt"], secret, {
    permissions: ["--no-prompt", "--allow-net"],
  });
  assertEquals(half.code, 2);
  assertMatch(
    half.stderr,
    /^Option auth .* \(Deno may not read the variables .*--allow-env=PEERSERVER_\*,PORT allows it\.\)\n$/,
  );
  const doctor = await runMain(["doctor", "http://127.0.0.1:1/"], {}, {
    permissions: ["--no-prompt"],
  });
  const stderr =
    "Deno may not use the network: start it with --allow-net --allow-env=WS_NO_BUFFER_UTIL.\n";
  assertEquals(doctor, { code: 2, stdout: "", stderr });
});
