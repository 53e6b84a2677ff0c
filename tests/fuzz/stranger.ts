/**
 * What a stranger sends who is after the log: ids, paths, addresses and frames with what forges, colours or
 * breaks a line, and a key and a token in every place that they have.
 */
import { type Dice, pick } from "../sim/dice.ts";
import { mutate, NASTY } from "./mutate.ts";

/** The key of the server, which is in no line; and a word that is in everything that must not be in one. */
export const KEY = "sesame-key";
export const HUSH = "sesame";

/** A request, in parts. */
export interface Attempt {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What is sent where the request becomes a socket. */
  readonly frames: readonly string[];
  readonly close: { readonly code: number; readonly reason: string };
}

/** One attempt: more than half of them ask for a socket. */
export function attempt(dice: Dice): Attempt {
  const isSocket = dice.chance() < 0.6;
  const frames = Array.from({ length: dice.below(5) }, () => oddFrame(dice));
  return {
    method: dice.chance() < 0.7 ? "GET" : pick(dice, METHODS),
    path: isSocket && dice.chance() < 0.9 ? "/peerjs" : oddPath(dice),
    query: oddQuery(dice),
    headers: {
      ...(isSocket && UPGRADE),
      ...(dice.chance() < 0.5 && { origin: odd(dice, ORIGINS) }),
      "x-forwarded-for": odd(dice, ADDRESSES),
      "user-agent": odd(dice, IDS),
      referer: `http://x/?key=${KEY}&token=${TOKEN}`,
      authorization: `Bearer ${TOKEN}`,
    },
    frames,
    close: { code: pick(dice, [1000, 1001, 3000, 4999]), reason: odd(dice, IDS).slice(0, 40) },
  };
}

const TOKEN = "sesame-token";
const WRONG_KEY = "open-sesame";
const METHODS = [
  ..."HEAD POST OPTIONS DELETE CONNECT get X\x1b[31m".split(" "),
  "X".repeat(5_000),
];
const UPGRADE = {
  connection: "Upgrade",
  upgrade: "websocket",
  "sec-websocket-version": "13",
  "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** What a line could be forged with. */
const LINES = [
  '\n{"@timestamp":"2026-01-01T00:00:00.000Z","level":"ERROR","message":"forged"}',
  "\r\n2026-01-01 00:00:00.000 +00:00 ERR forged",
  "\u2028forged\u2029forged\x85forged",
  "\x1b]0;forged\x07\x1b[2J\x9b31m",
  ...["\u202eforged\u2066\u200b\ufeff\u00ad", "\ud800", "\udc00\ud800", "\0", "\\u{1b}\\n\\", '"'],
  ...["{name} {{0}} %s %c ${x}", "\u{e0001}\u{10ffff}\ue000", "👩‍👩‍👧", "x".repeat(300)],
  ...["\x1b".repeat(300), "\u202e".repeat(5_000)],
];

const IDS = ["alice", "bob", "nobody", "__proto__"];
const ORIGINS = ["https://app.example", "https://evil.example", "null"];
const ADDRESSES = [
  "192.0.2.7, 10.0.0.1",
  '"[2001:db8::1]:80"',
  "192.0.2.7",
  "2001:db8::1",
  "fe80::1%x",
];

/** One of the corpus: as it is, with something that forges a line, or broken. */
function odd(dice: Dice, corpus: readonly string[]): string {
  const chance = dice.chance();
  const text = pick(dice, corpus);
  if (chance < 0.3) return text;
  if (chance < 0.9) {
    const at = dice.below(text.length + 1);
    return text.slice(0, at) + pick(dice, chance < 0.7 ? LINES : NASTY) + text.slice(at);
  }
  return mutate(dice, corpus);
}

function oddQuery(dice: Dice): string {
  const key = dice.chance() < 0.9 ? KEY : WRONG_KEY;
  const members = [
    `key=${escaped(dice, key)}`,
    `id=${encodeURIComponent(odd(dice, IDS).toWellFormed())}`,
    `token=${escaped(dice, dice.chance() < 0.9 ? TOKEN : odd(dice, [TOKEN]))}`,
  ];
  if (dice.chance() < 0.1) members.splice(dice.below(3), 1);
  if (dice.chance() < 0.1) {
    members.push(`version=${encodeURIComponent(odd(dice, IDS).toWellFormed())}`);
  }
  return `?${members.join("&")}`;
}

/** A path as this server, the incumbent or one of old has it, with odd parts where no secret is. */
function oddPath(dice: Dice): string {
  const part = (): string => odd(dice, IDS).replaceAll(/[/?&=#]/g, "x");
  const key = escaped(dice, dice.chance() < 0.5 ? KEY : WRONG_KEY);
  const verb = pick(dice, ["offer", "answer", "candidate", "leave", "Offer", "%6fffer"]);
  return pick(dice, [
    () => `/${part()}`,
    () => `/${part()}/${part()}`,
    () => `/${key}/${pick(dice, ["id", "peers", "ID", "%69d"])}`,
    () => `/${part()}/${key}//id`,
    () => `/${key}/id/${part()}`,
    () => `/${key}/peers%3Fx=${part()}`,
    () => `/${escaped(dice, KEY)}/${part()}`,
    () => `/${part()}${KEY}${part()}/x`,
    () => `/${key}/${part()}/${escaped(dice, TOKEN)}/${verb}`,
    () => `/peerjs%3Fkey=${KEY}%26token=${TOKEN}`,
  ])();
}

/** A text as it is, or escaped up to three times, in part or as a whole. */
function escaped(dice: Dice, text: string): string {
  let result = text.toWellFormed();
  for (let times = dice.below(4); times > 0; times--) {
    const isWhole = dice.chance() < 0.5;
    result = Array.from(
      result,
      (unit) => isWhole || !/[\w.~-]/.test(unit) || dice.chance() < 0.2 ? percent(unit) : unit,
    ).join("");
  }
  return result;
}

function percent(unit: string): string {
  const bytes = new TextEncoder().encode(unit);
  return Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
}

function oddFrame(dice: Dice): string {
  const type = pick(dice, ["OFFER", "CANDIDATE", "LEAVE", "HEARTBEAT", odd(dice, ["OFFER"])]);
  const payload = { token: TOKEN, text: odd(dice, IDS) };
  const text = JSON.stringify({ type, payload, dst: odd(dice, IDS) });
  return dice.chance() < 0.3
    ? odd(dice, ["no JSON", "[]", '{"type":1}', '{"type":"OFFER"}'])
    : text;
}
