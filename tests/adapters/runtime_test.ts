import { createRuntime, type Observer, type Ports, type Runtime } from "../../adapters/runtime.ts";
import { connId, type Event, settingsFrom } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { HandClock } from "../support/hand_clock.ts";
import { opening } from "../support/world.ts";

/** A world of which the test turns every wheel: the clock, the timer, and what effects do. */
class Bench {
  readonly clock = new HandClock();
  readonly performed: Parameters<Ports["perform"]>[0][] = [];
  readonly faults: unknown[] = [];
  readonly pauses: number[] = [];
  readonly runtime: Runtime;

  constructor(given: Partial<Ports> = {}, alive_timeout = 1_000) {
    this.runtime = createRuntime(settingsFrom({ alive_timeout, expire_timeout: 300 }), {
      observers: [],
      onPause: (awayMs) => this.pauses.push(awayMs),
      onObserverError: (error) => this.faults.push(error),
      ...this.clock.ports,
      ...given,
      perform: (effect) => {
        this.performed.push(effect);
        given.perform?.(effect);
      },
    });
  }
}

const A = connId(1);
const B = connId(2);
const OFFER = JSON.stringify({ type: "OFFER", dst: "nobody" });

Deno.test("[STATE-2] exactly one timer is armed, for what is due next, and none at rest", () => {
  const { runtime, clock, performed } = new Bench();
  assertEquals(clock.timer, null);
  runtime.dispatch(opening(A, { id: "a" }));
  assertEquals(clock.timer?.at, 1_000);
  clock.now = 100.25;
  runtime.dispatch({ kind: "frame-received", conn: A, text: OFFER });
  assertEquals(clock.timer?.at, 400.25, "an earlier deadline takes the timer over");
  clock.wake();
  assertEquals(performed.length, 2, "OPEN and EXPIRE");
  assertEquals(clock.timer === null, false);
  runtime.dispatch({ kind: "socket-closed", conn: A, code: 1005 });
  clock.wake();
  assertEquals(clock.timer, null, "nothing is left to wait for");
});

Deno.test("a timer that fires too early, or whose reason is gone, does no harm", () => {
  const { runtime, clock, performed } = new Bench();
  runtime.dispatch(opening(A, { id: "a" }));
  clock.wake(999.5);
  assertEquals(clock.timer?.at, 1_000.5, "never early, so a little late");
  clock.wake();
  assertEquals(performed.map(({ kind }) => kind), ["send", "close"]);
});

Deno.test("[MSG-12] a text that is not sent is an event, handled behind the one at hand", () => {
  const b = new Bench({
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
  const b = new Bench({
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
  const { runtime, faults } = new Bench({ observers });
  runtime.dispatch(opening(A, { id: "a" }));
  assertEquals([faults.length, seen, runtime.state().claims.size], [1, 1, 1]);
});

Deno.test("a runtime that was stopped arms no timer", () => {
  const { runtime, clock } = new Bench();
  runtime.dispatch(opening(A, { id: "a" }));
  runtime.stop();
  assertEquals(clock.timer, null);
  runtime.dispatch(opening(B, { id: "b" }));
  assertEquals(clock.timer, null);
});

Deno.test("[FAULT-32] time stands still while the process does: nobody was silent, nothing expires for it", () => {
  const { runtime, clock, pauses, performed } = new Bench();
  clock.now = 50_000;
  runtime.dispatch(opening(A, { id: "a" }));
  clock.now += 900;
  runtime.dispatch({ kind: "frame-received", conn: A, text: OFFER });
  clock.wake(clock.now + 12_000);
  assertEquals(pauses, [12_000]);
  assertEquals(performed.length, 1, "OPEN, and neither EXPIRE nor a close");
  assertEquals(runtime.now(), 50_900);
  clock.wake(clock.now + 299);
  assertEquals(performed.length, 1, "300 ms of running time are not over");
  clock.wake(clock.now + 2);
  assertEquals(performed.at(-1)?.kind, "send", "EXPIRE");
  clock.wake(clock.now + 800);
  assertEquals(performed.at(-1)?.kind, "close", "the silence counts on");
});

Deno.test("[FAULT-32] whatever comes first after a pause finds it out, a frame too", () => {
  const { runtime, clock, pauses } = new Bench();
  runtime.dispatch(opening(A, { id: "a" }));
  clock.now = 60_000;
  runtime.dispatch({ kind: "frame-received", conn: A, text: '{"type":"HEARTBEAT"}' });
  clock.now += 900;
  runtime.dispatch({ kind: "tick" });
  assertEquals([pauses, runtime.state().claims.size], [[60_000], 1]);
});

Deno.test("[FAULT-32] a server with nothing to wait for may sleep as long as it likes", () => {
  const { runtime, clock, pauses } = new Bench();
  clock.now = 3_600_000;
  runtime.dispatch(opening(A, { id: "a" }));
  assertEquals([pauses, runtime.now()], [[], 3_600_000]);
});

Deno.test("[FAULT-32] while something is due the clock is looked at each second", () => {
  const { runtime, clock, pauses, performed } = new Bench({}, 10_000);
  runtime.dispatch(opening(A, { id: "a" }));
  for (let looks = 0; looks < 9; looks++) clock.wake();
  assertEquals([clock.now, performed.length, pauses], [9_000, 1, []]);
});

Deno.test("[CLUSTER-16] a node hears of a pause before the event that shows it, a server alone never", () => {
  for (const isNode of [true, false]) {
    const seen: Event[] = [];
    const { runtime, clock } = new Bench({ observers: [({ event }) => void seen.push(event)] });
    if (isNode) runtime.dispatch({ kind: "cluster-started" });
    runtime.dispatch(opening(A, { id: "a", identity: { kind: "pending" } }));
    const until = (): number => runtime.state().cluster?.leaseUntil ?? 0;
    const before = until();
    clock.now = 30_000;
    runtime.dispatch({ kind: "doorbell-rang" });
    clock.wake(60_000);
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
