/** What is read of the messages of a client, and that nothing odd is an error. */
import fc from "fast-check";
import { encodeMessage, type Message, peerId } from "../../core/mod.ts";
import { CANDIDATE_TYPES, readSignal, type Signal, UNKNOWN } from "../../core/wire/candidate.ts";
import { assertEquals } from "../support/assert.ts";

const [src, dst] = [peerId("alice"), peerId("bob")];

function messageOf(type: Message["type"], payload: string | null): Message {
  return { kind: "message", type, src, dst, text: encodeMessage(src, { type, dst, payload }) };
}

function read(type: Message["type"], payload: unknown): Signal {
  return readSignal(messageOf(type, JSON.stringify(payload)));
}

function readSdp(...lines: readonly string[]): Signal {
  return read("OFFER", {
    sdp: { type: "offer", sdp: lines.map((line) => `${line}\r\n`).join("") },
  });
}

function readCandidate(candidate: unknown): Signal {
  return read("CANDIDATE", { candidate });
}

const line = (type: string, address = "192.0.2.7"): string =>
  `candidate:1 1 udp 2122194687 ${address} 56587 typ ${type} raddr 0.0.0.0 rport 0`;

Deno.test("[WHY-3] a candidate has a type, and may hide its address or be the last", () => {
  for (const type of CANDIDATE_TYPES) {
    const { candidates, isRead } = readCandidate({ candidate: line(type), sdpMid: "0" });
    assertEquals([isRead, candidates], [true, { ...UNKNOWN.candidates, [type]: 1 }]);
  }
  const hidden = "0c6b3e0f-0000-4000-8000-000000000000.local";
  assertEquals(readCandidate({ candidate: line("host", hidden) }).hidden, 1);
  assertEquals(readCandidate({ candidate: line("srflx", hidden) }).hidden, 0);
  for (const last of [null, { candidate: "" }]) {
    const { isRead, isEnd } = readCandidate(last);
    assertEquals([isRead, isEnd], [true, true]);
    const scanned = read("CANDIDATE", { candidate: last, more: Array(200).fill(0) });
    assertEquals([scanned.isRead, scanned.isEnd], [true, true]);
  }
});

Deno.test("[WHY-3] a description has the candidates in it, and what it offers of each kind", () => {
  const { flows, candidates, isEnd, isRead } = readSdp(
    "v=0",
    "a=sendonly",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=recvonly",
    `a=${line("host")}`,
    "m=video 0 UDP/TLS/RTP/SAVPF 96",
    "a=inactive",
    "m=video 9 UDP/TLS/RTP/SAVPF 96",
    "a=inactive",
    "m=application 9 UDP/DTLS/SCTP webrtc-datachannel",
    `a=${line("relay")}`,
    `a=${line("relay")}`,
    "a=end-of-candidates",
    "m=text 9 RTP/AVP 98",
    "a=recvonly",
  );
  assertEquals(flows, { data: "sendrecv", audio: "recvonly", video: "inactive" });
  assertEquals([candidates.host, candidates.relay, isEnd, isRead], [1, 2, true, true]);
  assertEquals(readSdp("m=audio 9 X", "a=sendonly", "a=inactive").flows?.audio, "sendonly");
  assertEquals(readSdp("m=audio 0 X", "m=audio 9 X", "a=inactive").flows?.audio, "inactive");
  assertEquals(readSdp("m=audio 9 X", "m=audio 0 X").flows, {
    data: "none",
    audio: "sendrecv",
    video: "none",
  });
});

