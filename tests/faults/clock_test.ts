/** FAULT-17: the wall clock jumps. Nothing reads it, and instants may count from any zero. */
import { assert, assertEquals } from "../support/assert.ts";
import { readText, sourceFiles } from "../tools/docs.ts";
import { CLOSE, closes, expires, opens, wake, type World, world } from "../support/world.ts";

/** Here an instant is one of the wall clock by definition: the end of a token or a certificate, and what is shown. */
const WALL = [
  ...["adapters/auth/jwt.ts", "adapters/auth/mint.ts", "adapters/http/ice.ts"],
  ...["adapters/lifetime.ts", "adapters/record/clock.ts"],
  ...["adapters/admin/api.ts", "adapters/admin/metrics.ts", "adapters/admin/port.ts"],
  "adapters/admin/people.ts",
];

Deno.test("[FAULT-17] no deadline of the server reads the wall clock: time is performance.now", async () => {
  const wall = /\bDate\b|\bTemporal\b|timeOrigin|timeStamp|\bhrtime\b/;
  for (const file of [...await sourceFiles("core"), ...await sourceFiles("adapters"), "main.ts"]) {
    if (WALL.includes(file)) continue;
    const code = (await readText(file)).replace(/\/\*[^]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
    assertEquals(code.match(wall)?.[0], undefined, file);
  }
  const signaling = await readText("adapters/server.ts");
  assert(signaling.includes("now: () => performance.now()"), "the one clock of the runtime");
});

/** The same events with instants from another zero: all effects that come due, with instants relative to it. */
function story(zero: number): unknown[] {
  const w: World = world({ alive_timeout: 1_000, expire_timeout: 300, wrong_token_burst: 1 });
  w.now = zero;
  w.open(1, "a");
  w.now = zero + 100;
  w.say(1, { type: "OFFER", dst: "nobody" });
  w.open(2, "a", "wrong");
  assertEquals(w.open(3, "a", "token").at(-1)?.kind, "close", "its token is not looked at");
  const told: unknown[] = [];
  for (let woken = wake(w); woken !== null; woken = wake(w)) {
    told.push([woken.at - zero, woken.effects]);
  }
  assertEquals(w.open(4, "a", "another"), [opens(4)]);
  return told;
}

Deno.test("[FAULT-17] the zero of the clock changes nothing: an instant is only a growing number", () => {
  const told = [
    [400, [expires(1, "a", "nobody")]],
    [1_000, []],
    [1_100, [closes(1, CLOSE.timedOut, "No valid message for 1000 ms")]],
  ];
  for (const zero of [0, 0.5, 4_096, -1e6, 1.7e12]) assertEquals(story(zero), told, `from ${zero}`);
});

Deno.test("[FAULT-16] [QUEUE-5] a client that comes in the millisecond of an expiry: the message is delivered or expires, never both", () => {
  for (const arrivesFirst of [true, false]) {
    const w = world({ expire_timeout: 300 });
    w.open(1, "a");
    w.say(1, { type: "OFFER", dst: "b" });
    w.now = 300;
    const effects = arrivesFirst
      ? [...w.open(2, "b"), ...w.tick()]
      : [...w.tick(), ...w.open(2, "b")];
    const offers = effects.filter((effect) =>
      effect.kind === "send" && effect.text.includes("OFFER")
    );
    const ends = effects.filter((effect) =>
      effect.kind === "send" && effect.text.includes("EXPIRE")
    );
    assertEquals([offers.length, ends.length], arrivesFirst ? [1, 0] : [0, 1]);
  }
});
