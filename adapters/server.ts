/**
 * The signaling server behind any listener: it knows requests and sockets, and not who listens.
 *
 * A listener describes each request as an {@linkcode Arrival}, hands over the sockets that it upgraded, and
 * writes the replies that it is given.
 *
 * @module
 */
import { scheduleTimeout, within } from "./clock.ts";
import { clientCount, type ConnId, type Settings, type SizedField, sizes } from "../core/mod.ts";
import { createVerifier } from "./auth/jwt.ts";
import { guardedGenerator, hookObservers, type Hooks } from "./observe/hooks.ts";
import { logFault, recorderLog } from "./observe/log.ts";
import { logObserver } from "./observe/log_clients.ts";
import { createLeakLog, logPause } from "./observe/log_process.ts";
import { createRefusalLog } from "./observe/log_refusals.ts";
import { trafficObserver } from "./observe/log_traffic.ts";
import { createOwners } from "./auth/owner.ts";
import { epochMs } from "./record/clock.ts";
import { beginFile } from "./record/disk.ts";
import { Recorder } from "./record/recorder.ts";
import { createReception, type Reception } from "./http/receive.ts";
import { createReplies, type Replies } from "./http/replies.ts";
import { createRuntime, type Observer, type Ports, type Runtime } from "./runtime.ts";
import { Sockets } from "./sockets/sockets.ts";

/** A running server without a listener. */
export interface SignalingServer extends Reception {
  readonly settings: Settings;
  /** An answer for what is no request that could be received: one sentence, with the headers of every answer. */
  readonly refuse: Replies["refuse"];
  /** The server's time in milliseconds, which stands still while the process does. */
  readonly now: () => number;
  readonly clientCount: () => number;
  /** How many entries each map of the state has: what grows without end would show here. */
  readonly sizes: () => Readonly<Record<SizedField, number>>;
  /** Begins the recording, where there is to be one, before anything has happened. */
  readonly startRecording: () => void;
  /**
   * Tells every client that the server stops; settles when their sockets are closed and the recording is
   * written, or 2 s later.
   */
  readonly stop: () => Promise<void>;
}

/** Starts a server that waits for requests and sockets. */
export function createSignalingServer(settings: Settings, hooks: Hooks): SignalingServer {
  const ownerOf = createOwners();
  const verify = createVerifier(settings, { now: () => runtime.now(), ownerOf });
  const refusals = createRefusalLog(settings, CLOCK);
  let stopped: Promise<void> | undefined;
  const sockets: Sockets = new Sockets({
    settings,
    dispatch: (event) => runtime.dispatch(event),
    now: () => runtime.now(),
    leaked: createLeakLog(),
  });
  const recorder = recordingFor(settings, () => runtime);
  const runtime: Runtime = createRuntime(settings, {
    ...CLOCK,
    perform: (effect) =>
      effect.kind === "check-token" ? checkToken(effect.conn) : sockets.perform(effect),
    observers: [
      ...recorder.observers,
      trafficObserver(),
      logObserver(refusals),
      ...hookObservers(hooks),
    ],
    onPause: logPause,
    onObserverError: (error) => logFault("A hook failed", error),
  });

  const replies = createReplies({
    settings,
    clock: CLOCK,
    state: () => runtime.state(),
    suggestId: guardedGenerator(hooks.generateClientId),
    verify,
    refusals,
  });

  function checkToken(conn: ConnId): void {
    void verify?.(sockets.takeToken(conn)).then((identity) =>
      runtime.dispatch({ kind: "token-checked", conn, identity })
    );
  }

  async function shutDown(): Promise<void> {
    runtime.dispatch({ kind: "shutdown-requested" });
    await null; // From within a hook the event is handled only when the hook is done.
    runtime.stop();
    replies.stop();
    await within(CLOSE_MAX_MS, both(sockets.closed(), recorder.stop()));
    sockets.stop();
    refusals.stop();
  }

  return {
    settings,
    ...createReception({ settings, replies, sockets, ownerOf, isChecked: verify !== null }),
    refuse: replies.refuse,
    now: runtime.now,
    clientCount: () => clientCount(runtime.state()),
    sizes: () => sizes(runtime.state()),
    startRecording: recorder.start,
    stop: () => stopped ??= shutDown(),
  };
}

/** The answer to a request that cannot be read, or whose URL has characters that no URL has. */
export const NOT_HTTP =
  "The request is not valid HTTP. What is not ASCII in its URL must be percent-encoded.";

/** The platform's. */
const CLOCK: Pick<Ports, "now" | "schedule"> = {
  now: () => performance.now(),
  schedule: scheduleTimeout,
};

/** How long clients get to answer a close, and the disk to take the recording, when the server stops. */
const CLOSE_MAX_MS = 2_000;

/** A recording, or none. */
interface Recording {
  readonly observers: readonly Observer[];
  readonly start: () => void;
  readonly stop: () => Promise<void>;
}

/** The recording that the settings ask for. */
function recordingFor(settings: Settings, runtime: () => Runtime): Recording {
  const { record } = settings;
  if (record === "") return { observers: [], start: () => {}, stop: () => Promise.resolve() };
  const recorder = new Recorder({
    settings,
    state: () => runtime().state(),
    // Instant 0 moves on while the process is away.
    epochMs: () => epochMs() + CLOCK.now() - runtime().now(),
    now: () => runtime().now(),
    schedule: scheduleTimeout,
    beginFile,
    events: recorderLog(record),
  });
  const { observe } = recorder;
  return { observers: [observe], start: () => recorder.start(), stop: () => recorder.stop() };
}

async function both(one: Promise<void>, other: Promise<void>): Promise<void> {
  await Promise.all([one, other]);
}
