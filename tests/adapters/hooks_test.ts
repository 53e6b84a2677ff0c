/** What an application is told of its clients, what it can do to them, and what becomes of its errors. */
import { createWatch } from "../../adapters/observe/hooks.ts";
import { connId, initialState, millis, peerId, settingsFrom } from "../../core/mod.ts";
import { resetSync } from "@logtape/logtape";
import type { Client, Refusal, RefusedClient } from "../../main.ts";
import { createSignalbox } from "../../main.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { captured } from "../support/captured.ts";
import { join, refusal } from "../support/peer_socket.ts";
import { handshake, rawHttp, upgradeRaw } from "../support/raw_socket.ts";
import { serveBox, test } from "../support/served.ts";

test.served("[EMBED-1] hooks are told of clients and of their messages, in order, and may throw", async ({ serve }) => {
  captured(() => null); // The exceptions are expected.
  const told: unknown[][] = [];
  const went = Promise.withResolvers<void>();
  await using app = await serve({ trusted_proxies: ["127.0.0.1"] }, {
    onConnection: (client) => {
      told.push(["came", client]);
      throw new Error("a bad hook");
    },
    onMessage: (client, message) => told.push(["said", client, message]),
    onDisconnection: (client, { code }) => {
      told.push(["went", client, code]);
      if (code === 4009) went.resolve();
      throw new Error("a bad hook");
    },
  });
  const options = { headers: { "x-forwarded-for": "192.0.2.7" } };
  await refusal(app, { key: "wrong" });
  await using first = await join(app, "a", { token: "secret", options });
  first.send({ type: "HEARTBEAT" });
  first.sendRaw("nonsense");
  first.send({ type: "OFFER", dst: "b", src: "x", payload: { secret: 1 } });
  await first.next();
  await using second = await join(app, "a", { token: "secret" });
  await first.closed;
  second.send({ type: "LEAVE" });
  await went.promise;
  const one = { id: "a", address: "192.0.2.7", claims: null };
  const two = { ...one, address: "127.0.0.1" };
  const shown = told.map(([what, client, ...rest]) => {
    const { connectedAt, ...others } = client as Client;
    assert(Math.abs(Date.now() - connectedAt) < 60_000);
    return [what, others, ...rest];
  });
  assertEquals(shown, [
    ["came", one],
    ["said", one, { type: "OFFER", src: "a", dst: "b", payload: { secret: 1 } }],
    ["went", one, 4000],
    ["came", two],
    ["went", two, 4009],
  ]);
});

test.served("[EMBED-2] onRefused hears once of each refusal, with a word for it", async ({ serve }) => {
  const told: [RefusedClient, Refusal][] = [];
  await using app = await serve({
    concurrent_limit: 1,
    max_id_length: 5,
    cors: ["https://a.example"],
  }, {
    authorize: ({ token }) => token === "t",
    onRefused: (client, refusal) => told.push([client, refusal]),
  });
  const from = (origin: string) => ({ options: { headers: { origin } } });
  await using _a = await join(app, "a");
  await refusal(app, { id: "b", key: "wrong" });
  await refusal(app, { id: "b", ...from("https://b.example") });
  await refusal(app, { id: "too long" });
  await refusal(app, { query: "key=peerjs" });
  await refusal(app, { id: "b", token: "no" });
  await refusal(app, { id: "a", token: "no" });
  await refusal(app, { id: "b" });
  const bad = new TextDecoder().decode(handshake("/peerjs?key=peerjs&id=b&token=t"))
    .replace("Version: 13", "Version: 7");
  await rawHttp(
    app.port,
    new TextEncoder().encode(bad.replace("Upgrade\r\n", "Upgrade, close\r\n")),
  );
  const sentence = "The WebSocket handshake is not valid: Sec-WebSocket-Version is not 13.";
  assertEquals(told.at(-1), [
    { id: "b", address: "127.0.0.1", origin: null },
    { why: "bad-handshake", code: 400, reason: sentence },
  ]);
  assertEquals(told.map(([{ id, origin }, { why, code }]) => [id, origin, why, code]), [
    ["b", null, "wrong-key", 4003],
    ["b", "https://b.example", "wrong-origin", 4005],
    ["too long", null, "bad-parameters", 4002],
    [null, null, "bad-parameters", 4002],
    ["b", null, "unauthorized", 4006],
    ["a", null, "unauthorized", 4006],
    ["b", null, "full", 4004],
    ["b", null, "bad-handshake", 400],
  ]);
  assert(!JSON.stringify(told).includes('"token"'));
});

