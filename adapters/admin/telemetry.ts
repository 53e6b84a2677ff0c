/**
 * The metrics as OpenTelemetry exports them: Deno does, in a process that runs with `OTEL_DENO=true`.
 *
 * @module
 */
import { metrics } from "@opentelemetry/api";
import { logFault } from "../observe/log.ts";
import type { Reader } from "./reader.ts";

/** Makes an instrument of every metric. Deno calls back when it exports. */
export function exportMetrics({ metrics: all, read }: Reader, version: string): void {
  const meter = metrics.getMeter("signalbox", version);
  for (const { name, help, type } of all) {
    const options = { description: help, unit: unitOf(name) };
    const instrument = type === "gauge"
      ? meter.createObservableGauge(name, options)
      : meter.createObservableCounter(name, options);
    instrument.addCallback(async (result) => {
      try {
        for (const { labels, value } of (await read()).get(name) ?? []) {
          result.observe(value, { ...labels });
        }
      } catch (error) {
        logFault("A metric cannot be read", error);
      }
    });
  }
}

/** The unit of a metric in UCUM, which its name ends with; "1" for a number of things. */
function unitOf(name: string): string {
  const [, unit] = /_(bytes|seconds)(?:_total)?$/.exec(name) ?? [];
  return unit === "bytes" ? "By" : unit === "seconds" ? "s" : "1";
}
