/**
 * Messages between nodes: routes, links, acknowledgements, bounces.
 */
import { connId } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { Fleet, frames, isFrame, type Parcel } from "./fleet.ts";

/** Nodes a and b, x on a and y on b, and a message that made the route known. */
function warm(options = {}): Fleet {
  const f = new Fleet("abc", options);
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "first");
  f.pass(1_000);
  f.seen();
  f.ran();
  return f;
}

const noFrames = (parcel: Parcel): boolean => !isFrame(parcel);

function nodeOf(f: Fleet, letter: string): NonNullable<ReturnType<Fleet["of"]>["cluster"]> {
  const { cluster } = f.of(letter);
  assert(cluster !== null);
  return cluster;
}

Deno.test("[CLUSTER-23] a message to another node asks once who holds the id, and then costs one frame", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.ran();
  for (const word of ["1", "2", "3"]) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: word });
  f.run();
  assertEquals(f.ran(), ["route"]);
  for (const word of ["4", "5"]) {
    f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: word });
    assertEquals(frames(f).length, 1);
    f.run();
  }
  assertEquals(f.ran(), []);
  assertEquals(f.seen().slice(2), [1, 2, 3, 4, 5].map((n) => `b2 CANDIDATE from x: ${n}`));
  f.pass(250);
  assertEquals([f.of("a").stored.size, nodeOf(f, "a").links.size], [0, 0]);
});

Deno.test("[CLUSTER-23] what waits for an absent id is sent when it opens on another node, and expires otherwise", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.send("a", 1, "y", "for later");
  f.send("a", 1, "nobody", "for nobody");
  f.pass(4_000);
  f.open("b", 2, "y");
  f.pass(1_000);
  assertEquals(f.seen(), [
    "a1 OPEN",
    "b2 OPEN",
    "b2 CANDIDATE from x: for later",
    "a1 EXPIRE for nobody",
  ]);
});

Deno.test("[CLUSTER-23] an id that was absent is asked for again after expire_timeout", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.send("a", 1, "y", "1");
  f.ran();
  f.send("a", 1, "y", "2");
  assertEquals(f.ran(), []);
  f.pass(5_000);
  f.ran();
  f.send("a", 1, "y", "3");
  assertEquals(f.ran(), ["route"]);
});

Deno.test("[CLUSTER-23] an id with a lone surrogate is on no other node, and one the engine has no room for expires", () => {
  const f = new Fleet("a");
  f.open("a", 1, "x");
  f.ran();
  f.send("a", 1, "\ud800", "unpaired");
  assertEquals(f.ran(), []);
  f.engine = { ...f.engine, bounds: { ...f.engine.bounds, waiting: 0 } };
  f.send("a", 1, "y", "crowded");
  f.say("a", 1, { type: "CANDIDATE", dst: "z", payload: "failed" });
  const [parcel] = f.queue.splice(0);
  assert(parcel?.kind === "command");
  const { request, command: { conn } } = parcel.ask;
  f.step("a", { kind: "engine-failed", conn, request, why: "OOM" });
  f.pass(5_000);
  assertEquals(
    f.seen().slice(1),
    ["EXPIRE for \ud800", "EXPIRE for y", "EXPIRE for z"].map((s) => `a1 ${s}`),
  );
  f.ran();
  f.send("a", 1, "z", "asks again");
  assertEquals(f.ran(), ["route"]);
});

Deno.test("[CLUSTER-23] without the engine messages wait, and go on when it is back", () => {
  const f = warm();
  f.open("c", 3, "z");
  f.seen();
  f.step("a", { kind: "engine-lost" });
  f.send("a", 1, "z", "waits");
  f.send("a", 1, "y", "known");
  assertEquals(f.seen(), ["b2 CANDIDATE from x: known"]);
  f.connect("a");
  f.pass(0);
  f.run();
  f.pass(1);
  assertEquals(f.seen(), ["c3 CANDIDATE from x: waits"]);
});

Deno.test("[CLUSTER-24] what is lost is sent again after 500 ms, is taken once, and in order", () => {
  const f = warm();
  for (const word of ["1", "2", "3"]) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: word });
  const [, second, third] = f.queue.splice(0);
  assert(second !== undefined && third !== undefined);
  f.queue = [third, second];
  f.run();
  assertEquals(f.seen(), [], "a gap: the first is missing");
  f.pass(499);
  assertEquals(f.seen(), []);
  f.pass(1);
  f.queue = [second, third];
  f.run();
  assertEquals(f.seen(), [1, 2, 3].map((n) => `b2 CANDIDATE from x: ${n}`));
  f.pass(5_000);
  assertEquals([f.seen(), f.of("a").stored.size], [[], 0]);
});

