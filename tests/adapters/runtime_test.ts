import { createRuntime, type Observer, type Ports, type Runtime } from "../../adapters/runtime.ts";
import { connId, type Event, settingsFrom } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { opening } from "../support/world.ts";

/** A world of which the test turns every wheel: the clock, the timers, and what effects do. */
function bench(
  options: Partial<Pick<Ports, "perform">> & { observers?: Observer[]; alive_timeout?: number } =
    {},
): {
  runtime: Runtime;
  performed: Parameters<Ports["perform"]>[0][];
  timers: { callback: () => void; at: number }[];
  faults: unknown[];
  pauses: number[];
  clock: { now: number };
} {
  const clock = { now: 0 };
  const performed: Parameters<Ports["perform"]>[0][] = [];
  const timers: { callback: () => void; at: number }[] = [];
  const faults: unknown[] = [];
  const pauses: number[] = [];
  const ports: Ports = {
    now: () => clock.now,
    perform: (effect) => {
      performed.push(effect);
      options.perform?.(effect);
    },
    schedule: (callback, delayMs) => {
      const timer = { callback, at: clock.now + delayMs };
      timers.push(timer);
      return () => void timers.splice(timers.indexOf(timer), 1);
    },
    observers: options.observers ?? [],
    onPause: (awayMs) => pauses.push(awayMs),
    onObserverError: (error) => faults.push(error),
  };
  const { alive_timeout = 1_000 } = options;
  const settings = settingsFrom({ alive_timeout, expire_timeout: 300 });
  return { runtime: createRuntime(settings, ports), performed, timers, faults, pauses, clock };
}

const A = connId(1);
const B = connId(2);
const OFFER = JSON.stringify({ type: "OFFER", dst: "nobody" });

Deno.test("[STATE-2] exactly one timer is armed, for what is due next, and none at rest", () => {
  const { runtime, timers, clock, performed } = bench();
  assertEquals(timers.length, 0);
  runtime.dispatch(opening(A, { id: "a" }));
  assertEquals(timers.map(({ at }) => at), [1_000]);
  clock.now = 100.25;
  runtime.dispatch({ kind: "frame-received", conn: A, text: OFFER });
  assertEquals(timers.map(({ at }) => at), [400.25], "an earlier deadline takes the timer over");
  clock.now = 400.25;
  timers.pop()?.callback();
  assertEquals(performed.length, 2, "OPEN and EXPIRE");
  assertEquals(timers.length, 1);
  runtime.dispatch({ kind: "socket-closed", conn: A, code: 1005 });
  clock.now = timers[0]?.at ?? 0;
  timers.pop()?.callback();
  assertEquals(timers.length, 0, "nothing is left to wait for");
});

Deno.test("a timer that fires too early, or whose reason is gone, does no harm", () => {
  const { runtime, timers, clock, performed } = bench();
  runtime.dispatch(opening(A, { id: "a" }));
  clock.now = 999.5;
  timers.pop()?.callback();
  assertEquals(timers.map(({ at }) => at), [1_000.5], "never early, so a little late");
  clock.now = 1_000.5;
  timers.pop()?.callback();
  assertEquals(performed.map(({ kind }) => kind), ["send", "close"]);
});

Deno.test("[MSG-12] a text that is not sent is an event, handled behind the one at hand", () => {
  const b = bench({
    perform: (effect) => {
      if (!("conn" in effect) || effect.conn !== B) return;
      b.runtime.dispatch({ kind: "send-failed", conn: B, message: null });
    },
  });
  const { runtime, performed } = b;
  runtime.dispatch(opening(A, { id: "a" }));
  runtime.dispatch(opening(B, { id: "b" }));
  assertEquals(runtime.state().claims.size, 1, "b could not be told that it is open");
  runtime.dispatch({ kind: "frame-received", conn: A, text: OFFER.replace("nobody", "b") });
  assertEquals(performed.length, 2, "the message waits");
  assertEquals(runtime.state().stored.size, 1);
});

Deno.test("an event that comes up while effects are performed waits for its turn", () => {
  const order: string[] = [];
  const observers: Observer[] = [({ event }): void => void order.push(event.kind)];
  const b = bench({
    observers,
    perform: (effect) => {
      if (effect.kind === "send" && effect.conn === A) {
        b.runtime.dispatch({ kind: "socket-closed", conn: A, code: 1005 });
        assertEquals(b.runtime.state().claims.size, 1, "not handled in between");
      }
    },
  });
  b.runtime.dispatch(opening(A, { id: "a" }));
  assertEquals(order, ["socket-opened", "socket-closed"]);
  assertEquals(b.runtime.state().claims.size, 0);
});

