/**
 * The frames of links between nodes, as text: a header in JSON on a line of its own, then the texts of the messages,
 * one after the other, cut by their lengths. A text is JSON already; inside of the header it would be escaped again.
 *
 * The header is a list: from, to, link, base, the acknowledgement or `null`, and what is carried. An acknowledgement
 * is link, below, and a pair of number and why for each that bounced. Of a message is carried: number, seq, type, src,
 * dst, and the length of its text in UTF-16 units; of an empty number: number and seq. Nothing is returned: whoever
 * sends to another process keeps it.
 *
 * @module
 */
import { type NodeName, nodeName } from "../cluster/command.ts";
import type { Ack, Bounce, Carried, LinkFrame } from "../cluster/member.ts";
import { peerId } from "../ids.ts";
import type { Message, MessageType } from "../message.ts";

/** The text of a frame. */
export function encodeLinkFrame({ from, to, link, base, ack, carried }: LinkFrame): string {
  const acked = ack && [ack.link, ack.below, ack.bounced];
  let text = `${JSON.stringify([from, to, link, base, acked, carried.map(headOf)])}\n`;
  for (const { message } of carried) if (message !== null) text += message.text;
  return text;
}

/** The frame of a text; `null` if it is none. Whoever may publish may send anything: this never throws. */
export function decodeLinkFrame(text: string): LinkFrame | null {
  const end = text.indexOf("\n");
  const header = end < 0 ? undefined : listOf(parse(text.slice(0, end)));
  if (header?.length !== 6) return null;
  const [from, to, link, base, acked, heads] = header;
  const carried = carriedIn(text, end + 1, heads);
  const ack = acked === null ? null : ackOf(acked);
  if (carried === null || ack === undefined) return null;
  if (!isNode(from) || !isNode(to) || !isCount(link) || !isCount(base)) return null;
  return { from: nodeName(from), to: nodeName(to), link, base, carried, ack, returned: [] };
}

const TYPES: ReadonlySet<unknown> = new Set<MessageType>([
  "OFFER",
  "ANSWER",
  "CANDIDATE",
  "EXPIRE",
  "LEAVE",
]);

function headOf({ number, seq, message }: Carried): readonly (string | number)[] {
  if (message === null) return [number, seq];
  const { type, src, dst, text } = message;
  return [number, seq, type, src, dst, text.length];
}

/** What is carried, whose texts are all that follows from `start`. */
function carriedIn(text: string, start: number, heads: unknown): readonly Carried[] | null {
  const carried: Carried[] = [];
  let at = start;
  for (const given of listOf(heads) ?? [undefined]) {
    const head = listOf(given);
    if (head === undefined) return null;
    const [number, seq, type, src, dst, length] = head;
    if (!isCount(number) || !isCount(seq)) return null;
    let message: Message | null = null;
    if (head.length === 6) {
      if (!isType(type) || typeof src !== "string" || typeof dst !== "string") return null;
      if (!isCount(length)) return null;
      const part = text.slice(at, at + length);
      message = { kind: "message", type, src: peerId(src), dst: peerId(dst), text: part };
      at += length;
    } else if (head.length !== 2) return null;
    carried.push({ number, seq, message });
  }
  return at === text.length ? carried : null;
}

function ackOf(given: unknown): Ack | undefined {
  const [link, below, bounces, ...rest] = listOf(given) ?? [];
  const bounced = listOf(bounces);
  if (!isCount(link) || !isCount(below) || bounced === undefined || rest.length > 0) {
    return undefined;
  }
  return bounced.every(isBounce) ? { link, below, bounced } : undefined;
}

function isBounce(given: unknown): given is Bounce {
  const [number, why, ...rest] = listOf(given) ?? [];
  return isCount(number) && (why === "gone" || why === "slow") && rest.length === 0;
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function listOf(value: unknown): readonly unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isType(value: unknown): value is MessageType {
  return TYPES.has(value);
}

/** A node's name has no spaces, and is not empty. */
function isNode(value: unknown): value is NodeName {
  return typeof value === "string" && /^\S+$/.test(value);
}
