/**
 * What must hold after every command of every history. The laws say what a command may change in terms of what was
 * before; they know nothing of how the engine does it.
 *
 * @module
 */
import {
  type Engine,
  type EngineClaim,
  type EngineCommand,
  engineViolations,
  type NodeName,
} from "../../core/cluster/mod.ts";
import { mapEntries, mapGet, mapKeys, millis, type PeerId } from "../../core/mod.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import type { Law, Run, Step } from "./history.ts";

/** All laws, for one history that this engine makes. */
export function laws(run: Run): Law[] {
  const each = [soundness, speech, lives, seqs, changes, tellings, answers, repetition(run)];
  return [...each.map((look) => ({ look })), memory(), constancy()];
}

function isAlive({ nodes }: Engine, node: NodeName, now: number): boolean {
  return (mapGet(nodes, node)?.leaseEnd ?? 0) > now;
}

/** [CLUSTER-1] [CLUSTER-12] No directory contradicts itself, and each is within its bounds. */
function soundness({ after, now }: Step): void {
  assertEquals(engineViolations(after, millis(now)), []);
}

/** [CLUSTER-5] [CLUSTER-6] Only a node that is alive does anything, over its current connection. */
function speech(
  { before, command: { node, conn, kind }, now, after, answer, published }: Step,
): void {
  const known = mapGet(before.nodes, node);
  const isDead = known !== undefined && known.leaseEnd <= now;
  const isStale = known !== undefined && !isDead &&
    (kind === "join" ? conn < known.conn : conn !== known.conn);
  const mayAct = !isDead && !isStale && (known !== undefined || kind === "join");
  const isFull = answer.kind === "refused" && answer.why === "nodes";
  if (isFull) assertEquals(after.nodes.size, after.bounds.nodes);
  else if (answer.kind === "gone" || answer.kind === "stale" || answer.kind === "refused") {
    assertStrictEquals(after, before);
    assertEquals(published, []);
  } else assert(mayAct, `${node} is answered ${answer.kind}`);
}

/** [CLUSTER-5] [CLUSTER-4] A lease is as long as asked for, for who asks alone; only the dead are forgotten. */
function lives({ before, command, now, after, answer }: Step): void {
  for (const [name, { leaseEnd }] of mapEntries(before.nodes)) {
    const left = mapGet(after.nodes, name);
    if (left === undefined) {
      assert(mayReap(before, command, name) && leaseEnd <= now, `${name} is gone`);
    } else if (name !== command.node) assertEquals(left.leaseEnd, leaseEnd);
  }
  const isHeard = answer.kind === "joined" || answer.kind === "beaten";
  if (isHeard && "leaseMs" in command) {
    assertEquals(Number(mapGet(after.nodes, command.node)?.leaseEnd), now + command.leaseMs);
  }
}

/** A join reaps where no place is left. */
function mayReap({ nodes, bounds }: Engine, command: EngineCommand, node: NodeName): boolean {
  if (command.kind === "reap") return command.dead === node;
  return command.kind === "join" && nodes.size >= bounds.nodes;
}

/** [CLUSTER-1] The seq of an id rises; it stays where a dead node's claim goes on under another name. */
function seqs({ before, command, now, after }: Step): void {
  assert(after.fence >= before.fence);
  for (const [id, claim] of mapEntries(after.claims)) {
    const former = mapGet(before.claims, id);
    if (former === claim) continue;
    if (command.kind === "open") assert(claim.seq > before.fence, `${id} has no new seq`);
    if (former === undefined || former.seq < claim.seq) continue;
    assert(former.seq === claim.seq, `the seq of ${id} falls`);
    assert(!isAlive(before, former.node, now) && command.kind === "restore");
  }
}

