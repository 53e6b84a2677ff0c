/**
 * The interface of all listeners, and what they share: reading TLS files and binding the address.
 *
 * @module
 */
import { fileProblem, messageOf, StartError } from "../errors.ts";
import type { Settings } from "../../core/mod.ts";

/** A listener that accepts connections. */
export interface Listener {
  /** The bound port, even if the settings have 0; 0 where a platform has Deno listen on no port of TCP. */
  readonly port: number;
  /** Stops the server and the listening. Settles within 5 s. */
  readonly stop: () => Promise<void>;
  /** Reads the TLS files again for new connections; a string says why it cannot, as a sentence for the log. */
  readonly reload: (() => Promise<void>) | string;
}

/** What a listener is told besides the settings. */
export interface ListenOptions {
  /** How many threads of this process listen on the port: the system spreads connections over them. */
  readonly sharers: number;
}

export const ALONE: ListenOptions = { sharers: 1 };

/** A private key and a certificate chain, as PEM text. */
export interface Tls {
  readonly key: string;
  readonly cert: string;
}

/** Why a listener without TLS cannot reload. */
export const NO_TLS_FILES = "There are no TLS files to read again";

/**
 * Reads the TLS files of the settings; returns `null` if TLS is off.
 *
 * @param check Throws if the listener cannot use the files.
 * @throws {StartError} If a file cannot be read or used.
 */
export async function readTls(
  { sslkey, sslcert }: Settings,
  check: (tls: Tls) => void,
): Promise<Tls | null> {
  if (sslkey === "") return null;
  const tls = { key: await readPem("sslkey", sslkey), cert: await readPem("sslcert", sslcert) };
  try {
    check(tls);
  } catch (error) {
    if (error instanceof StartError) throw error;
    throw new StartError(
      `Options sslkey, sslcert: cannot use these files: ${
        messageOf(error)
      }. They must be PEM and ` +
        "belong together, and the key must have no passphrase.",
      2,
    );
  }
  return tls;
}

/**
 * Binds an address by calling `bind`. Without a host that is every address, IPv6 included if the system has it.
 *
 * @param prefix What the names of the options for this address begin with.
 * @throws {StartError} If the address cannot be bound.
 */
export async function bindAddress<T>(
  { host, port }: Pick<Settings, "host" | "port">,
  bind: (hostname: string) => T | Promise<T>,
  prefix: "" | "admin_" = "",
): Promise<T> {
  const hosts = host !== ""
    ? [host]
    : Deno.build.os === "windows"
    ? ["0.0.0.0"]
    : ["::", "0.0.0.0"];
  for (const [i, hostname] of hosts.entries()) {
    try {
      return await bind(hostname);
    } catch (error) {
      if (error instanceof StartError) throw error;
      if (hasCode(error, "EADDRINUSE") || error instanceof Deno.errors.AddrInUse) {
        throw portTaken(port, prefix);
      }
      if (hasCode(error, "EACCES") || error instanceof Deno.errors.PermissionDenied) {
        const advice = "ports below 1024 need privileges";
        throw new StartError(`Option ${prefix}port: may not listen on ${port}: ${advice}.`, 1);
      }
      if (i < hosts.length - 1) continue;
      const what = `cannot listen on "${hostname}", port ${port}`;
      throw new StartError(`Option ${prefix}host: ${what}: ${messageOf(error)}.`, 1);
    }
  }
  throw new TypeError("There is always a host to try");
}

/** The error for a port that somebody has. */
export function portTaken(port: number, prefix: "" | "admin_"): StartError {
  const advice = `choose another with --${prefix}port, or stop what has it`;
  return new StartError(`Option ${prefix}port: ${port} is taken already: ${advice}.`, 1);
}

/** Whether an error of `node:net` has this code. */
function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

async function readPem(option: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (error) {
    throw new StartError(`Option ${option}: cannot read "${path}": ${fileProblem(error)}.`, 2);
  }
}
