/**
 * Puts the incumbent where Node finds it: a folder with `npm:peer` and all that it needs, in the versions that
 * `deno.lock` names.
 *
 * @module
 */

/** Name and version of the package. */
export const PACKAGE = { name: "peer", version: "1.0.2" } as const;

/** An incumbent that is ready to be started, any number of times. */
export interface Incumbent extends AsyncDisposable {
  /** `node`, or `deno` where there is no Node. */
  readonly runtime: "node" | "deno";
  /** The version of the runtime. */
  readonly version: string;
  readonly command: readonly string[];
}

/** Installs the incumbent into a folder of its own, which goes with it. */
export async function installIncumbent(): Promise<Incumbent> {
  const folder = await Deno.makeTempDir({ prefix: "signalbox-bench-" });
  const remove = (): Promise<void> => Deno.remove(folder, { recursive: true });
  try {
    await Deno.copyFile(new URL("../../deno.lock", import.meta.url), `${folder}/deno.lock`);
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
  const program = [MAIN, `${folder}/package.json`];
  const version = await nodeVersion();
  const chosen = version === null
    ? {
      runtime: "deno",
      version: Deno.version.deno,
      command: [Deno.execPath(), "run", "-A"],
    } as const
    : { runtime: "node", version, command: ["node"] } as const;
  return { ...chosen, command: [...chosen.command, ...program], [Symbol.asyncDispose]: remove };
}

const MAIN = new URL("./incumbent_main.mjs", import.meta.url).pathname;

async function nodeVersion(): Promise<string | null> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"] }).output();
    return new TextDecoder().decode(stdout).trim().replace(/^v/, "");
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return null;
    throw error;
  }
}
