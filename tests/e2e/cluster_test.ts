/**
 * The unmodified client in a real browser, against two nodes with a Redis between them. Without a browser or a
 * redis-server the test is ignored, and one line says so, unless `SIGNALBOX_REQUIRE` names what is missing.
 */
import { startDaemon } from "../cluster/daemon.ts";
import { startProxy } from "../cluster/proxy.ts";
import { findRedis } from "../cluster/redis.ts";
import { joins, startNode } from "../cluster/stage.ts";
import { assertEquals } from "../support/assert.ts";
import { findBrowser, startBrowser } from "../support/browser.ts";
import { chat, connect, expectOpen, notes, openLab, type Seat, wait } from "./lab.ts";

const [browsers, redises] = [findBrowser(), findRedis()];
const missing = [browsers, redises].filter((search) => search.kind === "missing");
for (const { reason } of missing) console.warn(`No test of nodes in a browser runs: ${reason}`);

Deno.test({
  name:
    "two pages on two nodes call each other, and do so again when one node was killed and its page came back on the other [FAULT-33] [CLUSTER-23]",
  ignore: missing.length > 0 && missing.every(({ allowed }) => allowed),
  fn: async () => {
    if (browsers.kind === "missing") throw new Error(browsers.reason);
    if (redises.kind === "missing") throw new Error(redises.reason);
    await using browser = await startBrowser(browsers.path);
    await using redis = await startDaemon({ path: redises.path });
    await using one = await startNode(redis.url);
    await using two = await startNode(redis.url);
    await Promise.all([joins(one, 1), joins(two, 1)]);
    // As a load balancer does, it takes another node where one is not there.
    await using front = startProxy(one.port, two.port);
    await using lab = await openLab(browser);

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
  },
});

type Call = readonly [from: Seat, to: Seat, label: string];
