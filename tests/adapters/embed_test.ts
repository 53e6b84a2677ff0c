/**
 * signalbox inside an application: which requests are its own, and that the examples in the documents run.
 */
import { createSignalbox, type SignalboxOptions } from "../../main.ts";
import {
  assert,
  assertEquals,
  assertMatch,
  assertStringIncludes,
  assertThrows,
} from "../support/assert.ts";
import { readText } from "../tools/docs.ts";
import { captured } from "../support/captured.ts";
import { collectOutput, kill } from "../support/output.ts";
import { makeFolder } from "../support/folder.ts";
import { join, refusal } from "../support/peer_socket.ts";
import { handshake, latin1, rawHttp, upgradeRaw } from "../support/raw_socket.ts";
import { serveBox } from "../support/served.ts";

/** Its lock has the frameworks of the examples. */
const CONFIG = new URL("../deno.json", import.meta.url).pathname;

Deno.test("under a prefix every path is signalbox's, at the root only the exact ones", async () => {
  captured(() => null); // Requests without addresses are logged.
  const cases: [SignalboxOptions, Record<string, number>, foreign: string[]][] = [
    [
      { path: "/peer", key: "k" },
      { "/peer": 200, "/peer/": 200, "/peer/k/id": 200, "/peer/x/id": 401, "/peer/x": 404 },
      ["/peers", "/", "/k/id"],
    ],
    [
      { key: "k" },
      { "/peerjs": 426, "/k/id": 200, "/k/peers": 401 },
      ["/", "/users/id", "/x/peers", "/k"],
    ],
  ];
  for (const [options, statuses, foreign] of cases) {
    const box = createSignalbox(options);
    const statusOf = async (path: string): Promise<number | undefined> =>
      (await box.handle(new Request(`http://localhost${path}`)))?.status;
    for (const [path, status] of Object.entries(statuses)) {
      assertEquals(await statusOf(path), status, path);
    }
    for (const path of foreign) assertEquals(await statusOf(path), undefined, path);
    await box.stop();
  }
});

Deno.test("[SET-2] a wrong option throws an error that names it", () => {
  const misspelt: Record<string, unknown> = { expireTimeout: 5 };
  assertThrows(() => createSignalbox(misspelt), RangeError, 'There is no option "expireTimeout"');
});

Deno.test("[HTTP-8] [FAULT-10] a head with an unreadable host is answered like any other", async () => {
  await using app = serveBox();
  for (const host of ["[bad", "x:99999", "a b", ""]) {
    const head = `GET /peerjs/id HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    assertMatch(await rawHttp(app.port, latin1(head)), /^HTTP\/1\.1 200/, host);
  }
});

Deno.test("[LIFE-3] stop called twice, or from a hook, settles when the sockets are closed, and who comes later is refused", async () => {
  const stopped = Promise.withResolvers<Promise<void>>();
  await using app = serveBox({ onMessage: () => stopped.resolve(app.box.stop()) });
  const a = await join(app, "a");
  a.send({ type: "OFFER", dst: "b" });
  await stopped.promise;
  await app.box.stop();
  assertEquals(await a.closed, { code: 1001, reason: "Server is shutting down" });
  const [msg, { code }] = await refusal(app, { id: "b" });
  assertEquals([msg, code], ["Server is shutting down", 1001]);
});

/** An application on a unix socket, with a signalbox under /peer. */
async function onUnixSocket(
  options: SignalboxOptions,
): Promise<{ readonly path: string } & AsyncDisposable> {
  const folder = await makeFolder();
  const path = `${folder.path}/application.sock`;
  const box = createSignalbox({ path: "/peer", ...options });
  const server = Deno.serve(
    { path, onListen: () => {} },
    (request, info) => box.handle(request, info) ?? new Response("mine"),
  );
  const dispose = async (): Promise<void> => {
    await box.stop();
    await server.shutdown();
    await folder[Symbol.asyncDispose]();
  };
  return { path, [Symbol.asyncDispose]: dispose };
}

Deno.test("[HTTP-12] on a unix socket the paths are the same, whatever Host says", async () => {
  await using place = await onUnixSocket({ generateClientId: () => "made" });
  const bodies = { "/peer/peerjs/id?x=1": "made", "/peers": "mine", "/": "mine" };
  for (const [target, body] of Object.entries(bodies)) {
    for (const host of ["Host: x", "Host:", "Host: x:80"]) {
      const request = `GET ${target} HTTP/1.1\r\n${host}\r\nConnection: close\r\n\r\n`;
      const reply = await rawHttp(place, latin1(request));
      assertEquals(reply.split("\r\n\r\n")[1], body, `${host} ${target}`);
    }
  }
  const target = "/peer/peerjs?key=peerjs&id=a&token=t";
  using client = await upgradeRaw(place, handshake(target));
  assertEquals(await client.json(), { type: "OPEN" });
});

Deno.test("[LIMIT-10] [LIMIT-2] on a unix socket the proxy says where clients come from, if it may", async () => {
  const bound = { max_sockets_per_address: 1 };
  const cases: [SignalboxOptions, second: string, third: string][] = [
    [bound, "ERROR", "ERROR"],
    [{ ...bound, trusted_proxies: ["10.0.0.0/8"] }, "ERROR", "ERROR"],
    [{ ...bound, trusted_proxies: ["unix"] }, "OPEN", "ERROR"],
    [{ ...bound, proxied: true }, "OPEN", "ERROR"],
  ];
  for (const [options, second, third] of cases) {
    await using place = await onUnixSocket(options);
    using stack = new DisposableStack();
    const come = async (id: string, address: string): Promise<unknown> => {
      const target = `/peer/peerjs?key=peerjs&id=${id}&token=t`;
      const request = handshake(target, `X-Forwarded-For: ${address}\r\n`);
      return Object(await stack.use(await upgradeRaw(place, request)).json()).type;
    };
    const types = [
      await come("a", "203.0.113.8:17085"),
      await come("b", "203.0.113.9"),
      await come("c", "::ffff:203.0.113.8"),
    ];
    assertEquals(types, ["OPEN", second, third], JSON.stringify(options));
  }
});

Deno.test("the examples of embedding have the right types", async () => {
  await using folder = await makeFolder();
  for (const [i, place] of Object.values(EXAMPLES).entries()) {
    await Deno.writeTextFile(`${folder.path}/example_${i}.ts`, await exampleOf(place));
  }
  const check = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--frozen", "--config", CONFIG, folder.path],
  }).output();
  assert(check.success, new TextDecoder().decode(check.stderr));
});

Deno.test("the README's example of embedding answers what is its own, and leaves the rest", async () => {
  await runExample(EXAMPLES.readme, async ({ port }) => {
    assertEquals((await idOf(port, "/peer")).length, 36);
  });
});

Deno.test("the example for Deno.serve calls its hooks, refuses whom it does not admit, and stops", async () => {
  await runExample(EXAMPLES.deno, async ({ port, child, output }) => {
    const id = await idOf(port, "/peer");
    assertEquals(id.length, 8);
    const place = { wsUrl: `ws://127.0.0.1:${port}/peer/peerjs` };
    const socket = await join(place, id);
    await output.first((line) => line === `${id} came from 127.0.0.1`);
    assertEquals((await refusal(place, { id: "x", token: "guest" }))[0], "Sign in to be x");
    await output.first((line) => line === "x of 127.0.0.1 was refused: unauthorized");
    child.kill("SIGTERM");
    assertEquals((await socket.closed).code, 1001);
    await output.finished;
    assertEquals((await child.status).code, 0);
  });
});

