/**
 * Which tests a break has to get past, and in what order: those named like the broken file or that cite its
 * rules first, then all the others.
 *
 * @module
 */
import { readText, sourceFiles } from "../tools/docs.ts";
import type { Break } from "./break.ts";

/** Folders, and single files, of tests that need no socket, no clock and no process. */
const SUITES = [
  "tests/core",
  "tests/properties",
  "tests/model",
  "tests/sim",
  "tests/adapters/cli_test.ts",
  "tests/adapters/environment_test.ts",
];

/** A file of tests. */
export interface Suite {
  readonly file: string;
  /** The rules that its tests cite, as often as they do. */
  readonly cited: readonly string[];
}

/** The files of tests there are. */
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
 * The files of tests in the order in which they are tried, in up to three runs: the one that most likely
 * notices, the others that are about the same, and the rest. `times` says how many milliseconds each takes.
 */
export function runsFor(
  { file, rules }: Pick<Break, "file" | "rules">,
  times: ReadonlyMap<Suite, number>,
): string[][] {
  const name = /[^/]+(?=\.ts$)/.exec(file)?.[0] ?? "";
  const rated = [...times].map(([suite, ms]) => {
    const cites = suite.cited.filter((rule) => rules.includes(rule)).length;
    return { file: suite.file, worth: (cites + (suite.file.includes(name) ? 9 : 0)) / ms, ms };
  }).sort((a, b) => b.worth - a.worth || a.ms - b.ms);
  const filesOf = (from: typeof rated): string[] => from.map(({ file }) => file);
  const likely = rated.filter(({ worth }) => worth > 0);
  const rest = rated.filter(({ worth }) => worth === 0);
  return [likely.slice(0, 1), likely.slice(1), rest].map(filesOf).filter((run) => run.length > 0);
}
