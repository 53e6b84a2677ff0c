/** What long answers hold together, how they are shared and given up, and what of them gets to a client. */
import {
  Answers,
  cachedPeerList,
  LONG_LENGTH,
  type LongBody,
  streamOf,
} from "../../adapters/http/answers.ts";
import { createSignalingServer } from "../../adapters/server.ts";
import { listenNode } from "../../adapters/listen/node/node.ts";
import { connId, initialState, millis, reduce, settingsFrom, type State } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { latin1, openRaw, rawHttp } from "../support/raw_socket.ts";
import { serveBox, test } from "../support/served.ts";
import { opening } from "../support/world.ts";

/** Answers whose deadlines pass when the test says so. */
function answersWith(max_answer_bytes: number): {
  readonly answers: Answers;
  readonly passDeadlines: () => void;
  readonly deadlines: () => number;
} {
  const pending = new Set<() => void>();
  const answers = new Answers({ max_answer_bytes, answer_timeout: 1_000 }, (callback) => {
    pending.add(callback);
    return () => pending.delete(callback);
  });
  const passDeadlines = (): void => [...pending].forEach((callback) => callback());
  return { answers, passDeadlines, deadlines: () => pending.size };
}

function textOf({ pieces }: LongBody): string {
  return pieces.map((piece) => new TextDecoder().decode(piece)).join("");
}

/** A body that must have found room. */
function found(body: LongBody | null): LongBody {
  assert(body !== null, "there is no room");
  return body;
}

Deno.test("[FAULT-28] who asks for the same text share it, and each counts for what is buffered of it", () => {
  const { answers, deadlines } = answersWith(10_000_000);
  const text = "x".repeat(1_000_000);
  const one = found(answers.begin(text, "a"));
  const other = found(answers.begin("x".repeat(1_000_000), "b"));
  assertEquals([one.length, textOf(one) === text], [1_000_000, true]);
  assertEquals(one.pieces, other.pieces);
  assert(one.pieces[0] === other.pieces[0], "the bytes are there once");
  assertEquals(answers.heldBytes, 1_000_000 + 2 * 327_680);
  one.release();
  one.release();
  assertEquals(answers.heldBytes, 1_000_000 + 327_680);
  other.release();
  assertEquals([answers.heldBytes, deadlines()], [0, 0]);
});

Deno.test("[FAULT-28] what finds no room is refused: in all, and for one address a quarter; one answer always may be", () => {
  const { answers } = answersWith(40_000);
  const first = found(answers.begin("x".repeat(50_000), "a"));
  assertEquals(answers.begin("y".repeat(5_000), "b"), null, "the first takes more than all");
  first.release();
  const bodies = [1, 2].map(() => found(answers.begin("x".repeat(5_000), "a")));
  assertEquals(answers.begin("x".repeat(5_000), "a"), null, "a has its quarter");
  found(answers.begin("x".repeat(5_000), "b"));
  assertEquals(answers.heldBytes, 20_000);
  const own = answers.begin("y".repeat(12_000), "c");
  assertEquals(own, null, "a text of its own takes twice its length");
  found(answers.begin("y".repeat(10_000), "c"));
  assertEquals(answers.heldBytes, 40_000);
  bodies.forEach(({ release }) => release());
  found(answers.begin("x".repeat(5_000), "a"));
});

Deno.test("[FAULT-28] a text is forgotten when nobody reads it any more, and is counted until then", () => {
  const { answers, passDeadlines } = answersWith(1_000_000);
  const old = found(answers.begin("x".repeat(9_000), "a"));
  found(answers.begin("y".repeat(9_000), "b")).release();
  assertEquals(answers.heldBytes, 18_000);
  passDeadlines();
  assertEquals(answers.heldBytes, 9_000, "what the platform has of it still counts");
  old.release();
  assertEquals(answers.heldBytes, 0);
});

Deno.test("[FAULT-28] a stream hands out pieces when they are asked for, and ends early when it is late", async () => {
  const { answers, passDeadlines } = answersWith(1_000_000);
  const completed = Promise.withResolvers<void>();
  const body = found(answers.begin("x".repeat(100_000), "a"));
  const reader = streamOf(body, completed.promise).getReader();
  assertEquals((await reader.read()).value?.length, 16_384);
  passDeadlines();
  assertEquals((await reader.read()).done, true);
  assertEquals(answers.heldBytes, 100_000, "until the platform has let go");
  completed.reject(new Error("the client went"));
  await completed.promise.catch(() => {});
  assertEquals(answers.heldBytes, 0);
});

Deno.test("[FAULT-28] a stream counts until it completes, or until it was taken where nothing tells that", async () => {
  const { answers, passDeadlines } = answersWith(1_000_000);
  const text = "x".repeat(50_000);
  const completed = Promise.withResolvers<void>();
  const told = new Response(streamOf(found(answers.begin(text, "a")), completed.promise));
  assertEquals(await told.text(), text);
  passDeadlines();
  assertEquals(answers.heldBytes, 50_000);
  completed.resolve();
  await completed.promise;
  assertEquals(answers.heldBytes, 0);
  const untold = new Response(streamOf(found(answers.begin(text, "a")), undefined));
  assertEquals(await untold.text(), text);
  assertEquals(answers.heldBytes, 0);
  const cancelled = new Response(streamOf(found(answers.begin(text, "a")), undefined));
  await cancelled.body?.cancel();
  assertEquals(answers.heldBytes, 0);
  found(answers.begin(text, "a")).onTimeout(() => {});
  new Response(streamOf(found(answers.begin(text, "a")), undefined));
  passDeadlines();
  assertEquals(answers.heldBytes, 50_000, "one that was never sent says itself that it is done");
});

