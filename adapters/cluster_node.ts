/**
 * The place of a server in its cluster, if it has one. Without option `cluster` nothing is loaded.
 *
 * @module
 */
import type { ClusterEffect, ClusterEvent, Settings } from "../core/mod.ts";
import type { Census } from "./cluster/census.ts";
import type { Engine } from "./cluster/engine.ts";
import { scheduleTimeout } from "./clock.ts";
import { type ClusterLog, createClusterLog, logNoClusterSecret } from "./observe/log_cluster.ts";
import { logFault } from "./observe/log.ts";
import type { Observer, Ports } from "./runtime.ts";

/** A node of a cluster, or a server that is alone. */
export interface ClusterNode extends Pick<Engine, "perform" | "drained" | "stop"> {
  /** Joins the cluster. A second call does nothing. */
  readonly start: () => void;
  readonly observers: readonly Observer[];
  /** The ids of all nodes as JSON, `null` if that cannot be known; `null` for a server that is alone. */
  readonly peers: (() => Promise<string | null>) | null;
  /** The nodes and claims of the whole cluster; `null` if that cannot be known. Never rejects. */
  readonly census: () => Promise<Census | null>;
}

export interface ClusterNodePorts {
  readonly settings: Settings;
  readonly dispatch: (event: ClusterEvent) => void;
  readonly clock: Pick<Ports, "now">;
}

/** Makes the node that the settings ask for. */
export function createClusterNode(ports: ClusterNodePorts): ClusterNode {
  const { settings, dispatch, clock: { now } } = ports;
  if (settings.cluster === "") return ALONE;
  const log: ClusterLog = createClusterLog(settings.cluster_namespace);
  let engine: Engine | null = null;
  let [isStarted, isStopped] = [false, false];

  function start(): void {
    if (isStarted) return;
    isStarted = true;
    if (settings.cluster_secret === "") logNoClusterSecret();
    dispatch({ kind: "cluster-started" });
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
