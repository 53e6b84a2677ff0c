/**
 * The engine of the cluster as a worker reaches it: commands go to the main thread, frames to other workers.
 *
 * @module
 */
import type { AskEngine, ClusterEffect, ClusterEvent } from "../../core/mod.ts";
import type { LinkFrame, NodeName, Returned } from "../../core/cluster/mod.ts";
import type { ClusterEngine } from "../cluster/engine.ts";
import { BOUNCE_MS, createUnheard } from "../cluster/unheard.ts";
import type { EngineAsked, EngineSaid, Ids, IdsWanted } from "./protocol.ts";
import type { Siblings } from "./siblings.ts";

export interface WorkerEnginePorts {
  readonly name: NodeName;
  readonly siblings: Pick<Siblings, "send">;
  readonly dispatch: (event: ClusterEvent) => void;
  readonly schedule: (callback: () => void, delayMs: number) => () => void;
  /** Calls `callback` once what this turn brings is done. */
  readonly afterTurn: (callback: () => void) => void;
  readonly post: (message: EngineAsked | IdsWanted) => void;
}

export interface WorkerEngine extends ClusterEngine {
  /** Takes what the engine said. */
  readonly hear: (said: EngineSaid | Ids) => void;
  /** Takes a frame of another worker. */
  readonly receive: (frame: LinkFrame) => void;
}

/** How long a node waits that asks for another connection: the main thread is busy, or about to end this worker. */
const RECONNECT_MS = 200;

/** Connects at once: the main thread is always there. */
export function createWorkerEngine(ports: WorkerEnginePorts): WorkerEngine {
  const { name, dispatch, schedule, afterTurn, post } = ports;
  const publish = createPublisher(ports, () => isStopped);
  let commands: [number, AskEngine["command"]][] = [];
  let unanswered = 0;
  let isStopped = false;
  const waiting: (() => void)[] = [];
  const { peers, answer: tellIds } = createAsker(() => post({ kind: "ids-wanted" }));
  afterTurn(connect);

  function connect(): void {
    if (isStopped) return;
    // The generation of an engine that lives as long as its nodes.
    dispatch({ kind: "engine-connected", name, generation: name });
  }

  function perform(effect: ClusterEffect): void {
    if (isStopped) return;
    switch (effect.kind) {
      case "ask-engine":
        return ask(effect);
      case "publish":
        return publish(effect.frame);
      case "reconnect-engine":
        schedule(connect, RECONNECT_MS);
    }
  }

  function ask({ request, command }: AskEngine): void {
    unanswered++;
    if (commands.push([request, command]) === 1) afterTurn(sendCommands);
  }

  function sendCommands(): void {
    post({ kind: "ask", commands });
    commands = [];
  }

  function hear(said: EngineSaid | Ids): void {
    if (said.kind === "ids") return tellIds(said.text);
    const { answers, probe, isRung } = said;
    for (const [conn, request, answer] of answers) {
      dispatch({ kind: "engine-answered", conn, request, answer });
      unanswered--;
    }
    if (probe !== null) dispatch({ kind: "probe-heard", number: probe });
    if (isRung) dispatch({ kind: "doorbell-rang" });
    if (unanswered === 0) waiting.splice(0).forEach((wake) => wake());
  }

  function drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (unanswered === 0) resolve();
    else waiting.push(resolve);
    return promise;
  }

  return {
    ...{ perform, hear, drained, peers },
    receive: (frame) => dispatch({ kind: "link-received", frame }),
    // The main thread knows, and no worker asks.
    census: () => Promise.resolve(null),
    stop: () => void (isStopped = true),
  };
}

/** Publishes frames. What reaches no worker bounces. */
function createPublisher(
  { siblings, dispatch, schedule }: WorkerEnginePorts,
  isStopped: () => boolean,
): (frame: LinkFrame) => void {
  const unheard = createUnheard();
  /** What the links carry that bounce. */
  const returned = new Map<NodeName, Returned[]>();

  /** Nobody is there: what the frame carried is routed again. */
  function bounce(frame: LinkFrame): void {
    const { to, carried } = frame;
    const waiting = returned.get(to) ?? [];
    for (const { number, message } of carried) {
      if (message !== null) waiting.push([number, message]);
    }
    returned.set(to, waiting);
    if (!unheard.beginBounce(frame)) return;
    schedule(() => {
      returned.delete(to);
      const back = unheard.bounceFor(frame);
      if (back === null || isStopped()) return;
      dispatch({ kind: "link-received", frame: { ...back, returned: waiting } });
    }, BOUNCE_MS);
  }

  return (frame) => {
    if (!unheard.isWorthSending(frame)) return bounce(frame);
    unheard.published(frame);
    const receivers = siblings.send(frame) ? 1 : 0;
    if (unheard.isUnheard(frame, receivers)) bounce(frame);
  };
}

/** Asks for the ids: one question for all who want to know meanwhile. */
function createAsker(
  ask: () => void,
): { readonly peers: () => Promise<string>; readonly answer: (text: string) => void } {
  const waiting: ((text: string) => void)[] = [];
  return {
    peers: () => {
      const { promise, resolve } = Promise.withResolvers<string>();
      if (waiting.push(resolve) === 1) ask();
      return promise;
    },
    answer: (text) => waiting.splice(0).forEach((resolve) => resolve(text)),
  };
}