Deno.test("[WHY-3] a connection is data or media, and its id a number that tells two apart", () => {
  const [a, b, again] = ["dc_1", "dc_2", "dc_1"].map((connectionId) =>
    read("OFFER", { type: "data", connectionId })
  );
  assertEquals([a?.connection, read("OFFER", { type: "media" }).connection], ["data", "media"]);
  assertEquals([typeof a?.tag, a?.tag === again?.tag, a?.tag === b?.tag], ["number", true, false]);
  const longest = "x".repeat(256);
  assertEquals(typeof read("OFFER", { connectionId: longest }).tag, "number");
  for (const connectionId of [`${longest}x`, 7, null, ["dc_1"], undefined]) {
    assertEquals(read("OFFER", { connectionId }).tag, null);
  }
  assertEquals(read("OFFER", { type: "other" }).connection, null);
});

Deno.test("[WHY-3] what is odd is unknown", () => {
  const odd = [
    ...["null", "7", '"text"', "[]", "{}", '{"candidate":{}}', '{"candidate":"text"}'],
    ...['{"candidate":{"candidate":7}}', '{"candidate":{"candidate":"candidate:1 1 udp"}}'],
    `{"candidate":{"candidate":${JSON.stringify(line("peer"))}}}`,
    `{"candidate":{"candidate":${JSON.stringify(line("host").replace("typ", "tip"))}}}`,
    ...['{"sdp":null}', '{"sdp":"v=0"}', '{"sdp":{"sdp":7}}', '{"sdp":{"sdp":"no lines"}}'],
  ];
  const scanned = odd.slice(5).map((payload) =>
    payload.replace("{", `{"more":[${"0,".repeat(200)}0],`)
  );
  const broken = ["{", `[${"0,".repeat(200)}`];
  for (const payload of [null, ...odd, ...scanned, ...broken]) {
    for (const type of ["OFFER", "ANSWER", "CANDIDATE"] as const) {
      assertEquals(readSignal(messageOf(type, payload)), UNKNOWN, `${type} ${payload}`);
    }
  }
});

Deno.test("[WHY-3] a message of 65,536 characters is read, a longer one is not, and of a description 128 of 1,024 lines", () => {
  const sized = (length: number): Message => {
    const bare = messageOf("OFFER", JSON.stringify({ type: "data", more: "" })).text.length;
    const more = "x".repeat(length - bare);
    return messageOf("OFFER", JSON.stringify({ type: "data", more }));
  };
  assertEquals([65_536, 65_537].map((length) => readSignal(sized(length)).connection), [
    "data",
    null,
  ]);
  const many = Array.from({ length: 200 }, () => `a=${line("host")}`);
  const cut = readSdp("m=audio 9 X", ...many);
  assertEquals([cut.candidates.host, cut.isRead], [127, false]);
  assertEquals(readSdp("m=audio 9 X", ...many.slice(0, 127)).isRead, true);
  const empty = Array(1_023).fill("a=x");
  assertEquals(readSdp("m=audio 9 X", ...empty).isRead, true);
  const long = readSdp(...empty, "m=audio 9 X", `a=${line("host")}`);
  assertEquals([long.flows?.audio, long.candidates.host, long.isRead], ["sendrecv", 0, false]);
});

Deno.test("[WHY-3] [WHY-4] nothing that a stranger writes is an error, or is in what was read", () => {
  const words = ["MARK", "data", "m=audio 9 MARK\n", `a=${line("host", "MARK")}`, "typ host"];
  const text = fc.array(fc.constantFrom(...words)).map((parts) => parts.join(" "));
  const value = fc.letrec((tie) => ({
    any: fc.oneof(text, fc.constantFrom(null, 7, true), tie("object")),
    object: fc.dictionary(
      fc.constantFrom("sdp", "candidate", "type", "connectionId", "__proto__", "MARK"),
      tie("any"),
    ),
  })).object;
  // So many commas are left to the scanner.
  const more = Array(200).fill(0);
  fc.assert(fc.property(value, fc.constantFrom("OFFER", "ANSWER", "CANDIDATE"), (payload, type) => {
    const said = read(type, payload);
    assertEquals(read(type, { ...Object(payload), more }), said, "the scanner reads the same");
    assertEquals(JSON.stringify(said).includes("MARK"), false);
  }));
});
