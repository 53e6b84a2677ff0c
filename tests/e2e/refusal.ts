/**
 * What the server refuses, how it is configured, and how it ends, as the client sees it.
 *
 * Each scenario shows the behaviour that `peerjs_test.ts` names it after.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { chat, connect, expectError, expectLog, expectOpen, type Lab, notes, wait } from "./lab.ts";

export async function custom(lab: Lab): Promise<void> {
  const server = await lab.serve("--key", "secret", "--path", "/myapp");
  const options = { key: "secret", path: "/myapp" };
  const tab = await lab.enter(server, "somebody", null, options);
  const id = String((await wait(tab, "somebody", "open")).detail);
  const alice = await lab.arrive(server, "alice", options);
  await alice.tab.run("connect", "alice", id, "chat");
  await wait(alice.tab, "alice/chat", "open");
  await wait(tab, "somebody/chat", "open");
}

export async function wrongKey(lab: Lab): Promise<void> {
  const server = await lab.serve("--key", "secret");
  const tab = await lab.enter(server, "alice", "alice", { key: "guess" });
  await expectError(tab, "alice", "server-error", "Invalid key provided");
  await wait(tab, "alice", "close");

  const other = await lab.enter(server, "nameless", null, { key: "guess" });
  await expectError(other, "nameless", "server-error");
  await expectLog(other, /Status:401/);
}

export async function wrongPath(lab: Lab): Promise<void> {
  const server = await lab.serve("--path", "/myapp");
  const nameless = await lab.enter(server, "nameless", null, { path: "/" });
  await expectError(nameless, "nameless", "server-error");
  await expectLog(nameless, /Status:404/);
  await expectLog(nameless, /If you passed in a `path` to your self-hosted PeerServer/);

  const tab = await lab.enter(server, "alice", "alice", { path: "/elsewhere" });
  await expectError(tab, "alice", "network", "Lost connection to server.");
  await wait(tab, "alice", "disconnected");
}

export async function full(lab: Lab): Promise<void> {
  const server = await lab.serve("--concurrent_limit", "1");
  const alice = await lab.arrive(server, "alice");
  const tab = await lab.enter(server, "bob", "bob");
  const message = "Server has reached its concurrent user limit";
  await expectError(tab, "bob", "server-error", message);
  await wait(tab, "bob", "close");
  await expectOpen(alice.tab, "alice");
}

export async function listed(lab: Lab): Promise<void> {
  const server = await lab.serve("--allow_discovery");
  const { tab } = await lab.arrive(server, "alice");
  await lab.arrive(server, "bob");
  await tab.run("listAllPeers", "alice");
  const { detail } = await wait(tab, "alice", "peers");
  assertEquals(new Set(Object(detail)), new Set(["alice", "bob"]));
}

export async function unlisted(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const { tab } = await lab.arrive(server, "alice");
  await tab.run("listAllPeers", "alice");
  await expectError(tab, "alice", "server-error");
  await expectLog(tab, /You need to enable `allow_discovery`/);
  assertEquals(await notes(tab, "alice", "peers"), []);
}

export async function stopped(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const alice = await lab.arrive(server, "alice");
  const bob = await lab.arrive(server, "bob");
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
}
