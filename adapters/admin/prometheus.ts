/**
 * The metrics as Prometheus reads them.
 *
 * @module
 */
import { Counter, Gauge, Registry } from "prom-client";
import type { Reader, Readings } from "./metrics.ts";

/** The metrics in the text format of Prometheus. */
export interface Exposition {
  readonly type: string;
  readonly text: () => Promise<string>;
}

/** Makes the exposition of what a reader reads. */
export function createExposition({ metrics, read }: Reader): Exposition {
  const registry = new Registry();
  for (const { name, help, type, labels } of metrics) {
    const configuration = { name, help, labelNames: [...labels], registers: [registry] };
    const samples = (): ReturnType<typeof sampled> => sampled(read, name);
    // The library keeps numbers of its own: they are set from ours when they are read.
    if (type === "gauge") {
      new Gauge({
        ...configuration,
        collect(): void {
          this.reset();
          for (const { labels, value } of samples()) this.set(labels, value);
        },
      });
    } else {
      new Counter({
        ...configuration,
        collect(): void {
          this.reset();
          for (const { labels, value } of samples()) this.inc(labels, value);
        },
      });
    }
  }
  let [made, text] = [new Map() as Readings, Promise.resolve("")];
  return {
    type: registry.contentType,
    text: () => {
      const readings = read();
      if (readings !== made) [made, text] = [readings, registry.metrics()];
      return text;
    },
  };
}

function sampled(
  read: () => Readings,
  name: string,
): readonly { readonly labels: Record<string, string>; readonly value: number }[] {
  return (read().get(name) ?? []).map(({ labels, value }) => ({ labels: { ...labels }, value }));
}
