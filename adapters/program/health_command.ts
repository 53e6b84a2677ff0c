/**
 * `signalbox health`: asks a server on this machine whether it runs, for supervisors that have no HTTP client.
 *
 * @module
 */
import { urlHost } from "../../core/mod.ts";
import { isDenoBefore } from "../deno_version.ts";
import { get, SECURE_MINOR } from "../doctor/http.ts";
import { fileProblem } from "../errors.ts";
import { reachable } from "../listen/address.ts";
import { parseCommand } from "./cli.ts";
import type { Environment } from "./environment.ts";
import { Mistake, type Printed } from "./subcommand_line.ts";

export const HEALTH_HELP = `Usage: signalbox health [options of the server]
       signalbox health --pid N

Asks the server on this machine that was started with these options and the same
variables whether it runs (GET healthz), or with the options of process N. Exits
with 0, or with 1 if it does not answer 200 within 5 s.
`;

/** @throws {Mistake} If an argument is wrong. */
export async function runHealth(args: readonly string[], env: Environment): Promise<Printed> {
  const [flag = "", ...rest] = args;
  const isPid = /^--pid(?:=|$)/.test(flag);
  const pid = flag.includes("=") ? flag.slice("--pid=".length) : rest.shift() ?? "";
  const command = parseCommand(isPid ? await argumentsOf(pid, rest) : args, env);
  if (command.kind === "mistake") throw new Mistake(command.message);
  if (command.kind === "help" && !isPid) return { text: HEALTH_HELP, code: 0 };
  if (command.kind !== "run") throw new Mistake(isPid ? noServer(pid) : ONLY_OPTIONS);
  const { host, port, path, sslkey } = command.settings;
  if (port === 0) throw new Mistake("Option port: 0 is any free port: give the one that it got.");
  if (sslkey !== "" && isDenoBefore(SECURE_MINOR)) {
    throw new Mistake(
      `Option sslkey: over TLS health needs Deno 2.${SECURE_MINOR} or later: this is ${Deno.version.deno}.`,
    );
  }
  const target = {
    secure: sslkey !== "",
    host: host === "" ? "127.0.0.1" : reachable(host),
    port,
    // The name in the certificate is that of the site, and the server is on this machine.
    ca: null,
    maxMs: ANSWER_MAX_MS,
  };
  const reached = await get(target, `${path}healthz`);
  const url = `${target.secure ? "https" : "http"}://${urlHost(target.host)}:${port}${path}healthz`;
  const outcome = reached.kind === "answer" ? `answers ${reached.status}` : reached.message;
  const isUp = reached.kind === "answer" && reached.status === 200;
  return { text: `${url}: ${outcome}\n`, code: isUp ? 0 : 1 };
}

/** The arguments of the program that process `pid` runs. A container has them nowhere else. */
async function argumentsOf(pid: string, rest: readonly string[]): Promise<readonly string[]> {
  if (rest.length > 0) throw new Mistake("After --pid N there are no other options.");
  if (!/^[1-9]\d{0,9}$/.test(pid)) {
    throw new Mistake("Option --pid needs the number of a process.");
  }
  let words: readonly string[];
  try {
    words = (await Deno.readTextFile(`/proc/${pid}/cmdline`)).split("\0").slice(0, -1);
  } catch (error) {
    throw new Mistake(`Option --pid: cannot read the options of ${pid}: ${fileProblem(error)}.`);
  }
  const program = words.findIndex((word) => /^(?!-).*?(?:^|\/)main\.ts$/.test(word));
  if (program < 0) throw new Mistake(`Option --pid: process ${pid} does not run main.ts.`);
  return words.slice(program + 1);
}

const ONLY_OPTIONS = "health takes --pid N or the options of the server, and nothing else.";

function noServer(pid: string): string {
  return `Option --pid: process ${pid} runs main.ts, but no server.`;
}

const ANSWER_MAX_MS = 5_000;
