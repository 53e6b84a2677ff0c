/**
 * The engine of a cluster, as the loop of a node sees it: it performs the effects that only a node has, and dispatches
 * what Redis says as events. It connects again by itself, for as long as it takes.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  type ClusterAddress,
  type ClusterEffect,
  type ClusterEvent,
  readClusterUrl,
  type Settings,
  shownCluster,
  shownHost,
} from "../../core/mod.ts";
import {
  decodeLinkFrame,
  encodeLinkFrame,
  type EngineAnswer,
  type LinkFrame,
  type NodeName,
  nodeName,
} from "../../core/cluster/mod.ts";
import { messageOf } from "../errors.ts";
import { type Connection, openConnection, Refusal } from "./connection.ts";
import { createPeerReader } from "./peers.ts";
import { answerFrom, channelOf, publishedFrom } from "./scripts.ts";
import { bounceOf, createUnheard } from "./unheard.ts";

/** What an engine needs from its surroundings. */
export interface EnginePorts {
  readonly settings: Pick<Settings, "cluster" | "cluster_namespace">;
  readonly dispatch: (event: ClusterEvent) => void;
  readonly schedule: (callback: () => void, delayMs: number) => () => void;
  /** A clock in milliseconds. */
  readonly now: () => number;
  readonly events: EngineEvents;
}

/** What happens to the connection, for the log. */
export interface EngineEvents {
  /** Redis cannot be reached, or the connection to it ended. Called again as long as it is so. */
  readonly away: (where: string, why: string) => void;
  /** Something about Redis should be otherwise: a sentence. */
  readonly unfit: (where: string, why: string) => void;
  /** The node joined over the connection to this Redis. */
  readonly joined: (where: string) => void;
  /** Redis refused a command with an error. */
  readonly refused: (command: string, why: string) => void;
  /** Something came over the channel that no node sends. */
  readonly strange: (why: string) => void;
}

/** The engine of a running node. */
export interface Engine {
  readonly perform: (effect: ClusterEffect) => void;
  /** The ids of all nodes as JSON, at most 2 s old; `null` if Redis does not say. */
  readonly peers: () => Promise<string | null>;
  /** Settles when every command is answered, or the connection is gone. */
  readonly drained: () => Promise<void>;
  /** Drops the connection for good. */
  readonly stop: () => void;
}

/**
 * How long to wait before another try to connect: at first, and at most. Doubled from one to the next. A Redis that
 * comes back empty protects the ids of nodes for 2 s after the first of them is there: the last must try again sooner.
 */
export const RETRY_MIN_MS = 200;
export const RETRY_MAX_MS = 1_000;

/** How long a message to a node that is not there waits until it is routed again: less than until it is sent again. */
export const BOUNCE_MS = 400;

/** Unanswered publishes may have so many characters; what is more is dropped, and its node sends it again. */
export const PUBLISHING_MAX = 8_388_608;

