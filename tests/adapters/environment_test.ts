/**
 * Words for switches and choices, options that do nothing any more, and variables: what is the server's,
 * what only looks so.
 */
import { nameVariables } from "../../adapters/program/environment.ts";
import {
  isOptionName,
  OPTION_NAMES,
  type OptionName,
  RETIRED_NAMES,
  retiredOption,
} from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { mistake, run } from "../support/command_line.ts";

/** Retired by now: an option that is one still is none of them. */
const GONE = RETIRED_NAMES.filter((name) => !isOptionName(name));

Deno.test("[SET-4] a switch takes true, yes, on, 1 and their opposites, in any case, behind it or after =", () => {
  const on = ["true", "yes", "on", "1", "TRUE", "Yes", "ON"];
  const off = ["false", "no", "off", "0", "False", "NO", "oFf"];
  for (const word of [...on, ...off]) {
    const value = on.includes(word);
    assertEquals(run(`--proxied ${word}`).settings.proxied, value, word);
    assertEquals(run(`--allow-discovery=${word}`).settings.allow_discovery, value, word);
    assertEquals(run("", { PEERSERVER_PROXIED: word }).settings.proxied, value, word);
    const { proxied, port } = run(`--proxied ${word} --port 1`).settings;
    assertEquals([proxied, port], [value, 1], word);
  }
  const { proxied, port, allow_discovery } = run("--proxied --port 1 --allow_discovery").settings;
  assertEquals([proxied, port, allow_discovery], [true, 1, true]);
});

Deno.test("[SET-5] options that do nothing any more are accepted, with or without a value, and said so once", () => {
  assert(GONE.length >= 4);
  for (const name of GONE) {
    const dashes = name.replaceAll("_", "-");
    const value = retiredOption(name).takes === "value" ? "7" : "true";
    const behind = [`--${name} ${value}`, `--${dashes}=${value}`, `--${dashes} ${value} --${name}`];
    for (const line of [`--${name}`, ...behind, `--no-${name}`]) {
      const { settings, warnings } = run(`${line} --port 1`);
      assertEquals([settings.port, warnings.length], [1, 1], line);
      assertMatch(warnings[0] ?? "", new RegExp(`^Option --${name} does nothing any more: .+\\.$`));
    }
    const variable = `PEERSERVER_${name.toUpperCase()}`;
    assertMatch(
      run("", { [variable]: "hush" }).warnings.join("\n"),
      new RegExp(`^Variable ${variable} does nothing any more: [^\n]+\\.$`),
    );
  }
});

Deno.test("[SET-5] command lines of older peerjs commands start", () => {
  const { settings, warnings } = run(
    "-d --timeout 5000 -i 5000 -c 100 --debug 3 -k peerjs --cleanup_out_msgs 1000 -p 9001 --path /x",
  );
  assertEquals([settings.port, settings.concurrent_limit, settings.path], [9001, 100, "/x/"]);
  assertEquals(warnings.map((sentence) => sentence.split(" ")[1]), [
    "--debug",
    "--timeout",
    "--ip_limit",
    "--cleanup_out_msgs",
  ]);
  assertMatch(mistake("--debug on port"), /no command or argument "port"/);
});

Deno.test("[SET-6] HOST is not the server's, and what a service link sets is passed over", () => {
  const env = {
    HOST: "x86_64-conda-linux-gnu",
    PEERSERVER_PORT: "tcp://10.96.0.12:9000",
    PEERSERVER_SERVICE_HOST: "10.96.0.12",
    PEERSERVER_SERVICE_PORT: "9000",
    PEERSERVER_SERVICE_PORT_HTTP: "9000",
    PEERSERVER_PORT_9000_TCP: "tcp://10.96.0.12:9000",
    PEERSERVER_PORT_9000_TCP_ADDR: "10.96.0.12",
    PEERSERVER_PORT_9000_TCP_PORT: "9000",
    PEERSERVER_PORT_9000_TCP_PROTO: "tcp",
    PEERSERVER_PORT_9000_UDP: "udp://10.96.0.12:9000",
    PEERSERVER_REDIS_SERVICE_HOST: "10.96.0.13",
    PEERSERVER_REDIS_PORT: "tcp://10.96.0.13:6379",
    PEERSERVER_REDIS_PORT_6379_TCP_ADDR: "10.96.0.13",
    PEERSERVER_NAME: "/web/peerserver",
    PEERSERVER_ENV_NODE_VERSION: "20",
  };
  const { settings, warnings } = run("", env);
  assertEquals([settings.host, settings.port, warnings], ["", 9000, []]);
  assertEquals(run("", { ...env, PORT: "8080" }).settings.port, 8080);
  assertEquals(run("--port 1", env).settings.port, 1);
  assertEquals(run("", { PEERSERVER_HOST: "::1", HOST: "x" }).settings.host, "::1");
  const rule = "must be a whole number from 0 to 65535";
  const link = "tcp://10.96.0.12:9000";
  assertEquals(mistake("", { PORT: link }), `Variable PORT ${rule}: got "${link}".`);
});

