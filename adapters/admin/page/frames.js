/**
 * The frames of the view Try as events of a sequence diagram.
 *
 * @typedef {import("./capture.js").Seen} Seen
 * @typedef {import("./conversation.js").Happening} Happening
 *
 * @module
 */
import { bytesText } from "./words.js";

/** The key of the server's lifeline; those of clients begin with "client ". */
export const SERVER = "server";

/**
 * @param {string} id
 * @returns {string}
 */
export function clientKey(id) {
  return `client ${id}`;
}

/** The most characters of a frame that its detail shows. */
const DETAIL_MAX = 20_000;

/**
 * The event of what was seen; `null` for a heartbeat, of which each client sends one every five seconds.
 *
 * @param {Seen} seen
 * @returns {Happening | null}
 */
export function happeningOf({ what, at, id, text, code, reason, wasOpen }) {
  const client = clientKey(id);
  const up = { at, from: client, to: SERVER };
  if (what === "opening") return { ...up, label: "connects" };
  if (what === "closed") {
    const end = `${code}${reason === "" ? "" : `: ${reason}`}`;
    if (!wasOpen) return { ...up, label: "not connected", note: end, kind: "fault" };
    const isServers = code >= 4_000 || code === 1_001 || code === 1_013;
    return isServers
      ? { at, from: SERVER, to: client, label: "closes", note: end, kind: "fault" }
      : { ...up, label: "disconnects" };
  }
  const { type, note } = readFrame(text);
  if (type === "HEARTBEAT") return null;
  const way = what === "sent" ? up : { at, from: SERVER, to: client };
  return {
    ...way,
    label: type,
    detail: prettyOf(text),
    ...(note === "" ? {} : { note }),
    ...(FAULTS.has(type) ? { kind: "fault" } : {}),
  };
}

const FAULTS = new Set(["ERROR", "EXPIRE", "ID-TAKEN", "INVALID-KEY"]);

/**
 * @param {string} text
 * @returns {{ type: string, note: string }}
 */
function readFrame(text) {
  const frame = parse(text);
  if (typeof frame !== "object" || frame === null) return { type: "no JSON", note: "" };
  const { type, payload } = /** @type {{ type?: unknown, payload?: unknown }} */ (frame);
  const size = bytesText(new TextEncoder().encode(text).length);
  const notes = [];
  if (type === "ERROR" && hasText(payload, "msg")) notes.push(payload.msg);
  const kind = candidateType(payload);
  if (kind !== null) notes.push(kind);
  else if (type === "OFFER" || type === "ANSWER") notes.push(size);
  return { type: String(type), note: notes.join(", ") };
}

/**
 * The type of the ICE candidate in a payload, such as host; `null` if there is none.
 *
 * @param {unknown} payload
 * @returns {string | null}
 */
export function candidateType(payload) {
  if (typeof payload !== "object" || payload === null || !("candidate" in payload)) return null;
  const { candidate } = payload;
  if (!hasText(candidate, "candidate")) return null;
  return / typ ([a-z]+)/.exec(candidate.candidate)?.[1] ?? null;
}

/**
 * @template {string} Name
 * @param {unknown} value
 * @param {Name} name
 * @returns {value is Record<Name, string>}
 */
function hasText(value, name) {
  return typeof value === "object" && value !== null && name in value &&
    typeof (/** @type {Record<string, unknown>} */ (value))[name] === "string";
}

/**
 * @param {string} text
 * @returns {unknown}
 */
function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * The frame for people: JSON with its lines, and a session description with those of its own.
 *
 * @param {string} text
 * @returns {string}
 */
function prettyOf(text) {
  const frame = parse(text);
  const pretty = frame === null
    ? text
    : JSON.stringify(frame, null, 2).replaceAll("\\r\\n", "\n      ");
  return pretty.length <= DETAIL_MAX ? pretty : `${pretty.slice(0, DETAIL_MAX)}…`;
}
