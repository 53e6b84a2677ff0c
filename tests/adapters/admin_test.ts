/** The admin port of a server that runs. */
import { METRICS } from "../../adapters/admin/metrics.ts";
import { CONNECTIONS_MAX } from "../../adapters/admin/listen.ts";
import { createOverview } from "../../adapters/admin/overview.ts";
import { serveAdmin, WORKING_MAX } from "../../adapters/admin/server.ts";
import { createVerifier } from "../../adapters/auth/jwt.ts";
import { createOwners } from "../../adapters/auth/owner.ts";
import { settingsFrom } from "../../core/mod.ts";
import { freePort, serveAdministered } from "../support/admin.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { startChild } from "../support/child.ts";
import { readText } from "../tools/docs.ts";
import { captured } from "../support/captured.ts";
import { join, refusal } from "../support/peer_socket.ts";
import { test } from "../support/served.ts";

const TOKEN = "the-token-of-the-operator";

test.program("[ADMIN-1] the program listens on the admin port too, says where, and ends with it", async ({ start }) => {
  const admin_port = freePort();
  await using child = await start({ args: ["--admin_port", `${admin_port}`] });
  await child.nextLine((line) => line.includes(`Admin page on http://127.0.0.1:${admin_port}/`));
  const admin = `http://127.0.0.1:${admin_port}/`;
  assertStringIncludes(await (await fetch(admin)).text(), "<title>signalbox");
  const { server } = await (await fetch(`${admin}api/stats`)).json();
  assertEquals([server.port, server.path, server.node], [child.port, "/", null]);
  const main = await fetch(`${child.url}metrics`);
  assertEquals([main.status, (await main.text()).split("\n")[0]], [404, "Nothing is served here."]);
  assertEquals((await child.stop()).code, 0);
  assertEquals(child.lines.filter((line) => line.includes('"level":"ERROR"')), []);
});

test.program("[ADMIN-1] [SET-2] an admin port that is taken ends the start, with its option", async ({ listener }) => {
  using taken = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = taken.addr;
  const args = ["run", "-A", "--frozen", "main.ts", "--port", "0", "--host", "127.0.0.1"];
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args, "--listener", listener, "--admin_port", `${port}`],
    cwd: new URL("../../", import.meta.url),
  }).output();
  const advice = "choose another with --admin_port, or stop what has it";
  const said = new TextDecoder().decode(stderr);
  assertEquals([code, said], [1, `Option admin_port: ${port} is taken already: ${advice}.\n`]);
});

Deno.test("[ADMIN-2] where others can reach the admin port, the log says that it has no TLS", async () => {
  const admin = ["--admin_port", `${freePort()}`, "--admin_host", "0.0.0.0"];
  await using child = await startChild({ args: admin, env: { PEERSERVER_ADMIN_TOKEN: TOKEN } });
  await child.nextLine((line) => line.includes('"event":"admin-exposed"'));
  assert(child.lines.some((line) => line.includes(`Admin page on http://localhost:${admin[1]}/`)));
});

Deno.test("[ADMIN-4] [ADMIN-8] the examples of the README work", async () => {
  await using box = await serveAdministered();
  await using _alice = await join(box, "alice");
  const examples = [...(await readText("adapters/admin/README.md"))
    .matchAll(/^curl (?:-X (\w+) )?'http:\/\/127\.0\.0\.1:9001(\/[^']+)'$/gm)];
  const answers: string[] = [];
  for (const [, method = "GET", path = ""] of examples) {
    const response = await box.ask(path, { method });
    answers.push(`${response.status} ${(await response.text()).slice(0, 12)}`);
  }
  assertEquals(answers, [
    '200 {"server":{"',
    '200 {"total":1,"',
    '200 {"id":"alice',
    "204 ",
    '404 {"error":"No',
    '200 {"attempts":',
  ]);
});

