/**
 * The log: what is printed, where, and in which form. A key or a token is never in it, and what came
 * from outside cannot forge or colour a line.
 *
 * Lines go through LogTape, which is made for libraries: an application that embeds the server gets
 * nothing until it configures the category "signalbox" itself.
 *
 * @module
 */
import { scheduleTimeout, within } from "../clock.ts";
import { messageOf } from "../errors.ts";
import {
  configureSync,
  getAnsiColorFormatter,
  getJsonLinesFormatter,
  getLogger,
  getTextFormatter,
  type LogRecord,
  type TextFormatter,
  type TextFormatterOptions,
} from "@logtape/logtape";
import { cutUrls, escape, type Settings } from "../../core/mod.ts";
import { wallNow, wallTimeOf } from "../record/clock.ts";
import type { RecorderEvents } from "../record/recorder.ts";
import { createRateLimit, maxLinesOf, type RateLimitPorts } from "./log_limit.ts";
import { createPrinter } from "./printer.ts";

const logger = getLogger(["signalbox"]);

/** The log of the program. */
export interface Log {
  /** Writes what is left, if that can be done within half a second. Never fails. */
  readonly end: () => Promise<void>;
}

/** Sends the log to stdout, as text or as JSON lines. Called once, by the program. */
export function configureLog(
  { log_format, log_level }: Pick<Settings, "log_format" | "log_level">,
  isTerminal: boolean,
): Log {
  const asText = log_format === "text" || (log_format === "auto" && isTerminal);
  const form = asText ? textFormatter(isTerminal) : jsonLine;
  const format = (record: LogRecord): string => form(record).trimEnd();
  const printer = createPrinter({
    format,
    lostLine: (count) => format(lostRecord(count)),
    write: (bytes) => Deno.stdout.write(bytes),
    schedule: scheduleTimeout,
  });
  const stdout = (record: LogRecord): void => {
    printer.print(record);
    if (record.level === "error") printer.flush();
  };
  // Without it LogTape copies each record, as it might change: half of what a line costs. Ours never do.
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

  async function end(): Promise<void> {
    reportOmitted();
    await within(END_MAX_MS, printer.drained());
  }

  return { end };
}

/** How long the end of the process waits for whoever reads its log. */
const END_MAX_MS = 500;

/** What is printed in place of lines that could not be written. */
function lostRecord(count: number): LogRecord {
  const text = `Lines lost here: ${count}. The log could not be written as fast as they came`;
  return recordOf("error", text, { event: "lost", count });
}

/** Says that the server was asked to end. */
export function logStopping(why: string): void {
  write("info", `Stopping, asked by ${why}`, { event: "stopping", why });
}

/** Says that the platform stopped listening, and that it is started again. */
export function logRelisten(why: string): void {
  write("warning", `No longer listening (${escape(why)}): trying again; open sockets live on`, {
    event: "relisten",
    why: escape(why),
  });
}

/** Says that new connections get the certificate that the files have now. */
export function logReloaded(): void {
  write("info", "Read the TLS files again", { event: "reloaded" });
}

/** Says what came of a signal. */
export function logSignal(level: Level, signal: Deno.Signal, given: string): void {
  const what = escape(given);
  write(level, `${signal}: ${what}`, { event: "signal", signal, what });
}

/** Says how many entries each map of the state has, when somebody asks with SIGUSR2. */
export function logSizes(sizes: Readonly<Record<string, number>>): void {
  const text = Object.entries(sizes).map(([name, size]) => `${name} ${size}`).join(", ");
  write("info", `Sizes: ${text}`, { event: "sizes", text, sizes });
}

/** Says how the recording in this file goes. */
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

/** Says that something failed which should not have; the server goes on. */
export function logFault(what: string, error: unknown): void {
  const detail = stackOf(error) ?? messageOf(error);
  const shown = redact(escape(cutUrls(detail)));
  write("error", `${what}: ${shown}`, { event: "fault", what, detail: shown });
}

/** Where an exception came from; reading that can be one more exception, of whoever made it. */
function stackOf(error: unknown): string | null {
  try {
    const stack = error instanceof Error ? error.stack : undefined;
    return typeof stack === "string" ? stack : null;
  } catch {
    return null;
  }
}

type Level = "debug" | "info" | "warning" | "error";

/** Whether lines of this level are printed anywhere. */
export function isLogged(level: Level): boolean {
  return logger.isEnabledFor(level);
}

/** Writes a line, unless there were too many of its kind: what `event` says, and of faults `what`. */
export function write(level: Level, text: string, properties: Properties): void {
  if (!isLogged(level)) return;
  const { event, what } = properties;
  const kind = event === "fault" ? `${event}: ${what}` : event;
  if (rates.allows(kind, level)) logger.emit(recordOf(level, text, properties));
}

/** Past LogTape's templates: the text is ready, and braces in it are braces. */
function recordOf(level: Level, text: string, properties: Properties): LogRecord {
  const { category } = logger;
  const timestamp = wallNow();
  return { category, level, message: [text], rawMessage: text, timestamp, properties };
}

/** What a line says, for machines. */
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

/** An application that embeds the server is told with a later line, or when the server stops: no timer. */
let rates = createRateLimit({ ...RATES, schedule: () => () => {} });

/** Tells at once what was omitted so far. */
export function reportOmitted(): void {
  rates.stop();
}

/**
 * A record as a line of JSON, such as LogTape's own formatter gives, but for values that are not plain: ours are
 * all plain, and a line takes half as long without a look at each.
 */
function jsonLine(record: LogRecord): string {
  const { category, level, message, timestamp, properties } = record;
  if (category !== logger.category) return formatAnything(record);
  return JSON.stringify({
    "@timestamp": wallTimeOf(timestamp, 0),
    level: level === "warning" ? "WARN" : level.toUpperCase(),
    message: message[0],
    logger: "signalbox",
    properties,
  });
}

/** For what LogTape itself has to say. */
const formatAnything = getJsonLinesFormatter();

/** A peer in a line. */
export function peerName(id: string | null): string {
  return id === null ? "A client without an id" : `"${shorten(id)}"`;
}

/** A text of any length between quotes in a line: an id, an address, a path that is refused for its length. */
export function shorten(text: string): string {
  return escape(firstOf(text).replace(/["\\]/g, "\\$&"));
}

/** The same of a text that has quotes of its own: a frame, a sentence. */
export function cut(text: string): string {
  return escape(firstOf(text));
}

function firstOf(text: string): string {
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

const SHOWN_MAX = 256;

/** Errors of the platform can have the path and the query of a request in them. */
function redact(text: string): string {
  return text.replace(/([?&](?:key|token)=)[^&\s"']*/gi, "$1…");
}

function textFormatter(isTerminal: boolean): TextFormatter {
  const options: TextFormatterOptions = {
    format: ({ timestamp, level, message }): string => `${timestamp} ${level} ${message}`,
  };
  return isTerminal ? getAnsiColorFormatter(options) : getTextFormatter(options);
}
