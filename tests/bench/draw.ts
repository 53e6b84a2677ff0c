/**
 * Draws the charts from `results.json`, as `deno task bench:charts`; `deno task bench` does so itself.
 *
 * @module
 */
import { drawCosts, drawLatencies } from "./charts.ts";
import type { Results } from "./suite.ts";

if (import.meta.main) {
  const results: Results = JSON.parse(await Deno.readTextFile(beside("results.json")));
  await writeCharts(results);
}

/** Writes `cost.svg` and `latency.svg`. */
export async function writeCharts(results: Results): Promise<void> {
  await save("cost.svg", drawCosts(results));
  await save("latency.svg", drawLatencies(results));
}

/** Writes a file beside this one, formatted as everything else is. */
export async function save(name: string, text: string): Promise<void> {
  const path = beside(name).pathname;
  await Deno.writeTextFile(path, text);
  const args = ["fmt", "--quiet", path];
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args }).output();
  if (!success) throw new Error(`Cannot format ${path}: ${new TextDecoder().decode(stderr)}`);
}

function beside(name: string): URL {
  return new URL(`./${name}`, import.meta.url);
}
