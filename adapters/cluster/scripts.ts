/**
 * The scripts in `lua/` as functions of the core's commands: what a command is as the arguments of its script, and what
 * the script's reply, and a message on a channel, are as the core's answers. No connection is made here.
 *
 * @module
 */
import {
  ENGINE_BOUNDS,
  type EngineAnswer,
  type EngineBounds,
  type EngineCommand,
  type Lost,
  type NodeName,
  nodeName,
  type Notice,
  type Notices,
  type Published,
} from "../../core/cluster/mod.ts";
import { peerId } from "../../core/mod.ts";
import abandon from "./lua/abandon.lua" with { type: "text" };
import beat from "./lua/beat.lua" with { type: "text" };
import close from "./lua/close.lua" with { type: "text" };
import common from "./lua/common.lua" with { type: "text" };
import join from "./lua/join.lua" with { type: "text" };
import open from "./lua/open.lua" with { type: "text" };
import pull from "./lua/pull.lua" with { type: "text" };
import reap from "./lua/reap.lua" with { type: "text" };
import restore from "./lua/restore.lua" with { type: "text" };
import route from "./lua/route.lua" with { type: "text" };

/** What a client of Redis makes of a script's reply. */
export type Reply = string | number | readonly Reply[];

/** Redis runs these when its memory is full: they free some, or keep what there is alive. */
const ALLOW_OOM = "#!lua flags=allow-oom\n";
/** And these it refuses then, before they have changed anything. */
const DENY_OOM = "#!lua\n";

/** The text of the script of each command. */
export const SCRIPTS: Readonly<Record<EngineCommand["kind"], string>> = {
  join: DENY_OOM + common + join,
  beat: ALLOW_OOM + common + beat,
  pull: ALLOW_OOM + common + pull,
  open: DENY_OOM + common + open,
  close: ALLOW_OOM + common + close,
  abandon: ALLOW_OOM + common + abandon,
  // Without a flag it runs, and what it wants to remember is refused.
  route: common + route,
  reap: ALLOW_OOM + common + reap,
  restore: DENY_OOM + common + restore,
};

/** The one key that a script is given. */
export function keyPrefix(namespace: string): string {
  return `{${namespace}}:`;
}

/** The channel of a node. */
export function channelOf(namespace: string, node: NodeName): string {
  return `${keyPrefix(namespace)}d:${node}`;
}

/** What the arguments of a script have besides its command: only tests give anything. */
interface Given {
  /** Empty where the server's own clock decides. */
  readonly now?: number | "";
  readonly bounds?: EngineBounds;
}

/** The arguments of a command's script. */
export function argumentsOf(
  command: EngineCommand,
  { now = "", bounds = ENGINE_BOUNDS }: Given = {},
): string[] {
  return [command.node, command.conn, now, ...ownArguments(command, bounds)].map(String);
}

function ownArguments(
  command: EngineCommand,
  { batch, notices, nodes, waiting, waiters }: EngineBounds,
): (string | number)[] {
  switch (command.kind) {
    case "join": {
      const { layout, generation, leaseMs, graceMs, mailMs } = command;
      return [layout, generation, leaseMs, graceMs, mailMs, nodes, batch];
    }
    case "beat":
      return [command.leaseMs, command.seen, command.probe];
    case "pull":
      return [command.seen];
    case "open": {
      const { op, id, owner, mayReplace, limit } = command;
      return [op, id, owner, mayReplace ? 1 : 0, limit, notices];
    }
    case "close":
      return [command.op, batch, ...command.claims.flatMap(({ id, seq }) => [id, seq])];
    case "abandon":
      return [command.op, command.id];
    case "route":
      return [command.id, waiting, waiters];
    case "reap":
      return [command.dead, batch];
    case "restore": {
      const claims = command.claims.flatMap(({ id, seq, owner }) => [id, seq, owner]);
      return [command.op, batch, notices, ...claims];
    }
  }
}

/**
 * The answer that a reply is.
 *
 * @throws {TypeError} If it is none: somebody else's script, or another version's.
 */
