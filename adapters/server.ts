/**
 * The signaling server behind any listener. It joins the loop, the sockets, the HTTP replies and the observers.
 *
 * A listener passes each request as an {@linkcode IncomingRequest}, attaches the sockets that it upgrades, and writes
 * the replies.
 *
 * @module
 */
import { scheduleTimeout, within } from "./clock.ts";
import {
  clientCount,
  type ConnId,
  type Event,
  holderOf,
  type Millis,
  peerId,
  type Settings,
  type SizedField,
  sizes,
  type State,
} from "../core/mod.ts";
import { type ClusterNode, createClusterNode, type EngineMaker } from "./cluster_node.ts";
import { type Authorize, createGate, type Gate } from "./auth/authorize.ts";
import { createVerifier } from "./auth/jwt.ts";
import { createDrain } from "./draining.ts";
import type { Leak } from "./errors.ts";
import type { Client } from "./observe/clients.ts";
import { createWatch, guardedGenerator, type Hooks, type Watch } from "./observe/hooks.ts";
import { logFault, recorderLog, shortenUnquoted } from "./observe/log.ts";
import { logObserver } from "./observe/log_clients.ts";
import { createLeakLog, logPause } from "./observe/log_process.ts";
import { createRefusalLog, type RefusalLog, type RefusedRequests } from "./observe/log_refusals.ts";
import { trafficObserver } from "./observe/log_traffic.ts";
import { createOwners } from "./auth/owner.ts";
import { epochMs } from "./record/clock.ts";
import { beginFile } from "./record/disk.ts";
import { Recorder } from "./record/recorder.ts";
import { createReception, type Reception } from "./http/receive.ts";
import { createReplies, type Replies } from "./http/replies.ts";
import { createRuntime, type Observer, type Ports, type Runtime } from "./runtime.ts";
import { Sockets } from "./sockets/sockets.ts";

/** What an application that embeds the server adds to it. */
export interface Application extends Hooks {
  /** Decides whether a client may come in, after the check of its token. Asked for each socket, not for requests. */
  readonly authorize?: Authorize | undefined;
}

/** What can be seen of a running server, and done to its clients. */
export interface Oversight {
  readonly clientCount: () => number;
  /** The number of entries in each map of the state, to find one that grows without end. */
  readonly sizes: () => Readonly<Record<SizedField, number>>;
  /** The state after the last event. The next event retires it, so read it at once. */
  readonly state: () => State;
  /** The bytes that slow readers have not read yet. */
  readonly unsentBytes: () => number;
  /** Streams of presence that clients have open. */
  readonly watcherCount: () => number;
  readonly refusedRequests: RefusedRequests;
  /** The nodes and claims of the whole cluster; `null` if that cannot be known. Never rejects. */
  readonly census: ClusterNode["census"];
  /** The clients of this node, in the order in which they came; none without an application. */
  readonly clients: () => IterableIterator<Client>;
  /**
   * Disconnects the client that holds an id; `false` if nobody does on this node.
   *
   * @param reason The sentence that it gets, cut to 256 characters; the default names the operator.
   */
  readonly dismiss: (id: string, reason?: string) => boolean;
}

/** A running server without a listener. */
export interface SignalingServer extends Reception, Oversight {
  readonly settings: Settings;
  readonly refuse: Replies["refuse"];
  /** The time of the loop in milliseconds, which excludes pauses of the process. */
  readonly now: () => number;
  /**
   * Begins the recording and joins the cluster, if options ask for that. Call it before the first request, which does
   * it otherwise.
   */
  readonly start: () => void;
  /**
   * Takes no new clients, and closes those that there are in waves (LIFE-6). Settles when that is over, after `ms` at
   * the latest; call `stop` then.
   */
  readonly drain: (ms: number) => Promise<void>;
  /**
   * Closes the socket of every client. Settles when the closes are answered and the recording is written, or
   * after 2 s.
   */
  readonly stop: () => Promise<void>;
}

/** What the program adds to a server. */
export interface Parts {
  /** More observers, such as those of `adapters/admin/operator.ts`. */
  readonly observers?: readonly Observer[] | undefined;
  /** Makes the server a node of a cluster with this engine. */
  readonly makeEngine?: EngineMaker | null;
  /** Called for each socket whose descriptor is lost. */
  readonly onLeak?: (how: Leak) => void;
}

/**
 * Starts a server without a listener.
 *
 * @param application `null` for the program: no record of each client is kept then.
 */
