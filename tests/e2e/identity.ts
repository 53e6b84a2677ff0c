/**
 * Whose id it is: assigned, taken, given up, taken over.
 *
 * Each scenario shows the behaviour that `peerjs_test.ts` names it after.
 */
import { validate as isUuidV4 } from "@std/uuid/v4";
import { SignJWT } from "jose";
import { assert, assertEquals } from "../support/assert.ts";
import { SECRET } from "../support/key_server.ts";
import { chat, connect, expectError, type Lab, notes, wait } from "./lab.ts";

export async function assigned(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const tab = await lab.enter(server, "somebody", null);
  const id = String((await wait(tab, "somebody", "open")).detail);
  assert(isUuidV4(id), `not a v4 UUID: ${JSON.stringify(id)}`);

  const alice = await lab.arrive(server, "alice");
  await alice.tab.run("connect", "alice", id, "chat");
  assertEquals((await wait(tab, "somebody", "connection")).detail, "alice");
  await wait(tab, "somebody/chat", "open");
}

export async function taken(lab: Lab): Promise<void> {
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
}

export async function reconnect(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const alice = await lab.arrive(server, "alice");
  const bob = await lab.arrive(server, "bob");
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
}

export async function hastyReconnect(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const alice = await lab.arrive(server, "alice");
  const bob = await lab.arrive(server, "bob");
  for (const label of ["first", "second", "third"]) {
    await Promise.all([alice.tab.run("disconnect", "alice"), alice.tab.run("reconnect", "alice")]);
    assertEquals((await wait(alice.tab, "alice", "open")).detail, "alice");
    await connect(bob, alice, label);
  }
  assertEquals(await notes(alice.tab, "alice", "error"), []);
}

export async function takeover(lab: Lab): Promise<void> {
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
}

/** A new token of a subject, which ends in so many seconds. */
async function tokenOf(sub: string, seconds = 60): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  return await new SignJWT({ sub, exp, jti: crypto.randomUUID() })
    .setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(SECRET));
}

export async function refreshed(lab: Lab): Promise<void> {
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
}

export async function expired(lab: Lab): Promise<void> {
  const flags = ["--auth", "jwt", "--auth_secret", SECRET, "--auth_expiry", "close"];
  const server = await lab.serve(...flags);
  const bob = await lab.arrive(server, "bob", { token: await tokenOf("bob") });
  // It counts for five seconds more, because clocks differ.
  const alice = await lab.arrive(server, "alice", { token: await tokenOf("alice", 0) });
  await connect(alice, bob, "before");
  await expectError(alice.tab, "alice", "server-error", "The token has expired");
  await wait(alice.tab, "alice", "disconnected");
  assertEquals(await alice.tab.run("state", "alice"), {
    open: false,
    destroyed: false,
    disconnected: true,
  });
  await chat(alice, bob, "before", "without a server");
  await alice.tab.run("reconnect", "alice", await tokenOf("alice"));
  assertEquals((await wait(alice.tab, "alice", "open")).detail, "alice");
  await connect(bob, alice, "after");
  assertEquals(await notes(bob.tab, "bob", "error"), []);
}