export function answerFrom(reply: Reply): EngineAnswer {
  const [kind, ...rest] = listOf(reply);
  switch (kind) {
    case "gone":
    case "past":
    case "taken":
    case "full":
    case "absent":
    case "crowded":
    case "alive":
      return { kind };
    case "stale":
      return { kind, conn: numberOf(rest[0]) };
    case "refused":
      return { kind, why: whyOf(rest[0]), value: numberOf(rest[1]) };
    case "joined":
      return { kind, generation: textOf(rest[0]), op: numberOf(rest[1]) };
    case "beaten": {
      const [generation, op, dead, last, notices] = rest;
      const name = textOf(dead);
      return {
        ...{ kind, generation: textOf(generation), op: numberOf(op) },
        ...{ dead: name === "" ? null : nodeName(name), ...noticesFrom(last, notices) },
      };
    }
    case "pulled":
      return { kind, ...noticesFrom(rest[0], rest[1]) };
    case "opened":
      return { kind, seq: numberOf(rest[0]) };
    case "wait":
      return { kind, ms: numberOf(rest[0]) };
    case "closed":
      return { kind, count: numberOf(rest[0]) };
    case "held":
      return { kind, node: nodeName(textOf(rest[0])), seq: numberOf(rest[1]) };
    case "reaped":
      return { kind, count: numberOf(rest[0]), isDone: rest[1] === 1 };
    case "restored":
      return { kind, lost: lostFrom(listOf(rest[0])) };
    default:
      throw new TypeError(`The engine gave a reply of no known kind: ${JSON.stringify(kind)}`);
  }
}

/**
 * What a message on the channel of a node says.
 *
 * @throws {TypeError} If it says nothing that is known.
 */
export function publishedFrom(to: NodeName, message: string): Published {
  if (message === "doorbell") return { kind: "doorbell", to };
  const [, number] = /^probe (\d{1,15})$/.exec(message) ?? [];
  if (number !== undefined) return { kind: "probe", to, number: Number(number) };
  throw new TypeError(`A channel carried what no engine says: ${JSON.stringify(message)}`);
}

function noticesFrom(last: Reply | undefined, notices: Reply | undefined): Notices {
  return { last: numberOf(last), notices: listOf(notices).map((text) => noticeFrom(textOf(text))) };
}

function noticeFrom(text: string): Notice {
  const [, seq, id] = /^evicted (\d+) ([^]*)$/.exec(text) ?? [];
  if (id !== undefined) return { kind: "evicted", id: peerId(id), seq: Number(seq) };
  const [, at, node, there] = /^arrived (\d+) (\S+) ([^]*)$/.exec(text) ?? [];
  if (node === undefined || there === undefined) {
    throw new TypeError(`The engine gave a notice of no known kind: ${JSON.stringify(text)}`);
  }
  return { kind: "arrived", id: peerId(there), node: nodeName(node), seq: Number(at) };
}

function lostFrom(flat: readonly Reply[]): Lost[] {
  return Array.from({ length: flat.length / 3 }, (_, i) => ({
    id: peerId(textOf(flat[3 * i])),
    seq: numberOf(flat[3 * i + 1]),
    isOwn: flat[3 * i + 2] === 1,
  }));
}

function whyOf(reply: Reply | undefined): "layout" | "nodes" | "batch" {
  if (reply === "layout" || reply === "nodes" || reply === "batch") return reply;
  throw new TypeError(`The engine gave no known reason to refuse: ${JSON.stringify(reply)}`);
}

function textOf(reply: Reply | undefined): string {
  if (typeof reply === "string") return reply;
  throw new TypeError(`The engine gave ${JSON.stringify(reply)} instead of a text`);
}

function numberOf(reply: Reply | undefined): number {
  if (typeof reply === "number") return reply;
  throw new TypeError(`The engine gave ${JSON.stringify(reply)} instead of a number`);
}

function listOf(reply: Reply | undefined): readonly Reply[] {
  if (reply !== undefined && typeof reply === "object") return reply;
  throw new TypeError(`The engine gave ${JSON.stringify(reply)} instead of a list`);
}
