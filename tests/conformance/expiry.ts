/**
 * Conversations about messages that nobody fetched.
 *
 * @module
 */
import type { Actor } from "../support/actor.ts";
import type { Conversation } from "../support/side_by_side.ts";
import { pass } from "./deadlines.ts";
import { expire, offer, open } from "./said.ts";

/** With messages that wait for 150 ms, and an incumbent that looks for them every 20. */
export const EXPIRY: readonly Conversation[] = [
  {
    name: "[QUEUE-3] a message that nobody fetched comes back as EXPIRE, and is gone",
    talk: async ({ join }) => {
      const alice = await join("alice");
      alice.send({ type: "OFFER", dst: "late", payload: "lost" });
      await alice.got(2);
      await join("late");
    },
  },
  {
    name: "[MSG-13] one for what is no id comes back with its destination as text",
    talk: async ({ join }) => {
      const alice = await join("alice");
      for (const [i, dst] of [5, true, {}].entries()) {
        alice.send({ type: "OFFER", dst });
        await alice.got(2 + i);
      }
    },
    differs: {
      rules: ["MSG-13"],
      signalbox: {
        alice: open(...["5", "true", "[object Object]"].map((dst) => expire(dst, "alice"))),
      },
      incumbent: {
        alice: open(...[5, true, {}].map((src) => ({ type: "EXPIRE", src, dst: "alice" }))),
      },
    },
  },
  {
    name: "[QUEUE-4] an offer and its candidates expire with one EXPIRE",
    talk: async ({ join }) => {
      const alice = await join("alice");
      alice.send({ type: "OFFER", dst: "nobody" });
      for (let i = 0; i < 5; i++) alice.send({ type: "CANDIDATE", dst: "nobody", payload: i });
      await alice.got(2);
    },
  },
  {
    name: "[QUEUE-4] a new attempt expires anew",
    talk: async ({ join }) => {
      const alice = await join("alice");
      for (let attempt = 1; attempt <= 2; attempt++) {
        alice.send({ type: "OFFER", dst: "nobody", payload: attempt });
        await alice.got(1 + attempt);
      }
    },
  },
  {
    name: "[QUEUE-3] each of several sources gets its EXPIRE",
    talk: async ({ join }) => {
      const sources = [await join("alice"), await join("bob"), await join("carol")];
      for (const source of sources) source.send({ type: "OFFER", dst: "nobody" });
      for (const source of sources) await source.got(2);
    },
  },
  {
    name: "[QUEUE-3] one who sent to several gets an EXPIRE of each, in order",
    talk: async ({ join }) => {
      const alice = await join("alice");
      const absent = ["b", "a", "c", "__proto__"];
      for (const dst of absent) alice.send({ type: "OFFER", dst });
      await alice.got(1 + absent.length);
    },
  },
  {
    name: "[QUEUE-3] where the source went, nobody is told",
    talk: async ({ join, unlisted }) => {
      const [alice, bob] = [await join("alice"), await join("bob")];
      alice.send({ type: "OFFER", dst: "nobody" });
      await alice.fence();
      await alice.close();
      await unlisted("alice");
      bob.send({ type: "OFFER", dst: "another" });
      await bob.got(2);
      await join("nobody");
      await join("alice again", { id: "alice" });
    },
  },
];

/** With messages that wait for 100 ms, and an incumbent that looks for them every second, its default. */
export const LOOKS: readonly Conversation[] = [
  {
    name: "[QUEUE-3] EXPIRE comes when it is due",
    talk: async ({ join }) => {
      const alice = await join("alice");
      await expired(alice);
      alice.send({ type: "OFFER", dst: "nobody" });
      await pass(500);
      alice.send({ type: "OFFER", dst: "alice", payload: "half a second later" });
      await alice.got(4);
    },
    differs: {
      rules: ["QUEUE-3"],
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
    },
  },
  {
    name: "[QUEUE-3] [QUEUE-5] every pair gets its EXPIRE, a_b and c as well as a and b_c",
    talk: async ({ join }) => {
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
    differs: {
      rules: ["QUEUE-3"],
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
      row: {
        about: "a message that nobody fetched",
        incumbent: "`EXPIRE` at the next look, one a second, and none where `a_b` wrote to `c` " +
          "and `a` to `b_c`",
        signalbox: "`EXPIRE` when it is due, to everybody",
      },
    },
  },
];

/** Lets one message expire: at the incumbent, that is the moment right after it looked. */
async function expired(actor: Actor): Promise<void> {
  actor.send({ type: "OFFER", dst: "nobody-yet" });
  await actor.got(2);
}
