/** What the metrics count and whom the roster lists, with the loop and the core that make the steps. */
import { createClusterCounts } from "../../adapters/admin/cluster_counts.ts";
import { type Counts, createCounts } from "../../adapters/admin/counts.ts";
import { createLagMeter, createPeak, LAG_TIMER_MS } from "../../adapters/admin/peak.ts";
import { createOverview } from "../../adapters/admin/overview.ts";
import { askOne } from "../../adapters/admin/questions.ts";
import { CLIENTS_PER_TURN, createRoster, type Page } from "../../adapters/admin/roster.ts";
import { createRuntime, type Observer } from "../../adapters/runtime.ts";
import {
  connId,
  type Effect,
  type Event,
  initialState,
  millis,
  type PartialSettings,
  peerId,
  settingsFrom,
} from "../../core/mod.ts";
import { nodeName } from "../../core/cluster/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { HandClock } from "../support/hand_clock.ts";
import { type Given, messageFrom, opening } from "../support/world.ts";

interface Loop {
  readonly clock: HandClock;
  readonly dispatch: (event: Event) => void;
  readonly open: (conn: number, id: string, given?: Given) => void;
  readonly say: (conn: number, frame: unknown) => void;
  readonly closed: (conn: number, code?: number) => void;
}

/** A loop without sockets that some observers watch, and short ways to say what happens. */
function loop(options: PartialSettings, ...observers: Observer[]): Loop {
  const clock = new HandClock();
  const { dispatch } = createRuntime(settingsFrom(options), {
    ...clock.ports,
    observers,
    perform: () => {},
    onPause: () => {},
    onObserverError: (error) => {
      throw error;
    },
  });
  return {
    clock,
    dispatch,
    open: (conn: number, id: string, given: Given = {}) =>
      dispatch(opening(conn, { id, ...given })),
    say: (conn: number, frame: unknown) => {
      const text = typeof frame === "string" ? frame : JSON.stringify(frame);
      dispatch({ kind: "frame-received", conn: connId(conn), text });
    },
    closed: (conn: number, code = 1005) =>
      dispatch({ kind: "socket-closed", conn: connId(conn), code }),
  };
}

/** The counts that are not 0. */
function counted({ opens, messages, frames, closes }: Counts): Record<string, number> {
  const rows: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    ...{ opens, frames },
    ...messages,
    ...closes,
  };
  return Object.fromEntries(
    Object.entries(rows).flatMap(([name, row]) =>
      Object.entries(row).filter(([, value]) => value !== 0)
        .map(([key, value]) => [`${name} ${key}`, value])
    ),
  );
}

Deno.test("[ADMIN-7] sockets are counted by what came of them, and clients by how they end", () => {
  const counts = createCounts();
  const { open, closed, dispatch, say } = loop({ concurrent_limit: 2 }, counts.observe);
  open(1, "a");
  open(2, "a");
  open(3, "a", { token: "another" });
  open(4, "b");
  open(5, "c");
  open(6, "d", { key: "wrong" });
  dispatch({ kind: "client-dismissed", id: peerId("b"), reason: null });
  closed(2, 3_333);
  open(7, "e");
  say(7, { type: "LEAVE" });
  open(8, "f");
  closed(8);
  open(9, "g");
  dispatch({ kind: "shutdown-requested" });
  assertEquals(counted(counts), {
    "opens admitted": 5,
    "opens replaced": 1,
    "opens refused_id_taken": 1,
    "opens refused_full": 1,
    "opens refused_wrong_key": 1,
    "client 1005": 1,
    "client other": 1,
    "server 1001": 1,
    "server 4000": 1,
    "server 4009": 1,
    "server 4012": 1,
  });
});

Deno.test("[ADMIN-7] messages are counted by type and outcome, and frames that are none by reason", () => {
  const counts = createCounts();
  const options = { expire_timeout: 100, max_message_bytes: 200, frame_rate: 1, frame_burst: 3 };
  const { clock, open, say, dispatch } = loop(options, counts.observe);
  open(1, "a");
  open(2, "b");
  say(1, { type: "OFFER", dst: "b" });
  say(1, { type: "CANDIDATE", dst: "late" });
  say(1, { type: "OFFER", dst: "nobody" });
  open(3, "late");
  clock.wake(100);
  say(2, { type: "ANSWER", dst: "" });
  say(2, { type: "LEAVE", dst: "gone" });
  dispatch({
    kind: "send-refused",
    conn: connId(2),
    message: messageFrom("a", "b"),
  });
  say(3, "no JSON");
  say(3, { type: "FUTURE" });
  say(3, "x".repeat(300));
  say(9, {});
  for (let i = 0; i < 2; i++) say(2, { type: "HEARTBEAT" });
  assertEquals(counted(counts), {
    "opens admitted": 3,
    "OFFER relayed": 1,
    "OFFER stored": 1,
    "OFFER expired": 1,
    "OFFER refused": 1,
    "ANSWER refused": 1,
    "CANDIDATE stored": 1,
    "CANDIDATE delivered_later": 1,
    "LEAVE dropped": 1,
    "frames bad_frame": 1,
    "frames unknown_type": 1,
    "frames ignored": 1,
    "frames too_big": 1,
    "frames too_many": 1,
    "server 1009": 1,
    "server 4029": 1,
  });
});

