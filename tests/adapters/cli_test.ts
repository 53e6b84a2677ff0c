import { helpText } from "../../adapters/program/help.ts";
import { OPTION_GROUPS, OPTION_NAMES, optionOf } from "../../core/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { mistake, parse, settingsOf, words } from "../support/command_line.ts";

Deno.test("[SET-3] the incumbent's command line works unchanged", () => {
  const settings = settingsOf(
    "--port 9000 --key k --path /myapp --expire_timeout 1500 --alive_timeout 4000 " +
      "--allow_discovery --concurrent_limit 10",
  );
  assertEquals([settings.port, settings.key, settings.path], [9000, "k", "/myapp/"]);
  assertEquals([settings.expire_timeout, settings.alive_timeout], [1500, 4000]);
  assertEquals([settings.allow_discovery, settings.concurrent_limit], [true, 10]);
  const short = settingsOf("-p 1 -k x -t 2 -c 3 -H ::1 --proxied --sslkey a --sslcert b");
  const { port, key, expire_timeout, concurrent_limit, host, proxied, sslkey, sslcert } = short;
  assertEquals([port, key, expire_timeout, concurrent_limit], [1, "x", 2, 3]);
  assertEquals([host, proxied, sslkey, sslcert], ["::1", true, "a", "b"]);
});

Deno.test("[SET-1] dashes, underscores, equals signs and --no- are all the same to it", () => {
  assertEquals(settingsOf("--alive-timeout=7").alive_timeout, 7);
  assertEquals(settingsOf("--alive_timeout 7").alive_timeout, 7);
  for (const yes of ["--allow-discovery", "--allow_discovery=true", "--allow_discovery true"]) {
    assertEquals(settingsOf(yes).allow_discovery, true, yes);
  }
  const off = ["--no-allow_discovery", "--no-allow-discovery", "--no_allow_discovery"];
  for (const no of [...off, "--allow_discovery=false", "--allow_discovery false"]) {
    assertEquals(settingsOf(no, { PEERSERVER_ALLOW_DISCOVERY: "true" }).allow_discovery, false, no);
  }
  assertEquals(settingsOf("-p=8").port, 8);
  assertEquals(settingsOf("--allow_discovery --port 8").port, 8);
  assertEquals(settingsOf("--port 8 --port 9").port, 9, "of two values the last counts");
});

Deno.test("[SET-1] origins may follow one flag, or have one each", () => {
  const cors = ["https://a.example", "https://b.example"];
  assertEquals(settingsOf(`--cors ${cors.join(" ")}`).cors, cors);
  assertEquals(settingsOf(`--cors ${cors.join(" --cors=")}`).cors, cors);
  assertEquals(settingsOf(`--cors=${cors.join(" ")}`).cors, cors);
  assertEquals(settingsOf("--cors null").cors, ["null"]);
  assertEquals(settingsOf(`--cors ${cors.join(" ")} --port 1`).port, 1);
  assertEquals(settingsOf("", { PEERSERVER_CORS: cors.join(", ") }).cors, cors);
});

Deno.test("[SET-1] a flag beats a variable, and a variable beats the default, for every option", () => {
  const values: Partial<Record<string, string>> = {
    path: "/x/",
    key: "x",
    host: "127.0.0.1",
    trusted_proxies: "10.0.0.0/8",
    max_unsent_bytes: "2097152",
    max_record_bytes: "65536",
    workers: "4",
    cluster: "redis://localhost",
    cluster_secret: "sixteen letters!",
    turn_urls: "stun:a:1",
    admin_token: "sixteen-letters!",
  };
  for (const name of OPTION_NAMES) {
    if (/^(?:ssl|auth|turn_secret)/.test(name)) continue; // They are valid only together.
    const option = optionOf(name);
    const usual: Partial<Record<string, string>> = { boolean: "true", list: "*" };
    const last = option.type === "choice" ? option.choices.at(-1) : undefined;
    const text = values[name] ?? last ?? usual[option.type] ?? "4096";
    const settings = settingsOf("", { [`PEERSERVER_${name.toUpperCase()}`]: text });
    assertEquals(String(settings[name]), text, name);
  }
  assertEquals(settingsOf("", { PEERSERVER_SSLKEY: "k", PEERSERVER_SSLCERT: "c" }).sslkey, "k");
  const env = { PORT: "1", PEERSERVER_PORT: "2" };
  assertEquals([settingsOf("", env).port, settingsOf("--port 3", env).port], [2, 3]);
  assertEquals(settingsOf("", { PORT: "1" }).port, 1);
  assertEquals(settingsOf("", { PORT: "" }).port, 9000, "an empty variable is none");
});

const PORT_RULE = "must be a whole number from 0 to 65535: got";
const MS_RULE = "must be a whole number of milliseconds (ms) from 1 to 86400000: got";
const ALL = "--help all lists every option.";

