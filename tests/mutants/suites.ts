/**
 * Which tests a break has to get past, and in what order: those first that are named like the broken file, that
 * cite its rules, or that caught other breaks of the same file; then all the others.
 */
import { readText, sourceFiles } from "../tools/docs.ts";
import type { Break } from "./break.ts";

/** Folders, and single files, of tests that need no socket, no clock and no process. */
const SUITES = [
  "tests/core",
  "tests/cluster/at_once_test.ts",
  "tests/cluster/claims_test.ts",
  "tests/cluster/courier_test.ts",
  "tests/cluster/directory_test.ts",
  "tests/cluster/drain_test.ts",
  "tests/cluster/engine_test.ts",
  "tests/cluster/history_test.ts",
  "tests/cluster/link_room_test.ts",
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

/** A break of a file that a file of tests caught. */
export interface Catch {
  readonly broken: string;
  readonly by: string;
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
 * about the same, and the rest; a slow one alone, for in one run Deno has an order of its own, and before the rest only
 * if it is about the same and takes less time. `times` says how many milliseconds each takes.
 */
export function runsFor(
  { file, rules }: Pick<Break, "file" | "rules">,
  times: ReadonlyMap<Suite, number>,
  caught: readonly Catch[] = [],
): string[][] {
  const name = /[^/]+(?=\.ts$)/.exec(file)?.[0] ?? "";
  const median = [...times.values()].sort((a, b) => a - b)[times.size >> 1] ?? 0;
  const rated = [...times].map(([suite, ms]) => {
    const cites = suite.cited.filter((rule) => rules.includes(rule)).length;
    const catches = caught.filter(({ broken, by }) => broken === file && by === suite.file).length;
    const worth = (cites + catches + (suite.file.endsWith(`/${name}_test.ts`) ? 9 : 0)) / ms;
    return { file: suite.file, ms, worth, isSlow: ms > SLOW * median };
  }).sort((a, b) => b.worth - a.worth);
  const filesOf = (from: typeof rated): string[] => from.map(({ file }) => file);
  const [first, ...others] = rated;
  const quick = others.filter(({ isSlow }) => !isSlow);
  const slow = others.filter(({ isSlow }) => isSlow);
  const rest = quick.filter(({ worth }) => worth === 0);
  const restMs = rest.reduce((sum, { ms }) => sum + ms, 0);
  const isSooner = ({ worth, ms }: { worth: number; ms: number }): boolean =>
    worth > 0 && ms < restMs;
  return [
    first === undefined ? [] : [first.file],
    filesOf(quick.filter(({ worth }) => worth > 0)),
    ...slow.filter(isSooner).map(({ file }) => [file]),
    filesOf(rest),
    ...slow.filter((each) => !isSooner(each)).map(({ file }) => [file]),
  ].filter((run) => run.length > 0);
}

/** From how many times the median on a file of tests is slow. */
const SLOW = 3;
