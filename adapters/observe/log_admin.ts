/**
 * Logs the admin port: where it is, and who was refused there.
 *
 * @module
 */
import { escape } from "../../core/mod.ts";
import { shorten, write } from "./log.ts";

export function logAdminListening(url: string): void {
  write("info", `Admin page on ${url}`, { event: "admin-listening", url });
}

/** Logs that others can reach the admin port, where anybody on the way can read the token. */
export function logAdminExposed(given: string): void {
  const host = shorten(given);
  write(
    "warning",
    `The admin port listens on "${host}" without TLS: whoever sees the network can read the admin token. Let a ` +
      "proxy with TLS or an SSH tunnel lead to 127.0.0.1, or use a network that only you see",
    { event: "admin-exposed", host },
  );
}

/** A request to the admin port that was refused. Its sentence never has a part of the request in it. */
export function logAdminRefused(
  { address: given, method, path, status, sentence }: {
    readonly address: string;
    readonly method: string;
    readonly path: string;
    readonly status: number;
    readonly sentence: string;
  },
): void {
  const address = escape(given);
  const asked = `${shorten(method)} ${shorten(path)}`;
  const properties = { event: "admin-refused", address, asked, status, sentence };
  write("warning", `Refused on the admin port: ${asked} from ${address}: ${sentence} (${status})`, {
    ...properties,
  });
}

export function logAdminRelisten(why: string): void {
  const reason = escape(why);
  write("warning", `The admin port no longer listens (${reason}): trying again`, {
    event: "admin-relisten",
    why: reason,
  });
}
