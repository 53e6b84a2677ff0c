/**
 * Writes the log and configures its output. No line contains a key or a token, and no input can forge or colour a line.
 *
 * Lines go through LogTape, which is made for libraries: an application that embeds the server sees none until it
 * configures LogTape and its category "signalbox", except for errors, which go to stderr until then.
 *
 * @module
 */
import { scheduleTimeout, within } from "../clock.ts";
import { messageOf } from "../errors.ts";
import {
  configureSync,
  getAnsiColorFormatter,
  getConfig,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
  type TextFormatter,
  type TextFormatterOptions,
} from "@logtape/logtape";
import { cutUrls, escape, type Settings, type SizedField } from "../../core/mod.ts";
import { wallNow, wallTimeOf } from "../record/clock.ts";
import type { RecorderEvents } from "../record/recorder.ts";
import { createRateLimit, maxLinesOf, type RateLimitPorts } from "./log_limit.ts";
import { createPrinter } from "./printer.ts";

const logger = getLogger(["signalbox"]);

/** The log of the program. */
export interface Log {
  /** Writes the remaining lines. Settles after at most half a second, and never rejects. */
  readonly end: () => Promise<void>;
  /** Prints lines that a worker has formatted. */
  readonly pass: (lines: readonly string[]) => void;
}

/** A worker whose lines the main thread prints. */
export interface LoggingWorker {
  /** Its number, a property of its lines. */
  readonly place: number;
  /** Hands lines over. Settles with the number of bytes taken when the next may come. */
  readonly write: (bytes: Uint8Array) => Promise<number>;
}

/**
 * Sends the log to stdout, as text or as JSON lines. Only the program calls it, once in each thread.
 *
 * @param worker `null` in the main thread.
 */
export function configureLog(
  { log_format, log_level }: Pick<Settings, "log_format" | "log_level">,
  isTerminal: boolean,
  worker: LoggingWorker | null = null,
): Log {
  const asText = log_format === "text" || (log_format === "auto" && isTerminal);
  const form = asText ? textFormatter(isTerminal) : jsonFormatter(worker?.place ?? null);
  const format = (line: LogRecord | string): string =>
    typeof line === "string" ? line : form(line).trimEnd();
  const printer = createPrinter({
    format,
    lostLine: (count) => format(lostRecord(count)),
    write: worker?.write ?? ((bytes: Uint8Array) => Deno.stdout.write(bytes)),
    schedule: scheduleTimeout,
  });
  const stdout = (record: LogRecord): void => {
    printer.print(record);
    if (record.level === "error") printer.flush();
  };
  // Stops LogTape from copying each record in case it changes, which is half the cost of a line. Ours never change.
  Object.assign(stdout, { [Symbol.for("LogTape.sinkSnapshotPolicy.immediate")]: true });
  const sinks = ["stdout"];
  configureSync({
    reset: true,
    sinks: { stdout },
    loggers: [
      { category: ["logtape", "meta"], lowestLevel: "error", sinks },
      { category: ["signalbox"], lowestLevel: log_level, sinks },
    ],
  });
  rates = createRateLimit({ ...RATES, schedule: scheduleTimeout });
  ofProgram = { lowest: LEVELS.indexOf(log_level), print: stdout };

  async function end(): Promise<void> {
    reportOmitted();
    await within(END_MAX_MS, printer.drained());
  }

  return { end, pass: (lines) => lines.forEach(printer.print) };
}

/**
 * The log of the program; `null` without one. Nobody else configures LogTape then, so its own lines need not look for
 * their sinks there, which costs as much as making them.
 */
let ofProgram: {
  /** The lowest level that it prints, as an index of {@linkcode LEVELS}. */
  readonly lowest: number;
  readonly print: (record: LogRecord) => void;
} | null = null;

/** How long the end of the process waits for the reader of its log. */
const END_MAX_MS = 500;

/** Printed in place of lines that could not be written. */
function lostRecord(count: number): LogRecord {
  const text = `Lines lost here: ${count}. The log is written too slowly`;
  return recordOf("error", text, { event: "lost", count });
}

export function logStopping(why: string): void {
  write("info", `Stopping, asked by ${why}`, { event: "stopping", why });
}

