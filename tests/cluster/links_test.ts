/**
 * What a link does with frames that are late, and what bounds it: as far as it takes more than two words to a peer.
 */
import { millis, peerId } from "../../core/mod.ts";
import { emptyEngine, nodeName } from "../../core/cluster/mod.ts";
import { emptyMap, mapGet, mapHas, mapSet } from "../../core/collections/persistent_map.ts";
import { must } from "../../core/collections/must.ts";
import { assertEquals } from "../support/assert.ts";
import { Fleet, type Parcel } from "./fleet.ts";

const [A, B] = [nodeName("a0"), nodeName("b1")];
const isFrame = (parcel: Parcel): boolean =>
  parcel.kind === "event" && parcel.event.kind === "link-received";

/** Nodes a and b, x on a, y and z on b, and messages that made their routes known. */
function warm(options = {}): Fleet {
  const f = new Fleet("ab", options);
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.open("b", 3, "z");
  for (const id of ["y", "z"]) f.send("a", 1, id, "first");
  f.pass(1_000);
  f.seen();
  f.ran();
  return f;
}

/** Sends a word to a peer; the frame is not delivered. */
function frameTo(f: Fleet, dst: string, word: string): Parcel {
  f.say("a", 1, { type: "CANDIDATE", dst, payload: word });
  const [frame, ...others] = f.queue.splice(0).filter(isFrame);
  assertEquals(others, []);
  return must(frame);
}

Deno.test("[CLUSTER-25] a bounce empties the numbers that follow it to the same id, and no other", () => {
  const f = warm();
  const [one, two, other] = [frameTo(f, "y", "1"), frameTo(f, "y", "2"), frameTo(f, "z", "3")];
  // The claim has another seq by now.
  f.open("b", 4, "y");
  f.queue = [one];
  f.run();
  f.pass(0);
  assertEquals(f.cluster("a").links.size, 1);
  assertEquals(must(mapGet(f.cluster("a").links, B)).open.flat().map(({ serial }) => serial < 0), [
    true,
    false,
  ]);
  f.seen();
  f.queue = [two, other];
  f.run();
  assertEquals(f.seen(), ["b3 CANDIDATE from x: 3"]);
  f.pass(1_000);
  assertEquals(f.seen(), ["b4 CANDIDATE from x: 1", "b4 CANDIDATE from x: 2"]);
});

Deno.test("[CLUSTER-25] a message that bounced waits 50 ms, and its route is asked again", () => {
  for (const isOld of [false, true]) {
    const f = warm();
    if (isOld) f.cluster("a", { young: emptyMap(), old: f.cluster("a").young });
    const frame = frameTo(f, "y", "1");
    f.open("b", 4, "y");
    f.queue = [frame];
    f.run();
    f.pass(0);
    f.ran();
    f.seen();
    f.pass(49);
    assertEquals([f.ran(), f.seen()], [[], []]);
    f.pass(1);
    assertEquals([f.ran(), f.seen()], [["route"], ["b4 CANDIDATE from x: 1"]]);
  }
});

Deno.test("[CLUSTER-25] once its sender has heard of a bounce, messages to the same id bounce no more", () => {
  const f = warm();
  const bounces = frameTo(f, "y", "1");
  f.open("b", 4, "y");
  const open = frameTo(f, "z", "2");
  f.queue = [bounces];
  f.run();
  f.pass(0);
  f.seen();
  // The link stays, for "2" is lost.
  f.pass(500);
  assertEquals(f.seen(), ["b3 CANDIDATE from x: 2", "b4 CANDIDATE from x: 1"]);
  f.queue = [open];
  f.run();
  assertEquals(f.seen(), []);
});

Deno.test("[CLUSTER-24] what comes again is acknowledged at once, for its acknowledgement was lost", () => {
  const f = warm();
  f.send("a", 1, "y", "1");
  f.pass(250, () => false);
  assertEquals(f.of("a").stored.size, 1);
  f.pass(250);
  f.pass(0);
  assertEquals([f.of("a").stored.size, f.seen()], [0, ["b2 CANDIDATE from x: 1"]]);
});

