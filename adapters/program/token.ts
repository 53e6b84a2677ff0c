/**
 * `signalbox token`: prints a token for option `auth_secret`.
 *
 * @module
 */
import { describe, hasControl } from "../../core/mod.ts";
import { mintToken } from "../auth/mint.ts";
import type { Environment } from "./environment.ts";
import {
  Mistake,
  optionFlags,
  optionText,
  type Printed,
  readWords,
  type Words,
} from "./subcommand_line.ts";

export const TOKEN_HELP = `Usage: signalbox token --sub ID [options]

Prints a JWT that a server with auth jwt and the same auth_secret accepts.

  --sub ID            The id that its client may open.
  --peers ID,ID       More ids that its client may open.
  --expires 1h        How long it is valid, such as 90s, 15m, 1h or 7d. Default: 1h.
  --auth_secret TEXT  The secret of the server; better set PEERSERVER_AUTH_SECRET,
                      because a process list shows flags.
  --auth_audience TEXT, --auth_issuer TEXT
                      What the server requires as aud and iss.
`;

const FLAGS = {
  sub: "value",
  peers: "value",
  expires: "value",
  help: "switch",
  ...optionFlags("auth_secret", "auth_audience", "auth_issuer"),
} as const;

/** @throws {Mistake} If an argument is wrong. */
export async function runToken(args: readonly string[], env: Environment): Promise<Printed> {
  const words = readWords(args, FLAGS);
  if (words.values.has("help")) return { text: TOKEN_HELP, code: 0 };
  const [stray] = words.rest;
  if (stray !== undefined) {
    throw new Mistake(`There is no argument ${describe(stray)}: write --sub ID.`);
  }
  const sub = words.values.get("sub");
  if (sub === undefined) {
    throw new Mistake("Option --sub is missing: the id that the client of the token may open.");
  }
  const peers = (words.values.get("peers") ?? "").split(",").filter((id) => id !== "");
  const wrong = [sub, ...peers].find(hasControl);
  if (wrong !== undefined) {
    throw new Mistake(`An id must have no control characters: got ${describe(wrong)}.`);
  }
  const expiresMs = durationMs(words.values.get("expires") ?? "1h");
  const token = await mintToken(secretSettings(words, env), { sub, peers, expiresMs });
  return { text: `${token}\n`, code: 0 };
}

/** @throws {Mistake} If there is no secret. */
function secretSettings(
  words: Words,
  env: Environment,
): { readonly auth_secret: string; readonly auth_audience: string; readonly auth_issuer: string } {
  const auth_secret = optionText("auth_secret", words, env);
  if (auth_secret === "") {
    throw new Mistake(
      "A token needs the secret of the server: set PEERSERVER_AUTH_SECRET to its auth_secret. " +
        "For a server with auth_jwks, make tokens where the private key is.",
    );
  }
  return {
    auth_secret,
    auth_audience: optionText("auth_audience", words, env),
    auth_issuer: optionText("auth_issuer", words, env),
  };
}

/**
 * Parses a duration such as 90s, 15m, 1h or 7d.
 *
 * @throws {Mistake} If it is none, or longer than ten years.
 */
export function durationMs(text: string): number {
  const [, digits = "", unit = ""] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = Number(digits) * (UNITS.get(unit) ?? 0);
  if (ms > 0 && ms <= DURATION_MAX_MS) return ms;
  throw new Mistake(
    `Option --expires must be a duration such as 90s, 15m, 1h or 7d, up to 3650d: got ${
      describe(text)
    }.`,
  );
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ["s", 1_000],
  ["m", 60_000],
  ["h", 3_600_000],
  ["d", 86_400_000],
]);

const DURATION_MAX_MS = 3_650 * 86_400_000;