export function logRelisten(why: string): void {
  write("warning", `No longer listening (${escape(why)}): trying again; open sockets stay open`, {
    event: "relisten",
    why: escape(why),
  });
}

export function logReloaded(): void {
  write("info", "Read the TLS files again", { event: "reloaded" });
}

/** @param outcome A sentence that says what the signal did. */
export function logSignal(level: Level, signal: Deno.Signal, outcome: string): void {
  const what = escape(outcome);
  write(level, `${signal}: ${what}`, { event: "signal", signal, what });
}

/** Logs how much there is of what the state holds: in words, and by the names of its maps as a property. */
export function logSizes(sizes: Readonly<Record<SizedField, number>>): void {
  const { claims, addresses, pending, stored, sources, mailboxes, wrongTokens } = sizes;
  const text = `${count(claims, "client")} from ${count(addresses, "address")}, ` +
    `${count(pending, "socket")} not admitted yet, ${count(stored, "message")} waiting ` +
    `from ${count(sources, "sender")} for ${count(mailboxes, "absent peer")}, ` +
    `wrong tokens from ${count(wrongTokens, "address")}`;
  write("info", `Now: ${text}`, { event: "sizes", text, sizes });
}

function count(n: number, noun: string): string {
  const ending = noun.endsWith("s") ? "es" : "s";
  return `${n} ${noun}${n === 1 ? "" : ending}`;
}

/** Logs the events of the recorder for this file. */
export function recorderLog(file: string): RecorderEvents {
  const path = escape(file);
  const event = "recording";
  return {
    recording: () => write("info", `Recording to "${path}"`, { event, path, state: "recording" }),
    paused: (why) => {
      const reason = escape(why);
      write("error", `Not recording to "${path}": ${reason}`, {
        event,
        path,
        state: "paused",
        reason,
      });
    },
    leftOut: (bytes) =>
      write(
        "warning",
        `An event of ${bytes} bytes did not fit into "${path}": it is not recorded`,
        {
          event,
          path,
          state: "left-out",
          bytes,
        },
      ),
  };
}

/**
 * Logs an unexpected exception, with its stack if it has one.
 *
 * @param secrets What an application was given and can have put into the exception.
 */
export function logFault(what: string, error: unknown, secrets: readonly string[] = []): void {
  const detail = hide(stackOf(error) ?? messageOf(error), secrets);
  const shown = redact(escape(cutUrls(detail)));
  write("error", `${what}: ${shown}`, { event: "fault", what, detail: shown });
}

/** Replaces secrets in a text. A shorter one is no secret, and would be found in other words. */
export function hide(text: string, secrets: readonly string[]): string {
  return secrets.filter(({ length }) => length >= SECRET_MIN_LENGTH)
    .reduce((hidden, secret) => hidden.replaceAll(secret, "…"), text);
}

const SECRET_MIN_LENGTH = 8;

/** Logs that an application passes requests on without their addresses. */
export function logNoInfo(): void {
  const text =
    "A request was handled without the second argument, so the addresses of clients are unknown and count " +
    "as one: write box.handle(request, info), with the info that Deno.serve passes to its handler";
  write("error", text, { event: "no-info" });
}

/** The stack of an exception, whose getter may throw in turn. */
function stackOf(error: unknown): string | null {
  try {
    const stack = error instanceof Error ? error.stack : undefined;
    return typeof stack === "string" ? stack : null;
  } catch {
    return null;
  }
}

type Level = "debug" | "info" | "warning" | "error";

const LEVELS: readonly Level[] = ["debug", "info", "warning", "error"];

/** Whether something that was counted is logged again: the first, the second, the fourth, the eighth time and so on. */
export function isPowerOfTwo(count: number): boolean {
  return (count & (count - 1)) === 0;
}

/** Whether any sink takes lines of this level. */
export function isLogged(level: Level): boolean {
  if (ofProgram !== null) return LEVELS.indexOf(level) >= ofProgram.lowest;
  return logger.isEnabledFor(level);
}

/** Whether a line of a kind may be written now; counts it. Ask before making what is often not written; then `emit`. */
export function mayWrite(level: Level, kind: string): boolean {
  return isLogged(level) && rates.allows(kind, level);
}