Deno.test("[CLUSTER-24] a number whose message has expired is empty, and does not hold up the next", () => {
  const f = warm();
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "expires" });
  f.run(noFrames);
  f.pass(4_900, noFrames);
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "stays" });
  f.run(noFrames);
  f.pass(200, noFrames);
  assertEquals(f.seen(), ["a1 EXPIRE for y"]);
  f.pass(1_000);
  assertEquals(f.seen(), ["b2 CANDIDATE from x: stays"]);
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "gone" });
  f.run(noFrames);
  f.pass(5_500, noFrames);
  assertEquals([f.seen(), nodeOf(f, "a").links.size], [["a1 EXPIRE for y"], 0]);
  f.send("a", 1, "y", "over the next link");
  assertEquals(f.seen(), ["b2 CANDIDATE from x: over the next link"]);
});

Deno.test("[CLUSTER-24] an acknowledgement comes after 16 messages or 250 ms, or with a frame that goes anyway", () => {
  const f = warm();
  for (let i = 0; i < 15; i++) f.send("a", 1, "y", `${i}`);
  f.pass(249);
  assertEquals(f.of("a").stored.size, 15);
  f.pass(1);
  assertEquals(f.of("a").stored.size, 0);
  for (let i = 0; i < 16; i++) f.send("a", 1, "y", `${i}`);
  f.pass(0);
  assertEquals(f.of("a").stored.size, 0);
  f.send("a", 1, "y", "asks");
  f.send("b", 2, "x", "answers");
  f.send("b", 2, "x", "answers again");
  assertEquals(f.of("a").stored.size, 0);
});

Deno.test("[CLUSTER-25] a message for an earlier claim bounces, and follows the id, in order", () => {
  const f = warm();
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "1" });
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "2" });
  const late = f.queue.splice(0);
  f.open("c", 3, "y");
  f.queue = late;
  f.run();
  f.send("a", 1, "y", "3");
  assertEquals(f.seen(), ["c3 OPEN", "b2 closed 4000"]);
  f.pass(1_000);
  assertEquals(f.seen(), [1, 2, 3].map((n) => `c3 CANDIDATE from x: ${n}`));
});

Deno.test("[CLUSTER-25] what follows a bounce bounces too, so that it does not overtake", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.send("a", 1, "y", "1");
  // The engine has claimed the id, and its node does not know yet.
  f.step("b", f.opening(2, "y"));
  const isAnswer = (parcel: Parcel): boolean =>
    parcel.kind === "event" && parcel.to === "b" && parcel.event.kind === "engine-answered";
  const held: Parcel[] = [];
  f.run((parcel) => !isAnswer(parcel) || !held.push(parcel));
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "2" });
  const [early] = frames(f);
  f.queue = held;
  f.run();
  assert(early !== undefined);
  f.queue = [early];
  f.run();
  f.pass(1_000);
  assertEquals(f.seen(), [
    "a1 OPEN",
    "b2 OPEN",
    "b2 CANDIDATE from x: 1",
    "b2 CANDIDATE from x: 2",
  ]);
});

Deno.test("[CLUSTER-25] [MSG-12] [LIMIT-6] a send that fails for another node goes back to its sender's node", () => {
  const f = warm();
  f.send("a", 1, "y", "1");
  const sent = f.effects.findLast(({ kind }) => kind === "send");
  assert(sent?.kind === "send" && sent.meaning.kind === "message");
  f.step("b", { kind: "send-refused", conn: connId(2), message: sent.meaning });
  f.pass(0);
  assertEquals(f.seen(), ["b2 CANDIDATE from x: 1", "a1 EXPIRE for y"]);
  f.send("a", 1, "y", "2");
  const second = f.effects.findLast(({ kind }) => kind === "send");
  assert(second?.kind === "send" && second.meaning.kind === "message");
  f.step("b", { kind: "send-failed", conn: connId(2), message: second.meaning });
  f.pass(100);
  f.open("c", 3, "y");
  assertEquals(f.seen(), ["b2 CANDIDATE from x: 2", "c3 OPEN", "c3 CANDIDATE from x: 2"]);
  // Acknowledged already: the message is this node's.
  f.pass(300);
  f.step("c", { kind: "send-refused", conn: connId(3), message: second.meaning });
  f.step("c", { kind: "send-failed", conn: connId(3), message: second.meaning });
  assertEquals(f.of("c").stored.size, 1);
});