Deno.test("[ADMIN-4] every answer has the headers that keep other pages away, errors are JSON, HEAD has no body", async () => {
  await using box = await serveAdministered();
  for (
    const path of [
      "/",
      "/metrics",
      "/api/stats",
      "/api/clients",
      "/nothing",
      "/api/clients?limit=0",
    ]
  ) {
    const response = await box.ask(path);
    const { headers, status } = response;
    const csp = headers.get("content-security-policy") ?? "";
    assertStringIncludes(csp, "default-src 'none'; script-src 'self';");
    assertStringIncludes(
      csp,
      `connect-src 'self' http://127.0.0.1:${box.port} ws://127.0.0.1:${box.port};`,
    );
    assertEquals(
      ["x-content-type-options", "referrer-policy", "cache-control", "cross-origin-resource-policy"]
        .map((name) => headers.get(name)),
      ["nosniff", "no-referrer", "no-store", "same-origin"],
      path,
    );
    assertEquals(headers.get("access-control-allow-origin"), null);
    const body = await response.text();
    if (status >= 400) assertEquals(typeof JSON.parse(body).error, "string", path);
    const head = await box.ask(path, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [status, ""], path);
  }
  const posted = await box.ask("/api/clients", { method: "POST", body: "x".repeat(100_000) });
  assertEquals([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
  await posted.body?.cancel();
});

Deno.test("[ADMIN-2] [ADMIN-3] [FAULT-26] who is refused is logged with the reason, and without the token", async () => {
  const lines = captured(({ message, properties }) => `${message} ${JSON.stringify(properties)}`);
  await using box = await serveAdministered({ admin_token: TOKEN });
  const status = async (path: string, headers: Record<string, string>): Promise<number> => {
    const response = await box.ask(path, { headers });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals(await status("/api/stats", {}), 200);
  assertEquals(await status("/api/stats?search=secret", { authorization: "Bearer a-guess" }), 401);
  assertEquals(await status("/", { origin: "http://evil.example" }), 403);
  assertEquals(await status("/favicon.ico", {}), 404);
  const refused = lines.filter((line) => line.includes("admin-refused"));
  assertEquals(refused.length, 2, refused.join("\n"));
  assertStringIncludes(
    refused[0] ?? "",
    "GET /api/stats from 127.0.0.1: The admin token is wrong. (401)",
  );
  for (const secret of [TOKEN, "a-guess", "search"]) {
    assert(!lines.some((line) => line.includes(secret)), secret);
  }
});

Deno.test("[ADMIN-3] a host name that leads to this machine is not served without a token", async () => {
  await using box = await serveAdministered();
  for (const [host, status] of [["evil.example", "421"], ["localhost", "200"], ["a/../b", "400"]]) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: box.adminPort });
    const text = `GET /api/stats HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`;
    await connection.write(new TextEncoder().encode(text));
    const answer = await new Response(connection.readable).text();
    assertStringIncludes(answer, `HTTP/1.1 ${status}`, host);
  }
});

Deno.test("[ADMIN-6] /metrics, /api/stats and the table have the same metrics with the same values", async () => {
  await using box = await serveAdministered({ allow_discovery: true });
  await using alice = await join(box, "alice");
  const presence = await fetch(`http://127.0.0.1:${box.port}/peerjs/peers`, {
    headers: { accept: "text/event-stream" },
  });
  await (await fetch(`http://127.0.0.1:${box.port}/wrong`)).text();
  alice.send({ type: "OFFER", dst: "nobody" });
  await alice.fence();
  const { metrics } = await box.json("/api/stats");
  const response = await box.ask("/metrics");
  assertStringIncludes(response.headers.get("content-type") ?? "", "version=0.0.4");
  const text = await response.text();
  const inTable = METRICS.filter(({ isOfNode, isOfWorkers }) => !isOfNode && !isOfWorkers);
  const kinds = [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => [name, type]);
  assertEquals(kinds, inTable.map(({ name, type }) => [name, type]));
  const shown = new Map<string, string>();
  for (const [, key = "", value = ""] of text.matchAll(/^([a-z]\S*) (\S+)$/gm)) {
    shown.set(key, value);
  }
  const samples = Object.entries<{ labels: Record<string, string>; value: number }[]>(metrics);
  for (const [name, values] of samples) {
    for (const { labels, value } of values) {
      const list = Object.entries(labels).map(([label, text]) => `${label}="${text}"`).join();
      assertEquals(shown.get(list === "" ? name : `${name}{${list}}`), String(value), name);
    }
  }
  assertEquals(shown.size, samples.reduce((sum, [, values]) => sum + values.length, 0));
  const picked = [
    ...[
      "signalbox_clients",
      "signalbox_stored_messages",
      "signalbox_watchers",
      'signalbox_info{version="1.2.3"}',
    ],
    ...['signalbox_messages_total{type="OFFER",outcome="stored"}'],
    ...['signalbox_requests_refused_total{status="404"}'],
    ...['signalbox_messages_total{type="CANDIDATE",outcome="relayed"}'],
  ];
  assertEquals(picked.map((key) => shown.get(key)), ["1", "1", "1", "1", "1", "1", "1"]);
  await presence.body?.cancel();
  assert(Number(shown.get("process_resident_memory_bytes")) > 1e7);
  assert(Number(shown.get("process_cpu_seconds_total")) > 0);
  assert(Math.abs(Number(shown.get("process_start_time_seconds")) - Date.now() / 1_000) < 3_600);
});

