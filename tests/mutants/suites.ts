/**
 * Which tests a break has to get past, and in what order: those of the broken file first, then all the
 * others, cheapest first.
 *
 * @module
 */
import { sourceFiles } from "../tools/docs.ts";

/** Folders, and single files, of tests that need no socket, no clock and no process. */
const SUITES = [
  "tests/core",
  "tests/properties",
  "tests/sim",
  "tests/adapters/cli_test.ts",
  "tests/adapters/environment_test.ts",
];

/** Where the rules of a file are tested first of all; for speed only. */
const LIKELY: Readonly<Record<string, readonly string[]>> = {
  "core/rules/address.ts": ["core/address", "core/forwarded"],
  "core/collections/deadlines.ts": ["properties/deadlines"],
  "core/effect.ts": ["core/effect"],
  "core/wire/frame.ts": ["core/message", "core/frame", "core/guard"],
  "core/rules/allowance.ts": ["core/token", "core/shut_out", "core/guard"],
  "core/http.ts": ["core/http", "core/token"],
  "core/inspect/invariants.ts": ["core/invariants"],
  "core/wire/json_text.ts": ["core/message", "core/frame"],
  "core/rules/liveness.ts": ["core/life", "core/token_end", "core/message"],
  "core/rules/mailbox.ts": ["core/queue", "core/queue_share", "core/state", "core/guard"],
  "core/settings/parse.ts": ["core/settings"],
  "core/collections/persistent_map.ts": ["core/state", "properties/persistent_map"],
  "core/rules/origin.ts": ["core/origin"],
  "core/settings/retired.ts": ["core/settings"],
  "core/wire/url_text.ts": ["core/url_text", "core/http", "core/settings"],
  "core/collections/must.ts": ["core/must"],
  "core/reduce.ts": ["core/life", "core/token", "core/queue"],
  "core/rules/relay.ts": ["core/message", "core/guard"],
  "core/rules/session.ts": [
    "core/open",
    "core/token",
    "core/token_end",
    "core/shut_out",
    "core/life",
    "core/guard",
  ],
  "core/settings/options.ts": ["core/settings"],
  "core/state.ts": ["core/queue", "core/state", "core/token"],
  "adapters/program/cli.ts": ["adapters/cli", "adapters/environment"],
  "adapters/program/environment.ts": ["adapters/environment"],
};

/** The files of tests there are. */
export async function testFiles(): Promise<string[]> {
  const files = await sourceFiles("tests");
  return files.filter((file) =>
    file.endsWith("_test.ts") &&
    SUITES.some((suite) => file === suite || file.startsWith(`${suite}/`))
  );
}

/** Tests and what each took, in the order in which they are tried on a break of `file`. */
export function inOrder(times: ReadonlyMap<string, number>, file: string): [string, number][] {
  const likely = (LIKELY[file] ?? []).map((name) => `tests/${name}_test.ts`);
  const place = (test: string): number => {
    const found = likely.indexOf(test);
    return found < 0 ? likely.length : found;
  };
  return [...times].sort(([a, aMs], [b, bMs]) => place(a) - place(b) || aMs - bMs);
}
