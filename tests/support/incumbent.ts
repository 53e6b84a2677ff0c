/**
 * Starts the real incumbent (`npm:peer` 1.0.2) on a free port of this machine, to be held against ours: with Deno, out
 * of its cache, or with Node, out of a folder that has the package and all that it needs, in the versions that
 * `tests/deno.lock` names.
 *
 * Both of its output streams are read to their end, and `stop` waits for that and for the process, so that
 * a test leaves nothing behind.
 */
import { TESTS_CONFIG } from "./main.ts";
import { collectOutput, kill } from "./output.ts";

/** The settings of the incumbent that the tests use; the names are the incumbent's own. Times are in milliseconds. */
export interface IncumbentOptions {
  readonly key?: string;
  readonly path?: string;
  readonly expire_timeout?: number;
  readonly alive_timeout?: number;
  readonly concurrent_limit?: number;
  readonly allow_discovery?: boolean;
  /** How often it looks for messages whose time has come; its default is 1,000. */
  readonly cleanup_out_msgs?: number;
  /** What its command makes of `--cors`. */
  readonly corsOptions?: { readonly origin: readonly string[] };
  /** Whether it tells who comes and goes, as its command does. */
  readonly log?: boolean;
}

export const PACKAGE = { name: "peer", version: "1.0.2" } as const;

export interface Incumbent extends AsyncDisposable {
  readonly url: string;
  readonly wsUrl: string;
  /** Sends SIGTERM; settles when the incumbent has acted on it, which does not mean that it ends. */
  interrupt(): Promise<void>;
}

/** Starts an incumbent; settles when it listens, fails with what it wrote if it ends before that. */
export async function startIncumbent(options: IncumbentOptions = {}): Promise<Incumbent> {
  const [command = "", ...args] = incumbentCommand(options);
  const child = new Deno.Command(command, {
    args,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = collectOutput(child);
  const said = (event: string): Promise<string> =>
    output.first((line) => line.startsWith(`{"event":"${event}"`), START_MAX_MS);
  const stop = async (): Promise<void> => {
    kill(child, "SIGKILL");
    await Promise.all([child.status, output.finished]);
  };
  try {
    const { port } = JSON.parse(await said("listening"));
    const { path = "/" } = options;
    const place = `127.0.0.1:${port}${path.endsWith("/") ? path : `${path}/`}`;
    return {
      url: `http://${place}`,
      wsUrl: `ws://${place}peerjs`,
      interrupt: async (): Promise<void> => {
        kill(child, "SIGTERM");
        await said("stopping");
      },
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The command that runs the incumbent: with Deno, or with this Node out of the folder of this `package.json`. */
export function incumbentCommand(
  options: IncumbentOptions,
  node?: { readonly command: readonly string[]; readonly folder: string },
): readonly string[] {
  const main = new URL("./incumbent_main.mjs", import.meta.url).pathname;
  const json = JSON.stringify(options);
  if (node === undefined) {
    return [Deno.execPath(), "run", "-A", "--frozen", `--config=${TESTS_CONFIG}`, main, json];
  }
  return [...node.command, main, json, `${node.folder}/package.json`];
}

/** An incumbent of its own folder, which goes with it: to be started any number of times. */
export interface Installed extends AsyncDisposable {
  /** `node`, or `deno` where there is no Node. */
  readonly runtime: "node" | "deno";
  readonly version: string;
  readonly command: readonly string[];
}

/** Installs the incumbent where Node finds it. */
export async function installIncumbent(options: IncumbentOptions): Promise<Installed> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-incumbent-" });
  const remove = (): Promise<void> => Deno.remove(folder, { recursive: true });
  try {
    await Deno.copyFile(new URL("../deno.lock", import.meta.url), `${folder}/deno.lock`);
    const wanted = { dependencies: { [PACKAGE.name]: PACKAGE.version } };
    await Deno.writeTextFile(`${folder}/package.json`, JSON.stringify(wanted));
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["install", "--quiet"],
      cwd: folder,
    }).output();
    if (!success) throw new Error(`deno install says: ${new TextDecoder().decode(stderr)}`);
  } catch (cause) {
    await remove();
    throw new Error(`Cannot install npm:${PACKAGE.name}@${PACKAGE.version} in ${folder}`, {
      cause,
    });
  }
  const version = await nodeVersion();
  const command = version === null ? [Deno.execPath(), "run", "-A"] : ["node"];
  return {
    runtime: version === null ? "deno" : "node",
    version: version ?? Deno.version.deno,
    command: incumbentCommand(options, { command, folder }),
    [Symbol.asyncDispose]: remove,
  };
}

/** What the incumbent's own command, `peerjs`, prints when it is asked for help. */
export async function incumbentHelp(): Promise<string> {
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "-A",
      `--config=${TESTS_CONFIG}`,
      `npm:${PACKAGE.name}@${PACKAGE.version}/peerjs`,
      "--help",
    ],
    cwd: new URL("../../", import.meta.url),
  }).output();
  return new TextDecoder().decode(stdout);
}

const START_MAX_MS = 20_000;

async function nodeVersion(): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).trim().replace(/^v/, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
