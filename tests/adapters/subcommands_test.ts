/** The subcommands of the program: token and check, and how a mistake in one is reported. */
import { adviceFor } from "../../adapters/program/advice.ts";
import { runSubcommand } from "../../adapters/program/subcommands.ts";
import { settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import type { Lifetime } from "../../adapters/lifetime.ts";
import { mistake, parse, words } from "../support/command_line.ts";
import { makeFolder } from "../support/folder.ts";
import { runMain } from "../support/main.ts";
import { serveBox } from "../support/served.ts";

type Env = Readonly<Record<string, string>>;

const SECRET = "only for these tests, and long enough";
const SECRET_ENV = { PEERSERVER_AUTH_SECRET: SECRET };

interface Ran {
  readonly text: string;
  readonly code: number;
  readonly isError: boolean;
}

async function run(line: string, env: Env = {}): Promise<Ran> {
  const command = parse(words(line), env);
  assert(command.kind === "subcommand", line);
  const environment = { get: (name: string) => env[name], names: () => Object.keys(env) };
  const [to, text, code] = await runSubcommand(command, environment);
  return { text, code, isError: to === Deno.stderr };
}

async function printed(line: string, env: Env = {}): Promise<string> {
  const { text, code, isError } = await run(line, env);
  assertEquals([code, isError], [0, false], text);
  return text;
}

Deno.test("[CLI-1] a token opens its ids, until it expires, for the audience and issuer of the server", async () => {
  const claims = { auth_audience: "box", auth_issuer: "https://issuer.example" };
  await using box = serveBox({ auth: "jwt", auth_secret: SECRET, auth_http: true, ...claims });
  const ask = async (token: string): Promise<number> => {
    const response = await fetch(`${box.url}peerjs/id?token=${token.trim()}`);
    await response.body?.cancel();
    return response.status;
  };
  const flags = "--auth_audience=box --auth-issuer https://issuer.example";
  const right = await printed(
    `token --sub alice --peers bob,carol --expires 90s ${flags}`,
    SECRET_ENV,
  );
  const stranger = await printed("token --sub alice", SECRET_ENV);
  const forged = await printed(
    `token --sub alice ${flags} --auth_secret ${"x".repeat(32)}`,
    SECRET_ENV,
  );
  assertEquals(await Promise.all([right, stranger, forged].map(ask)), [200, 401, 401]);
  const [, body = ""] = right.split(".");
  const { sub, peers, exp } = JSON.parse(atob(body));
  assertEquals([sub, peers], ["alice", ["bob", "carol"]]);
  assert(Math.abs(exp - Date.now() / 1_000 - 90) < 60);
});

Deno.test("[CLI-3] a mistake in a subcommand is one line on stderr, which says what to write, and exit code 2", async () => {
  const cases: readonly (readonly [line: string, env: Env, says: RegExp])[] = [
    ["token --sub alice", {}, /set PEERSERVER_AUTH_SECRET/],
    ["token", SECRET_ENV, /--sub is missing/],
    ["token alice", SECRET_ENV, /no argument "alice": write --sub ID/],
    ["token --sub", SECRET_ENV, /--sub needs a value/],
    [
      "token --sub a --expire 1h",
      SECRET_ENV,
      /no option "--expire" here: did you mean --expires\?/,
    ],
    ["token --sub a --expires 1x", SECRET_ENV, /90s, 15m, 1h or 7d.*got "1x"/],
    ["token --sub a --expires 0s", SECRET_ENV, /got "0s"/],
    [
      "token --sub a",
      { PEERSERVER_AUTH_SECRET: "short" },
      /^Variable PEERSERVER_AUTH_SECRET must be/,
    ],
    ["check --port http", {}, /^Option --port must be/],
    ["check --sslkey a", {}, /sslkey needs sslcert/],
    [
      "check --sslkey no.pem --sslcert no.pem",
      {},
      /cannot read "no.pem": No such file or directory\./,
    ],
    [
      "check --auth jwt --auth_jwks /no/such/file",
      {},
      /auth_jwks: cannot use "\/no\/such\/file": No such file or directory\./,
    ],
    ["check --record /no/such/folder/file", { PEERSERVER_PORT: "1" }, /record: cannot record/],
    ["doctor", {}, /A URL is missing: doctor https:/],
    ["doctor example.com", {}, /must be the URL of a server.*got "example.com"/],
    ["doctor ftp://a.example/", {}, /begins with "ftp:"/],
    ["doctor https://user:password@a.example/", {}, /without a user name/],
    ["doctor https://a.example/ more", {}, /no argument "more"/],
    ["doctor https://a.example/ --minutes long", {}, /from 0 to 1440: got "long"/],
    ["doctor https://a.example/ --origin a.example", {}, /--origin must be the origin/],
    [
      "doctor https://a.example/ --ca /no/such/file",
      {},
      /--ca: cannot use "[^"]*": No such file or directory\./,
    ],
    ["doctor https://a.example/ --ca LICENSE", {}, /--ca: cannot use/],
    ["doctor https://a.example/ --token t\u00f6ken", {}, /--token must be a token/],
    ["doctor https://a.example/ --json=yes", {}, /--json takes no value/],
  ];
  for (const [line, env, says] of cases) {
    const { text, code, isError } = await run(line, env);
    assertEquals([code, isError], [2, true], line);
    assertMatch(text, says, line);
    assert(text.endsWith(".\n") && text.trimEnd().split("\n").length === 1, text);
    assert(!text.includes("password"), text);
  }
  assertStringIncludes(mistake("tokne"), 'no command or argument "tokne": did you mean token?');
});

