/**
 * The benchmark suite works: every measure gives what it says, and what was sent has arrived. How long anything
 * took is not looked at.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { frame, OPCODE } from "../support/raw_socket.ts";
import { drawCosts, drawLatencies } from "./charts.ts";
import { type Name, NAMES } from "./contenders.ts";
import { concat, frameCounter, maskedFrame } from "./frames.ts";
import { answerTo, offerTo } from "./messages.ts";
import { MEASURES, takesPart } from "./measures.ts";
import { formats } from "./metrics.ts";
import { SHORT } from "./plan.ts";
import { report } from "./report.ts";
import { median, percentile, ratioOf } from "./statistics.ts";
import { scalePage } from "./scale.ts";
import { type Results, runSuite, summarize } from "./suite.ts";

Deno.test("a short run measures every contender, and nothing that was sent is lost", async () => {
  const lines: string[] = [];
  const results = await runSuite({
    plan: SHORT,
    rounds: 1,
    only: MEASURES,
    isPinned: false,
    log: (line) => lines.push(line),
  });

  for (const name of NAMES) {
    const metrics = results.rounds[0]?.[name] ?? {};
    const expected = formats(SHORT.rates).map((format) => format.name).filter((metric) =>
      MEASURES.some((measure) => metric.startsWith(measure) && takesPart(measure, name))
    );
    assertEquals(expected.filter((metric) => typeof metrics[metric] !== "number"), [], name);
    assertEquals(metrics["relay_lost"], 0, name);
    assert((metrics["relay_done"] ?? 0) > 0, name);
    assert((metrics["heartbeat_done"] ?? 0) > 0, name);
    if (!takesPart("latency", name)) continue;
    assertEquals(metrics["latency_400_done"], 40, name);
    assertEquals(metrics["open_done"], SHORT.opens * SHORT.openTurns, name);
    assertEquals(metrics["idle_done"], SHORT.idle, name);
  }
  assertEquals(lines.filter((line) => line.includes(", npm:peer: ")).length, MEASURES.length);
  assert(report(results).includes("CPU a relayed message, µs"));
});

Deno.test("the counter of frames counts them wherever the reads are cut", () => {
  const sizes = [0, 1, 125, 126, 300, 65_535, 65_536];
  const texts = sizes.map((size) => frame("x".repeat(size), { masked: false }));
  const others = [OPCODE.ping, OPCODE.close].map((opcode) =>
    frame("bye", { opcode, masked: false })
  );
  const bytes = concat([...texts, ...others, ...texts]);
  for (const step of [1, 2, 3, 7, 127, 4_096, bytes.length]) {
    const counter = frameCounter();
    for (let at = 0; at < bytes.length; at += step) {
      counter.feed(bytes, at, Math.min(at + step, bytes.length));
    }
    const { texts, pings, closes } = counter;
    assertEquals({ texts, pings, closes }, { texts: 14, pings: 1, closes: 1 }, `step ${step}`);
  }
});

Deno.test("a frame of the load is masked, and says what it was given", () => {
  for (const text of ["", "a", "x".repeat(125), "é".repeat(100), "x".repeat(2_000)]) {
    const bytes = maskedFrame(new TextEncoder().encode(text));
    const start = (bytes[1] ?? 0) === (0x80 | 126) ? 8 : 6;
    const mask = bytes.subarray(start - 4, start);
    const payload = bytes.slice(start).map((byte, i) => byte ^ (mask[i % 4] ?? 0));
    assertEquals(bytes[0], 0x81);
    assertEquals(new TextDecoder().decode(payload), text);
    assert(mask.every((byte) => byte !== 0));
  }
});

Deno.test("offers and answers are as large as real ones", () => {
  for (const text of [offerTo("b"), answerTo("b")]) {
    assert(text.length > 2_000 && text.length < 2_600, `${text.length}`);
    assert(text.includes("\\r\\n"));
  }
});

Deno.test("percentiles are by nearest rank, the median of an even number is between the two", () => {
  const sorted = Array.from({ length: 1_000 }, (_, i) => i + 1);
  assertEquals([0, 0.5, 0.99, 0.999, 1].map((p) => percentile(sorted, p)), [
    1,
    500,
    990,
    999,
    1_000,
  ]);
  assertEquals(percentile([7], 0.999), 7);
  assertEquals(median([]), null);
  assertEquals(median([3, 1, 2]), 2);
  assertEquals(median([4, 1, 2, 3]), 2.5);
});

Deno.test("a ratio is taken within each round, and what a server cannot do is in none", () => {
  assertEquals(ratioOf([2, 9, 8], [1, 3, 2]), { median: 3, min: 2, max: 4 });
  assertEquals(ratioOf([2, null, 8], [1, 3, null]), { median: 2, min: 2, max: 2 });
  assertEquals(ratioOf([null], [1]), null);
});

Deno.test("who cannot do a rate in half of the rounds cannot do it, and the table and the chart say so", () => {
  const metric = "latency_400_p50_us";
  const one = { "bare relay": { [metric]: 100 }, "npm:peer": { [metric]: 300 } };
  const other = { "bare relay": { [metric]: 200 }, "npm:peer": { [metric]: null } };
  const { medians, ratios } = summarize([one, other], SHORT);
  assertEquals(medians["bare relay"]?.[metric], 150);
  assertEquals(medians["npm:peer"]?.[metric], null);
  assertEquals(ratios.map(({ of, to, median }) => ({ of, to, median })), [
    { of: "npm:peer", to: "bare relay", median: 3 },
  ]);
  const results = resultsOf({ medians, ratios });
  assert(/p50 +150 +cannot$/m.test(report(results)));
  assert(drawLatencies(results).includes(">cannot</text>"));
});

Deno.test("a load that had no CPU to spare, and a server that had none, are told", () => {
  const of = (metrics: Record<string, number | null>): string =>
    report(resultsOf({ medians: { signalbox: metrics }, ratios: [] }));
  assert(of({ relay_load_share: 0.95 }).includes("a lower bound"));
  assert(!of({ relay_load_share: 0.85 }).includes("a lower bound"));
  assert(of({ relay_server_share: 0.5 }).includes("0.50 of a core"));
  assert(!of({ relay_server_share: 0.95 }).includes("of a core:"));
  assert(of({ latency_400_server_share: 0.5, latency_400_p50_us: null }).includes("of a core:"));
  assert(!of({ latency_400_server_share: 0.5, latency_400_p50_us: 90 }).includes("of a core:"));
});

Deno.test("the bars of the costs are as long as the ratios", () => {
  const costs = (us: number): Record<string, number> => ({ relay_cpu_us: us });
  const round: Partial<Record<Name, Record<string, number>>> = {
    "bare relay": costs(10),
    "signalbox": costs(20),
    "npm:peer": costs(40),
  };
  const svg = drawCosts(resultsOf(summarize([round], SHORT)));
  const widths = [...svg.matchAll(/<rect class="\w+" x="\d+" y="[\d.]+" width="([\d.]+)"/g)]
    .map(([, width]) => Number(width));
  const [relay = NaN, ours, incumbent] = widths;
  assertEquals([ours, incumbent], [2 * relay, 4 * relay]);
});

function resultsOf({ medians, ratios }: Pick<Results, "medians" | "ratios">): Results {
  const machine = {
    cpu: "a CPU",
    cores: 2,
    placement: "not pinned",
    deno: "2",
    v8: "15",
    incumbent: "npm:peer",
    loadAverage: [0, 0],
  };
  return { takenAt: "", machine, plan: SHORT, rounds: [], medians, ratios };
}

Deno.test("what a process carries is what a core has, by what is measured, and what clients do in an hour", () => {
  const metrics = {
    idle_bytes: 2 ** 30 / 50_000,
    idle_beat_us: 35,
    open_close_cpu_us: 150,
    latency_15000_cpu_us: 20,
    latency_30000_server_share: 0.8,
    latency_30000_p99_us: 2_500,
  };
  const page = scalePage({
    takenAt: "",
    machine: {
      cpu: "a processor",
      cores: 2,
      placement: "",
      deno: "",
      v8: "",
      incumbent: "",
      loadAverage: [],
    },
    plan: SHORT,
    rounds: [{}],
    medians: { signalbox: metrics },
    ratios: [],
    habits: { opens: 12, messages: 90, heartbeats: 700 },
  });
  const cells = page.split("\n").filter((line) => line.startsWith("| a c"))
    .map((line) => line.split(" | ").slice(1));
  assertEquals(cells, [
    ["21.5 KB", "1 GiB", "50,000 clients |"],
    ["7.0 µs a second", "70 % of a core", "100,000 clients |"],
    // (12 × 150 + 90 × 20 + 700 × 35) / 3,600
    ["7.8 µs a second", "70 % of a core", "90,000 clients |"],
    ["200 µs", "70 % of a core", "3,500 a second |"],
    ["500 µs", "70 % of a core", "1,400 a second |"],
  ]);
  assert(page.includes("80 % of its core") && page.includes("less than 2.5 ms"), page);
});
