/**
 * Strangers who are after the log: whatever they send, each line is one, is printable, is bounded, and has no
 * secret in it.
 */
import { configureLog, reportOmitted } from "../../adapters/observe/log.ts";
import { logObserver } from "../../adapters/observe/log_clients.ts";
import { clientAddress } from "../../adapters/listen/address.ts";
import { readHandshake } from "../../adapters/listen/handshake.ts";
import { LIMIT_PERIOD_MS } from "../../adapters/observe/log_limit.ts";
import { createRefusalLog } from "../../adapters/observe/log_refusals.ts";
import { trafficObserver } from "../../adapters/observe/log_traffic.ts";
import { createReplies } from "../../adapters/http/replies.ts";
import { createRuntime } from "../../adapters/runtime.ts";
import type { IncomingRequest } from "../../adapters/request.ts";
import { connId, type PartialSettings, settingsFrom } from "../../core/mod.ts";
import { ownerOf } from "../support/world.ts";
import { type Dice, pick } from "../sim/dice.ts";
import { attempt, HUSH, KEY } from "./stranger.ts";

export type Form = "json" | "text";

/** How far a run came: how many lines of each kind there were. */
export type FuzzedLog = Readonly<Record<string, number>>;

/** Ids are as long as they may be, so that their length is what the log bounds. */
const SETTINGS: PartialSettings = {
  key: KEY,
  max_id_length: 4_096,
  proxied: true,
  cors: ["https://app.example"],
  frame_rate: 0,
  expire_timeout: 1_000,
};

/**
 * Takes so many attempts, in this process, past the bounds on how many lines there are.
 *
 * @throws {Error} Where a line is wrong.
 */
export async function fuzzLog(dice: Dice, steps: number, form: Form): Promise<FuzzedLog> {
  const counts: Record<string, number> = {};
  const lines = await printedBy(form, async (settle) => {
    const play = makeStage();
    for (let step = 0; step < steps; step++) {
      play(dice, step);
      reportOmitted();
      if (step % 50 === 0) await settle();
    }
  });
  checkLines(lines, form);
  for (const line of lines) {
    const kind = form === "json" ? JSON.parse(line).properties.event : line.slice(31, 34);
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

/** A server without a listener, whose minutes are over with every attempt. */
function makeStage(): (dice: Dice, step: number) => void {
  const settings = settingsFrom(SETTINGS);
  let ms = 0;
  const clock = { now: (): number => ms, schedule: () => () => {} };
  const refusals = createRefusalLog(settings, clock);
  const runtime = createRuntime(settings, {
    ...clock,
    perform: () => true,
    observers: [trafficObserver(), logObserver(refusals)],
    onPause: () => {},
    onObserverError: (error) => {
      throw error;
    },
  });
  const replies = createReplies({
    settings,
    clock,
    state: runtime.state,
    suggestId: () => "suggested",
    verify: null,
    refusals,
    clusterPeers: null,
    now: runtime.now,
  });

  return (dice, step) => {
    ms += LIMIT_PERIOD_MS / pick(dice, [1, 50]);
    const { method, path, query, headers, frames, close } = attempt(dice);
    const header = (name: string): string | null => headers[name] ?? null;
    const incoming: IncomingRequest = { method, path, query, header, remoteAddress: "127.0.0.1" };
    runtime.dispatch({ kind: "tick" });
    if (header("upgrade") === null) return void replies.reply(incoming);
    const conn = connId(step);
    const address = clientAddress(incoming, settings);
    const { parameters } = readHandshake(incoming, settings, { ownerOf, check: "none", address });
    runtime.dispatch({ kind: "socket-opened", conn, ...parameters });
    for (const text of frames) runtime.dispatch({ kind: "frame-received", conn, text });
    if (dice.chance() < 0.5) runtime.dispatch({ kind: "socket-closed", conn, code: close.code });
  };
}

/** What the program's log prints to stdout meanwhile, by lines; `settle` waits until it is written. */
async function printedBy(
  form: Form,
  play: (settle: () => Promise<void>) => Promise<void>,
): Promise<string[]> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let text = "";
  Object.defineProperty(Deno.stdout, "write", {
    configurable: true,
    value: (bytes: Uint8Array): Promise<number> => {
      text += decoder.decode(bytes, { stream: true });
      return Promise.resolve(bytes.length);
    },
  });
  try {
    reportOmitted(); // Else the lines of earlier tests count.
    const log = configureLog({ log_format: form, log_level: "debug" }, false);
    await play(log.end);
    await log.end();
  } finally {
    Reflect.deleteProperty(Deno.stdout, "write");
  }
  return text.split("\n").slice(0, -1);
}

/**
 * Checks that lines are what every line of the log must be, whatever made it.
 *
 * @throws {Error} Where one is wrong.
 */
export function checkLines(lines: readonly string[], form: Form): void {
  for (const line of lines) {
    const wrong = wrongWithLine(line, form);
    if (wrong.length > 0) throw new Error(`${wrong.join("; ")}: ${JSON.stringify(line)}`);
  }
}

function wrongWithLine(line: string, form: Form): string[] {
  const wrong = [...wrongWithText(line)];
  if (line.length > LINE_MAX) wrong.push(`it has ${line.length} characters`);
  if (readable(line).includes(HUSH)) wrong.push("a key or a token is in it");
  if (form === "json") wrong.push(...wrongWithJson(line));
  else if (!TEXT_LINE.test(line)) wrong.push("it does not begin as a line does");
  return wrong;
}

const TEXT_LINE = /^20\d\d-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \+00:00 (?:DBG|INF|WRN|ERR) \S/;
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}]/u;

/** Of what comes from outside so many characters are shown, and a sign that there were more. */
const SHOWN_MAX = 256 + 1;
/** Each can be written out with nine, and a line says no more than eight such things. */
const LINE_MAX = 8 * 10 * SHOWN_MAX;

/** What is the server's own, and may be longer. */
const OWN = new Set(["line", "client", "detail"]);

function wrongWithText(text: string): string[] {
  const found = UNPRINTABLE.exec(text)?.[0];
  return found === undefined ? [] : [`it has the character ${found.codePointAt(0)} in it`];
}

function wrongWithJson(line: string): string[] {
  try {
    const { message, properties, level, logger } = JSON.parse(line);
    if (typeof message !== "string" || logger !== "signalbox" || typeof level !== "string") {
      return ["it is no line of this log"];
    }
    return [...wrongWithText(message), ...Object.entries(properties).flatMap(wrongWithProperty)];
  } catch {
    return ["it is not JSON"];
  }
}

function wrongWithProperty([name, value]: [string, unknown]): string[] {
  if (typeof value !== "string") return [];
  const { length } = value.replaceAll(/\\u\{[0-9a-f]+\}|\\["\\]/g, "x");
  const isLong = length > SHOWN_MAX && !OWN.has(name);
  return [...wrongWithText(value), ...isLong ? [`${name} shows ${length} characters`] : []];
}

/** A line as somebody reads it who undoes every escape. */
function readable(line: string): string {
  let text = line;
  for (let left = 5; left > 0; left--) {
    text = text.replaceAll(
      /%[0-7][0-9a-f]/gi,
      (code) => String.fromCharCode(parseInt(code.slice(1), 16)),
    );
  }
  return text;
}
