/**
 * A systemd of a test's own: the real one, process 1 of namespaces of its own (processes, files, cgroups), with no unit
 * of this machine in it. What it cannot show is a boot, and a journal.
 *
 * @module
 */
import { makeFolder } from "../support/folder.ts";
import { ROOT } from "../support/main.ts";
import { collectOutput, kill } from "../support/output.ts";
import { isFile, requiredWords } from "../support/browser.ts";

const SYSTEMD = "/lib/systemd/systemd";

/** Why systemd's programs are not there, as a sentence; `null` if they are. */
export function whyNoSystemd(): string | null {
  if (isFile(SYSTEMD) && isFile("/usr/bin/systemd-analyze")) return null;
  const reason = "no unit is checked: it takes systemd (Debian: apt-get install systemd)";
  if (requiredWords().includes("systemd")) throw new Error(reason);
  return reason;
}

/** Why systemd cannot run in namespaces here, as a sentence; `null` if it can. */
export async function whyNoBoot(): Promise<string | null> {
  const reason =
    "the unit is not started: to run systemd in namespaces takes root, and a cgroup to write to";
  if (Deno.uid() !== 0) return reason;
  try {
    const [code] = await run("unshare", ["--pid", "--mount", "--cgroup", "--fork", "true"]);
    const cgroup = newCgroup();
    await Deno.mkdir(cgroup);
    await Deno.remove(cgroup);
    return code === 0 ? null : reason;
  } catch {
    return reason;
  }
}

/** The targets that a service names, without anything that they start on a machine. */
const TARGETS = "sysinit basic shutdown network-online network multi-user".split(" ");

/**
 * Mounts, seen only by the processes of the namespace: the unit, the product at /opt/signalbox with the packages of this
 * machine, Deno at its usual place; and in place of all other units and of generators nothing.
 */
const SCRIPT = `set -e
mount --make-rprivate /
for place in /run /var/lib /opt /usr/local/bin /sys/fs/cgroup; do mount -t tmpfs tmpfs $place; done
mkdir /opt/signalbox; mount --bind "$1/app" /opt/signalbox; mount --bind "$2" /opt/signalbox/.deno
touch /usr/local/bin/deno; mount --bind "$3" /usr/local/bin/deno
mount --bind "$1/units" /lib/systemd/system; mount --bind "$1/more" /etc/systemd/system
for place in generators environment-generators; do
  if [ -d /lib/systemd/system-$place ]; then mount --bind "$1/empty" /lib/systemd/system-$place; fi
done
mount -t proc proc /proc
mkdir /sys/fs/cgroup/systemd; mount -t cgroup -o none,name=systemd cgroup /sys/fs/cgroup/systemd 2>/dev/null ||
  mount -t cgroup2 cgroup2 /sys/fs/cgroup
echo ready
exec env -i PATH=/usr/bin:/bin container=lxc ${SYSTEMD} --system --unit=basic.target`;

export interface Systemd extends AsyncDisposable {
  /** Runs systemctl: the exit code, and what it prints. */
  readonly control: (...words: readonly string[]) => Promise<readonly [code: number, text: string]>;
  /** A file as the processes in the namespace see it. */
  readonly read: (path: string) => Promise<string>;
}

/** Starts systemd with this unit, and with a drop-in for it. */
export async function startSystemd(unit: string, dropIn: string): Promise<Systemd> {
  const folder = await makeFolder();
  const write = async (path: string, content: string): Promise<void> => {
    await Deno.mkdir(`${folder.path}/${path}`.replace(/\/[^/]*$/, ""), { recursive: true });
    await Deno.writeTextFile(`${folder.path}/${path}`, content);
  };
  await Deno.chmod(folder.path, 0o755);
  for (const name of ["empty", "app/.deno"]) {
    await Deno.mkdir(`${folder.path}/${name}`, { recursive: true });
  }
  for (const name of TARGETS) {
    await write(`units/${name}.target`, "[Unit]\nDefaultDependencies=no\n");
  }
  await write("units/signalbox.service", await Deno.readTextFile(new URL(unit, ROOT)));
  await write("more/signalbox.service.d/test.conf", dropIn);
  const product = ["main.ts", "deno.json", "deno.lock", "core", "adapters"];
  await run("cp", [
    "-r",
    ...product.map((name) => new URL(name, ROOT).pathname),
    `${folder.path}/app`,
  ]);
  const { denoDir } = JSON.parse((await run(Deno.execPath(), ["info", "--json"]))[1]);

  const cgroup = newCgroup();
  await Deno.mkdir(cgroup);
  const spaces = "--pid --mount --cgroup --ipc --uts --fork --kill-child";
  const join = `echo $$ > ${cgroup}/cgroup.procs && exec unshare ${spaces} sh -c "$0" sh "$@"`;
  const process = new Deno.Command("sh", {
    args: ["-c", join, SCRIPT, folder.path, denoDir, Deno.execPath()],
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  }).spawn();
  const output = collectOutput(process);
  const stop = async (): Promise<void> => {
    const first = await childOf(process.pid);
    // With process 1 of a namespace all its processes end, and with them its mounts.
    if (first !== null) Deno.kill(first, "SIGKILL");
    kill(process, "SIGTERM");
    await process.status;
    await output.finished;
    await run("find", [cgroup, "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"]);
    await folder[Symbol.asyncDispose]();
  };
  try {
    await output.first((line) => line === "ready");
    const first = `${await childOf(process.pid)}`;
    const inside = async (...command: readonly string[]): Promise<readonly [number, string]> =>
      await run("nsenter", ["-t", first, "--mount", "--pid", "--root", "--", ...command]);
    for (const until = performance.now() + START_MAX_MS;;) {
      const [, state] = await inside("systemctl", "is-active", "basic.target");
      if (state.trim() === "active") break;
      if (performance.now() > until) throw new Error(`systemd does not start: ${state}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return {
      control: (...words) => inside("systemctl", ...words),
      read: async (path) => (await inside("cat", path))[1],
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

const START_MAX_MS = 10_000;

/** A cgroup that is not there yet, in version 2, or in the hierarchy of version 1 that systemd has for itself. */
function newCgroup(): string {
  const own = "/sys/fs/cgroup/systemd";
  const all = isFile(`${own}/cgroup.procs`) ? own : "/sys/fs/cgroup";
  return `${all}/signalbox-${crypto.randomUUID()}`;
}

/** The first child of a process; `null` without one. */
export async function childOf(pid: number): Promise<number | null> {
  try {
    const children = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`);
    return children === "" ? null : Number(children.split(" ", 1)[0]);
  } catch {
    return null; // It has ended.
  }
}

/** Runs a program to its end: the exit code, and what it prints. */
export async function run(
  command: string,
  args: readonly string[],
): Promise<readonly [code: number, text: string]> {
  const { code, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    env: { NO_COLOR: "1", SYSTEMD_COLORS: "0" },
  }).output();
  return [code, new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr)];
}