Deno.test("[CLUSTER-24] a message larger than what may be open fits alone, and what waits for room goes with the acknowledgement", () => {
  const f = warm({
    ...{ frame_rate: 0, byte_rate: 0, max_message_bytes: 700_000 },
    ...{ max_unsent_bytes: 4_000_000, source_queue_bytes: 4_000_000 },
  });
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "l".repeat(600_000) });
  f.say("a", 1, { type: "CANDIDATE", dst: "z", payload: "next" });
  assertEquals(f.queue.filter(isFrame).length, 1);
  f.run();
  assertEquals(f.seen().length, 1);
  f.pass(249);
  assertEquals(f.seen(), []);
  f.pass(1);
  assertEquals(f.seen(), ["b3 CANDIDATE from x: next"]);
});

Deno.test("[CLUSTER-26] what waited behind a message goes on once that is taken", () => {
  const f = warm();
  const frame = frameTo(f, "y", "1");
  f.queue = [frame];
  f.run();
  f.open("a", 4, "y");
  f.send("a", 1, "y", "2");
  f.seen();
  f.pass(249);
  assertEquals(f.seen(), []);
  f.pass(1);
  f.pass(0);
  assertEquals(f.seen(), ["a4 CANDIDATE from x: 2"]);
});

Deno.test("[CLUSTER-7] [CLUSTER-23] mail for an absent id is remembered, however much other mail there is", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  for (const id of ["y", "p", "q", "r"]) {
    f.send("a", 1, id, "early");
    f.pass(10);
  }
  f.open("b", 2, "y");
  assertEquals(f.seen().at(-1), "b2 CANDIDATE from x: early");
});

Deno.test("[CLUSTER-21] after a join the engine learns again for whom mail waits", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.send("a", 1, "y", "waits");
  f.engine = { ...f.engine, mail: emptyEngine().mail };
  f.step("a", { kind: "engine-lost" });
  f.connect("a");
  f.run();
  f.pass(0);
  f.open("b", 2, "y");
  assertEquals(f.seen().at(-1), "b2 CANDIDATE from x: waits");
});

Deno.test("[CLUSTER-23] an id that came and went on this node is asked for again", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.send("a", 1, "y", "absent");
  f.open("a", 2, "y");
  f.hangUp("a", 2);
  f.run();
  f.ran();
  f.send("a", 1, "y", "again");
  assertEquals(f.ran(), ["route"]);
});

Deno.test("[CLUSTER-24] a frame or an acknowledgement of an earlier link counts for nothing", () => {
  const f = warm();
  const [first, second] = [frameTo(f, "y", "1"), frameTo(f, "y", "2")];
  f.queue = [first, second];
  f.run();
  const acks: Parcel[] = [];
  f.pass(250, (parcel) => !isFrame(parcel) || acks.push(parcel) === 0);
  f.queue = [...acks];
  f.run();
  assertEquals([acks.length, f.cluster("a").links.size], [1, 0]);
  const next = frameTo(f, "y", "3");
  f.queue = [...acks];
  f.run();
  assertEquals(f.of("a").stored.size, 1, "an acknowledgement of the link before");
  f.queue = [next, second, first];
  f.run();
  f.pass(1_000);
  assertEquals(f.seen(), [1, 2, 3].map((n) => `b2 CANDIDATE from x: ${n}`));
});

Deno.test("[CLUSTER-24] a frame that names an earlier first number than one before it counts for nothing", () => {
  const f = warm();
  const [one, two] = [frameTo(f, "y", "1"), frameTo(f, "y", "2")];
  f.queue = [one];
  f.run();
  // Acknowledged with what goes the other way: from now on a frame of a begins with number 2.
  f.send("b", 2, "x", "back");
  f.send("b", 2, "x", "back again");
  const three = frameTo(f, "y", "3");
  f.queue = [three];
  f.run();
  const before = mapGet(f.cluster("b").incoming, A);
  f.queue = [two];
  f.run();
  assertEquals([before?.base, mapGet(f.cluster("b").incoming, A)], [2, before]);
  f.seen();
  f.pass(1_000);
  assertEquals(f.seen(), ["b2 CANDIDATE from x: 2", "b2 CANDIDATE from x: 3"]);
});

