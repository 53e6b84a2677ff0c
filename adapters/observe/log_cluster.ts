/**
 * Logs what happens to a node of a cluster: that it joins, loses Redis, is cut off, and is back.
 *
 * @module
 */
import { escape, type SentOn } from "../../core/mod.ts";
import type { EngineEvents } from "../cluster/engine.ts";
import type { Observer } from "../runtime.ts";
import { isLogged, isPowerOfTwo, peerName, shorten, shortenUnquoted, write } from "./log.ts";

/** The log of one node. */
export interface ClusterLog extends EngineEvents {
  readonly observe: Observer;
}

/** @param namespace The name of the cluster; `null` for that of the workers, which readers of the log never see. */
export function createClusterLog(namespace: string | null): ClusterLog {
  /** Where the node is joined; empty if it is not. */
  let joinedAt = "";
  /** Why Redis was away, since it was last there, and how often. */
  const reasons = new Map<string, number>();
  /** How often Redis refused what, with the same words. */
  const refusals = new Map<string, number>();
  let wasCut = false;

  const observe: Observer = ({ effects, state: { cluster } }) => {
    for (const effect of effects) {
      if (effect.kind !== "note") continue;
      if (effect.what === "sent-on") logSentOn(effect);
      else if (namespace === null) continue;
      else if (effect.what === "node-cut") logCut();
      else if (effect.what === "node-joined") logJoined(namespace, effect.node, joinedAt);
    }
    if (namespace === null || cluster === null || cluster.isCut === wasCut) return;
    wasCut = cluster.isCut;
    if (!wasCut) write("info", "No longer cut off: messages of other nodes are taken again", BACK);
  };

  return {
    observe,
    away: (where, why) => {
      const count = (reasons.get(why) ?? 0) + 1;
      if (count === 1 && reasons.size >= REASONS_MAX) return;
      reasons.set(why, count);
      // It is tried about every second: a minute later a reason is logged again, then ever less often.
      if (count > 1 && (count < AGAIN_AFTER || !isPowerOfTwo(count))) return;
      logAway(where, why, joinedAt !== "");
      joinedAt = "";
    },
    joined: (where) => {
      reasons.clear();
      joinedAt = where;
    },
    unfit: (where, why) => {
      write("warning", `Redis at ${where} does not fit: ${why}`, {
        event: "cluster-unfit",
        where,
        why,
      });
    },
    refused: (command, given) => {
      const why = shortenUnquoted(given);
      const line = `Redis refused the command ${command}: ${why}`;
      if (refusals.size >= REFUSALS_MAX && !refusals.has(line)) return;
      const count = (refusals.get(line) ?? 0) + 1;
      refusals.set(line, count);
      // A Redis without memory refuses every beat of a node, and every client, twice a second.
      const times = count === 1 ? "" : ` (${count} times so far)`;
      if (!isPowerOfTwo(count)) return;
      write("warning", line + times, { event: "cluster-refused", command, why, count });
    },
    strange: (given) => {
      const why = shortenUnquoted(given);
      write("warning", why, { event: "cluster-strange", why });
    },
  };
}

const BACK = { event: "cluster-back" };

/** Different refusals that are logged. */
const REFUSALS_MAX = 100;

/** Different reasons that are logged of one outage, and how often one must come to be logged again. */
const REASONS_MAX = 10;
const AGAIN_AFTER = 64;

function logJoined(namespace: string, node: string, where: string): void {
  const text = `Joined the cluster "${namespace}" at ${where} as node ${escape(node)}`;
  write("info", text, { event: "cluster-joined", namespace, where, node: escape(node) });
}

function logAway(where: string, given: string, wasJoined: boolean): void {
  const why = shortenUnquoted(given);
  const what = wasJoined ? `Lost Redis at ${where}` : `Not joined to the cluster at ${where}`;
  const cause = why.replace(/\.+$/, "");
  write(
    "warning",
    `${what}: ${cause}. Trying again every second; until then clients stay connected, and new ones are closed ` +
      "with 1013 after 3 s",
    { event: "cluster-away", where, why },
  );
}

function logCut(): void {
  write(
    "warning",
    "Cut off from the cluster, because the lease of this node is over: its clients reach only each other, and new " +
      "ones are turned away",
    { event: "cluster-cut" },
  );
}

function logSentOn({ dst, node, count }: SentOn): void {
  if (!isLogged("debug")) return;
  const messages = count === 1 ? "1 message" : `${count} messages`;
  write("debug", `Sent ${messages} for ${peerName(dst)} on to node ${escape(node)}`, {
    event: "sent-on",
    dst: shorten(dst),
    node: escape(node),
    count,
  });
}

/** Logs that nothing secret keys the digests of tokens. */
export function logNoClusterSecret(): void {
  write(
    "warning",
    "Option cluster_secret is empty: whoever reads Redis can guess the tokens of clients from their digests. " +
      "Give every node the same secret (PEERSERVER_CLUSTER_SECRET)",
    { event: "no-cluster-secret" },
  );
}