Deno.test("[SET-6] a variable that looks like one of the server's is a warning, without its value", () => {
  const said = (name: string): string => run("", { [name]: "hush" }).warnings.join("\n");
  const unknown = (name: string, hint: string): string =>
    `Variable ${name} sets nothing: there is no such option; ${hint}`;
  const hints = {
    PEERSERVER_AUHT: "did you mean PEERSERVER_AUTH?",
    PEERSERVER_SSL_KEY: "did you mean PEERSERVER_SSLKEY?",
    PEERSERVER_DISCOVERY: "did you mean PEERSERVER_ALLOW_DISCOVERY?",
    peerserver_auth: "did you mean PEERSERVER_AUTH?",
    PEERSERVER_Port: "did you mean PEERSERVER_PORT?",
    PEERSERVER_: "--help all lists the options",
    PEERSERVER_BANANA: "--help all lists the options",
  };
  for (const [name, hint] of Object.entries(hints)) assertEquals(said(name), unknown(name, hint));
  for (const name of OPTION_NAMES) {
    assertEquals(run("", { [`PEERSERVER_${name.toUpperCase()}`]: "" }).warnings, [], name);
  }
  assertEquals(run("", { PEERSERVER_AUHT: "", PATH: "/bin", MY_PEERSERVER_X: "1" }).warnings, []);
});

Deno.test("[SET-6] what is wrong about a value from a variable names the variable, and no secret", () => {
  const unsent = "--max_unsent_bytes 1048576";
  const secret = { PEERSERVER_AUTH_SECRET: "hush".repeat(8), PEERSERVER_AUTH_HTTP: "1" };
  const both = "PEERSERVER_AUTH_SECRET sets auth_secret, PEERSERVER_AUTH_HTTP sets auth_http.";
  const cases: [line: string, env: Record<string, string>, end: string][] = [
    ["", { PEERSERVER_SSLKEY: "k.pem" }, "(PEERSERVER_SSLKEY sets sslkey.)"],
    ["--auth none", secret, `need auth jwt. (${both})`],
    ["", { PEERSERVER_AUTH: "jwt" }, "(PEERSERVER_AUTH sets auth.)"],
    [
      "",
      { PEERSERVER_AUTH_SECRET: "x".repeat(32) },
      "Option auth_secret needs auth jwt. (PEERSERVER_AUTH_SECRET sets auth_secret.)",
    ],
    [
      unsent,
      { PEERSERVER_MAX_MESSAGE_BYTES: "10000000" },
      "_MESSAGE_BYTES sets max_message_bytes.)",
    ],
    ["", { PEERSERVER_TRUSTED_PROXIES: "1.2.3" }, "_PROXIES sets trusted_proxies.)"],
  ];
  for (const [line, env, end] of cases) assert(mistake(line, env).endsWith(end), end);
  assertEquals(
    mistake("", { PEERSERVER_AUTH_SECRET: "hush" }),
    "Variable PEERSERVER_AUTH_SECRET must be 32 or more characters.",
  );
  const variables = new Map<OptionName, string>([["key", "PEERSERVER_KEY"], ["port", "PORT"]]);
  assertEquals(
    nameVariables("Option port: 1 is taken already.", variables),
    "Option port: 1 is taken already. (PORT sets port.)",
  );
  const other = "Option sslkey needs sslcert too: TLS takes a private key and its certificate.";
  assertEquals(nameVariables(other, variables), other, "the word key is no option here");
});
