/**
 * Which requests become a WebSocket, and what the others are told: the same with every listener, over real
 * sockets in this process.
 */
import { assertEquals, assertMatch } from "../support/assert.ts";
import { handshake, latin1, rawHttp, type RawSocket, upgradeRaw } from "../support/raw_socket.ts";
import { test } from "../support/served.ts";

const KEY = "dGhlIHNhbXBsZSBub25jZQ==";

const VALID = {
  Host: "x",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": KEY,
};

/** Headers of a handshake that are others, or `null`: left out. */
type Changes = Record<string, string | null>;

function request(changes: Changes, target = "/peerjs?key=peerjs&id=a&token=t"): Uint8Array {
  const lines = Object.entries({ ...VALID, ...changes })
    .flatMap(([name, value]) => value === null ? [] : [`${name}: ${value}\r\n`]);
  return latin1(`GET ${target} HTTP/1.1\r\n${lines.join("")}\r\n`);
}

/** The status of an answer, and the subprotocol in it. */
function answerIn({ head }: RawSocket): string {
  const status = /^HTTP\/1\.1 (\d+) /.exec(head)?.[1] ?? head;
  const subprotocol = /\r\nsec-websocket-protocol: ([^\r]*)/i.exec(head)?.[1];
  return subprotocol === undefined ? status : `${status} ${subprotocol}`;
}

const UPGRADED: readonly [what: string, changes: Changes, answer: string][] = [
  ["as RFC 6455 has it", {}, "101"],
  ["in other case", { Upgrade: "WebSocket", Connection: "upgrade" }, "101"],
  ["with a list in Connection", { Connection: "keep-alive, Upgrade" }, "101"],
  ["with a list in Upgrade", { Upgrade: "websocket, foo" }, "101"],
  ["with a list in Upgrade, last", { Upgrade: "h2c,WebSocket" }, "101"],
  ["in the version of the draft", { "Sec-WebSocket-Version": "8" }, "101"],
  ["with extensions", { "Sec-WebSocket-Extensions": "permessage-deflate" }, "101"],
  ["with extensions that are none", { "Sec-WebSocket-Extensions": ";;=" }, "101"],
  ["with a subprotocol", { "Sec-WebSocket-Protocol": "a" }, "101 a"],
  ["with two", { "Sec-WebSocket-Protocol": "b.1, a" }, "101 b.1"],
  ["without a space between them", { "Sec-WebSocket-Protocol": "a,b" }, "101 a"],
  ["with much space between them", { "Sec-WebSocket-Protocol": "a \t , b" }, "101 a"],
  ["in two headers", { "Sec-WebSocket-Protocol": "a\r\nSec-WebSocket-Protocol: b" }, "101 a"],
  ["without a Host", { Host: null }, "101"],
];

test.served("[HTTP-10] a valid handshake gets a socket, and its first subprotocol", async ({ serve }) => {
  await using served = await serve();
  for (const [what, changes, answer] of UPGRADED) {
    using upgraded = await upgradeRaw(served.port, request(changes));
    assertEquals(answerIn(upgraded), answer, what);
    assertEquals(await upgraded.json(), { type: "OPEN" }, what);
  }
});

const VERSION = "Sec-WebSocket-Version is not 13";
const WRONG_KEY = "Sec-WebSocket-Key is missing or is not 16 bytes as base64";
const SUBPROTOCOL = "Sec-WebSocket-Protocol is not a list of different names";
const CONNECTION = "Connection does not name Upgrade";

const REFUSED: readonly [changes: Changes, why: string][] = [
  [{ "Sec-WebSocket-Version": null }, VERSION],
  [{ "Sec-WebSocket-Version": "12" }, VERSION],
  [{ "Sec-WebSocket-Version": "" }, VERSION],
  [{ "Sec-WebSocket-Version": "13, 12" }, VERSION],
  [{ "Sec-WebSocket-Version": "13\r\nSec-WebSocket-Version: 13" }, VERSION],
  [{ "Sec-WebSocket-Key": null }, WRONG_KEY],
  [{ "Sec-WebSocket-Key": "" }, WRONG_KEY],
  [{ "Sec-WebSocket-Key": "c2hvcnQ=" }, WRONG_KEY],
  [{ "Sec-WebSocket-Key": `${KEY}\r\nSec-WebSocket-Key: ${KEY}` }, WRONG_KEY],
  [{ Connection: null }, CONNECTION],
  [{ Connection: "keep-alive" }, CONNECTION],
  [{ Connection: "upgraded" }, CONNECTION],
  [{ "Sec-WebSocket-Protocol": "" }, SUBPROTOCOL],
  [{ "Sec-WebSocket-Protocol": "a," }, SUBPROTOCOL],
  [{ "Sec-WebSocket-Protocol": ",a" }, SUBPROTOCOL],
  [{ "Sec-WebSocket-Protocol": "a b" }, SUBPROTOCOL],
  [{ "Sec-WebSocket-Protocol": "a;b" }, SUBPROTOCOL],
  [{ "Sec-WebSocket-Protocol": "a, a" }, SUBPROTOCOL],
  [{ "Sec-WebSocket-Protocol": "\xe9" }, SUBPROTOCOL],
  [{ "Sec-WebSocket-Protocol": "a,".repeat(1_000) }, SUBPROTOCOL],
];