/** Connects to the engine of the settings, whose URL must be valid. */
export function startEngine(ports: EnginePorts): Engine {
  const address = addressOf(ports.settings.cluster);
  const { dispatch, schedule, events, settings: { cluster_namespace: namespace } } = ports;
  let link: Link | null = null;
  let making = new AbortController();
  let isStopped = false;
  let tries = 0;
  let cancelRetry: (() => void) | null = null;
  let unanswered = 0;
  let idle: (() => void)[] = [];

  function connect(): void {
    cancelRetry = null;
    making = new AbortController();
    const made: { link: Link | null } = { link: null };
    openConnection({
      ...{ address, namespace, signal: making.signal },
      onEnd: (why) => {
        if (made.link !== null) lost(made.link, why);
      },
    }).then((connection) => {
      if (isStopped) return connection.drop();
      link = made.link = { connection, waiting: null, publishing: 0 };
      if (connection.unfit !== null) events.unfit(where(), connection.unfit);
      const [name, generation] = [randomName(), randomName()];
      dispatch({ kind: "engine-connected", name: nodeName(name), generation });
    }, (error) => {
      if (isStopped) return;
      events.away(where(), messageOf(error));
      retry();
    });
  }

  const where = (): string => {
    if (link === null) return shownCluster(address);
    return `${address.scheme}://${shownHost(link.connection.host)}`;
  };

  function retry(): void {
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** tries++);
    // Nodes that lost the same Redis must not all come back in the same instant.
    cancelRetry = schedule(connect, delayMs * (0.5 + Math.random() / 2));
  }

  /** Ends a connection that is the current one, and makes another. */
  function end(why: string): void {
    if (link === null || isStopped) return;
    events.away(where(), why);
    link.connection.drop();
    link = null;
    settle();
    retry();
  }

  function lost(from: Link, why: string): void {
    if (from !== link) return;
    end(why);
    dispatch({ kind: "engine-lost" });
  }

  function settle(): void {
    unanswered = 0;
    for (const wake of idle) wake();
    idle = [];
  }

  function ask(effect: Extract<ClusterEffect, { readonly kind: "ask-engine" }>): void {
    const from = link;
    if (from === null) return;
    const { command, request } = effect;
    if (command.kind === "join") return join(from, command.node, () => run());
    if (from.waiting !== null) return void from.waiting.push(run);
    run();

    function run(): void {
      unanswered++;
      from?.connection.run(command).then((reply) => {
        if (from !== link) return;
        let answer: EngineAnswer;
        try {
          answer = answerFrom(reply);
        } catch (error) {
          return lost(from, messageOf(error));
        }
        // A node whose name is gone joins under another at once; one that is refused does not come back faster.
        if (answer.kind === "joined" || answer.kind === "gone") tries = 0;
        if (answer.kind === "joined") events.joined(where());
        dispatch({ kind: "engine-answered", conn: command.conn, request, answer });
        answered(from);
      }, (error: unknown) => {
        if (from !== link) return;
        const why = messageOf(error);
        if (!(error instanceof Refusal) || ENDING.test(why)) return lost(from, why);
        events.refused(command.kind, why);
        dispatch({ kind: "engine-failed", conn: command.conn, request, why });
        answered(from);
      });
    }
  }

  function answered(from: Link): void {
    if (from === link && --unanswered === 0) settle();
  }

  /** A node that joins must hear what is said to it from then on. */
  function join(from: Link, node: NodeName, run: () => void): void {
    from.waiting = [run];
    from.connection.subscribe(channelOf(namespace, node), (message) => {
      if (from === link) hear(node, message);
    }).then(() => {
      const waiting = from.waiting ?? [];
      from.waiting = null;
      if (from === link) { for (const each of waiting) each(); }
    }, (error) => lost(from, messageOf(error)));
  }

  function hear(node: NodeName, message: string): void {
    const frame = decodeLinkFrame(message);
    if (frame !== null) return dispatch({ kind: "link-received", frame });
    try {
      const said = publishedFrom(node, message);
      if (said.kind === "doorbell") dispatch({ kind: "doorbell-rang" });
      else dispatch({ kind: "probe-heard", number: said.number });
    } catch (error) {
      events.strange(messageOf(error).slice(0, STRANGE_MAX));
    }
  }

  /** Publishes on the socket for commands, which keeps the order. What is lost, or dropped, its sender sends again. */
  function publish(frame: LinkFrame): void {
    const from = link;
    const isWorthSending = unheard.isWorthSending(frame);
    if (from === null) return;
    if (!isWorthSending) return bounce(from, frame);
    if (from.publishing > PUBLISHING_MAX) return;
    const text = encodeLinkFrame(frame);
    from.publishing += text.length;
    const done = (receivers: number | null): void => {
      from.publishing -= text.length;
      if (unheard.isUnheard(frame, receivers)) bounce(from, frame);
    };
    from.connection.send("PUBLISH", channelOf(namespace, frame.to), text).then(
      (receivers) => done(Number(receivers)),
      (error: unknown) => {
        done(null);
        if (error instanceof Refusal) events.refused("publish", messageOf(error));
      },
    );
  }

  /** Nobody is there: what the frame carried is routed again, but not at once, in case that its node comes back. */
  function bounce(from: Link, frame: LinkFrame): void {
    schedule(() => {
      if (from === link) dispatch({ kind: "link-received", frame: bounceOf(frame) });
    }, BOUNCE_MS);
  }

  function perform(effect: ClusterEffect): void {
    switch (effect.kind) {
      case "ask-engine":
        return ask(effect);
      case "publish":
        return publish(effect.frame);
      case "reconnect-engine":
        return end(effect.why);
    }
  }

  function drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (unanswered === 0) resolve();
    else idle.push(resolve);
    return promise;
  }

  function stop(): void {
    isStopped = true;
    cancelRetry?.();
    making.abort();
    link?.connection.drop();
    link = null;
    settle();
  }

  const unheard = createUnheard();
  const peers = createPeerReader({
    namespace,
    now: ports.now,
    send: () => link === null ? null : link.connection.send,
  });
  connect();
  return { perform, peers, drained, stop };
}

function addressOf(url: string): ClusterAddress {
  const address = readClusterUrl(url);
  if (typeof address !== "string") return address;
  throw new RangeError(`Option cluster must be a URL that ${address}.`);
}

/** A connection in use. */
interface Link {
  readonly connection: Connection;
  /** What to do once the channel of the node is subscribed; `null` if nothing waits for that. */
  waiting: (() => void)[] | null;
  /** The characters of the publishes that are not answered. */
  publishing: number;
}

/**
 * After these errors another connection is needed: its scripts are gone, it leads to a Redis that is not, or no longer,
 * the master, or it may do nothing.
 */
const ENDING = /^(?:NOSCRIPT|READONLY|MASTERDOWN|LOADING|NOAUTH|NOPERM)\b/;

/** How much is shown of what came over the channel. */
const STRANGE_MAX = 100;

/** 96 random bits as text without spaces. */
function randomName(): string {
  return randomBytes(12).toString("base64url");
}
