/**
 * What applications do that their authors did not mean, and what happens to pages that nobody looks at.
 *
 * Each scenario shows the behaviour that `peerjs_test.ts` names it after.
 */
import { assertEquals } from "../support/assert.ts";
import { openRaw } from "../support/raw_socket.ts";
import { chat, connect, expectError, expectOpen, type Lab, notes, wait } from "./lab.ts";

export async function nobody(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const alice = await lab.arrive(server, "alice");
  const bob = await lab.arrive(server, "bob");
  for (const [i, [id, name]] of DESTINATIONS.entries()) {
    await alice.tab.run("connect", "alice", id, `attempt ${i}`);
    await expectError(alice.tab, "alice", "peer-unavailable", `Could not connect to peer ${name}`);
  }
  assertEquals(await notes(alice.tab, "alice", "disconnected"), []);
  assertEquals((await notes(alice.tab, "alice", "error")).length, DESTINATIONS.length);
  await connect(bob, alice, "after all that");
  await chat(bob, alice, "after all that", "hello");
}

/** What is given as the id of a peer, and what the client calls it. */
const DESTINATIONS: readonly (readonly [id: unknown, name: string])[] = [
  ["", ""],
  [null, ""],
  [undefined, ""],
  [5, "5"],
  [{ id: "bob" }, "[object Object]"],
  [["bob"], "[object Array]"],
  ["x".repeat(300), `${"x".repeat(256)}…`],
];

export async function picture(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const alice = await lab.arrive(server, "alice");
  const bob = await lab.arrive(server, "bob");
  await connect(alice, bob, `data:image/png;base64,${"A".repeat(200_000)}`);
}

export async function classroom(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const host = await lab.arrive(server, "room");
  const guests = Array.from({ length: 20 }, (_, i) => `guest ${i}`);
  const tab = await lab.enter(server, "guest", "guest");
  const { port, path } = server;
  const place = { host: "127.0.0.1", port, path, config: { iceServers: [] } };
  for (const guest of guests) await tab.run("peer", guest, "room", place);
  for (const guest of guests) await expectError(tab, guest, "unavailable-id");
  await expectOpen(host.tab, "room");
  await host.tab.run("disconnect", "room");
  await wait(host.tab, "room", "disconnected");
  await host.tab.run("reconnect", "room");
  await wait(host.tab, "room", "open");
}

export async function frozen(lab: Lab): Promise<void> {
  const server = await lab.serve("--ping_timeout", "1000");
  const alice = await lab.arrive(server, "alice");
  const bob = await lab.arrive(server, "bob");
  await alice.tab.freeze(true);
  // When a client that answers nothing is gone, the frozen page has answered a ping.
  using mute = await openRaw(server.port, "mute");
  await server.nextLine((line) => line.includes('"mute"') && line.includes("4007"));
  await mute.closed();
  await bob.tab.run("connect", "bob", "alice", "chat");
  await alice.tab.freeze(false);
  await wait(bob.tab, "bob/chat", "open");
  assertEquals(await notes(alice.tab, "alice", "disconnected"), []);
}