/** Command lines, and the whole of what is wrong about each; `…` stands for what may come before or after. */
const MISTAKES = `
--port x → Option --port ${PORT_RULE} "x".
--port -1 → Option --port ${PORT_RULE} -1.
--port → Option --port needs a value.
--port --key k → Option --port needs a value.
--port= → Option --port needs a value.
-H --port 1 → Option -H needs a value.
--sslkey --sslcert → Option --sslkey needs a value.
--no-allow_discovery=true → Option --no-allow_discovery takes no value: got "true".
--no-allow_discovery true → …no command or argument "true"…
--allow_discovery=maybe → Option --allow_discovery must be true or false: got "maybe".
--proxied 2 → Option --proxied must be true or false: got "2".
--allow_discovery fales --port 1 → Option --allow_discovery must be true or false: got "fales".
--alive_timeout 5s → Option --alive_timeout ${MS_RULE} "5s", which is 5000.
--sslkey key.pem → …sslkey needs sslcert too…
--prot 9000 → There is no option "--prot": did you mean --port? ${ALL}
--alive-timeoutt=5 → …did you mean --alive_timeout?…
-x → There is no option "-x": ${ALL}
--config → There is no option "--config": ${ALL}
--age → There is no option "--age": ${ALL}
--no-port → …There is no option "--no-port"…
start → …no command or argument "start"…
--__proto__ 1 → …There is no option "--__proto__"…
--constructor.prototype=1 → …There is no option…
-- x → …no command or argument "x"…
--help everything → There is no option "--everything": ${ALL}
--help crs → …did you mean --cors?…
--help debug → Option --debug does nothing any more: log_level debug prints more.
all → …no command or argument "all"…
--halp → …did you mean --help?…
--trusted-proxy → …did you mean --trusted_proxies?…`;

Deno.test("[SET-2] a mistake is named with its place and its value, what is no option with the nearest one", () => {
  for (const row of MISTAKES.trim().split("\n")) {
    const [line = "", expected = ""] = row.split(" → ");
    if (expected.startsWith("…")) assertStringIncludes(mistake(line), expected.slice(1, -1));
    else assertEquals(mistake(line), expected);
  }
  assertEquals(mistake("", { PORT: "http" }), `Variable PORT ${PORT_RULE} "http".`);
  const proxied = 'Variable PEERSERVER_PROXIED must be true or false: got "2".';
  assertEquals(mistake("", { PEERSERVER_PROXIED: "2" }), proxied);
});

Deno.test("[SET-3] [SET-12] --help and --version are seen wherever they stand, and all after --help", () => {
  const everyday = { kind: "help", scope: "everyday" } as const;
  const all = { kind: "help", scope: "all" } as const;
  for (const line of ["--port 1 --help", "-h"]) assertEquals(parse(words(line)), everyday, line);
  for (const line of ["--help all", "-h all", "--help=all", "-p 1 --help all --proxied"]) {
    assertEquals(parse(words(line)), all, line);
  }
  for (const flag of ["--version", "-v", "-V"]) assertEquals(parse([flag]), { kind: "version" });
});

Deno.test("[SET-12] --help NAME asks for one option: its flags, values, default and variables", () => {
  for (const line of ["--help alive_timeout", "-h alive-timeout", "--help=alive_timeout"]) {
    assertEquals(parse(words(line)), { kind: "help", scope: "alive_timeout" }, line);
  }
  assertEquals(
    helpText("port"),
    `  -p, --port
          ${optionOf("port").doc}.
          Takes a whole number from 0 to 65535; default: 9000.
          Variable: PEERSERVER_PORT or PORT.
`,
  );
});

Deno.test("[SET-14] [CLUSTER-31] an option that needs another is a warning without it", () => {
  const command = parse(
    "--cluster_lease 2000 --port 1 --turn_lifetime 5000 --admin_host ::1".split(" "),
  );
  assert(command.kind === "run");
  assertEquals(command.warnings, [
    "Option cluster_lease has no effect without cluster.",
    "Option admin_host has no effect without admin_port.",
    "Option turn_lifetime has no effect without turn_urls.",
  ]);
});

Deno.test("[SET-15] an origin whose scheme is nearly http or https is a warning, one of an application is not", () => {
  const warnings = (cors: string): readonly string[] => {
    const command = parse(["--cors", ...cors.split(" ")]);
    assert(command.kind === "run");
    return command.warnings;
  };
  assertEquals(warnings("htps://a.example https://b.example htp://c:1"), [
    "Option cors: no page has the origin htps://a.example; did you mean https://a.example?",
    "Option cors: no page has the origin htp://c:1; did you mean http://c:1?",
  ]);
  const shells = "chrome-extension moz-extension capacitor ionic app tauri electron file asset";
  assertEquals(warnings(`null * http://a ${shells.replaceAll(/\w+(?=$| )/g, "$&://a")}`), []);
});

Deno.test("[SET-12] the help shows about ten options that most people set, in groups; all of them when asked", () => {
  const everyday = OPTION_NAMES.filter((name) => optionOf(name).everyday === true);
  assert(everyday.length >= 8 && everyday.length <= 12, String(everyday.length));
  const named = (text: string): string[] =>
    [...text.matchAll(/^ {2}(?:-\w, | {4})--(\w+)$/gm)].map(([, name]) => name ?? "");
  const inGroups = OPTION_GROUPS.flatMap((group) =>
    OPTION_NAMES.filter((name) => optionOf(name).group === group)
  );
  const extra = ["help", "version"];
  assertEquals(named(helpText("all")), [...inGroups, ...extra]);
  assertEquals(named(helpText("everyday")), [
    ...inGroups.filter((name) => everyday.includes(name)),
    ...extra,
  ]);
  assertEquals(inGroups.length, OPTION_NAMES.length);
  for (const group of OPTION_GROUPS) assertStringIncludes(helpText("all"), `\n\n${group}\n`);
  assertStringIncludes(helpText("everyday"), "--help all");
  const texts = [helpText("everyday"), helpText("all"), ...OPTION_NAMES.map(helpText)];
  for (const line of texts.join("\n").split("\n")) {
    assert(line.length <= 80, `wider than a terminal: ${line}`);
  }
});
