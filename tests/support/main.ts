/** The program run to its end, for what it prints and how it exits. */
import { kill } from "./output.ts";

export interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Names the packages of the tests and of the product; `deno.json` in the root names those of the product alone. */
export const TESTS_CONFIG: string = new URL("../deno.json", import.meta.url).pathname;

/** The root of the project, where the program is run. */
export const ROOT = new URL("../../", import.meta.url);

/** How Deno runs the program. */
interface Running {
  /** The executable, if not the one that runs the test. */
  readonly deno?: string;
  /** The flags for what it may do; without them everything. */
  readonly permissions?: readonly string[];
}

/**
 * Starts `main.ts` with these flags and variables, and no others of the server's; behind `prefix`, a command
 * that becomes the one that follows it, such as `prlimit --nofile=150`.
 */
export function spawnMain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  prefix: readonly string[] = [],
  { deno = Deno.execPath(), permissions = ["-A"] }: Running = {},
): Deno.ChildProcess {
  const [command = "", ...rest] = [
    ...prefix,
    deno,
    "run",
    ...permissions,
    "--frozen",
    "main.ts",
    ...args,
  ];
  return new Deno.Command(command, {
    args: rest,
    cwd: ROOT,
    clearEnv: true,
    env: { ...cleanEnvironment(), ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

export async function runMain(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  running: Running = {},
): Promise<Ended> {
  const child = spawnMain(args, env, [], running);
  const timer = setTimeout(() => kill(child, "SIGKILL"), RUN_MAX_MS);
  const { code, stdout, stderr } = await child.output().finally(() => clearTimeout(timer));
  const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Longest that a run may take, an empty module cache included: one that serves instead of ending is ended. */
const RUN_MAX_MS = 30_000;

/** The environment without the server's own variables. */
function cleanEnvironment(): Record<string, string> {
  const kept = Object.entries(Deno.env.toObject()).filter(([name]) =>
    !/^(?:PORT|HOST|DENO_DEPLOY|PEERSERVER_.*)$/.test(name)
  );
  return { ...Object.fromEntries(kept), NO_COLOR: "1" };
}