test.served("[HTTP-10] a handshake that is not valid is told why, and which versions there are", async ({ serve }) => {
  await using served = await serve();
  for (const [changes, why] of REFUSED) {
    using refused = await upgradeRaw(served.port, request(changes));
    const { head } = refused;
    const what = `${JSON.stringify(changes)}\n${head}`;
    assertEquals(answerIn(refused), "400", what);
    assertMatch(head, /\r\nsec-websocket-version: 13, 8(?:\r\n|$)/i, what);
    assertMatch(head, /\r\naccess-control-allow-origin: \*/i, what);
    const body = `The WebSocket handshake is not valid: ${why}.\n`;
    assertMatch(head, new RegExp(`\\r\\ncontent-length: ${body.length}(?:\\r\\n|$)`, "i"), what);
    assertEquals(await refused.text(body.length), body);
  }
  assertEquals(served.signaling.clientCount(), 0);
});

test.served("[HTTP-11] a URL that is not ASCII is refused, in its path and in its query", async ({ serve }) => {
  await using served = await serve();
  const targets = ["/peerjs?key=peerjs&id=\xc3\xa9&token=t", "/\xc3\xa9", "/peerjs?id=\xff"];
  for (const target of targets) {
    for (const upgrade of ["websocket", null]) {
      const changes = { Upgrade: upgrade, Connection: "Upgrade, close" };
      assertMatch(await rawHttp(served.port, request(changes, target)), /^HTTP\/1\.1 400 /, target);
    }
  }
  // What was refused was the way of writing.
  const escaped = request({}, "/peerjs?key=peerjs&id=%C3%A9&token=t");
  using upgraded = await upgradeRaw(served.port, escaped);
  assertEquals(await upgraded.json(), { type: "OPEN" });
  assertEquals(served.signaling.clientCount(), 1);
});

/** Announcements of a body that is empty, and what of it comes after the head. */
const EMPTY_BODIES: readonly [headers: string, rests: readonly string[]][] = [
  ["Content-Length: 0\r\n", []],
  ["Content-Length: 00\r\n", []],
  ["Transfer-Encoding: chunked\r\n\r\n0\r\n", []],
  ["Transfer-Encoding: Chunked\r\n", ["0\r\n\r\n"]],
  ["Transfer-Encoding: chunked\r\n\r\n0", ["\r\n\r\n"]],
  ["Transfer-Encoding: chunked\r\n", ["0", "\r\n\r", "\n"]],
  ["Transfer-Encoding: chunked\r\n", []],
];

test.served("[HTTP-10] a handshake with an empty body is one, but Deno.serve refuses it itself", async ({ serve, which }) => {
  await using served = await serve();
  for (const [headers, rests] of EMPTY_BODIES) {
    const bytes = handshake("/peerjs?key=peerjs&id=a&token=t", headers);
    using client = await upgradeRaw(served.port, bytes);
    assertEquals(answerIn(client), which === "node" ? "101" : "400", headers);
    if (which === "deno") continue;
    // Each by itself, as a proxy may write them: the answer to what came before is awaited.
    for (const rest of rests) await client.write(latin1(rest));
    assertEquals(await client.json(), { type: "OPEN" });
    await client.send('{"type":"OFFER","dst":"a"}');
    assertEquals(await client.json(), { type: "OFFER", src: "a", dst: "a" }, headers);
  }
});

test.served("[HTTP-10] a handshake with a body that is not empty is refused", async ({ serve }) => {
  await using served = await serve();
  const codings = ["identity", "gzip, chunked"].map((coding) => `Transfer-Encoding: ${coding}`);
  for (const headers of ["Content-Length: 5", ...codings]) {
    const bytes = handshake("/peerjs?key=peerjs&id=a&token=t", `${headers}\r\n`);
    using refused = await upgradeRaw(served.port, bytes);
    assertEquals(answerIn(refused), "400", headers);
  }
});