Deno.test("[ADMIN-8] [LIFE-5] clients are listed, shown and disconnected, whatever their ids are", async () => {
  await using box = await serveAdministered({ admin_token: TOKEN });
  const odd = "a/b %2F?#\u{1f600}..";
  await using alice = await join(box, "alice");
  await using other = await join(box, odd);
  alice.send({ type: "OFFER", dst: odd });
  await alice.fence();
  const { total, clients, next } = await box.json("/api/clients?search=AL&limit=1");
  assertEquals([total, next], [1, null]);
  const [{ id, address, connectedAt, messages }] = clients;
  assertEquals([id, address, messages], ["alice", "127.0.0.1", 2]);
  assert(Math.abs(connectedAt - Date.now()) < 60_000);
  const path = `/api/clients/${encodeURIComponent(odd)}`;
  assertEquals((await box.json(path))["id"], odd);
  const remove = async (path: string): Promise<number> => {
    const response = await box.ask(path, { method: "DELETE" });
    await response.body?.cancel();
    return response.status;
  };
  assertEquals([await remove(path), await remove(path)], [204, 404]);
  const reason = "Disconnected by the operator of this server";
  assertEquals(await other.closed, { code: 4012, reason });
  await other.next();
  assertEquals(await other.next(), { type: "ERROR", payload: { msg: reason } });
  assertEquals((await alice.fence()).closed, null);
  const absent = await box.ask(path);
  assertEquals([absent.status, await absent.json()], [404, {
    error: "No client with this id is connected to this process.",
  }]);
});

Deno.test("[ADMIN-4] a parameter that is not valid is 400, with what it may be", async () => {
  await using box = await serveAdministered();
  const error = async (path: string): Promise<unknown> => (await box.json(path))["error"];
  const range = "must be a whole number from 1 to 100: got";
  assertEquals(await error("/api/clients?limit=101"), `limit ${range} "101".`);
  assertEquals(await error("/api/clients?limit=-1"), `limit ${range} "-1".`);
  assertStringIncludes(String(await error("/api/clients?after=x")), "after must be a whole number");
  assertStringIncludes(String(await error("/api/attempts?limit=201")), "from 1 to 200");
  assertStringIncludes(String(await error("/api/try?ids=a,b,c,d,e")), "ids must be at most 4 ids");
  assertStringIncludes(String(await error("/api/try?ids=%00")), "without control characters");
});

