/**
 * Conversations about deadlines: of messages that wait, and of clients that are silent.
 *
 * That something comes too early or too late shows in the order of what comes. Time passes where the next
 * input has to come later than the one before; nothing waits for a rule that way.
 */
import type { Actor } from "../support/actor.ts";
import { type Conversation, test } from "../support/side_by_side.ts";
import { closed, dropped, expire, NO_CODE, offer, OPEN, open } from "./said.ts";

/** How long a message waits in {@linkcode DEADLINES}. */
export const EXPIRE_MS = 1_000;
/** How long a client may be silent in {@linkcode DEADLINES}. */
export const ALIVE_MS = 2_000;
/** Half of the time that a message waits: far from both ends. */
const LATER_MS = EXPIRE_MS / 2;
/** More than twice the 300 ms between two looks that the incumbent takes at its clients. */
const LATER_THAN_A_LOOK_MS = 700;
const SILENT = `No valid message for ${ALIVE_MS} ms`;

/** With messages that wait for 1 s, clients that may be silent for 2 s, and looks every 20 ms. */
export const DEADLINES: readonly Conversation[] = [
  test.same("[QUEUE-3] a source that went and came back gets its EXPIRE", async ({ join, unlisted }) => {
    const alice = await join("alice");
    alice.send({ type: "OFFER", dst: "nobody" });
    await alice.fence();
    await alice.close();
    await unlisted("alice");
    const again = await join("alice again", { id: "alice" });
    await again.got(2);
  }),
  test.differs(
    "[QUEUE-3] whoever has the id of the source by now gets no EXPIRE of it",
    async ({ join, unlisted }) => {
      const alice = await join("alice");
      alice.send({ type: "OFFER", dst: "nobody" });
      await alice.fence();
      await alice.close();
      await unlisted("alice");
      const [bob] = [await join("bob"), await join("other", { id: "alice", token: "another" })];
      bob.send({ type: "OFFER", dst: "nobody else" });
      await bob.got(2);
    },
  )({
    signalbox: { alice: [OPEN, NO_CODE], bob: open(expire("nobody else", "bob")), other: open() },
    incumbent: {
      alice: dropped(),
      bob: open(expire("nobody else", "bob")),
      other: open(expire("nobody", "alice")),
    },
  }),
  test.differs("[MSG-3] each message has its own deadline", async ({ join }) => {
    const [early, late] = [await join("early"), await join("late")];
    early.send({ type: "OFFER", dst: "awaited" });
    await pass(LATER_MS);
    late.send({ type: "OFFER", dst: "awaited" });
    await early.got(2);
    await join("awaited");
  })({
    signalbox: {
      early: open(expire("awaited", "early")),
      late: open(),
      awaited: open(offer("late", "awaited")),
    },
    incumbent: {
      early: open(expire("awaited", "early")),
      late: open(expire("awaited", "late")),
      awaited: open(),
    },
    row:
      "a message for an absent peer | waits with its whole queue, from when the queue was made | waits `expire_timeout`, each on its own",
  }),
  test.differs("[MSG-5] [LIFE-1] every message keeps a client alive", async ({ join }) => {
    const talker = await join("talker");
    await pass(LATER_THAN_A_LOOK_MS);
    const silent = await join("silent");
    await talker.fence();
    await pass(LATER_THAN_A_LOOK_MS);
    await talker.fence();
    await Promise.race([talker.ended(), silent.ended()]);
  })({
    signalbox: { talker: open(), silent: closed(4008, SILENT) },
    incumbent: { talker: dropped(), silent: open() },
    row: "what counts as a sign of life | heartbeats | heartbeats and messages",
  }),
  test.differs("[OPEN-5] [LIFE-1] a takeover starts the clock anew", async ({ connect, join }) => {
    const old = await join("old", { id: "comes-back" });
    await pass(LATER_THAN_A_LOOK_MS);
    const between = await join("between");
    await pass(LATER_THAN_A_LOOK_MS);
    const newer = await connect("newer", { id: "comes-back" });
    await Promise.race([newer.ended(), between.ended()]);
    await old.tell(between);
  })({
    signalbox: {
      old: closed(4000, "Replaced by a newer connection with the same id and token"),
      between: closed(4008, SILENT),
      newer: open(),
    },
    incumbent: {
      old: open(),
      between: open(offer("comes-back", "between", "from old")),
      newer: [NO_CODE],
    },
  }),
];

/** With messages that wait for 150 ms, and an incumbent that looks for them every 20. */
export const EXPIRY: readonly Conversation[] = [
  test.same("[QUEUE-3] a message that nobody fetched comes back as EXPIRE, and is gone", async ({ join }) => {
    const alice = await join("alice");
    alice.send({ type: "OFFER", dst: "late", payload: "lost" });
    await alice.got(2);
    await join("late");
  }),
  test.same("[QUEUE-4] an offer and its candidates expire with one EXPIRE, a new attempt with another", async ({ join }) => {
    const alice = await join("alice");
    for (let attempt = 1; attempt <= 2; attempt++) {
      alice.send({ type: "OFFER", dst: "nobody", payload: attempt });
      for (let i = 0; i < 5; i++) alice.send({ type: "CANDIDATE", dst: "nobody", payload: i });
      await alice.got(1 + attempt);
    }
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

/** Lets time pass before the next input. */
function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
