/**
 * Row 14: floods to peers that are not there, from one source and from many. The bounds are scaled down, since
 * it is they that are proved; `figures.ts` runs the real 180 MB.
 */
import type { Child } from "../support/child.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { flood, inParallel, openLoadClient, openMany } from "../support/load.ts";
import { testEach } from "./listeners.ts";

/** What waits, as the server says; for the first time asked. */
async function stored(child: Child): Promise<number> {
  Deno.kill(child.pid, "SIGUSR2");
  const line = await child.nextLine((line) => line.includes('"event":"sizes"'));
  return JSON.parse(line).properties.sizes.stored;
}

testEach(
  "[FAULT-14] [QUEUE-2] one source: 20 of its messages wait, each of 500 has its end",
  async (start) => {
    const args = ["--source_queue_limit", "20", "--expire_timeout", "1500", "--byte_rate", "0"];
    await using child = await start({ args });
    await using source = await openLoadClient({ wsUrl: child.wsUrl, id: "a" });
    await source.reached("OPEN", 1);
    await flood(source, { count: 500, dstOf: (i) => `nobody ${i}`, bytes: 20_000 });
    assert(await stored(child) <= 20);
    await source.reached("EXPIRE", 500);
    await source.roundTrip();
    assertEquals(source.count("EXPIRE"), 500, "one end each, not two");
  },
);

testEach(
  "[FAULT-14] [QUEUE-2] a hundred sources: the store is bounded in bytes, each of 1,000 has its end",
  async (start) => {
    const args = ["--max_queue_bytes", "1000000", "--expire_timeout", "1500"];
    await using child = await start({ args });
    const sources = await openMany(100, { wsUrl: child.wsUrl, idOf: (i) => `source ${i}` });
    await inParallel(100, 100, async (i) => {
      const source = sources[i];
      assert(source);
      await flood(source, { count: 10, dstOf: (n) => `nobody ${i} ${n}`, bytes: 20_000 });
    });
    assert(await stored(child) < 50, "50 of them would be a million bytes");
    await Promise.all(sources.map((source) => source.reached("EXPIRE", 10)));
    await Promise.all(sources.map((source) => source.roundTrip()));
    assertEquals(sources.map((source) => source.count("EXPIRE")), sources.map(() => 10));
    await Promise.all(sources.map((source) => source.close()));
  },
);

testEach(
  "[FAULT-14] [QUEUE-2] one destination: so many wait for it, and they reach it in order when it comes",
  async (start) => {
    await using child = await start({ args: ["--queue_limit", "30", "--expire_timeout", "60000"] });
    const sources = await openMany(5, { wsUrl: child.wsUrl, idOf: (i) => `source ${i}` });
    for (const source of sources) {
      await flood(source, { count: 10, dstOf: () => "late", bytes: 1_000 });
    }
    assertEquals(sources.map((source) => source.count("EXPIRE")), [0, 0, 0, 1, 1]);
    await using late = await openLoadClient({ wsUrl: child.wsUrl, id: "late" });
    await late.reached("CANDIDATE", 30);
    await late.roundTrip();
    assertEquals(late.count("CANDIDATE"), 30);
    await Promise.all(sources.map((source) => source.close()));
  },
);
