/**
 * Messages between threads of one process: they are sent without being stored, and stored if they come back.
 */
import { connId, type Effect, mapGet, millis, type Note, peerId } from "../../core/mod.ts";
import { mapSet } from "../../core/collections/persistent_map.ts";
import { must } from "../../core/collections/must.ts";
import { heldRoute } from "../../core/rules/routes.ts";
import { assertEquals } from "../support/assert.ts";
import { Fleet, frames, type Parcel } from "./fleet.ts";

/** Threads a, b and c; x is on a, y on b, and a knows the way to y. */
function warm(options = {}): Fleet {
  const f = new Fleet("abc", options, true);
  f.open("a", 1, "x");
  f.open("b", 2, "y");
  f.send("a", 1, "y", "first");
  f.pass(1_000);
  f.seen();
  f.effects.length = 0;
  return f;
}

/** Says words to y, whose frames do not arrive. */
function say(f: Fleet, ...words: string[]): Parcel[] {
  for (const payload of words) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload });
  const taken = frames(f);
  f.queue = f.queue.filter((one) => !taken.includes(one));
  return taken;
}

/** Delivers what was taken. */
function deliver(f: Fleet, parcels: readonly Parcel[]): void {
  f.queue.push(...parcels);
  f.run();
  f.pass(0);
}

/** What the notes say of messages. */
function told({ effects }: Fleet): string[] {
  const isOfMessage = (one: Effect): one is Note & { readonly message: unknown } =>
    one.kind === "note" && "message" in one;
  return effects.splice(0).filter(isOfMessage).map(({ what }) => what);
}

/** How many messages a has stored, and for how many ids some are on their way as they are. */
function kept(f: Fleet): [stored: number, onWay: number] {
  return [f.of("a").stored.size, f.cluster("a").onWay.size];
}

Deno.test("[WORKER-11] [NOTE-10] a message whose way is known and free is sent without being stored, and forgotten when it is taken", () => {
  const f = warm();
  const sent = say(f, "1", "2");
  assertEquals([kept(f), told(f)], [[0, 1], ["passed-on", "passed-on"]]);
  deliver(f, sent.slice(0, 1));
  assertEquals(kept(f), [0, 1]);
  deliver(f, sent.slice(1));
  assertEquals(kept(f), [0, 0]);
  assertEquals(f.cluster("a").links.size, 0);
  assertEquals(f.seen(), ["b2 CANDIDATE from x: 1", "b2 CANDIDATE from x: 2"]);
});

Deno.test("[WORKER-11] between processes every message is stored, and so it is while its way is not known", () => {
  const far = new Fleet("ab");
  far.open("a", 1, "x");
  far.open("b", 2, "y");
  far.send("a", 1, "y", "first");
  far.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "next" });
  assertEquals(told(far), ["stored", "stored"]);
  const near = new Fleet("ab", {}, true);
  near.open("a", 1, "x");
  near.open("b", 2, "y");
  for (const payload of ["1", "2"]) near.say("a", 1, { type: "OFFER", dst: "y", payload });
  assertEquals(told(near), ["stored", "stored"]);
  near.run();
  near.pass(0);
  near.say("a", 1, { type: "OFFER", dst: "y", payload: "3" });
  assertEquals(told(near), ["passed-on"]);
  near.run();
  assertEquals(near.seen().slice(2), [1, 2, 3].map((word) => `b2 OFFER from x: ${word}`));
});

Deno.test("[WORKER-11] [NOTE-10] [CLUSTER-25] what bounces comes back, is stored, and goes in its order to where the id is", () => {
  for (const isLate of [false, true]) {
    const f = warm();
    const [first, ...later] = say(f, "1", "2", "3");
    f.open("c", 3, "y");
    f.seen();
    told(f);
    deliver(f, first === undefined ? [] : [first]);
    assertEquals([kept(f), told(f)], [[1, 1], ["waits"]]);
    // The others may still be taken where they were sent.
    if (isLate) f.pass(200);
    deliver(f, later);
    assertEquals([kept(f), told(f), f.seen()], [[3, 0], ["waits", "waits"], []]);
    f.pass(49);
    assertEquals(f.seen(), []);
    f.pass(1);
    f.pass(0);
    assertEquals(f.seen(), [1, 2, 3].map((word) => `c3 CANDIDATE from x: ${word}`));
    assertEquals(kept(f), [0, 0]);
  }
});

