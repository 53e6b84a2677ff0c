import { connId, mapGet } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import {
  type Act,
  CLOSE,
  closes,
  expires,
  notesOf,
  sends,
  type World,
  world,
} from "../support/world.ts";

/** Three clients: "a" on connection 1, "b" on 2, "c" on 3. */
function three(options: Parameters<typeof world>[0] = {}): World {
  const w = world(options);
  w.open(1, "a");
  w.open(2, "b");
  w.open(3, "c");
  return w;
}

function error(conn: number, msg: string): ReturnType<typeof sends> {
  return sends(conn, { type: "ERROR", payload: { msg } });
}

Deno.test("[MSG-2] a payload keeps its exact text, wherever it is in the frame", () => {
  const payloads = [
    ...["1.0", "1e400", "12345678901234567890", '"\\u0041\\/\\ud800"', '{ "a" : [ ] ,\t"a":{}}'],
    ...['"],[\\",\\"dst\\":\\"c\\"}"', '{"dst":"c","payload":1,"x":"}"}', '"\\\\"'],
  ];
  for (const payload of payloads) {
    const seen = `{"type":"OFFER","src":"a","dst":"b","payload":${payload}}`;
    const texts = [
      `{"type":"OFFER","payload":${payload},"dst":"b"}`,
      `{"type":"OFFER","payload":\t${payload} ,"dst":"b"}`,
      `{"type":"OFFER","payload": ${payload}\n,"dst": "\\u0062" }`,
      `{"type":"OFFER","payload":7,"payload":${payload},"dst":"c","dst":"b"}`,
      ` {"dst":"b", "\\u0070ayload" :\r\n${payload}\t,"type":"OFFER","more":{"payload":7}} `,
      `{"more":["payload",{"payload":7}],"dst":"b","payload":${payload},"type":"OFFER"}`,
    ];
    for (const text of texts) {
      assertEquals(three().text(1, text), [{ kind: "send", conn: connId(2), text: seen }], text);
    }
  }
});

Deno.test("[MSG-5] a heartbeat and every valid message refresh liveness, and only they do", () => {
  const refreshes = (frame: unknown): boolean => {
    const w = three({ alive_timeout: 100 });
    w.now = 50;
    w.say(1, frame);
    w.now = 100;
    return !w.tick().some((effect) => effect.conn === connId(1));
  };
  for (const type of ["OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"]) {
    assert(refreshes({ type, dst: "b" }), type);
    assert(refreshes({ type, dst: "absent" }), type);
  }
  assert(refreshes({ type: "HEARTBEAT" }));
  assert(refreshes({ type: "HEARTBEAT", dst: 5, payload: "ignored" }));
  assert(!refreshes({ type: "FUTURE" }), "an unknown type");
  assert(refreshes({ type: "OFFER" }), "a message for nobody");
  assert(!refreshes([]), "a bad frame");
});

Deno.test("[MSG-4] [MSG-8] a LEAVE for nobody ends its client, and what has another type does nothing", () => {
  for (const dst of [undefined, null, ""]) {
    assertEquals(three().say(1, { type: "LEAVE", dst }), [closes(1, CLOSE.left, "Left")]);
  }
  for (const type of ["offer", "leave", "FUTURE", 5, undefined]) {
    const w = three();
    assertEquals(w.say(1, { type, dst: "b" }), []);
    assertEquals(notesOf(w.effects).map(({ what }) => what), ["unknown-type"]);
  }
});

/** What is written as the stock client writes, but for its end. */
const UNENDED = '{"type":"OFFER","payload":1,"dst":"b"]';

Deno.test("[MSG-6] a bad frame is answered with what was wrong, and nothing else happens", () => {
  const faults: [string, string][] = [
    ["", 'A frame must be JSON, and this is not: "".'],
    ["hello\n", 'A frame must be JSON, and this is not: "hello\\n".'],
    ["x".repeat(50), `A frame must be JSON, and this is not: "${"x".repeat(40)}…".`],
    ["\u202e", 'A frame must be JSON, and this is not: "\\u{202e}".'],
    [UNENDED, `A frame must be JSON, and this is not: ${JSON.stringify(UNENDED)}.`],
    ["null", "A frame must be a JSON object: got null."],
    ["[]", "A frame must be a JSON object: got an array."],
    ["7", "A frame must be a JSON object: got 7."],
    ['"hi"', 'A frame must be a JSON object: got "hi".'],
    ...["OPEN", "ID-TAKEN", "ERROR"].map((type): [string, string] => [
      JSON.stringify({ type, dst: "b" }),
      `A frame of type "${type}" is for the server to send, not for a client.`,
    ]),
  ];
  for (const [text, msg] of faults) {
    const w = three();
    assertEquals(w.text(1, text), [error(1, msg)]);
    assertEquals(w.say(2, { type: "OFFER", dst: "a" }).length, 1, "the sender stays connected");
  }
});

