/**
 * The signaling server behind any listener: it knows requests and sockets, and not who listens.
 *
 * A listener describes each request as an {@linkcode Arrival}, hands over the sockets that it upgraded, and
 * writes the replies that it is given.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import {
  clientCount,
  type HttpReply,
  routeOf,
  type Settings,
  type SizedField,
  sizes,
} from "../core/mod.ts";
import { clientAddress } from "./listen/address.ts";
import type { LongBody } from "./http/answers.ts";
import { createVerifier } from "./auth/jwt.ts";
import { asksForSocket, HANDSHAKE_VERSIONS, readHandshake } from "./listen/handshake.ts";
import { guardedGenerator, hookObservers, type Hooks } from "./observe/hooks.ts";
import { logFault, logObserver, recorderLog } from "./observe/log.ts";
import { createLeakLog, logPause } from "./observe/log_process.ts";
import { createRefusalLog } from "./observe/log_refusals.ts";
import { trafficObserver } from "./observe/log_traffic.ts";
import { createOwners } from "./auth/owner.ts";
import { epochMs } from "./record/clock.ts";
import { beginFile } from "./record/disk.ts";
import { Recorder } from "./record/recorder.ts";
import { createReplies, UNCHECKED } from "./http/replies.ts";
import {
  createRuntime,
  type Observer,
  type Ports,
  type Runtime,
  scheduleTimeout,
  within,
} from "./runtime.ts";
import type { Link, SocketLike } from "./sockets/link.ts";
import { type Handshake, Sockets } from "./sockets/sockets.ts";

/** A request, as far as the server looks at it. */
export interface Arrival {
  readonly method: string;
  /** The path of its URL as it came, percent-escapes and all. */
  readonly path: string;
  /** The query of its URL, with or without the question mark. */
  readonly query: string;
  /** A header by its name in lower case; `null` where there is none. */
  readonly header: (name: string) => string | null;
  /** The address at the other end of the connection; empty where it is not known. */
  readonly remoteAddress: string;
}

/** An answer, whose body may be one that is to be sent piece by piece. */
export interface Reply extends HttpReply {
  /** What to send in place of `body`; whoever sends it says when it is done. */
  readonly long?: LongBody;
}

/** A running server without a listener. */
export interface SignalingServer {
  readonly settings: Settings;
  /** Whether a request asks for a socket where there are sockets: it is to be upgraded. */
  readonly wantsSocket: (arrival: Arrival) => boolean;
  /**
   * All that is to be known of a socket; asked before the upgrade. Its identity is a promise where tokens are
   * checked.
   */
  readonly readHandshake: (arrival: Arrival) => Handshake;
  /**
   * Takes over an upgraded socket, open or about to be. The link is to be told of an unanswered ping where the
   * socket does not tell it itself.
   */
  readonly attach: (socket: SocketLike, handshake: Handshake) => Pick<Link, "unanswered">;
  /** Whether one more socket may be upgraded; where not, nothing but a 503 can be said. */
  readonly hasSocketRoom: (arrival: Arrival) => boolean;
  /** An answer for a request that cannot be upgraded: one sentence, with the headers of every answer. */
  readonly refuse: (arrival: Arrival, status: number, body: string) => HttpReply;
  /** Answers a request that is not upgraded. */
  readonly reply: (arrival: Arrival) => Reply | Promise<Reply>;
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
    perform: (effect) => sockets.perform(effect),
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

  function handshakeOf(arrival: Arrival): Handshake {
    const { parameters, token } = readHandshake(arrival, settings, ownerOf);
    // A signature takes up to a millisecond: none is checked for whom the key will turn away.
    const isChecked = verify !== null && parameters.key === "right";
    return { ...parameters, identity: isChecked ? verify(token) : UNCHECKED };
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
    wantsSocket: (arrival) =>
      asksForSocket(arrival) && routeOf(settings, arrival.path) === "socket",
    readHandshake: handshakeOf,
    attach: (socket, handshake) => sockets.attach(socket, handshake),
    reply: replies.reply,
    hasSocketRoom: (arrival) => sockets.hasRoom(clientAddress(arrival, settings)),
    refuse: replies.refuse,
    now: runtime.now,
    clientCount: () => clientCount(runtime.state()),
    sizes: () => sizes(runtime.state()),
    startRecording: recorder.start,
    stop: () => stopped ??= shutDown(),
  };
}

/** The answer to a request for a socket where there is no room for one. */
export function refuseForRoom(signaling: SignalingServer, arrival: Arrival): HttpReply {
  const why = "Too many connections are waiting to be closed: try again later.";
  return signaling.refuse(arrival, STATUS_CODE.ServiceUnavailable, why);
}

/** The answer to a handshake that cannot become a socket. */
export function refuseHandshake(
  signaling: SignalingServer,
  arrival: Arrival,
  why: string,
): HttpReply {
  const body = `The WebSocket handshake is not valid: ${why}.`;
  const reply = signaling.refuse(arrival, STATUS_CODE.BadRequest, body);
  return { ...reply, headers: { ...reply.headers, "sec-websocket-version": HANDSHAKE_VERSIONS } };
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
