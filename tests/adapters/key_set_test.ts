/**
 * When keys are looked up: how often, who waits for it, and what counts meanwhile. Keys, looks and time are made up.
 */
import { createLocalJWKSet, exportJWK, generateKeyPair } from "jose";
import { cachedKeys, type Keys, keySource, KeysUnavailable } from "../../adapters/auth/key_set.ts";
import { assertEquals, assertRejects } from "../support/assert.ts";
import { makeFolder, makePipe } from "../support/folder.ts";

const HEADER = { alg: "EdDSA", kid: "one" };

/** A set with a key of that name. */
async function keysOf(kid: string): Promise<Keys> {
  const { publicKey } = await generateKeyPair("EdDSA", { extractable: true });
  return createLocalJWKSet({ keys: [{ ...await exportJWK(publicKey), kid }] });
}

interface Shelf {
  readonly pass: (ms: number) => void;
  /** What becomes of a token that names a key: "found", or the name of the error. */
  readonly ask: (kid?: string) => Promise<string>;
  /** The looks so far, each to be settled by the test. */
  readonly looks: PromiseWithResolvers<Keys>[];
  readonly complaints: unknown[];
}

/** Keys that are looked up every 1,000 s, and at the most every 100 s. */
function makeShelf(): Shelf {
  let ms = 0;
  const looks: PromiseWithResolvers<Keys>[] = [];
  const complaints: unknown[] = [];
  const load = (): Promise<Keys> => {
    const look = Promise.withResolvers<Keys>();
    looks.push(look);
    return look.promise;
  };
  const find = cachedKeys({
    source: { load, maxAgeMs: 1_000_000, cooldownMs: 100_000 },
    now: () => ms,
    reportFault: (_what, why) => complaints.push(why),
  });
  return {
    pass: (more) => ms += more,
    ask: async (kid = "one") => {
      try {
        await find({ ...HEADER, kid }, { payload: "", signature: "" });
        return "found";
      } catch (error) {
        return error instanceof Error ? error.constructor.name : "no error";
      }
    },
    looks,
    complaints,
  };
}

/** Lets a look that was settled come to its end. */
async function turns(): Promise<void> {
  for (let i = 0; i < 20; i++) await null;
}

const FAULT = new Error("broken");

Deno.test("[AUTH-4] after a look that failed the next comes 5 s after its end, and known keys stay", async () => {
  const shelf = makeShelf();
  const first = shelf.ask();
  shelf.looks[0]?.resolve(await keysOf("one"));
  assertEquals(await first, "found");
  shelf.pass(1_000_000);
  const second = shelf.ask();
  shelf.pass(5_000);
  shelf.looks[1]?.reject(FAULT);
  assertEquals([await second, shelf.looks.length], ["found", 2]);
  for (let failures = 2; failures < 10; failures++) {
    shelf.pass(4_999);
    assertEquals([await shelf.ask(), shelf.looks.length], ["found", failures]);
    shelf.pass(1);
    assertEquals([await shelf.ask(), shelf.looks.length], ["found", failures + 1]);
    assertEquals(await shelf.ask("two"), "JWKSNoMatchingKey");
    shelf.looks[failures]?.reject(FAULT);
    await turns();
    assertEquals(shelf.complaints.length, failures);
  }
  shelf.pass(5_000);
  assertEquals(await shelf.ask("two"), "JWKSNoMatchingKey");
  shelf.looks.at(-1)?.resolve(await keysOf("two"));
  await turns();
  assertEquals([await shelf.ask("two"), await shelf.ask()], ["found", "JWKSNoMatchingKey"]);
  assertEquals([shelf.looks.length, shelf.complaints], [11, Array(9).fill("broken")]);
});

Deno.test("[AUTH-4] while a look hangs after one that failed, who has a known key does not wait", async () => {
  const shelf = makeShelf();
  const first = shelf.ask();
  shelf.looks[0]?.resolve(await keysOf("one"));
  await first;
  shelf.pass(1_000_000);
  const second = shelf.ask();
  shelf.looks[1]?.reject(FAULT);
  await second;
  shelf.pass(5_000);
  for (let i = 0; i < 100; i++) {
    assertEquals([await shelf.ask(), await shelf.ask("two")], ["found", "JWKSNoMatchingKey"]);
  }
  assertEquals(shelf.looks.length, 3);
  shelf.pass(3_000_000);
  const late = shelf.ask();
  shelf.looks[2]?.reject(FAULT);
  assertEquals(await late, "KeysUnavailable", "an hour old");
});

Deno.test("[AUTH-4] without keys one look is waited for by all, and for 5 s after it nobody waits", async () => {
  const shelf = makeShelf();
  const crowd = Array.from({ length: 1_000 }, (_, i) => shelf.ask(`${i}`));
  shelf.pass(5_000);
  shelf.looks[0]?.reject(FAULT);
  assertEquals(new Set(await Promise.all(crowd)), new Set(["KeysUnavailable"]));
  shelf.pass(4_999);
  for (let i = 0; i < 1_000; i++) assertEquals(await shelf.ask(), KeysUnavailable.name);
  assertEquals([shelf.looks.length, shelf.complaints.length], [1, 1]);
});

Deno.test({
  name: "[AUTH-4] a file that does not come to its end is given up",
  // The read that was given up ends when its thread does, which may be after the test.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(): Promise<void> {
    await using folder = await makeFolder();
    const path = `${folder.path}/keys`;
    await makePipe(path);
    await assertRejects(keySource(path, 50).load, Error, "no whole answer came in 50 ms");
    const writer = await Deno.open(path, { write: true });
    writer.close();
  },
});
