/**
 * Peers that meet: data, media, a peer that is not there, and one that comes late.
 *
 * Each scenario shows the behaviour that `peerjs_test.ts` names it after.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { chat, connect, expectError, expectOpen, type Lab, notes, say, wait } from "./lab.ts";

export async function talk(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const alice = await lab.arrive(server, "alice");
  const bob = await lab.arrive(server, "bob");
  await connect(alice, bob, "chat");

  await chat(alice, bob, "chat", "a string");
  await say(alice, bob, "chat", { list: [1, "two", null], nested: { yes: true } });
  await say(bob, alice, "chat", { back: [3.5] });
  await alice.tab.run("sendBytes", "alice/chat", 200_000);
  const { detail } = await wait(bob.tab, "bob/chat", "data");
  assertEquals(detail, { bytes: 200_000, intact: true });

  await alice.tab.leave();
  await wait(bob.tab, "bob/chat", "close");
  assertEquals(await notes(bob.tab, "bob", "error"), []);
}

export async function call(lab: Lab): Promise<void> {
  const server = await lab.serve();
  const alice = await lab.arrive(server, "alice");
  const bob = await lab.arrive(server, "bob");

  await alice.tab.run("call", "alice", "bob", "video");
  assertEquals((await wait(bob.tab, "bob", "call")).detail, "alice");
  for (const { id, tab } of [alice, bob]) {
    const { detail } = await wait(tab, `${id}/video`, "stream");
    assertEquals(detail, ["audio", "video"]);
    await wait(tab, `${id}/video`, "plays");
    assertEquals(await notes(tab, id, "error"), []);
  }
}

export async function absent(lab: Lab): Promise<void> {
  const server = await lab.serve("--expire_timeout", "1000");
  const alice = await lab.arrive(server, "alice");
  const attempt = async (absent: string): Promise<void> => {
    const from = Number(await alice.tab.run("connect", "alice", absent, absent));
    // Candidates are on their way too: each could expire with an error of its own.
    await wait(alice.tab, `alice/${absent}`, "candidate");
    const message = `Could not connect to peer ${absent}`;
    const { at } = await expectError(alice.tab, "alice", "peer-unavailable", message);
    const tookMs = at - from;
    assert(tookMs >= 1_000 && tookMs < 5_000, `it took ${tookMs} ms to expire`);
  };

  await attempt("nobody");
  // By the end of this one, all that the first attempt stored is long past its deadline.
  await attempt("nobody else");
  assertEquals((await notes(alice.tab, "alice", "error")).length, 2);
  await expectOpen(alice.tab, "alice");
  await connect(alice, await lab.arrive(server, "bob"), "chat");
}

export async function late(lab: Lab): Promise<void> {
  const server = await lab.serve("--expire_timeout", "15000");
  const alice = await lab.arrive(server, "alice");
  const witness = await lab.arrive(server, "witness");

  await alice.tab.run("connect", "alice", "late", "chat");
  await wait(alice.tab, "alice/chat", "candidate");
  // A later message of hers has arrived: the offer is stored by now.
  await connect(alice, witness, "later");

  const late = await lab.arrive(server, "late");
  assertEquals((await wait(late.tab, "late", "connection")).detail, "alice");
  await wait(late.tab, "late/chat", "open");
  await wait(alice.tab, "alice/chat", "open");
  await chat(alice, late, "chat", "still there");
  assertEquals(await notes(alice.tab, "alice", "error"), []);
  assertEquals(await notes(late.tab, "late", "connection"), ["alice"]);
}
