/** What every listener must do alike: the same conversations with each, over real sockets in this process. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "../support/assert.ts";
import { join } from "../support/peer_socket.ts";
import { handshake, latin1, OPCODE, openRaw, rawHttp } from "../support/raw_socket.ts";
import { type Served, test } from "../support/served.ts";

test.served("[MSG-14] a binary message that is UTF-8 is the same as text", async ({ serve }) => {
  await using served = await serve();
  await using a = await join(served, "a");
  const payload = { "é": "👋\u0000", picture: "x".repeat(200_000) };
  a.sendRaw(new TextEncoder().encode(JSON.stringify({ type: "OFFER", dst: "a", payload })));
  assertEquals(await a.next(), { type: "OFFER", src: "a", dst: "a", payload });
  a.sendRaw(new TextEncoder().encode("\ufeff{}"));
  assertStringIncludes(JSON.stringify(await a.next()), "must be JSON", "a BOM stays one");
  a.sendRaw(new Uint8Array(262_145).fill(0x20));
  assertStringIncludes(JSON.stringify(await a.next()), "at most 262144 bytes");
  assertEquals((await a.closed).code, 1009);
});

test.served("[LIFE-4] a client that answers no ping is closed, one that does lives on", async ({ serve }) => {
  const ends: unknown[] = [];
  const gone = Promise.withResolvers<void>();
  await using served = await serve({ ping_timeout: 1_000 }, {
    onDisconnection: ({ id }, end) => {
      ends.push([id, end]);
      gone.resolve();
    },
  });
  await using alive = await join(served, "alive");
  using frozen = await openRaw(served.port, "frozen");
  await gone.promise;
  const reason = "No answer to a ping for 1000 ms";
  assertEquals(ends, [["frozen", { by: "server", code: 4007, reason }]]);
  assert([1001, 4007].includes(await frozen.closed()), "deno has a code of its own");
  assertEquals((await alive.fence()).closed, null);
});

test.served("[HTTP-21] [LIFE-6] [LIFE-8] a drain turns sockets away before the upgrade, and hears what crosses its closes", async ({ serve }) => {
  await using served = await serve();
  using a = await openRaw(served.port, "a");
  await using b = await join(served, "b");
  const drained = served.signaling.drain(1_200);
  assertEquals(served.signaling.drain(1), drained);
  const readyz = await fetch(`${served.url}readyz`);
  assertEquals([readyz.status, await readyz.text()], [503, "stopping\n"]);
  // A load balancer that has not asked yet sends clients here.
  await (await join(served, "c")).close();
  // It hears of its close, and does not answer it yet.
  assertEquals(await a.closed(), 1012);
  const late = new TextDecoder().decode(handshake("/peerjs?key=peerjs&id=d&token=t"));
  const reply = await rawHttp(
    served.port,
    latin1(late.replace("Connection: Upgrade", "Connection: Upgrade, close")),
  );
  assertMatch(reply, /^HTTP\/1.1 503 [^]*\r\nretry-after: 1\r\n/i);
  assertStringIncludes(reply, "The server is restarting, and takes no new clients");
  // It goes on with what it had begun to say.
  for (const payload of [1, 2, 3]) {
    await a.send(JSON.stringify({ type: "CANDIDATE", dst: "b", payload }));
    assertEquals(await b.next(), { type: "CANDIDATE", src: "a", dst: "b", payload });
  }
  await a.send(Uint8Array.of(1012 >> 8, 1012 & 255), { opcode: OPCODE.close });
  assertEquals((await b.closed).code, 1012);
  await drained;
});

/** What is asked over HTTP, of a server at the prefix /p/: the status of its answer, and for a page of which origin. */
const REQUESTS = `
GET /p/ 200
GET /p 200
GET / 404
GET /p/peerjs/peers 401
GET /p/wrong/id 401
GET /p/wrong%0d%0a/id 401
GET /p/peerjs 426
GET /p/peerjs/id?x=%00 200
GET /p/ 200 https://a.example
GET /p/ 200 https://b.example
HEAD /p/ 200
HEAD /nothing 404
OPTIONS /p/peerjs/id 204 https://a.example
POST /p/ 405
PUT /p/peerjs/id 405`;

/** What belongs to a connection or a moment, not to an answer. */
const NOT_OURS = new Set(["date", "connection", "keep-alive", "transfer-encoding", "vary"]);

async function answers({ port }: Served): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const row of REQUESTS.trim().split("\n")) {
    const [method = "", path, status, origin] = row.split(" ");
    const headers = { ...(origin !== undefined && { origin }) };
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
    assertEquals(String(response.status), status, row);
    const body = await response.text();
    const ours = [...response.headers].filter(([name]) =>
      !NOT_OURS.has(name) && !(name === "content-length" && body === "")
    );
    all.push({ row, ours, body });
  }
  return all;
}

const answered: unknown[][] = [];

test.served("[HTTP-5] [HTTP-6] [HTTP-8] every listener gives the same answers", async ({ serve }) => {
  const hooks = { generateClientId: (): string => "made" };
  await using served = await serve({ path: "/p", cors: ["https://a.example"] }, hooks);
  answered.push(await answers(served));
  for (const other of answered) assertEquals(other, answered[0]);
});

test.served("[HTTP-5] an upgrade that is not one is answered, and the server goes on", async ({ serve }) => {
  await using served = await serve();
  const broken: [line: string, upgrade: string, status: number][] = [
    ["GET /nothing", "websocket", 404],
    ["GET /peerjs/id", "h2c", 200],
    ["POST /peerjs", "websocket", 405],
  ];
  const others = ["h2c", "websocket/13", "websockets", ""];
  for (const upgrade of others) broken.push(["GET /peerjs", upgrade, 426]);
  for (const [line, upgrade, status] of broken) {
    const request = new TextDecoder().decode(handshake("/x")).replace("GET /x", line)
      .replace("websocket", upgrade).replace("Connection: Upgrade", "Connection: Upgrade, close");
    const reply = await rawHttp(served.port, latin1(request));
    assert(reply.startsWith(`HTTP/1.1 ${status} `), `${request}\n${reply}`);
    assertMatch(reply, /\r\naccess-control-allow-origin: \*\r\n/i);
  }
  assertEquals((await (await fetch(served.url)).json()).name, "PeerJS Server");
});
