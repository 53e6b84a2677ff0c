/** The arithmetic behind the figures of the benchmark. How long anything takes is not looked at. */
import { assert, assertEquals } from "../support/assert.ts";
import { type Client, frameCounter } from "./client.ts";
import { growthChart } from "./growth/chart.ts";
import { growthTable } from "./growth/figures.ts";
import { openSchedule } from "./latency.ts";
import { figuresOf, report, spreadOf } from "./results.ts";
import { coresPage, scalePage } from "./scale.ts";

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

const SERIES = {
  ...{ takenAt: "", cpu: "a processor", cores: 2, versions: "" },
  rounds: [
    { 1_000: { beat_us: 0.2, message_us: 4 }, 10_000: { beat_us: 0.4, message_us: 4 } },
    { 1_000: { beat_us: 0.1, message_us: 4 }, 10_000: { beat_us: 0.4, message_us: 6 } },
    { 1_000: { beat_us: 0.1, message_us: 4 } },
  ],
};

Deno.test("growth is what each round has at one size, by what the same round has at the smallest", () => {
  const rows = [{ metric: "beat_us", title: "a beat", label: "beat", per: 1, digits: 2 }];
  assertEquals(
    growthTable(SERIES, rows),
    `| clients | 1,000 | 10,000 | 10,000 / 1,000 |
| --- | --- | --- | --- |
| a beat | 0.10 (0.10 to 0.15) | 0.40 | 3.00 (2.50 to 3.50) |`,
  );
});

Deno.test("the chart of the growth has a line for each event, which ends at its multiple, and labels apart", () => {
  const chart = growthChart({ reducer: SERIES, server: SERIES, process: SERIES });
  const heights = [...chart.matchAll(/<polyline points="\S+ [\d.]+,([\d.]+) [\d.]+,([\d.]+)"/g)]
    .map(([, end, label]) => [Number(end), Number(label)] as const);
  const [message = [], beat = []] = heights;
  const axis = (multiple: number): number => {
    const mark = new RegExp(`y="([\\d.]+)" text-anchor="end" fill="#333">${multiple}<`).exec(chart);
    return Number(mark?.[1]) - 4;
  };
  assertEquals(heights.length, 3 * 2, chart);
  assert(axis(2) > (beat[0] ?? 0) && (beat[0] ?? 0) > axis(4), `a beat ends at ${beat[0]}`);
  assert(axis(1) > (message[0] ?? 0) && (message[0] ?? 0) > axis(2), `a message at ${message[0]}`);
  assert(Math.abs((beat[1] ?? 0) - (message[1] ?? 0)) >= 12, `labels at ${beat[1]}, ${message[1]}`);
});

Deno.test("the page has the ratio of the rounds, and the cores of nodes that a Redis is enough for", () => {
  const page = coresPage({
    ...{ takenAt: "2026-01-02", cpu: "a processor", cores: 2, versions: "", rounds: 5 },
    figures: {
      relay_us: { "one process": [1, 20, 30], "2 workers": [1, 25, 26], "npm:peer": [1, 40, 50] },
      relay_per_s: {
        ...{ "one process": [1, 50_000, 60_000], "2 workers": [1, 65_000, 66_000] },
        "npm:peer": [1, 25_000, 26_000],
      },
      open_us: {
        "one process": [1, 90, 91],
        "2 workers": [1, 100, 101],
        "npm:peer": [1, 110, 120],
      },
    },
    ratios: { relay_per_s: { "2 workers": [1.2, 1.4, 1.5] } },
  }, {
    takenAt: "2026-01-03",
    figures: {
      "messages a second, across": [1, 24_000, 25_000],
      "CPU of a message, servers, across, µs": [1, 60, 61],
      "CPU of a message, Redis, across, µs": [1, 3.5, 4],
      "CPU of an open, servers, two nodes, µs": [1, 300, 301],
      "CPU of an open, Redis, two nodes, µs": [1, 25, 26],
    },
  });
  assert(page.includes("| messages a second | 50,000 | 65,000 | 24,000 | 25,000 |"), page);
  assert(page.includes("| CPU of a message, µs | 20.0 | 25.0 | 60.0, Redis 3.5 | 40.0 |"), page);
  assert(page.includes("Two relay 1.40 times what one process does"), page);
  assert(page.includes("enough for 200,000 messages a second across nodes"), page);
  assert(page.includes("which take 12 cores of the nodes"), page);
});
