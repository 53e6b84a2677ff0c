/** Streams of presence without a network: what they say, when, and what they hold, on a clock that the test moves. */
import { ChangeLog } from "../../adapters/http/change_log.ts";
import {
  BATCH_MS,
  COMMENT_MS,
  MS_PER_WATCHER,
  Presence,
  WATCHERS_PER_TURN,
} from "../../adapters/http/presence.ts";
import { readableOf, type StreamBody } from "../../adapters/http/stream.ts";
import { createWatching, NO_LIST } from "../../adapters/http/watching.ts";
import { connectedIds, millis, type PartialSettings, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { PeersReader } from "../support/events.ts";
import { HandClock } from "../support/hand_clock.ts";
import { world } from "../support/world.ts";

/** A list that a test changes, and who watches it. */
function presenceOf(options: PartialSettings = {}): {
  readonly clock: HandClock;
  readonly presence: Presence;
  readonly join: (id: string) => void;
  readonly leave: (id: string) => void;
  /** Begins a stream, which must find room. */
  readonly watch: (addressGroup?: string) => StreamBody;
} {
  const clock = new HandClock();
  const ids = new Set<string>();
  const presence = new Presence({
    settings: settingsFrom(options),
    ...clock.ports,
    list: { has: (id) => ids.has(id), text: () => JSON.stringify([...ids]) },
  });
  return {
    clock,
    presence,
    join: (id: string): void => {
      ids.add(id);
      presence.touch(id, false);
    },
    leave: (id: string): void => {
      ids.delete(id);
      presence.touch(id, true);
    },
    watch: (addressGroup = "a") => found(presence.watch(addressGroup)),
  };
}

function found(body: StreamBody | null | string): StreamBody {
  assert(body !== null && typeof body === "object", "there is no stream");
  return body;
}

/** Reads all that comes. */
function readAll({ pull, onEnd }: StreamBody): PeersReader & { ended: string } {
  const reader = Object.assign(new PeersReader(), { ended: "" });
  const next = (piece: Uint8Array<ArrayBuffer>): void => {
    reader.read(piece);
    pull(next);
  };
  onEnd((why) => reader.ended = why);
  pull(next);
  return reader;
}

Deno.test("[HTTP-15] [HTTP-16] a stream has the list, then who joins and leaves; a takeover, and who is back at once, is nothing", async () => {
  const clock = new HandClock();
  const w = world({ concurrent_limit: 5 });
  const { observers: [observe], watch } = createWatching({
    settings: settingsFrom({ allow_discovery: true }),
    state: () => w.state,
    now: clock.ports.now,
    clock: clock.ports,
    clusterPeers: null,
  });
  const step = (act: () => void): void => {
    act();
    observe?.({ event: { kind: "tick" }, now: millis(0), effects: w.effects, state: w.state });
  };
  step(() => w.open(1, "__proto__"));
  assertEquals(clock.timer, null, "while nobody watches nothing is noted");
  const reader = readAll(found(await watch("a")));
  assertEquals([reader.events, reader.retryMs], [[["peers", ["__proto__"]]], 3_000]);
  step(() => w.open(2, "b\ndata: x\u2028"));
  step(() => w.open(3, "\ud800\r1"));
  step(() => w.open(4, "1"));
  step(() => w.open(5, "__proto__"));
  step(() => w.closed(1));
  step(() => w.open(6, "short"));
  step(() => w.closed(6));
  assertEquals([clock.timer?.at, reader.events.length], [BATCH_MS, 1]);
  clock.wake();
  step(() => w.closed(5));
  step(() => w.open(7, "__proto__"));
  step(() => w.closed(4));
  clock.wake();
  clock.wake();
  // Ids with control characters are refused (OPEN-3).
  assertEquals(reader.events.slice(1), [["join", "1"], ["leave", "1"]]);
  assertEquals([...reader.list ?? []], connectedIds(w.state));
});

Deno.test("[HTTP-16] an id cannot break the framing, and keeps what it has", () => {
  const { clock, join, watch } = presenceOf();
  const ids = ["a\n\ndata: x", "\r\nevent: leave", "\u2028\0\x7f\ufeff", '"\\', ":", "", "😀", "1"];
  join(ids[0] ?? "");
  const reader = readAll(watch());
  ids.slice(1).forEach(join);
  clock.wake();
  assertEquals([...reader.list ?? []], ids);
});

Deno.test("[HTTP-15] who comes later has the same list by a snapshot that is shared, and what changed since", () => {
  const { clock, presence, join, leave, watch } = presenceOf();
  for (let i = 0; i < 200; i++) join(`peer ${i}`);
  const first = readAll(watch());
  const held = presence.heldBytes;
  for (const id of ["x", "y"]) join(id);
  leave("peer 7");
  const second = readAll(watch("b"));
  assertEquals(second.events.length, 1, "the batch is not over");
  clock.wake();
  const third = readAll(watch("c"));
  assertEquals(presence.heldBytes - held < 1_000, true, "there is one snapshot");
  for (const { events, list } of [first, second, third]) {
    assertEquals(events.slice(1), [["join", "x"], ["join", "y"], ["leave", "peer 7"]]);
    assertEquals(list?.size, 201);
  }
  // Changes that are longer than the list make it worth another one.
  for (let i = 10; i < 200; i++) leave(`peer ${i}`);
  while (first.events.length < 194) clock.wake();
  const toldAt = clock.now;
  for (let i = 10; i < 200; i++) join(`peer ${i}`);
  const fourth = readAll(watch("d"));
  assertEquals([fourth.events.length, fourth.list?.size], [1, 201]);
  while (first.events.length === 194) clock.wake();
  assertEquals(first.list, fourth.list);
  assertEquals(clock.now >= toldAt + BATCH_MS, true, "who comes hurries nobody");
});

Deno.test("[HTTP-17] a comment follows 15 s without an event; a stop ends every stream and begins none", () => {
  const { clock, presence, join, watch } = presenceOf();
  const reader = readAll(watch());
  clock.wake();
  assertEquals([clock.now, reader.comments], [10_000, 0], "whether it is stuck");
  clock.wake();
  assertEquals([clock.now, reader.comments], [COMMENT_MS, 1]);
  join("a");
  clock.wake();
  const saidAt = clock.now;
  while (reader.comments === 1) clock.wake();
  assertEquals(clock.now, saidAt + COMMENT_MS);
  presence.stop();
  assertEquals([reader.ended, clock.timer, presence.watch("a")], ["stopped", null, null]);
});

Deno.test("[HTTP-18] there are max_watchers streams, and of one address group a quarter of them", () => {
  const { presence, clock } = presenceOf({ max_watchers: 6 });
  const [one, two] = [presence.watch("a"), presence.watch("a")];
  assertEquals(presence.watch("a"), null, "a quarter, rounded up");
  for (const group of ["b", "b", "c", "c"]) assert(presence.watch(group) !== null);
  assertEquals(presence.watch("d"), null);
  one?.release();
  one?.release();
  assertEquals(presence.count, 5);
  assert(presence.watch("d") !== null);
  two?.release();
  assert(presence.watch("a") !== null, "its place is free again");
  assertEquals(presenceOf({ max_watchers: 0 }).presence.watch("a"), null);
  presence.stop();
  assertEquals(clock.timer, null);
});

Deno.test("[FAULT-45] who takes nothing for unsent_timeout is ended, who waits for news is not", () => {
  const { clock, presence, join, watch } = presenceOf({ unsent_timeout: 1_000 });
  const reader = readAll(watch());
  const [never, once] = [watch(), watch()].map((body) => {
    const seen = { body, why: "" };
    body.onEnd((why) => seen.why = why);
    return seen;
  });
  clock.now = 900;
  once?.body.pull(() => {});
  clock.wake();
  assertEquals([clock.now, never?.why, once?.why], [1_000, "slow", ""]);
  join("a");
  while (once?.why === "") clock.wake();
  assertEquals([clock.now, reader.ended, reader.list?.has("a")], [1_900, "", true]);
  never?.body.pull(() => assert(false, "it is over"));
  assertEquals(presence.count, 3, "until the platform has let go");
  never?.body.release();
  once?.body.release();
  assertEquals([presence.count, presence.isWatched], [1, true]);
});

Deno.test("[FAULT-45] who falls out of the log is ended; the log and the snapshot are bounded however many wait", () => {
  const { clock, presence, join, leave, watch } = presenceOf({
    max_watchers: 40_000,
    max_message_bytes: 1_024,
    max_unsent_bytes: 8_192,
    unsent_timeout: 3_600_000,
  });
  for (let i = 0; i < 100; i++) join(`peer ${i}`);
  const reader = readAll(watch());
  let [ended, taken] = [0, 0];
  const bodies = Array.from({ length: 10_000 }, (_, i) => watch(`${i}`));
  for (const { onEnd, pull } of bodies) {
    onEnd(() => ended++);
    pull(() => taken++);
  }
  assertEquals(taken, 10_000, "all have the snapshot");
  for (let i = 0; i < 200; i++) {
    join(`new ${i}`);
    if (i > 0) leave(`new ${i - 1}`);
    const { events } = reader;
    for (const before = events.length; events.length === before;) clock.wake();
    assert(presence.heldBytes < 8_192 + 4_096, `${presence.heldBytes}`);
  }
  assertEquals([reader.list?.size, reader.ended], [101, ""]);
  for (const { pull } of bodies) pull(() => taken++);
  assertEquals([ended, taken], [10_000, 10_000]);
  presence.stop();
});

Deno.test("[FAULT-45] what is longer than the log ends every stream, and the next one has all of it", () => {
  const { clock, join, watch } = presenceOf({ max_message_bytes: 1_024, max_unsent_bytes: 4_096 });
  const reader = readAll(watch());
  for (let i = 0; i < 1_000; i++) join(`peer ${i}`);
  clock.wake();
  assertEquals([reader.ended, readAll(watch()).list?.size], ["slow", 1_000]);
  const log = new ChangeLog(1_000);
  log.append("x".repeat(2_000));
  assertEquals([log.heldBytes, log.end, log.reaches(0), log.reaches(1)], [0, 1, false, true]);
});

Deno.test("[FAULT-46] [HTTP-15] many are served over several turns, and the more there are, the rarer are batches", () => {
  const { clock, join, watch } = presenceOf({ max_watchers: 4_000 });
  const readers = Array.from({ length: 1_000 }, () => readAll(watch()));
  const told = (): number => readers.filter(({ list }) => list?.has("a")).length;
  join("a");
  clock.wake();
  const turns = Math.ceil(1_000 / WATCHERS_PER_TURN);
  for (let turn = 1; turn < turns; turn++) {
    assertEquals(told(), turn * WATCHERS_PER_TURN);
    clock.wake();
  }
  assertEquals([told(), clock.now], [1_000, BATCH_MS]);
  join("b");
  while (!readers[0]?.list?.has("b")) clock.wake();
  assertEquals(clock.now, BATCH_MS + 1_000 * MS_PER_WATCHER);
});

Deno.test("[HTTP-15] a client that goes while others are served changes nothing for them", () => {
  const { clock, presence, join, watch } = presenceOf();
  const bodies = [watch(), watch(), watch()];
  const [first, gone, last] = bodies.map(readAll);
  bodies[1]?.release();
  join("a");
  clock.wake();
  assertEquals([first, gone, last].map((reader) => reader?.list?.has("a")), [true, false, true]);
  for (const { release } of bodies) release();
  assertEquals([presence.isWatched, presence.heldBytes, clock.timer], [false, 0, null]);
});

Deno.test("[CLUSTER-33] the list of a cluster is read while somebody watches, at most a tenth of the time, and differences are sent", async () => {
  const clock = new HandClock();
  const queue: { resolve: (text: string | null) => void }[] = [];
  const timers = new Map<() => void, number>();
  const schedule = (callback: () => void, delayMs: number): () => void => {
    timers.set(callback, clock.now + delayMs);
    return () => timers.delete(callback);
  };
  /** Lets the next timer fire. */
  const wake = (): void => {
    const [callback, at] = [...timers].sort(([, a], [, b]) => a - b)[0] ?? [];
    assert(callback !== undefined && at !== undefined, "there is no timer");
    timers.delete(callback);
    clock.now = Math.max(clock.now, at);
    callback();
  };
  const { watch, stop } = createWatching({
    settings: settingsFrom({ allow_discovery: true }),
    state: () => world().state,
    now: clock.ports.now,
    clock: { schedule },
    clusterPeers: () => new Promise((resolve) => queue.push({ resolve })),
  });
  const say = async (text: string | null): Promise<void> => {
    queue.shift()?.resolve(text);
    for (let i = 0; i < 9; i++) await null;
  };
  const unknown = watch("a");
  await say(null);
  assertEquals(await unknown, NO_LIST);
  const coming = watch("a");
  await say('["a","b","1"]');
  const reader = readAll(found(await coming));
  assertEquals(reader.events, [["peers", ["a", "b", "1"]]]);
  while (queue.length === 0) wake();
  assertEquals(clock.now, 2_000);
  clock.now += 500;
  await say('["b","2","a"]');
  while (reader.events.length < 3) wake();
  assertEquals(reader.events.slice(1), [["join", "2"], ["leave", "1"]]);
  while (queue.length === 0) wake();
  assertEquals(clock.now, 2_500 + 9 * 500);
  await say(null);
  assertEquals(reader.events.length, 3, "what cannot be read has not changed");
  while (queue.length === 0) wake();
  assertEquals(clock.now, 2_500 + 9 * 500 + 2_000, "what cannot be read is read again soon");
  const joining = watch("b");
  await say('["b"]');
  await say('["b","c"]');
  const second = readAll(found(await joining));
  assertEquals(second.list, new Set(["b", "c"]));
  while (reader.list?.size !== 2) wake();
  assertEquals(reader.list, second.list);
  const late = watch("c");
  await say(null);
  assertEquals(await late, NO_LIST);
  stop();
  assertEquals([timers.size, reader.ended, second.ended], [0, "stopped", "stopped"]);
});

Deno.test("[FAULT-45] a stream for Deno.serve asks only when it is read, and counts until it completes", async () => {
  const { presence, join, watch, clock } = presenceOf();
  const completed = Promise.withResolvers<void>();
  const stream = readableOf(watch(), completed.promise);
  const reader = stream.getReader();
  const decoder = new PeersReader();
  const next = async (): Promise<boolean> => {
    const { done, value } = await reader.read();
    if (value !== undefined) decoder.read(value);
    return done;
  };
  await next();
  const waiting = next();
  join("a");
  clock.wake();
  await waiting;
  assertEquals(decoder.events, [["peers", []], ["join", "a"]]);
  presence.stop();
  assertEquals([await next(), presence.count], [true, 1]);
  completed.resolve();
  await completed.promise;
  assertEquals(presence.count, 0);
  const untold = presenceOf();
  await readableOf(untold.watch(), undefined).cancel();
  readableOf(untold.watch(), undefined);
  untold.presence.stop();
  assertEquals(untold.presence.count, 0);
});
