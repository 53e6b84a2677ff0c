/**
 * The scripts on a real redis-server, held against the pure engine. Without a redis-server the tests are ignored, and
 * one line says so, unless `SIGNALBOX_REQUIRE` names redis.
 */
import fc from "fast-check";
import { answerFrom, channelOf, publishedFrom, SCRIPTS } from "../../adapters/cluster/scripts.ts";
import {
  emptyEngine,
  type Engine,
  type EngineAnswer,
  LAYOUT,
  nodeName,
  runCommand,
} from "../../core/cluster/mod.ts";
import { millis, owner, peerId } from "../../core/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../support/assert.ts";
import { acts, BOUNDS, type Moment, play } from "./history.ts";
import { commandsFor, findRedis, keysIn, keysOf, type Redis, startRedis } from "./redis.ts";

const RUNS = 400;
const NAMESPACE = "t";

const search = findRedis();
if (search.kind === "missing") console.warn(`No test of Redis runs: ${search.reason}`);

/** A test that has a server of its own. */
function test(
  name: string,
  body: (redis: Redis) => Promise<void>,
  scripts?: Readonly<Record<string, string>>,
): void {
  const ignore = search.kind === "missing" && search.allowed;
  Deno.test({
    name,
    ignore,
    fn: async () => {
      if (search.kind === "missing") throw new Error(search.reason);
      await using redis = await startRedis(search.path, scripts);
      await body(redis);
    },
  });
}

test("[CLUSTER-13] every answer, all that is published and the keys of Redis are those of the pure engine", async (redis) => {
  await fc.assert(
    fc.asyncProperty(acts(false), (list) => compare(redis, play(list))),
    { numRuns: RUNS },
  );
});

/** Lines of the scripts, and what they are without a guard. */
const BROKEN: readonly (readonly [find: string, put: string])[] = [
  ["if current ~= conn then", "if current > conn then"],
  ["tonumber(lease_end) > now", "tonumber(lease_end) >= now"],
  ["if not is_alive(node) then return", "if not redis.call('ZSCORE', nodes, node) then return"],
  ["if not is_alive(to) then return end", ""],
  ["if rung[to] then return end", ""],
  ['redis.call("LTRIM", prefix .. "ctl:" .. to, -most, -1)', ""],
  ["if former.node ~= node then", "if true then"],
  ["if waiter ~= node and not told[waiter] then", "if waiter ~= node then"],
  ["claim.node == node and claim.seq == ARGV[i + 1] then", "claim.node == node then"],
  ["claim and claim.node == node and claim.seq == ARGV", "claim and claim.seq == ARGV"],
  ["claim and claim.node == node and claim.op == op then\n  drop", "claim then\n  drop"],
  ["if tonumber(op) <= tonumber(", "if tonumber(op) < tonumber("],
  [
    'if claim and not (is_own and may_replace) and is_alive(claim.node) then return { "taken" } end',
    "",
  ],
  ["(is_own and may_replace)", "is_own"],
  ["if ms > 0 then", "if false then"],
  ["if not claim and limit > 0", "if limit > 0"],
  ['if tonumber(lease_end) > now then return { "alive" } end', ""],
  ["tonumber(claim.seq) < tonumber(seq) or", "tonumber(claim.seq) <= tonumber(seq) or"],
  ["(claim.seq == seq and not is_alive(claim.node))", "false"],
  ['if tonumber(seq) > tonumber(redis.call("GET", fence) or 0)', "if false"],
  ["math.max(0, told - tonumber(seen))", "told - tonumber(seen)"],
  ["if known[1] and known[2] ~= layout then return", "if false then return"],
  ["if current > conn then return", "if false then return"],
  ["if dead then reap_batch(dead, batch_max) end", ""],
  ['tonumber(redis.call("GET", fence) or 0) + 1, now', 'tonumber(redis.call("GET", fence)), now'],
  [" + 1, now * 1000)", " + 1, 0)"],
  ['string.format("%.0f", number)', "tostring(number)"],
  ['if waiter == node then return { "absent" } end', ""],
  ['redis.call("UNLINK", old)', ""],
];

for (const [find, put] of BROKEN) {
  const found = Object.values(SCRIPTS).some((script) => script.includes(find));
  const broken = Object.entries(SCRIPTS).map(([kind, script]) => [kind, script.replace(find, put)]);
  test(
    `[CLUSTER-13] scripts without a guard are noticed: ${find}`,
    async (redis) => {
      assert(found, "no script has this line");
      const property = fc.asyncProperty(acts(false), (list) => compare(redis, play(list)));
      const options = { numRuns: 10 * RUNS, seed: 20_240_229, endOnFailure: true };
      assert((await fc.check(property, options)).failed, "no difference is found");
    },
    Object.fromEntries(broken),
  );
}

