/**
 * Results as pictures, in plain SVG that is readable on a light and on a dark page: what things cost next to the
 * bare relay, and the percentiles of a round trip.
 *
 * @module
 */
import { type Name, NAMES } from "./contenders.ts";
import { write } from "./metrics.ts";
import type { Results } from "./suite.ts";

const WIDTH = 760;
const LEFT = 150;
const RIGHT = 170;
const TOP = 56;
const ROW = 22;
const GAP = 34;

/** The contenders of the pictures. */
const SHOWN = NAMES.filter((name) => name !== "signalbox, no rate");

const CLASS: Readonly<Record<Name, string>> = {
  "bare relay": "relay",
  "signalbox": "ours",
  "signalbox, no rate": "ours",
  "npm:peer": "incumbent",
};

const STYLE = `<style>
  text { font: 13px sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .quiet { fill: #57606a; font-size: 12px }
  .page { fill: #ffffff }
  .spread { stroke: #24292f; stroke-width: 2 }
  .grid { stroke: #d0d7de }
  .relay { fill: #8c959f; stroke: #8c959f }
  .ours { fill: #0969da; stroke: #0969da }
  .incumbent { fill: #bc4c00; stroke: #bc4c00 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .page { fill: #0d1117 }
    .spread { stroke: #e6edf3 }
    .grid { stroke: #30363d }
    .relay { fill: #848d97; stroke: #848d97 }
    .ours { fill: #4493f8; stroke: #4493f8 }
    .incumbent { fill: #f0883e; stroke: #f0883e }
  }
</style>`;

const COSTS = [
  { metric: "relay_cpu_us", title: "CPU a relayed message", unit: "µs", per: 1, digits: 1 },
  { metric: "open_close_cpu_us", title: "CPU an open and close", unit: "µs", per: 1, digits: 0 },
  { metric: "heartbeat_cpu_us", title: "CPU a heartbeat", unit: "µs", per: 1, digits: 2 },
  {
    metric: "idle_bytes",
    title: "Memory of an idle connection",
    unit: "KB",
    per: 1_000,
    digits: 1,
  },
] as const;

const PERCENTILES = [
  { metric: "p50_us", label: "p50", radius: 4 },
  { metric: "p99_us", label: "p99", radius: 5 },
  { metric: "p999_us", label: "p99.9", radius: 6 },
] as const;

/** Costs as multiples of what the bare relay takes, with the spread over the rounds. */
export function drawCosts({ medians, ratios }: Results): string {
  const bars = COSTS.flatMap(({ metric, ...cost }, group) =>
    SHOWN.map((name, i) => {
      const ratio = ratios.find((r) =>
        r.metric === metric && r.of === name && r.to === "bare relay"
      );
      const value = medians[name]?.[metric];
      const isBase = name === "bare relay" && typeof value === "number";
      return {
        ...cost,
        name,
        ratio: ratio ?? (isBase ? { median: 1, min: 1, max: 1 } : null),
        amount: typeof value === "number" ? write(value / cost.per, cost.digits) : "",
        y: TOP + group * (SHOWN.length * ROW + GAP) + i * ROW,
        isFirst: i === 0,
      };
    })
  );
  const most = Math.max(1, ...bars.map(({ ratio }) => ratio?.max ?? 0));
  const x = (ratio: number): number => LEFT + ratio / most * (WIDTH - LEFT - RIGHT);
  const drawn = bars.map(({ name, ratio, amount, unit, title, y, isFirst }) => {
    const heading = isFirst ? label(16, y - 6, title) : "";
    const who = label(LEFT - 8, y + 15, name, 'text-anchor="end" class="quiet"');
    if (ratio === null) return heading + who;
    const { median, min, max } = ratio;
    const middle = y + 10;
    return heading + who +
      `<rect class="${CLASS[name]}" x="${LEFT}" y="${y + 3}" width="${
        (x(median) - LEFT).toFixed(1)
      }" height="14"/>` +
      `<line class="spread" x1="${at(x(min))}" x2="${at(x(max))}" y1="${middle}" y2="${middle}"/>` +
      label(Math.max(x(max), x(median)) + 8, y + 15, `${median.toFixed(2)} × (${amount} ${unit})`);
  });
  const bottom = TOP + COSTS.length * (SHOWN.length * ROW + GAP) - GAP;
  drawn.push(label(LEFT, bottom + 18, "Line: least to most of a round", 'class="quiet"'));
  return page(bottom + 30, "Cost, as a multiple of the bare relay's", drawn);
}

