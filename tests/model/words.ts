/** What the reference model knows of texts: frames, values in sentences, addresses. It shares nothing with core/. */

/** A message that may be passed on, and the frame that it becomes. */
export type Message = { type: string; src: string; dst: string; text: string };

/** The types of messages that are sent once more where they could not be handed over. */
export const CALLS = ["OFFER", "ANSWER", "CANDIDATE"];

/** The own fields of a frame, by their names. */
export const fieldsOf = (frame: unknown, ...names: string[]): unknown[] =>
  names.map((name) => Object.entries(Object(frame)).find(([field]) => field === name)?.[1]);
export const utf8Length = (text: string): number => new TextEncoder().encode(text).length;

/** The value of a text that is JSON; `undefined` where it is none. */
export function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

/** The payload of a frame as it came, with its name: MSG-2. */
export function payloadIn(json: string): string {
  const members = [""];
  let open = 0;
  for (const word of json.match(/"(\\.|[^"\\])*"|[^"]/gs) ?? []) {
    if ("}]".includes(word)) open -= 1;
    if (open === 1 && word === ",") members.unshift("");
    else if (open > 0) members[0] = `${members[0]}${word}`;
    if ("{[".includes(word)) open += 1;
  }
  const written = members.map((text) => /^\s*("(?:\\.|[^"\\])*")\s*:(.*)/s.exec(text) ?? []);
  const value = written.find(([, name = '""']) => JSON.parse(name) === "payload")?.[2];
  return value === undefined ? "" : `,"payload":${value.trim()}`;
}

/** A value in a sentence: Texts. */
export function named(value: unknown): string {
  if (value === undefined) return "nothing";
  if (value instanceof Object) return Array.isArray(value) ? "an array" : "an object";
  if (typeof value !== "string") return String(value);
  const quoted = JSON.stringify(value.slice(0, 40)).slice(0, -1);
  const escape = (odd: string): string => `\\u{${odd.codePointAt(0)?.toString(16)}}`;
  return `${quoted.replaceAll(/[\p{C}\p{Zl}\p{Zp}]/gu, escape)}${value.length > 40 ? "…" : ""}"`;
}

/** What an address counts for: LIMIT-10. */
export function groupOf(address: string): string {
  const url = `http://[${address.replace(/%.*/, "")}]`;
  if (!URL.canParse(url)) return address;
  const halves = new URL(url).hostname.slice(1, -1).split("::");
  const [first = [], last = []] = halves.map((half) => half.split(":").filter(Boolean));
  const groups = [...first, ...Array(8 - first.length - last.length).fill("0"), ...last];
  if (groups.slice(0, 6).join(":") !== "0:0:0:0:0:ffff") return groups.slice(0, 4).join(":");
  const [high = 0, low = 0] = groups.slice(6).map((group) => parseInt(group, 16));
  return [high >> 8, high & 255, low >> 8, low & 255].join(".");
}

type Use = { rate: number; burst: number; count: number };

/** Until when something is paid for; `null` where it is over its limit: LIMIT-1. */
export function spend(paid: number, now: number, { rate, burst, count }: Use): number | null {
  const price = rate === 0 ? 0 : 1000 / rate;
  const after = Math.max(paid, now) + count * price;
  return after - now > (burst + 0.5) * price ? null : after;
}