Deno.test("[WORKER-11] [LIMIT-6] what its reader has no room for is refused, and nothing else", () => {
  const f = warm();
  const sent = say(f, "1", "2");
  told(f);
  f.queue.push(...sent);
  f.run();
  const [, message] = f.effects.flatMap((one) =>
    one.kind === "send" && one.meaning.kind === "message" ? [one.meaning] : []
  );
  if (message === undefined) throw new Error("It did not come");
  f.seen();
  f.effects.length = 0;
  f.step("b", { kind: "send-refused", conn: connId(2), message });
  f.pass(0);
  assertEquals([f.seen(), told(f)], [["a1 EXPIRE for y"], ["undelivered"]]);
  assertEquals(kept(f), [0, 0]);
});

Deno.test("[WORKER-11] [QUEUE-3] what is not taken before its deadline expires to whoever sent it", () => {
  for (const isThere of [true, false]) {
    const f = warm();
    say(f, "1", "2");
    f.hangUp("a", 1);
    f.run();
    f.open("a", 4, "x", isThere ? {} : { token: "somebody else" });
    f.seen();
    told(f);
    f.pass(4_999, () => false);
    assertEquals([kept(f), f.seen()], [[0, 1], []]);
    f.pass(1, () => false);
    assertEquals([f.seen(), told(f)], [isThere ? ["a4 EXPIRE for y"] : [], ["waits", "waits"]]);
    assertEquals(kept(f), [0, 0]);
    f.pass(500, () => false);
    assertEquals(f.cluster("a").links.size, 0);
  }
});

Deno.test("[WORKER-11] [QUEUE-2] what is not taken and finds no room at its deadline ends then, with the same EXPIRE", () => {
  const f = warm({ queue_limit: 4 });
  say(f, ...Array.from({ length: 20 }, (_, i) => `${i}`));
  f.pass(5_000, () => false);
  assertEquals([kept(f), f.seen()], [[0, 0], ["a1 EXPIRE for y"]]);
});

Deno.test("[WORKER-11] [QUEUE-4] what is on its way to one id expires together, and to another by itself", () => {
  const f = warm();
  f.open("b", 5, "z");
  f.send("a", 1, "z", "first");
  f.pass(1_000);
  f.seen();
  say(f, "1");
  f.pass(400, () => false);
  say(f, "2");
  f.say("a", 1, { type: "OFFER", dst: "z", payload: "3" });
  f.queue = [];
  f.pass(4_600, () => false);
  assertEquals([kept(f), f.seen()], [[1, 1], ["a1 EXPIRE for y"]]);
  f.pass(1_000, () => false);
  assertEquals([kept(f), f.seen()], [[0, 0], ["a1 EXPIRE for z"]]);
});

Deno.test("[WORKER-11] a thread that is silent for 500 ms is asked for again, and what it takes late is taken", () => {
  const f = warm();
  const sent = say(f, "1");
  f.pass(499, () => false);
  f.ran();
  assertEquals([say(f, "2").length, told(f)], [1, ["passed-on", "passed-on"]]);
  f.effects.length = 0;
  f.pass(1, () => false);
  // Nothing gets lost, so nothing is sent again.
  assertEquals(f.effects.splice(0).filter(({ kind }) => kind === "publish"), []);
  f.send("a", 1, "y", "3");
  assertEquals([told(f), f.ran()], [["stored"], ["route"]]);
  deliver(f, sent);
  assertEquals(f.seen()[0], "b2 CANDIDATE from x: 1");
});

