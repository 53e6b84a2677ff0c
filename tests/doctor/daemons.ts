/**
 * Real proxies on loopback, each started with a recipe of adapters/listen/recipes: its names and ports are changed, and
 * what a test changes.
 *
 * @module
 */
import { isFile, requiredWords } from "../support/browser.ts";
import { makeFolder } from "../support/folder.ts";
import { collectOutput, kill } from "../support/output.ts";
import { connect } from "../support/raw_socket.ts";
import { readText } from "../tools/docs.ts";

/** A proxy that Debian has. */
export type Daemon = "nginx" | "caddy" | "haproxy" | "apache";

/** What a recipe is started with in place of what stands in it. */
export interface Setting {
  readonly upstream: number;
  /** The port of a second node: the lines for one, which begin with `#` and no space, take effect. */
  readonly second?: number;
  /** PEM files. */
  readonly key: string;
  readonly cert: string;
  /** Changes to the text of the recipe: each of the first texts must be in it. */
  readonly edits: readonly Edit[];
}

export type Edit = readonly [from: string, to: string];

export interface Running extends AsyncDisposable {
  readonly pid: number;
  /** The port with TLS, and the one without. */
  readonly port: number;
  readonly plain: number;
  /** Makes it read its configuration again, as an operator does; settles when it has. */
  readonly reload: () => Promise<void>;
  /** All that it printed, and that stands in its log files. */
  readonly logged: () => Promise<string>;
}

interface Kind {
  readonly recipe: string;
  readonly programs: readonly string[];
  /** The file that the program reads, made of the recipe for these ports. */
  readonly configure: (recipe: string, place: Place) => string;
  readonly command: (file: string) => readonly string[];
  /** What tells it to read the file again: a signal, or a command of the program. */
  readonly reload: Deno.Signal | ((file: string, place: Place) => readonly string[]);
}

interface Place extends Omit<Setting, "edits"> {
  readonly port: number;
  readonly plain: number;
  /** Where Caddy takes commands. */
  readonly admin: number;
  readonly folder: string;
}

const MODULES = "/usr/lib/apache2/modules";

const APACHE_MODULES =
  "mpm_event authn_core authn_file authz_core authz_user auth_basic ssl http2 " +
  "socache_shmcb proxy proxy_http proxy_wstunnel proxy_balancer slotmem_shm " +
  "lbmethod_byrequests proxy_hcheck headers alias";

const KINDS: Readonly<Record<Daemon, Kind>> = {
  nginx: {
    recipe: "nginx.conf",
    programs: ["/usr/sbin/nginx", "/usr/bin/nginx"],
    configure: (recipe, { port, plain, folder, cert, key }) => {
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
      const site = changed(recipe.replaceAll("example.com;", "localhost;"), [
        ["listen 80", `listen 127.0.0.1:${plain}`],
        ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
        ["/etc/ssl/example.com.pem", cert],
        ["/etc/ssl/example.com.key", key],
      ]).replaceAll("/var/log/nginx", folder);
      return `daemon off; worker_processes 1; error_log stderr; pid ${folder}/pid;
events {}
http { access_log ${folder}/all.log; ${temporary}
${site} }`;
    },
    command: (file) => ["-c", file],
    reload: "SIGHUP",
  },
  caddy: {
    recipe: "Caddyfile",
    programs: ["/usr/bin/caddy"],
    configure: (recipe, { port, plain, admin, cert, key }) =>
      changed(recipe, [
        [
          "{\n",
          `{\nadmin 127.0.0.1:${admin}\nhttp_port ${plain}\nhttps_port ${port}\nskip_install_trust\n`,
        ],
        ["example.com {", `localhost {\nbind 127.0.0.1\ntls ${cert} ${key}`],
      ]),
    command: (file) => ["run", "--adapter", "caddyfile", "--config", file],
    reload: (file, { admin }) => [
      ...["reload", "--force", "--address", `127.0.0.1:${admin}`],
      ...["--adapter", "caddyfile", "--config", file],
    ],
  },
  haproxy: {
    recipe: "haproxy.cfg",
    programs: ["/usr/sbin/haproxy"],
    configure: (recipe, { port, plain, folder }) =>
      changed(recipe, [
        ["bind :80", `bind 127.0.0.1:${plain}`],
        ["bind :443", `bind 127.0.0.1:${port}`],
        ["log /dev/log", "log stdout format raw"],
        ["/etc/ssl/example.com.both.pem", `${folder}/both.pem`],
      ]),
    command: (file) => ["-W", "-db", "-f", file],
    reload: "SIGUSR2",
  },
  apache: {
    recipe: "apache.conf",
    programs: ["/usr/sbin/apache2"],
    configure: (recipe, { port, plain, folder, cert, key }) => {
      const site = changed(recipe.replaceAll("example.com\n", "localhost\n"), [
        ["*:80", `127.0.0.1:${plain}`],
        ["*:443", `127.0.0.1:${port}`],
        ["/etc/ssl/example.com.pem", cert],
        ["/etc/ssl/example.com.key", key],
      ]).replaceAll("/var/log/apache2", folder);
      return `${
        APACHE_MODULES.split(" ")
          .map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join("\n")
      }
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
ErrorLog /dev/stderr
LogFormat "%r" all
CustomLog ${folder}/all.log all
Listen 127.0.0.1:${port}
Listen 127.0.0.1:${plain}
${Deno.uid() === 0 ? "User www-data\nGroup www-data" : ""}
${site}`;
    },
    command: (file) => ["-D", "FOREGROUND", "-f", file],
    reload: "SIGUSR1",
  },
};

export type DaemonSearch =
  | { readonly kind: "found"; readonly path: string }
  /** No such program: `reason` says so, and what to do. `allowed` if the tests may do without. */
  | { readonly kind: "missing"; readonly reason: string; readonly allowed: boolean };

