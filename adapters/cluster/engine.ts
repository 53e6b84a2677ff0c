/**
 * The engine of a cluster, as the loop of a node sees it: it performs the effects that only a node has, and dispatches
 * what Redis says as events. It connects again by itself, for as long as it takes.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import {
  type AskEngine,
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
import { type Census, takeCensus } from "./census.ts";
import { type Connection, openConnection, Refusal } from "./connection.ts";
import { createPeerReader } from "./peers.ts";
import { answerFrom, channelOf, publishedFrom } from "./scripts.ts";
import { BOUNCE_MS, createUnheard } from "./unheard.ts";

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

/**
 * How long to wait before another try to connect: at first, and at most. Doubled from one to the next. A Redis that
 * comes back empty protects the ids of nodes for 2 s after the first of them is there: the last must try again sooner.
 */
export const RETRY_MIN_MS = 200;
export const RETRY_MAX_MS = 1_000;

/** Unanswered publishes may have so many characters; what is more is dropped, and its node sends it again. */
export const PUBLISHING_MAX = 8_388_608;

/** The engine as a running node uses it, wherever it is. */
export interface ClusterEngine {
  readonly perform: (effect: ClusterEffect) => void;
  /** The ids of all nodes as JSON; `null` if that cannot be known. Never rejects. */
  readonly peers: () => Promise<string | null>;
  /** The nodes and claims of the whole cluster; `null` if that cannot be known. Never rejects. */
  readonly census: () => Promise<Census | null>;
  /** Settles when every command is answered, or never will be. */
  readonly drained: () => Promise<void>;
  readonly stop: () => void;
}

/** The engine of a running node, in Redis. It connects at once, and again for as long as it takes. */
export class Engine implements ClusterEngine {
  /** The ids of all nodes as JSON, at most 2 s old; `null` if Redis does not say. Never rejects. */
  readonly peers: () => Promise<string | null>;
  readonly #ports: EnginePorts;
  readonly #address: ClusterAddress;
  readonly #namespace: string;
  readonly #stopping = new AbortController();
  readonly #unheard = createUnheard();
  #link: Link | null = null;
  /** How often it was tried to connect since the node was last joined. */
  #tries = 0;
  #cancelRetry: (() => void) | null = null;
  /** The commands without an answer, and whoever waits until there are none. */
  #unanswered = 0;
  #waiting: (() => void)[] = [];

  /** @throws {RangeError} If the URL in the settings is not valid. */
  constructor(ports: EnginePorts) {
    this.#ports = ports;
    this.#address = addressOf(ports.settings.cluster);
    this.#namespace = ports.settings.cluster_namespace;
    this.peers = createPeerReader({
      namespace: this.#namespace,
      now: ports.now,
      send: () => this.#link?.connection.send ?? null,
    });
    this.#connect();
  }

  /** The nodes and claims of the whole cluster; `null` if Redis does not say. Never rejects. */
  census(): Promise<Census | null> {
    return takeCensus(this.#link?.connection.send ?? null, this.#namespace);
  }

  perform(effect: ClusterEffect): void {
    switch (effect.kind) {
      case "ask-engine":
        return this.#ask(effect);
      case "publish":
        return this.#publish(effect.frame);
      case "reconnect-engine":
        return this.#end(effect.why);
    }
  }

  /** Settles when every command is answered, or the connection is gone. */
  drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#unanswered === 0) resolve();
    else this.#waiting.push(resolve);
    return promise;
  }

  /** Drops the connection for good. */
  stop(): void {
    this.#stopping.abort();
    this.#cancelRetry?.();
    this.#drop();
  }

  // The connection.

  #connect(): void {
    this.#cancelRetry = null;
    let link: Link | null = null;
    openConnection({
      address: this.#address,
      namespace: this.#namespace,
      signal: this.#stopping.signal,
      onEnd: (why) => link !== null && this.#lost(link, why),
    }).then((connection) => {
      if (this.#stopping.signal.aborted) return connection.drop();
      link = { connection, held: null, publishing: 0 };
      this.#connected(link);
    }, (error) => {
      if (this.#stopping.signal.aborted) return;
      this.#ports.events.away(this.#where(), messageOf(error));
      this.#retry();
    });
  }

  #connected(link: Link): void {
    this.#link = link;
    const { dispatch, events } = this.#ports;
    const { unfit } = link.connection;
    if (unfit !== null) events.unfit(this.#where(), unfit);
    const [name, generation] = [randomName(), randomName()];
    dispatch({ kind: "engine-connected", name: nodeName(name), generation });
  }

  #retry(): void {
    const delayMs = Math.min(RETRY_MAX_MS, RETRY_MIN_MS * 2 ** this.#tries++);
    // Nodes that lost the same Redis must not all come back in the same instant.
    const jittered = delayMs * (0.5 + Math.random() / 2);
    this.#cancelRetry = this.#ports.schedule(() => this.#connect(), jittered);
  }

  /** A connection ended by itself. Nothing of it is dispatched after this. */
  #lost(link: Link, why: string): void {
    if (link !== this.#link) return;
    this.#end(why);
    this.#ports.dispatch({ kind: "engine-lost" });
  }

  /** Ends the connection, and makes another. */
  #end(why: string): void {
    if (this.#link === null) return;
    this.#ports.events.away(this.#where(), why);
    this.#drop();
    this.#retry();
  }

  #drop(): void {
    this.#link?.connection.drop();
    this.#link = null;
    this.#unanswered = 0;
    this.#wake();
  }

