/** What strangers do wrong is told, and does not fill the log. */
import { connId, settingsFrom } from "../../core/mod.ts";
import { logFault, write } from "../../adapters/observe/log.ts";
import { logObserver } from "../../adapters/observe/log_clients.ts";
import {
  createRateLimit,
  createRepeatLimit,
  LIMIT_PERIOD_MS,
  LINES_PER_KIND,
  type Omitted,
} from "../../adapters/observe/log_limit.ts";
import { createRuntime } from "../../adapters/runtime.ts";
import { assertEquals } from "../support/assert.ts";
import { captured } from "../support/captured.ts";
import { HandClock } from "../support/hand_clock.ts";
import { opening } from "../support/world.ts";

class Bench extends HandClock {
  readonly told: Omitted[] = [];
  readonly limit = createRepeatLimit({
    ...this.ports,
    report: (omitted) => void this.told.push(omitted),
  });
}

Deno.test("[LOG-2] the same line within a minute is counted, and told when the minute is over", () => {
  const self = new Bench();
  assertEquals(self.limit.allows("404", "/a"), true);
  assertEquals(self.timer, null, "nothing to tell");
  self.now = 10;
  assertEquals([self.limit.allows("404", "/a"), self.limit.allows("404", "/a")], [false, false]);
  assertEquals(self.limit.allows("404", "/b"), true, "another line");
  assertEquals(self.limit.allows("401", "/a"), true, "another kind");
  self.now = LIMIT_PERIOD_MS - 1;
  assertEquals(self.limit.allows("404", "/a"), false);
  self.wake();
  assertEquals([self.now, self.told], [LIMIT_PERIOD_MS, [{ kind: "404", line: "/a", count: 3 }]]);
  assertEquals(self.timer, null, "the others came once");
  assertEquals(self.limit.allows("404", "/a"), true, "a new minute");
});

Deno.test("[LOG-2] of one kind so many lines are printed in a minute, and the rest is counted together", () => {
  const self = new Bench();
  for (let i = 0; i < LINES_PER_KIND; i++) assertEquals(self.limit.allows("404", `/${i}`), true);
  for (let i = 0; i < 5_000; i++) assertEquals(self.limit.allows("404", `/more ${i}`), false);
  assertEquals(self.limit.allows("404", "/0"), false, "one that was printed");
  assertEquals(self.limit.allows("401", "/more"), true, "another kind");
  self.wake();
  assertEquals(self.told, [
    { kind: "404", line: "/0", count: 1 },
    { kind: "404", line: null, count: 5_000 },
  ]);
  assertEquals(self.limit.allows("404", "/more"), true);
});

Deno.test("[LOG-2] what is counted while the timer runs is told later, and at the end at once", () => {
  const self = new Bench();
  self.limit.allows("404", "/a");
  self.limit.allows("404", "/a");
  self.now = 30_000;
  self.limit.allows("404", "/b");
  self.limit.allows("404", "/b");
  self.wake();
  assertEquals(self.told.splice(0), [{ kind: "404", line: "/a", count: 1 }]);
  assertEquals(self.timer?.at, 30_000 + LIMIT_PERIOD_MS);
  self.limit.stop();
  assertEquals([self.told, self.timer], [[{ kind: "404", line: "/b", count: 1 }], null]);
});

Deno.test("[LOG-6] beyond so many lines of a kind in a minute, lines are counted and told when it is over", () => {
  const told: unknown[] = [];
  const clock = new HandClock();
  clock.now = 5;
  const limit = createRateLimit<string>({
    ...clock.ports,
    maxOf: (kind) => kind === "many" ? 3 : 1,
    report: (omitted) => told.push(omitted),
  });
  const allowed = (kind: string, count: number): number =>
    Array.from({ length: count }, () => limit.allows(kind, "info")).filter(Boolean).length;
  assertEquals([allowed("many", 3), clock.timer], [3, null], "nothing to tell");
  clock.now = 10;
  assertEquals([allowed("many", 4_812), allowed("few", 2), told], [0, 1, []]);
  clock.wake();
  assertEquals([clock.now, told.splice(0)], [5 + LIMIT_PERIOD_MS, [
    { kind: "many", level: "info", count: 4_812 },
    { kind: "few", level: "info", count: 1 },
  ]]);
  assertEquals([allowed("few", 2), allowed("many", 1)], [1, 1], "a new minute");
  clock.now += LIMIT_PERIOD_MS;
  assertEquals([allowed("few", 1), told.splice(0).length, clock.timer], [1, 1, null]);
  assertEquals(allowed("few", 1), 0);
  limit.stop();
  assertEquals([told.length, clock.timer], [1, null], "the end");
});

Deno.test("[LOG-6] of each kind the log has so many lines, a crowd of 5,000 that comes back is told whole", () => {
  const events = captured(({ properties }) => properties["event"]);
  const countOf = (event: string): number => events.filter((each) => each === event).length;

  const { dispatch } = createRuntime(settingsFrom({}), {
    now: () => 0,
    schedule: () => () => {},
    perform: () => true,
    observers: [logObserver({ socket: () => {} })],
    onPause: () => {},
    onObserverError: (error) => {
      throw error;
    },
  });
  for (let i = 0; i < 6_100; i++) {
    dispatch(opening(i, { id: `${i}` }));
    dispatch({ kind: "socket-closed", conn: connId(i), code: 1000 });
    logFault(i % 2 === 0 ? "A hook failed" : "A request failed", new Error(`${i}`));
    write("debug", "a message", { event: "message" });
  }
  const counts = ["connected", "disconnected", "fault", "message"].map(countOf);
  assertEquals(counts, [6_000, 6_000, 60, 6_100]);
});