Deno.test("[ADMIN-10] the page learns how to reach the server, and gets tokens where the server can sign them", async () => {
  {
    await using box = await serveAdministered({ path: "/myapp", key: "k" });
    assertEquals(await box.json("/api/try?ids=a"), {
      ...{ path: "/myapp/", key: "k", port: box.port, secure: false, host: null },
      ...{ auth: "none", tokens: null },
    });
    const { startedAt } = (await box.json("/api/stats")).server;
    assertEquals(await box.json("/api/attempts"), {
      ...{ startedAt, attempts: [], forgotten: 0, overlooked: 0 },
    });
  }
  {
    await using box = await serveAdministered({ host: "127.0.0.2" });
    assertEquals((await box.json("/api/try"))["host"], "127.0.0.2");
    const policy = (await box.ask("/", { method: "HEAD" })).headers.get("content-security-policy");
    assertStringIncludes(String(policy), `ws://127.0.0.2:${box.port}`);
  }
  const auth_secret = "only for this test, and long enough";
  const open = { auth: "jwt", auth_secret, auth_issuer: "i" } as const;
  {
    await using box = await serveAdministered(open);
    assertEquals((await box.json("/api/try?ids=a"))["tokens"], null);
  }
  const settings = { ...open, admin_token: "a token of the admin".replaceAll(" ", "-") };
  await using box = await serveAdministered(settings);
  const { tokens } = await box.json("/api/try?ids=a,b%20c");
  const whole = settingsFrom(settings);
  const verify = createVerifier(whole, { now: () => 0 as never, ownerOf: createOwners(whole) });
  for (const [id, token] of Object.entries(tokens as Readonly<Record<string, string>>)) {
    const identity = (await verify?.(token))?.identity;
    assertEquals(identity?.kind === "proven" && identity.ids, [id]);
  }
  assertEquals(Object.keys(tokens), ["a", "b c"]);
});

Deno.test("[ADMIN-5] [OPEN-10] the admin page opens sockets on the main port, whatever cors says; other pages do not", async () => {
  await using box = await serveAdministered({ cors: ["https://a.example"] });
  const from = (origin: string) => ({ options: { headers: { origin } } });
  await using page = await join(box, "page", from(`http://127.0.0.1:${box.adminPort}`));
  assertEquals((await page.fence()).closed, null);
  const [, closed] = await refusal(box, from(`http://localhost:${box.adminPort}`));
  assertEquals(closed.code, 4005);
});

Deno.test("[ADMIN-9] at most 64 connections are open, and one more is closed", async () => {
  await using box = await serveAdministered();
  const connect = () => Deno.connect({ port: box.adminPort, hostname: "127.0.0.1" });
  const half = new TextEncoder().encode("GET / HTTP/1.1\r\nhost: localhost\r\n");
  const open: Deno.TcpConn[] = [];
  for (let i = 0; i < CONNECTIONS_MAX; i++) {
    const connection = await connect();
    await connection.write(half);
    open.push(connection);
  }
  const more = await connect();
  assertEquals(await more.read(new Uint8Array(1)), null);
  await open[0]?.write(new TextEncoder().encode("\r\n"));
  assert(await open[0]?.read(new Uint8Array(16)));
  for (const connection of [more, ...open]) connection.close();
});

Deno.test("[ADMIN-9] an exception is a 500, and requests beyond those that are worked on a 503", async () => {
  const lines = captured(({ message }) => String(message));
  await using box = await serveAdministered();
  const admin_port = freePort();
  const hanging = Promise.withResolvers<never>();
  const port = await serveAdmin({
    ...{ settings: settingsFrom({ admin_port }), port: box.port, version: "1", workers: 1 },
    reader: {
      node: () => null,
      read: () => {
        throw new Error("made by a test");
      },
    },
    overview: createOverview({
      ...{ ask: () => hanging.promise, wallNow: () => 0, icePath: null },
    }),
    exposition: { type: "text/plain", text: () => Promise.resolve("") },
    ...{ now: () => 0, wallNow: () => 0 },
  });
  const failed = await fetch(`${port.url}api/stats`);
  assertEquals([failed.status, Object.keys(await failed.json())], [500, ["error"]]);
  assert(lines.some((line) => line.startsWith("A request to the admin port failed: Error: made")));
  const waiting = Array.from({ length: WORKING_MAX }, () => fetch(`${port.url}api/clients`));
  let busy = await fetch(port.url);
  // Those that came before may not have arrived yet.
  while (busy.status === 200) {
    await busy.body?.cancel();
    busy = await fetch(port.url);
  }
  assertEquals([busy.status, typeof (await busy.json()).error], [503, "string"]);
  hanging.reject(new Error("made by a test"));
  for (const response of await Promise.all(waiting)) {
    assertEquals(response.status, 500);
    await response.body?.cancel();
  }
  assertEquals(await (await fetch(`${port.url}metrics`)).text(), "");
  await port.stop();
});