/** [CLUSTER-2] [CLUSTER-4] [CLUSTER-9] [CLUSTER-10] A claim changes only where its command may change it. */
function changes({ before, command, now, after }: Step): void {
  const ids = new Set([...mapKeys(before.claims), ...mapKeys(after.claims)]);
  for (const id of ids) {
    const [old, next] = [mapGet(before.claims, id), mapGet(after.claims, id)];
    if (old === next) continue;
    if (next === undefined) assert(old && mayTake(before, command, id, old, now), `${id} is gone`);
    else assert(mayPut(before, command, id, old, next, now), `${id} is claimed`);
  }
  const { kind } = command;
  const grew = after.claims.size > before.claims.size;
  if (kind === "open" && grew && command.limit > 0) assert(after.claims.size <= command.limit);
}

function mayTake(
  before: Engine,
  command: EngineCommand,
  id: PeerId,
  { node, seq, op }: EngineClaim,
  now: number,
): boolean {
  switch (command.kind) {
    case "close":
      return node === command.node &&
        command.claims.some((one) => one.id === id && one.seq === seq);
    case "abandon":
      return node === command.node && command.id === id && command.op === op;
    case "reap":
    case "join":
      return mayReap(before, command, node) && !isAlive(before, node, now);
    default:
      return false;
  }
}

function mayPut(
  before: Engine,
  command: EngineCommand,
  id: PeerId,
  old: EngineClaim | undefined,
  next: EngineClaim,
  now: number,
): boolean {
  if (next.node !== command.node) return false;
  const isHeld = old !== undefined && isAlive(before, old.node, now);
  if (command.kind === "open") {
    const isOwn = old !== undefined && old.owner === command.owner &&
      (command.mayReplace || !isHeld);
    const isFree = !isHeld && now >= before.graceUntil;
    return command.id === id && (isOwn || isFree) && next.owner === command.owner &&
      command.op > (mapGet(before.nodes, command.node)?.op ?? 0) && command.op === next.op;
  }
  if (command.kind !== "restore") return false;
  const given = command.claims.find((one) => one.id === id && one.seq === next.seq);
  if (given === undefined || given.owner !== next.owner || next.op !== 0) return false;
  return old === undefined || old.seq < next.seq || (old.seq === next.seq && !isHeld);
}

/** [CLUSTER-8] Who loses a claim to another is told, and so is who waits; a bell rings for whom, once, and no other. */
function tellings({ before, command, now, after, published }: Step): void {
  const due = new Map<NodeName, string[]>();
  const tell = (to: NodeName, what: string): void => {
    if (to !== command.node && isAlive(before, to, now)) due.set(to, [...due.get(to) ?? [], what]);
  };
  for (const [id, { node, seq }] of mapEntries(after.claims)) {
    const old = mapGet(before.claims, id);
    if (old?.seq === seq && old.node === node) continue;
    if (old !== undefined && old.node !== node) tell(old.node, `evicted ${id} ${old.seq}`);
    const { mail } = before;
    const waiters = [...mapGet(mail.old, id) ?? [], ...mapGet(mail.young, id) ?? []];
    for (const to of new Set(waiters)) tell(to, `arrived ${id} ${seq} ${node}`);
  }
  const bells = published.flatMap(({ kind, to }) => kind === "doorbell" ? [to] : []);
  assertEquals(bells.sort(), [...due.keys()].sort());
  const most = after.bounds.notices;
  for (const [name, { told, notices }] of mapEntries(after.nodes)) {
    const news = due.get(name) ?? [];
    assertEquals(told - (mapGet(before.nodes, name)?.told ?? 0), news.length);
    const said = notices.map((notice) =>
      notice.kind === "evicted"
        ? `evicted ${notice.id} ${notice.seq}`
        : `arrived ${notice.id} ${notice.seq} ${notice.node}`
    );
    const last = said.slice(said.length - Math.min(news.length, most));
    if (news.length <= most) assertEquals(last.sort(), news.sort(), `notices of ${name}`);
    else assert(last.every((one) => news.includes(one)), `notices of ${name}`);
  }
}

