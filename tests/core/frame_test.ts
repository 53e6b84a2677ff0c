/**
 * The codec on its own: lengths, quotes and decoding. The oracle for lengths is `TextEncoder`.
 */
import fc from "fast-check";
import { decodeFrame, escape, excerpt, isLongerThan, utf8Length } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

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

/** Payloads and destinations, valid and broken, in any order. */
const oddFrame = fc.array(
  fc.oneof(
    fc.constantFrom(
      ...["OFFER", "ANSWER", "CANDIDATE"].map((type) => `{"type":"${type}","payload":`),
      ...[
        ',"dst":',
        '"b"',
        '"c"',
        "}",
        '"}',
        '{"dst":"b"}',
        '""',
        " ",
        ",",
        "null",
        "[]",
        "1.0",
        '"\\"',
      ],
    ),
    fc.json({ maxDepth: 2 }),
  ),
  { minLength: 1, maxLength: 7 },
).map((parts) => parts.join(""));

/** Frames in the stock client's spelling, complete or with the end of another frame. */
const usualFrame = fc.tuple(
  fc.constantFrom("OFFER", "ANSWER", "CANDIDATE"),
  fc.tuple(fc.constantFrom("", " ", "\t", "\u00a0"), fc.json({ maxDepth: 3 })).map((parts) =>
    parts.join("")
  ),
  fc.constantFrom(...[
    '"b"',
    '"c"',
    '""',
    "7",
    '"b","x":1',
    '"b","dst":"c"',
    '"b","type":"LEAVE"',
    '"b',
  ]),
  fc.constantFrom("}", " }", "} ", "}}", "]", ""),
).map(([type, payload, dst, end]) => `{"type":"${type}","payload":${payload},"dst":${dst}${end}`);

Deno.test("[MSG-2] [MSG-6] the fast path decodes to the same frame as the general path", () => {
  let relayed = 0;
  const property = fc.property(fc.oneof(usualFrame, oddFrame), (text) => {
    const decoded = decodeFrame(text);
    // A leading space does not change the meaning, and keeps the text from the fast path.
    if (decoded.ok) assertEquals(decodeFrame(` ${text}`), decoded);
    else assertEquals(decodeFrame(` ${text}`).ok, false);
    if (decoded.ok && decoded.frame.kind === "message") relayed++;
  });
  fc.assert(property, { numRuns: 5_000 });
  assert(relayed > 100, `only ${relayed} of the frames were good`);
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