Deno.test("[CLUSTER-26] what may come back from another node holds up messages to the same id", () => {
  const f = warm();
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "1" });
  const late = f.queue.splice(0);
  f.open("a", 3, "y");
  f.send("a", 1, "y", "2");
  assertEquals(f.seen(), ["a3 OPEN", "b2 closed 4000"]);
  f.queue = late;
  f.run();
  f.pass(500);
  assertEquals(f.seen(), ["a3 CANDIDATE from x: 1", "a3 CANDIDATE from x: 2"]);
});

Deno.test("[CLUSTER-26] after 3 s a node that is silent holds up nothing", () => {
  const f = warm();
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "lost" });
  f.queue = [];
  f.states.delete("b");
  f.open("c", 3, "y");
  f.pass(600);
  f.send("a", 1, "y", "next");
  f.seen();
  f.pass(2_000);
  assertEquals(f.seen(), []);
  f.pass(500);
  assertEquals(f.seen(), ["c3 CANDIDATE from x: next"]);
  f.pass(2_000);
  assertEquals(f.seen(), ["a1 EXPIRE for y"]);
});

Deno.test("[CLUSTER-26] under another name nothing that was on a link is sent again, nor holds anything up", () => {
  const f = warm({ expire_timeout: 60_000 });
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "unknown" });
  f.queue = [];
  const isOther = (parcel: Parcel): boolean =>
    parcel.kind === "command"
      ? parcel.from !== "a" && parcel.ask.command.kind !== "reap"
      : parcel.to !== "a" && !isFrame(parcel);
  f.pass(15_000, isOther);
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "while cut" });
  f.connect("a");
  f.run();
  f.connect("a");
  f.run();
  f.pass(1);
  assertEquals(f.seen().filter((line) => line.startsWith("b")), ["b2 CANDIDATE from x: while cut"]);
});

Deno.test("[CLUSTER-27] a LEAVE goes to another node if a route is known, and never has an EXPIRE", () => {
  const f = warm();
  f.say("a", 1, { type: "LEAVE", dst: "y" });
  f.run();
  assertEquals(f.seen(), ["b2 LEAVE from x"]);
  f.send("a", 1, "z", "", "LEAVE");
  assertEquals(f.of("a").stored.size, 1, "the one that is not acknowledged yet");
  f.pass(1_000);
  f.say("a", 1, { type: "LEAVE", dst: "y" });
  f.queue = [];
  f.pass(6_000, noFrames);
  assertEquals([f.seen(), f.of("a").stored.size], [[], 0]);
});

Deno.test("[CLUSTER-27] [QUEUE-2] a LEAVE for which there is no room has no EXPIRE either", () => {
  const f = warm({ source_queue_limit: 1 });
  const words = Array.from({ length: 8 }, (_, i) => `${i}`);
  for (const payload of words) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload });
  f.say("a", 1, { type: "LEAVE", dst: "y" });
  f.run();
  assertEquals(f.seen(), words.map((word) => `b2 CANDIDATE from x: ${word}`));
});

Deno.test("[CLUSTER-23] [QUEUE-2] what is on its way to other nodes has 8 times the room of what waits for nobody", () => {
  const limits = { queue_limit: 8, source_queue_limit: 4, frame_rate: 0, byte_rate: 0 };
  const f = warm(limits);
  const words = Array.from({ length: 17 }, (_, i) => `${i}`);
  for (const payload of words) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload });
  assertEquals(f.of("a").stored.size, 16, "a quarter of the mailbox, 8 times");
  for (let i = 0; i < 17; i++) f.say("a", 1, { type: "CANDIDATE", dst: `z${i}`, payload: "" });
  assertEquals(f.of("a").stored.size, 32, "of one source, 8 times");
});

Deno.test("[CLUSTER-23] a claim of this node of which it does not know is given up", () => {
  const f = new Fleet("ab");
  f.open("a", 1, "x");
  f.open("a", 2, "gone");
  f.hangUp("a", 2);
  f.queue = [];
  f.ran();
  f.send("a", 1, "gone", "is anybody there");
  assertEquals([f.ran(), f.engine.claims.size], [["route", "close"], 1]);
  f.seen();
  f.step("a", f.opening(3, "comes"));
  f.say("a", 1, { type: "CANDIDATE", dst: "comes", payload: "early" });
  f.run();
  assertEquals([f.ran(), f.seen()], [["open", "route"], ["a3 OPEN", "a3 CANDIDATE from x: early"]]);
});
