/**
 * The unmodified client in a real browser, against two nodes with a Redis between them. Without a browser or a
 * redis-server the test is ignored, and one line says so, unless `SIGNALBOX_REQUIRE` names what is missing.
 */
import { startDaemon } from "../cluster/daemon.ts";
import { startProxy } from "../cluster/proxy.ts";
import { findRedis } from "../cluster/redis.ts";
import { joins, startNode } from "../cluster/stage.ts";
import { assertEquals } from "../support/assert.ts";
import { chat, connect, expectOpen, notes, type Seat, test, wait } from "./lab.ts";

const search = findRedis();
if (search.kind === "missing" && search.allowed) {
  console.warn(`left out: a test of nodes in a browser: ${search.reason}`);
} else {
  test("[FAULT-33] [CLUSTER-23] two pages on two nodes call each other, and again when one came back from a killed node", async (lab) => {
    if (search.kind === "missing") throw new Error(search.reason);
    await using redis = await startDaemon({ path: search.path });
    await using one = await startNode(redis.url);
    await using two = await startNode(redis.url);
    await Promise.all([joins(one, 1), joins(two, 1)]);
    // As a load balancer does, it takes another node where one is not there.
    await using front = startProxy(one.port, two.port);

    const alice = await lab.arrive({ ...one, port: front.port }, "alice");
    const bob = await lab.arrive(two, "bob");
    await connect(alice, bob, "before");
    await chat(alice, bob, "before", "across");

    await one.stop("SIGKILL");
    await wait(alice.tab, "alice", "disconnected");
    // What a page does in its handler of `disconnected`.
    await alice.tab.run("reconnect", "alice");
    await wait(alice.tab, "alice", "open");
    await expectOpen(alice.tab, "alice");
    // The connection between the pages needs no server.
    await chat(bob, alice, "before", "still there");
    for (const [from, to, label] of [[bob, alice, "to her"], [alice, bob, "to him"]] as Call[]) {
      await connect(from, to, label);
      await chat(from, to, label, "again");
    }
    assertEquals(await notes(bob.tab, "bob", "error"), []);
  });
}

type Call = readonly [from: Seat, to: Seat, label: string];