export function findDaemon(daemon: Daemon): DaemonSearch {
  const path = KINDS[daemon].programs.find(isFile);
  if (path !== undefined) return { kind: "found", path };
  const name = daemon === "apache" ? "apache2" : daemon;
  const reason = `no ${name} found: install it (Debian: apt-get install ${name})`;
  return { kind: "missing", reason, allowed: !requiredWords().includes(daemon) };
}

/** Starts a proxy; settles when it accepts connections. */
export async function startDaemon(
  daemon: Daemon,
  path: string,
  { edits, ...setting }: Setting,
): Promise<Running> {
  const { recipe, configure, command, reload } = KINDS[daemon];
  const text = await readText(`adapters/listen/recipes/${recipe}`);
  const folder = await makeFolder();
  const ports = { port: freePort(), plain: freePort(), admin: freePort() };
  const place = { ...setting, ...ports, folder: folder.path };
  const file = `${folder.path}/${recipe}`;
  await Deno.writeTextFile(file, configure(withNodes(changed(text, edits), setting), place));
  const [key, cert] = [await Deno.readTextFile(place.key), await Deno.readTextFile(place.cert)];
  await Deno.writeTextFile(`${folder.path}/both.pem`, `${cert}\n${key}`);
  const options = {
    cwd: folder.path,
    env: { HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  };
  const process = new Deno.Command(path, { args: [...command(file)], ...options }).spawn();
  const output = collectOutput(process);
  const stop = async (): Promise<void> => {
    const workers = await childrenOf(process.pid);
    kill(process, "SIGTERM");
    // Apache gives open sockets ten seconds.
    workers.forEach(end);
    await process.status;
    await output.finished;
    await folder[Symbol.asyncDispose]();
  };
  const ended = process.status.then(() => true);
  for (const startedAt = performance.now(); !await accepts(ports.port);) {
    const isOver = await Promise.race([ended, pause()]);
    if (!isOver && performance.now() - startedAt < START_MAX_MS) continue;
    await stop();
    throw new Error(`${daemon} does not start:\n${output.lines.join("\n")}`);
  }
  return {
    ...ports,
    pid: process.pid,
    reload: async () => {
      if (typeof reload === "string") return await renew(process.pid, reload);
      const args = [...reload(file, place)];
      const { success, stderr } = await new Deno.Command(path, { args, ...options }).output();
      if (!success) throw new Error(new TextDecoder().decode(stderr));
    },
    logged: async () => {
      const names = (await Array.fromAsync(Deno.readDir(folder.path)))
        .flatMap(({ name }) => name.endsWith(".log") ? [`${folder.path}/${name}`] : []);
      const texts = await Promise.all(names.map((name) => Deno.readTextFile(name)));
      return [...output.lines, ...texts].join("\n");
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** The processes that this one started and that run; none of one that has ended. */
async function childrenOf(pid: number): Promise<number[]> {
  const text = await Deno.readTextFile(`/proc/${pid}/task/${pid}/children`).catch(() => "");
  return text.split(" ").map(Number).filter((child) => child > 0);
}

/** Signals a process, and settles when it has another worker. */
async function renew(pid: number, signal: Deno.Signal): Promise<void> {
  const old = await childrenOf(pid);
  for (let looks = 0; looks < LOOKS_MAX; looks++) {
    // HAProxy acts on a signal that comes before it waits only when the next one comes.
    if (looks % LOOKS_PER_SIGNAL === 0) Deno.kill(pid, signal);
    if ((await childrenOf(pid)).some((child) => !old.includes(child))) return;
    await pause();
  }
  throw new Error(`It has no other worker after ${signal}`);
}

const LOOKS_PER_SIGNAL = 50;
const LOOKS_MAX = 1_000;

/** Ends a process that may have ended meanwhile. */
function end(pid: number): void {
  try {
    Deno.kill(pid, "SIGKILL");
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/**
 * A recipe for the ports of the nodes. Where the lines for two nodes repeat the first node, its line above goes. The
 * ports of the test are not taken for those of the recipe.
 */
function withNodes(recipe: string, { upstream, second }: Omit<Setting, "edits">): string {
  const text = second === undefined ? recipe : recipe
    .replace(/^.*:9000.*\n(?=(?:\s*# .*\n)*\s*#\S.*:9000)/m, "")
    .replaceAll(/^(\s*)#(?=\S)/gm, "$1");
  return text.replaceAll(
    /127\.0\.0\.1:900([01])\b/g,
    (_, node) => `127.0.0.1:${node === "0" ? upstream : second ?? 0}`,
  );
}

const START_MAX_MS = 10_000;

/**
 * A port that nothing listens on now, and that no other call gets. It is below those that a system gives for port 0,
 * so that no server of a test which runs at the same time takes it meanwhile.
 */
export function freePort(): number {
  for (;;) {
    nextPort++;
    try {
      Deno.listen({ port: nextPort, hostname: "127.0.0.1" }).close();
      return nextPort;
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
}

let nextPort = 20_000 + Math.floor(Math.random() * 10_000);

async function accepts(port: number): Promise<boolean> {
  try {
    (await connect(port)).close();
    return true;
  } catch {
    return false;
  }
}

/** Between two looks at a port: no daemon here says when it listens. */
function pause(): Promise<false> {
  return new Promise((resolve) => setTimeout(() => resolve(false), 10));
}

function changed(text: string, edits: readonly Edit[]): string {
  return edits.reduce((edited, [from, to]) => {
    if (!edited.includes(from)) throw new Error(`The recipe has no ${from}`);
    return edited.replace(from, () => to);
  }, text);
}