/** [CLUSTER-2] [CLUSTER-3] [CLUSTER-7] [CLUSTER-8] [CLUSTER-9] What an answer says is so. */
function answers({ before, command, now, after, answer }: Step): void {
  if ("id" in command) {
    const claim = mapGet(after.claims, command.id);
    const isHeld = claim !== undefined && isAlive(after, claim.node, now);
    if (answer.kind === "opened") {
      assertEquals([claim?.node, claim?.seq], [command.node, answer.seq]);
      if (command.kind === "open") assertEquals(claim?.op, command.op);
    }
    if (answer.kind === "held") assert(isHeld && claim.node === answer.node);
    if (answer.kind === "absent") {
      assert(!isHeld && mapGet(after.mail.young, command.id)?.includes(command.node));
    }
    if (answer.kind === "taken") assert(isHeld);
    if (answer.kind === "wait") assert(answer.ms === before.graceUntil - now && answer.ms > 0);
  }
  if (command.kind === "restore" && answer.kind === "restored") {
    for (const { id, seq } of command.claims) {
      const claim = mapGet(after.claims, id);
      const isLost = answer.lost.some((one) => one.id === id && one.seq === seq);
      const isRestored = claim?.node === command.node && claim.seq === seq;
      assert(isLost !== isRestored, `${id} is lost and restored, or neither`);
    }
  }
  if (answer.kind === "beaten" || answer.kind === "pulled") {
    const seen = "seen" in command ? command.seen : 0;
    const kept = mapGet(before.nodes, command.node);
    const old = kept?.notices ?? [];
    const expected = old.filter((_, i) => (kept?.told ?? 0) - old.length + 1 + i > seen);
    assertEquals([answer.last, answer.notices], [kept?.told, expected]);
  }
}

/** [CLUSTER-3] The same command at once again gets the same answer, and claims change no more. */
function repetition(run: Run): (step: Step) => void {
  return ({ command, now, after, answer }) => {
    if (command.kind === "close" || command.kind === "abandon" || command.kind === "reap") return;
    if (answer.kind === "refused") return;
    const [again, same] = run(after, command, millis(now));
    assertEquals(same.kind, answer.kind);
    if (same.kind !== "restored") assertEquals<unknown>(same, answer);
    if (!("claims" in command)) assertStrictEquals(again.claims, after.claims);
  };
}

/** [CLUSTER-7] Who asks for an absent id is remembered for as long as mail may wait. */
function memory(): Law {
  const asked = new Map<string, number>();
  return {
    lost: () => asked.clear(),
    look: ({ before, command, now, after, answer }) => {
      for (const [key, until] of asked) {
        const [node = "", id = ""] = key.split("|");
        const claim = mapGet(after.claims, id as PeerId);
        const was = mapGet(before.claims, id as PeerId);
        const isKnown = mapGet(after.nodes, node as NodeName) !== undefined;
        if (until <= now || claim !== was || !isKnown) asked.delete(key);
        else {
          const { mail: { young, old } } = after;
          const halves = [mapGet(young, id as PeerId), mapGet(old, id as PeerId)];
          assert(halves.some((half) => half?.includes(node as NodeName)), `${key} is forgotten`);
        }
      }
      if (command.kind !== "route" || answer.kind !== "absent") return;
      asked.set(`${command.node}|${command.id}`, now + after.mailMs);
    },
  };
}

/** [CLUSTER-1] What was returned stays as it was. */
function constancy(): Law {
  const seen: { readonly engine: Engine; readonly picture: string }[] = [];
  return {
    look: ({ after }) => {
      seen.push({ engine: after, picture: picture(after) });
      const old = seen[((seen.length * 7_919) % 101) % seen.length];
      if (old !== undefined) assertEquals(picture(old.engine), old.picture);
    },
  };
}

/** All that an engine says, as text: the maps as sorted entries, for their insides differ. */
export function picture(engine: Engine): string {
  return JSON.stringify(
    engine,
    (_, value) =>
      typeof value === "object" && value !== null && "native" in value
        ? [...mapEntries<unknown, NonNullable<unknown>>(value)].map(([key, held]) => [
          ...[key, held],
        ]).sort(([a], [b]) => String(a) < String(b) ? -1 : 1)
        : value,
  );
}