/** Writes a line that {@linkcode mayWrite} allowed. */
export function emit(level: Level, text: string, properties: Properties): void {
  const record = recordOf(level, text, properties);
  if (ofProgram === null) logger.emit(record);
  else ofProgram.print(record);
}

/** Writes a line, unless there were too many of its kind, which is its `event` and, for a fault, `what` failed. */
export function write(level: Level, text: string, properties: Properties): void {
  // Until an application configures its log, nobody would hear of a fault.
  const isUnheard = level === "error" && getConfig() === null;
  if (!isUnheard && !isLogged(level)) return;
  const { event, what } = properties;
  const kind = event === "fault" ? `${event}: ${what}` : event;
  if (!rates.allows(kind, level)) return;
  if (isUnheard) console.error(`signalbox: ${text}`);
  else emit(level, text, properties);
}

/** A record that bypasses LogTape's templates, which would replace braces in the text. */
function recordOf(level: Level, text: string, properties: Properties): LogRecord {
  const { category } = logger;
  const timestamp = wallNow();
  return { category, level, message: [text], rawMessage: text, timestamp, properties };
}

/** The fields of a line, for machines. */
interface Properties extends Record<string, unknown> {
  readonly event: string;
}

const RATES: Omit<RateLimitPorts<Level>, "schedule"> = {
  now: () => performance.now(),
  maxOf: (kind, level) => level === "debug" ? Infinity : maxLinesOf(kind),
  report: ({ kind, level, count }) =>
    write(level, `And ${count} more of this kind within a minute: ${kind}`, {
      event: "omitted",
      kind,
      count,
    }),
};

/** Without a timer in an embedded server: a later line, or the stop, reports omitted lines there. */
let rates = createRateLimit({ ...RATES, schedule: () => () => {} });

/** Reports the lines omitted so far. */
export function reportOmitted(): void {
  rates.stop();
}

/**
 * Formats a record as LogTape's own JSON formatter does, in half the time: it does not look for values that JSON cannot
 * represent, because our records have none.
 */
function jsonFormatter(worker: number | null): TextFormatter {
  return (record) => {
    const { category, level, message, timestamp, properties } = record;
    if (category !== logger.category) return formatAnything(record);
    return JSON.stringify({
      "@timestamp": timeOf(timestamp),
      level: level === "warning" ? "WARN" : level.toUpperCase(),
      message: message[0],
      logger: "signalbox",
      properties: worker === null ? properties : { ...properties, worker },
    });
  };
}

/** The time of a line. Lines often have that of the one before. */
function timeOf(timestamp: number): string {
  if (timestamp !== lastTime.at) lastTime = { at: timestamp, text: wallTimeOf(timestamp, 0) };
  return lastTime.text;
}

let lastTime = { at: NaN, text: "" };

/** For records of LogTape itself. */
const formatAnything = getJsonLinesFormatter();

/** The subject of a sentence about a client. */
export function peerName(id: string | null): string {
  return id === null ? "A client without an id" : `"${shorten(id)}"`;
}

/**
 * Prepares a text for a place between quotes: cuts it to {@linkcode SHOWN_MAX} characters and escapes it and its
 * quotes.
 */
export function shorten(text: string): string {
  if (text.length <= SHOWN_MAX && PLAIN.test(text)) return text;
  return escape(firstOf(text).replace(/["\\]/g, "\\$&"));
}

/** The usual case: neither quotes nor anything else to escape. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** Prepares a text for a place without quotes, such as a frame or a sentence: cuts and escapes it. */
export function shortenUnquoted(text: string): string {
  return escape(firstOf(text));
}

function firstOf(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

const SHOWN_MAX = 256;

/** Removes keys and tokens: errors of the platform can contain the URL of a request. */
function redact(text: string): string {
  return text.replace(/([?&](?:key|token)=)[^&\s"']*/gi, "$1…");
}

function textFormatter(isTerminal: boolean): TextFormatter {
  const options: TextFormatterOptions = {
    format: ({ timestamp, level, message }): string => `${timestamp} ${level} ${message}`,
  };
  return isTerminal ? getAnsiColorFormatter(options) : getTextFormatter(options);
}
