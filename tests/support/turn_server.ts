/** A coturn of a test's own, on loopback, which takes credentials that a secret signs. */
import { makeFolder } from "./folder.ts";
import { isFile, requiredWords } from "./browser.ts";
import { collectOutput, kill } from "./output.ts";

export type TurnSearch =
  | { readonly kind: "found"; readonly path: string }
  /** No server: `reason` says so, and what to do. `allowed` if the tests may do without. */
  | { readonly kind: "missing"; readonly reason: string; readonly allowed: boolean };

/** Looks for turnserver on `PATH`. */
export function findTurnServer(): TurnSearch {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  const path = folders.map((folder) => `${folder}/turnserver`).find(isFile);
  if (path !== undefined) return { kind: "found", path };
  const reason = "no turnserver found: install it (Debian: apt-get install coturn)";
  return { kind: "missing", reason, allowed: !requiredWords().includes("coturn") };
}

export interface TurnServer extends AsyncDisposable {
  /** As option `turn_urls` takes it. */
  readonly url: string;
  /** What it printed so far. */
  readonly lines: readonly string[];
}

/** Starts a server with this secret; the words that follow are more of its options. */
export async function startTurnServer(path: string, secret: string): Promise<TurnServer> {
  const folder = await makeFolder();
  const port = freePort();
  const args = Object.entries({
    "listening-ip": "127.0.0.1",
    "relay-ip": "127.0.0.1",
    "listening-port": `${port}`,
    "static-auth-secret": secret,
    "realm": "signalbox.test",
    "pidfile": `${folder.path}/pid`,
    "userdb": `${folder.path}/users`,
    "log-file": "stdout",
  }).map(([name, value]) => `--${name}=${value}`);
  const switches = ["-n", "--use-auth-secret", "--allow-loopback-peers", "--no-tls", "--no-dtls"];
  const process = new Deno.Command(path, {
    args: [...switches, "--no-cli", "--verbose", ...args],
    cwd: folder.path,
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  }).spawn();
  const output = collectOutput(process);
  await output.first((line) => /UDP listener opened on/.test(line));
  return {
    url: `turn:127.0.0.1:${port}?transport=udp`,
    lines: output.lines,
    [Symbol.asyncDispose]: async () => {
      kill(process, "SIGTERM");
      await process.status;
      await output.finished;
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A port on which nothing listens. */
function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}
