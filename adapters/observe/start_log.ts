/**
 * What the log says at the start: where the server is, what is in force, what was given for nothing.
 *
 * @module
 */
import { escape, type Settings } from "../../core/mod.ts";
import { write } from "./log.ts";

/** Where the server can be reached, what a client needs to get there, and what is in force. */
export interface Listening
  extends Pick<Settings, "host" | "path" | "listener" | "auth" | "cors" | "allow_discovery"> {
  /** The name of the program, and its version. */
  readonly version: string;
  readonly port: number;
  readonly secure: boolean;
  readonly customKey: boolean;
}

/** Says where the server listens, with the options that a PeerJS client needs, and what is in force. */
export function logListening(listening: Listening): void {
  const { host, port, path, secure, customKey, version, listener, auth, cors } = listening;
  const scheme = secure ? "https" : "http";
  const reachable = isAnyAddress(host) ? "localhost" : host;
  const authority = reachable.includes(":") ? `[${reachable}]` : reachable;
  const key = customKey ? ', key: "<the key you set>"' : "";
  const client = `new Peer({ host: "${authority}", port: ${port}, path: "${path}", ` +
    `secure: ${secure}${key} })`;
  const url = `${scheme}://${authority}:${port}${path}`;
  const isAnyPage = cors.length === 0 || cors.includes("*");
  const discovery = listening.allow_discovery;
  const inForce =
    `auth ${auth}, ${isAnyPage ? "pages of any origin" : `pages of ${cors.join(", ")}`}, ` +
    `discovery ${discovery ? "on" : "off"}, listener ${listener}`;
  write("info", `Listening on ${url}; a client gets here with ${client}; ${version}: ${inForce}`, {
    event: "listening",
    version,
    auth,
    origins: isAnyPage ? ["*"] : cors,
    discovery,
    listener,
    url,
    client,
    host,
    port,
    path,
    secure,
  });
}

/** Says that something was given which does nothing: a retired option, a variable that is none. */
export function logUselessOption(sentence: string): void {
  const text = escape(sentence);
  write("warning", text, { event: "useless-option", text });
}

function isAnyAddress(host: string): boolean {
  return host === "" || host === "::" || host === "0.0.0.0";
}
