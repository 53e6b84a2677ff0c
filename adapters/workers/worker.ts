/**
 * A worker: a whole server with a listener of its own, on the port that all workers share. The main thread starts it,
 * prints its log, and has the engine of the cluster that the workers are.
 *
 * @module
 */
import { scheduleTimeout } from "../clock.ts";
import { messageOf, StartError } from "../errors.ts";
import { listenDeno } from "../listen/deno.ts";
import type { Listener, ListenOptions } from "../listen/listener.ts";
import { configureLog } from "../observe/log.ts";
import { createSignalingServer, type SignalingServer } from "../server.ts";
import { createWorkerEngine, type WorkerEngine } from "./engine.ts";
import type { Call, CallName, Calls, FromWorker, Orders, ToWorker } from "./protocol.ts";
import { createSiblings, type Siblings } from "./siblings.ts";
import { afterTurn } from "./turn.ts";

/** The global scope of a worker, as far as it is used here. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
  readonly postMessage: (message: FromWorker) => void;
}

const scope = globalThis as unknown as WorkerScope;

/** What does the calls of the main thread. */
type Doers = { readonly [Name in CallName]: Doer<Calls[Name]> };
type Doer<Each extends Calls[CallName]> = (
  argument: Each["argument"],
) => Each["value"] | Promise<Each["value"]>;

/** A worker that has its orders. */
interface Running {
  readonly siblings: Siblings;
  readonly engine: () => WorkerEngine | null;
  readonly doers: Doers;
}

let running: Running | null = null;
/** Settles the write of the log that is under way. */
let linesTaken = (): void => {};

scope.onmessage = ({ data }): void => {
  switch (data.kind) {
    case "start":
      running = begin(data);
      return;
    case "sibling":
      return running?.siblings.join(data.name, data.port);
    case "sibling-left":
      return running?.siblings.leave(data.name);
    case "engine":
    case "ids":
      return running?.engine()?.hear(data);
    case "lines-taken":
      return linesTaken();
    case "call":
      return void reply(data);
  }
};

function begin({ settings, place, name, sharers, isTerminal, hasEngine }: Orders): Running {
  const log = configureLog(settings, isTerminal, { place, write: writeLog });
  let engine: WorkerEngine | null = null;
  let leaks = 0;
  const siblings = createSiblings({
    ...{ own: name, afterTurn },
    receive: (frame) => engine?.receive(frame),
  });
  const signaling = createSignalingServer(settings, null, {
    onLeak: () => scope.postMessage({ kind: "leaked", count: ++leaks }),
    ...(hasEngine && {
      makeEngine: (dispatch) => {
        const post = scope.postMessage.bind(scope);
        const ports = { name, siblings, dispatch, afterTurn, post, schedule: scheduleTimeout };
        return engine = createWorkerEngine(ports);
      },
    }),
  });
  const listening = listen(signaling, { sharers });
  listening.then(({ port, reload }) => {
    signaling.start();
    const cannotReload = typeof reload === "string" ? reload : null;
    scope.postMessage({ kind: "listening", port, cannotReload });
  }).catch(notStarted);
  const doers: Doers = {
    drain: async (ms) => {
      await signaling.drain(ms);
      return null;
    },
    ping: () => null,
    reload: async () => {
      const { reload } = await listening;
      if (typeof reload === "string") throw new Error(reload);
      await reload();
      return null;
    },
    sizes: () => signaling.sizes(),
    stop: async () => {
      await (await listening).stop();
      siblings.stop();
      await log.end();
      return null;
    },
  };
  return { siblings, engine: () => engine, doers };
}

async function listen(signaling: SignalingServer, options: ListenOptions): Promise<Listener> {
  if (signaling.settings.listener === "deno") return await listenDeno(signaling, options);
  const { listenNode } = await import("../listen/node/node.ts");
  return await listenNode(signaling, options);
}

function notStarted(error: unknown): void {
  const exitCode = error instanceof StartError ? error.exitCode : 1;
  scope.postMessage({ kind: "not-started", message: messageOf(error), exitCode });
}

/** The main thread prints one piece after the other, so that a slow reader of the log is noticed here. */
function writeLog(bytes: Uint8Array): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  linesTaken = () => resolve(bytes.length);
  scope.postMessage({ kind: "lines", bytes });
  return promise;
}

async function reply({ number, what, argument }: Call): Promise<void> {
  try {
    const doer: ((argument: never) => unknown) | undefined = running?.doers[what];
    const value = await doer?.(argument as never);
    scope.postMessage({ kind: "reply", number, value, error: null });
  } catch (error) {
    scope.postMessage({ kind: "reply", number, value: null, error: messageOf(error) });
  }
}
