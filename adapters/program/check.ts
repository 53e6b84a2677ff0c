/**
 * `signalbox check`: reads options and files as a start does, and prints what is in force and what is unwise.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import {
  cutUrl,
  OPTION_NAMES,
  type OptionName,
  optionOf,
  readClusterUrl,
  type Settings,
  shownCluster,
  urlHost,
} from "../../core/mod.ts";
import { checkAuthFiles } from "../auth/jwt.ts";
import { StartError } from "../errors.ts";
import { lifetimeOf } from "../lifetime.ts";
import { checkTls } from "../listen/deno.ts";
import { readTls } from "../listen/listener.ts";
import { checkRecordFiles, recordFiles } from "../record/disk.ts";
import { type Advice, adviceFor } from "./advice.ts";
import { parseCommand } from "./cli.ts";
import { descriptorLimit } from "./descriptors.ts";
import { type Environment, nameVariables, variablesOf } from "./environment.ts";
import { isExposed, SPARE_DESCRIPTORS } from "./program.ts";
import { environmentNeeds, flagsFor, type Need, needsOf, shellText } from "./permissions.ts";
import { Mistake, type Printed } from "./subcommand_line.ts";
import { countWorkers } from "./worker_count.ts";

export const CHECK_HELP = `Usage: signalbox check [options of the server] [--json]

Reads options, variables and files as a start does, without listening. Prints
what is in force, how to start it with no more permissions than that needs, and
what is unwise. Prints no secret. Exits with 0, or with 2 if an option is wrong.
`;

/** @throws {Mistake} If the server would not start. */
export async function runCheck(args: readonly string[], env: Environment): Promise<Printed> {
  const isJson = args.includes("--json");
  const command = parseCommand(args.filter((arg) => arg !== "--json"), env);
  if (command.kind === "mistake") throw new Mistake(command.message);
  if (command.kind !== "run") return { text: CHECK_HELP, code: 0 };
  const { settings, variables, warnings } = command;
  try {
    const certificate = await checkFiles(settings);
    const limit = await descriptorLimit();
    const advice = adviceFor(settings, {
      isExposed: isExposed(settings),
      roomForClients: limit === null ? null : Math.max(0, limit - SPARE_DESCRIPTORS),
      certificate: certificate && lifetimeOf(certificate.validFrom, certificate.validTo),
      fromVariables: new Set(variables.keys()),
    });
    const useless = warnings.map((text) => ({ about: "useless", text, todo: "leave it out" }));
    const all = [...advice, ...useless];
    const needs = [...needsOf(settings), ...environmentNeeds(env)];
    const start = startText(settings, variables, needs);
    const inForce = [...effective(settings), ["start", start] as const];
    const text = isJson
      ? `${JSON.stringify({ effective: Object.fromEntries(inForce), unwise: all }, null, 2)}\n`
      : table(inForce, all);
    return { text, code: 0 };
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw new Mistake(nameVariables(error.message, variables));
  }
}

/** The line that starts the server with no more permissions than it needs. What variables say stays in them. */
function startText(
  settings: Settings,
  variables: ReadonlyMap<OptionName, string>,
  needs: readonly Need[],
): string {
  const given = OPTION_NAMES.filter((name) =>
    !variables.has(name) && String(settings[name]) !== String(optionOf(name).default)
  );
  const isSecret = (name: OptionName): boolean => optionOf(name).secret === true;
  const secrets = given.filter(isSecret).map((name) => `${variablesOf(name)[0]}=… `);
  const flags = given.filter((name) => !isSecret(name)).flatMap((name) => {
    const value = settings[name];
    return typeof value === "boolean"
      ? [value ? `--${name}` : `--no-${name}`]
      : [`--${name}`, String(value)];
  });
  const words = ["deno", "run", "--no-prompt", ...flagsFor(needs), "main.ts", ...flags];
  return `${secrets.join("")}${shellText(words)}`;
}

