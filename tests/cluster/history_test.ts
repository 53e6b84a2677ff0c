/**
 * What holds in every history of a directory: nodes that miss answers and ask again, come back over other connections
 * and under other names, and outlive their lease; directories that are lost, whole or in part. Each guard is needed:
 * without it a law is broken.
 */
import fc from "fast-check";
import { type Engine, type EngineCommand, runCommand } from "../../core/cluster/mod.ts";
import { mapGet, millis } from "../../core/mod.ts";
import { mapSet } from "../../core/collections/persistent_map.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type Act, acts, type Moment, play, type Run } from "./history.ts";
import { laws } from "./laws.ts";

const RUNS = 1_500;
/** What has to come up comes up with this one; the laws themselves are tried with another one each time. */
const SEED = 20_240_229;

Deno.test("[CLUSTER-1] [CLUSTER-2] [CLUSTER-3] [CLUSTER-4] [CLUSTER-5] [CLUSTER-6] the laws hold in every history", () => {
  const result = fc.check(
    fc.property(acts(true), (list) => void play(list, { laws: laws(runCommand) })),
    { numRuns: RUNS },
  );
  assert(!result.failed, failure(result));
});

Deno.test("[CLUSTER-7] [CLUSTER-8] [CLUSTER-9] [CLUSTER-10] [CLUSTER-12] histories come to every answer and every bound", () => {
  const seen = new Set<string>();
  const run: Run = (engine, command, now) => {
    const step = runCommand(engine, command, now);
    const [, answer, published] = step;
    const why = answer.kind === "refused" ? ` ${answer.why}` : "";
    const lost = answer.kind === "restored" ? ` ${answer.lost.length > 0 ? "less" : "all"}` : "";
    const done = answer.kind === "reaped" ? ` ${answer.isDone ? "all" : "some"}` : "";
    seen.add(`${command.kind}: ${answer.kind}${why}${lost}${done}`);
    for (const { kind } of published) seen.add(`${command.kind} publishes ${kind}`);
    return step;
  };
  for (const list of fc.sample(acts(true), { numRuns: 1_000, seed: SEED })) {
    play(list, { laws: laws(runCommand), run });
  }
  const unusual = ["abandon", "beat", "close", "join", "open", "pull", "reap", "restore", "route"]
    .flatMap((kind) => [`${kind}: gone`, `${kind}: stale`]);
  const expected = [
    ...unusual,
    ...["join: joined", "join: refused layout", "join: refused nodes"],
    ...["beat: beaten", "beat publishes probe", "pull: pulled"],
    ...["open: opened", "open: past", "open: taken", "open: wait", "open: full"],
    ...["open publishes doorbell", "restore publishes doorbell"],
    ...["close: closed", "close: refused batch", "abandon: closed"],
    ...["route: held", "route: absent", "route: crowded"],
    ...["reap: alive", "reap: reaped some", "reap: reaped all"],
    ...["restore: restored all", "restore: restored less", "restore: refused batch"],
  ];
  assertEquals([...seen].sort(), expected.sort());
});

