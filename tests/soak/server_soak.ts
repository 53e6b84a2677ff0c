/**
 * Half an hour of churn against the real process: memory, descriptors and every map over time.
 *
 * Run by `deno task soak:server`; not a test, because what is flat enough is for a person to judge. It prints a
 * line every half minute, and keeps the samples as JSON in a file that it names. At the end the churn stops and one
 * more sample is taken when everybody is gone: what is left then has leaked.
 */
import { parseArgs } from "@std/cli/parse-args";
import { type Child, startChild } from "../support/child.ts";
import { vitalsOf } from "../support/vitals.ts";
import { pause, startChurn } from "./churn.ts";

const flags: Record<string, unknown> = parseArgs(Deno.args, {
  string: ["listener"],
  default: { minutes: 30, rate: 20, seed: 1, every: 30, listener: "deno" },
});
const [minutes, rate, seed, everyS] = ["minutes", "rate", "seed", "every"].map((name) =>
  Number(flags[name])
) as [number, number, number, number];

/** Short timeouts, so that half an hour sees each of them many times; addresses as the churn gives them. */
const SERVER_FLAGS = "--proxied --expire_timeout 5000 --alive_timeout 10000 " +
  "--wrong_token_addresses 500 --allow_discovery --byte_burst 100000000";

/** What was measured at one instant, in seconds since the start. */
interface Sample {
  readonly at: number;
  readonly values: Readonly<Record<string, number>>;
}

async function sample(child: Child, startedAt: number): Promise<Sample> {
  const { rss, descriptors } = await vitalsOf(child.pid);
  const values = { rss: Math.round(rss / 1e5) / 10, descriptors, ...await child.sizes() };
  return { at: Math.round((performance.now() - startedAt) / 1_000), values };
}

function show({ at, values }: Sample): void {
  console.log(
    `${at} s: ${Object.entries(values).map(([name, value]) => `${name} ${value}`).join(", ")}`,
  );
}

async function soak(): Promise<void> {
  const file = await Deno.makeTempFile({ prefix: "signalbox-soak-", suffix: ".json" });
  console.log(`The samples are written to ${file}`);
  const args = [...SERVER_FLAGS.split(" "), "--listener", String(flags["listener"])];
  await using child = await startChild({ args });
  const startedAt = performance.now();
  const samples: Sample[] = [];
  const take = async (): Promise<void> => {
    const taken = await sample(child, startedAt);
    samples.push(taken);
    show(taken);
    await Deno.writeTextFile(file, JSON.stringify(samples, null, 1));
  };
  await take();
  const churn = startChurn(child, rate, seed);
  while (performance.now() - startedAt < minutes * 60_000) {
    await pause(everyS * 1_000);
    await take();
  }
  await churn.stop();
  // Longer than any message waits, and than the platform keeps a socket that is being closed.
  await pause(40_000);
  await take();
  console.log(JSON.stringify(churn.tally));
  for (const failure of churn.failures) console.log(failure);
  const bad = child.lines.filter((line) => /"level":"(?:ERROR|FATAL)"|"relisten"/.test(line));
  console.log(`${bad.length} faults in the log`);
  for (const line of bad.slice(0, 10)) console.log(line);
}

await soak();
