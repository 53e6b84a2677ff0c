/** The scanner of JSON texts against the engine: the same texts are JSON to both, and have the same members. */
import fc from "fast-check";
import { isJson, membersOf } from "../../core/wire/json_text.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** What texts are made of, right and wrong. */
const WORDS = [
  ...'{}[],:"\\-+.eE01 \t\n\r\f\b\u00a0\ufeff\u2028é\u0001',
  ...['"a"', '"type"', '"\\u0074ype"', '"payload"', '"dst"', '"\\ud800"', '"x\ty"', '"\\x"'],
  '"\\u12g4"',
  ...["true", "false", "null", "nul", "-0", "01", "1.5e+3", "1.", "1e", ".5", "{}", "[]"],
  ...['{"a":', '{"type":', "[1,", ',"dst":', ']"', '"\\"', '"\\\\"'],
];
const soup = fc.array(fc.constantFrom(...WORDS), { maxLength: 12 }).map((words) => words.join(""));
const name = fc.constantFrom("type", "src", "dst", "payload", "other", "__proto__", "");
const member = fc.tuple(name, fc.json({ maxDepth: 3 })).map(([name, json]) =>
  `${JSON.stringify(name)}:${json}`
);
const object = fc.array(member, { maxLength: 6 }).map((members) => `{${members.join(" ,\n")}}`);
/** A sound text with something put into it, or taken out. */
const wounded = fc.tuple(
  fc.oneof(object, fc.json()),
  fc.nat(),
  fc.nat(2),
  fc.constantFrom("", ...WORDS),
).map(
  ([text, place, gone, word]) => {
    const at = place % (text.length + 1);
    return text.slice(0, at) + word + text.slice(at + gone);
  },
);
const text = fc.oneof(soup, object, fc.json(), wounded);

function parsed(text: string): { readonly value: unknown } | null {
  try {
    return { value: JSON.parse(text) };
  } catch {
    return null;
  }
}

Deno.test("[MSG-6] a text is JSON to the scanner where it is to the engine", () => {
  fc.assert(
    fc.property(text, (text) => {
      const isText = parsed(text) !== null;
      assertEquals(membersOf(text) !== null, isText, JSON.stringify(text));
      assertEquals(
        isJson(`{"x":${text},"dst":1}`, 5, 5 + text.length),
        isText,
        JSON.stringify(text),
      );
    }),
    { numRuns: 20_000 },
  );
});

Deno.test("[MSG-2] the members of an object are those that the engine finds, as they are written", () => {
  fc.assert(
    fc.property(object, (text) => {
      const value = Object(parsed(text)?.value);
      const members = membersOf(text);
      assert(members !== null);
      for (const name of ["type", "src", "dst", "payload"] as const) {
        const json = members[name];
        assertEquals(json !== undefined, Object.hasOwn(value, name), text);
        if (json === undefined) continue;
        assertEquals(JSON.stringify(JSON.parse(json)), JSON.stringify(value[name]), text);
        assertEquals(json, json.trim());
        assert(text.includes(json));
      }
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("[MSG-2] what is no object has no members, and depth is no matter", () => {
  for (const text of ["[]", '["type"]', "1", '"type"', "null", '[{"type":1}]']) {
    assertEquals(membersOf(text), {}, text);
  }
  const deep = `${'[{"type":'.repeat(50_000)}1${"}]".repeat(50_000)}`;
  assertEquals(membersOf(deep), {});
  assertEquals(membersOf(`{"type":${deep}}`), { type: deep });
  assertEquals(membersOf(`${deep}]`), null);
});