Deno.test("[FAULT-28] stop ends what is not read yet, and no timer is left", async () => {
  const { answers, deadlines } = answersWith(1_000_000);
  const reader = streamOf(found(answers.begin("x".repeat(50_000), "a")), undefined).getReader();
  await reader.read();
  answers.stop();
  assertEquals((await reader.read()).done, true);
  assertEquals([answers.heldBytes, deadlines()], [0, 0]);
});

Deno.test("[HTTP-3] [FAULT-28] a list is made once for the same clients, and a long one not again at once", () => {
  let now = 0;
  let state: State = initialState(settingsFrom());
  const list = cachedPeerList(() => now);
  const join = (conn: number, id: string): void => {
    [state] = reduce(state, opening(conn, { id }), millis(conn));
  };
  assertEquals(list(state), "[]");
  join(1, "a".repeat(256));
  now++;
  assertEquals(JSON.parse(list(state)).length, 1);
  const made = list(state);
  assert(made === list(state));
  for (let i = 2; i <= 400; i++) join(i, `${i}`.padEnd(256, "x"));
  now++;
  const long = list(state);
  assertEquals(JSON.parse(long).length, 400);
  const closed = { kind: "socket-closed", conn: connId(1), code: 1000, reason: "" } as const;
  [state] = reduce(state, closed, millis(500));
  now += 10;
  assertEquals(JSON.parse(list(state)).length, 400, "103,600 characters may be 10.36 ms old");
  now++;
  assertEquals(JSON.parse(list(state)).length, 399);
});

const PEERS = "/peerjs/peers";

test.served("[HTTP-3] [FAULT-28] a long list is answered with its length, in whole", async ({ serve }) => {
  await using served = await serve({ allow_discovery: true, max_id_length: 4_096 });
  const ids = Array.from({ length: 40 }, (_, i) => `${i}`.padEnd(1_000, "é"));
  using clients = new DisposableStack();
  for (const id of ids) {
    assertEquals(await clients.use(await openRaw(served.port, id)).json(), { type: "OPEN" });
  }
  const expected = JSON.stringify(ids);
  const bytes = new TextEncoder().encode(expected).length;
  assert(expected.length > LONG_LENGTH);
  // More than one connection, and more than once, so that all is given back.
  for (let i = 0; i < 3; i++) {
    const response = await fetch(`${served.url}peerjs/peers`);
    assertEquals(response.headers.get("content-length"), `${bytes}`);
    assertEquals(await response.text(), expected);
  }
  const head = await fetch(`${served.url}peerjs/peers`, { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
  // With node such a request has only its connection left.
  const upgrade = "Host: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n";
  const raw = await rawHttp(served.port, latin1(`GET ${PEERS} HTTP/1.1\r\n${upgrade}`));
  assertMatch(raw, new RegExp(`\\r\\ncontent-length: ${bytes}\\r\\n`, "i"));
});

Deno.test("[FAULT-28] node ends a connection on which nothing moves, and no WebSocket", async () => {
  const settings = { port: 0, host: "127.0.0.1", answer_timeout: 100 };
  const { port, stop } = await listenNode(createSignalingServer(settingsFrom(settings), {}));
  using client = await openRaw(port, "a");
  assertEquals(await client.json(), { type: "OPEN" });
  const head = "GET /peerjs/id HTTP/1.1\r\nHost: x\r\n";
  assertEquals(await rawHttp(port, latin1(head)), "", "it did not wait for head_timeout");
  assertMatch(await rawHttp(port, latin1(`${head}\r\n`)), /^HTTP\/1\.1 200 /);
  await client.send('{"type":"OFFER","dst":"a"}');
  assertEquals(await client.json(), { type: "OFFER", src: "a", dst: "a" });
  await stop();
});

Deno.test("[FAULT-28] an application that says nothing of its connections is bounded too", async () => {
  const options = { allow_discovery: true, max_id_length: 4_096, max_answer_bytes: 1_024 };
  await using app = serveBox(options);
  using one = await openRaw(app.port, "1".padEnd(4_000, "x"));
  using two = await openRaw(app.port, "2".padEnd(4_000, "x"));
  for (const client of [one, two]) assertEquals(await client.json(), { type: "OPEN" });
  const ask = async (): Promise<Response> => {
    const response = await app.box.handle(new Request(`http://localhost${PEERS}`));
    assert(response !== null);
    return response;
  };
  const unread = await ask();
  assertEquals([unread.status, (await ask()).status], [200, 503]);
  assertEquals((await unread.json()).length, 2);
  const again = await ask();
  assertEquals(again.status, 200);
  await again.body?.cancel();
});