/** Round trips on a logarithmic axis, a panel for each rate. */
export function drawLatencies({ medians, plan }: Results): string {
  const panel = SHOWN.length * ROW + GAP;
  const values = plan.rates.flatMap((rate) =>
    SHOWN.flatMap((name) => PERCENTILES.map(({ metric }) => valueOf(name, rate, metric)))
  ).filter((value) => value !== null);
  const low = Math.floor(Math.log10(Math.min(100, ...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(1_000, ...values))));
  const x = (us: number): number =>
    LEFT + (Math.log10(us) - low) / (high - low) * (WIDTH - LEFT - 60);
  const bottom = TOP + plan.rates.length * panel - GAP + 6;
  const drawn = [];
  for (let power = low; power <= high; power++) {
    const line = at(x(10 ** power));
    drawn.push(`<line class="grid" x1="${line}" x2="${line}" y1="${TOP - 4}" y2="${bottom}"/>`);
    drawn.push(
      label(x(10 ** power), bottom + 16, time(10 ** power), 'text-anchor="middle" class="quiet"'),
    );
  }
  plan.rates.forEach((rate, group) => {
    const top = TOP + group * panel;
    drawn.push(label(16, top - 6, `${rate.toLocaleString("en")} messages a second`));
    SHOWN.forEach((name, i) => {
      const y = top + i * ROW + 12;
      drawn.push(label(LEFT - 8, y + 4, name, 'text-anchor="end" class="quiet"'));
      drawn.push(
        drawRow({
          name,
          y,
          values: PERCENTILES.map(({ metric }) => valueOf(name, rate, metric)),
          x,
        }),
      );
    });
  });
  return page(bottom + 28, "Time of a round trip: p50, p99 and p99.9", drawn);

  function valueOf(name: Name, rate: number, metric: string): number | null {
    return medians[name]?.[`latency_${rate}_${metric}`] ?? null;
  }
}

interface Row {
  readonly name: Name;
  readonly y: number;
  /** Of the percentiles, in their order. */
  readonly values: readonly (number | null)[];
  readonly x: (us: number) => number;
}

function drawRow({ name, y, values, x }: Row): string {
  const [first, last] = [values[0] ?? null, values.at(-1) ?? null];
  if (first === null || last === null) return label(LEFT + 8, y + 4, "cannot", 'class="quiet"');
  const dots = values.map((value, i) =>
    `<circle class="${CLASS[name]}" cx="${at(x(value ?? last))}" cy="${y}" r="${
      PERCENTILES[i]?.radius ?? 4
    }"><title>${name} ${PERCENTILES[i]?.label} ${time(value ?? last)}</title></circle>`
  );
  return `<line class="${CLASS[name]}" stroke-width="2" x1="${at(x(first))}" x2="${
    at(x(last))
  }" y1="${y}" y2="${y}"/>${dots.join("")}`;
}

function page(height: number, title: string, drawn: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" ` +
    `viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${title}">\n${STYLE}\n` +
    `<rect class="page" width="100%" height="100%"/>\n` +
    `${label(16, 24, title, 'class="title"')}\n${drawn.join("\n")}\n</svg>\n`;
}

function label(x: number, y: number, text: string, attributes = ""): string {
  return `<text x="${at(x)}" y="${at(y)}" ${attributes}>${text}</text>`;
}

function at(position: number): string {
  return position.toFixed(1);
}

function time(us: number): string {
  if (us >= 1e6) return `${us / 1e6} s`;
  return us >= 1e3 ? `${us / 1e3} ms` : `${us} µs`;
}
