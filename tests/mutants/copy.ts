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
  /** In a file of tests: by a test, whose name it is, by the engine that gave up, or by the limit of time. */
  | { readonly kind: "caught"; readonly file: string; readonly by: string }
  /** The tests did not run to where one can fail. */
  | { readonly kind: "unclear"; readonly output: string };

const ROOT = new URL("../../", import.meta.url);
const LEFT_OUT = new Set(["node_modules", "coverage"]);
const HEAP_MB = 512;
/** Longest that a run may wait for the processor: it is an error then, and says nothing of the break. */
const RUN_MAX_MS = 600_000;

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

/**
 * Runs files of tests of the copy, up to the first that fails; after so much time of a processor they are ended. How
 * long the machine lets them wait does not count.
 */
export async function runTests(
  { folder }: Copy,
  files: readonly string[],
  cpuMs: number,
): Promise<Verdict> {
  const begunAt = performance.now();
  const timeout = AbortSignal.timeout(RUN_MAX_MS);
  const cpuSeconds = Math.ceil(cpuMs / 1_000);
  const { success, signal, stdout, stderr } = await new Deno.Command("sh", {
    args: [
      ...["-c", `ulimit -S -t ${cpuSeconds} && exec "$0" "$@"`, Deno.execPath()],
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
  const file = [...output.matchAll(/^# \.\/(.+)$/gm)].at(-1)?.[1] ?? files[0] ?? "";
  const failed = /^not ok \d+ - (.*)$/m.exec(output)?.[1];
  if (failed !== undefined) return { kind: "caught", file, by: failed };
  if (timeout.aborted) return { kind: "unclear", output: `${files} did not end` };
  if (signal !== null) {
    const why = signal === "SIGXCPU" ? `more than ${cpuSeconds} s of a processor` : "out of memory";
    return { kind: "caught", file, by: `${signal} in ${file}: ${why}` };
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
