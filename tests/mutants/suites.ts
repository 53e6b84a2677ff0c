/**
 * Which tests a break has to get past, and in what order: those named like the broken file or that cite its
 * rules first, then all the others.
 */
import { readText, sourceFiles } from "../tools/docs.ts";
import type { Break } from "./break.ts";

/** Folders, and single files, of tests that need no socket, no clock and no process. */
const SUITES = [
  "tests/core",
  "tests/cluster/claims_test.ts",
  "tests/cluster/courier_test.ts",
  "tests/cluster/directory_test.ts",
  "tests/cluster/drain_test.ts",
  "tests/cluster/engine_test.ts",
  "tests/cluster/history_test.ts",
  "tests/cluster/links_test.ts",
  "tests/cluster/member_violations_test.ts",
  "tests/cluster/membership_test.ts",
  "tests/cluster/node_test.ts",
  "tests/cluster/sim",
  "tests/cluster/violations_test.ts",
  "tests/properties",
  "tests/sim",
  "tests/adapters/cli_test.ts",
  "tests/adapters/environment_test.ts",
];

export interface Suite {
  readonly file: string;
  /** The rules that its tests cite, as often as they do. */
  readonly cited: readonly string[];
}

export async function allSuites(): Promise<Suite[]> {
  const files = (await sourceFiles("tests")).filter((file) =>
    file.endsWith("_test.ts") &&
    SUITES.some((suite) => file === suite || file.startsWith(`${suite}/`))
  );
  return await Promise.all(files.map(async (file) => {
    const names = (await readText(file)).matchAll(/\[([A-Z]+-\d+)\]/g);
    return { file, cited: [...names].map(([, rule]) => rule ?? "") };
  }));
}

/**
 * The files of tests in the runs in which they are tried: the one that most likely notices, the others that are
 * about the same, the rest, and then each slow one, for in one run Deno has an order of its own. `times` says how
 * many milliseconds each takes.
 */
export function runsFor(
  { file, rules }: Pick<Break, "file" | "rules">,
  times: ReadonlyMap<Suite, number>,
): string[][] {
  const name = /[^/]+(?=\.ts$)/.exec(file)?.[0] ?? "";
  const median = [...times.values()].sort((a, b) => a - b)[times.size >> 1] ?? 0;
  const rated = [...times].map(([suite, ms]) => {
    const cites = suite.cited.filter((rule) => rules.includes(rule)).length;
    const worth = (cites + (suite.file.endsWith(`/${name}_test.ts`) ? 9 : 0)) / ms;
    return { file: suite.file, worth, isSlow: ms > SLOW * median };
  }).sort((a, b) => b.worth - a.worth);
  const filesOf = (from: typeof rated): string[] => from.map(({ file }) => file);
  const [first, ...others] = rated;
  const quick = others.filter(({ isSlow }) => !isSlow);
  return [
    first === undefined ? [] : [first.file],
    filesOf(quick.filter(({ worth }) => worth > 0)),
    filesOf(quick.filter(({ worth }) => worth === 0)),
    ...others.filter(({ isSlow }) => isSlow).map(({ file }) => [file]),
  ].filter((run) => run.length > 0);
}

/** From how many times the median on a file of tests is slow. */
const SLOW = 3;
