/**
 * A copy of the project to be broken, and the tests that are run in it. The copy uses the module cache of
 * the machine, so that nothing is fetched.
 */
import { applyBreak, type Break } from "./break.ts";

export interface Copy {
  readonly folder: string;
  readonly remove: () => Promise<void>;
}

/** What came of some files of tests. */
export type Verdict =
  | { readonly kind: "passed"; readonly ms: number }
  /** By a test, whose name it is, or by the engine that gave up. */
  | { readonly kind: "caught"; readonly by: string }
  /** The tests were ended before they were done. */
  | { readonly kind: "late" }
  /** The tests did not run to where one can fail. */
  | { readonly kind: "unclear"; readonly output: string };

const ROOT = new URL("../../", import.meta.url);
const LEFT_OUT = new Set(["node_modules", "coverage"]);
const HEAP_MB = 1_024;

/** Copies the source, the tests and what they are run with. */
export async function copyProject(): Promise<Copy> {
  const folder = await Deno.makeTempDir({ prefix: "mutants-" });
  await copyFolder(ROOT, new URL(`file://${folder}/`));
  return { folder, remove: () => Deno.remove(folder, { recursive: true }) };
}

/** Runs `body` while a file of the copy is broken. */
export async function withBreak<T>(
  { folder }: Copy,
  broken: Break,
  body: () => Promise<T>,
): Promise<T> {
  const path = `${folder}/${broken.file}`;
  const whole = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, applyBreak(whole, broken));
  try {
    return await body();
  } finally {
    await Deno.writeTextFile(path, whole);
  }
}

/** Runs files of tests of the copy, up to the first that fails; after `timeoutMs` they are ended. */
export async function runTests(
  { folder }: Copy,
  files: readonly string[],
  timeoutMs: number,
): Promise<Verdict> {
  const begunAt = performance.now();
  const timeout = AbortSignal.timeout(Math.ceil(timeoutMs));
  const { success, signal, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["test", "-A", "--no-check", "--frozen", "--config=tests/deno.json"],
      ...["--quiet", "--fail-fast", "--reporter=tap"],
      `--v8-flags=--max-old-space-size=${HEAP_MB}`,
      "--preload=tests/mutants/seed.ts",
      ...files,
    ],
    cwd: folder,
    env: { NO_COLOR: "1" },
    stdin: "null",
    signal: timeout,
  }).output();
  if (success) return { kind: "passed", ms: performance.now() - begunAt };
  const output = new TextDecoder().decode(stdout);
  const failed = /^not ok \d+ - (.*)$/m.exec(output)?.[1];
  if (failed !== undefined) return { kind: "caught", by: failed };
  if (timeout.aborted) return { kind: "late" };
  if (signal !== null) {
    return { kind: "caught", by: `${signal} in ${files[0]} or after: out of memory` };
  }
  return { kind: "unclear", output: `${output}\n${new TextDecoder().decode(stderr)}`.trim() };
}

async function copyFolder(from: URL, to: URL): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory, isFile } of Deno.readDir(from)) {
    if (name.startsWith(".") || LEFT_OUT.has(name)) continue;
    if (isDirectory) await copyFolder(new URL(`${name}/`, from), new URL(`${name}/`, to));
    if (isFile) await Deno.copyFile(new URL(name, from), new URL(name, to));
  }
}