  #wake(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting = [];
  }

  /** Where Redis is, as it may be shown. */
  #where(): string {
    if (this.#link === null) return shownCluster(this.#address);
    return `${this.#address.scheme}://${shownHost(this.#link.connection.host)}`;
  }

  // Commands.

  #ask(ask: AskEngine): void {
    const link = this.#link;
    if (link === null) return;
    if (ask.command.kind === "join") this.#join(link, ask);
    else if (link.held !== null) link.held.push(ask);
    else this.#run(link, ask);
  }

  /** A node that joins must hear what is said to it from then on. */
  #join(link: Link, ask: AskEngine): void {
    const { node } = ask.command;
    link.held = [ask];
    link.connection.subscribe(channelOf(this.#namespace, node), (message) => {
      if (link === this.#link) this.#hear(node, message);
    }).then(() => {
      const held = link.held ?? [];
      link.held = null;
      if (link === this.#link) { for (const each of held) this.#run(link, each); }
    }, (error) => this.#lost(link, messageOf(error)));
  }

  #run(link: Link, { command, request }: AskEngine): void {
    this.#unanswered++;
    link.connection.run(command).then((reply) => {
      if (link !== this.#link) return;
      let answer: EngineAnswer;
      try {
        answer = answerFrom(reply);
      } catch (error) {
        return this.#lost(link, messageOf(error));
      }
      // A node whose name is gone joins under another at once; one that is refused does not come back faster.
      if (answer.kind === "joined" || answer.kind === "gone") this.#tries = 0;
      if (answer.kind === "joined") this.#ports.events.joined(this.#where());
      this.#answered(link, { kind: "engine-answered", conn: command.conn, request, answer });
    }, (error: unknown) => {
      if (link !== this.#link) return;
      const why = messageOf(error);
      if (!(error instanceof Refusal) || ENDING.test(why)) return this.#lost(link, why);
      this.#ports.events.refused(command.kind, why);
      this.#answered(link, { kind: "engine-failed", conn: command.conn, request, why });
    });
  }

  /** What comes of an answer is asked before a stop believes that all is answered. */
  #answered(link: Link, event: ClusterEvent): void {
    this.#ports.dispatch(event);
    if (link === this.#link && --this.#unanswered === 0) this.#wake();
  }

  // The channels.

  #hear(node: NodeName, message: string): void {
    const { dispatch, events } = this.#ports;
    const frame = decodeLinkFrame(message);
    if (frame !== null) return dispatch({ kind: "link-received", frame });
    try {
      // What is longer is neither, and is shown only so far.
      const said = publishedFrom(node, message.slice(0, SAID_MAX));
      if (said.kind === "doorbell") dispatch({ kind: "doorbell-rang" });
      else dispatch({ kind: "probe-heard", number: said.number });
    } catch (error) {
      events.strange(messageOf(error));
    }
  }

  /** Publishes on the socket for commands, which keeps the order. What is lost, or dropped, its node sends again. */
  #publish(frame: LinkFrame): void {
    const link = this.#link;
    const isWorthSending = this.#unheard.isWorthSending(frame);
    if (link === null) return;
    if (!isWorthSending) return this.#bounce(link, frame);
    if (link.publishing > PUBLISHING_MAX) return;
    const text = encodeLinkFrame(frame);
    link.publishing += text.length;
    this.#unheard.published(frame);
    const done = (receivers: number | null): void => {
      link.publishing -= text.length;
      if (this.#unheard.isUnheard(frame, receivers)) this.#bounce(link, frame);
    };
    link.connection.send("PUBLISH", channelOf(this.#namespace, frame.to), text).then(
      (receivers) => done(Number(receivers)),
      (error: unknown) => {
        done(null);
        if (error instanceof Refusal) this.#ports.events.refused("publish", messageOf(error));
      },
    );
  }

  /** Nobody is there: what the frame carried is routed again, but not at once, in case that its node comes back. */
  #bounce(link: Link, frame: LinkFrame): void {
    if (!this.#unheard.beginBounce(frame)) return;
    this.#ports.schedule(() => {
      const bounce = this.#unheard.bounceFor(frame);
      if (link !== this.#link || bounce === null) return;
      this.#ports.dispatch({ kind: "link-received", frame: bounce });
    }, BOUNCE_MS);
  }
}

/** A connection in use. */
interface Link {
  readonly connection: Connection;
  /** What is asked once the channel of the node is subscribed; `null` if nothing waits for that. */
  held: AskEngine[] | null;
  /** The characters of the publishes that are not answered. */
  publishing: number;
}

/** The characters of the longest doorbell or probe, and some more. */
const SAID_MAX = 100;

/**
 * After these errors another connection is needed: its scripts are gone, it leads to a Redis that is not, or no longer,
 * the master, or it forgot who asks.
 */
const ENDING = /^(?:NOSCRIPT|READONLY|MASTERDOWN|LOADING|NOAUTH)\b/;

function addressOf(url: string): ClusterAddress {
  const address = readClusterUrl(url);
  if (typeof address !== "string") return address;
  throw new RangeError(`Option cluster is no usable URL: ${address}.`);
}

/** 96 random bits as text without spaces. */
function randomName(): string {
  return randomBytes(12).toString("base64url");
}
