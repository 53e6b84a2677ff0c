/**
 * signalbox inside an application: which requests are its own, what the hooks are told, and the README's
 * example as it stands there.
 */
import { createSignalbox, type SignalboxOptions } from "../../main.ts";
import { assert, assertEquals, assertStringIncludes, assertThrows } from "../support/assert.ts";
import { readText } from "../support/docs.ts";
import { collectOutput } from "../support/output.ts";
import { openSocket } from "../support/peer_socket.ts";

const CONFIG = new URL("../../deno.json", import.meta.url).pathname;

/** What becomes of `GET path`: the status, or `null` where it is left to the application. */
async function own(options: SignalboxOptions, path: string): Promise<number | null> {
  const box = createSignalbox(options);
  const response = await box.handle(new Request(`http://localhost${path}`));
  await box.stop();
  return response?.status ?? null;
}

Deno.test("under a prefix every path is signalbox's, and no other", async () => {
  const statuses = {
    "/peer": 200,
    "/peer/": 200,
    "/peer/k/id": 200,
    "/peer/x/id": 401,
    "/peer/x": 404,
    "/peers": null,
    "/": null,
    "/k/id": null,
  };
  for (const [path, status] of Object.entries(statuses)) {
    assertEquals(await own({ path: "/peer", key: "k" }, path), status, path);
  }
});

Deno.test("at the root only the exact paths are signalbox's", async () => {
  const statuses = {
    "/peerjs": 426,
    "/k/id": 200,
    "/k/peers": 401,
    "/": null,
    "/users/id": null,
    "/x/peers": null,
    "/k": null,
  };
  for (const [path, status] of Object.entries(statuses)) {
    assertEquals(await own({ key: "k" }, path), status, path);
  }
});

Deno.test("[SET-2] a wrong option throws an error that names it", () => {
  assertThrows(
    () => createSignalbox({ alive_timeout: -1 }),
    RangeError,
    "Option alive_timeout must",
  );
  const misspelt: Record<string, unknown> = { expireTimeout: 5 };
  assertThrows(() => createSignalbox(misspelt), RangeError, 'There is no option "expireTimeout"');
});

Deno.test("[HTTP-2] an own id generator is asked, and one that throws fails only its request", async () => {
  let count = 0;
  const box = createSignalbox({ generateClientId: () => `id ${++count}` });
  const get = (): Request => new Request("http://localhost/peerjs/id");
  assertEquals(await (await box.handle(get()))?.text(), "id 1");
  assertEquals(await (await box.handle(get()))?.text(), "id 2");
  await box.stop();
});

Deno.test("hooks are told of connections, messages and disconnections, and may throw", async () => {
  const told: unknown[] = [];
  const went = Promise.withResolvers<void>();
  const box = createSignalbox({
    onConnection: ({ id }) => {
      told.push(["came", id]);
      throw new Error("a bad hook");
    },
    onMessage: ({ id }, message) => told.push(["said", id, message]),
    onDisconnection: ({ id }, { code }) => {
      told.push(["went", id, code]);
      if (code === 4009) went.resolve();
    },
  });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request, info) => box.handle(request, info) ?? new Response("mine"),
  );
  const { port } = server.addr;
  assertEquals(await (await fetch(`http://127.0.0.1:${port}/`)).text(), "mine");
  const client = { wsUrl: `ws://127.0.0.1:${port}/peerjs`, key: "peerjs", id: "a", token: "t" };
  await using refused = await openSocket({ ...client, key: "wrong" });
  await refused.closed;
  await using first = await openSocket(client);
  await first.next();
  first.send({ type: "HEARTBEAT" });
  first.sendRaw("nonsense");
  first.send({ type: "OFFER", dst: "b", src: "x", payload: { secret: 1 } });
  await first.next();
  await using second = await openSocket(client);
  await first.closed;
  second.send({ type: "LEAVE" });
  await went.promise;
  assertEquals(told, [
    ["came", "a"],
    ["said", "a", { type: "OFFER", src: "a", dst: "b", payload: { secret: 1 } }],
    ["went", "a", 4000],
    ["came", "a"],
    ["went", "a", 4009],
  ]);
  await box.stop();
  await server.shutdown();
});

Deno.test("the README's example of embedding runs", async () => {
  const [, example = ""] = /```ts\n([^]*?)```/.exec(await readText("README.md")) ?? [];
  assertStringIncludes(example, "createSignalbox");
  const main = new URL("../../main.ts", import.meta.url).href;
  const folder = await Deno.makeTempDir();
  const file = `${folder}/example.ts`;
  await Deno.writeTextFile(
    file,
    example.replace("./main.ts", main).replace("port: 8000", 'port: 0, hostname: "127.0.0.1"'),
  );
  try {
    const check = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", "--config", CONFIG, file],
    }).output();
    assert(check.success, new TextDecoder().decode(check.stderr));
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--config", CONFIG, file],
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const output = collectOutput(child);
    const listening = await output.first((line) => line.startsWith("Listening on"));
    const port = Number(/127\.0\.0\.1:(\d+)/.exec(listening)?.[1]);
    const page = await fetch(`http://127.0.0.1:${port}/`);
    assertEquals(await page.text(), "My application\n");
    const id = await (await fetch(`http://127.0.0.1:${port}/peer/peerjs/id`)).text();
    assertEquals(id.length, 8);
    const socket = await openSocket({
      wsUrl: `ws://127.0.0.1:${port}/peer/peerjs`,
      key: "peerjs",
      id,
      token: "t",
    });
    assertEquals(await socket.next(), { type: "OPEN" });
    await output.first((line) => line === `${id} came`);
    child.kill("SIGTERM");
    assertEquals((await socket.closed).code, 1001);
    await output.finished;
    assertEquals((await child.status).code, 0);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
