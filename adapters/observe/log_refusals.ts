/**
 * Logs refused sockets and requests, to answer "why does my page not connect?": who, what, why, and the remedy.
 *
 * The lines show a wrong path, but never a key, not even a wrong one. Anybody can cause them, so they are limited.
 *
 * @module
 */
import {
  CLOSE,
  type HttpReply,
  isOriginAllowed,
  NOTHING_HERE,
  OPTIONS,
  type Refused,
  routeOf,
  type Settings,
  unescapeOnce,
} from "../../core/mod.ts";
import { clientAddress } from "../listen/address.ts";
import type { IncomingRequest } from "../request.ts";
import { createRepeatLimit, type RepeatLimit, type RepeatLimitPorts } from "./log_limit.ts";
import { peerName, reportOmitted, shorten, shortenUnquoted, write } from "./log.ts";

export interface RefusalLog {
  /** Logs a socket that the core refused. */
  readonly socket: (refused: Refused) => void;
  /** Logs a request if its reply is an error, or if CORS keeps its page from reading the reply. */
  readonly request: (incoming: IncomingRequest, reply: HttpReply) => void;
  /** The requests refused since the start, by status. */
  readonly counts: RefusedRequests;
  /** Reports the lines omitted so far. */
  readonly stop: () => void;
}

/** Totals by status. All statuses that this server refuses a request with are there from the start. */
export type RefusedRequests = ReadonlyMap<number, number>;

const REFUSALS = [400, 401, 403, 404, 405, 408, 426, 431, 500, 503];

export function createRefusalLog(
  settings: Settings,
  ports: Pick<RepeatLimitPorts, "now" | "schedule">,
): RefusalLog {
  const limit = createRepeatLimit({ ...ports, report: logOmitted });
  const counts = new Map(REFUSALS.map((status) => [status, 0]));
  const path = shorten(settings.path);
  const nothingThere =
    `nothing is served there. This server's path is "${path}": give new Peer path: "${path}"`;

  function request(incoming: IncomingRequest, reply: HttpReply): void {
    const origin = incoming.header("origin");
    const isUnread = origin !== null && origin !== "" && !isOriginAllowed(settings, origin);
    if (reply.status < 400 && !isUnread) return;
    // Browsers request this on their own.
    if (reply.status === 404 && incoming.path === "/favicon.ico") return;
    // Whoever asks this asks every second, and the log has said why before.
    if (reply.status === 503 && routeOf(settings, incoming.path) === "ready") return;
    if (reply.status >= 400) counts.set(reply.status, (counts.get(reply.status) ?? 0) + 1);
    const asked = incoming.path === ""
      ? "sent an invalid request"
      : `asked for "${shownPath(incoming.path, settings)}"`;
    const text = reply.status >= 400
      ? `${asked}: ${reply.body.startsWith(NOTHING_HERE) ? nothingThere : firstLine(reply)}`
      : `${asked} for ${page(origin ?? "")}: the browser keeps the answer from it. ` +
        corsRemedy(origin ?? "");
    logRequest(incoming, reply.status, text);
  }

  function logRequest(incoming: IncomingRequest, status: number, text: string): void {
    const address = shorten(clientAddress(incoming, settings));
    const line = `A client at ${address || "an unknown address"} ${text} (${status})`;
    if (!limit.allows(`request ${status}`, line)) return;
    const origin = incoming.header("origin");
    write("warning", line, {
      event: "refused-request",
      method: shorten(incoming.method),
      path: shownPath(incoming.path, settings),
      address,
      ...(origin !== null && { origin: shorten(origin) }),
      status,
    });
  }

  return {
    socket: (refused) => logRefusedSocket(limit, refused),
    request,
    counts,
    stop: () => {
      limit.stop();
      reportOmitted();
    },
  };
}