Deno.test("[WORKER-11] [CLUSTER-26] what follows by another way waits behind it: here, and at another thread or another socket there", () => {
  for (const node of ["a", "b", "c"]) {
    const f = warm();
    f.open("b", 5, "z");
    f.send("a", 1, "z", "first");
    f.pass(1_000);
    const sent = say(f, "1");
    f.say("a", 1, { type: "CANDIDATE", dst: "z", payload: "of others" });
    sent.push(...frames(f));
    f.queue = [];
    f.open(node, 3, "y");
    f.pass(0);
    const { seq } = must(mapGet(f.engine.claims, peerId("y")));
    const route = heldRoute(f.cluster(node).name, seq, millis(f.now));
    // As if the engine had told it just now.
    if (node !== "a") {
      f.cluster("a", { young: mapSet(f.cluster("a").young, peerId("y"), route) });
    }
    f.seen();
    told(f);
    f.send("a", 1, "y", "2");
    assertEquals(told(f), ["stored"]);
    assertEquals([kept(f), f.seen()], [[1, 2], []]);
    deliver(f, sent);
    f.pass(49);
    assertEquals(f.seen(), ["b5 CANDIDATE from x: of others"]);
    f.pass(1);
    f.pass(0);
    assertEquals(f.seen(), [1, 2].map((word) => `${node}3 CANDIDATE from x: ${word}`));
  }
});

/** The id moves to thread a, of which b has not heard. */
function moveUnheard(f: Fleet): void {
  f.step("a", f.opening(3, "y"));
  f.run((parcel) => parcel.kind === "command" || parcel.to !== "b");
  assertEquals(f.seen(), ["a3 OPEN"]);
}

Deno.test("[WORKER-11] [CLUSTER-26] what waits behind it goes in the moment in which it is taken", () => {
  const f = warm();
  const sent = say(f, "1");
  moveUnheard(f);
  f.send("a", 1, "y", "2");
  assertEquals(f.seen(), []);
  deliver(f, sent);
  f.pass(0);
  assertEquals(f.seen(), ["b2 CANDIDATE from x: 1", "a3 CANDIDATE from x: 2"]);
});

Deno.test("[WORKER-11] [CLUSTER-26] what waits behind it goes once it has expired, also where it finds no room", () => {
  const f = warm({ source_queue_limit: 2, expire_timeout: 1_000 });
  f.open("a", 9, "w");
  f.seen();
  say(f, "1");
  moveUnheard(f);
  f.pass(100, () => false);
  for (let i = 0; i < 16; i++) f.say("a", 1, { type: "OFFER", dst: "absent", payload: `${i}` });
  f.pass(800, () => false);
  f.say("a", 9, { type: "OFFER", dst: "y", payload: "2" });
  assertEquals(f.seen(), []);
  f.pass(100, () => false);
  assertEquals(f.seen().filter((line) => line.startsWith("a3")), ["a3 OFFER from w: 2"]);
});

Deno.test("[WORKER-11] what bounces comes back once, however often that is said", () => {
  const f = warm();
  const [first, ...later] = say(f, "1", "2", "3");
  f.open("b", 5, "z");
  f.say("a", 1, { type: "OFFER", dst: "z", payload: "keeps the link open" });
  f.queue = [];
  f.hangUp("b", 2);
  f.effects.length = 0;
  for (const one of [first, ...later]) if (one !== undefined) deliver(f, [one]);
  const returned = f.effects.flatMap((one) =>
    one.kind === "publish" && one.frame.to === f.cluster("a").name
      ? [one.frame.returned.map(([number]) => number)]
      : []
  );
  assertEquals(returned.flat().length, 3);
  assertEquals(new Set(returned.flat()).size, 3);
});

Deno.test("[WORKER-11] [QUEUE-3] what was not taken is delivered nowhere else: it has no text", () => {
  const f = warm();
  say(f, "1");
  f.pass(300, () => false);
  say(f, "2");
  moveUnheard(f);
  f.pass(6_000, () => false);
  assertEquals(f.seen(), ["a1 EXPIRE for y"]);
});

