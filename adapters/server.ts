/**
 * The signaling server behind any listener. It joins the loop, the sockets, the HTTP replies and the observers.
 *
 * A listener passes each request as an {@linkcode IncomingRequest}, attaches the sockets that it upgrades, and writes
 * the replies.
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
import { createVerifier, type Verifier } from "./auth/jwt.ts";
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
import { createOwners, type OwnerOf } from "./auth/owner.ts";
import { epochMs } from "./record/clock.ts";
import { beginFile } from "./record/disk.ts";
import { Recorder } from "./record/recorder.ts";
import { createReplies, type Replies } from "./http/replies.ts";
import type { IncomingRequest, Received, Reply } from "./request.ts";
import { createRuntime, type Observer, type Ports, type Runtime } from "./runtime.ts";
import { Sockets } from "./sockets/sockets.ts";

/** A running server without a listener. */
export interface SignalingServer {
  readonly settings: Settings;
  /** Decides on a request: a reply, or an upgrade. */
  readonly receive: (incoming: IncomingRequest) => Received;
  readonly refuse: Replies["refuse"];
  /** The reply to a handshake that is not valid. `why` is the end of a sentence. */
  readonly refuseHandshake: (incoming: IncomingRequest, why: string) => Reply;
  /** The time of the loop in milliseconds, which excludes pauses of the process. */
  readonly now: () => number;
  readonly clientCount: () => number;
  /** The number of entries in each map of the state, to find one that grows without end. */
  readonly sizes: () => Readonly<Record<SizedField, number>>;
  /** Begins the recording, if option `record` asks for one. Call it before the first request. */
  readonly startRecording: () => void;
  /**
   * Closes the socket of every client. Settles when the closes are answered and the recording is written, or
   * after 2 s.
   */
  readonly stop: () => Promise<void>;
}

/** Starts a server without a listener. */
export function createSignalingServer(settings: Settings, hooks: Hooks): SignalingServer {
  const ownerOf = createOwners();
  const verify = createVerifier(settings, { now: () => runtime.now(), ownerOf });
  const refusals = createRefusalLog(settings, CLOCK);
  let stopped: Promise<void> | undefined;
  const sockets: Sockets = new Sockets({
    settings,
    dispatch: (event) => runtime.dispatch(event),
    now: () => runtime.now(),
    onLeak: createLeakLog(),
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

  const reception = createReception({ settings, sockets, replies, verify, ownerOf });

  function checkToken(conn: ConnId): void {
    void verify?.(sockets.takeToken(conn)).then((identity) =>
      runtime.dispatch({ kind: "token-checked", conn, identity })
    );
  }

  async function shutDown(): Promise<void> {
    runtime.dispatch({ kind: "shutdown-requested" });
    await null; // If a hook calls this, the event waits until the hook returns.
    runtime.stop();
    replies.stop();
    await within(CLOSE_MAX_MS, Promise.all([sockets.drained(), recorder.stop()]));
    sockets.stop();
    refusals.stop();
  }

  return {
    ...reception,
    settings,
    refuse: replies.refuse,
    now: runtime.now,
    clientCount: () => clientCount(runtime.state()),
    sizes: () => sizes(runtime.state()),
    startRecording: recorder.start,
    stop: () => stopped ??= shutDown(),
  };
}

/** What the decision on a request depends on. */
interface ReceptionPorts {
  readonly settings: Settings;
  readonly sockets: Sockets;
  readonly replies: Replies;
  readonly verify: Verifier | null;
  readonly ownerOf: OwnerOf;
}

/** The part of a server that decides on requests. */
function createReception(
  { settings, sockets, replies, verify, ownerOf }: ReceptionPorts,
): Pick<SignalingServer, "receive" | "refuseHandshake"> {
  function receive(incoming: IncomingRequest): Received {
    if (!asksForSocket(incoming) || routeOf(settings, incoming.path) !== "socket") {
      return { kind: "reply", reply: replies.reply(incoming) };
    }
    const fault = handshakeFault(incoming.header);
    if (fault !== null) return { kind: "reply", reply: refuseHandshake(incoming, fault) };
    if (!sockets.hasRoom(clientAddress(incoming, settings))) {
      const reply = replies.refuse(incoming, STATUS_CODE.ServiceUnavailable, NO_SOCKET_ROOM);
      return { kind: "reply", reply };
    }
    // Read before the upgrade: Deno's request throws afterwards.
    const handshake = readHandshake(incoming, settings, { ownerOf, isChecked: verify !== null });
    return {
      kind: "upgrade",
      subprotocol: subprotocolOf(incoming.header),
      attach: (socket) => sockets.attach(socket, handshake),
      refuse: (why) => refuseHandshake(incoming, why),
    };
  }

  function refuseHandshake(incoming: IncomingRequest, why: string): Reply {
    const body = `The WebSocket handshake is not valid: ${why}.`;
    const reply = replies.refuse(incoming, STATUS_CODE.BadRequest, body);
    return { ...reply, headers: { ...reply.headers, "sec-websocket-version": HANDSHAKE_VERSIONS } };
  }

  return { receive, refuseHandshake };
}

const NO_SOCKET_ROOM = "Too many connections are waiting to be closed: try again later.";

/** The reply to a request that cannot be parsed, or whose URL is not ASCII. */
export const NOT_HTTP =
  "The request is not valid HTTP. What is not ASCII in its URL must be percent-encoded.";

const CLOCK: Pick<Ports, "now" | "schedule"> = {
  now: () => performance.now(),
  schedule: scheduleTimeout,
};

/** How long a stop waits for clients to answer the close, and for the disk to take the recording. */
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
