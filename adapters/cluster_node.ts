/**
 * The place of a server in its cluster, if it has one. Without option `cluster` nothing is loaded.
 *
 * @module
 */
import type { ClusterEffect, ClusterEvent, Settings } from "../core/mod.ts";
import type { ClusterEngine } from "./cluster/engine.ts";
import { scheduleTimeout } from "./clock.ts";
import { type ClusterLog, createClusterLog, logNoClusterSecret } from "./observe/log_cluster.ts";
import { logFault } from "./observe/log.ts";
import type { Observer, Ports } from "./runtime.ts";

/** A node of a cluster, or a server that is alone. */
export interface ClusterNode extends Omit<ClusterEngine, "peers"> {
  /** Joins the cluster. A second call does nothing. */
  readonly start: () => void;
  readonly observers: readonly Observer[];
  /** As that of the engine; `null` for a server that is alone. */
  readonly peers: ClusterEngine["peers"] | null;
}

/** Makes the engine of a node, where that is not the Redis of option `cluster`. */
export type EngineMaker = (dispatch: (event: ClusterEvent) => void) => ClusterEngine;

export interface ClusterNodePorts {
  readonly settings: Settings;
  readonly dispatch: (event: ClusterEvent) => void;
  readonly clock: Pick<Ports, "now">;
  /** `null` for the engine that option `cluster` names, if it names one. */
  readonly makeEngine: EngineMaker | null;
}

/** Makes the node that the settings ask for. */
export function createClusterNode(ports: ClusterNodePorts): ClusterNode {
  const { settings, dispatch, clock: { now }, makeEngine } = ports;
  if (makeEngine === null && settings.cluster === "") return ALONE;
  const log: ClusterLog = createClusterLog(makeEngine === null ? settings.cluster_namespace : null);
  let engine: ClusterEngine | null = null;
  let [isStarted, isStopped] = [false, false];

  function start(): void {
    if (isStarted) return;
    isStarted = true;
    dispatch({ kind: "cluster-started", ...(makeEngine !== null && { isNear: true as const }) });
    if (makeEngine !== null) return void (engine = makeEngine(dispatch));
    if (settings.cluster_secret === "") logNoClusterSecret();
    // A literal, so that `deno compile` finds it.
    import("./cluster/engine.ts").then(({ Engine }) => {
      if (isStopped) return;
      engine = new Engine({ settings, dispatch, now, schedule: scheduleTimeout, events: log });
    }).catch((error) => logFault("The cluster cannot be joined", error));
  }

  function stop(): void {
    isStopped = true;
    engine?.stop();
  }

  return {
    start,
    observers: [log.observe],
    // Nothing is asked before the engine is there.
    perform: (effect: ClusterEffect) => engine?.perform(effect),
    peers: () => engine?.peers() ?? Promise.resolve(null),
    census: () => engine?.census() ?? Promise.resolve(null),
    drained: () => engine?.drained() ?? Promise.resolve(),
    stop,
  };
}

const ALONE: ClusterNode = {
  start: () => {},
  observers: [],
  perform: () => {},
  peers: null,
  census: () => Promise.resolve(null),
  drained: () => Promise.resolve(),
  stop: () => {},
};