Deno.test("[ADMIN-8] the roster lists who is connected, since when, and how much they said", async () => {
  let wall = 1_000;
  const roster = createRoster({ wallNow: () => wall, pause: async () => {}, place: 0 });
  const { observe, get } = roster;
  const { search } = createOverview({
    ...{ ask: askOne(roster), wallNow: () => wall, icePath: null },
  });
  const { open, say, closed } = loop({}, observe);
  open(1, "Alice", { address: "198.51.100.7" });
  wall = 2_000;
  open(2, "bob");
  say(1, { type: "OFFER", dst: "bob" });
  say(1, { type: "OFFER", dst: "nobody" });
  say(1, { type: "HEARTBEAT" });
  open(3, "malice");
  const alice = { id: "Alice", address: "198.51.100.7", connectedAt: 1_000, messages: 2 };
  assertEquals([get("Alice"), get("nobody")], [alice, null]);
  const ids = (
    { total, clients, next }: Page,
  ): unknown => [total, clients.map(({ id }) => id), next];
  const all = { part: "", after: 0, limit: 50 };
  assertEquals(ids(await search(all)), [3, ["Alice", "bob", "malice"], null]);
  assertEquals(ids(await search({ ...all, part: "ALI" })), [2, ["Alice", "malice"], null]);
  const first = await search({ ...all, limit: 2 });
  assertEquals(ids({ ...first, next: null }), [3, ["Alice", "bob"], null]);
  closed(2);
  wall = 500;
  open(4, "Alice");
  assertEquals(get("Alice")?.connectedAt, 500);
  const after = Number(first.next);
  assert(Number.isSafeInteger(after));
  assertEquals(ids(await search({ ...all, after, limit: 2 })), [2, ["malice", "Alice"], null]);
});

Deno.test("[ADMIN-9] a search lets others go on after every few thousand clients", async () => {
  let pauses = 0;
  const pause = (): Promise<void> => Promise.resolve(void pauses++);
  const { observe, search } = createRoster({ wallNow: () => 0, pause, place: 0 });
  const { open } = loop({}, observe);
  for (let conn = 1; conn <= CLIENTS_PER_TURN + 1; conn++) open(conn, `client ${conn}`);
  assertEquals((await search({ part: "T 2001", after: 0, limit: 1 })).total, 1);
  assertEquals(pauses, 1);
});

Deno.test("[ADMIN-6] a peak counts for 15 to 30 s, and the lag is how late a timer fires", () => {
  const clock = new HandClock();
  const peak = createPeak(clock.ports.now);
  const readAt = (now: number): number => {
    clock.now = now;
    return peak.read();
  };
  assertEquals(peak.read(), 0);
  clock.now = 14_000;
  [3, 7, 5].forEach(peak.add);
  assertEquals([readAt(15_000), readAt(29_999), readAt(30_000)], [7, 7, 0]);
  clock.now = 31_000;
  peak.add(2);
  assertEquals([readAt(44_999), readAt(59_999), readAt(200_000)], [2, 2, 0]);

  const lag = createLagMeter(clock.ports);
  clock.wake();
  assertEquals([lag.read(), clock.timer?.at], [0, clock.now + LAG_TIMER_MS]);
  clock.wake(clock.now + LAG_TIMER_MS + 40);
  assertEquals(lag.read(), 40);
  lag.stop();
  assertEquals(clock.timer, null);
});

Deno.test("[ADMIN-6] of a cluster its engine's slowest answer, its last beat and what bounced are counted", async () => {
  const clock = new HandClock();
  const answers = [{ nodes: 2, claims: 7 }, null];
  const census = (): Promise<typeof answers[number]> => Promise.resolve(answers.shift() ?? null);
  const counts = createClusterCounts({ now: clock.ports.now, census });
  const state = initialState(settingsFrom());
  const step = (event: Event, effects: readonly Effect[] = []): void =>
    counts.observe({ event, now: millis(clock.now), effects, state });
  const ask = (request: number): Effect => {
    const [node, id] = [nodeName("n"), peerId("x")];
    return { kind: "ask-engine", request, command: { kind: "route", node, conn: 1, id } };
  };
  const answered = (request: number, kind: "absent" | "joined"): Event => ({
    kind: "engine-answered",
    conn: 1,
    request,
    answer: kind === "absent" ? { kind } : { kind, generation: "g", op: 0 },
  });
  step({ kind: "tick" }, [ask(1), ask(2), ask(3)]);
  clock.now = 5;
  step(answered(2, "absent"));
  assertEquals([counts.engineMs(), counts.beatAt()], [5, null]);
  clock.now = 9;
  step(answered(1, "joined"));
  step(answered(1, "joined"));
  assertEquals([counts.engineMs(), counts.beatAt()], [9, 9]);
  await null;
  assertEquals([counts.nodes(), counts.claims()], [2, 7]);
  step({ kind: "engine-lost" });
  clock.now = 99;
  step(answered(3, "absent"));
  assertEquals(counts.engineMs(), 9, "it was asked over another connection");

  const acknowledge = (link: number, ...bounced: number[]): void =>
    step({
      kind: "link-received",
      frame: {
        ...{ from: nodeName("m"), to: nodeName("n"), link: 1, base: 1, carried: [], returned: [] },
        ack: { link, below: 9, bounced: bounced.map((number) => [number, "gone"] as const) },
      },
    });
  acknowledge(1, 2, 3);
  acknowledge(1, 2, 3, 5);
  acknowledge(1);
  acknowledge(2, 1);
  assertEquals(counts.bounced(), 4);
});
