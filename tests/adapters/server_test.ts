/**
 * A signalbox behind a real listener in this process: HTTP and sockets as they are on the wire.
 */
import { createSignalbox, type Signalbox, type SignalboxOptions } from "../../main.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { openSocket } from "../support/peer_socket.ts";

interface Served extends AsyncDisposable {
  readonly box: Signalbox;
  readonly port: number;
  readonly url: string;
  readonly wsUrl: string;
}

function serve(options: SignalboxOptions = {}): Served {
  const box = createSignalbox(options);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, box.answer);
  const { port } = server.addr;
  const address = `127.0.0.1:${port}${box.settings.path}`;
  const dispose = async (): Promise<void> => {
    await box.stop();
    await server.shutdown();
  };
  return {
    box,
    port,
    url: `http://${address}`,
    wsUrl: `ws://${address}peerjs`,
    [Symbol.asyncDispose]: dispose,
  };
}

/** Sends bytes as they are, and reads all that comes back until the server closes. */
async function raw(port: number, request: string): Promise<string> {
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  await connection.write(new TextEncoder().encode(request));
  return await new Response(connection.readable).text();
}

const CLIENT = { key: "peerjs", token: "t" };

Deno.test("[MSG-1] [MSG-2] [OPEN-6] two clients exchange messages through real sockets", async () => {
  await using served = serve();
  await using a = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "a" });
  await using b = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "b b" });
  assertEquals([await a.next(), await b.next()], [{ type: "OPEN" }, { type: "OPEN" }]);
  a.send({ type: "OFFER", src: "x", dst: "b b", payload: { sdp: "…" } });
  assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b b", payload: { sdp: "…" } });
  assertEquals(served.box.clientCount(), 2);
});

Deno.test("[MSG-6] [MSG-9] a bad and a binary frame are answered, one that is too big closes", async () => {
  await using served = serve();
  await using a = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "a" });
  await a.next();
  a.sendRaw("nonsense");
  assertStringIncludes(JSON.stringify(await a.next()), "must be JSON");
  a.sendRaw(new Uint8Array(5));
  assertStringIncludes(JSON.stringify(await a.next()), "5 bytes of binary data");
  a.sendRaw(`"${"x".repeat(65_536)}"`);
  assertStringIncludes(JSON.stringify(await a.next()), "at most 65536 bytes");
  assertEquals((await a.closed).code, 1009);
});

Deno.test("[OPEN-1] [OPEN-4] a refusal is a frame, then a close with its code", async () => {
  await using served = serve();
  await using a = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "a" });
  await using nameless = await openSocket({ wsUrl: served.wsUrl });
  await using thief = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "a", token: "other" });
  assertEquals(await a.next(), { type: "OPEN" });
  assertStringIncludes(JSON.stringify(await nameless.next()), "No id, token, or key supplied");
  assertEquals((await nameless.closed).code, 4002);
  assertEquals(await thief.next(), { type: "ID-TAKEN", payload: { msg: "ID is taken" } });
  assertEquals((await thief.closed).code, 4001);
  assertEquals(await a.fence(), { frames: [], closed: null });
});

Deno.test("[OPEN-6] of a parameter given twice the first counts", async () => {
  await using served = serve({ allow_discovery: true });
  const wsUrl = `${served.wsUrl}?id=first&id=second&token=t&token=u&key=peerjs&key=x`;
  const socket = new WebSocket(wsUrl);
  const { promise, resolve } = Promise.withResolvers<unknown>();
  socket.onmessage = ({ data }) => resolve(data);
  assertEquals(await promise, '{"type":"OPEN"}');
  assertEquals(await (await fetch(`${served.url}peerjs/peers`)).json(), ["first"]);
  const closed = new Promise((done) => socket.onclose = done);
  socket.close();
  await closed;
});

Deno.test("[LIFE-2] a client that vanishes without a close frees its id", async () => {
  const gone = Promise.withResolvers<string>();
  await using served = serve({ onDisconnection: ({ id }) => gone.resolve(id) });
  const connection = await Deno.connect({ hostname: "127.0.0.1", port: served.port });
  const handshake =
    `GET /peerjs?key=peerjs&id=a&token=t HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n` +
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
  await connection.write(new TextEncoder().encode(handshake));
  await connection.read(new Uint8Array(1_024));
  connection.close();
  assertEquals(await gone.promise, "a");
  await using again = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "a", token: "other" });
  assertEquals(await again.next(), { type: "OPEN" });
});

Deno.test("[QUEUE-3] [LIFE-1] the timer really runs: EXPIRE comes, and a silent client goes", async () => {
  await using served = serve({ expire_timeout: 30, alive_timeout: 120 });
  await using a = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "a" });
  await a.next();
  a.send({ type: "OFFER", dst: "nobody" });
  assertEquals(await a.next(), { type: "EXPIRE", src: "nobody", dst: "a" });
  assertEquals((await a.closed).code, 4008);
});

Deno.test("[HTTP-5] an upgrade that is not one is answered, and the server goes on", async () => {
  await using served = serve();
  const broken = await raw(
    served.port,
    "GET /peerjs?id=a HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: close\r\n\r\n",
  );
  assert(/^HTTP\/1\.1 4\d\d /.test(broken), broken);
  const plain = await fetch(`${served.url}peerjs`);
  assertEquals([plain.status, (await plain.text()).length > 0], [426, true]);
  assertEquals((await (await fetch(served.url)).json()).name, "PeerJS Server");
});

Deno.test("[HTTP-6] HEAD has the headers of GET and no body", async () => {
  await using served = serve();
  const [head, get] = await Promise.all([fetch(served.url, { method: "HEAD" }), fetch(served.url)]);
  assertEquals([head.status, await head.text()], [200, ""]);
  assertEquals(head.headers.get("content-type"), get.headers.get("content-type"));
  await get.body?.cancel();
});

Deno.test("[LIFE-3] stop tells every client, twice does no harm, and a later one is refused", async () => {
  await using served = serve();
  await using a = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "a" });
  await a.next();
  await served.box.stop();
  await served.box.stop();
  assertEquals(await a.closed, { code: 1001, reason: "Server is shutting down" });
  await using late = await openSocket({ ...CLIENT, wsUrl: served.wsUrl, id: "b" });
  assertStringIncludes(JSON.stringify(await late.next()), "shutting down");
  assertEquals((await late.closed).code, 1001);
});
