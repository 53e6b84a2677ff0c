/** The text of a frame of a link, and texts that are none. */
import fc from "fast-check";
import {
  decodeLinkFrame,
  encodeLinkFrame,
  type LinkFrame,
  nodeName,
} from "../../core/cluster/mod.ts";
import { peerId } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";

const count = fc.nat();
const node = fc.stringMatching(/^[\w-]{1,16}$/).map(nodeName);
const peer = fc.string({ unit: "binary" }).map(peerId);

const carried: fc.Arbitrary<LinkFrame["carried"][number]> = fc.record({
  number: count,
  seq: count,
  message: fc.option(
    fc.record({
      kind: fc.constant("message"),
      type: fc.constantFrom("OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"),
      src: peer,
      dst: peer,
      text: fc.oneof(fc.string({ unit: "binary" }), fc.json()),
    }),
  ),
});

const frames: fc.Arbitrary<LinkFrame> = fc.record({
  from: node,
  to: node,
  link: count,
  base: count,
  carried: fc.array(carried, { maxLength: 5 }),
  ack: fc.option(fc.record({
    link: count,
    below: count,
    bounced: fc.array(fc.tuple(count, fc.constantFrom("gone", "slow"))),
  })),
  returned: fc.constant([]),
});

Deno.test("[CLUSTER-24] a frame is the same after its text, and no text is escaped in it", () => {
  fc.assert(fc.property(frames, (frame) => {
    const text = encodeLinkFrame(frame);
    assertEquals(decodeLinkFrame(text), frame);
    for (const { message } of frame.carried) assert(text.includes(message?.text ?? ""));
  }));
});

Deno.test("[CLUSTER-24] texts come through UTF-8 as they are, up to lone surrogates", () => {
  const text = '{"type":"OFFER","payload":"ünï 𝄞"}';
  const message = {
    kind: "message",
    type: "OFFER",
    src: peerId("ä"),
    dst: peerId("𝄞"),
    text,
  } as const;
  const frame: LinkFrame = {
    ...{ from: nodeName("n"), to: nodeName("m"), link: 1, base: 1, ack: null, returned: [] },
    carried: [{ number: 1, seq: 2, message }, { number: 2, seq: 2, message: null }, {
      ...{ number: 3, seq: 4 },
      message: { ...message, text: "\ud800" },
    }],
  };
  const bytes = new TextEncoder().encode(encodeLinkFrame(frame));
  const read = decodeLinkFrame(new TextDecoder().decode(bytes));
  assertEquals(read?.carried.map(({ message }) => message?.text), [text, undefined, "\ufffd"]);
});

Deno.test("[CLUSTER-30] a text that is no frame is none, and throws nothing", () => {
  const head = (head: unknown, texts = ""): string => `${JSON.stringify(head)}\n${texts}`;
  const message = [1, 1, "OFFER", "a", "b", 2];
  assert(decodeLinkFrame(head(["n", "m", 1, 1, null, [message]], "{}")) !== null);
  const wrong: readonly string[] = [
    "",
    "doorbell",
    "probe 1",
    "\n",
    "{}\n",
    "[".repeat(100_000) + "\n",
    head(["n", "m", 1, 1, null, []]).trimEnd(),
    head(["n", "m", 1, 1, null]),
    head(["n", "m", 1, 1, null, [], 0]),
    head(["", "m", 1, 1, null, []]),
    head(["n", "m m", 1, 1, null, []]),
    head([1, "m", 1, 1, null, []]),
    head(["n", "m", "1", 1, null, []]),
    head(["n", "m", 1, -1, null, []]),
    head(["n", "m", 1, 1.5, null, []]),
    head(["n", "m", 1, 1, 0, []]),
    head(["n", "m", 1, 1, [1, 1], []]),
    head(["n", "m", 1, 1, [1, 1, [], 0], []]),
    head(["n", "m", 1, 1, [1, 1, [[1, "else"]]], []]),
    head(["n", "m", 1, 1, [1, 1, [[1, "gone", 0]]], []]),
    head(["n", "m", 1, 1, [1, 1, ["gone"]], []]),
    head(["n", "m", 1, 1, null, {}]),
    head(["n", "m", 1, 1, null, null]),
    head(["n", "m", 1, 1, null, [null]]),
    head(["n", "m", 1, 1, null, [[1]]]),
    head(["n", "m", 1, 1, null, [[1, 1, "OFFER"]]]),
    head(["n", "m", 1, 1, null, [message]], "{"),
    head(["n", "m", 1, 1, null, [message]], "{}{"),
    head(["n", "m", 1, 1, null, [message, message]], "{}"),
    head(["n", "m", 1, 1, null, [[1, 1, "OPEN", "a", "b", 0]]]),
    head(["n", "m", 1, 1, null, [[1, 1, "OFFER", 1, "b", 0]]]),
    head(["n", "m", 1, 1, null, [[1, 1, "OFFER", "a", null, 0]]]),
    head(["n", "m", 1, 1, null, [[1, 1, "OFFER", "a", "b", -1]]]),
    head(["n", "m", 1, 1, null, [[1, 1, "OFFER", "a", "b", "0"]]]),
  ];
  for (const text of wrong) assertEquals(decodeLinkFrame(text), null, text.slice(0, 100));
  fc.assert(fc.property(fc.json(), fc.string(), (json, texts) => {
    assertEquals(decodeLinkFrame(`${json}\n${texts}`), null);
  }));
});
