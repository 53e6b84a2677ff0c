/**
 * Results as text: a table of medians, and a table of ratios with their spread over the rounds.
 *
 * @module
 */
import { NAMES } from "./contenders.ts";
import { type Format, formats, type Metrics, write } from "./metrics.ts";
import type { Comparison, Results } from "./suite.ts";

/** A load that takes more of its core than this may be what limits a server. */
const LOAD_SHARE_MAX = 0.9;

/** A server that had less of its core than this while it did all that it could had to share it. */
const SERVER_SHARE_MIN = 0.9;

/** The tables, and what must be known to read them. */
export function report(results: Results): string {
  const { machine, medians, rounds, plan } = results;
  const { cpu, cores, placement, deno, v8, incumbent, loadAverage } = machine;
  const names = NAMES.filter((name) => medians[name] !== undefined);
  const known = formats(plan.rates).filter(({ name }) =>
    names.some((contender) => medians[contender]?.[name] !== undefined)
  );
  const figures = known.map(({ name, title, digits, isCompared }) => [
    title,
    ...names.map((contender) => {
      const value = medians[contender]?.[name];
      return value === null && !isCompared ? "" : write(value, digits);
    }),
  ]);
  return [
    `${cpu}, ${cores} cores; ${placement}; load average ${loadAverage.join(" to ")}`,
    `deno ${deno} (v8 ${v8}), ${incumbent}; rounds: ${rounds.length}`,
    "",
    ...table([["median of the rounds", ...names], ...figures]),
    "",
    ...table(ratioRows(results, known)),
    ...warnings(medians),
  ].join("\n");
}

function ratioRows({ ratios }: Results, known: readonly Format[]): readonly (readonly string[])[] {
  const pairs = [...new Set(ratios.map(({ of, to }) => `${of} / ${to}`))];
  const rows = known.filter(({ isCompared }) => isCompared).map(({ name, title }) => [
    title,
    ...pairs.map((pair) =>
      spread(ratios.find((r) => r.metric === name && `${r.of} / ${r.to}` === pair))
    ),
  ]);
  return [["median ratio (least to most of a round)", ...pairs], ...rows];
}

function spread(ratio: Comparison | undefined): string {
  if (ratio === undefined) return "";
  const { median, min, max } = ratio;
  return `${median.toFixed(2)} (${min.toFixed(2)} to ${max.toFixed(2)})`;
}

/** The first column is text, the others are aligned to their right. */
function table(rows: readonly (readonly string[])[]): readonly string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row.map((cell, i) => i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))
      .join("  ").trimEnd()
  );
}

/** Where a figure is not what it seems, because a core was not there for who needed it. */
function warnings(medians: Results["medians"]): readonly string[] {
  const found = NAMES.flatMap((name) => {
    const metrics: Metrics = medians[name] ?? {};
    return Object.entries(metrics).flatMap(([metric, value]) => {
      const [, load] = /^(.*)_load_share$/.exec(metric) ?? [];
      const [, rate] = /^latency_(\d+)_server_share$/.exec(metric) ?? [];
      if (load !== undefined && (value ?? 0) > LOAD_SHARE_MAX) {
        return [`${name}, ${load}: the load had no CPU to spare, so this is a lower bound`];
      }
      if (value === null || value >= SERVER_SHARE_MIN) return [];
      const isStarved = metric === "relay_server_share" ||
        rate !== undefined && metrics[`latency_${rate}_p50_us`] === null;
      if (!isStarved) return [];
      const share = value.toFixed(2);
      return [`${name}, ${metric}: ${share} of a core: others used it, or the load was too slow`];
    });
  });
  return found.length === 0 ? [] : ["", ...found];
}
