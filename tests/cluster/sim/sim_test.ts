/**
 * Simulated fleets: pinned seeds, a fresh one, and each kind of fault alone.
 */
import { assert, assertEquals } from "../../support/assert.ts";
import { FAULTS } from "./faults.ts";
import { type Result, type RunOptions, simulate } from "./simulate.ts";
import { optionsOf, threadsOf } from "./varied.ts";

/** Seeds that once found something, with what they found. */
const PINNED: Readonly<Record<number, string>> = {
  5: "a node sent on without a name, after the engine's clock had jumped",
  6: "what followed a bounce stayed on its link, and overtook",
  120: "a claim that was taken over on its own node came back with a failover",
};

for (const [key, why] of Object.entries(PINNED)) {
  Deno.test(`[CLUSTER-1] [CLUSTER-4] [CLUSTER-5] [CLUSTER-9] seed ${key} becomes whole: ${why}`, () => {
    const result = assertSound({ ...optionsOf(Number(key)), minutes: 10 });
    assert(result.delivered > 100, "hardly anything happened");
  });
}

for (const [i, kind] of Object.keys(FAULTS).entries()) {
  Deno.test(`[CLUSTER-1] [CLUSTER-3] [CLUSTER-8] a fleet becomes whole: ${kind}`, () => {
    const result = assertSound({
      ...optionsOf(i),
      ...{
        nodes: 3,
        people: 16,
        minutes: 4,
        actEveryMs: 1_000,
        faultEveryMs: 2_500,
        kinds: [kind],
      },
    });
    assert((result.counts[`fault: ${kind}`] ?? 0) > 0, "it did not happen");
  });
}

Deno.test("[CLUSTER-34] [LIFE-8] in a rolling restart nothing is lost that a client had said, or that waited", () => {
  const options = optionsOf(3);
  const result = assertSound({
    ...options,
    ...{ nodes: 3, people: 20, minutes: 6, actEveryMs: 300, faultEveryMs: 1_000 },
    kinds: ["node drained"],
    // What waits when the last client is closed is delivered, or expires, before the drain is over.
    settings: { ...options.settings, expire_timeout: 1_000 },
  });
  const { counts, ends, untaken } = result;
  assert((counts["fault: node drained"] ?? 0) > 5 && (counts["closed with 1012"] ?? 0) > 50);
  assertEquals([ends["lost with its node"], untaken], [undefined, 0]);
});

Deno.test("[CLUSTER-1] [CLUSTER-6] [CLUSTER-10] a fresh seed becomes whole", () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  assertSound({ ...optionsOf(seed), minutes: 5 });
});

Deno.test("[WORKER-11] threads become whole, whatever is sent at once, and has to wait after all", () => {
  const busy = { nodes: 3, people: 20, actEveryMs: 300, faultEveryMs: 3_000, minutes: 5 };
  const { counts } = assertSound({ ...threadsOf(1), ...busy });
  assert((counts["passed-on"] ?? 0) > 1_000 && (counts["waits"] ?? 0) > 10);
  assertSound({ ...threadsOf(crypto.getRandomValues(new Uint32Array(1))[0] ?? 0), minutes: 5 });
});

Deno.test("[STATE-1] the same seed gives the same fleet, and another seed another", () => {
  const first = assertSound({ ...optionsOf(7), minutes: 1 });
  assertEquals(assertSound({ ...optionsOf(7), minutes: 1 }), first);
  assert(assertSound({ ...optionsOf(8), minutes: 1 }).digest !== first.digest);
});

function assertSound(options: RunOptions): Result {
  const result = simulate(options);
  const { seed, minutes, isNear } = options;
  const threads = isNear === true ? " --threads" : "";
  const again = `Again: deno task sim:cluster --seed ${seed} --minutes ${minutes}${threads}`;
  assert(result.failure === null, `${result.failure?.text}\n${again}`);
  return result;
}
