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
import type { Answers, QuestionName } from "../admin/questions.ts";
import type { EngineMaker } from "../cluster_node.ts";
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

/** What does the calls of the main thread; an operator's only if there is one. */
type Doers =
  & { readonly [Name in Exclude<CallName, QuestionName>]: Doer<Calls[Name]> }
  & Answers;
type Doer<Each extends Calls[CallName]> = (
  argument: Each["argument"],
) => Each["value"] | Promise<Each["value"]>;

/** A worker that has its orders. */
interface Running {
  readonly siblings: Siblings;
  readonly engine: () => WorkerEngine | null;
  readonly doers: Promise<Doers>;
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

function begin(orders: Orders): Running {
  const { settings, place, name, isTerminal } = orders;
  const log = configureLog(settings, isTerminal, { place, write: writeLog });
  let engine: WorkerEngine | null = null;
  const siblings = createSiblings({
    ...{ own: name, afterTurn },
    receive: (frame) => engine?.receive(frame),
  });
  const makeEngine: EngineMaker = (dispatch) => {
    const post = scope.postMessage.bind(scope);
    const ports = { name, siblings, dispatch, afterTurn, post, schedule: scheduleTimeout };
    return engine = createWorkerEngine(ports);
  };
  const end = async (): Promise<void> => {
    siblings.stop();
    await log.end();
  };
  const doers = serve(orders, makeEngine, end);
  doers.catch(notStarted);
  return { siblings, engine: () => engine, doers };
}

/** Makes the server, and listens. */
async function serve(
  { settings, sharers, hasEngine, isWatched, place, launch }: Orders,
  makeEngine: EngineMaker,
  end: () => Promise<void>,
): Promise<Doers> {
  let leaks = 0;
  // A literal, so that `deno compile` finds it.
  const watched = isWatched
    ? await (await import("../admin/watched.ts")).createWatched(settings, { place, launch })
    : null;
  const signaling = createSignalingServer(settings, null, {
    observers: watched?.observers,
    onLeak: () => scope.postMessage({ kind: "leaked", count: ++leaks }),
    ...(hasEngine && { makeEngine }),
  });
  const listener = await listen(signaling, { sharers });
  const { port, reload } = listener;
  signaling.start();
  const cannotReload = typeof reload === "string" ? reload : null;
  scope.postMessage({ kind: "listening", port, cannotReload });
  return {
    drain: async (ms) => {
      await signaling.drain(ms);
      return null;
    },
    ping: () => null,
    reload: async () => {
      if (typeof reload === "string") throw new Error(reload);
      await reload();
      return null;
    },
    sizes: () => signaling.sizes(),
    stop: async () => {
      watched?.stop();
      await listener.stop();
      await end();
      return null;
    },
    ...watched?.answersOf(signaling),
  };
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
    const doers = await running?.doers;
    const doer: ((argument: never) => unknown) | undefined = doers?.[what];
    if (doer === undefined) throw new Error(`The worker cannot do ${what}`);
    const value = await doer(argument as never);
    scope.postMessage({ kind: "reply", number, value, error: null });
  } catch (error) {
    scope.postMessage({ kind: "reply", number, value: null, error: messageOf(error) });
  }
}