export function createSignalingServer(
  settings: Settings,
  application: Application | null,
  { observers: more = [], makeEngine = null, onLeak = (): void => {} }: Parts = {},
): SignalingServer {
  const ownerOf = createOwners(settings);
  const now = (): Millis => runtime.now();
  const state = (): State => runtime.state();
  const dispatch = (event: Event): void => runtime.dispatch(event);
  const verify = createVerifier(settings, { now, ownerOf });
  const authorize = application?.authorize;
  const gate = createGate({ settings, verify, authorize, ownerOf, schedule: scheduleTimeout });
  const watch = createWatch(application);
  const refusals = createRefusalLog(settings, CLOCK);
  let stopped: Promise<void> | undefined;
  const leaked = both(createLeakLog(), onLeak);
  const sockets: Sockets = new Sockets({ settings, dispatch, now, onLeak: leaked });
  const recorder = recordingFor(settings, () => runtime);
  const logs = [trafficObserver(), logObserver(refusals)];
  const node = createClusterNode({ settings, dispatch, clock: CLOCK, makeEngine });
  const replies = createReplies({
    settings,
    clock: CLOCK,
    now,
    state,
    suggestId: guardedGenerator(application?.generateClientId),
    verify,
    refusals,
    clusterPeers: node.peers,
  });
  const first = [...replies.observers, ...recorder.observers, ...node.observers];
  const observers = [...first, ...logs, ...more, ...watch.observers];
  const runtime: Runtime = createRuntime(settings, {
    ...CLOCK,
    perform: performerOf({ sockets, node, gate, watch, dispatch }),
    observers,
    onPause: logPause,
    onObserverError: (error) => logFault("An observer failed", error),
  });

  const reception = createReception({
    ...{ settings, sockets, replies, ownerOf, drainsFor: () => drainsFor(runtime) },
    check: authorize !== undefined ? "application" : verify !== null ? "token" : "none",
    onRefused: watch.refused,
  });

  async function shutDown(): Promise<void> {
    dispatch({ kind: "shutdown-requested" });
    await null; // If a hook calls this, the event waits until the hook returns.
    replies.stop();
    const ends = [sockets.drained(), node.drained(), recorder.stop()];
    await within(CLOSE_MAX_MS, Promise.all(ends));
    // Until then a node tells others that nobody is here any more.
    for (const part of [runtime, node, sockets, refusals]) part.stop();
  }

  const start = (): void => [recorder, node].forEach((part) => part.start());
  return {
    ...reception,
    receive: settings.cluster === "" ? reception.receive : after(start, reception.receive),
    settings,
    refuse: replies.refuse,
    now,
    ...oversightOf(runtime, { sockets, node, replies, refusals, watch }),
    start,
    drain: createDrain(observers, dispatch),
    stop: () => stopped ??= shutDown(),
  };
}

/** For how many more milliseconds a server drains; `null` as long as it takes new clients. */
function drainsFor({ state, now }: Runtime): number | null {
  const { drain } = state();
  return drain === null || now() < drain.closesFrom ? null : drain.until - now();
}

/** What performs the effects that need I/O. */
function performerOf({ sockets, node, gate, watch, dispatch }: {
  readonly sockets: Sockets;
  readonly node: ClusterNode;
  readonly gate: Gate | null;
  readonly watch: Watch;
  readonly dispatch: (event: Event) => void;
}): Ports["perform"] {
  function checkToken(conn: ConnId): void {
    const asked = sockets.takeAsked(conn);
    if (asked === null) return;
    void gate?.(asked).then(({ identity, claims }) => {
      watch.keepClaims(conn, claims);
      dispatch({ kind: "token-checked", conn, identity });
    });
  }

  return (effect) => {
    if (effect.kind === "send" || effect.kind === "close") sockets.perform(effect);
    else if (effect.kind === "check-token") checkToken(effect.conn);
    else node.perform(effect);
  };
}

function oversightOf(
  { state, dispatch }: Runtime,
  { sockets, node, replies, refusals, watch }: {
    readonly sockets: Sockets;
    readonly node: ClusterNode;
    readonly replies: Replies;
    readonly refusals: RefusalLog;
    readonly watch: Watch;
  },
): Oversight {
  return {
    clientCount: () => clientCount(state()),
    sizes: () => sizes(state()),
    state,
    unsentBytes: () => sockets.unsentBytes,
    watcherCount: replies.watcherCount,
    refusedRequests: refusals.counts,
    census: node.census,
    clients: watch.clients,
    dismiss: (id, given) => {
      if (holderOf(state(), peerId(id)) === undefined) return false;
      const reason = given === undefined ? null : shortenUnquoted(String(given));
      dispatch({ kind: "client-dismissed", id: peerId(id), reason });
      return true;
    },
  };
}

function both<T>(one: (value: T) => void, other: (value: T) => void): (value: T) => void {
  return (value) => {
    one(value);
    other(value);
  };
}

/** The same function, with another called before it each time. */
function after<T, R>(first: () => void, then: (value: T) => R): (value: T) => R {
  return (value) => {
    first();
    return then(value);
  };
}

/** The reply to a request that cannot be parsed, or whose URL is not ASCII. */
export const NOT_HTTP =
  "The request is not valid HTTP. What is not ASCII in its URL must be percent-encoded.";

const CLOCK: Pick<Ports, "now" | "schedule"> = {
  now: () => performance.now(),
  schedule: scheduleTimeout,
};

/** How long a stop waits for clients to answer the close, for Redis to give up ids, and for the disk. */
const CLOSE_MAX_MS = 2_000;

interface Recording {
  readonly observers: readonly Observer[];
  readonly start: () => void;
  readonly stop: () => Promise<void>;
}

/** The recording that the settings ask for; one that does nothing if they ask for none. */
function recordingFor(settings: Settings, runtime: () => Runtime): Recording {
  const { record } = settings;
  if (record === "") return { observers: [], start: () => {}, stop: () => Promise.resolve() };
  const recorder = new Recorder({
    settings,
    state: () => runtime().state(),
    // A pause of the process moves instant 0 of the loop's time.
    epochMs: () => epochMs() + CLOCK.now() - runtime().now(),
    now: () => runtime().now(),
    schedule: scheduleTimeout,
    beginFile,
    events: recorderLog(record),
  });
  const { observe } = recorder;
  return { observers: [observe], start: () => recorder.start(), stop: () => recorder.stop() };
}
