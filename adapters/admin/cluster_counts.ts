/**
 * Counts what a node of a cluster does with its engine and with other nodes, for the metrics.
 *
 * @module
 */
import type { Event, LinkReceived, Millis } from "../../core/mod.ts";
import type { Observer } from "../runtime.ts";
import { createPeak } from "./peak.ts";

export interface ClusterCounts {
  /** Messages that another node sent back, because their destination is not there any more. */
  readonly bounced: () => number;
  /** The longest that the engine took to answer within the last 15 to 30 s, in milliseconds. */
  readonly engineMs: () => number;
  /** When the engine last answered a beat or a join, in the loop's time; `null` if it never did. */
  readonly beatAt: () => Millis | null;
  /** The nodes of the cluster and the ids that their clients hold, as of the last beat; 0 before the first. */
  readonly nodes: () => number;
  readonly claims: () => number;
}

export interface ClusterCountsPorts {
  /** A clock in milliseconds. */
  readonly now: () => number;
  /** Asks the engine for the numbers of the whole cluster. Never rejects. */
  readonly census: () => Promise<{ readonly nodes: number; readonly claims: number } | null>;
}

/** The counts of one node, and the observer that makes them. */
export function createClusterCounts(
  { now, census }: ClusterCountsPorts,
): ClusterCounts & { readonly observe: Observer } {
  /** When each command without an answer was asked. The core bounds their number. */
  const asked = new Map<number, Millis>();
  /** By node, the last number of its current link that is counted as bounced. */
  const counted = new Map<string, { readonly link: number; readonly number: number }>();
  const peak = createPeak(now);
  let bounced = 0;
  let beatAt: Millis | null = null;
  let whole = { nodes: 0, claims: 0 };

  const observe: Observer = ({ event, effects, now: at }) => {
    hear(event, at);
    for (const effect of effects) {
      if (effect.kind === "ask-engine") asked.set(effect.request, at);
    }
  };

  function hear(event: Event, at: Millis): void {
    if (event.kind === "link-received") return countBounced(event);
    if (event.kind === "engine-connected" || event.kind === "engine-lost") return asked.clear();
    if (event.kind !== "engine-answered" && event.kind !== "engine-failed") return;
    const since = asked.get(event.request);
    if (since === undefined) return;
    asked.delete(event.request);
    peak.add(at - since);
    const kind = event.kind === "engine-answered" ? event.answer.kind : null;
    if (kind !== "beaten" && kind !== "joined") return;
    beatAt = at;
    census().then((counted) => whole = counted ?? whole);
  }

  /** An acknowledgement repeats what bounced until its sender knows. The numbers of a link only rise. */
  function countBounced({ frame: { from, ack } }: LinkReceived): void {
    if (ack === null || ack.bounced.length === 0) return;
    const known = counted.get(from);
    let last = known?.link === ack.link ? known.number : 0;
    for (const [number] of ack.bounced) {
      if (number <= last) continue;
      last = number;
      bounced++;
    }
    if (known === undefined && counted.size >= NODES_MAX) counted.clear();
    counted.set(from, { link: ack.link, number: last });
  }

  return {
    observe,
    bounced: () => bounced,
    engineMs: peak.read,
    beatAt: () => beatAt,
    nodes: () => whole.nodes,
    claims: () => whole.claims,
  };
}

/** As many nodes as a cluster has at most; those that are gone are forgotten with the others. */
const NODES_MAX = 1_024;
