/** What the log says of a node and its Redis. */
import { createClusterLog } from "../../adapters/observe/log_cluster.ts";
import {
  type Effect,
  initialState,
  millis,
  peerId,
  reduce,
  settingsFrom,
  type State,
} from "../../core/mod.ts";
import { nodeName } from "../../core/cluster/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { captured } from "../support/captured.ts";

const REDIS = "redis://127.0.0.1:6379";
const [NODE] = reduce(initialState(settingsFrom()), { kind: "cluster-started" }, millis(0));

function node(isCut: boolean): State {
  return { ...NODE, ...(NODE.cluster && { cluster: { ...NODE.cluster, isCut } }) };
}

Deno.test("[LOG-7] a node that joins, is cut off and is back is a line each, an outage a line for each reason", () => {
  const lines = captured(({ level, message }) => `${level} ${message[0]}`);
  const log = createClusterLog("t");
  const see = (isCut: boolean, ...effects: Effect[]): void =>
    log.observe({ event: { kind: "tick" }, now: millis(0), effects, state: node(isCut) });
  const name = nodeName("n1");
  const joined = (): void => {
    log.joined(REDIS);
    see(false, { kind: "note", what: "node-joined", node: name });
  };
  // The first, and the 64th: a minute later.
  for (let i = 0; i < 127; i++) log.away(REDIS, "connection refused.");
  joined();
  see(false, { kind: "note", what: "sent-on", dst: peerId("b\n"), node: name, count: 2 });
  log.away(REDIS, "socket closed");
  for (let i = 0; i < 60; i++) log.away(REDIS, `reason ${i % 2}`);
  see(true, { kind: "note", what: "node-cut" });
  see(true);
  joined();
  see(false);
  log.refused("open", "OOM command not allowed");
  log.strange("what \u001b[31m");
  log.unfit(REDIS, "it is small");
  const again =
    "Trying again every second; until then clients stay connected, and new ones are closed with 1013 " +
    "after 3 s";
  assertEquals(lines, [
    `warning Not joined to the cluster at ${REDIS}: connection refused. ${again}`,
    `warning Not joined to the cluster at ${REDIS}: connection refused. ${again}`,
    `info Joined the cluster "t" at ${REDIS} as node n1`,
    `debug Sent 2 messages for "b\\u{a}" on to node n1`,
    `warning Lost Redis at ${REDIS}: socket closed. ${again}`,
    `warning Not joined to the cluster at ${REDIS}: reason 0. ${again}`,
    `warning Not joined to the cluster at ${REDIS}: reason 1. ${again}`,
    "warning Cut off from the cluster, because the lease of this node is over: its clients reach only each other, " +
    "and new ones are turned away",
    `info Joined the cluster "t" at ${REDIS} as node n1`,
    "info No longer cut off: messages of other nodes are taken again",
    "warning Redis refused the command open: OOM command not allowed",
    "warning what \\u{1b}[31m",
    `warning Redis at ${REDIS} does not fit: it is small`,
  ]);
});

Deno.test("[LOG-7] no outage, however many reasons it has, writes more than ten lines", () => {
  const lines = captured(({ level }) => level);
  const log = createClusterLog("t");
  for (let i = 0; i < 1_000; i++) log.away(REDIS, `reason ${i}`);
  assertEquals(lines.length, 10);
});
