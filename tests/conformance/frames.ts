/** Conversations with frames that are no good. */
import type { Data } from "../support/peer_socket.ts";
import { type Conversation, test } from "../support/side_by_side.ts";
import { BROKEN, closed, dropped, error, expire, offer, OPEN, open } from "./said.ts";

/** Signalbox's default. */
const BAD_FRAMES_MAX = 16;
/** With an index as the key, the engine's encoder leaves its path without recursion. */
const DEEP = `${'[{"1":'.repeat(8_000)}0${"}]".repeat(8_000)}`;
const BINARY_OFFER = new TextEncoder().encode(JSON.stringify({ type: "OFFER", dst: "bob" }));
const BINARY = "A binary frame must hold UTF-8 text: got 2 bytes that are none.";
const ARRAY = "A frame must be a JSON object: got an array.";
const TOO_BIG = "A message may have at most 262144 bytes";
const LEAVERS = [
  ["without dst", undefined],
  ["with null", null],
  ["with an empty dst", ""],
] as const;
/** What is no object, and what signalbox says to it. */
const FATAL: readonly (readonly [what: string, raw: Data, msg: string])[] = [
  ["what is not JSON", "not JSON", 'A frame must be JSON, and this is not: "not JSON".'],
  ["null", "null", "A frame must be a JSON object: got null."],
  ["a binary frame that is not UTF-8", new Uint8Array([0x7b, 0xff]), BINARY],
];
const NO_TYPES = [
  {},
  { ping: "once" },
  { type: null },
  { type: 5, dst: "bob" },
  { type: ["OFFER"], dst: "bob" },
  ...["OFFERS", "offer", "", "constructor", "__proto__", "MUTE"].map((type) => ({
    type,
    dst: "bob",
  })),
];
const NO_DESTINATION = [
  { type: "OFFER" },
  { type: "OFFER", dst: "" },
  { type: "CANDIDATE", dst: null },
  { type: "ANSWER", dst: 5 },
  { type: "EXPIRE", dst: ["bob"] },
  { type: "LEAVE", dst: 5 },
];
const FOR_THE_SERVER = [
  { type: "OPEN", dst: "bob" },
  { type: "ID-TAKEN", dst: "bob" },
  { type: "ERROR", dst: "bob", payload: { msg: "mine" } },
];

