/**
 * The metrics as Prometheus reads them: its text format, version 0.0.4.
 *
 * The usual library, prom-client, depends on a package with a file that overflows the stack of `deno compile`
 * (https://github.com/denoland/deno/issues/36746).
 *
 * @module
 */
import type { Readings, Sample } from "./metrics.ts";
import type { Reader } from "./reader.ts";

/** The metrics in the text format of Prometheus. */
export interface Exposition {
  readonly type: string;
  readonly text: () => Promise<string>;
}

/** Makes the exposition of what a reader reads. The text is made anew only when the readings are. */
export function createExposition({ metrics, read }: Pick<Reader, "metrics" | "read">): Exposition {
  let [made, text]: [Readings, string] = [new Map(), ""];
  return {
    type: "text/plain; version=0.0.4; charset=utf-8",
    text: async () => {
      const readings = await read();
      if (readings === made) return text;
      const lines = metrics.flatMap(({ name, help, type }) => [
        `# HELP ${name} ${help.replace(/[\\\n]/g, escaped)}`,
        `# TYPE ${name} ${type}`,
        ...(readings.get(name) ?? []).map((sample) => lineOf(name, sample)),
      ]);
      [made, text] = [readings, `${lines.join("\n")}\n`];
      return text;
    },
  };
}

function lineOf(name: string, { labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([label, text]) =>
    `${label}="${text.replace(/[\\\n"]/g, escaped)}"`
  );
  return `${name}${pairs.length === 0 ? "" : `{${pairs.join()}}`} ${value}`;
}

function escaped(char: string): string {
  return char === "\n" ? "\\n" : `\\${char}`;
}
