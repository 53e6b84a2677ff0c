/**
 * `signalbox doctor`: looks at a server from outside, and says what is wrong with the way to it.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import { describe, readOrigin } from "../../core/mod.ts";
import { mintToken } from "../auth/mint.ts";
import { isDenoBefore } from "../deno_version.ts";
import {
  diagnose,
  hideToken,
  jsonOf,
  tableOf,
  type Target,
  type Tokens,
} from "../doctor/doctor.ts";
import { SECURE_MINOR } from "../doctor/http.ts";
import { fileProblem } from "../errors.ts";
import type { Environment } from "./environment.ts";
import {
  Mistake,
  optionFlags,
  optionText,
  type Printed,
  readWords,
  type Words,
} from "./subcommand_line.ts";

export const DOCTOR_HELP = `Usage: signalbox doctor URL [options]

Looks at a server as a page does: its name, TLS, path, key, CORS, the upgrade to
a WebSocket, and two clients with a message between them. Prints one line for
each check, and what to change where one fails. Exits with 1 if one fails.
The URL is the one of the server, such as https://example.com/signal.

  --key TEXT      The key of the server. Default: peerjs.
  --origin URL    The origin of the page. Default: that of the server.
  --token JWT     A token of a client that is not connected; a server with auth
                  jwt needs one.
  --auth_secret TEXT, --auth_audience TEXT, --auth_issuer TEXT
                  Make the tokens in place of that; set PEERSERVER_AUTH_SECRET.
  --ca FILE       PEM file with the authority of the certificate.
  --minutes N     Watch a silent socket for so long too. Default: 0.
  --json          Print JSON.
`;

const FLAGS = {
  token: "value",
  origin: "value",
  ca: "value",
  minutes: "value",
  json: "switch",
  help: "switch",
  ...optionFlags("key", "auth_secret", "auth_audience", "auth_issuer"),
} as const;

/** @throws {Mistake} If an argument is wrong. */
export async function runDoctor(
  args: readonly string[],
  env: Environment,
  isTerminal: boolean,
): Promise<Printed> {
  const words = readWords(args, FLAGS);
  if (words.values.has("help")) return { text: DOCTOR_HELP, code: 0 };
  const [address, stray] = words.rest;
  if (address === undefined) {
    throw new Mistake("A URL is missing: doctor https://example.com/signal.");
  }
  if (stray !== undefined) throw new Mistake(`There is no argument ${describe(stray)}.`);
  const tokens = tokensFrom(words, env);
  const hasToken = tokens.given !== null || tokens.mint !== null;
  const target = {
    ...targetOf(address),
    ...pageOf(words, env),
    ca: await authority(words),
    hasToken,
    maxMs: PROBE_MAX_MS,
  };
  const lines = hideToken(await diagnose(target, tokens), tokens.given);
  const text = words.values.has("json") ? jsonOf(address, lines) : tableOf(lines, isTerminal);
  return { text, code: lines.some(({ status }) => status === "fail") ? 1 : 0 };
}

function targetOf(address: string): Pick<Target, "secure" | "host" | "port" | "path"> {
  const wanted = "must be the URL of a server, such as https://example.com/signal";
  if (!URL.canParse(address)) {
    throw new Mistake(`The argument ${wanted}: got ${describe(address)}.`);
  }
  const { protocol, hostname, port, pathname, username, password } = new URL(address);
  const secure = protocol === "https:" || protocol === "wss:";
  if (!secure && protocol !== "http:" && protocol !== "ws:") {
    throw new Mistake(`The argument ${wanted}: got one that begins with ${describe(protocol)}.`);
  }
  if (username !== "" || password !== "") {
    throw new Mistake(`The argument ${wanted}, without a user name.`);
  }
  if (secure && isDenoBefore(SECURE_MINOR)) {
    throw new Mistake(
      `A URL with https: needs Deno 2.${SECURE_MINOR} or later: this is ${Deno.version.deno}.`,
    );
  }
  const path = pathname.endsWith("/") ? pathname : `${pathname}/`;
  const host = hostname.replace(/^\[(.*)\]$/, "$1");
  return { secure, host, port: Number(port) || (secure ? 443 : 80), path };
}

function pageOf(words: Words, env: Environment): Pick<Target, "key" | "origin" | "idleMs"> {
  const key = optionText("key", words, env);
  const page = words.values.get("origin");
  const read = page === undefined ? null : readOrigin(page);
  if (read !== null && (!read.ok || page?.includes("*"))) {
    throw new Mistake(
      `Option --origin must be the origin of one page, such as https://example.com: got ${
        describe(page)
      }.`,
    );
  }
  const minutes = words.values.get("minutes") ?? "0";
  const idleMs = Math.round(Number(minutes) * 60_000);
  if (!/^\d{1,4}(?:\.\d{1,4})?$/.test(minutes) || idleMs > IDLE_MAX_MS) {
    throw new Mistake(
      `Option --minutes must be a number from 0 to 1440: got ${describe(minutes)}.`,
    );
  }
  return { key, origin: read?.ok ? read.origins[0] ?? null : null, idleMs };
}

async function authority({ values }: Words): Promise<string | null> {
  const file = values.get("ca");
  if (file === undefined) return null;
  try {
    const text = await Deno.readTextFile(file);
    new X509Certificate(text);
    return text;
  } catch (error) {
    throw new Mistake(`Option --ca: cannot use ${describe(file)}: ${fileProblem(error)}.`);
  }
}

const PROBE_MAX_MS = 10_000;
const IDLE_MAX_MS = 86_400_000;

function tokensFrom(words: Words, env: Environment): Tokens {
  const given = words.values.get("token") ?? null;
  if (given !== null && !/^[\x21-\x7e]{1,65536}$/.test(given)) {
    throw new Mistake("Option --token must be a token: ASCII characters without spaces.");
  }
  if (given !== null) return { given, mint: null };
  const auth_secret = optionText("auth_secret", words, env);
  if (auth_secret === "") return { given: null, mint: null };
  const settings = {
    auth_secret,
    auth_audience: optionText("auth_audience", words, env),
    auth_issuer: optionText("auth_issuer", words, env),
  };
  const mint: Tokens["mint"] = (sub, peers) =>
    mintToken(settings, { sub, peers, expiresMs: TOKEN_MS });
  return { given: null, mint };
}

/** Long enough for all checks before the silent socket, whose token is checked when it opens. */
const TOKEN_MS = 300_000;
