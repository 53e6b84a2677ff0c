/** What the logs of each proxy hold of a URL: nothing. */
import { assert, assertEquals } from "../support/assert.ts";
import { dial } from "../support/peer_socket.ts";
import { readToEnd, write } from "../support/raw_socket.ts";
import type { Daemon, Edit } from "../doctor/daemons.ts";
import { CLIENT, type Front, proxyTest, serveBehind, startFront } from "./fronts.ts";

const KEY = "marked-key";
const TOKEN = "marked-token";
const MARKED = /marked-(?:key|token)/;

/** Those that answer 503 in place of 502 when the server is down. */
const GONE = { haproxy: 503, apache: 503 };

/** The recipe as people write it: the proxy's own log, of requests or of errors. */
const USUAL: Readonly<Record<Daemon, readonly Edit[]>> = {
  nginx: [["  error_log /dev/null;\n", ""]],
  caddy: [["request>uri delete\n", ""]],
  haproxy: [['log-format "%ci [%tr] %HM %ST %b/%s %Ta"', "option httplog"]],
  apache: [[
    "443>\n  ServerName",
    '443>\n  CustomLog /var/log/apache2/more.log "%r"\n  ServerName',
  ]],
};

proxyTest(
  "[PROXY-3] neither key nor token is in a log of the proxy, also when the server is down",
  async (given) => {
    const edits = [[], USUAL[given.daemon]] as const;
    const [logged, usual] = await Promise.all(edits.map((some) => logOf(given, some)));
    assert(logged !== undefined && usual !== undefined);
    assert(MARKED.test(usual), usual);
    assertEquals(logged.split("\n").filter((line) => MARKED.test(line)), []);
    for (const status of [200, 404, given.daemon in GONE ? 503 : 502]) {
      assert(new RegExp(`\\b${status}\\b`).test(logged), `${status} is not in:\n${logged}`);
    }
  },
);

/** All that a proxy wrote after requests that name key and token, good and bad ones. */
async function logOf(
  given: { readonly daemon: Daemon; readonly path: string },
  edits: readonly Edit[],
): Promise<string> {
  const box = serveBehind({ key: KEY, allow_discovery: true });
  await using front = await startFront(given, { upstream: box.port, edits });
  const socket = await front.join("a", { key: KEY, token: TOKEN });
  await socket.close();
  await ask(front);
  await box[Symbol.asyncDispose]();
  await ask(front);
  // A line for each request is written in their order, and this is the last.
  const last = await fetch(`${new URL(front.url).origin}/`, {
    client: front.from(CLIENT),
    method: "DELETE",
  });
  await last.body?.cancel();
  const end = performance.now() + 10_000;
  for (let logged = ""; performance.now() < end;) {
    logged = await front.logged();
    if (logged.includes("DELETE")) return logged;
  }
  throw new Error(`The last request is not in the log:\n${await front.logged()}`);
}

/** Asks for every kind of answer. */
async function ask(front: Front): Promise<void> {
  const query = `?key=${KEY}&id=b&token=${TOKEN}`;
  const client = front.from(CLIENT);
  const headers = {
    authorization: `Bearer ${TOKEN}`,
    referer: `https://localhost/page?token=${TOKEN}`,
  };
  const urls = [
    ...[`${KEY}/id`, `${KEY}/peers`, `${KEY}/nothing`].map((path) => front.url + path),
    `http://localhost:${front.plain}/signal/${KEY}/id`,
    `${new URL(front.url).origin}/elsewhere/${KEY}`,
  ];
  const raw = [
    ["", "HTTP/1.1\r\nHost: localhost\r\n"],
    ["/../../..", "HTTP/1.1\r\nHost: localhost\r\n"],
    ["", "HTTP/1.1\r\nHost: localhost\r\nno header\r\n"],
    ["", "HTTP/9.1\r\nHost: localhost\r\n"],
    ["", "HTTP/1.1\r\n"],
    ["", `${"x".repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n`],
  ];
  await Promise.all([
    ...urls.map(async (url) => {
      const answer = await fetch(url + query, { client, headers, redirect: "manual" });
      await answer.body?.cancel();
    }),
    ...raw.map(async ([path, rest]) => {
      const options = { hostname: "localhost", port: front.port, caCerts: [front.pem] };
      using connection = await Deno.connectTls(options);

      const text = `GET /signal/peerjs${path}${query} ${rest}Connection: close\r\n\r\n`;
      await write(connection, new TextEncoder().encode(text));
      await readToEnd(connection);
    }),
    dial(front.wsUrl + query, { client }, () => {}).close(),
  ]);
}
