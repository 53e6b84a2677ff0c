/**
 * What a recording costs: CPU of the server a relayed message, with and without `--record`, in turns of less than
 * a second. Prints the medians, and the ratio of each pair of turns. Not a test.
 *
 * Run: `deno run -A tests/bench/recording.ts [rounds] [folder of the recording]`
 */
import { spawnMain } from "../support/main.ts";
import type { Work } from "./closed_loop.ts";
import type { Contender } from "./contenders.ts";
import { pin } from "./cpu.ts";
import { FULL } from "./plan.ts";
import { median, ratioOf } from "./statistics.ts";
import { takeTurns } from "./turns.ts";

const rounds = Number(Deno.args[0] ?? 3);
const folder = await Deno.makeTempDir(Deno.args[1] === undefined ? {} : { dir: Deno.args[1] });
const { serverPrefix: prefix, description } = await pin();
const works: Record<string, Work[]> = { without: [], "with --record": [] };
const contenders = [
  contender("without", []),
  contender("with --record", ["--record", `${folder}/bench.ndjson`]),
];
console.log(description);
for (let round = 1; round <= rounds; round++) {
  for (
    const { name, works: taken } of await takeTurns({
      contenders,
      plan: FULL,
      prefix,
      load: "relay",
    })
  ) {
    works[name]?.push(...taken);
    print(`round ${round}, ${name}`, taken);
  }
}
for (const [name, taken] of Object.entries(works)) print(`all, ${name}`, taken);
const costs = (name: string): number[] => works[name]?.map(({ cpuUs }) => cpuUs) ?? [];
const ratio = ratioOf(costs("with --record"), costs("without"));
console.log(
  `with --record ${ratio?.median.toFixed(3)} of without ` +
    `(${ratio?.min.toFixed(3)} to ${ratio?.max.toFixed(3)}), ${costs("without").length} turns each`,
);
await Deno.remove(folder, { recursive: true });

function contender(name: string, args: readonly string[]): Contender<string> {
  const flags = ["--port=0", "--host=127.0.0.1", "--frame_rate=0", "--byte_rate=0", ...args];
  return { name, spawn: (prefix) => spawnMain(flags, {}, prefix) };
}

function print(label: string, taken: readonly Work[]): void {
  const cpuUs = median(taken.map(({ cpuUs }) => cpuUs)) ?? NaN;
  const perSecond = median(taken.map(({ perSecond }) => perSecond)) ?? NaN;
  console.log(`${label}: ${cpuUs.toFixed(2)} µs a message, ${perSecond.toFixed(0)} messages/s`);
}
