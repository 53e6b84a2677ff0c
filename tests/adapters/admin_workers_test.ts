/** How the admin port makes one server of what its workers answer. */
import { createAttemptWatch } from "../../adapters/admin/attempt_watch.ts";
import { createCounts } from "../../adapters/admin/counts.ts";
import type { Readings } from "../../adapters/admin/metrics.ts";
import { type AttemptList, createOverview } from "../../adapters/admin/overview.ts";
import type { Answers, Ask, Figures } from "../../adapters/admin/questions.ts";
import { createReader } from "../../adapters/admin/reader.ts";
import { createRoster } from "../../adapters/admin/roster.ts";
import { millis } from "../../core/mod.ts";
import { Fleet } from "../cluster/fleet.ts";
import { assert, assertEquals } from "../support/assert.ts";

/** Asks all of these, as a crew does. */
function askAll(all: readonly Answers[]): Ask {
  return async (what, argument) => {
    const answers = await Promise.allSettled(all.map(async (one) => {
      const answer = one[what];
      if (answer === undefined) throw new Error("made by a test");
      return await answer(argument);
    }));
    return answers.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  };
}

/** The workers of a process, and what its admin port shows. The loop of each began at another instant. */
function workersOf(fleet: Fleet): ReturnType<typeof createOverview> {
  const wallNow = (): number => 1_000_000 + fleet.now;
  const { step } = fleet;
  const workers = [...fleet.states.keys()].map((node, i) => {
    const of = { place: i + 1, launch: i + 1 };
    const [zero, late] = [wallNow() - 100 * i, 100 * i - fleet.now];
    const attempts = createAttemptWatch({ of, zero: () => zero });
    const roster = createRoster({ wallNow, pause: () => Promise.resolve(), place: of.place });
    return { node, attempts, roster, late };
  });
  fleet.step = (node, event) => {
    const before = fleet.effects.length;
    step.call(fleet, node, event);
    const effects = fleet.effects.slice(before);
    for (const { node: own, attempts, roster, late } of workers) {
      if (own !== node) continue;
      const state = fleet.of(node);
      attempts.observe({ event, now: millis(fleet.now + late), effects, state });
      roster.observe({ event, now: millis(fleet.now), effects, state });
    }
  };
  const answers = workers.map(({ node, attempts, roster }): Answers => ({
    ...{ search: roster.search, client: roster.get, attempts: attempts.find },
    hints: (traces) => attempts.hints(traces, fleet.of(node)),
    dismiss: (id) => roster.get(id) !== null,
  }));
  return createOverview({ ask: askAll([...answers, {}]), wallNow, icePath: null });
}

const payload = { type: "data", connectionId: "c", sdp: { sdp: "m=application 9 X 0" } };
const candidate = { candidate: "candidate:1 1 udp 1 192.0.2.1 5000 typ host" };
const ALL = { peer: null, limit: 50 };

/** What happened, with the milliseconds since the first. */
function storyOf({ attempts }: AttemptList): unknown[] {
  return attempts.map(({ caller, callee, outcome, events, startedAt }) => [
    `${caller} ${callee} ${outcome}`,
    ...events.map(({ at, from, to, what, note }) =>
      [at - startedAt, from, to, what, note].filter((word) => word !== "").join(" ")
    ),
  ]);
}