Deno.test("[WORKER-11] [QUEUE-3] what comes back, and finds nobody, expires to whoever sent it, at its old deadline", () => {
  const f = warm();
  const sent = say(f, "1");
  f.hangUp("b", 2);
  f.pass(1_000, () => false);
  deliver(f, sent);
  f.pass(3_999);
  assertEquals([kept(f), f.seen()], [[1, 0], []]);
  f.pass(1);
  assertEquals([kept(f), f.seen()], [[0, 0], ["a1 EXPIRE for y"]]);
});

Deno.test("[WORKER-11] [CLUSTER-24] what finds no room on the link waits, and goes once there is some", () => {
  const f = warm({
    ...{ frame_rate: 0, byte_rate: 0, max_unsent_bytes: 40_000_000 },
    ...{ source_queue_bytes: 40_000_000, max_queue_bytes: 160_000_000 },
  });
  const long = "l".repeat(250_000);
  for (let i = 0; i < 40; i++) f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: long });
  assertEquals(frames(f).length, 33);
  f.say("a", 1, { type: "CANDIDATE", dst: "y", payload: "short, and last" });
  assertEquals(kept(f), [8, 1]);
  f.run();
  f.pass(1_000);
  const seen = f.seen();
  assertEquals([seen.length, seen.at(-1)], [41, "b2 CANDIDATE from x: short, and last"]);
  assertEquals(kept(f), [0, 0]);
});

Deno.test("[WORKER-11] [QUEUE-4] what comes back and finds no room is refused, with one EXPIRE", () => {
  const f = warm({ queue_limit: 4 });
  const sent = say(f, ...Array.from({ length: 20 }, (_, i) => `${i}`));
  f.hangUp("b", 2);
  told(f);
  deliver(f, sent);
  assertEquals([kept(f), f.seen()], [[8, 0], ["a1 EXPIRE for y"]]);
  const first = told(f).map((what) => what === "waits" ? "w" : "-").join("");
  assertEquals(first, `${"w".repeat(8)}${"-".repeat(12)}`);
});

Deno.test("[WORKER-11] [LIFE-8] what a client had said before it heard of its close goes at once too, and nobody has an EXPIRE", () => {
  const f = warm();
  f.step("a", { kind: "drain-requested", ms: 4_000 });
  f.pass(1_000);
  const [frame] = say(f, "last words");
  assertEquals(told(f).includes("passed-on"), true);
  f.pass(5_500, () => false);
  assertEquals([frame === undefined, f.seen().filter((line) => /EXPIRE for y/.test(line))], [
    false,
    [],
  ]);
});

Deno.test("[WORKER-11] [CLUSTER-16] a thread whose lease is over sends nothing, and what was on its way waits", () => {
  const f = warm();
  say(f, "1");
  told(f);
  f.step("a", { kind: "doorbell-rang" });
  const { conn, nextRequest: next } = f.cluster("a");
  f.queue = [];
  f.step("a", { kind: "engine-answered", conn, request: next - 1, answer: { kind: "gone" } });
  assertEquals([kept(f), told(f)], [[1, 0], ["waits"]]);
  f.pass(5_000, () => false);
  assertEquals(f.seen().includes("a1 EXPIRE for y"), true);
  // A thread that is cut takes what others send: nobody would send it again.
  const cut = warm();
  const [frame] = say(cut, "taken");
  cut.cluster("b", { leaseUntil: millis(cut.now) });
  deliver(cut, frame === undefined ? [] : [frame]);
  assertEquals(cut.seen(), ["b2 CANDIDATE from x: taken"]);
  told(cut);
  cut.cluster("a", { leaseUntil: millis(cut.now) });
  assertEquals([say(cut, "2"), told(cut)], [[], ["stored"]]);
});

Deno.test("[WORKER-11] [CLUSTER-27] a LEAVE goes the same way, and has no EXPIRE", () => {
  const f = warm();
  f.say("a", 1, { type: "LEAVE", dst: "y" });
  assertEquals(told(f), ["passed-on"]);
  f.queue = [];
  f.pass(6_000, () => false);
  assertEquals(f.seen(), []);
});
