/**
 * Real proxies on loopback, each started with a recipe of adapters/listen/recipes in which a test changes a line.
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
  /** PEM files. */
  readonly key: string;
  readonly cert: string;
  /** Changes to the text of the recipe: each of the first texts must be in it. */
  readonly edits: readonly Edit[];
}

export type Edit = readonly [from: string, to: string];

export interface Running extends AsyncDisposable {
  readonly port: number;
}

interface Kind {
  readonly recipe: string;
  readonly programs: readonly string[];
  /** The file that the program reads, made of the recipe for a port. */
  readonly configure: (recipe: string, place: Place) => string;
  readonly command: (file: string) => readonly string[];
}

interface Place extends Omit<Setting, "edits"> {
  readonly port: number;
  readonly folder: string;
}

const MODULES = "/usr/lib/apache2/modules";

const KINDS: Readonly<Record<Daemon, Kind>> = {
  nginx: {
    recipe: "nginx.conf",
    programs: ["/usr/sbin/nginx", "/usr/bin/nginx"],
    configure: (recipe, { port, folder, cert, key }) => {
      const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map((name) => `${name}_temp_path ${folder}/${name};`).join("\n");
      const site = changed(recipe, [
        ["listen 443 ssl", `listen 127.0.0.1:${port} ssl`],
        ["server_name example.com", "server_name localhost"],
        ["/etc/ssl/example.com.pem", cert],
        ["/etc/ssl/example.com.key", key],
      ]);
      return `daemon off; worker_processes 1; error_log stderr; pid ${folder}/pid;
events {}
http { access_log off; ${temporary}
${site} }`;
    },
    command: (file) => ["-c", file],
  },
  caddy: {
    recipe: "Caddyfile",
    programs: ["/usr/bin/caddy"],
    configure: (recipe, { port, cert, key }) =>
      `{\nadmin off\nauto_https disable_redirects\nskip_install_trust\n}\n${
        changed(recipe, [[
          "example.com {",
          `https://localhost:${port} {\nbind 127.0.0.1\ntls ${cert} ${key}`,
        ]])
      }`,
    command: (file) => ["run", "--adapter", "caddyfile", "--config", file],
  },
  haproxy: {
    recipe: "haproxy.cfg",
    programs: ["/usr/sbin/haproxy"],
    configure: (recipe, { port, folder }) =>
      changed(recipe, [
        ["bind :443", `bind 127.0.0.1:${port}`],
        ["/etc/ssl/example.com.both.pem", `${folder}/both.pem`],
      ]),
    command: (file) => ["-db", "-f", file],
  },
  apache: {
    recipe: "apache.conf",
    programs: ["/usr/sbin/apache2"],
    configure: (recipe, { port, folder, cert, key }) => {
      const modules = "mpm_event authn_core authn_file authz_core authz_user auth_basic ssl " +
        "socache_shmcb proxy proxy_http proxy_wstunnel headers alias";
      const site = changed(recipe, [
        ["*:443", `127.0.0.1:${port}`],
        ["example.com\n", "localhost\n"],
        ["/etc/ssl/example.com.pem", cert],
        ["/etc/ssl/example.com.key", key],
      ]);
      return `${
        modules.split(" ").map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`)
          .join("\n")
      }
ServerRoot ${folder}
ServerName localhost
PidFile ${folder}/pid
DefaultRuntimeDir ${folder}
Mutex file:${folder}
ErrorLog /dev/stderr
Listen 127.0.0.1:${port}
${site}`;
    },
    command: (file) => ["-X", "-f", file],
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
  const { recipe, configure, command } = KINDS[daemon];
  const text = await readText(`adapters/listen/recipes/${recipe}`);
  const folder = await makeFolder();
  const port = freePort();
  const place = { ...setting, port, folder: folder.path };
  const file = `${folder.path}/${recipe}`;
  // The ports of the test must not be taken for those of the recipe, so its port comes last.
  const own = changed(text, edits).replaceAll("127.0.0.1:9000", `127.0.0.1:${setting.upstream}`);
  await Deno.writeTextFile(file, configure(own, place));
  const [key, cert] = [await Deno.readTextFile(place.key), await Deno.readTextFile(place.cert)];
  await Deno.writeTextFile(`${folder.path}/both.pem`, `${cert}\n${key}`);
  const process = new Deno.Command(path, {
    args: [...command(file)],
    cwd: folder.path,
    env: { HOME: folder.path, XDG_DATA_HOME: folder.path, XDG_CONFIG_HOME: folder.path },
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  }).spawn();
  const output = collectOutput(process);
  const stop = async (): Promise<void> => {
    kill(process, "SIGTERM");
    await process.status;
    await output.finished;
    await folder[Symbol.asyncDispose]();
  };
  const ended = process.status.then(() => true);
  for (const startedAt = performance.now(); !await accepts(port);) {
    const isOver = await Promise.race([ended, pause()]);
    if (!isOver && performance.now() - startedAt < START_MAX_MS) continue;
    await stop();
    throw new Error(`${daemon} does not start:\n${output.lines.join("\n")}`);
  }
  return { port, [Symbol.asyncDispose]: stop };
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