/** Runs the same in Redis, all at once in order, and in the pure engine. */
async function compare(redis: Redis, moments: readonly Moment[]): Promise<void> {
  const expected: EngineAnswer[] = [];
  const expectedHeard: string[] = [];
  let engine: Engine = emptyEngine(BOUNDS);
  const replies = [];
  void await redis.send("FLUSHALL");
  const others = [];
  for (const moment of moments) {
    if (moment.kind === "lost") {
      engine = moment.engine;
      others.push(redis.send("FLUSHALL"));
      for (const words of commandsFor(keysOf(engine, NAMESPACE))) {
        others.push(redis.send(...words));
      }
      continue;
    }
    const { command, now } = moment;
    replies.push(redis.run(NAMESPACE, command, { now, bounds: BOUNDS }));
    const [after, answer, published] = runCommand(engine, command, millis(now));
    expected.push(answer);
    for (const one of published) {
      expectedHeard.push(`${channelOf(NAMESPACE, one.to)} ${JSON.stringify(one)}`);
    }
    engine = after;
  }
  await Promise.all(others);
  const answers = (await Promise.all(replies)).map(answerFrom);
  for (const [i, answer] of answers.entries()) {
    assertEquals(answer, expected[i], `answer ${i}, of ${JSON.stringify(moments)}`);
  }
  const heard = (await redis.heard()).map((text) => {
    const [channel = "", message = ""] = text.split(/ (.*)/);
    const to = nodeName(channel.slice(channelOf(NAMESPACE, nodeName("")).length));
    return `${channel} ${JSON.stringify(publishedFrom(to, message))}`;
  });
  const inOrder = (all: readonly string[]): string[] =>
    all.map((text) => text.replace(/\{"kind":.*/, (json) => sorted(JSON.parse(json))));
  assertEquals(inOrder(heard), inOrder(expectedHeard));
  assertEquals(await keysIn(redis), keysOf(engine, NAMESPACE));
}

function sorted(value: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(Object.entries(value).sort());
}

const NODE = { node: nodeName("n"), conn: 1 };
const TIMES = { leaseMs: 60_000, graceMs: 0, mailMs: 5_000 };

test("[CLUSTER-5] without a time of a test's own the clock of the server counts", async (redis) => {
  const join = { kind: "join", ...NODE, layout: LAYOUT, generation: "g", ...TIMES } as const;
  const clock = async (): Promise<number> => {
    const [seconds, micros] = [await redis.send("TIME")].flat();
    return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
  };
  const earliest = await clock();
  const answer = answerFrom(await redis.run(NAMESPACE, join, {}));
  const latest = await clock();
  assertEquals(answer, { kind: "joined", generation: "g", op: 0 });
  const leaseEnd = Number(await redis.send("ZSCORE", `{${NAMESPACE}}:nodes`, "n"));
  assert(earliest <= leaseEnd - TIMES.leaseMs && leaseEnd - TIMES.leaseMs <= latest);
});

test("[CLUSTER-14] a server without memory changes nothing by halves, keeps leases and gives claims up", async (redis) => {
  const join = { kind: "join", ...NODE, layout: LAYOUT, generation: "g", ...TIMES } as const;
  const [id, who] = [peerId("a"), owner("o")];
  const open = {
    kind: "open",
    ...NODE,
    op: 1,
    id,
    owner: who,
    mayReplace: true,
    limit: 0,
  } as const;
  await redis.run(NAMESPACE, join, {});
  const opened = answerFrom(await redis.run(NAMESPACE, open, {}));
  assert(opened.kind === "opened");

  await redis.send("CONFIG", "SET", "maxmemory", 1);
  const before = await keysIn(redis);
  const claims = [{ id, seq: opened.seq, owner: who }];
  const grow = [
    { ...join, node: nodeName("m") },
    { ...open, op: 2, id: peerId("b") },
    { kind: "restore", ...NODE, op: 2, claims },
  ] as const;
  for (const command of grow) {
    await assertRejects(() => redis.run(NAMESPACE, command, {}), Error, "OOM");
  }
  assertEquals(await keysIn(redis), before);
  const others = [
    { kind: "beat", ...NODE, leaseMs: 60_000, seen: 0, probe: 1 },
    { kind: "pull", ...NODE, seen: 0 },
    { kind: "route", ...NODE, id: peerId("c") },
    { kind: "abandon", ...NODE, op: 2, id: peerId("b") },
    { kind: "reap", ...NODE, dead: nodeName("m") },
    { kind: "close", ...NODE, op: 3, claims },
  ] as const;
  const kinds: string[] = [];
  for (const command of others) {
    kinds.push(answerFrom(await redis.run(NAMESPACE, command, {})).kind);
  }
  assertEquals(kinds, ["beaten", "pulled", "crowded", "closed", "reaped", "closed"]);
  assertEquals(await redis.send("HLEN", `{${NAMESPACE}}:claims`), 0);
});

Deno.test("a reply, a notice or a message that no script gives is an error that shows it", () => {
  const wrong = [
    "text",
    [],
    ["strange"],
    ["stale"],
    ["joined", 7, 0],
    ["refused", "mood", 1],
    ["pulled", 1, ["strange 1 a"]],
    ["pulled", 1, 2],
  ];
  for (const reply of wrong) {
    let said = "nothing";
    try {
      answerFrom(reply);
    } catch (error) {
      said = String(error);
    }
    assertStringIncludes(said, "TypeError: The engine gave", JSON.stringify(reply));
  }
});
