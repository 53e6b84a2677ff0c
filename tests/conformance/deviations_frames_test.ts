/**
 * Where signalbox is right on purpose: what a client may send, and what becomes of it.
 *
 * Each step holds one conversation with signalbox and with the real incumbent, and states what each is to do.
 *
 * @module
 */
import { type Deviation, join, seen, staysListed, testDeviations } from "../support/deviation.ts";
import type { Fenced } from "../support/peer_socket.ts";

/** Signalbox's defaults. */
const BAD_FRAMES_MAX = 16;
const QUEUE_MAX = 256;
/** Room for everything that the steps before the last one leave behind, and for three large messages. */
const QUEUE_MAX_BYTES = 500_000;
const LARGE = "x".repeat(60_000);
/** With an index as the key, the engine's encoder leaves its path without recursion. */
const DEEP = `${'[{"1":'.repeat(8_000)}0${"}]".repeat(8_000)}`;

const NO_FRAMES: Readonly<Record<string, unknown>> = {
  array: [1],
  "no type": {},
  "type not a string": { type: 5, dst: "silent" },
  "OFFER without dst": { type: "OFFER" },
  "ANSWER to a number": { type: "ANSWER", dst: 5 },
  "LEAVE to a number": { type: "LEAVE", dst: 5 },
  "OPEN from a client": { type: "OPEN", dst: "silent" },
  "ID-TAKEN from a client": { type: "ID-TAKEN", dst: "silent" },
  "ERROR from a client": { type: "ERROR", dst: "silent", payload: { msg: "mine" } },
};

const FRAMES: readonly Deviation[] = [
  {
    name: "[MSG-6] what is no frame is answered with ERROR; the incumbent is silent",
    talk: async (target) => {
      await using socket = await join(target, "silent");
      const ends: unknown[] = [];
      for (const [name, frame] of Object.entries(NO_FRAMES)) {
        socket.send(frame);
        ends.push([name, ...explained(await socket.fence())]);
      }
      return ends;
    },
    signalbox: Object.keys(NO_FRAMES).map((name) => [name, "ERROR with a msg", "open"]),
    incumbent: Object.keys(NO_FRAMES).map((name) => [name, "open"]),
  },
  {
    name: "[MSG-6] a binary frame is answered with ERROR; the incumbent passes it on",
    talk: async (target) => {
      await using socket = await join(target, "binary");
      socket.sendRaw(new TextEncoder().encode(JSON.stringify({ type: "OFFER", dst: "binary" })));
      return seen(await socket.fence());
    },
    signalbox: ["ERROR", "open"],
    incumbent: ["OFFER", "open"],
  },
  {
    name: "[MSG-7] who keeps at it is closed with 4010; the incumbent bears anything",
    talk: async (target) => {
      await using socket = await join(target, "keeps-at-it");
      socket.send({ type: 0 });
      const { frames } = await socket.fence();
      for (let i = 0; i < BAD_FRAMES_MAX; i++) socket.send({ type: i });
      if (frames.length === 0) return seen(await socket.fence());
      return (await socket.closed).code;
    },
    signalbox: 4010,
    incumbent: ["open"],
  },
  {
    name: "[MSG-9] over 64 KiB is ERROR and 1009; the incumbent passes it on",
    talk: async (target) => {
      await using receiver = await join(target, "receives-big");
      await using sender = await join(target, "sends-big");
      sender.send({ type: "OFFER", dst: "receives-big", payload: "x".repeat(65_536) });
      await Promise.race([sender.closed, receiver.arrived()]);
      return { sender: seen(await sender.fence()), receiver: seen(await receiver.fence()) };
    },
    signalbox: { sender: ["ERROR", 1009], receiver: ["open"] },
    incumbent: { sender: ["open"], receiver: ["OFFER", "open"] },
  },
  {
    name:
      "[MSG-10] what cannot be encoded is its sender's fault; the incumbent closes the receiver",
    talk: async (target) => {
      await using receiver = await join(target, "receives-deep");
      await using sender = await join(target, "sends-deep");
      sender.sendRaw(`{"type":"OFFER","dst":"receives-deep","payload":${DEEP}}`);
      return { sender: seen(await sender.fence()), receiver: seen(await receiver.fence()) };
    },
    signalbox: { sender: ["ERROR", "open"], receiver: ["open"] },
    incumbent: { sender: ["LEAVE", "open"], receiver: [1005] },
  },
  {
    name: "[MSG-4] LEAVE without dst closes the socket; the incumbent lets it speak on",
    talk: async (target) => {
      await using witness = await join(target, "leave-witness");
      await using socket = await join(target, "leaves");
      socket.send({ type: "LEAVE" });
      await staysListed(target, "leaves", Infinity);
      socket.send({ type: "OFFER", dst: "leave-witness" });
      const end = await Promise.race([
        socket.closed.then(({ code }) => code),
        witness.arrived().then(() => "speaks"),
      ]);
      return { end, heard: seen(await witness.fence()) };
    },
    signalbox: { end: 4009, heard: ["open"] },
    incumbent: { end: "speaks", heard: ["OFFER", "open"] },
  },
];

