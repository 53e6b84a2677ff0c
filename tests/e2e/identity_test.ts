/** Whose id it is, and whom the server refuses, as the stock client sees it. */
import { validate as isUuidV4 } from "@std/uuid/v4";
import { SignJWT } from "jose";
import { freePort } from "../support/admin.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { SECRET } from "../support/key_server.ts";
import { chat, connect, expectError, expectLog, expectOpen, notes, test, wait } from "./lab.ts";

test("[HTTP-2] [OPEN-6] a peer without an id is assigned a UUID, under which others reach it, with a key and a path of the server's own too", async (lab) => {
  const own = { key: "secret", path: "/myapp" };
  for (const options of [{}, own]) {
    const server = await lab.serve(
      ...Object.entries(options).map(([name, is]) => `--${name}=${is}`),
    );
    const tab = await lab.enter(server, "somebody", null, options);
    const id = String((await wait(tab, "somebody", "open")).detail);
    assert(isUuidV4(id), `not a v4 UUID: ${JSON.stringify(id)}`);

    const alice = await lab.arrive(server, "alice", options);
    await alice.tab.run("connect", "alice", id, "chat");
    assertEquals((await wait(tab, "somebody", "connection")).detail, "alice");
    await Promise.all([wait(tab, "somebody/chat", "open"), wait(alice.tab, "alice/chat", "open")]);
  }
});

test("[OPEN-4] an id that is held is refused with unavailable-id, and its holder notices nothing", async (lab) => {
  const server = await lab.serve();
  const alice = await lab.arrive(server, "alice");
  const tab = await lab.enter(server, "impostor", "alice");
  await expectError(tab, "impostor", "unavailable-id", 'ID "alice" is taken');
  await wait(tab, "impostor", "close");
  assertEquals(await notes(tab, "impostor", "open"), []);

  const bob = await lab.arrive(server, "bob");
  await connect(alice, bob, "out");
  await connect(bob, alice, "in");
  await chat(alice, bob, "in", "untouched");
  assertEquals(await notes(alice.tab, "alice", "error"), []);
  assertEquals(await notes(alice.tab, "alice", "disconnected"), []);
});

test("[OPEN-6] [LIFE-2] a peer that disconnects keeps its connections, and is reachable after reconnect", async (lab) => {
  const { alice, bob } = await lab.pair();
  await connect(alice, bob, "before");

  await alice.tab.run("disconnect", "alice");
  await wait(alice.tab, "alice", "disconnected");
  await chat(alice, bob, "before", "without a server");
  await alice.tab.run("reconnect", "alice");
  assertEquals((await wait(alice.tab, "alice", "open")).detail, "alice");

  await chat(alice, bob, "before", "with a server again");
  await connect(bob, alice, "in");
  await connect(alice, bob, "out");
  await chat(alice, bob, "in", "new");
  await chat(alice, bob, "out", "new too");
  assertEquals(await notes(bob.tab, "bob/before", "close"), []);
  assertEquals(await notes(alice.tab, "alice", "error"), []);
});

test("[OPEN-5] [OPEN-9] a reconnect that overtakes the close of its old socket opens again", async (lab) => {
  const { alice, bob } = await lab.pair();
  for (const label of ["first", "second", "third"]) {
    await Promise.all([
      alice.tab.run("disconnect", "alice"),
      alice.tab.run("reconnect", "alice"),
    ]);
    assertEquals((await wait(alice.tab, "alice", "open")).detail, "alice");
    await connect(bob, alice, label);
  }
  assertEquals(await notes(alice.tab, "alice", "error"), []);
});

test("[OPEN-5] a second socket with the same token takes the id over, and calls reach the new one", async (lab) => {
  const server = await lab.serve();
  const token = "the-same-token";
  const old = await lab.arrive(server, "alice", { token });
  const bob = await lab.arrive(server, "bob");
  await connect(old, bob, "before");

  const alice = await lab.arrive(server, "alice", { token });
  await wait(old.tab, "alice", "disconnected");
  await connect(bob, alice, "after");
  await chat(bob, alice, "after", "to the new one");
  // Peer to peer, the replaced one lives on.
  await chat(bob, old, "before", "to the old one");
  assertEquals(await notes(old.tab, "alice", "connection"), []);
  assertEquals(await notes(alice.tab, "alice", "error"), []);
});

