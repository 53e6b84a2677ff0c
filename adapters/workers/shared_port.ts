/**
 * The port that workers share. A socket that shares its port binds it beside those of another process of the same user,
 * so a port that is taken must be noticed in other ways.
 *
 * @module
 */
import { bindAddress, portTaken } from "../listen/listener.ts";
import type { Settings } from "../../core/mod.ts";

/**
 * Binds the port for a moment without sharing it, which fails if anybody listens there.
 *
 * @returns The port, which the system picks for port 0.
 * @throws {StartError} If the address cannot be bound.
 */
export function freePort(settings: Pick<Settings, "host" | "port">): Promise<number> {
  return bindAddress(settings, (hostname) => {
    const listener = Deno.listen({ hostname, port: settings.port });
    const { port } = listener.addr;
    listener.close();
    return port;
  });
}

/**
 * Looks whether another process, which began at the same moment, shares the port; call it when all workers listen. Says
 * nothing where Deno may not read what the system knows.
 *
 * @throws {StartError} If one does.
 */
export async function checkUnshared(port: number): Promise<void> {
  let sockets: readonly Listening[];
  let own: ReadonlySet<string>;
  try {
    own = await ownSockets();
    const tables = ["/proc/net/tcp", "/proc/net/tcp6"].map((path) => Deno.readTextFile(path));
    sockets = (await Promise.all(tables)).flatMap((table) => listeningIn(table, port));
  } catch {
    return; // A permission is missing.
  }
  const addresses = new Set(
    sockets.filter(({ inode }) => own.has(inode)).map(({ address }) => address),
  );
  const isShared = sockets.some(({ address, inode }) => addresses.has(address) && !own.has(inode));
  if (isShared) throw portTaken(port, "");
}

/** A socket that listens. */
interface Listening {
  /** The address, as the system writes it. */
  readonly address: string;
  readonly inode: string;
}

/**
 * The sockets that listen on a port, in a table of the system (proc_net_tcp in the documentation of Linux).
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { listeningIn } from "./shared_port.ts";
 *
 * const row = "   0: 0100007F:2328 00000000:0000 0A 00000000:00000000 00:00000000 00000000 1000 0 4711 1 0\n";
 * assertEquals(listeningIn(row, 9000), [{ address: "0100007F", inode: "4711" }]);
 * ```
 */
export function listeningIn(table: string, port: number): Listening[] {
  return table.split("\n").flatMap((row) => {
    const [, local = "", , state, , , , , , inode = ""] = row.trim().split(/\s+/);
    const [address = "", hex = ""] = local.split(":");
    return state === LISTENS && parseInt(hex, 16) === port ? [{ address, inode }] : [];
  });
}

const LISTENS = "0A";

/** The inodes of all sockets of this process. */
async function ownSockets(): Promise<Set<string>> {
  const own = new Set<string>();
  for await (const { name } of Deno.readDir("/proc/self/fd")) {
    const target = await Deno.readLink(`/proc/self/fd/${name}`).catch(() => "");
    const inode = /^socket:\[(\d+)\]$/.exec(target)?.[1];
    if (inode !== undefined) own.add(inode);
  }
  return own;
}
