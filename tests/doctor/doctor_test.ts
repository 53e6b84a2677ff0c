/** The doctor against servers without a proxy: tokens, bounds, and the address that a server sees. */
import { diagnose, type Line, type Target } from "../../adapters/doctor/doctor.ts";
import { mintToken } from "../../adapters/auth/mint.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { serveAdministered } from "../support/admin.ts";
import { makeCertificate } from "../support/certificate.ts";
import { startIncumbent } from "../support/incumbent.ts";
import { runMain } from "../support/main.ts";
import { createSocket } from "node:dgram";
import { serveBox, test } from "../support/served.ts";

const auth_secret = "only for these tests, and long enough";
const JWT = { auth: "jwt", auth_secret, auth_http: true } as const;
const SETTINGS = { auth_secret, auth_audience: "", auth_issuer: "" };

function targetAt(port: number, more: Partial<Target> = {}): Target {
  return {
    secure: false,
    host: "127.0.0.1",
    port,
    path: "/",
    key: "peerjs",
    origin: null,
    ca: null,
    hasToken: false,
    maxMs: 10_000,
    idleMs: 0,
    ...more,
  };
}

const mint = (sub: string, peers: readonly string[]): Promise<string> =>
  mintToken(SETTINGS, { sub, peers, expiresMs: 60_000 });

/** The checks with this status. */
function having(lines: readonly Line[], status: Line["status"]): string[] {
  return lines.filter((line) => line.status === status).map(({ check }) => check);
}

test.served("[CLI-5] [CLI-7] a server that a page can use passes", async ({ serve }) => {
  await using server = await serve({ path: "/signal" });
  const lines = await diagnose(targetAt(server.port, { path: "/signal/" }), {
    given: null,
    mint: null,
  });
  assertEquals(having(lines, "fail"), []);
  const address = lines.find(({ check }) => check === "address");
  assertEquals(address?.text, "the server sees you as 127.0.0.1");
});

Deno.test("[CLI-7] GET on the prefix tells its client its address, and where it comes from", async () => {
  const forwarded = { "x-forwarded-for": "203.0.113.9" };
  const cases = [
    [{}, {}, "127.0.0.1; direct"],
    [{}, forwarded, "127.0.0.1; ignored"],
    [{ trusted_proxies: ["127.0.0.1"] }, forwarded, "203.0.113.9; forwarded"],
    [{ trusted_proxies: ["10.0.0.1"] }, forwarded, "127.0.0.1; ignored"],
    [{ proxied: true }, forwarded, "203.0.113.9; forwarded"],
  ] as const;
  for (const [options, headers, seen] of cases) {
    await using box = serveBox(options);
    const response = await fetch(box.url, { headers: { ...headers } });
    await response.body?.cancel();
    assertEquals(response.headers.get("signalbox-seen-as"), seen);
    const id = await fetch(`${box.url}peerjs/id`, { headers: { ...headers } });
    await id.body?.cancel();
    assertEquals(id.headers.has("signalbox-seen-as"), false);
  }
});

Deno.test("[CLI-6] with tokens: made of the secret, given for several ids or for one, and none", async () => {
  await using box = serveBox(JWT);
  const target = targetAt(box.port, { hasToken: true });
  const minted = await diagnose(target, { given: null, mint });
  assertEquals(having(minted, "fail"), []);
  assert(having(minted, "pass").includes("ids"));
  for (const [sub, peers] of [["alice", ["bob"]], ["alice", []]] as const) {
    const given = await diagnose(target, { given: await mint(sub, peers), mint: null });
    assertEquals(having(given, "fail"), []);
    assert(having(given, "pass").includes("messages"));
    assert(having(given, "skip").includes("ids"));
  }
  const none = await diagnose(targetAt(box.port), { given: null, mint: null });
  assertEquals(none.filter(({ status }) => status === "fail").map(({ mistake }) => mistake), [
    "token",
  ]);
});

Deno.test("[CLI-5] npm:peer passes too, and the doctor finds it at another path", async () => {
  await using incumbent = await startIncumbent({ path: "/myapp" });
  const port = Number(new URL(incumbent.url).port);
  const right = await diagnose(targetAt(port, { path: "/myapp/" }), { given: null, mint: null });
  assertEquals(having(right, "fail"), []);
  assertEquals(having(right, "skip"), ["tls", "idle", "turn", "address", "health"]);
  const [wrong] = (await diagnose(targetAt(port), { given: null, mint: null }))
    .filter(({ status }) => status === "fail");
  assertEquals(wrong?.todo, 'in the page write path: "/myapp/" in the options of new Peer');
});

