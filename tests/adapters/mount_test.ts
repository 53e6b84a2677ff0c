/** A signalbox on a server of `node:http` that belongs to an application: who gets which request and which upgrade. */
import { createServer as createPlainServer, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer, type Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
import { createSignalbox, type Signalbox, type SignalboxOptions } from "../../main.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { makeFolder } from "../support/folder.ts";
import { TESTS_CONFIG } from "../support/main.ts";
import { join } from "../support/peer_socket.ts";
import { handshake, latin1, rawHttp, upgradeRaw } from "../support/raw_socket.ts";

const app: RequestListener = ({ url }, response) => void response.end(`app ${url}`);

/** The server of an application, which listens, and its boxes. */
class Host implements AsyncDisposable {
  readonly #boxes: Signalbox[] = [];
  constructor(readonly server: Server | SecureServer = createPlainServer(app)) {}

  box(options: SignalboxOptions = {}): Signalbox {
    const box = createSignalbox({ path: "/peer", ...options });
    this.#boxes.push(box);
    return box;
  }

  async listen(): Promise<{ readonly port: number; readonly wsUrl: string }> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.server.listen(0, "127.0.0.1", resolve);
    await promise;
    const { port } = Object(this.server.address());
    return { port, wsUrl: `ws://127.0.0.1:${port}/peer/peerjs` };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#boxes.map((box) => box.stop()));
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }
}

/** What a request by text comes to: the first line, and the body. */
async function ask(port: number, request: Uint8Array): Promise<string> {
  const [head = "", body] = (await rawHttp(port, request)).split("\r\n\r\n");
  return `${head.split(" ")[1]} ${body?.trim()}`;
}