/** A new token of a subject, which ends in so many seconds. */
async function tokenOf(sub: string, seconds = 60): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  return await new SignJWT({ sub, exp, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
}

test("[AUTH-3] [AUTH-2] a page that comes back with a new token for its subject keeps its id, another subject is refused", async (lab) => {
  const server = await lab.serve("--auth", "jwt", "--auth_secret", SECRET);
  const bob = await lab.arrive(server, "bob", { token: await tokenOf("bob") });
  const old = await lab.arrive(server, "alice", { token: await tokenOf("alice") });
  const alice = await lab.arrive(server, "alice", { token: await tokenOf("alice") });
  await wait(old.tab, "alice", "disconnected");
  await connect(bob, alice, "after");
  await chat(bob, alice, "after", "to the new one");

  const tab = await lab.enter(server, "impostor", "alice", { token: await tokenOf("mallory") });
  await expectError(tab, "impostor", "server-error", "The token is not for this id");
  assertEquals(await notes(alice.tab, "alice", "error"), []);
});

test("[AUTH-6] a page whose token ends is told so and disconnected, keeps its connections, and comes back with a new one", async (lab) => {
  const flags = ["--auth", "jwt", "--auth_secret", SECRET, "--auth_expiry", "close"];
  const server = await lab.serve(...flags);
  const bob = await lab.arrive(server, "bob", { token: await tokenOf("bob") });
  // It counts for five seconds more, because clocks differ.
  const alice = await lab.arrive(server, "alice", { token: await tokenOf("alice", 0) });
  await connect(alice, bob, "before");
  await expectError(alice.tab, "alice", "server-error", "The token has expired");
  await wait(alice.tab, "alice", "disconnected");
  const state = { open: false, destroyed: false, disconnected: true };
  assertEquals(await alice.tab.run("state", "alice"), state);
  await chat(alice, bob, "before", "without a server");
  await alice.tab.run("reconnect", "alice", await tokenOf("alice"));
  assertEquals((await wait(alice.tab, "alice", "open")).detail, "alice");
  await connect(bob, alice, "after");
  assertEquals(await notes(bob.tab, "bob", "error"), []);
});

test("[LIFE-5] [ADMIN-8] a page that the operator disconnects is told so, keeps its connections, and may come back", async (lab) => {
  const admin_port = freePort();
  const { server, alice, bob } = await lab.pair("--admin_port", `${admin_port}`);
  await connect(alice, bob, "before");
  const url = `http://127.0.0.1:${admin_port}/api/clients/alice`;
  assertEquals((await fetch(url, { method: "DELETE" })).status, 204);
  const msg = "Disconnected by the operator of this server";
  await expectError(alice.tab, "alice", "server-error", msg);
  await wait(alice.tab, "alice", "disconnected");
  await server.nextLine((line) => line.includes(`disconnected: ${msg} (4012 of the server)`));
  await chat(alice, bob, "before", "without a server");
  await alice.tab.run("reconnect", "alice");
  assertEquals((await wait(alice.tab, "alice", "open")).detail, "alice");
});

test("[ADMIN-3] a page of another origin in the operator's browser neither reads the admin port nor disconnects anybody", async (lab) => {
  const admin_port = freePort();
  const { server, alice, bob } = await lab.pair("--admin_port", `${admin_port}`);
  const request = (path: string, options: RequestInit = {}): Promise<unknown> =>
    bob.tab.run("request", `http://127.0.0.1:${admin_port}${path}`, options);
  assertEquals(await request("/api/clients"), "TypeError");
  assertEquals(await request("/api/clients", { mode: "no-cors" }), "TypeError");
  assertEquals(await request("/api/clients/alice", { method: "DELETE" }), "TypeError");
  for (const asked of ["GET /api/clients", "OPTIONS /api/clients/alice"]) {
    await server.nextLine((line) => line.includes(asked) && line.includes('"status":403'));
  }
  await connect(alice, bob, "still there");
});

test("[OPEN-2] [HTTP-4] a wrong key is refused, in words over the socket and as 401 over HTTP", async (lab) => {
  const server = await lab.serve("--key", "secret");
  const tab = await lab.enter(server, "alice", "alice", { key: "guess" });
  await expectError(tab, "alice", "server-error", "Invalid key provided");
  await wait(tab, "alice", "close");

  const other = await lab.enter(server, "nameless", null, { key: "guess" });
  await expectError(other, "nameless", "server-error");
  await expectLog(other, /Status:401/);
});

test("[HTTP-7] [HTTP-8] a wrong path is a readable 404 over HTTP and a lost connection otherwise", async (lab) => {
  const server = await lab.serve("--path", "/myapp");
  const nameless = await lab.enter(server, "nameless", null, { path: "/" });
  await expectError(nameless, "nameless", "server-error");
  await expectLog(nameless, /Status:404/);
  await expectLog(nameless, /If you passed in a `path` to your self-hosted PeerServer/);

  const tab = await lab.enter(server, "alice", "alice", { path: "/elsewhere" });
  await expectError(tab, "alice", "network", "Lost connection to server.");
  await wait(tab, "alice", "disconnected");
});

test("[OPEN-7] a full server says so, and keeps whom it has", async (lab) => {
  const server = await lab.serve("--concurrent_limit", "1");
  const alice = await lab.arrive(server, "alice");
  const tab = await lab.enter(server, "bob", "bob");
  const message = "Server has reached its concurrent user limit";
  await expectError(tab, "bob", "server-error", message);
  await wait(tab, "bob", "close");
  await expectOpen(alice.tab, "alice");
});

test("[HTTP-3] listAllPeers lists who is connected where discovery is allowed", async (lab) => {
  const server = await lab.serve("--allow_discovery");
  const { tab } = await lab.arrive(server, "alice");
  await lab.arrive(server, "bob");
  await tab.run("listAllPeers", "alice");
  const { detail } = await wait(tab, "alice", "peers");
  assertEquals(new Set(Object(detail)), new Set(["alice", "bob"]));
});

test("[HTTP-3] listAllPeers fails with the client's explanation where discovery is off", async (lab) => {
  const server = await lab.serve();
  const { tab } = await lab.arrive(server, "alice");
  await tab.run("listAllPeers", "alice");
  await expectError(tab, "alice", "server-error");
  await expectLog(tab, /You need to enable `allow_discovery`/);
  assertEquals(await notes(tab, "alice", "peers"), []);
});

test("[LIFE-3] a server that stops disconnects its clients, and their connections survive it", async (lab) => {
  const { server, alice, bob } = await lab.pair();
  await connect(alice, bob, "chat");

  const began = performance.now();
  const { code } = await server.stop("SIGTERM");
  assertEquals(code, 0);
  assert(performance.now() - began < 5_000, "it took 5 s or more to stop");
  for (const { id, tab } of [alice, bob]) {
    await expectError(tab, id, "network", "Lost connection to server.");
    await wait(tab, id, "disconnected");
  }
  await chat(alice, bob, "chat", "without a server");
  assertEquals(await notes(alice.tab, "alice/chat", "close"), []);
});
