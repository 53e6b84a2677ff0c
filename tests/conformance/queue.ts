/** Conversations with peers that are not connected yet. */
import { type Conversation, test } from "../support/side_by_side.ts";
import { closed, error, expire, offer, open } from "./said.ts";

/** Of the 256 that may wait for a destination, what one source may have there. */
const PAIR_MAX = 64;
/** How many frames a client may send at once in {@linkcode BOUNDS}. */
export const FRAMES_MAX = 300;
const TOO_MANY = `Too many frames: ${FRAMES_MAX} at once and 1 a second are allowed`;
/** So many large messages have room in one mailbox, when they are sent at once. */
const WINDOW = 8;
const FOUR = { one: open(), two: open(), three: open(), four: open() };
const LARGE = "x".repeat(60_000);

/** With prefix `/myapp`, and peers that may be listed. */
export const QUEUE: readonly Conversation[] = [
  test.same("[QUEUE-1] what waits comes right after OPEN, in order, before anything newer", async ({ join }) => {
    const alice = await join("alice");
    alice.send({ type: "OFFER", dst: "late", payload: { a: [1, null] } });
    for (let i = 0; i < 5; i++) alice.send({ type: "CANDIDATE", dst: "late", payload: i });
    alice.send({ type: "ANSWER", dst: "late" });
    await alice.fence();
    const late = await join("late");
    alice.send({ type: "CANDIDATE", dst: "late", payload: "newer" });
    await late.got(9);
  }),
  test.same("[QUEUE-6] what waits outlives its source, and comes to whoever holds the id then", async ({ join, unlisted }) => {
    const alice = await join("alice");
    alice.send({ type: "OFFER", dst: "late", payload: "from one who went" });
    await alice.fence();
    await alice.close();
    await unlisted("alice");
    await join("late", { token: "any" });
  }),
  test.same("[MSG-3] LEAVE, HEARTBEAT and unknown types do not wait", async ({ join }) => {
    const alice = await join("alice");
    for (const type of ["LEAVE", "HEARTBEAT", "MUTE"]) alice.send({ type, dst: "late" });
    await alice.fence();
    await join("late");
  }),
  test.differs("[MSG-3] EXPIRE of a client waits too", async ({ join }) => {
    const alice = await join("alice");
    alice.send({ type: "EXPIRE", dst: "late" });
    await alice.fence();
    await join("late");
  })({
    signalbox: { alice: open(), late: open(expire("alice", "late")) },
    incumbent: { alice: open(), late: open() },
  }),
];

/** With 300 frames at once. */
export const BOUNDS: readonly Conversation[] = [
  test.differs("[QUEUE-2] no room for a peer is EXPIRE at once", async ({ join }) => {
    for (const name of ["one", "two", "three", "four"]) {
      const source = await join(name);
      for (let i = 0; i < PAIR_MAX; i++) source.send({ type: "CANDIDATE", dst: "crowded" });
      await source.fence();
    }
    (await join("fifth")).send({ type: "CANDIDATE", dst: "crowded" });
  })({
    signalbox: { ...FOUR, fifth: open(expire("crowded", "fifth")) },
    incumbent: { ...FOUR, fifth: open() },
    row:
      "how much may wait | no bound | bounds for a destination, a source, both, an address, and in all; what finds no room is `EXPIRE` at once",
  }),
  test.differs(
    "[QUEUE-7] a quarter of a mailbox is one source's, what is more is EXPIRE at once",
    async ({ join }) => {
      const carol = await join("carol");
      for (let i = 0; i <= PAIR_MAX; i++) carol.send({ type: "CANDIDATE", dst: "alone" });
    },
  )({ signalbox: { carol: open(expire("alone", "carol")) }, incumbent: { carol: open() } }),
  test.differs("[LIMIT-1] who sends too many frames is closed", async ({ join }) => {
    const [witness, flood] = [await join("witness"), await join("flood")];
    for (let i = 0; i < FRAMES_MAX; i++) flood.send({ type: "HEARTBEAT" });
    await flood.tell(witness);
  })({
    signalbox: { witness: open(), flood: closed(4029, TOO_MANY, error(TOO_MANY)) },
    incumbent: { witness: open(offer("flood", "witness", "from flood")), flood: open() },
    row:
      "how many frames a client may send | no bound | bounds at once and in the long run: `frame_burst`, `frame_rate`",
  }),
];

/** With room for 1,000,000 bytes in all, a quarter of it for the one address of all clients. */
export const SHARES: readonly Conversation[] = [
  test.differs("[QUEUE-8] no room for an address is EXPIRE at once", async ({ join }) => {
    const bob = await join("bob");
    for (let i = 0; i <= 4; i++) bob.send({ type: "OFFER", dst: `void-${i}`, payload: LARGE });
  })({ signalbox: { bob: open(expire("void-4", "bob")) }, incumbent: { bob: open() } }),
];

/** With the default prefix, and more bytes than the bounds allow. */
export const UNREAD: readonly Conversation[] = [
  test.differs(
    "[LIMIT-6] what comes for a reader that stopped is refused at a bound, and its source told",
    async ({ join, joinUnread }) => {
      const alice = await join("alice");
      await joinUnread("stuck");
      // 24 MB: more than the system takes, and what signalbox keeps beside it.
      for (let sent = 0; sent < 400 && alice.count() === 1; sent += WINDOW) {
        for (let i = 0; i < WINDOW; i++) {
          alice.send({ type: "CANDIDATE", dst: "stuck", payload: LARGE });
        }
        await alice.fence();
      }
    },
  )({
    signalbox: { alice: open(expire("stuck", "alice")) },
    incumbent: { alice: open() },
    row:
      "a client that stopped reading | everything for it is kept, without a bound | is cut off at a bound, and who writes to it gets `EXPIRE`",
  }),
];