test.served("[EMBED-2] onRefused hears of a handshake for which unanswered closes leave no room", async ({ serve }) => {
  const told: [RefusedClient, Refusal][] = [];
  await using app = await serve({ max_closing_sockets: 1 }, {
    onRefused: (client, refusal) => told.push([client, refusal]),
  });
  using silent = await upgradeRaw(app.port, handshake("/peerjs?key=wrong&id=a&token=t"));
  await silent.json();
  using _second = await upgradeRaw(app.port, handshake("/peerjs?key=peerjs&id=b&token=t"));
  assertEquals(told.map(([{ id }, { why, code }]) => [id, why, code]), [
    ["a", "wrong-key", 4003],
    ["b", "too-many", 503],
  ]);
});

Deno.test("[EMBED-3] [EMBED-4] [LIFE-5] the list of clients is not disturbed by those who come and go, and one is disconnected with a reason", async () => {
  await using app = serveBox();
  const { box } = app;
  await using a = await join(app, "a");
  await using _b = await join(app, "b");
  const list = box.clients();
  assertEquals(list.next().value?.id, "a");
  assertEquals([box.disconnect("nobody"), box.disconnect("b")], [false, true]);
  await using _c = await join(app, "c");
  assertEquals([...list].map(({ id, address }) => [id, address]), [["c", "127.0.0.1"]]);
  assertEquals(box.disconnect("a", `Bad\n${"é".repeat(300)}`), true);
  const { payload: { msg } } = Object(await a.next());
  assertEquals(msg, `Bad\\u{a}${"é".repeat(252)}…`);
  const { code, reason } = await a.closed;
  assertEquals([code, reason], [4012, `Bad\\u{a}${"é".repeat(56)}…`]);
  assertEquals([...box.clients()].map(({ id }) => id), ["c"]);
});

Deno.test("[EMBED-1] claims are forgotten with a socket that ends while it waits for its id, and the program records nobody", () => {
  const [state, now, conn] = [initialState(settingsFrom()), millis(0), connId(1)];
  const admitted = {
    ...{ kind: "note", what: "admitted", address: "", replaces: null } as const,
    ...{ conn, id: peerId("a") },
  };
  const event = { kind: "tick" } as const;
  const came: Client[] = [];
  const watch = createWatch({ onConnection: (client) => came.push(client) });
  const step = watch.observers[0];
  assert(step !== undefined);
  const refused = {
    ...{ kind: "note", what: "refused", address: "", origin: null, reason: "" } as const,
    ...{ conn, id: "a", code: 4001 } as const,
  };
  const ends = [
    () => step({ event: { kind: "socket-closed", conn, code: 1006 }, effects: [], now, state }),
    () => step({ event: { kind: "send-failed", conn, message: null }, effects: [], now, state }),
    () => step({ event, effects: [refused], now, state }),
    () => {},
  ];
  for (const end of ends) {
    watch.keepClaims(conn, { role: "host" });
    end();
    step({ event, effects: [admitted], now, state });
  }
  assertEquals(came.map(({ claims }) => claims), [null, null, null, { role: "host" }]);
  assertEquals(createWatch(null).observers, []);
});

Deno.test("[EMBED-5] errors go to stderr until there is a log; that there are no addresses is said once", async () => {
  resetSync();
  const [said, { error }] = [[] as unknown[], console];
  const generateClientId = (): never => {
    throw new Error("no ids");
  };
  const box = createSignalbox({ generateClientId });
  const ask = async (): Promise<void> =>
    void await box.handle(new Request("http://localhost/peerjs/id"));
  try {
    console.error = (text) => said.push(text);
    await ask();
    const logged = captured(({ properties }) => properties["event"]);
    await ask();
    assertEquals(logged.includes("fault") && !logged.includes("no-info"), true);
  } finally {
    console.error = error;
  }
  await box.stop();
  const [first, second, ...others] = said.map(String);
  assert(first?.startsWith("signalbox: A request was handled without the second argument"), first);
  assert(second?.startsWith("signalbox: generateClientId failed: Error: no ids"), second);
  assert(others.every((text) => text.includes("generateClientId failed")));
});