/** Checks every file as a start does. Returns the certificate. */
async function checkFiles(settings: Settings): Promise<X509Certificate | null> {
  await checkAuthFiles(settings);
  await checkRecordFiles(settings, countWorkers(settings).count);
  const check = settings.listener === "node"
    ? (await import("../listen/node/tls.ts")).checkTls
    : checkTls;
  const tls = await readTls(settings, check);
  return tls === null ? null : new X509Certificate(tls.cert);
}

/** What is in force, without secrets: a name and a text for each. */
function effective(settings: Settings): readonly (readonly [name: string, text: string])[] {
  const { host, port, path, sslkey, cors, allow_discovery, listener, proxied, trusted_proxies } =
    settings;
  const { cluster, turn_urls, turn_lifetime, admin_port, record, log_format, log_level } = settings;
  const { count: workers } = countWorkers(settings);
  const address = host === "" ? `port ${port} of all addresses` : `${urlHost(host)}:${port}`;
  const redis = cluster === "" ? null : readClusterUrl(cluster);
  const proxies = trusted_proxies.length > 0
    ? trusted_proxies.join(", ")
    : proxied
    ? "any sender"
    : "none";
  return [
    ["address", `${sslkey === "" ? "http" : "https"}, ${address}`],
    ["path", path],
    ["listener", workers === 1 ? listener : `${listener}, ${workers} workers`],
    ["proxies", proxies],
    ["auth", authText(settings)],
    ["origins", cors.length === 0 || cors.includes("*") ? "any" : cors.join(", ")],
    ["discovery", allow_discovery ? "on" : "off"],
    [
      "turn",
      turn_urls.length === 0 ? "off" : `${turn_urls.join(", ")} for ${turn_lifetime / 1_000} s`,
    ],
    ["cluster", redis === null || typeof redis === "string" ? "off" : shownCluster(redis)],
    ["admin", admin_port === 0 ? "off" : adminText(settings)],
    ["recording", record === "" ? "off" : recordFiles(record, workers).join(", ")],
    ["log", `${log_level}, ${log_format}`],
    ["limits", limitsText(settings)],
  ];
}

function authText({ auth, auth_jwks, auth_http, auth_expiry }: Settings): string {
  if (auth === "none") return "none";
  const keys = auth_jwks === "" ? "a secret" : `the keys of ${cutUrl(auth_jwks)}`;
  return `${auth} with ${keys}, ${
    auth_http ? "for HTTP too" : "not for HTTP"
  }, at exp: ${auth_expiry}`;
}

function adminText({ admin_host, admin_port, admin_token }: Settings): string {
  return `http://${urlHost(admin_host)}:${admin_port}, ${
    admin_token === "" ? "without" : "with"
  } a token`;
}

/** Ports and workers have lines of their own. */
const LINED: ReadonlySet<string> = new Set(["TCP port", "threads"]);

/** The numbers that are not the defaults. */
function limitsText(settings: Settings): string {
  const changed = OPTION_NAMES.filter((name) => {
    const option = optionOf(name);
    return option.type === "integer" && !LINED.has(option.unit ?? "") &&
      settings[name] !== option.default;
  });
  return changed.length === 0
    ? "the defaults"
    : changed.map((name) => `${name} ${settings[name]} (default ${optionOf(name).default})`).join(
      ", ",
    );
}

function table(
  inForce: ReturnType<typeof effective>,
  unwise: readonly Advice[],
): string {
  const width = Math.max(...inForce.map(([name]) => name.length));
  const rows = inForce.map(([name, text]) => `${name.padEnd(width)}  ${text}`);
  const advice = unwise.map(({ text, todo }) => `! ${text}\n  → ${todo}`);
  const end = advice.length === 0 ? "Nothing is unwise." : `Unwise:\n${advice.join("\n")}`;
  return `${rows.join("\n")}\n\n${end}\n`;
}
