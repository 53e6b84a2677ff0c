/** Conversations between peers that are connected. */
import { type Conversation, test } from "../support/side_by_side.ts";

const TYPES = ["OFFER", "ANSWER", "CANDIDATE"];
/** A payload as JSON text, or what stands instead of the whole field. */
const PAYLOADS = [
  "",
  ...[
    ..."null 0 -0 1.50 1e400 9007199254740993 false [] {}".split(" "),
    ...['"text"', '""'],
    '[null,[1,{"a":[]}]]',
    '{"sdp":{"type":"offer","sdp":"v=0\\r\\no=- 1 2\\r\\n"},"type":"data"}',
    '{"b":1,"a":2,"10":3,"9":4}',
    '{"__proto__":{"polluted":true},"constructor":{"prototype":1}}',
    '{"toJSON":1,"src":"me","dst":"you","type":"LEAVE"}',
    '"ünï \u{1f600} \\u0000 \u2028 </script>"',
    '1,"payload":2',
  ].map((json) => `,"payload":${json}`),
];

/** With prefix `/myapp`, and peers that may be listed. */
export const RELAY: readonly Conversation[] = [
  test.same("[MSG-2] an offer, its answer and the candidates of both are passed on", async ({ join }) => {
    const [alice, bob] = [await join("alice"), await join("bob")];
    alice.send({ type: "OFFER", dst: "bob", payload: payloadOf("offer") });
    await bob.got(2);
    bob.send({ type: "ANSWER", dst: "alice", payload: payloadOf("answer") });
    await alice.got(2);
    for (let i = 0; i < 3; i++) {
      alice.send({ type: "CANDIDATE", dst: "bob", payload: payloadOf(`candidate:${i}`) });
      bob.send({ type: "CANDIDATE", dst: "alice", payload: payloadOf(`candidate:${i}`) });
    }
  }),
  test.same("[MSG-2] fields that the protocol does not know are dropped", async ({ join }) => {
    const [alice] = [await join("alice"), await join("bob")];
    alice.send({ id: 1, type: "OFFER", ttl: 5, dst: "bob", payload: "p", toJSON: "x", ok: {} });
    alice.sendRaw(`{"__proto__":{"dst":"alice"},"type":"ANSWER","dst":"bob","extra":null}`);
  }),
  test.same("[MSG-2] a payload is passed on as it came, whatever it is", async ({ join }) => {
    const [alice] = [await join("alice"), await join("bob")];
    for (const payload of PAYLOADS) alice.sendRaw(`{"type":"OFFER","dst":"bob"${payload}}`);
  }),
  test.same("[MSG-1] src is the sender's id, whatever the frame says", async ({ join }) => {
    const [alice] = [await join("alice"), await join("bob"), await join("carol")];
    for (const src of ["carol", "bob", "", null, 5, { id: "carol" }]) {
      alice.send({ type: "OFFER", src, dst: "bob" });
    }
    alice.sendRaw(`{"src":"carol","type":"OFFER","dst":"bob","src":"carol"}`);
  }),
  test.same("[MSG-5] HEARTBEAT is not answered, and passed on to nobody", async ({ join }) => {
    const [alice] = [await join("alice"), await join("bob")];
    alice.send({ type: "HEARTBEAT" });
    alice.send({ type: "HEARTBEAT", dst: "bob", payload: "x" });
    alice.send({ type: "HEARTBEAT", dst: 5 });
  }),
  test.same("[MSG-11] a peer may send to itself", async ({ join }) => {
    const alice = await join("alice");
    for (const type of [...TYPES, "EXPIRE", "LEAVE"]) {
      alice.send({ type, dst: "alice", payload: type });
    }
  }),
];

function payloadOf(sdp: string): Readonly<Record<string, unknown>> {
  return { sdp: { type: "offer", sdp }, type: "data", connectionId: "dc_mgqsb2hzkbe" };
}