Deno.test("[MSG-7] bad frames in a row close the connection, and a good one resets the count", () => {
  const w = three({ max_bad_frames: 3 });
  assertEquals(w.text(1, "?").length, 1);
  assertEquals(w.step({ kind: "binary-received", conn: connId(1), bytes: 1 }).length, 1);
  w.say(1, { type: "HEARTBEAT" });
  w.text(1, "?");
  w.say(1, { type: "FUTURE" });
  w.text(1, "?");
  assertEquals(w.text(1, "[]"), [
    error(1, "A frame must be a JSON object: got an array."),
    closes(1, CLOSE.badFrames, "Sent 3 bad frames in a row"),
  ]);
  assertEquals(w.say(1, { type: "OFFER", dst: "b" }), []);
});

Deno.test("[MSG-6] [MSG-9] a binary message is a bad frame, and one over max_message_bytes the last", () => {
  const w = three({ max_message_bytes: 300 });
  const binary = (bytes: number): readonly Act[] =>
    w.step({ kind: "binary-received", conn: connId(1), bytes });
  const fault = "A binary frame must hold UTF-8 text: got 300 bytes that are none.";
  assertEquals(binary(300), [error(1, fault)]);
  const msg = "A message may have at most 300 bytes";
  assertEquals(binary(301), [error(1, `${msg}: this one has more.`), closes(1, CLOSE.tooBig, msg)]);
});

/** The destination as JSON, and as the `src` of the `EXPIRE`. */
const UNUSABLE: readonly (readonly [json: string, told: string])[] = [
  ['""', ""],
  ["null", ""],
  ["5", "5"],
  ["-1.5e300", "-1.5e+300"],
  ["1e400", "Infinity"],
  ["true", "true"],
  ["{}", "[object Object]"],
  ['{"toString":5,"valueOf":5}', "[object Object]"],
  ["[]", "[object Array]"],
  ['["b"]', "[object Array]"],
  [`${"[".repeat(30_000)}${"]".repeat(30_000)}`, "[object Array]"],
  ['"x\\u0000"', "x\u0000"],
  [`"${"x".repeat(256)}\\u0085"`, `${"x".repeat(256)}…`],
  [`"${"y".repeat(257)}"`, `${"y".repeat(256)}…`],
  [`"${"y".repeat(60_000)}"`, `${"y".repeat(256)}…`],
];

Deno.test("[MSG-13] a destination that no peer can have gets an EXPIRE at once, and the client stays", () => {
  for (const [json, told] of UNUSABLE) {
    for (const type of ["OFFER", "ANSWER", "CANDIDATE", "EXPIRE"]) {
      const usual = `{"type":"${type}","payload":{},"dst":${json}}`;
      for (const text of [usual, `{"dst":${json},"type":"${type}"}`]) {
        const w = three();
        assertEquals(w.text(1, text), [expires(1, "a", told)], text.slice(0, 80));
        assertEquals(w.state.stored.size, 0);
        const still = w.say(1, { type: "OFFER", dst: "b" });
        assertEquals(still, [sends(2, { type: "OFFER", src: "a", dst: "b" })]);
      }
    }
  }
  assertEquals(three().text(1, '{"type":"OFFER","payload":{}}'), [expires(1, "a", "")], "none");
});

Deno.test("[MSG-13] a connection remembers an impossible destination cut to the length of an id", () => {
  const w = three({ byte_rate: 0 });
  for (let i = 0; i < 100; i++) w.say(1, { type: "OFFER", dst: `${i} ${"z".repeat(100_000)}` });
  const kept = mapGet(w.state.connections, connId(1))?.refusalsTold ?? [];
  assertEquals(kept.length, 64);
  assert(kept.every((dst) => dst.length <= 257));
});

Deno.test("[MSG-13] [QUEUE-4] an offer at an impossible destination begins an attempt, and a LEAVE reaches nobody", () => {
  const w = three();
  const say = (type: string): number => w.say(1, { type, dst: 5 }).length;
  assertEquals([say("OFFER"), say("CANDIDATE"), say("OFFER")], [1, 0, 1]);
  w.open(4, "5");
  assertEquals(say("LEAVE"), 0);
  const [note] = notesOf(w.effects);
  assert(note?.what === "undelivered");
  assertEquals(note.why, "absent");
});

Deno.test("[MSG-1] the source is who sends, whatever the frame and its payload say", () => {
  const payload = { src: "c" };
  assertEquals(three().say(1, { type: "OFFER", src: "c", dst: "b", payload }), [
    sends(2, { type: "OFFER", src: "a", dst: "b", payload }),
  ]);
});