Deno.test("[CLI-3] the program runs them, and --help of each says how", async () => {
  const ended = await runMain(["token", "--sub", "a", "--expires", "1x"], SECRET_ENV);
  assertEquals([ended.code, ended.stdout], [2, ""]);
  for (const name of ["token", "check", "doctor"]) {
    assertMatch(await printed(`${name} --help`), new RegExp(`^Usage: signalbox ${name} `));
  }
});

Deno.test("[CLI-2] check prints what is in force, and no secret", async () => {
  await using folder = await makeFolder();
  await using cert = await makeCertificate();
  const secrets = {
    ...SECRET_ENV,
    PEERSERVER_CLUSTER: "redis://user:hush-redis@redis.example:6380/3",
    PEERSERVER_CLUSTER_SECRET: "hush-cluster-secret",
    PEERSERVER_TURN_SECRET: "hush-turn-secret-0",
    PEERSERVER_ADMIN_TOKEN: "hush-admin-token-0",
    PEERSERVER_KEY: "hush-key",
    PEERSERVER_AUHT: "hush",
  };
  const line = `check --path app --auth jwt --cors https://a.example --admin_port 9100 ` +
    `--turn_urls turn:turn.example --sslkey ${cert.key} --sslcert ${cert.cert} --listener node ` +
    `--record ${folder.path}/record --max_id_length 12`;
  const json = await printed(`${line} --json`, secrets);
  const text = await printed(line, secrets);
  for (const all of [json, text]) assert(!/hush|only for these tests/.test(all), all);
  const { effective, unwise } = JSON.parse(json);
  assertEquals(effective.path, "/app/");
  assertEquals(effective.address, "https, port 9000 of all addresses");
  assertEquals(effective.auth, "jwt with a secret, not for HTTP, at exp: keep");
  assertEquals(effective.cluster, "redis://redis.example:6380");
  assertEquals(effective.limits, "max_id_length 12 (default 256)");
  assertEquals(effective.admin, "http://127.0.0.1:9100, with a token");
  assertEquals(effective.recording, `${folder.path}/record`);
  assertEquals(await Array.fromAsync(Deno.readDir(folder.path)), [], "it records nothing");
  const about = unwise.map((item: { readonly about: string }) => item.about);
  assertEquals(about.filter((word: string) => word !== "descriptors"), ["turn", "useless"]);
  assertMatch(text, /^path +\/app\/$/m);
  assertMatch(text, /^! Variable PEERSERVER_AUHT sets nothing/m);
});

/** Options, what else is so, and the word for what is unwise about them. */
function days(ends: number, life: number): Lifetime {
  return { endsInMs: ends * 86_400_000, lifeMs: life * 86_400_000 };
}

const UNWISE: readonly (readonly [Parameters<typeof settingsFrom>[0], Surroundings, string])[] = [
  [{}, { isExposed: true }, "listener"],
  [{ proxied: true }, {}, "proxied"],
  [{ allow_discovery: true }, {}, "discovery"],
  [{ auth: "jwt", auth_secret: SECRET, allow_discovery: true }, {}, "discovery"],
  [{ cors: [] }, {}, "cors"],
  [{ cors: ["*"] }, {}, "cors"],
  [{ auth: "none" }, {}, "auth"],
  [{ key: "k" }, {}, "key"],
  [{ turn_urls: ["turn:a.example"], turn_secret: SECRET }, {}, "turn"],
  [{ host: "" }, {}, "tls"],
  [
    { admin_port: 1, admin_host: "0.0.0.0", admin_token: SECRET.replaceAll(/[ ,]/g, "") },
    {},
    "admin",
  ],
  [{ cluster: "redis://a.example" }, {}, "cluster"],
  [{ sslkey: "k", sslcert: "c" }, {}, "reload"],
  [{ concurrent_limit: 5_000 }, { roomForClients: 960 }, "descriptors"],
  [{ sslkey: "k", sslcert: "c", listener: "node" }, { certificate: days(13, 90) }, "certificate"],
  [
    { sslkey: "k", sslcert: "c", listener: "node" },
    { certificate: days(1 / 24, 0.5) },
    "certificate",
  ],
  [{ alive_timeout: 60_000 }, {}, "alive_timeout"],
  [{ expire_timeout: 999 }, {}, "expire_timeout"],
  [{ expire_timeout: 60_001 }, {}, "expire_timeout"],
  [{ cluster_secret: SECRET, cluster: "redis://a.example" }, {}, "flag"],
];

type Surroundings = Partial<Parameters<typeof adviceFor>[1]>;

const SAFE = {
  isExposed: false,
  roomForClients: 5_000,
  certificate: days(0.25, 0.5),
  fromVariables: new Set<string>(),
};
const WISE = {
  auth: "jwt",
  auth_secret: SECRET,
  auth_http: true,
  cors: ["https://a.example"],
  trusted_proxies: ["127.0.0.1"],
  host: "127.0.0.1",
} as const;

Deno.test("[CLI-2] check says what is unwise about options, and what to do", () => {
  const variables = { ...SAFE, fromVariables: new Set(["auth_secret"]) };
  assertEquals(adviceFor(settingsFrom(WISE), variables), []);
  const open = { auth: "none", auth_secret: "", auth_http: false } as const;
  for (const [options, surroundings, about] of UNWISE) {
    const isOpen = options?.auth === undefined || options.auth === "none";
    const base = isOpen ? { ...WISE, ...open } : { ...WISE, auth_http: false };
    const direct = about === "tls" || about === "proxied" ? { trusted_proxies: [] } : {};
    const settings = settingsFrom({ ...base, ...direct, ...options });
    const found = adviceFor(settings, { ...variables, ...surroundings });
    const advice = found.find((item) => item.about === about);
    assert(advice !== undefined && advice.todo !== "", `${about}: ${JSON.stringify(found)}`);
  }
});
