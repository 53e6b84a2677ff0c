/**
 * Logs the start: the address, the main settings, and options that have no effect.
 *
 * @module
 */
import { escape, type Settings, urlHost } from "../../core/mod.ts";
import { isAnyAddress } from "../listen/address.ts";
import { write } from "./log.ts";

/** The address, and the settings that the first line shows. */
export interface Listening
  extends Pick<Settings, "host" | "path" | "listener" | "auth" | "cors" | "allow_discovery"> {
  /** The name of the program, and its version. */
  readonly version: string;
  /** 0 if it is no port of TCP. */
  readonly port: number;
  readonly secure: boolean;
  readonly customKey: boolean;
}

/** Logs where the server listens, with the PeerJS options for it, and the settings in force. */
export function logListening(listening: Listening): void {
  const { host, port, path, secure, customKey, version, listener, auth, cors } = listening;
  // A platform that gives no port has the name of the site, and TLS.
  const isHosted = port === 0;
  const authority = isHosted
    ? "<the name of your site>"
    : urlHost(isAnyAddress(host) ? "localhost" : host);
  const key = customKey ? ', key: "<the key you set>"' : "";
  const client = `new Peer({ host: "${authority}", port: ${isHosted ? 443 : port}, ` +
    `path: "${path}", secure: ${secure || isHosted}${key} })`;
  const url = isHosted ? null : `${secure ? "https" : "http"}://${authority}:${port}${path}`;
  const isAnyPage = cors.length === 0 || cors.includes("*");
  const discovery = listening.allow_discovery;
  const at = url ?? `what DENO_SERVE_ADDRESS names, below ${path}`;
  const inForce =
    `auth ${auth}, ${isAnyPage ? "pages of any origin" : `pages of ${cors.join(", ")}`}, ` +
    `discovery ${discovery ? "on" : "off"}, listener ${listener}`;
  write("info", `Listening on ${at}; a client gets here with ${client}; ${version}: ${inForce}`, {
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

/** Logs that a retired option or an unknown variable has no effect. */
export function logUselessOption(sentence: string): void {
  const text = escape(sentence);
  write("warning", text, { event: "useless-option", text });
}
