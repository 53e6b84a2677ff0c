/** Peers that meet, or would: data, media, a peer that is not there, one that comes late, what no author meant. */
import { assert, assertEquals } from "../support/assert.ts";
import { openRaw } from "../support/raw_socket.ts";
import { chat, connect, expectError, expectOpen, notes, say, test, wait } from "./lab.ts";

test("[MSG-2] a data connection opens, carries messages both ways, and closes with the page", async (lab) => {
  const { alice, bob } = await lab.pair();
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
});

test("[MSG-2] a media call shows moving pictures on both sides", async (lab) => {
  const { alice, bob } = await lab.pair();

  await alice.tab.run("call", "alice", "bob", "video");
  assertEquals((await wait(bob.tab, "bob", "call")).detail, "alice");
  for (const { id, tab } of [alice, bob]) {
    const { detail } = await wait(tab, `${id}/video`, "stream");
    assertEquals(detail, ["audio", "video"]);
    await wait(tab, `${id}/video`, "plays");
    assertEquals(await notes(tab, id, "error"), []);
  }
});

test("[QUEUE-3] [QUEUE-4] an absent peer is reported once an attempt, when the offer expires, and the caller lives on", async (lab) => {
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
});

test("[QUEUE-1] [MSG-3] a peer that comes within the expire timeout gets the stored offer", async (lab) => {
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
});

test("[MSG-13] [QUEUE-4] a connection to nobody, null, a number, an object is peer-unavailable, and the client stays", async (lab) => {
  const { alice, bob } = await lab.pair();
  for (const [i, [id, name]] of DESTINATIONS.entries()) {
    await alice.tab.run("connect", "alice", id, `attempt ${i}`);
    await expectError(
      alice.tab,
      "alice",
      "peer-unavailable",
      `Could not connect to peer ${name}`,
    );
  }
  assertEquals(await notes(alice.tab, "alice", "disconnected"), []);
  assertEquals((await notes(alice.tab, "alice", "error")).length, DESTINATIONS.length);
  await connect(bob, alice, "after all that");
  await chat(bob, alice, "after all that", "hello");
});

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

test("[MSG-9] [MSG-2] a picture as the metadata of a connection arrives", async (lab) => {
  const { alice, bob } = await lab.pair();
  await connect(alice, bob, `data:image/png;base64,${"A".repeat(200_000)}`);
});

test("[LIMIT-3] [OPEN-4] twenty guests behind one address who want the host's id are told so at once, and the host comes back", async (lab) => {
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
});

test("[LIFE-4] a page that is frozen answers pings, and is reachable when it wakes", async (lab) => {
  const { server, alice, bob } = await lab.pair("--ping_timeout", "1000");
  await alice.tab.freeze(true);
  // When a client that answers nothing is gone, the frozen page has answered a ping.
  using mute = await openRaw(server.port, "mute");
  await server.nextLine((line) => line.includes('"mute"') && line.includes("4007"));
  await mute.closed();
  await bob.tab.run("connect", "bob", "alice", "chat");
  await alice.tab.freeze(false);
  await wait(bob.tab, "bob/chat", "open");
  assertEquals(await notes(alice.tab, "alice", "disconnected"), []);
});