/** Engines without one guard each, made from outside: the command, the instant or the engine is another one. */
const BROKEN: Readonly<Record<string, Run>> = {
  "[CLUSTER-4] a close touches whatever seq the node holds": (engine, command, now) =>
    runCommand(engine, command.kind === "close" ? ofNowadays(engine, command) : command, now),
  "[CLUSTER-4] a close releases by id alone, whoever holds it": (engine, command, now) => {
    const [first] = command.kind === "close" ? command.claims : [];
    const claim = first === undefined ? undefined : mapGet(engine.claims, first.id);
    const holder = claim === undefined ? undefined : mapGet(engine.nodes, claim.node);
    if (command.kind !== "close" || claim === undefined || holder === undefined) {
      return runCommand(engine, command, now);
    }
    const asker = { node: claim.node, conn: holder.conn };
    return runCommand(engine, { ...ofNowadays(engine, command), ...asker }, now);
  },
  "[CLUSTER-5] a node is reaped before its lease is over": (engine, command, now) => {
    if (command.kind !== "reap" || command.dead === command.node) {
      return runCommand(engine, command, now);
    }
    return runCommand(withLease(engine, command.dead, now), command, now);
  },
  "[CLUSTER-5] a lease is ten times as long": (engine, command, now) =>
    runCommand(engine, "leaseMs" in command ? { ...command, leaseMs: 10_000 } : command, now),
  "[CLUSTER-5] a lease that is over begins again": (engine, command, now) => {
    const { kind, node } = command;
    if (kind !== "beat" && kind !== "join") return runCommand(engine, command, now);
    return runCommand(withLease(engine, node, now + 1), command, now);
  },
  "[CLUSTER-6] an old connection counts": (engine, command, now) => {
    const conn = mapGet(engine.nodes, command.node)?.conn ?? command.conn;
    return runCommand(engine, { ...command, conn }, now);
  },
  "[CLUSTER-9] a restore wins over a higher seq": (engine, command, now) => {
    if (command.kind !== "restore") return runCommand(engine, command, now);
    const claims = command.claims.map((one) => ({ ...one, seq: engine.fence + 1 }));
    return runCommand(engine, { ...command, claims }, now);
  },
  "[CLUSTER-3] an open that is sent again claims again": (engine, command, now) => {
    const node = mapGet(engine.nodes, command.node);
    if (command.kind !== "open" || node === undefined) return runCommand(engine, command, now);
    return runCommand(engine, { ...command, op: Math.max(command.op, node.op + 1) }, now);
  },
  "[CLUSTER-2] every owner gets what is held": (engine, command, now) => {
    if (command.kind !== "open") return runCommand(engine, command, now);
    const owner = mapGet(engine.claims, command.id)?.owner ?? command.owner;
    return runCommand(engine, { ...command, owner }, now);
  },
  "[CLUSTER-10] there is no grace": (engine, command, now) =>
    runCommand({ ...engine, graceUntil: millis(0) }, command, now),
  "[CLUSTER-12] there is no limit": (engine, command, now) =>
    runCommand(engine, command.kind === "open" ? { ...command, limit: 0 } : command, now),
  "[CLUSTER-7] a route is forgotten": (engine, command, now) => {
    const [after, ...rest] = runCommand(engine, command, now);
    return [command.kind === "route" ? engine : after, ...rest];
  },
  "[CLUSTER-7] mail is forgotten after half its time": (engine, command, now) =>
    runCommand({ ...engine, mailMs: engine.mailMs / 2 }, command, now),
  "[CLUSTER-8] nobody is told": (engine, command, now) => {
    const [after, answer] = runCommand(engine, command, now);
    return [after, answer, []];
  },
  "[CLUSTER-8] notices are dropped unread": (engine, command, now) =>
    runCommand(engine, "seen" in command ? { ...command, seen: 1e9 } : command, now),
};

/** A close that names the seqs of today. */
function ofNowadays(
  { claims }: Engine,
  command: EngineCommand & { readonly kind: "close" },
): EngineCommand & { readonly kind: "close" } {
  const named = command.claims.map((one) => ({
    ...one,
    seq: mapGet(claims, one.id)?.seq ?? one.seq,
  }));
  return { ...command, claims: named };
}

function withLease(engine: Engine, node: EngineCommand["node"], leaseEnd: number): Engine {
  const known = mapGet(engine.nodes, node);
  if (known === undefined) return engine;
  return { ...engine, nodes: mapSet(engine.nodes, node, { ...known, leaseEnd: millis(leaseEnd) }) };
}

for (const [name, run] of Object.entries(BROKEN)) {
  Deno.test(`the laws notice a broken directory: ${name}`, () => {
    const result = fc.check(
      fc.property(acts(true), (list) => void play(list, { laws: laws(run), run })),
      { numRuns: RUNS, endOnFailure: true, seed: SEED },
    );
    assert(result.failed, "no law is broken");
  });
}

/** What broke, with the commands that lead there. */
function failure(
  { seed, counterexample, errorInstance }: fc.RunDetails<[Act[]]>,
): string {
  const [list = []] = counterexample ?? [];
  const moments: Moment[] = [];
  try {
    play(list, {
      laws: laws(runCommand),
      run: (engine, command, now) => {
        moments.push({ kind: "command", command, now });
        return runCommand(engine, command, now);
      },
    });
  } catch {
    // The error that matters is the one that was found.
  }
  return `Seed ${seed}: ${errorInstance}\n${moments.map((one) => JSON.stringify(one)).join("\n")}`;
}
