/** The codec on its own: lengths, quotes and decoding. The oracle for lengths is `TextEncoder`. */
import fc from "fast-check";
import {
  decodeFrame,
  encodeMessage,
  escape,
  excerpt,
  isLongerThan,
  payloadOf,
  peerId,
  utf8Length,
} from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";

/** Texts with the first and last character of each UTF-8 length, and lone surrogates. */
const text = fc.array(
  fc.constantFrom(
    ...["a", "\x7f", "\x80", "\u07ff", "\u0800", "\uffff", "\u{10000}", "\u{10ffff}"],
    ...["\ud800", "\udbff", "\udc00", "\udfff"],
  ),
  { maxLength: 12 },
).map((units) => units.join(""));

Deno.test("[MSG-9] [QUEUE-2] the length of a text is that of its encoding, with lone surrogates too", () => {
  fc.assert(fc.property(text, (text) => {
    const bytes = new TextEncoder().encode(text).length;
    assertEquals(utf8Length(text), bytes);
    for (let max = 0; max <= bytes + 1; max++) assertEquals(isLongerThan(text, max), bytes > max);
  }));
});

Deno.test("[FAULT-8] characters that could break, forge or colour a line are escaped", () => {
  assertEquals(
    escape("a\r\n\u2028\u2029\x1b\u202e\ud800é"),
    [
      "a\\u{d}\\u{a}\\u{2028}\\u{2029}\\u{1b}\\u{202e}\\u{d800}é",
    ].join(""),
  );
  assertEquals(excerpt("\u2029"), '"\\u{2029}"');
});

Deno.test("[MSG-2] what a message carries is read back, and nothing is undefined", () => {
  const read = (payload: string | null): unknown =>
    payloadOf(encodeMessage(peerId("a"), { type: "OFFER", dst: peerId("b"), payload }));
  assertEquals(['{"sdp": 1}', "null", '"x"', null].map(read), [{ sdp: 1 }, null, "x", undefined]);
});

Deno.test("[MSG-6] a payload that is nearly what a client writes is a fault where it is no JSON", () => {
  const isFrame = (payload: string): boolean =>
    decodeFrame(`{"type":"OFFER","payload":${payload},"dst":"b"}`).ok;
  const wrong = [
    '"a":1,',
    '"a":1"b":2',
    '"a":"\x1f"',
    '"a":"\\x"',
    '"a":"\\u12g4"',
    '"a":01',
    '"a":1.',
    '"a":-',
  ];
  const right = [
    '"a":1,"b":2',
    '"a":"\x7f"',
    '"a":"\\n\\/"',
    '"a":"\\u12f4"',
    '"a":0.1',
    '"a":-1e5',
    '"":null',
  ];
  for (const [members, isRight] of [[wrong, false], [right, true]] as const) {
    for (const member of members) {
      for (
        const payload of [
          `{${member}}`,
          `{"o":{${member}}}`,
          `{"o":{},"p":{${member}},"q":{"r":""}}`,
        ]
      ) {
        assertEquals(isFrame(payload), isRight, payload);
      }
    }
  }
  for (const payload of ["{}}", "{", "{{}}", '{"a":tru}', "{a:1}"]) {
    assertEquals(isFrame(payload), false);
  }
});
