/** What a page can do through each proxy: the recipe as it is, TLS, a prefix. */
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { PeersReader } from "../support/events.ts";
import { refusal } from "../support/peer_socket.ts";
import type { Daemon, Edit } from "../doctor/daemons.ts";
import { CLIENT, DAEMONS, pathOf, proxyTest, serveBehind, startFront } from "./fronts.ts";

const ORIGIN = "https://page.example";

proxyTest(
  "[PROXY-1] the routes, a preflight, a redirect from http: and a stream of presence",
  async (given) => {
    await using box = serveBehind({ allow_discovery: true, cors: [ORIGIN] });
    await using front = await startFront(given, { upstream: box.port });
    const client = front.from(CLIENT);
    const ask = (path: string, init: RequestInit = {}): Promise<Response> =>
      fetch(`${front.url}${path}`, { client, ...init });

    await using a = await front.join("a");
    assertEquals((await a.fence()).closed, null);
    for (
      const [path, body] of [
        ["healthz", /^ok\s*$/],
        ["readyz", /^ready\s*$/],
        ["peerjs/id", /^[\w-]{36}$/],
        ["peerjs/peers", /^\["a"\]$/],
      ] as const
    ) {
      const answer = await ask(path, { headers: { origin: ORIGIN } });
      assertEquals([path, answer.status], [path, 200]);
      assertEquals(answer.headers.get("access-control-allow-origin"), ORIGIN, path);
      assertMatch(await answer.text(), body);
    }

    const preflight = await ask("peerjs/id", {
      method: "OPTIONS",
      headers: {
        origin: ORIGIN,
        "access-control-request-method": "GET",
        "access-control-request-headers": "authorization",
      },
    });
    await preflight.body?.cancel();
    assert(preflight.ok, `${preflight.status}`);
    assertEquals(preflight.headers.get("access-control-allow-origin"), ORIGIN);
    assertMatch(preflight.headers.get("access-control-allow-headers") ?? "", /Authorization/);

    const plain = await fetch(`http://localhost:${front.plain}/signal/peerjs/id`, {
      redirect: "manual",
    });
    await plain.body?.cancel();
    assert([301, 308].includes(plain.status), `${plain.status}`);
    assertMatch(plain.headers.get("location") ?? "", /^https:\/\/[^/]+\/signal\/peerjs\/id$/);

    const stream = (await ask("peerjs/peers", { headers: { accept: "text/event-stream" } })).body;
    assert(stream !== null);
    const reader = new PeersReader();
    const pieces = stream.values();
    const until = async (count: number): Promise<void> => {
      while (reader.events.length < count) reader.read((await pieces.next()).value);
    };
    await until(1);
    await using b = await front.join("b");
    await until(2);
    await b.close();
    await until(3);
    assertEquals(reader.events, [["peers", ["a"]], ["join", "b"], ["leave", "b"]]);
    await pieces.return?.();
  },
);

proxyTest(
  "[PROXY-1] the address of a client is its own, and not one that it names",
  async (given) => {
    await using box = serveBehind({ max_sockets_per_address: 1 });
    await using front = await startFront(given, { upstream: box.port });
    const headers = { "x-forwarded-for": "203.0.113.9" };
    const answer = await fetch(front.url, { client: front.from(CLIENT), headers });
    await answer.body?.cancel();
    assertEquals(answer.headers.get("signalbox-seen-as"), `${CLIENT}; forwarded`);

    await using _ = await front.join("a", { options: { headers } });
    const forged = { headers: { "x-forwarded-for": "203.0.113.10" }, client: front.from(CLIENT) };
    const [message] = await refusal(front, { id: "b", options: forged });
    assertMatch(message, /address/);
    await using __ = await front.join("c", { options: { client: front.from("127.0.0.3") } });
  },
);

/** The shortest idle time of each proxy that is a whole second, and no other bound on a silent socket. */
const IDLE: Readonly<Record<Daemon, readonly Edit[]>> = {
  nginx: [["proxy_read_timeout 120s", "proxy_read_timeout 1s"]],
  caddy: [["9000 {", "9000 {\ntransport http {\nread_timeout 1s\nwrite_timeout 1s\n}"]],
  haproxy: [["timeout tunnel 120s", "timeout tunnel 1s"]],
  apache: [["timeout=120", "timeout=1"], ["ProxyPreserveHost", "Timeout 1\n  ProxyPreserveHost"]],
};

Deno.test("[PROXY-2] the pings of the server keep a silent socket open for longer than the idle time of each proxy", async () => {
  await using pinging = serveBehind({ ping_timeout: 1_000 });
  await using silent = serveBehind({ ping_timeout: 60_000 });
  await Promise.all(DAEMONS.map(async (daemon) => {
    const path = pathOf(daemon);
    if (path === null) return;
    const edits = IDLE[daemon];
    await using good = await startFront({ daemon, path }, { upstream: pinging.port, edits });
    await using bad = await startFront({ daemon, path }, { upstream: silent.port, edits });
    await using kept = await good.join(daemon);
    // Each of them ends after the idle time: so long was the other one open, too.
    for (const turn of ["first", "second", "third"]) {
      await using ended = await bad.join(daemon + turn);
      const { code } = await ended.closed;
      assert([1001, 1006].includes(code), `${daemon}: ${code}`);
    }
    assertEquals((await kept.fence()).closed, null, daemon);
  }));
});
