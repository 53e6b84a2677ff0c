/** Health, ICE servers and presence over real connections, with each listener and in an application. */
import { createSignalbox } from "../../main.ts";
import { assert, assertEquals, assertMatch, assertRejects } from "../support/assert.ts";
import { openPeers } from "../support/events.ts";
import { join } from "../support/peer_socket.ts";
import { latin1, rawHttp } from "../support/raw_socket.ts";
import { test } from "../support/served.ts";

const ON = { allow_discovery: true };

test.served("[HTTP-15] [HTTP-16] [HTTP-18] a stream says who is there, who joins and who leaves; it is no client", async ({ serve }) => {
  await using served = await serve(ON);
  await using _a = await join(served, "a");
  await using stream = await openPeers(`${served.url}peerjs/peers`, {
    origin: "https://a.example",
  });
  await stream.until("a");
  const { headers } = stream.response;
  assertEquals(headers.get("access-control-allow-origin"), "*");
  assertEquals([headers.get("content-type"), headers.get("x-accel-buffering")], [
    "text/event-stream",
    "no",
  ]);
  const b = await join(served, "b");
  await stream.until("a", "b");
  await using _b = await join(served, "b");
  await b.closed;
  await using _c = await join(served, "c");
  await stream.until("a", "b", "c");
  assertEquals(stream.peers.events.length, 3, "a takeover is no event");
  assertEquals(served.signaling.clientCount(), 3);
  await using later = await openPeers(`${served.url}peerjs/peers`);
  await later.until("a", "b", "c");
});

test.served("[HTTP-17] a stream ends when the server stops", async ({ serve }) => {
  const served = await serve(ON);
  await using stream = await openPeers(`${served.url}peerjs/peers`);
  await stream.until();
  const stopped = served.listener.stop();
  await stream.ended();
  await stopped;
  assertEquals(stream.peers.events, [["peers", []]]);
});

test.served("[HTTP-17] [FAULT-45] a stream that has nothing to say outlives answer_timeout, which ends other connections", async ({ serve, which }) => {
  await using served = await serve({ ...ON, answer_timeout: 100 });
  await using stream = await openPeers(`${served.url}peerjs/peers`);
  await stream.until();
  // It begins later than the stream, and ends when it was idle for so long.
  if (which === "node") await rawHttp(served.port, latin1("GET"));
  await using _a = await join(served, "a");
  await stream.until("a");
});

test.served("[HTTP-15] HEAD and OPTIONS of a stream end at once, and so does what comes behind an upgrade", async ({ serve, which }) => {
  await using served = await serve(ON);
  const headers = { accept: "text/event-stream" };
  for (const [method, status] of [["HEAD", 200], ["OPTIONS", 204]] as const) {
    const response = await fetch(`${served.url}peerjs/peers`, { method, headers });
    assertEquals([response.status, await response.text()], [status, ""]);
  }
  // A request to upgrade to what is not there gets the stream; listener node writes it without node:http.
  const upgrade = "Connection: Upgrade\r\nUpgrade: h2c\r\nAccept: text/event-stream\r\n";
  const text = rawHttp(
    served.port,
    latin1(`GET /peerjs/peers HTTP/1.1\r\nHost: x\r\n${upgrade}\r\n`),
  );
  await using stream = await openPeers(`${served.url}peerjs/peers`);
  await stream.until();
  await using _a = await join(served, "a");
  await stream.until("a");
  await served.listener.stop();
  assertMatch(await text, /^HTTP\/1\.1 200 [^]*event: peers\ndata: \[\]\n\n[^]*event: join\n/);
  if (which === "node") assertMatch(await text, /connection: close/i);
});

