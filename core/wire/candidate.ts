/**
 * Reads what a signaling message of a stock client is about: the kind of connection, the types of candidates, and
 * what a description offers or answers.
 *
 * The result has no text of the payload, so whoever keeps it keeps no description, candidate or address. Anything odd
 * reads as unknown; reading never throws, and a message over `READ_LENGTH_MAX` is not read.
 *
 * @module
 */
import type { Message } from "../message.ts";
import { payloadTextOf } from "./frame.ts";
import { isQuickToParse, membersNamed, parseJson, parseString } from "./json_text.ts";

/** The types of candidates (RFC 8445, 5.1.1). */
export const CANDIDATE_TYPES = ["host", "srflx", "prflx", "relay"] as const;

export type CandidateType = typeof CANDIDATE_TYPES[number];

/** How many candidates there are of each type. */
export type CandidateCounts = Readonly<Record<CandidateType, number>>;

/** What a description says about one kind of media: nothing, that it is rejected, or in which direction it flows. */
export type Flow = "none" | "rejected" | "inactive" | "recvonly" | "sendonly" | "sendrecv";

/** What a description says about each kind; a data channel that is accepted is `sendrecv`. */
export interface Flows {
  readonly data: Flow;
  readonly audio: Flow;
  readonly video: Flow;
}

/** What is known of a message. */
export interface Signal {
  /** Whether it was read, and is what a stock client sends. */
  readonly isRead: boolean;
  readonly connection: "data" | "media" | null;
  /** A digest of its `connectionId`; `null` if it has none. */
  readonly tag: number | null;
  readonly candidates: CandidateCounts;
  /** How many of the host candidates hide their address behind a name of multicast DNS. */
  readonly hidden: number;
  /** Whether it says that no more candidates follow. */
  readonly isEnd: boolean;
  /** `null` if it has no description. */
  readonly flows: Flows | null;
}

/** A longer message is not read. An offer has 1,000 to 10,000 characters, a candidate some 300. */
export const READ_LENGTH_MAX = 65_536;

export const NO_CANDIDATES: CandidateCounts = { host: 0, srflx: 0, prflx: 0, relay: 0 };

/**
 * Reads a message.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { encodeMessage } from "./frame.ts";
 * import { peerId } from "../ids.ts";
 *
 * const [src, dst] = [peerId("alice"), peerId("bob")];
 * const candidate = "candidate:1 1 udp 1677729535 192.0.2.7 46154 typ srflx raddr 0.0.0.0 rport 0";
 * const payload = JSON.stringify({ candidate: { candidate }, type: "data", connectionId: "dc_1" });
 * const text = encodeMessage(src, { type: "CANDIDATE", dst, payload });
 * const signal = readSignal({ kind: "message", type: "CANDIDATE", src, dst, text });
 * assertEquals([signal.connection, signal.candidates.srflx], ["data", 1]);
 * ```
 */
export function readSignal(message: Message): Signal {
  if (message.text.length > READ_LENGTH_MAX) return UNKNOWN;
  const payload = payloadTextOf(message);
  const { type, id, candidate, sdp } = isQuickToParse(payload) ? parse(payload) : scan(payload);
  const connection = type === "data" || type === "media" ? type : null;
  const said: Signal = { ...UNKNOWN, connection, tag: tagOf(id) };
  return message.type === "CANDIDATE"
    ? withCandidate(said, candidate)
    : withDescription(said, sdp ?? "");
}

/** The members of a payload that matter, as far as they are text; a candidate can also be `null`. */
interface Members {
  readonly type: string | undefined;
  readonly id: string | undefined;
  readonly candidate: string | null | undefined;
  readonly sdp: string | undefined;
}

/** V8 takes a fifth of the time of the scanner, for what it parses quickly in the worst case. */
function parse(payload: string): Members {
  const { type, connectionId, candidate, sdp }: Fields = Object(parseJson(payload));
  const { candidate: line }: Fields = Object(candidate);
  const { sdp: lines }: Fields = Object(sdp);
  return {
    type: stringOr(type),
    id: stringOr(connectionId),
    candidate: candidate === null ? null : stringOr(line),
    sdp: stringOr(lines),
  };
}

type Fields = Readonly<Partial<Record<"type" | "connectionId" | "candidate" | "sdp", unknown>>>;

