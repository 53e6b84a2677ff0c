/** Conversations about messages that nobody fetched. */
import type { Actor } from "../support/actor.ts";
import { type Conversation, test } from "../support/side_by_side.ts";
import { pass } from "./deadlines.ts";
import { expire, offer, open } from "./said.ts";

/** With messages that wait for 150 ms, and an incumbent that looks for them every 20. */
export const EXPIRY: readonly Conversation[] = [
  test.same("[QUEUE-3] a message that nobody fetched comes back as EXPIRE, and is gone", async ({ join }) => {
    const alice = await join("alice");
    alice.send({ type: "OFFER", dst: "late", payload: "lost" });
    await alice.got(2);
    await join("late");
  }),
  test.differs(
    "[MSG-13] one for what is no id comes back with its destination as text",
    async ({ join }) => {
      const alice = await join("alice");
      for (const [i, dst] of [5, true, {}].entries()) {
        alice.send({ type: "OFFER", dst });
        await alice.got(2 + i);
      }
    },
  )({
    signalbox: {
      alice: open(...["5", "true", "[object Object]"].map((dst) => expire(dst, "alice"))),
    },
    incumbent: {
      alice: open(...[5, true, {}].map((src) => ({ type: "EXPIRE", src, dst: "alice" }))),
    },
  }),
  test.same("[QUEUE-4] an offer and its candidates expire with one EXPIRE, a new attempt with another", async ({ join }) => {
    const alice = await join("alice");
    for (let attempt = 1; attempt <= 2; attempt++) {
      alice.send({ type: "OFFER", dst: "nobody", payload: attempt });
      for (let i = 0; i < 5; i++) alice.send({ type: "CANDIDATE", dst: "nobody", payload: i });
      await alice.got(1 + attempt);
    }
  }),
  test.same("[QUEUE-3] one who sent to several gets an EXPIRE of each, in order", async ({ join }) => {
    const alice = await join("alice");
    const absent = ["b", "a", "c", "__proto__"];
    for (const dst of absent) alice.send({ type: "OFFER", dst });
    await alice.got(1 + absent.length);
  }),
];

/** With messages that wait for 100 ms, and an incumbent that looks for them every second, its default. */
export const LOOKS: readonly Conversation[] = [
  test.differs("[QUEUE-3] EXPIRE comes when it is due", async ({ join }) => {
    const alice = await join("alice");
    await expired(alice);
    alice.send({ type: "OFFER", dst: "nobody" });
    await pass(500);
    alice.send({ type: "OFFER", dst: "alice", payload: "half a second later" });
    await alice.got(4);
  })({
    signalbox: {
      alice: open(
        expire("nobody-yet", "alice"),
        expire("nobody", "alice"),
        offer("alice", "alice", "half a second later"),
      ),
    },
    incumbent: {
      alice: open(
        expire("nobody-yet", "alice"),
        offer("alice", "alice", "half a second later"),
        expire("nobody", "alice"),
      ),
    },
  }),
  test.differs(
    "[QUEUE-3] every pair gets its EXPIRE, a_b and c as well as a and b_c",
    async ({ join }) => {
      const [first, second] = [await join("a_b"), await join("a")];
      const last = await join("z");
      await expired(last);
      first.send({ type: "OFFER", dst: "c" });
      await first.fence();
      second.send({ type: "OFFER", dst: "b_c" });
      await second.fence();
      last.send({ type: "OFFER", dst: "nobody" });
      await last.got(3);
    },
  )({
    signalbox: {
      a_b: open(expire("c", "a_b")),
      a: open(expire("b_c", "a")),
      z: open(expire("nobody-yet", "z"), expire("nobody", "z")),
    },
    incumbent: {
      a_b: open(expire("c", "a_b")),
      a: open(),
      z: open(expire("nobody-yet", "z"), expire("nobody", "z")),
    },
    row:
      "a message that nobody fetched | `EXPIRE` at the next look, one a second, and none where `a_b` wrote to `c` and `a` to `b_c` | `EXPIRE` when it is due, to everybody",
  }),
];

/** Lets one message expire: at the incumbent, that is the moment right after it looked. */
async function expired(actor: Actor): Promise<void> {
  actor.send({ type: "OFFER", dst: "nobody-yet" });
  await actor.got(2);
}