test.served("[HTTP-18] there are max_watchers streams, a quarter for one address; a sentence says so, and the place of one that went is free", async ({ serve }) => {
  await using served = await serve({ ...ON, max_watchers: 5, proxied: true });
  const open = (address: string): ReturnType<typeof openPeers> =>
    openPeers(`${served.url}peerjs/peers`, { "x-forwarded-for": address });
  const first = await open("192.0.2.1");
  await using _other = await open("192.0.2.1");
  const sentence = "503 Too many streams of peers are open: try again later, or ask for the list";
  await assertRejects(() => open("192.0.2.1"), Error, sentence);
  await using streams = new AsyncDisposableStack();
  for (const end of [2, 3, 4]) streams.use(await open(`192.0.2.${end}`));
  await assertRejects(() => open("192.0.2.5"), Error, sentence);
  await first[Symbol.asyncDispose]();
  for (let isFree = false; !isFree;) {
    isFree = await open("192.0.2.5").then((one) => streams.use(one) !== null, () => false);
  }
});

test.served("[AUTH-5] [HTTP-15] [HTTP-20] a stream takes its token from the query, because EventSource sends no headers", async ({ serve }) => {
  const auth_secret = "only for this test, and long enough";
  const turn = { turn_urls: ["turn:t.example"], turn_secret: "only for this test" };
  const jwt = { auth: "jwt", auth_secret, auth_http: true } as const;
  await using served = await serve({ ...ON, ...jwt, ...turn });
  const url = `${served.url}peerjs/peers`;
  await assertRejects(() => openPeers(url), Error, "401 A token is missing.");
  const token = await tokenFor("alice", auth_secret);
  await using stream = await openPeers(`${url}?token=${token}`);
  await stream.until();
  const ice = async (id: string): Promise<[number, unknown]> => {
    const response = await fetch(`${served.url}peerjs/ice?id=${id}&token=${token}`);
    return [response.status, await response.text()];
  };
  const [status, body] = await ice("alice");
  assertEquals(status, 200);
  assertMatch(String(body), /"username":"\d{10}:alice"/);
  assertEquals(await ice("bob"), [403, "The token is not for this id.\n"]);
});

test.program("[HTTP-13] [HTTP-14] [HTTP-19] [LOG-1] who asks whether the server is ready fills no log; a wrong key before /ice is not shown", async ({ start }) => {
  const turn = ["--turn_urls", "stun:s.example"];
  await using child = await start({ args: ["--concurrent_limit", "0", "--key", "hush", ...turn] });
  const get = async (path: string): Promise<[number, string]> => {
    const response = await fetch(`${child.url}${path}`);
    return [response.status, await response.text()];
  };
  assertEquals(await get("healthz"), [200, "ok\n"]);
  assertEquals(await get("readyz"), [503, "full\n"]);
  assertEquals(await get("hush/ice"), [200, '{"iceServers":[{"urls":["stun:s.example"]}]}']);
  assertEquals((await get("wrong-key/ice"))[0], 401);
  const line = await child.nextLine((line) => line.includes("Invalid key provided"));
  assert(line.includes("/…/ice") && !line.includes("wrong-key"), line);
  assertEquals((await child.stop()).code, 0);
  assertEquals(child.lines.filter((line) => line.includes("readyz")), []);
});

Deno.test("[HTTP-13] [HTTP-14] [HTTP-15] in an application at the root its health is its own; the stream is there without info", async () => {
  const box = createSignalbox({ ...ON, turn_urls: ["stun:s.example"] });
  const ask = async (path: string): Promise<Response | null> =>
    await box.handle(
      new Request(`http://localhost${path}`, { headers: { accept: "text/event-stream" } }),
    );
  for (const path of ["/healthz", "/readyz", "/x/ice"]) assertEquals(await ask(path), null, path);
  assertEquals((await ask("/peerjs/ice"))?.status, 200);
  const reader = (await ask("/peerjs/peers"))?.body?.getReader();
  assertMatch(new TextDecoder().decode((await reader?.read())?.value), /event: peers/);
  await box.stop();
  assertEquals((await reader?.read())?.done, true);
  const under = createSignalbox({ path: "/p" });
  const health = await under.handle(new Request("http://localhost/p/healthz"));
  assertEquals(await health?.text(), "ok\n");
  await under.stop();
});

async function tokenFor(sub: string, secret: string): Promise<string> {
  const { SignJWT } = await import("jose");
  return await new SignJWT({ sub })
    .setProtectedHeader({ alg: "HS256" }).setExpirationTime("1h")
    .sign(new TextEncoder().encode(secret));
}