const get = (target: string): Uint8Array =>
  latin1(`GET ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);

Deno.test("[EMBED-6] the box alone gets what is for its paths, whoever listens when, and knows the address", async () => {
  await using host = new Host();
  const addresses: string[] = [];
  await host.box({ onConnection: ({ address }) => addresses.push(address) }).mount(host.server);
  const seen: (string | undefined)[] = [];
  host.server.on("request", ({ url }) => void seen.push(url));
  // Some libraries end each upgrade that is not theirs.
  host.server.on("upgrade", ({ url }, connection: Duplex) => {
    seen.push(url);
    connection.end("HTTP/1.1 418 Mine\r\nConnection: close\r\n\r\n");
  });
  const place = await host.listen();
  await using a = await join(place, "a");
  assertEquals((await a.fence()).closed, null);
  assertEquals((await ask(place.port, get("/peer/peerjs/id"))).length, 40);
  assertEquals(await ask(place.port, get("/peers")), "200 app /peers");
  assertEquals(await ask(place.port, handshake("/other")), "418 ");
  assertEquals([addresses, seen], [["127.0.0.1"], ["/peers", "/other"]]);
});

Deno.test("[EMBED-6] without another listener, an upgrade for the application is a request; an invalid one for the box is refused", async () => {
  await using host = new Host();
  await host.box().mount(host.server);
  const { port } = await host.listen();
  const upgrade = (path: string): Uint8Array =>
    latin1(`GET ${path} HTTP/1.1\r\nHost: x\r\nUpgrade: h2c\r\nConnection: Upgrade, close\r\n\r\n`);
  assertEquals(await ask(port, upgrade("/page")), "200 app /page");
  assertEquals((await ask(port, upgrade("/peer/peerjs"))).slice(0, 3), "426");
  const bad = handshake("/peer/peerjs", "Sec-WebSocket-Protocol: a,a\r\n");
  assertEquals((await ask(port, bad)).slice(0, 3), "400");
});

Deno.test("[EMBED-7] of two boxes each has its paths; one that is unmounted or stopped leaves them to the application", async () => {
  await using host = new Host();
  const [first, second] = [host.box(), host.box({ path: "/other" })];
  const unmount = await first.mount(host.server);
  await second.mount(host.server);
  const place = await host.listen();
  await using a = await join(place, "a");
  await using b = await join({ wsUrl: place.wsUrl.replace("peer/", "other/") }, "b");
  assertEquals([first.clientCount(), second.clientCount()], [1, 1]);
  unmount();
  unmount();
  assertEquals((await a.fence()).closed, null);
  assertEquals(await ask(place.port, get("/peer/")), "200 app /peer/");
  await assertRejects(() => join(place, "c"), Error, "Cannot open a socket");
  await second.stop();
  assertEquals((await b.closed).code, 1001);
  assertEquals(await ask(place.port, get("/other/")), "200 app /other/");
  assertEquals(host.server.listenerCount("upgrade"), 0);
  await first.mount(host.server);
  await using _d = await join(place, "d");
  await assertRejects(() => second.mount(host.server), Error, "the box is stopped");
  await assertRejects(() => first.mount(Object(null)), TypeError, "takes a server of node:http");
});

Deno.test("[EMBED-6] the box gets a request that waits for a 100, though the application has a listener of its own", async () => {
  await using host = new Host();
  await host.box().mount(host.server);
  host.server.on("checkContinue", app);
  const { port } = await host.listen();
  const post = (path: string): Uint8Array =>
    latin1(
      `POST ${path} HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 1\r\n` +
        "Connection: close\r\n\r\n",
    );
  assertEquals((await ask(port, post("/peer/peerjs/id"))).slice(0, 3), "405");
  assertEquals(await ask(port, post("/mine")), "200 app /mine");
});

Deno.test("[EMBED-6] a mount that cannot be loaded keeps no box from its stop", async () => {
  const main = new URL("../../main.ts", import.meta.url).href;
  const program = `import { createSignalbox } from ${JSON.stringify(main)};
import { createServer } from "node:http";
const box = createSignalbox();
await box.mount(createServer()).catch(({ name }) => console.log(name));
await box.stop();
console.log("stopped");`;
  await using folder = await makeFolder();
  await Deno.writeTextFile(`${folder.path}/app.ts`, program);
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-check", "--config", TESTS_CONFIG, `${folder.path}/app.ts`],
  }).output();
  assertEquals(new TextDecoder().decode(stdout), "NotCapable\nstopped\n");
});

Deno.test("[EMBED-6] [LIMIT-10] on a unix socket the proxy at its other end says where clients come from, after however many headers", async () => {
  await using folder = await makeFolder();
  await using host = new Host();
  const addresses: string[] = [];
  const onConnection: SignalboxOptions["onConnection"] = ({ address }) => addresses.push(address);
  await host.box({ trusted_proxies: ["unix"], onConnection }).mount(host.server);
  const path = `${folder.path}/app.sock`;
  await new Promise<void>((resolve) => host.server.listen(path, resolve));
  const request = handshake(
    "/peer/peerjs?key=peerjs&id=a&token=t",
    `${"a:\r\n".repeat(1_500)}X-Forwarded-For: 192.0.2.7\r\n`,
  );
  using socket = await upgradeRaw({ path }, request);
  assertEquals(await socket.json(), { type: "OPEN" });
  assertEquals(addresses, ["192.0.2.7"]);
});

Deno.test("[EMBED-6] a server of node:https takes the same", async () => {
  await using certificate = await makeCertificate();
  const [key, cert] = await Promise.all(
    [certificate.key, certificate.cert].map((path) => Deno.readTextFile(path)),
  );
  await using host = new Host(createSecureServer({ key, cert }, app));
  await host.box().mount(host.server);
  const { port } = await host.listen();
  using client = Deno.createHttpClient({ caCerts: [certificate.pem] });
  const id = await fetch(`https://localhost:${port}/peer/peerjs/id`, { client });
  assertEquals((await id.text()).length, 36);
  const wsUrl = `wss://localhost:${port}/peer/peerjs`;
  await using a = await join({ wsUrl }, "a", { options: { client } });
  assertEquals((await a.fence()).closed, null);
});
