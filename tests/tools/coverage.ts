/**
 * Shows that the tests of the core reach every line and every branch of it, and fails where they do not.
 *
 * Only tests that are examples, and those of the two data structures, count: what a random history happens
 * to reach proves nothing about the next one.
 */

import { TESTS_CONFIG } from "../support/main.ts";

const SUITES = [
  "core",
  "tests/core",
  "tests/cluster/at_once_test.ts",
  "tests/cluster/claims_test.ts",
  "tests/cluster/courier_test.ts",
  "tests/cluster/directory_test.ts",
  "tests/cluster/drain_test.ts",
  "tests/cluster/engine_test.ts",
  "tests/cluster/link_room_test.ts",
  "tests/cluster/links_test.ts",
  "tests/cluster/member_violations_test.ts",
  "tests/cluster/membership_test.ts",
  "tests/cluster/node_test.ts",
  "tests/cluster/record_test.ts",
  "tests/cluster/violations_test.ts",
  "tests/properties/deadlines_test.ts",
  "tests/properties/json_text_test.ts",
  "tests/properties/persistent_map_test.ts",
];

/** A line of a file that no test reached, or from which a branch was never taken. */
interface Gap {
  readonly file: string;
  readonly line: number;
  readonly what: "line" | "branch";
}

const OF_CORE = /(?<!\/tests)\/core\/(?:[a-z]+\/)*[^/]+\.ts$/;

/** What a report in the format of lcov says of the core. */
export function read(lcov: string): { gaps: Gap[]; lines: number; branches: number } {
  const gaps: Gap[] = [];
  let [file, lines, branches] = ["", 0, 0];
  for (const row of lcov.split("\n")) {
    const [, kind, rest = ""] = /^(SF|DA|BRDA):(.*)$/.exec(row) ?? [];
    const [line = "", ...counts] = rest.split(",");
    if (kind === "SF") file = rest;
    if (kind === undefined || kind === "SF" || !OF_CORE.test(file)) continue;
    const what = kind === "DA" ? "line" : "branch";
    if (what === "line") lines++;
    else branches++;
    if (!(Number(counts.at(-1)) > 0)) gaps.push({ file, line: Number(line), what });
  }
  return { gaps, lines, branches };
}

async function run(args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: { NO_COLOR: "1", ...env },
    stdout: "piped",
    stderr: "piped",
  });
  const output = await command.output();
  const [stdout, stderr] = [textOf(output.stdout), textOf(output.stderr)];
  if (output.success && !stderr.includes(SKIPPED)) return stdout;
  console.log(stdout + stderr);
  throw new Error(`Cannot measure coverage: deno ${args.join(" ")} failed`);
}

const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** What Deno says of a file that it leaves out of a report. */
const SKIPPED = "Skipping.";

if (import.meta.main) {
  const folder = await Deno.makeTempDir();
  try {
    const profile = `${folder}/profile`;
    const { npmCache } = JSON.parse(await run(["info", "--json"]));
    // A cache of its own: the report reads what was compiled from it, and another version of Deno that runs the same
    // files meanwhile compiles them anew.
    await Deno.mkdir(`${folder}/cache`);
    await Deno.mkdir(npmCache, { recursive: true });
    await Deno.symlink(npmCache, `${folder}/cache/npm`);
    const env = { DENO_DIR: `${folder}/cache` };
    await run([
      ...["test", "-A", "--no-check", "--frozen", `--config=${TESTS_CONFIG}`, "--doc", "--quiet"],
      ...[`--coverage=${profile}`, ...SUITES],
    ], env);
    const { gaps, lines, branches } = read(await run(["coverage", "--lcov", profile], env));
    if (lines === 0) throw new Error("Cannot measure coverage: no line of core/ was run");
    for (const { file, line, what } of gaps) console.log(`${file}:${line}: ${what} not reached`);
    console.log(`core/: ${lines} lines, ${branches} branches, ${gaps.length} not reached`);
    if (gaps.length > 0) Deno.exitCode = 1;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