const QUEUE: readonly Deviation[] = [
  {
    name: "[MSG-3] a client's EXPIRE waits for an absent peer; the incumbent drops it",
    talk: async (target) => {
      await using sender = await join(target, "sends-expire");
      sender.send({ type: "EXPIRE", dst: "comes-later" });
      await sender.fence();
      await using receiver = await join(target, "comes-later");
      return (await receiver.fence()).frames;
    },
    signalbox: [{ type: "EXPIRE", src: "sends-expire", dst: "comes-later" }],
    incumbent: [],
  },
  {
    name: "[QUEUE-2] no room for a peer is EXPIRE at once; the incumbent has no bound",
    talk: async (target) => {
      await using first = await join(target, "fills-half");
      await using second = await join(target, "fills-the-rest");
      for (let i = 0; i < 200; i++) first.send({ type: "CANDIDATE", dst: "crowded" });
      const before = seen(await first.fence());
      for (let i = 200; i <= QUEUE_MAX; i++) second.send({ type: "CANDIDATE", dst: "crowded" });
      return { before, after: (await second.fence()).frames };
    },
    signalbox: {
      before: ["open"],
      after: [{ type: "EXPIRE", src: "crowded", dst: "fills-the-rest" }],
    },
    incumbent: { before: ["open"], after: [] },
  },
  {
    name: "[QUEUE-2] no room for a source is EXPIRE at once; the incumbent has no bound",
    talk: async (target) => {
      await using socket = await join(target, "floods");
      for (let i = 0; i <= QUEUE_MAX; i++) socket.send({ type: "OFFER", dst: `absent-${i}` });
      return (await socket.fence()).frames;
    },
    signalbox: [{ type: "EXPIRE", src: `absent-${QUEUE_MAX}`, dst: "floods" }],
    incumbent: [],
  },
  {
    name: "[QUEUE-2] no room in all is EXPIRE at once; the incumbent has no bound",
    talk: async (target) => {
      await using socket = await join(target, "hoards");
      for (let i = 0; i < 4; i++) socket.send({ type: "OFFER", dst: `void-${i}`, payload: LARGE });
      return (await socket.fence()).frames;
    },
    signalbox: [{ type: "EXPIRE", src: "void-3", dst: "hoards" }],
    incumbent: [],
  },
];

testDeviations({
  name: "deviations: frames, and the room for them",
  options: { allow_discovery: true },
  extra: [`--max_queue_bytes=${QUEUE_MAX_BYTES}`],
}, [...FRAMES, ...QUEUE]);

for (const raw of ["not JSON", "null"]) {
  testDeviations({ name: `deviations: ${raw}` }, [{
    name: `[MSG-6] ${raw} is answered with ERROR; it ends the incumbent`,
    talk: async (target) => {
      await using bystander = await join(target, "bystander");
      await using sender = await join(target, "sender");
      sender.sendRaw(raw);
      return { sender: seen(await sender.fence()), bystander: seen(await bystander.fence()) };
    },
    signalbox: { sender: ["ERROR", "open"], bystander: ["open"] },
    incumbent: { sender: [1006], bystander: [1006] },
  }]);
}

testDeviations({ name: "deviations: shutdown" }, [{
  name: "[LIFE-3] SIGTERM closes every socket with 1001; the incumbent leaves them open",
  talk: async (target) => {
    await using socket = await join(target, "stays");
    await target.interrupt();
    return seen(await socket.fence());
  },
  signalbox: [1001],
  incumbent: ["open"],
}]);

/** As `seen`, but an ERROR must bring the text that the client reads. */
function explained({ frames, closed }: Fenced): readonly unknown[] {
  const told = frames.map((frame) => {
    const { type, payload } = Object(frame);
    return typeof payload?.msg === "string" && payload.msg !== "" ? `${type} with a msg` : type;
  });
  return [...told, closed?.code ?? "open"];
}
