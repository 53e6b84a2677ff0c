/**
 * FAULT-14: floods to absent peers, from one source and from many. The bounds are scaled down, because the tests
 * prove the bounds; `figures.ts` sends the real 180 MB.
 */
import { assert, assertEquals } from "../support/assert.ts";
import { admit, flood, inParallel, openLoadClient, openMany } from "../support/load.ts";
import { test } from "../support/served.ts";

const BEHIND_A_PROXY = ["--trusted_proxies", "127.0.0.1"];

test.program("[FAULT-14] [QUEUE-2] one source: 20 of its messages wait, and each of 500 has one end", async ({ start }) => {
  const args = ["--source_queue_limit", "20", "--expire_timeout", "1500", "--byte_rate", "0"];
  await using child = await start({ args });
  await using source = await admit(child, "a");
  await flood(source, { count: 500, dstOf: (i) => `nobody ${i}`, bytes: 20_000 });
  const { stored = NaN } = await child.sizes();
  assert(stored <= 20, `${stored} wait`);
  await source.reached("EXPIRE", 500);
  await source.roundTrip();
  assertEquals(source.count("EXPIRE"), 500, "one end each, not two");
});

test.program("[FAULT-14] [QUEUE-2] a hundred sources: the store is bounded in bytes, and each of 1,000 messages has one end", async ({ start }) => {
  const args = ["--max_queue_bytes", "1000000", "--expire_timeout", "1500", ...BEHIND_A_PROXY];
  await using child = await start({ args });
  const sources = await inParallel(
    100,
    64,
    (i) => admit(child, `source ${i}`, { address: `192.0.2.${i % 10}` }),
  );
  await Promise.all(
    sources.map((source, i) =>
      flood(source, { count: 10, dstOf: (n) => `nobody ${i} ${n}`, bytes: 20_000 })
    ),
  );
  const { stored = NaN } = await child.sizes();
  assert(stored < 50, `50 of them would be a million bytes: ${stored} wait`);
  await Promise.all(sources.map((source) => source.reached("EXPIRE", 10)));
  await Promise.all(sources.map((source) => source.roundTrip()));
  assertEquals(sources.map((source) => source.count("EXPIRE")), sources.map(() => 10));
  await Promise.all(sources.map((source) => source.close()));
});

test.program("[FAULT-14] [QUEUE-7] one source leaves room for others in the mailbox of an absent peer", async ({ start }) => {
  await using child = await start({ args: ["--expire_timeout", "60000", "--byte_rate", "0"] });
  await using many = await admit(child, "many");
  await using large = await admit(child, "large");
  await using honest = await admit(child, "honest");
  await flood(many, { count: 300, dstOf: () => "absent", bytes: 100 });
  await flood(large, { count: 3, dstOf: () => "absent by bytes", bytes: 240_000 });
  assertEquals([many.count("EXPIRE"), large.count("EXPIRE")], [1, 1]);
  for (const dst of ["absent", "absent by bytes"]) {
    await flood(honest, { count: 1, dstOf: () => dst, bytes: 8_000, type: "OFFER" });
    await flood(honest, { count: 30, dstOf: () => dst, bytes: 300 });
  }
  assertEquals(honest.count("EXPIRE"), 0, "its attempt has room");
  for (const [id, candidates] of [["absent", 64 + 30], ["absent by bytes", 1 + 30]] as const) {
    await using late = await openLoadClient({ wsUrl: child.wsUrl, id });
    await late.reached("CANDIDATE", candidates);
    await late.roundTrip();
    assertEquals([late.count("OFFER"), late.count("CANDIDATE")], [1, candidates]);
  }
});

test.program("[FAULT-14] [QUEUE-8] one address with 200 connections leaves room in the store for others", async ({ start }) => {
  const args = ["--expire_timeout", "60000", "--max_queue_bytes", "4000000"];
  await using child = await start({ args: [...args, ...BEHIND_A_PROXY] });
  const { wsUrl } = child;
  const crowd = await openMany(200, { wsUrl, idOf: (i) => `c${i}`, address: "192.0.2.1" });
  await Promise.all(
    crowd.map((source, i) =>
      flood(source, { count: 2, dstOf: (n) => `nobody ${i} ${n}`, bytes: 20_000 })
    ),
  );
  const { stored = NaN } = await child.sizes();
  assert(stored > 40 && stored < 50, `a quarter of 4 MB has 48 of them: ${stored} wait`);
  await using honest = await openLoadClient({ wsUrl, id: "honest", address: "192.0.2.2" });
  await flood(honest, { count: 31, dstOf: () => "friend", bytes: 8_000 });
  assertEquals(honest.count("EXPIRE"), 0);
  await using friend = await openLoadClient({ wsUrl, id: "friend", address: "192.0.2.1" });
  await friend.reached("CANDIDATE", 31);
  await Promise.all(crowd.map((source) => source.close()));
});
