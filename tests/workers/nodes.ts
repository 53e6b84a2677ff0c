/**
 * Workers without threads: servers in this one, with the ports between them and to their engine that workers have.
 *
 * @module
 */
import { scheduleTimeout } from "../../adapters/clock.ts";
import { listenDeno } from "../../adapters/listen/deno.ts";
import { createSignalingServer } from "../../adapters/server.ts";
import { createWorkerEngine, type WorkerEngine } from "../../adapters/workers/engine.ts";
import { createHost, type Host } from "../../adapters/workers/host.ts";
import type { EngineAsked, EngineSaid, Ids, IdsWanted } from "../../adapters/workers/protocol.ts";
import { createSiblings, type Siblings } from "../../adapters/workers/siblings.ts";
import { afterTurn } from "../../adapters/workers/turn.ts";
import { type NodeName, nodeName } from "../../core/cluster/mod.ts";
import { type PartialSettings, settingsFrom } from "../../core/mod.ts";
import type { Node } from "../cluster/contract.ts";

export interface WorkerNode extends Node, AsyncDisposable {
  readonly url: string;
  /** Ends it as a thread that is terminated ends, but its sockets stay open. */
  readonly end: () => void;
}

export interface Crew extends AsyncDisposable {
  /** Starts a node; it knows all others. */
  readonly start: (options?: PartialSettings) => Promise<WorkerNode>;
  /** How many commands of a kind the engine was asked to run. */
  readonly ran: (kind: string) => number;
  /** Settles when the engine was asked for something more. */
  readonly asked: () => Promise<void>;
}

interface Member {
  readonly name: NodeName;
  readonly siblings: Siblings;
  readonly toWorker: MessagePort;
}

/** Starts an engine that has no nodes yet. */
export function startCrew(): Crew {
  const members = new Map<NodeName, Member>();
  const stack = new AsyncDisposableStack();
  const kinds: string[] = [];
  let asked = Promise.withResolvers<void>();
  const host = createHost({
    ...{ keptMs: 15_000, afterTurn },
    now: () => performance.timeOrigin + performance.now(),
    tell: (name, said) => members.get(name)?.toWorker.postMessage(said),
  });

  function hear(name: NodeName, port: MessagePort, message: EngineAsked | IdsWanted): void {
    if (message.kind === "ids-wanted") {
      return port.postMessage({ kind: "ids", text: host.ids() } satisfies Ids);
    }
    kinds.push(...message.commands.map(([, { kind }]) => kind));
    host.ask(name, message);
    asked.resolve();
    asked = Promise.withResolvers();
  }

  async function start(options: PartialSettings = {}): Promise<WorkerNode> {
    const name = nodeName(crypto.randomUUID());
    const { port1: toWorker, port2: toMain } = new MessageChannel();
    toWorker.onmessage = ({ data }) => hear(name, toWorker, data);
    let engine: WorkerEngine | null = null;
    toMain.onmessage = ({ data }: MessageEvent<EngineSaid | Ids>) => engine?.hear(data);
    const siblings = createSiblings({
      ...{ own: name, afterTurn },
      receive: (frame) => engine?.receive(frame),
    });
    meet({ name, siblings, toWorker });
    const given = { port: 0, host: "127.0.0.1", cluster_secret: "a secret of sixteen or more" };
    const settings = settingsFrom({ ...given, ...options });
    const signaling = createSignalingServer(settings, null, {
      makeEngine: (dispatch) => {
        const post = (message: EngineAsked | IdsWanted): void => toMain.postMessage(message);
        const ports = { name, siblings, dispatch, afterTurn, post, schedule: scheduleTimeout };
        return engine = createWorkerEngine(ports);
      },
    });
    const { port, stop } = await listenDeno(signaling);
    signaling.start();
    const end = (): void => part(host, members, name);
    const dispose = async (): Promise<void> => {
      await stop();
      end();
      for (const one of [toWorker, toMain]) one.close();
    };
    const url = `http://127.0.0.1:${port}/`;
    const wsUrl = `ws://127.0.0.1:${port}/peerjs`;
    return stack.use({ url, wsUrl, stop, end, [Symbol.asyncDispose]: dispose });
  }

  function meet(member: Member): void {
    for (const { name, siblings } of members.values()) {
      const { port1, port2 } = new MessageChannel();
      siblings.join(member.name, port1);
      member.siblings.join(name, port2);
    }
    members.set(member.name, member);
  }

  return {
    start,
    ran: (kind) => kinds.filter((one) => one === kind).length,
    asked: () => asked.promise,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function part(host: Host, members: Map<NodeName, Member>, name: NodeName): void {
  members.get(name)?.siblings.stop();
  members.delete(name);
  host.end(name);
  for (const { siblings } of members.values()) siblings.leave(name);
}