Deno.test("[CLUSTER-24] of 1,024 links from other nodes the one that is silent for longest is forgotten", () => {
  for (const count of [1_023, 1_024]) {
    const f = warm();
    const link = { ...must(mapGet(f.cluster("b").incoming, A)), ackAt: null };
    let incoming = emptyMap<typeof A, typeof link>();
    for (let i = 0; i < count; i++) {
      const heardAt = millis(f.now - (i === 500 ? 9 : 1));
      incoming = mapSet(incoming, nodeName(`n${i}`), { ...link, heardAt });
    }
    f.cluster("b", { incoming });
    f.send("a", 1, "y", "new");
    const { incoming: left } = f.cluster("b");
    const isKept = mapHas(left, nodeName("n500"));
    assertEquals([left.size, isKept, mapHas(left, A)], [1_024, count === 1_023, true]);
    assertEquals(f.seen(), ["b2 CANDIDATE from x: new"]);
  }
});

Deno.test("[CLUSTER-26] after 3 s what waits goes to who holds the id here, and what is on a link stays there", () => {
  const f = warm();
  frameTo(f, "y", "lost");
  f.states.delete("b");
  f.open("a", 4, "y");
  f.send("a", 1, "y", "next");
  f.seen();
  f.pass(2_999);
  assertEquals(f.seen(), []);
  f.pass(1);
  assertEquals(f.seen(), ["a4 CANDIDATE from x: next"]);
  assertEquals([f.of("a").stored.size, f.cluster("a").flights.size], [1, 1]);
  f.pass(2_000);
  assertEquals(f.seen(), ["a1 EXPIRE for y"]);
});

Deno.test("[CLUSTER-23] an answer that names the asking node itself is no route: the engine is asked again after 50 ms", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "1" });
  const { request, command: { conn } } = f.onlyCommand();
  f.answer("a", conn, request, { kind: "held", node: A, seq: 9 });
  f.run();
  f.ran();
  f.pass(49);
  assertEquals([f.ran(), f.cluster("a").links.size], [[], 0]);
  f.open("b", 2, "y");
  f.ran();
  f.pass(1);
  assertEquals(f.ran(), ["route"]);
  assertEquals(f.seen().at(-1), "b2 CANDIDATE from x: 1");
});

Deno.test("[CLUSTER-23] 16,384 routes are remembered, twice, and each for 3 s", () => {
  const f = warm();
  let { young } = f.cluster("a");
  const until = millis(f.now + 9_000);
  for (let i = young.size; i < 16_384; i++) {
    young = mapSet(young, peerId(`p${i}`), { kind: "absent", until });
  }
  f.cluster("a", { young });
  f.open("b", 4, "new");
  f.send("a", 1, "y", "of the younger half");
  f.pass(2_000);
  f.send("a", 1, "y", "asked again, and in the same half");
  assertEquals([f.cluster("a").young.size, f.cluster("a").old.size], [16_384, 0]);
  f.ran();
  f.send("a", 1, "new", "no room");
  assertEquals([f.cluster("a").young.size, f.cluster("a").old.size], [1, 16_384]);
  assertEquals(f.ran(), ["route"]);
  f.send("a", 1, "y", "of the older half");
  f.pass(2_999);
  f.ran();
  f.send("a", 1, "y", "in time");
  assertEquals(f.ran(), []);
  f.pass(1);
  f.ran();
  f.send("a", 1, "y", "after 3 s");
  assertEquals(f.ran(), ["route"]);
});

Deno.test("[CLUSTER-21] a route that was asked over an earlier connection is asked again", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "1" });
  f.queue = [];
  f.step("a", { kind: "engine-lost" });
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "2" });
  assertEquals(f.queue, []);
  f.connect("a");
  f.hold((parcel) => parcel.kind === "command" && parcel.ask.command.kind === "pull");
  f.ran();
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "3" });
  f.run();
  assertEquals(f.ran(), ["route"]);
  assertEquals(f.seen().slice(2), [1, 2, 3].map((n) => `b2 CANDIDATE from x: ${n}`));
});
