/** The arithmetic behind the figures of the benchmark. How long anything takes is not looked at. */
import { assert, assertEquals } from "../support/assert.ts";
import { type Client, frameCounter } from "./client.ts";
import { openSchedule } from "./latency.ts";
import { figuresOf, report, spreadOf } from "./results.ts";
import { scalePage } from "./scale.ts";

Deno.test("the counter of frames counts them wherever the reads are cut", () => {
  const lengths = [[0], [1], [125], [126, 0, 126], [126, 255, 255], [127, 0, 0, 0, 0, 0, 1, 0, 0]];
  const texts = lengths.map((length) => {
    const [short = 0, ...long] = length;
    const size = long.length === 0 ? short : long.reduce((sum, byte) => sum * 256 + byte, 0);
    // What the payload has would be the head of a text frame, were it taken for one.
    return [0x81, ...length, ...Array(size).fill(0x81)];
  });
  const bytes = Uint8Array.from([...texts, [0x89, 3, 0x81, 0, 0x81], ...texts].flat());
  for (const step of [1, 2, 3, 7, 127, 4_096, bytes.length]) {
    const count = frameCounter();
    let sum = 0;
    for (let at = 0; at < bytes.length; at += step) sum += count(bytes.subarray(at, at + step));
    assertEquals(sum, 2 * texts.length, `step ${step}`);
  }
});

Deno.test("a delay counts from when its message was to be sent, also while the load stands still", async () => {
  let now = 0;
  /** When the messages under way arrive, 2 ms after they were sent, and with whom. */
  const coming: [at: number, reader: number][] = [];
  const clients = Array.from({ length: 4 }, (_, i): Client => ({
    ...{ id: "", onFrames: () => {}, load: () => {}, close: () => Promise.resolve() },
    send: () => void coming.push([now + 2, i ^ 1]),
  }));
  const turn = (): Promise<void> => {
    now += now === 10 ? 8 : 1;
    while (coming[0] !== undefined && coming[0][0] <= now) {
      clients[coming.shift()?.[1] ?? 0]?.onFrames(1);
    }
    return Promise.resolve();
  };
  const arrival = async (missing: () => number): Promise<void> => {
    while (missing() > 0) await turn();
  };
  const run = openSchedule(clients, 1_000, arrival, { now: () => now, turn });
  const { p50, p99, p999, lag } = await run(40);
  // What was to go in the milliseconds from 11 to 17 went in the 18th: the first was 7 ms late, and took 9. The one
  // that went in the 9th was read in the 18th.
  assertEquals([p50, p99, p999, lag].map(Math.round), [2_000, 9_000, 9_000, 6_610]);
});

Deno.test("quartiles lie between the values that their rank is between", () => {
  assertEquals(spreadOf([5, 1, 4, 2, 3]), [2, 3, 4]);
  assertEquals(spreadOf([4, 1, 2, 3]), [1.75, 2.5, 3.25]);
  assertEquals(spreadOf([7]), [7, 7, 7]);
});

Deno.test("figures are each contender's quartiles, ratios those of what each round had side by side", () => {
  const rounds = [[1, 2_000], [3, 9_000], [2, 8_000]].map(([before = NaN, after = NaN]) =>
    new Map([
      ["before", { idle_bytes: 1_000 * before, relay_share: 1 }],
      ["after", { idle_bytes: after, relay_share: 1 }],
    ])
  );
  assertEquals(figuresOf(rounds), {
    idle_bytes: { before: [1_500, 2_000, 2_500], after: [5_000, 8_000, 8_500] },
  });
  assertEquals(
    report(rounds),
    `| median (quartiles) | before | after |
| --- | --- | --- |
| memory of an idle connection, KB | 2.0 (1.5 to 2.5) | 8.0 (5.0 to 8.5) |

| ratio | after / before |
| memory of an idle connection, KB | 3.000 (2.500 to 3.500) |`,
  );
});

Deno.test("what a process carries is what memory or a core has, by what signalbox takes", () => {
  const page = scalePage({
    ...{ takenAt: "", cpu: "a processor", cores: 2, versions: "", rounds: 5 },
    figures: {
      relay_per_s: { "npm:peer": [1, 2, 3], "signalbox": [9_000, 50_000, 51_000] },
      visit_us: { "npm:peer": [1, 2, 3], "signalbox": [10, 140, 150] },
      idle_bytes: { "npm:peer": [1, 2, 3], "signalbox": [1, 2 ** 30 / 50_000, 30_000] },
      beat_us: { "npm:peer": [1, 2, 3], "signalbox": [1, 35, 36] },
    },
  });
  assert(page.includes("room for 50,000 clients that are connected"), page);
  assert(page.includes("70 % of a core for 100,000 clients that only beat"), page);
  assert(page.includes("for 5,000 that come and go in a second."), page);
  assert(page.includes("A full core relays 50,000 messages a second"), page);
});