/** With prefix `/myapp`, and peers that may be listed. */
export const FRAMES: readonly Conversation[] = [
  test.same("[MSG-8] an unknown type, or none that is a string, is dropped", async ({ join }) => {
    const [alice] = [await join("alice"), await join("bob")];
    for (const frame of NO_TYPES) alice.send(frame);
  }),
  test.differs("[MSG-13] a message for nobody comes back as EXPIRE at once", async ({ join }) => {
    const [alice] = [await join("alice"), await join("bob")];
    for (const frame of NO_DESTINATION) alice.send(frame);
  })({
    signalbox: {
      alice: open(...["", "", "5", "[object Array]"].map((dst) => expire(dst, "alice"))),
      bob: open(),
    },
    incumbent: { alice: open(), bob: open() },
    row:
      '`peer.connect("")`, `undefined`, an object | `peer-unavailable` after `expire_timeout`, or never | `peer-unavailable` at once',
  }),
  test.differs("[MSG-6] an array, and what only the server says, is answered with ERROR", async ({ join }) => {
    const [alice] = [await join("alice"), await join("bob")];
    for (const frame of [[1], ...FOR_THE_SERVER]) alice.send(frame);
  })({
    signalbox: {
      alice: open(
        error(ARRAY),
        ...FOR_THE_SERVER.map(({ type }) =>
          error(`A frame of type "${type}" is for the server to send, not for a client.`)
        ),
      ),
      bob: open(),
    },
    incumbent: { alice: open(), bob: open() },
    row:
      "a bad frame | silence; one that is no JSON, or no object, ends an application that embeds it and listens to no `error` events | an `ERROR` that says what was wrong",
  }),
  test.same("[MSG-14] a binary frame that is UTF-8 is passed on like text", async ({ join }) => {
    const [alice] = [await join("alice"), await join("bob")];
    alice.sendRaw(BINARY_OFFER);
  }),
  test.differs("[MSG-7] who keeps at it is closed", async ({ join, unlisted }) => {
    const [alice, bob] = [await join("alice"), await join("bob")];
    for (let i = 1; i < BAD_FRAMES_MAX; i++) alice.send([]);
    await alice.fence();
    for (let i = 0; i < BAD_FRAMES_MAX; i++) alice.send([]);
    // Whoever closes her has by then; a frame of hers under way would cost `Deno.serve` the code of its close.
    await unlisted("alice", 200);
    await Promise.race([alice.ended(), bob.fence()]);
  })({
    signalbox: {
      alice: closed(
        4010,
        "Sent 16 bad frames in a row",
        ...Array.from({ length: 2 * BAD_FRAMES_MAX - 1 }, () => error(ARRAY)),
      ),
      bob: open(),
    },
    incumbent: { alice: open(), bob: open() },
  }),
  test.differs(
    "[MSG-9] a message of more than 256 KiB is refused, and its sender closed",
    async ({ join }) => {
      const [alice, bob] = [await join("alice"), await join("bob")];
      alice.send({ type: "OFFER", dst: "bob", payload: "x".repeat(262_144) });
      await Promise.race([alice.ended(), bob.got(2)]);
    },
  )({
    signalbox: {
      alice: closed(1009, TOO_BIG, error(`${TOO_BIG}: this one has more.`)),
      bob: open(),
    },
    incumbent: { alice: open(), bob: open(offer("alice", "bob", "<262144 × x>")) },
    row:
      "a message of more than 256 KiB | is passed on | is refused, and its sender closed: `max_message_bytes`",
  }),
  test.differs(
    "[MSG-10] what is nested too deeply to be written anew is passed on, and never closes its receiver",
    async ({ join }) => {
      const [alice] = [await join("alice"), await join("bob")];
      alice.sendRaw(`{"type":"OFFER","dst":"bob","payload":${DEEP}}`);
    },
  )({
    signalbox: { alice: open(), bob: open(offer("alice", "bob", "<8000 × [{}]>")) },
    incumbent: { alice: open({ type: "LEAVE", src: "bob", dst: "alice" }), bob: dropped() },
  }),
  test.differs("[MSG-4] LEAVE without a dst closes the socket", async ({ join, unlisted }) => {
    const witness = await join("witness");
    for (const [name, dst] of LEAVERS) {
      const leaver = await join(name);
      leaver.send({ type: "LEAVE", dst });
      await unlisted(name);
      await leaver.tell(witness);
    }
  })({
    signalbox: {
      witness: open(),
      ...Object.fromEntries(LEAVERS.map(([name]) => [name, closed(4009, "Left")])),
    },
    incumbent: {
      witness: open(...LEAVERS.map(([name]) => offer(name, "witness", `from ${name}`))),
      ...Object.fromEntries(LEAVERS.map(([name]) => [name, open()])),
    },
    row:
      "`LEAVE` without a destination | the socket stays open, and can still send | the socket is closed",
  }),
];

/** Each ends the incumbent. */
export const ENDS: readonly Conversation[] = [
  ...FATAL.map(([what, raw, msg]) =>
    test.differs(`[MSG-6] ${what} is answered with ERROR`, async ({ join }) => {
      const [alice] = [await join("alice"), await join("bob")];
      alice.sendRaw(raw);
    })({
      signalbox: { alice: open(error(msg)), bob: open() },
      incumbent: { alice: [OPEN, BROKEN], bob: [OPEN, BROKEN] },
    })
  ),
  test.differs("[LIFE-3] SIGTERM closes every socket", async ({ interrupt, join }) => {
    await join("stays");
    await interrupt();
  })({
    signalbox: { stays: closed(1001, "Server is shutting down") },
    incumbent: { stays: open() },
    row: "when it is told to stop | waits for its clients | tells them and ends",
  }),
];
