/**
 * The signaling server behind any listener: it knows requests and sockets, and not who listens.
 *
 * A listener describes each request as an {@linkcode Arrival}, hands over the sockets that it upgraded, and
 * writes the replies that it is given.
 *
 * @module
 */
import { scheduleTimeout, within } from "./clock.ts";
import { STATUS_CODE } from "@std/http/status";
import {
  clientCount,
  type ConnId,
  routeOf,
  type Settings,
  type SizedField,
  sizes,
} from "../core/mod.ts";
import { clientAddress } from "./listen/address.ts";
import { createVerifier } from "./auth/jwt.ts";
import {
  asksForSocket,
  HANDSHAKE_VERSIONS,
  handshakeFault,
  readHandshake,
  subprotocolOf,
} from "./listen/handshake.ts";
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
import { createReplies, type Replies } from "./http/replies.ts";
import type { Arrival, Received, Reply } from "./request.ts";
import { createRuntime, type Observer, type Ports, type Runtime } from "./runtime.ts";
import { Sockets } from "./sockets/sockets.ts";

/** A running server without a listener. */
export interface SignalingServer {
  readonly settings: Settings;
  /** Looks at a request: it is answered, or upgraded. */
  readonly receive: (arrival: Arrival) => Received;
  readonly refuse: Replies["refuse"];
  /** The answer to a handshake that the platform finds wrong. */
  readonly refuseHandshake: (arrival: Arrival, why: string) => Reply;
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

  function receive(arrival: Arrival): Received {
    if (!asksForSocket(arrival) || routeOf(settings, arrival.path) !== "socket") {
      return { kind: "reply", reply: replies.reply(arrival) };
    }
    const fault = handshakeFault(arrival.header);
    if (fault !== null) return { kind: "reply", reply: refuseHandshake(arrival, fault) };
    if (!sockets.hasRoom(clientAddress(arrival, settings))) {
      const reply = replies.refuse(arrival, STATUS_CODE.ServiceUnavailable, NO_SOCKET_ROOM);
      return { kind: "reply", reply };
    }
    // Read before the upgrade, after which some platforms forget the request.
    const handshake = readHandshake(arrival, settings, { ownerOf, isChecked: verify !== null });
    return {
      kind: "upgrade",
      subprotocol: subprotocolOf(arrival.header),
      attach: (socket) => sockets.attach(socket, handshake),
      refuse: (why) => refuseHandshake(arrival, why),
    };
  }

  function refuseHandshake(arrival: Arrival, why: string): Reply {
    const body = `The WebSocket handshake is not valid: ${why}.`;
    const reply = replies.refuse(arrival, STATUS_CODE.BadRequest, body);
    return { ...reply, headers: { ...reply.headers, "sec-websocket-version": HANDSHAKE_VERSIONS } };
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
    receive,
    refuse: replies.refuse,
    refuseHandshake,
    now: runtime.now,
    clientCount: () => clientCount(runtime.state()),
    sizes: () => sizes(runtime.state()),
    startRecording: recorder.start,
    stop: () => stopped ??= shutDown(),
  };
}

const NO_SOCKET_ROOM = "Too many connections are waiting to be closed: try again later.";

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
