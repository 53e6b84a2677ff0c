/** Texts chosen to be slow to parse, and keys chosen to collide: V8 gets neither. */
import { decodeFrame, peerId } from "../../core/mod.ts";
import {
  emptyMap,
  mapEntries,
  mapGet,
  mapKeys,
  mapSet,
} from "../../core/collections/persistent_map.ts";
import { readSignal } from "../../core/wire/candidate.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { messageFrom } from "../support/world.ts";

/** The texts that `JSON.parse` gets while `body` runs. */
function parsedBy(body: () => void): string[] {
  const { parse } = JSON;
  const given: string[] = [];
  JSON.parse = (text: string, ...rest): unknown => {
    given.push(text);
    return parse(text, ...rest);
  };
  try {
    body();
  } finally {
    JSON.parse = parse;
  }
  return given;
}

/** Strings that V8 hashes by their value, all with the same hash. */
function alike(count: number): string {
  return `[${Array.from({ length: count }, (_, i) => `"${131_072 * (i + 1)}"`).join()}]`;
}

const HOSTILE: readonly (readonly [name: string, payload: string])[] = [
  ["few strings", alike(20)],
  ["many strings", alike(5_500)],
  ["arrays in each other", `${"[".repeat(30_000)}${"]".repeat(30_000)}`],
  ["numbers", `[${"0,".repeat(30_000)}0]`],
  ["keys", `{${Array.from({ length: 5_000 }, (_, i) => `"k${i}":0`).join()}}`],
];

Deno.test("[FAULT-30] V8 does not parse text that is chosen to be slow to parse", () => {
  for (const [name, payload] of HOSTILE) {
    const texts = [
      `{"type":"OFFER","payload":${payload},"dst":"b"}`,
      `{"dst":"b","payload":${payload},"type":"OFFER"}`,
      `{"type":"OFFER","dst":${payload},"payload":1}`,
      `{"type":${payload},"dst":"b"}`,
      payload,
    ];
    for (const text of texts) {
      const given = parsedBy(() => void decodeFrame(text));
      const longest = Math.max(0, ...given.map((text) => text.length));
      assert(longest < 60, `${name}: ${longest} characters of ${text.slice(0, 40)}`);
    }
  }
});

Deno.test("[FAULT-30] [WHY-3] nor does it parse such text when the message of an attempt is read", () => {
  for (const [name, payload] of HOSTILE) {
    for (
      const json of [payload, `{"sdp":${payload}}`, `{"connectionId":"65536","more":${payload}}`]
    ) {
      const message = messageFrom("a", "b", "OFFER");
      const text = `${message.text.slice(0, -1)},"payload":${json}}`;
      const given = parsedBy(() => void readSignal({ ...message, text }));
      const isShort = given.every((text) => text.length < 60 && !/"[\d\\]/.test(text));
      assert(isShort, `${name}: ${given.join().slice(0, 60)}`);
    }
  }
});

Deno.test("[FAULT-30] of a message with ten thousand members V8 parses fewer than ten texts", () => {
  const many = Array.from({ length: 10_000 }, (_, i) => `"${"long ".repeat(10)}\\n${i}":0`).join();
  const given = parsedBy(() => void decodeFrame(`{${many},"type":"OFFER","dst":"b"}`));
  assert(given.length < 10, `${given.length} texts`);
});

Deno.test("[FAULT-30] V8 parses no name and no destination that it would hash by its value", () => {
  const texts = [
    '{"type":"OFFER","dst":"65536"}',
    '{"dst":"65536","type":"131072","65536":0}',
    '{"dst":"\\u00365536","type":"ANSWER","payload":1}',
  ];
  for (const text of texts) {
    const given = parsedBy(() => void decodeFrame(text));
    assert(!given.some((text) => /"[\d\\]/.test(text)), given.join());
  }
});

Deno.test("[FAULT-30] V8 parses nothing of a usual message, and its payload if that has white space", () => {
  const sdp = "a=candidate:1 1 udp 2113937151 192.0.2.4 54400 typ host\r\n".repeat(30);
  const more = { label: 'é"x', index: 0, at: -1.5, none: null, reliable: true };
  const value = { sdp: { type: "offer", sdp }, type: "data", ...more, metadata: {} };
  const parsedOf = (payload: string): string[] =>
    parsedBy(() => {
      const { ok } = decodeFrame(`{"type":"OFFER","payload":${payload},"dst":"b"}`);
      assert(ok);
    });
  assertEquals(parsedOf(JSON.stringify(value)), []);
  const spaced = JSON.stringify(value, null, 1);
  assertEquals(parsedOf(spaced), [spaced]);
});

Deno.test("[FAULT-30] a text of any length is decoded: one that the engine's stack could not hold is scanned", () => {
  const escapes = JSON.stringify("\n".repeat(5_000_000));
  assert(decodeFrame(`{"type":"OFFER","payload":{"sdp":${escapes}},"dst":"b"}`).ok);
});

Deno.test("[FAULT-30] no map stores a key that V8 hashes by its value, and each key is found as given", () => {
  const ids = ["", ..."0 65536 9007199254740991 ~ ~1 ~~1 1a -1 12345678901234567 x".split(" ")];
  let map = emptyMap<string, number>();
  ids.forEach((id, i) => map = mapSet(map, peerId(id), i));
  assertEquals([...mapKeys(map)], ids);
  assertEquals([...mapEntries(map)], ids.map((id, i) => [id, i]));
  ids.forEach((id, i) => assertEquals(mapGet(map, id), i));
  for (const key of map.native?.keys() ?? []) assert(!/^\d{1,16}$/.test(key), key);
});