function stringOr(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

function scan(payload: string): Members {
  const members = membersNamed(payload, PAYLOAD_MEMBERS) ?? {};
  const { type, connectionId, candidate = "", sdp = "" } = members;
  return {
    type: textOf(type),
    id: textOf(connectionId),
    candidate: candidate === "null" ? null : memberOf(candidate, "candidate"),
    sdp: memberOf(sdp, "sdp"),
  };
}

const PAYLOAD_MEMBERS = ["type", "connectionId", "candidate", "sdp"] as const;

/** A message of which nothing is known. */
export const UNKNOWN: Signal = {
  isRead: false,
  connection: null,
  tag: null,
  candidates: NO_CANDIDATES,
  hidden: 0,
  isEnd: false,
  flows: null,
};

/** A longer id of a connection is unknown: the stock client's have some 15 characters. */
const CONNECTION_ID_LENGTH_MAX = 256;
const NO_FLOWS: Flows = { data: "none", audio: "none", video: "none" };
/** From weak to strong: of several sections of one kind the strongest counts. */
const FLOWS: readonly Flow[] = [
  "none",
  "rejected",
  "inactive",
  "recvonly",
  "sendonly",
  "sendrecv",
];

/** A member of an object, if it is text. What is no object is not scanned. */
function memberOf(json: string, name: string): string | undefined {
  return json.startsWith("{") ? textOf(membersNamed(json, [name])?.[name]) : undefined;
}

function textOf(json: string | undefined): string | undefined {
  return json === undefined ? undefined : parseString(json);
}

/** A digest, so that no text of the client is kept. Equal digests only make one attempt of two. */
function tagOf(id: string | undefined): number | null {
  if (id === undefined || id.length > CONNECTION_ID_LENGTH_MAX) return null;
  let [low, high] = [0xdeadbeef, 0x41c6ce57];
  for (let at = 0; at < id.length; at++) {
    const unit = id.charCodeAt(at);
    low = Math.imul(low ^ unit, 0x9e3779b1);
    high = Math.imul(high ^ unit, 0x5f356495);
  }
  return (high >>> 11) * 2 ** 32 + (low >>> 0);
}

/** The client sends an `RTCIceCandidate` as JSON; an empty candidate, or `null`, is the last one. */
function withCandidate(said: Signal, line: string | null = UNREADABLE): Signal {
  if (line === null || line === "") return { ...said, isRead: true, isEnd: true };
  return counted(said, line);
}

const UNREADABLE = "?";

/** Counts a candidate line (RFC 8839, 5.1); the type is its eighth field, the address its fifth. */
function counted(said: Signal, line: string): Signal {
  const fields = line.slice(0, CANDIDATE_LENGTH_MAX).split(" ", 8);
  const type = CANDIDATE_TYPES.find((type) => type === fields[7]);
  if (type === undefined || fields[6] !== "typ") return said;
  const isHidden = type === "host" && fields[4]?.endsWith(".local") === true;
  return {
    ...said,
    isRead: true,
    candidates: { ...said.candidates, [type]: said.candidates[type] + 1 },
    hidden: said.hidden + (isHidden ? 1 : 0),
  };
}

const CANDIDATE_LENGTH_MAX = 1_024;

/** Reads a description (RFC 8866) line by line: its sections, and the candidates in it. */
function withDescription(said: Signal, sdp: string): Signal {
  let next = said;
  let section: Section | null = null;
  const { lines, isCut } = linesOf(sdp);
  for (const line of lines) {
    if (line.startsWith("m=")) {
      next = withSection(next, section);
      section = sectionOf(line);
    } else if (line.startsWith("a=candidate:")) next = counted(next, line);
    else if (line === "a=end-of-candidates") next = { ...next, isEnd: true };
    else section = directed(section, line);
  }
  const whole = withSection(next, section);
  return isCut ? { ...whole, isRead: false } : whole;
}

/** The lines of a description that matter, as far as they are read: a stranger can make many. */
function linesOf(sdp: string): { readonly lines: readonly string[]; readonly isCut: boolean } {
  const lines: string[] = [];
  let from = 0;
  for (let left = SCANNED_MAX; from < sdp.length && left > 0 && lines.length < LINES_MAX; left--) {
    const end = sdp.indexOf("\n", from);
    const to = end < 0 ? sdp.length : end;
    if (BEGINNINGS.some((begins) => sdp.startsWith(begins, from))) {
      lines.push(sdp.slice(from, to).trimEnd());
    }
    from = to + 1;
  }
  return { lines, isCut: from < sdp.length };
}

const LINES_MAX = 128;
const SCANNED_MAX = 1_024;
const BEGINNINGS = [
  ...["m=", "a=candidate:", "a=end-of-candidates", "a=sendonly", "a=recvonly", "a=inactive"],
];

interface Section {
  readonly kind: keyof Flows;
  readonly flow: Flow;
}

/** A section with the direction that a line gives it. */
function directed(section: Section | null, line: string): Section | null {
  const flow = FLOWS.find((flow) => line === `a=${flow}`);
  if (section === null || section.flow !== "sendrecv" || flow === undefined) return section;
  return { ...section, flow };
}

/** A section of media; with port 0 it is rejected (RFC 8829, 5.3.1). */
function sectionOf(line: string): Section | null {
  const [media, port] = line.slice(2, 64).split(" ", 2);
  const kind = media === "application" ? "data" : media;
  if (kind !== "data" && kind !== "audio" && kind !== "video") return null;
  return { kind, flow: port === "0" ? "rejected" : "sendrecv" };
}

function withSection(said: Signal, section: Section | null): Signal {
  if (section === null) return said;
  const flows = said.flows ?? NO_FLOWS;
  const isStronger = FLOWS.indexOf(section.flow) > FLOWS.indexOf(flows[section.kind]);
  return {
    ...said,
    isRead: true,
    flows: isStronger ? { ...flows, [section.kind]: section.flow } : flows,
  };
}
