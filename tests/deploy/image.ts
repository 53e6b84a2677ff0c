/**
 * The image that the Dockerfile makes, built by buildah, and run as a container is: process 1 of a namespace of its own,
 * with a root that cannot be written, as the user of the image. No engine is needed.
 *
 * The base is a stand-in: a root with this deno, what it links to, the user that the base of Deno has, and no more than
 * the steps of the Dockerfile need. What is not real then: the files of the base, and an engine around the process.
 *
 * @module
 */
import { isFile, requiredWords } from "../support/browser.ts";
import { makeFolder } from "../support/folder.ts";
import { ROOT } from "../support/main.ts";
import { collectOutput, kill, type Output } from "../support/output.ts";
import { childOf } from "./systemd.ts";

const AUTHORITIES = "/etc/ssl/certs/ca-certificates.crt";
const BUILDAH = "/usr/bin/buildah";

/** Why no image can be built here, as a sentence; `null` if one can. */
export function whyNoImage(): string | null {
  const isRoot = Deno.build.os === "linux" && Deno.uid() === 0;
  if (isFile(BUILDAH) && isRoot) return null;
  const reason = "no image is built: it takes root, and buildah (Debian: apt-get install buildah)";
  if (requiredWords().includes("buildah")) throw new Error(reason);
  return reason;
}

/** What an image says about how it is run. */
export interface ImageConfig {
  readonly User: string;
  readonly ExposedPorts: Readonly<Record<string, unknown>>;
  readonly Env: readonly string[];
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[];
  readonly Healthcheck: { readonly Test: readonly [kind: string, ...command: readonly string[]] };
}

export interface Image extends AsyncDisposable {
  readonly config: ImageConfig;
  /** Where its files are. */
  readonly root: string;
}

/** Builds the image, with the packages of the lock from their registry. */
export async function buildImage(): Promise<Image> {
  const folder = await makeFolder();
  const store = ["--root", `${folder.path}/root`, "--runroot", `${folder.path}/run`];
  // An isolation that works without a namespace for users, and without a runtime.
  const buildah = async (...args: readonly string[]): Promise<string> =>
    await output(BUILDAH, [...store, ...args]);
  const dispose = async (): Promise<void> => {
    await buildah("umount", "--all");
    await folder[Symbol.asyncDispose]();
  };
  try {
    await makeBase(`${folder.path}/base`);
    const base = await buildah("from", "scratch");
    await buildah("copy", "--quiet", base, `${folder.path}/base`, "/");
    // A registry may be reached through a proxy whose authority the system knows.
    await buildah("config", "--env", "DENO_TLS_CA_STORE=mozilla,system", base);
    await buildah("commit", "--quiet", base, "base");
    const how = ["--isolation", "chroot", "--layers=false", "--format", "docker"];
    await buildah(
      "bud",
      ...how,
      "--build-arg",
      "BASE=localhost/base",
      "--tag",
      "signalbox",
      ROOT.pathname,
    );
    const { Docker } = JSON.parse(await buildah("inspect", "--type", "image", "signalbox"));
    const root = await buildah("mount", await buildah("from", "localhost/signalbox"));
    return { config: Docker.config, root, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** A base as small as one can be: no package manager, and no program but what a step runs. */
async function makeBase(root: string): Promise<void> {
  const programs: readonly (readonly [from: string, to: string])[] = [
    [Deno.execPath(), "/usr/bin/deno"],
    ["/bin/sh", "/bin/sh"],
    ["/bin/chmod", "/bin/chmod"],
    ["/usr/bin/install", "/usr/bin/install"],
  ];
  const folders = ["etc/ssl/certs", "usr/bin", "proc", "dev", "tmp", "sys"];
  for (const name of folders) await Deno.mkdir(`${root}/${name}`, { recursive: true });
  const files = new Map(programs.map(([from, to]) => [to, from]));
  for (const [from] of programs) {
    const linked = (await output("ldd", [from])).match(/\/\S+/g) ?? [];
    linked.forEach((library) => files.set(library, library));
  }
  if (isFile(AUTHORITIES)) files.set(AUTHORITIES, AUTHORITIES);
  for (const [to, from] of files) {
    await Deno.mkdir(`${root}${to.slice(0, to.lastIndexOf("/"))}`, { recursive: true });
    await Deno.copyFile(from, `${root}${to}`);
  }
  await Deno.writeTextFile(`${root}/etc/passwd`, "root:x:0:0::/:\ndeno:x:1993:1993::/:\n");
  await Deno.writeTextFile(`${root}/etc/group`, "root:x:0:\ndeno:x:1993:\n");
}

/** A container that runs. */
export interface Container extends AsyncDisposable {
  readonly output: Output;
  /** Runs the health check of the image in it: the exit code, and what it prints. */
  readonly checkHealth: () => Promise<readonly [code: number, text: string]>;
  /** Sends SIGTERM to its process 1. Returns the exit code. */
  readonly stop: () => Promise<number>;
  /** The exit code. */
  readonly ended: Promise<number>;
}

/** Runs the image with these flags, as `docker run --read-only --tmpfs /data` does, in the network of this machine. */
export function runImage({ root, config }: Image, flags: readonly string[]): Container {
  const script = `mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" &&
    mount -t proc proc "$0/proc" && mount -t tmpfs -o uid=1993 tmpfs "$0/data" &&
    exec chroot --userspec=deno:deno "$0" "$@"`;
  const process = new Deno.Command("unshare", {
    args: [
      ...["--fork", "--kill-child", "--pid", "--mount", "sh", "-c", script, root],
      ...config.Entrypoint,
      ...flags,
    ],
    clearEnv: true,
    env: Object.fromEntries(config.Env.map((pair) => pair.split("=", 2))),
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  }).spawn();
  const printed = collectOutput(process);

  /** Process 1, as this machine numbers it. */
  async function first(): Promise<number> {
    const pid = await childOf(process.pid);
    if (pid === null) throw new Error(`The container has ended:\n${printed.lines.join("\n")}`);
    return pid;
  }

  const ended = printed.finished.then(async () => (await process.status).code);

  async function stop(): Promise<number> {
    Deno.kill(await first(), "SIGTERM");
    return await ended;
  }

  return {
    output: printed,
    checkHealth: async () => {
      const [, ...command] = config.Healthcheck.Test;
      const inside = ["--target", `${await first()}`, "--mount", "--pid", "--root", "--wd"];
      const { code, stdout, stderr } = await new Deno.Command("nsenter", {
        args: [...inside, "--setuid", "1993", "--setgid", "1993", "--", ...command],
        clearEnv: true,
        env: Object.fromEntries(config.Env.map((pair) => pair.split("=", 2))),
      }).output();
      return [code, text(stdout) + text(stderr)];
    },
    stop,
    ended,
    [Symbol.asyncDispose]: async () => {
      kill(process, "SIGKILL");
      await ended;
    },
  };
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${text(stderr)}${text(stdout)}`);
  return text(stdout).trim();
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