Deno.test("an observer that throws is reported and disturbs nobody", () => {
  let seen = 0;
  const observers: Observer[] = [
    (): void => {
      throw new Error("a bad hook");
    },
    (): void => void seen++,
  ];
  const { runtime, faults } = bench({ observers });
  runtime.dispatch(opening(A, { id: "a" }));
  assertEquals([faults.length, seen, runtime.state().claims.size], [1, 1, 1]);
});

Deno.test("a runtime that was stopped arms no timer", () => {
  const { runtime, timers } = bench();
  runtime.dispatch(opening(A, { id: "a" }));
  runtime.stop();
  assertEquals(timers.length, 0);
  runtime.dispatch(opening(B, { id: "b" }));
  assertEquals(timers.length, 0);
});

Deno.test("[FAULT-32] time stands still while the process does: nobody was silent, nothing expires for it", () => {
  const { runtime, timers, clock, pauses, performed } = bench();
  clock.now = 50_000;
  runtime.dispatch(opening(A, { id: "a" }));
  clock.now += 900;
  runtime.dispatch({ kind: "frame-received", conn: A, text: OFFER });
  clock.now += 12_000;
  timers.pop()?.callback();
  assertEquals(pauses, [12_000]);
  assertEquals(performed.length, 1, "OPEN, and neither EXPIRE nor a close");
  assertEquals(runtime.now(), 50_900);
  clock.now += 299;
  timers.pop()?.callback();
  assertEquals(performed.length, 1, "300 ms of running time are not over");
  clock.now += 2;
  timers.pop()?.callback();
  assertEquals(performed.at(-1)?.kind, "send", "EXPIRE");
  clock.now += 800;
  timers.pop()?.callback();
  assertEquals(performed.at(-1)?.kind, "close", "the silence counts on");
});

Deno.test("[FAULT-32] whatever comes first after a pause finds it out, a frame too", () => {
  const { runtime, clock, pauses } = bench();
  runtime.dispatch(opening(A, { id: "a" }));
  clock.now = 60_000;
  runtime.dispatch({ kind: "frame-received", conn: A, text: '{"type":"HEARTBEAT"}' });
  clock.now += 900;
  runtime.dispatch({ kind: "tick" });
  assertEquals([pauses, runtime.state().claims.size], [[60_000], 1]);
});

Deno.test("[FAULT-32] a server with nothing to wait for may sleep as long as it likes", () => {
  const { runtime, clock, pauses } = bench();
  clock.now = 3_600_000;
  runtime.dispatch(opening(A, { id: "a" }));
  assertEquals([pauses, runtime.now()], [[], 3_600_000]);
});

Deno.test("[FAULT-32] while something is due the clock is looked at each second", () => {
  const { runtime, timers, clock, pauses, performed } = bench({ alive_timeout: 10_000 });
  runtime.dispatch(opening(A, { id: "a" }));
  for (let looks = 0; looks < 9; looks++) {
    const [timer] = timers.splice(0);
    clock.now = timer?.at ?? NaN;
    timer?.callback();
  }
  assertEquals([clock.now, performed.length, pauses], [9_000, 1, []]);
});

Deno.test("[CLUSTER-16] a node hears of a pause before the event that shows it, a server alone never", () => {
  for (const isNode of [true, false]) {
    const seen: Event[] = [];
    const { runtime, timers, clock } = bench({ observers: [({ event }) => void seen.push(event)] });
    if (isNode) runtime.dispatch({ kind: "cluster-started" });
    runtime.dispatch(opening(A, { id: "a", identity: { kind: "pending" } }));
    const until = (): number => runtime.state().cluster?.leaseUntil ?? 0;
    const before = until();
    clock.now = 30_000;
    runtime.dispatch({ kind: "doorbell-rang" });
    clock.now = 60_000;
    timers.pop()?.callback();
    const kinds = seen.map(({ kind }) => kind).slice(isNode ? 2 : 1);
    const [first, second] = seen.filter(({ kind }) => kind === "paused");
    if (isNode) {
      assertEquals(kinds, ["paused", "doorbell-rang", "paused", "tick"]);
      assertEquals([first, second].map((event) => event?.kind === "paused" && event.ms), [
        30_000,
        30_000,
      ]);
      assertEquals(until(), before - 60_000);
    } else assertEquals(kinds, ["doorbell-rang"]);
  }
});