Deno.test("[CLI-5] a second client that is refused is no message that is lost", async () => {
  await using box = serveBox({ max_sockets_per_address: 1 });
  const lines = await diagnose(targetAt(box.port), { given: null, mint: null });
  assertEquals(lines.filter(({ status }) => status === "fail").map(({ mistake }) => mistake), [
    "full",
  ]);
});

Deno.test("[CLI-6] a server whose certificate is wrong gets no token", async () => {
  await using cert = await makeCertificate();
  const got: string[] = [];
  await using server = Deno.serve({
    port: 0,
    hostname: "127.0.0.1",
    onListen: () => {},
    key: await Deno.readTextFile(cert.key),
    cert: await Deno.readTextFile(cert.cert),
  }, ({ url, headers }) => {
    got.push(`${url} ${headers.get("authorization") ?? ""}`);
    return new Response("A server side element to broker connections between PeerJS clients.");
  });
  const target = targetAt(server.addr.port, { secure: true, hasToken: true });
  for (const tokens of [{ given: "hush", mint: null }, { given: null, mint }]) {
    const lines = await diagnose(target, tokens);
    assertEquals(lines.find(({ check }) => check === "tls")?.mistake, "self-signed");
    assert(having(lines, "skip").includes("upgrade"));
  }
  assert(got.length > 0 && got.every((text) => !/hush|Bearer|token=/.test(text)), got.join("\n"));
  const trusted = await diagnose({ ...target, ca: cert.pem }, { given: "hush", mint: null });
  assert(having(trusted, "pass").includes("tls"));
  assert(got.some((text) => text.includes("Bearer hush")));
});

Deno.test("[CLI-5] what a server says to use, and a key with odd characters, are only tried", async () => {
  for (
    const told of ["//elsewhere.example/", "/\u00fc/%zz/", "/../..", "/a b", "http://a.example/"]
  ) {
    const asked: string[] = [];
    await using server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      ({ url }) => {
        asked.push(url);
        return new Response(`Give the client this path: new Peer(id, { path: "${told}"`);
      },
    );
    const target = targetAt(server.addr.port, { path: "/x/", key: "a b\u00fc%" });
    const lines = await diagnose(target, { given: null, mint: null });
    assertEquals(having(lines, "pass"), ["name", "connect"]);
    assert(asked.every((url) => url.startsWith(`http://127.0.0.1:${server.addr.port}/`)));
  }
});

Deno.test("[CLI-5] a server that accepts connections and says nothing is one without an answer", async () => {
  const connections: Deno.Conn[] = [];
  const silent = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const accepting = (async (): Promise<void> => {
    for await (const connection of silent) connections.push(connection);
  })();
  for (
    const [secure, check, mistake] of [[false, "path", "no-answer"], [
      true,
      "tls",
      "no-tls",
    ]] as const
  ) {
    const target = targetAt(silent.addr.port, { secure, maxMs: 100 });
    const lines = await diagnose(target, { given: null, mint: null });
    const failed = lines.filter(({ status }) => status === "fail");
    assertEquals(failed.map((line) => [line.check, line.mistake]), [[check, mistake]]);
    assertMatch(failed[0]?.text ?? "", /ETIMEDOUT/);
  }
  silent.close();
  await accepting;
  connections.forEach((connection) => connection.close());
});

Deno.test("[CLI-5] an answer without end, and a server that ends every connection, do no harm", async () => {
  await using endless = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, () => {
    const pull = (controller: ReadableStreamDefaultController<Uint8Array>): void =>
      controller.enqueue(new Uint8Array(8_192).fill(97));
    return new Response(new ReadableStream({ pull }));
  });
  const lines = await diagnose(targetAt(endless.addr.port), { given: null, mint: null });
  assertEquals(lines.find(({ check }) => check === "path")?.mistake, "not-routed");
  using rude = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const closing = (async (): Promise<void> => {
    for await (const connection of rude) connection.close();
  })();
  const cut = await diagnose(targetAt(rude.addr.port), { given: null, mint: null });
  assertEquals(cut.find(({ check }) => check === "path")?.mistake, "no-answer");
  rude.close();
  await closing;
});

