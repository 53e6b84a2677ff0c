/**
 * A signaling server without a port of its own: it answers the requests it is given.
 *
 * An application mounts it inside its `Deno.serve`; the program in `main.ts` puts it behind one.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import {
  clientCount,
  type HttpReply,
  type PartialSettings,
  respond,
  type Route,
  routeOf,
  type Settings,
  settingsFrom,
} from "../core/mod.ts";
import { clientAddress } from "./address.ts";
import { journal, type PeerMessage } from "./journal.ts";
import { logFault, logObserver, messageOf } from "./log.ts";
import { createRuntime, type Observer, type Runtime, scheduleTimeout, within } from "./runtime.ts";
import { Sockets } from "./sockets.ts";

/** A client, as hooks see it. */
export interface Client {
  readonly id: string;
}

/** What an application may want to know or decide. A hook that throws is logged and does no harm. */
export interface Hooks {
  /** A client was admitted. One that takes over its own id is told as a disconnection first. */
  readonly onConnection?: (client: Client) => void;
  /** A client is gone; `code` is 0 where it was not the server that closed the socket. */
  readonly onDisconnection?: (client: Client, why: { code: number; reason: string }) => void;
  /** A client sent a valid message for another; it is on its way already. */
  readonly onMessage?: (client: Client, message: PeerMessage) => void;
  /** Makes the ids of `GET <path><key>/id`; a v4 UUID by default. */
  readonly generateClientId?: () => string;
}

/** Settings and hooks, all of them optional. */
export type SignalboxOptions = PartialSettings & Hooks;

/** A running signaling server. */
export interface Signalbox {
  readonly settings: Settings;
  /**
   * Answers a request whose path is one of its own, and returns `null` for every other. Call it before
   * anything else looks at the request: a WebSocket can be upgraded only once.
   */
  readonly handle: (request: Request, info?: Deno.ServeHandlerInfo) => Response | null;
  /** Answers any request; one whose path is not its own with a 404 that names the paths that are. */
  readonly answer: (request: Request, info?: Deno.ServeHandlerInfo) => Response;
  /** How many clients are connected. */
  readonly clientCount: () => number;
  /**
   * Tells every client that the server stops, and admits no more. Settles when their sockets are closed,
   * or {@linkcode CLOSE_MAX_MS} later. Can be called twice.
   */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a signaling server that waits for requests.
 *
 * @throws {RangeError} Where an option does not exist or its value is not valid; the message names both.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const box = createSignalbox({ path: "/peer" });
 * const request = new Request("http://localhost/peer/peerjs/id");
 * assertEquals(box.handle(request)?.status, 200);
 * assertEquals(box.handle(new Request("http://localhost/about")), null);
 * await box.stop();
 * ```
 */
export function createSignalbox(options: SignalboxOptions = {}): Signalbox {
  const { onConnection: _, onDisconnection: _d, onMessage: _m, generateClientId, ...given } =
    options;
  const settings = settingsFrom(given);
  const suggestId = generateClientId ?? ((): string => crypto.randomUUID());
  const sockets: Sockets = new Sockets({
    maxUnsentBytes: settings.max_unsent_bytes,
    dispatch: (event) => runtime.dispatch(event),
  });
  const runtime: Runtime = createRuntime(settings, {
    now: () => performance.now(),
    perform: (effect) => sockets.perform(effect),
    schedule: scheduleTimeout,
    observers: [logObserver(), ...hookObservers(options)],
    onObserverError: (error) => logFault("A hook failed", error),
  });

  function answer(request: Request, info?: Deno.ServeHandlerInfo): Response {
    const url = new URL(request.url);
    if (routeOf(settings, url.pathname) === "socket" && isUpgrade(request)) {
      return upgrade(request, url, clientAddress(request.headers, info, settings.proxied));
    }
    const { method } = request;
    const http = { method, path: url.pathname, origin: request.headers.get("origin") };
    return toResponse(respond(runtime.state(), http, suggestId));
  }

  function handle(request: Request, info?: Deno.ServeHandlerInfo): Response | null {
    return isOwn(settings, new URL(request.url).pathname) ? answer(request, info) : null;
  }

  function upgrade(request: Request, { searchParams }: URL, address: string): Response {
    const parameters = {
      id: searchParams.get("id"),
      token: searchParams.get("token"),
      key: searchParams.get("key"),
      address,
    };
    try {
      const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: IDLE_TIMEOUT_S });
      sockets.attach(socket, parameters);
      return response;
    } catch (error) {
      const body = `The WebSocket handshake is not valid: ${messageOf(error)}.\n`;
      return new Response(body, { status: STATUS_CODE.BadRequest });
    }
  }

  async function stop(): Promise<void> {
    runtime.dispatch({ kind: "shutdown-requested" });
    runtime.stop();
    await within(CLOSE_MAX_MS, sockets.closed());
  }

  return { settings, handle, answer, clientCount: () => clientCount(runtime.state()), stop };
}

/** How long clients get to answer a close when the server stops. */
const CLOSE_MAX_MS = 2_000;

/** A ping after half of this in silence, the end after all of it: finds connections that are dead. */
const IDLE_TIMEOUT_S = 30;

function hookObservers({ onConnection, onDisconnection, onMessage }: Hooks): Observer[] {
  if (onConnection === undefined && onDisconnection === undefined && onMessage === undefined) {
    return [];
  }
  return [journal({
    ...(onConnection && { connected: (id) => onConnection({ id }) }),
    ...(onDisconnection &&
      { disconnected: (id, code, reason) => onDisconnection({ id }, { code, reason }) }),
    ...(onMessage && { message: (message) => onMessage({ id: message.src }, message) }),
  })];
}

/**
 * At the root, where an application has URLs of its own, only the exact paths are ours; under a prefix,
 * everything is.
 */
function isOwn(settings: Settings, path: string): boolean {
  const route: Route = routeOf(settings, path);
  if (settings.path === "/") return route !== "none" && route !== "wrong-key" && route !== "root";
  return route === "root" || path.startsWith(settings.path);
}

function isUpgrade(request: Request): boolean {
  return request.method === "GET" &&
    request.headers.get("upgrade")?.toLowerCase() === "websocket";
}

function toResponse({ status, headers, body }: HttpReply): Response {
  return new Response(body === "" ? null : body, { status, headers });
}
