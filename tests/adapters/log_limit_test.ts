/**
 * What strangers do wrong is told, and does not fill the log.
 */
import {
  COUNTED_MS,
  createLogLimit,
  KIND_MAX,
  type LogLimit,
  type Omitted,
} from "../../adapters/log_limit.ts";
import { assertEquals } from "../support/assert.ts";

interface Bench {
  readonly limit: LogLimit;
  readonly told: Omitted[];
  now: number;
  timer: { readonly at: number; readonly callback: () => void } | null;
}

function bench(): Bench {
  const told: Omitted[] = [];
  const self: Bench = {
    now: 0,
    timer: null,
    told,
    limit: createLogLimit({
      now: () => self.now,
      schedule: (callback, delayMs) => {
        self.timer = { at: self.now + delayMs, callback };
        return () => self.timer = null;
      },
      tell: (omitted) => told.push(omitted),
    }),
  };
  return self;
}

/** Lets time pass until the timer is due. */
function wake(self: Bench): void {
  const { timer } = self;
  self.timer = null;
  self.now = timer?.at ?? self.now;
  timer?.callback();
}

Deno.test("[LOG-2] the same line within a minute is counted, and told when the minute is over", () => {
  const self = bench();
  assertEquals(self.limit.allows("404", "/a"), true);
  assertEquals(self.timer, null, "nothing to tell");
  self.now = 10;
  assertEquals([self.limit.allows("404", "/a"), self.limit.allows("404", "/a")], [false, false]);
  assertEquals(self.limit.allows("404", "/b"), true, "another line");
  assertEquals(self.limit.allows("401", "/a"), true, "another kind");
  self.now = COUNTED_MS - 1;
  assertEquals(self.limit.allows("404", "/a"), false);
  wake(self);
  assertEquals([self.now, self.told], [COUNTED_MS, [{ kind: "404", line: "/a", count: 3 }]]);
  assertEquals(self.timer, null, "the others came once");
  assertEquals(self.limit.allows("404", "/a"), true, "a new minute");
});

Deno.test("[LOG-2] of one kind so many lines are printed in a minute, and the rest is counted together", () => {
  const self = bench();
  for (let i = 0; i < KIND_MAX; i++) assertEquals(self.limit.allows("404", `/${i}`), true);
  for (let i = 0; i < 5_000; i++) assertEquals(self.limit.allows("404", `/more ${i}`), false);
  assertEquals(self.limit.allows("404", "/0"), false, "one that was printed");
  assertEquals(self.limit.allows("401", "/more"), true, "another kind");
  wake(self);
  assertEquals(self.told, [
    { kind: "404", line: "/0", count: 1 },
    { kind: "404", line: null, count: 5_000 },
  ]);
  assertEquals(self.limit.allows("404", "/more"), true);
});

Deno.test("[LOG-2] what is counted while the timer runs is told later, and at the end at once", () => {
  const self = bench();
  self.limit.allows("404", "/a");
  self.limit.allows("404", "/a");
  self.now = 30_000;
  self.limit.allows("404", "/b");
  self.limit.allows("404", "/b");
  wake(self);
  assertEquals(self.told.splice(0), [{ kind: "404", line: "/a", count: 1 }]);
  assertEquals(self.timer?.at, 30_000 + COUNTED_MS);
  self.limit.stop();
  assertEquals([self.told, self.timer], [[{ kind: "404", line: "/b", count: 1 }], null]);
});