function logRefusedSocket(
  limit: RepeatLimit,
  { id, address, origin, code, reason }: Refused,
): void {
  const isOrigin = code === CLOSE.wrongOrigin && origin !== null;
  const from = shorten(address) || "an unknown address";
  const remedy = REMEDIES.get(code);
  const what = isOrigin
    ? `${reason}: ${page(origin)}. ${corsRemedy(origin)}`
    : remedy === undefined
    ? reason
    : `${reason}. ${remedy}`;
  const line = `${peerName(id)} was refused: ${what} (${code}, from ${from})`;
  if (!limit.allows(`socket ${code}`, line)) return;
  write("warning", line, {
    event: "refused",
    id: shorten(id ?? ""),
    address: shorten(address),
    ...(isOrigin && { origin: shorten(origin) }),
    reason,
    code,
  });
}

/** Remedies that the close reason does not contain, by close code. */
const REMEDIES: ReadonlyMap<number, string> = new Map([
  [CLOSE.wrongKey, "Give new Peer the key of this server, as its option key"],
  [CLOSE.idTaken, "Its page needs another id, or the token of the one that has it"],
  [CLOSE.full, "Raise --concurrent_limit, if this machine can carry more"],
]);

/** The first line of a refusal, which is more specific than its status. */
function firstLine({ body }: HttpReply): string {
  return shortenUnquoted(body.split("\n", 1)[0] || "refused");
}

function page(origin: string): string {
  return `a page of "${shorten(origin)}"`;
}

function corsRemedy(origin: string): string {
  return `If it is yours, add --cors "${shorten(origin)}"`;
}

function logOmitted(
  { kind, line, count }: { kind: string; line: string | null; count: number },
): void {
  const text = line === null
    ? `${count} more refusals of this kind within a minute: ${kind}`
    : `The same ${count === 1 ? "once" : `${count} times`} more within a minute: ${line}`;
  write("warning", text, { event: "omitted", kind, count, ...(line !== null && { line }) });
}

/**
 * Replaces what may be a key or a token in a path by "…": a segment before `id`, `peers` or a legacy method, in any
 * spelling; a segment that contains the key; one that looks like a query, which a proxy may have escaped. The default
 * key is no secret and stays.
 */
function shownPath(path: string, { key }: Settings): string {
  const segments = path.split("/");
  const plain = segments.map(unescaped);
  // Backwards, so that the segments that follow are known and each is looked at once.
  let [next, second, third] = ["", "", ""];
  for (let i = segments.length - 1; i >= 0; i--) {
    const segment = segments[i] ?? "";
    const text = plain[i] ?? "";
    if (text === "") continue;
    if (text !== OPTIONS.key.default) {
      const hasKey = key !== OPTIONS.key.default && (text.includes(key) || segment.includes(key));
      // `//` may be an empty id or a doubled slash, so the segments of either reading are hidden.
      const isLegacy = LEGACY_METHOD.test(third) || LEGACY_METHOD.test(plain[i + 3] ?? "");
      const isBeforeRoute = isLegacy || AFTER_SECRET.test(next);
      if (isBeforeRoute || hasKey || /[?&=]/.test(text)) segments[i] = "…";
    }
    [next, second, third] = [text, next, second];
  }
  return shorten(segments.join("/"));
}

/** The segment before these is a key or, in a legacy request, a token. A proxy may have escaped the query. */
const AFTER_SECRET = /^(?:id|peers|ice|offer|answer|candidate|leave)(?:\?|$)/i;

/** Old PeerJS clients requested `/<key>/<id>/<token>/offer` and the like. */
const LEGACY_METHOD = /^(?:offer|answer|candidate|leave)(?:\?|$)/i;

/** Decodes a segment that may be escaped several times. */
function unescaped(segment: string): string {
  let text = segment;
  for (let left = ESCAPED_MAX; left > 0 && text.includes("%"); left--) text = unescapeOnce(text);
  return text;
}

const ESCAPED_MAX = 4;
