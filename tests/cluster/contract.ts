/** What two nodes do for their clients, whatever the engine is between them. */
import type { PartialSettings } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { join, type Place, refusal } from "../support/peer_socket.ts";

/** A node as its clients know it. */
export interface Node extends Place {
  readonly stop: () => Promise<void>;
}

export interface Given {
  /** Starts two nodes. */
  readonly two: (options?: PartialSettings) => Promise<readonly [Node, Node]>;
  /** Settles when the engine knows of an id for which mail waits. */
  readonly mailIsKnown: () => Promise<void>;
}

export function offer(dst: string, payload: unknown = "sdp"): unknown {
  return { type: "OFFER", dst, payload };
}

/** Declares the tests that every engine must pass. */
export function engineContract(
  test: (name: string, body: (given: Given) => Promise<void>) => void,
): void {
  test("[CLUSTER-23] a peer of one node sends to a peer of another, both ways and in order", async ({ two }) => {
    const [one, other] = await two();
    await using a = await join(one, "a");
    await using b = await join(other, "b");
    for (const payload of ["1", "ünï 𝄞", "3"]) a.send(offer("b", payload));
    for (const payload of ["1", "ünï 𝄞", "3"]) {
      assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b", payload });
    }
    b.send({ type: "ANSWER", dst: "a", payload: { sdp: "s" } });
    assertEquals(await a.next(), { type: "ANSWER", src: "b", dst: "a", payload: { sdp: "s" } });
    a.send({ type: "LEAVE", dst: "b" });
    assertEquals(await b.next(), { type: "LEAVE", src: "a", dst: "b" });
  });

  test("[CLUSTER-22] the same token takes an id over from another node, which closes the old socket with 4000", async ({ two }) => {
    const [one, other] = await two();
    await using old = await join(one, "a");
    await using fresh = await join(other, "a");
    assertEquals((await old.closed).code, 4_000);
    await using b = await join(one, "b");
    b.send(offer("a"));
    assertEquals(await fresh.next(), { type: "OFFER", src: "b", dst: "a", payload: "sdp" });
  });

  test("[CLUSTER-17] an id that another token holds at another node is taken", async ({ two }) => {
    const [one, other] = await two();
    await using a = await join(one, "a");
    const [, { code }] = await refusal(other, { id: "a", token: "another" });
    assertEquals([code, (await a.fence()).closed], [4_001, null]);
  });

  test("[CLUSTER-23] a message waits at its sender's node for an id that opens at another", async ({ two, mailIsKnown }) => {
    const [one, other] = await two({ expire_timeout: 2_000 });
    await using a = await join(one, "a");
    a.send(offer("late", 1));
    a.send(offer("late", 2));
    await mailIsKnown();
    await using late = await join(other, "late");
    for (const payload of [1, 2]) {
      assertEquals(await late.next(), { type: "OFFER", src: "a", dst: "late", payload });
    }
    a.send({ type: "OFFER", dst: "nobody", payload: "x" });
    assertEquals(await a.next(), { type: "EXPIRE", src: "nobody", dst: "a" });
  });

  test("[CLUSTER-19] a node that stops gives its ids up: another token has them at once elsewhere", async ({ two }) => {
    const [one, other] = await two();
    await using a = await join(other, "a");
    await other.stop();
    assertEquals((await a.closed).code, 1_001);
    await using again = await join(one, "a", { token: "another" });
    assertEquals((await again.fence()).closed, null);
  });
}