Deno.test("[ADMIN-13] a call between clients of two workers is one attempt, and its id stays", async () => {
  const fleet = new Fleet("ab");
  const { attempts } = workersOf(fleet);
  fleet.open("a", 1, "alice", { address: "192.0.2.1" });
  fleet.say("a", 1, { type: "OFFER", dst: "bob", payload });
  fleet.run();
  fleet.say("a", 1, { type: "CANDIDATE", dst: "bob", payload: { ...payload, candidate } });
  const before = await attempts(ALL);
  assertEquals(storyOf(before), [[
    "alice bob waiting",
    "0 caller server OFFER stored, the peer is not connected",
    "0 caller server CANDIDATE host; stored, the peer is not connected",
  ]]);
  fleet.pass(1_200);
  fleet.open("b", 1, "bob", { address: "198.51.100.7" });
  fleet.pass(200);
  fleet.say("b", 1, { type: "ANSWER", dst: "alice", payload });
  fleet.run();
  for (let i = 0; i < 2; i++) {
    fleet.say("b", 1, { type: "CANDIDATE", dst: "alice", payload: { ...payload, candidate } });
    fleet.run();
  }
  fleet.pass(600);
  fleet.hangUp("b", 1);
  fleet.pass(4_000);
  const after = await attempts(ALL);
  assertEquals(storyOf(after), [[
    "alice bob host-only",
    "0 caller callee OFFER stored, delivered after 1.2 s",
    "0 caller callee CANDIDATE host; stored, delivered after 1.2 s",
    "1200 callee server joined",
    "1400 callee caller ANSWER",
    "1400 callee caller CANDIDATE host",
    "1400 callee caller CANDIDATE host",
    "2000 callee server left connection lost",
  ]]);
  const [attempt] = after.attempts;
  assertEquals([attempt?.id, attempt?.startedAt], [before.attempts[0]?.id, 1_000_000 + 2_000]);
  assertEquals(attempt?.updatedAt, 1_000_000 + 3_400);
  const counts = { srflx: 0, prflx: 0, relay: 0 };
  assertEquals(attempt?.sides, {
    caller: { candidates: { host: 1, ...counts }, descriptions: 1 },
    callee: { candidates: { host: 2, ...counts }, descriptions: 1 },
  });
});

Deno.test("[ADMIN-13] attempts of other peers, of other connections, and of one worker stay as they are", async () => {
  const fleet = new Fleet("ab");
  const { attempts } = workersOf(fleet);
  const places = [["a", "alice"], ["a", "anna"], ["b", "bob"], ["b", "beth"]] as const;
  places.forEach(([node, id], i) => fleet.open(node, i + 1, id));
  const call = (node: string, conn: number, dst: string, connectionId?: string): void => {
    fleet.say(node, conn, { type: "OFFER", dst, payload: { ...payload, connectionId } });
    fleet.run();
    fleet.pass(10);
  };
  call("a", 1, "anna");
  call("b", 3, "beth");
  call("a", 1, "bob", "one");
  call("a", 1, "bob", "two");
  call("b", 3, "alice");
  call("b", 3, "alice");
  const all = await attempts(ALL);
  assertEquals(
    storyOf(all).map((lines) => (lines as string[])[0]),
    [
      "bob alice connecting",
      "bob alice connecting",
      "alice bob connecting",
      "alice bob connecting",
      "bob beth connecting",
      "alice anna connecting",
    ],
  );
  assertEquals(new Set(all.attempts.map(({ id }) => id)).size, 6);
  assertEquals((await attempts({ peer: "ANNA", limit: 50 })).attempts.length, 1);
  assertEquals(storyOf(await attempts({ peer: null, limit: 2 })), storyOf(all).slice(0, 2));
});

Deno.test("[ADMIN-13] [WHY-9] [WHY-11] whom the caller meant, and who refused, another worker knows", async () => {
  const fleet = new Fleet("ab");
  const { attempts } = workersOf(fleet);
  fleet.open("a", 1, "alice");
  fleet.open("b", 1, "bob");
  const texts = async (): Promise<string[]> =>
    (await attempts(ALL)).attempts[0]?.advice.map(({ text }) => text) ?? [];
  fleet.open("b", 2, "Bob", { key: "wrong" });
  fleet.say("a", 1, { type: "OFFER", dst: "Bob", payload });
  fleet.run();
  fleet.pass(6_000);
  const [refused, near] = await texts();
  assertEquals(near, '"Bob" was not connected, and "bob" was.');
  assertEquals(refused?.split(" (")[0], '"Bob" was refused 0 ms before: wrong key');
  fleet.open("b", 3, "Bob");
  assertEquals((await texts()).length, 3, "who came later changes nothing");
});

Deno.test("[ADMIN-12] the clients of all workers are one list in the order in which they came, page by page", async () => {
  const fleet = new Fleet("ab");
  const { search, client, dismiss } = workersOf(fleet);
  const ids = ["one", "two", "three", "four", "five"];
  ids.forEach((id, i) => {
    fleet.open(i % 2 === 0 ? "b" : "a", i + 1, id);
    if (i > 0) fleet.pass(2);
  });
  const pages: string[][] = [];
  for (let after: number | null = 0; after !== null;) {
    const { total, clients, next } = await search({ part: "", after, limit: 2 });
    assertEquals(total, 5);
    pages.push(clients.map(({ id }) => id));
    after = next === null ? null : Number(next);
  }
  // The first two came in the same millisecond.
  assertEquals(pages.flat().sort(), ids.toSorted());
  assertEquals(pages.flat().slice(2), ids.slice(2));
  assertEquals(pages.map(({ length }) => length), [2, 2, 1]);
  const found = await search({ part: "T", after: 0, limit: 50 });
  assertEquals([found.total, found.next], [2, null]);
  assertEquals([(await client("four"))?.id, await client("six")], ["four", null]);
  assertEquals([await dismiss("one"), await dismiss("six")], [true, false]);
});

