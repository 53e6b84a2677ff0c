/** The odd things that a history may have in it: parameters, identities, addresses, payloads, frames. */
import { type Event, type Identity, millis } from "../../core/mod.ts";
import { proven, tokenOf } from "../support/world.ts";

/** A socket that is opened, but for its number. */
export type Opening = Omit<Event & { kind: "socket-opened" }, "kind" | "conn">;

/** What peers are called; the first two meet often. */
export const IDS = ["a", "b", "a", "b", "c", "d", "__proto__", "ñ 😀", "constructor", "7"];

const ODD_IDS = [
  ...[null, "", "12345678901", "123456789012", "1234567890\n12", "😀😀😀😀😀😀"],
  ...["x\u0000", "x\u00ad\u2028", "x".repeat(257), "\ud800"],
];
const ODD_TOKENS = [
  ...[null, "", "123456", "1234567", "123\u007f", "__proto__"],
  ...["\0".repeat(70), "x".repeat(4_097)],
];
const ODD_ORIGINS = [
  ...["", "NULL", "https://A.EXAMPLE", "https://a.example:443/", "https://a.example:80"],
  ...["https://x.y.c.example", "https://.c.example", "https://c.example", "https://b.example"],
];

/** What may be odd about a socket that is opened. */
export const ODD_OPENINGS: readonly Partial<Opening>[] = [
  ...ODD_IDS.map((id) => ({ id })),
  ...ODD_TOKENS.map((token) => ({ token: tokenOf(token) })),
  ...ODD_ORIGINS.map((origin) => ({ origin })),
  { id: "x\u0085", token: tokenOf("1234567") },
  { key: null },
  { key: "wrong" },
  { key: "wrong", origin: "https://b.example", queryLength: 9_000 },
  { origin: "https://b.example", ownOrigin: true },
  ...[100, 101, 8_193].map((queryLength) => ({ queryLength })),
  { address: "" },
];

/** What tokens prove. */
export const IDENTITIES: readonly Identity[] = [
  { kind: "unchecked" },
  { kind: "rejected", reason: "The token is old" },
  { kind: "rejected", reason: "" },
  { kind: "rejected", reason: `The token is ${"😀é".repeat(40)}` },
  proven("a", [], null),
  proven("a", ["b", "__proto__"], null),
  proven("b", ["a", "c", "d"], millis(300)),
  proven("t", IDS, null),
  proven("", IDS, null),
  ...[-1, 0, 100.01, 300, 301, 405, 700, 5_000, 90_005, 8.64e15].map((end) =>
    proven("t", IDS, millis(end))
  ),
];

/** Where clients come from: some of these are one address. */
export const ADDRESSES = [
  ..."1.2.3.4 1.2.3.4 5.6.7.8 ::ffff:1.2.3.4 ::ffff:102:304 2001:db8::1".split(" "),
  ..."2001:db8:0:0:ffff::2 2001:db8:0:1::1 2001:DB8:0:1:a:b:c:d ::1 fe80::1%eth0".split(" "),
  ...["::ffff:1.2.3.4%1", ""],
];

/** Payloads of valid messages, some too long for some worlds. */
export const PAYLOADS: readonly unknown[] = [
  ...[undefined, null, 0, "", "é😀\ud800\u0000\u2028", { "": [] }, "x".repeat(140), "é".repeat(70)],
  { sdp: "v=0", type: "offer", nested: [{ deep: [null, true, { 2: "b", 1: "a" }] }] },
  JSON.parse('{"__proto__":{"type":"LEAVE"},"constructor":1}'),
  "x".repeat(1_000),
];

/** What a field of a frame may be instead of a string. */
export const ODD_VALUES: readonly unknown[] = [
  ...[7, "7", undefined, null, "", true, false, 0, -1.5e300, [], ["a"], {}, { toString: 5 }],
  ...["12345678901", "123456789012", "123456789012", "12345678901…", "[object Object]"],
  ...["x\u0000", "x".repeat(40), "x".repeat(41), `${"x".repeat(39)}😀`],
  '\ud800\u2028\u00ad\u202e\u{e0001}"\\\n\u0000',
];

/** Frames that no JSON.stringify would write. */
export const RAW_TEXTS: readonly string[] = [
  ...["", " ", "null", "true", "1e400", "-0", "12345678901234567890", '"text"', "[1]", "{}"],
  ...["no JSON\n", "x".repeat(201), "é".repeat(150), "é".repeat(100), "\ud800".repeat(67)],
  `${"é".repeat(100)}x`,
  'no JSON \u0000\u2029\u{f0000}\ue000\u0378 \ud800 "quoted" \\',
  `${"é".repeat(39)}😀 cut in half`,
  '{"type":"OFFER","dst":"a","payload":1.0}',
  '{"type":"OFFER","dst":"a","payload":[1e400,-0,0.1e-7,12345678901234567890]}',
  '{"type":"OFFER","type":"CANDIDATE","dst":"a","dst":"b","src":"c","payload":1,"payload":2}',
  '{"payload":{"b":1,"a":2,"1":3},"dst":"b","more":[],"src":"x","type":"ANSWER"}',
  '{"type":"OFFER","dst":"\\ud800","payload":"\\u0041\\/"}',
  '{"type":"OFFER","payload":{"n": 1.0, "n":2},"dst":"b"}',
  '{"type":"ANSWER","payload": 1e400 ,"dst": "\\u0062" }',
  '{"type":"CANDIDATE","payload":"\\",\\"dst\\":","dst":"a","dst":"b"}',
  '{"type":"OFFER","payload":1,"dst":"b","payload":[],"\\u0070ayload":{"payload":"}"}}',
  '{"type":"OFFER","payload":{,"dst":"b"}',
  '{"type":"OFFER","payload":7,"dst":"b"',
  '{"__proto__":{"type":"HEARTBEAT"}}',
  '{"type":"OFFER","__proto__":{"dst":"a"}}',
  '{"type":"LEAVE","__proto__":{"dst":"a"}}',
  '{"ping":"once"}',
  `{"type":"OFFER","dst":${"[".repeat(300)}${"]".repeat(300)}}`,
  '\ufeff{"type":"HEARTBEAT"}',
  `{"type":"OFFER","dst":"b","payload":${"[".repeat(3_000)}${"]".repeat(3_000)}}`,
  "x".repeat(16_385),
  `{"type":"LEAVE","dst":"nobody","payload":${"[".repeat(300)}${"]".repeat(300)}}`,
  `{"type":"FUTURE","dst":"b","payload":${"[".repeat(100)}${"]".repeat(100)}}`,
  '\r\n {\n "type": "OFFER",\r\n "dst":\t"a", "payload" : { "a" : [1 , 2] }\n} \r\n',
  '{"type":"OFFER","dst":"a","payload":"\u2028\ud800é"}',
];
