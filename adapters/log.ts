/**
 * The log: what is printed, where, and in which form. A key or a token is never in it, and what came
 * from outside cannot forge or colour a line.
 *
 * Lines go through LogTape, which is made for libraries: an application that embeds the server gets
 * nothing until it configures the category "signalbox" itself.
 *
 * @module
 */
import {
  configureSync,
  getAnsiColorFormatter,
  getConsoleSink,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type TextFormatter,
  type TextFormatterOptions,
} from "@logtape/logtape";
import type { Settings } from "../core/mod.ts";
import { journal } from "./journal.ts";
import type { Observer } from "./runtime.ts";

const logger = getLogger(["signalbox"]);

/** Sends the log to the console, as text or as JSON lines. Called once, by the program. */
export function configureLog(
  { log_format, log_level }: Pick<Settings, "log_format" | "log_level">,
  isTerminal: boolean,
): void {
  const asText = log_format === "text" || (log_format === "auto" && isTerminal);
  const formatter = asText ? textFormatter(isTerminal) : getJsonLinesFormatter();
  const sinks = ["console"];
  configureSync({
    reset: true,
    sinks: { console: getConsoleSink({ formatter }) },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "error", sinks },
      { category: ["signalbox"], lowestLevel: log_level, sinks },
    ],
  });
}

/** Logs who comes and goes, and at the level "debug" what the server tells its clients. */
export function logObserver(): Observer {
  return journal({
    connected: (id, address) =>
      logger.info('"{id}" connected from {address}', {
        event: "connected",
        id: escape(id),
        address: escape(address),
      }),
    refused: ({ id, address }, code, reason) =>
      logger.warn('"{id}" was refused: {reason} ({code}, from {address})', {
        event: "refused",
        id: escape(id ?? ""),
        address: escape(address),
        reason,
        code,
      }),
    disconnected: (id, code, reason) =>
      logger.info('"{id}" disconnected: {reason} ({code})', {
        event: "disconnected",
        id: escape(id),
        reason,
        code,
      }),
    answered: (id, text) =>
      logger.debug('"{id}" was told {frame}', {
        event: "answered",
        id: escape(id),
        frame: escape(text),
      }),
  });
}

/** Where the server can be reached, and what a client needs to get there. */
export interface Listening {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly secure: boolean;
  readonly customKey: boolean;
}

/** Says where the server listens, with the options that a PeerJS client needs. */
export function logListening({ host, port, path, secure, customKey }: Listening): void {
  const scheme = secure ? "https" : "http";
  const reachable = isAnyAddress(host) ? "localhost" : host;
  const name = reachable.includes(":") ? `[${reachable}]` : reachable;
  const key = customKey ? ', key: "<the key you set>"' : "";
  const client = `new Peer({ host: "${name}", port: ${port}, path: "${path}", ` +
    `secure: ${secure}${key} })`;
  logger.info(`Listening on {url}; a client gets here with ${escapeBraces(client)}`, {
    event: "listening",
    url: `${scheme}://${name}:${port}${path}`,
    client,
    host,
    port,
    path,
    secure,
  });
}

/** Says that the server was asked to end. */
export function logStopping(why: string): void {
  logger.info("Stopping, asked by {why}", { event: "stopping", why });
}

/** Says that the platform stopped listening, and that it is started again. */
export function logRelisten(why: string): void {
  logger.warn("No longer listening ({why}): trying again; open sockets live on", {
    event: "relisten",
    why: escape(why),
  });
}

/** Says that there are fewer descriptors than the clients that are allowed would need. */
export function logFewDescriptors(clients: number, descriptors: number, spare: number): void {
  logger.warn(
    "The process may have {descriptors} descriptors, too few for {clients} clients: raise it " +
      "(ulimit -n {wanted}), or lower --concurrent_limit to {fits}",
    {
      event: "few-descriptors",
      descriptors,
      clients,
      wanted: clients + spare,
      fits: Math.max(0, descriptors - spare),
    },
  );
}

/** Says that new connections get the certificate that the files have now. */
export function logReloaded(): void {
  logger.info("Read the TLS files again", { event: "reloaded" });
}

/** Says that something failed which should not have; the server goes on. */
export function logFault(what: string, error: unknown): void {
  const detail = error instanceof Error ? error.stack ?? error.message : String(error);
  logger.error("{what}: {detail}", { event: "fault", what, detail: escape(detail) });
}

/** What an exception says, for a line of the log or an answer. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * A text in which everything that could break, forge or colour a log line is written out.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(escape("a\n"), "a\\u{a}");
 * ```
 */
export function escape(text: string): string {
  return text.replace(
    /[\p{C}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16) ?? ""}}`,
  );
}

/** Values stand in the line as they are: they are escaped already, and plain to read. */
function textFormatter(isTerminal: boolean): TextFormatter {
  const options: TextFormatterOptions = {
    value: (value: unknown): string => String(value),
    format: ({ timestamp, level, message }): string => `${timestamp} ${level} ${message}`,
  };
  return isTerminal ? getAnsiColorFormatter(options) : getTextFormatter(options);
}

function isAnyAddress(host: string): boolean {
  return host === "" || host === "::" || host === "0.0.0.0";
}

/** LogTape reads braces as places for values; two of them are one of the text. */
function escapeBraces(text: string): string {
  return text.replaceAll("{", "{{").replaceAll("}", "}}");
}
