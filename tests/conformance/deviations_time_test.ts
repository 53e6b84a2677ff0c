/**
 * Where signalbox is right on purpose: what is due when.
 *
 * Each step holds one conversation with signalbox and with the real incumbent, and states what each is to do.
 * That something comes too early or too late shows in the order of what comes. Time passes where the
 * next input has to come later than the one before; nothing waits for a rule that way.
 *
 * @module
 */
import { connect, type Deviation, join, testDeviations, typesOf } from "../support/deviation.ts";
import type { PeerSocket } from "../support/peer_socket.ts";

const EXPIRE_MS = 600;
const ALIVE_MS = 1_000;
/** Half of the time a message waits: far from both ends. */
const LATER_MS = EXPIRE_MS / 2;
/** More than the 300 ms between two looks that the incumbent takes at its clients. */
const LATER_THAN_A_LOOK_MS = 350;

const DEADLINES: readonly Deviation[] = [
  {
    name: "[MSG-3] each message has its own deadline; the incumbent's queue has one",
    talk: async (target) => {
      await using early = await join(target, "early");
      await using late = await join(target, "late");
      early.send({ type: "OFFER", dst: "awaited" });
      await pass(LATER_MS);
      late.send({ type: "OFFER", dst: "awaited" });
      const told = await early.next();
      await using awaited = await join(target, "awaited");
      return {
        told,
        delivered: (await awaited.fence()).frames,
        late: typesOf((await late.fence()).frames),
      };
    },
    signalbox: {
      told: { type: "EXPIRE", src: "awaited", dst: "early" },
      delivered: [{ type: "OFFER", src: "late", dst: "awaited" }],
      late: [],
    },
    incumbent: {
      told: { type: "EXPIRE", src: "awaited", dst: "early" },
      delivered: [],
      late: ["EXPIRE"],
    },
  },
  {
    name:
      "[MSG-5] [LIFE-1] every transmission keeps a client alive; at the incumbent only HEARTBEAT",
    talk: async (target) => {
      await using talker = await join(target, "talks");
      await pass(LATER_THAN_A_LOOK_MS);
      await using silent = await join(target, "is-silent");
      await talker.fence();
      await pass(LATER_THAN_A_LOOK_MS);
      await talker.fence();
      return await firstClosed({ talker, silent });
    },
    signalbox: { name: "silent", code: 4008 },
    incumbent: { name: "talker", code: 1005 },
  },
  {
    name: "[OPEN-5] a takeover starts the clock anew; the incumbent goes on with the old one's",
    talk: async (target) => {
      await using _old = await join(target, "comes-back");
      await pass(LATER_THAN_A_LOOK_MS);
      await using between = await join(target, "between");
      await pass(LATER_THAN_A_LOOK_MS);
      await using newer = await connect(target, "comes-back");
      return await firstClosed({ newer, between });
    },
    signalbox: { name: "between", code: 4008 },
    incumbent: { name: "newer", code: 1005 },
  },
];

const EXPIRY: readonly Deviation[] = [
  {
    name: "[QUEUE-3] EXPIRE comes when it is due; the incumbent's at its next look",
    talk: async (target) => {
      await using socket = await join(target, "waits");
      await expired(socket);
      const sentAt = performance.now();
      socket.send({ type: "OFFER", dst: "nobody" });
      await socket.next();
      const tookMs = performance.now() - sentAt;
      return { early: tookMs < 100, late: tookMs > 600 };
    },
    signalbox: { early: false, late: false },
    incumbent: { early: false, late: true },
  },
  {
    name: "[QUEUE-3] [QUEUE-5] every pair gets its EXPIRE; the incumbent takes a_b, c for a, b_c",
    talk: async (target) => {
      await using first = await join(target, "a_b");
      await using second = await join(target, "a");
      await using last = await join(target, "z");
      await expired(last);
      first.send({ type: "OFFER", dst: "c" });
      await first.fence();
      second.send({ type: "OFFER", dst: "b_c" });
      await second.fence();
      last.send({ type: "OFFER", dst: "nobody" });
      await last.next();
      return [(await first.fence()).frames, (await second.fence()).frames];
    },
    signalbox: [
      [{ type: "EXPIRE", src: "c", dst: "a_b" }],
      [{ type: "EXPIRE", src: "b_c", dst: "a" }],
    ],
    incumbent: [[{ type: "EXPIRE", src: "c", dst: "a_b" }], []],
  },
];

testDeviations({
  name: "deviations: deadlines, where the incumbent looks for expired messages every 20 ms",
  options: { expire_timeout: EXPIRE_MS, alive_timeout: ALIVE_MS, cleanup_out_msgs: 20 },
}, DEADLINES);

testDeviations({
  name: "deviations: expiry, where the incumbent looks every second, its default",
  options: { expire_timeout: 100 },
}, EXPIRY);

/** Lets time pass before the next input. */
function pass(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Lets one message expire: at the incumbent, that is the moment right after it looked. */
async function expired(socket: PeerSocket): Promise<void> {
  socket.send({ type: "OFFER", dst: "nobody-yet" });
  await socket.next();
}

async function firstClosed(
  sockets: Readonly<Record<string, PeerSocket>>,
): Promise<{ readonly name: string; readonly code: number }> {
  return await Promise.race(
    Object.entries(sockets).map(async ([name, socket]) => {
      const { code } = await socket.closed;
      return { name, code };
    }),
  );
}