for (const isNear of [false, true]) {
  const what = isNear ? "workers" : "nodes";
  Deno.test(`[ADMIN-7] [WORKER-11] of several ${what} a message from one to another is counted by both, as one that waited`, () => {
    const fleet = new Fleet("ab", {}, isNear);
    const counts = new Map([...fleet.states.keys()].map((node) => [node, createCounts()]));
    const { step } = fleet;
    fleet.step = (node, event) => {
      const before = fleet.effects.length;
      step.call(fleet, node, event);
      const effects = fleet.effects.slice(before);
      const now = millis(fleet.now);
      counts.get(node)?.observe({ event, now, effects, state: fleet.of(node) });
    };
    fleet.open("a", 1, "alice");
    fleet.open("b", 1, "bob");
    for (let i = 0; i < 2; i++) {
      fleet.send("a", 1, "bob", "hello", "OFFER");
      fleet.pass(0);
    }
    fleet.send("a", 1, "alice", "hello", "OFFER");
    const of = (node: string): unknown => {
      const { stored, delivered_later, relayed } = counts.get(node)?.messages.OFFER ?? {};
      return [stored, delivered_later, relayed];
    };
    assertEquals([of("a"), of("b")], [[2, 0, 1], [0, 2, 0]]);
  });
}

/** The figures of a worker: its clients, and how many messages it relayed. */
function figures(place: number, launch: number, clients: number, relayed: number): Figures {
  const value = (value: number, labels = {}): Readings => new Map([["", [{ labels, value }]]]);
  const sample = (number: number, labels = {}) => value(number, labels).get("") ?? [];
  return {
    ...{ of: { place, launch }, node: null },
    readings: new Map([
      ["signalbox_clients", sample(clients)],
      ["signalbox_messages_total", sample(relayed, { type: "OFFER", outcome: "relayed" })],
      ["signalbox_event_loop_lag_seconds", sample(clients / 1_000)],
    ]),
  };
}

Deno.test("[ADMIN-12] metrics of workers are added up, a counter never falls, and who does not answer is left out", async () => {
  let [answers, now, asked] = [[figures(1, 1, 3, 10), figures(2, 2, 4, 20)], 0, 0];
  const ask = ((_what: string, _argument: null, maxMs: number) => {
    assert(maxMs < 1_000, "a worker that hangs keeps nobody waiting for a second");
    asked++;
    return Promise.resolve(answers);
  }) as unknown as Ask;
  const { read } = createReader({
    ...{ ask, version: "1", clientsLimit: 9, isNode: false, now: () => now },
    workers: { lag: { read: () => 2 }, replacements: () => 1 },
  });
  const shown = async (): Promise<unknown> => {
    const readings = await read();
    const of = (name: string) =>
      (readings.get(`signalbox_${name}`) ?? []).map(({ value }) => value);
    now += 250;
    return [of("clients"), of("messages_total"), of("workers"), of("worker_clients")];
  };
  assertEquals(await shown(), [[7], [30], [2], [3, 4]]);
  const readings = await read();
  const of = (name: string): unknown => readings.get(`signalbox_${name}`)?.[0]?.value;
  assertEquals([of("event_loop_lag_seconds"), of("clients_limit")], [0.004, 9]);
  assertEquals([of("worker_replacements_total"), readings.has("signalbox_cluster_nodes")], [
    1,
    false,
  ]);
  now += 250;
  answers = [figures(1, 1, 3, 11)];
  assertEquals(await shown(), [[3], [31], [1], [3]], "the second hangs");
  answers = [figures(1, 1, 3, 12), figures(2, 3, 1, 2)];
  assertEquals(await shown(), [[4], [34], [2], [3, 1]], "another took its place");
  asked = 0;
  now += 250;
  assertEquals((await Promise.all([read(), read(), read()])).length, 3);
  assertEquals(asked, 1, "who asks meanwhile waits for the same");
});