Deno.test("[CLI-5] the program exits with 1 if a check fails, and prints JSON if asked", async () => {
  await using box = serveBox({ path: "/signal" });
  const right = await runMain(["doctor", `${box.url}signal`]);
  assertEquals([right.code, right.stderr], [0, ""]);
  assertMatch(right.stdout, /^✓ messages /m);
  const wrong = await runMain(["doctor", box.url, "--json"]);
  const { ok, checks } = JSON.parse(wrong.stdout);
  assertEquals([wrong.code, ok], [1, false]);
  const path = checks.find(({ check }: Line) => check === "path");
  assertEquals([path.mistake, path.status], ["wrong-path", "fail"]);
});

const NO_TOKENS = { given: null, mint: null };

/** What failed, as pairs of a check and its mistake. */
function failures(lines: readonly Line[]): (string | null)[][] {
  return lines.filter(({ status }) => status === "fail").map(({ check, mistake }) => [
    check,
    mistake,
  ]);
}

test.served("[CLI-5] a server that stops during the watch is no proxy with a short timeout", async ({ serve }) => {
  await using server = await serve({}, {
    // The second client leaves before the watch of the first begins.
    onDisconnection: ({ id }) => {
      if (id.endsWith("-b")) server.listener.stop();
    },
  });
  const lines = await diagnose(targetAt(server.port, { idleMs: 60_000 }), NO_TOKENS);
  const idle = lines.find(({ check }) => check === "idle");
  assertEquals(idle?.mistake, "stopped");
  assertMatch(idle?.todo ?? "", /again/);
});

Deno.test("[CLI-5] https: and http: are told apart where the port speaks the other", async () => {
  await using box = serveBox();
  const plain = await diagnose(targetAt(box.port, { secure: true }), NO_TOKENS);
  assertEquals(failures(plain), [["tls", "is-plain"]]);
  await using cert = await makeCertificate();
  const [key, pem] = [await Deno.readTextFile(cert.key), await Deno.readTextFile(cert.cert)];
  await using server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {}, key, cert: pem },
    () => new Response(),
  );
  const secure = await diagnose(targetAt(server.addr.port), NO_TOKENS);
  assertEquals(failures(secure), [["tls", "is-tls"]]);
});

Deno.test("[CLI-5] an admin port is named, with the port of the server if it may be read", async () => {
  for (const admin_token of ["", "a-token-of-the-operator"]) {
    await using server = await serveAdministered({ path: "/signal", admin_token });
    for (const path of ["/", "/signal/"]) {
      const lines = await diagnose(targetAt(server.adminPort, { path }), NO_TOKENS);
      assertEquals(failures(lines), [["path", "admin-port"]]);
      const { todo } = lines.find(({ check }) => check === "path") ?? {};
      const place = admin_token === "" ? `port ${server.port}, path /signal/` : "--port, 9000";
      assert(todo?.includes(place), todo ?? "");
    }
  }
});

Deno.test("[CLI-8] the STUN and TURN servers of a server are asked, without credentials", async () => {
  const packets: Uint8Array[] = [];
  const stun = createSocket("udp4");
  stun.on("message", (packet: Uint8Array, { port, address }: { port: number; address: string }) => {
    packets.push(packet);
    stun.send(new Uint8Array([1, 1, 0, 0, ...packet.subarray(4, 20)]), port, address);
  });
  const bound = Promise.withResolvers<void>();
  stun.bind(0, "127.0.0.1", () => bound.resolve());
  await bound.promise;
  const udp = stun.address().port;
  using tcp = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const urls = [`turn:127.0.0.1:${udp}`, `turn:127.0.0.1:${tcp.addr.port}?transport=tcp`];
  const turn_secret = "only for these tests";
  await using box = serveBox({ turn_urls: urls, turn_secret });
  const right = (await diagnose(targetAt(box.port), NO_TOKENS)).find(({ check }) =>
    check === "turn"
  );
  assertEquals([right?.status, right?.text.startsWith(urls.join(", "))], ["pass", true]);
  assert(packets.length > 0 && packets.every(({ length }) => length === 20));
  const closed = Promise.withResolvers<void>();
  stun.close(() => closed.resolve());
  await closed.promise;
  const silent = (await diagnose(targetAt(box.port), NO_TOKENS)).find(({ check }) =>
    check === "turn"
  );
  assertEquals([silent?.mistake, silent?.text], ["no-turn", `no answer from ${urls[0]}`]);
});