Deno.test("the example for Hono serves both, and knows the addresses", async () => {
  await runExample(EXAMPLES.hono, async ({ port, output }) => {
    await idOf(port, "/peer");
    await using a = await join({ wsUrl: `ws://127.0.0.1:${port}/peer/peerjs` });
    assertEquals((await a.fence()).closed, null);
    const seen = await fetch(`http://127.0.0.1:${port}/peer/`);
    assertEquals(seen.headers.get("signalbox-seen-as"), "127.0.0.1; direct");
    await seen.text();
    assertEquals(output.lines.filter((line) => line.startsWith("signalbox: ")), []);
  });
});

Deno.test("[EMBED-6] the example for Express serves both, also beside a router with the same prefix", async () => {
  await runExample(EXAMPLES.express, async ({ port }) => {
    await idOf(port, "/api/peer");
    assertEquals(await (await fetch(`http://127.0.0.1:${port}/api/version`)).text(), "1\n");
    await using a = await join({ wsUrl: `ws://127.0.0.1:${port}/api/peer/peerjs` });
    assertEquals((await a.fence()).closed, null);
  });
});

/** The document of an example, and a text that only this one has in it. */
type Place = readonly [path: string, text: string];

const EXAMPLES = {
  readme: ["README.md", "createSignalbox"],
  deno: ["adapters/README.md", "generateClientId"],
  hono: ["adapters/README.md", "npm:hono"],
  express: ["adapters/README.md", "npm:express"],
} as const;

/** An example of the documents, as it runs here. */
async function exampleOf([path, text]: Place): Promise<string> {
  const examples = (await readText(path)).matchAll(/```ts(?: ignore)?\n([^]*?)```/g);
  const example = examples.map(([, code = ""]) => code).find((code) => code.includes(text)) ?? "";
  assertStringIncludes(example, "createSignalbox");
  return onFreePort(example.replace("./main.ts", new URL("../../main.ts", import.meta.url).href));
}

/** The id that an example gives out, beside its own page. */
async function idOf(port: number, path: string): Promise<string> {
  const page = await fetch(`http://127.0.0.1:${port}/`);
  assertEquals(await page.text(), "My application\n");
  return await (await fetch(`http://127.0.0.1:${port}${path}/peerjs/id`)).text();
}

interface Example {
  readonly port: number;
  readonly child: Deno.ChildProcess;
  readonly output: ReturnType<typeof collectOutput>;
}

/** Runs an example on a port that is free. */
async function runExample(place: Place, use: (example: Example) => Promise<void>): Promise<void> {
  await using folder = await makeFolder();
  const file = `${folder.path}/example.ts`;
  await Deno.writeTextFile(file, await exampleOf(place));
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--frozen", "--config", CONFIG, file],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const output = collectOutput(child);
  try {
    const listening = await output.first((line) => line.startsWith("Listening on"));
    await use({ port: Number(/127\.0\.0\.1:(\d+)/.exec(listening)?.[1]), child, output });
  } finally {
    kill(child, "SIGKILL");
    await output.finished;
    await child.status;
  }
}

/** The example on another port, which it prints as `Deno.serve` does. */
function onFreePort(example: string): string {
  const place = 'port: 0, hostname: "127.0.0.1"';
  const print = "console.log(`Listening on http://127.0.0.1:${Object(server.address()).port}/`)";
  return example.replace("port: 8000", place)
    .replace("Deno.serve((", `Deno.serve({ ${place} }, (`)
    .replace("listen(8000)", `listen(0, "127.0.0.1", () => ${print})`);
}
