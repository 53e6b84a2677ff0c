/**
 * A signaling server without a port of its own, as a handler of web `Request`s.
 *
 * An application calls it from its own `Deno.serve`. The program uses it for the `deno` listener.
 *
 * @module
 */
import { messageOf } from "./errors.ts";
import {
  type PartialSettings,
  retiredSentences,
  type Route,
  routeOf,
  type Settings,
  settingsFrom,
  UNIX,
} from "../core/mod.ts";
import { streamOf } from "./http/answers.ts";
import { readableOf } from "./http/stream.ts";
import {
  type Application,
  createSignalingServer,
  NOT_HTTP,
  type SignalingServer,
} from "./server.ts";
import type { Mounts, NodeServer } from "./listen/node/mount.ts";
import type { IncomingRequest, Reply, Upgrade } from "./request.ts";
import type { Client } from "./observe/clients.ts";
import { logFault, logNoInfo } from "./observe/log.ts";
import { logUselessOption } from "./observe/start_log.ts";

/** Options of the program that an embedded server does not have. */
export type ProgramOption =
  | "admin_host"
  | "admin_port"
  | "admin_token"
  | "drain"
  | "host"
  | "listener"
  | "log_format"
  | "log_level"
  | "max_record_bytes"
  | "port"
  | "record"
  | "sslcert"
  | "sslkey"
  | "workers";

/** Settings, hooks and `authorize`, all optional. */
export type SignalboxOptions = Omit<PartialSettings, ProgramOption> & Application;

/** A running signaling server. */
export interface Signalbox {
  /** Every option that is in force, those of the program with their defaults. */
  readonly settings: Settings;
  /**
   * Answers a request for one of the server's paths; returns `null` for any other. Call it before any other code
   * uses the request: a request can be upgraded only once.
   *
   * Pass `info` on. Without it the client's address is unknown, and the limits on unread answers
   * (`max_answer_bytes`) do not see what the platform buffers.
   */
  readonly handle: (
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ) => Response | Promise<Response> | null;
  /** Answers any request; one for another path with a 404 that lists the server's paths. */
  readonly answer: (
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ) => Response | Promise<Response>;
  /**
   * Answers the requests and upgrades for the server's paths on a server of `node:http` or `node:https`, such as that
   * of Express, before and without its other listeners, which get all the rest. The promise settles at once, with a
   * function that undoes it for new requests and upgrades; `stop` does so too.
   *
   * @throws {TypeError} If it is no such server, or before Deno 2.8, whose `node:http` can neither refuse an upgrade
   * nor say where it comes from.
   * @throws {Error} After `stop`.
   */
  readonly mount: (server: NodeServer) => Promise<() => void>;
  /** The number of connected clients. In a cluster this node's, as for `clients` and `disconnect`. */
  readonly clientCount: () => number;
  /**
   * The connected clients in the order in which they came, the list itself and not a copy. An iteration may wait in
   * between: it skips clients that went meanwhile, and ends with those that came.
   */
  readonly clients: () => IterableIterator<Client>;
  /**
   * Disconnects the client that holds an id, with code 4012. Returns `false` if nobody does. The client may come
   * again at once: let `authorize` refuse it.
   *
   * @param reason The sentence that the client gets. It is cut to 256 characters, in the close frame to 123 bytes.
   */
  readonly disconnect: (id: string, reason?: string) => boolean;
  /**
   * Closes the socket of every client, admits no more, and undoes each `mount`. Settles when the closes are answered,
   * or after 2 s. A second call returns the same promise.
   */
  readonly stop: () => Promise<void>;
}

/**
 * Starts a signaling server.
 *
 * @throws {RangeError} If an option does not exist or its value is not valid. The message names the option and the
 * value.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 *
 * const box = createSignalbox({ path: "/peer" });
 * const request = new Request("http://localhost/peer/peerjs/id");
 * assertEquals((await box.handle(request))?.status, 200);
 * assertEquals(box.handle(new Request("http://localhost/about")), null);
 * await box.stop();
 * ```
 */
export function createSignalbox(options: SignalboxOptions = {}): Signalbox {
  const { authorize, generateClientId, ...others } = options;
  const { onConnection, onDisconnection, onMessage, onRefused, ...given } = others;
  retiredSentences(given).forEach(logUselessOption);
  const signaling = createSignalingServer(settingsFrom(given), {
    ...{ authorize, generateClientId, onConnection, onDisconnection, onMessage, onRefused },
  });
  signaling.start();
  const { settings, clientCount, clients, dismiss } = signaling;
  let mounts: Promise<Mounts> | null = null;

  async function mount(server: NodeServer): Promise<() => void> {
    mounts ??= loadMounts(signaling);
    const loaded = await mounts.catch((error: unknown): never => {
      mounts = null;
      throw error;
    });
    if (stopped !== undefined) throw new Error("box.mount comes too late: the box is stopped");
    return loaded.mount(server);
  }

  async function stop(): Promise<void> {
    await signaling.stop();
    (await mounts?.catch(() => null))?.stop();
  }

  let stopped: Promise<void> | undefined;
  return {
    ...handlerOf(signaling),
    ...{ settings, clientCount, clients },
    mount,
    disconnect: dismiss,
    stop: () => stopped ??= stop(),
  };
}

/** Loads what a mount needs, which takes 6 MB. */
async function loadMounts(signaling: SignalingServer): Promise<Mounts> {
  const { createMounts } = await import("./listen/node/mount.ts");
  return createMounts(signaling, (path) => isOwnPath(signaling.settings, path));
}

/** Answers requests of `Deno.serve`. */
export function handlerOf(signaling: SignalingServer): Pick<Signalbox, "answer" | "handle"> {
  const { settings } = signaling;
  const options = { idleTimeout: settings.ping_timeout / 1_000 };
  let lackedInfo = false;

  function answer(
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> {
    if (info === undefined && !lackedInfo) {
      lackedInfo = true;
      logNoInfo();
    }
    const incoming = readRequest(request, info);
    // Deno builds `request.url` from this header: a slash in it would change the path.
    if (/[/?#\\@]/.test(incoming.header("host") ?? "")) {
      return toResponse(signaling.refuse(incoming, 400, "The Host header is not valid."));
    }
    if (!isAscii(incoming.path) || !isAscii(incoming.query)) {
      return toResponse(signaling.refuse(incoming, 400, NOT_HTTP));
    }
    const received = signaling.receive(incoming);
    if (received.kind === "upgrade") return upgrade(request, received);
    const { reply } = received;
    return reply instanceof Promise
      ? reply.then((reply) => toResponse(reply, info))
      : toResponse(reply, info);
  }

  function handle(
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> | null {
    return isOwnPath(settings, splitUrl(request.url).path) ? answer(request, info) : null;
  }

  function upgrade(request: Request, { subprotocol, attach, refuse }: Upgrade): Response {
    try {
      const { socket, response } = Deno.upgradeWebSocket(request, options);
      if (subprotocol !== null) selectSubprotocol(response, subprotocol);
      attach(socket);
      return response;
    } catch (error) {
      return toResponse(refuse(messageOf(error)));
    }
  }

  return { handle, answer };
}

/**
 * Adds the subprotocol to the response. Deno's option `protocol` throws if the client's list has no space after a
 * comma. This function must not throw: an upgrade without a response ends the accept loop of `Deno.serve`.
 */
function selectSubprotocol(response: Response, subprotocol: string): void {
  try {
    response.headers.set("sec-websocket-protocol", subprotocol);
  } catch (error) {
    logFault("A subprotocol could not be selected", error);
  }
}

/**
 * With a path prefix, everything below it is the server's; at the root, where an application has its own, only its
 * routes.
 */
function isOwnPath(settings: Settings, path: string): boolean {
  const route: Route = routeOf(settings, path);
  if (settings.path === "/") return !OF_THE_APPLICATION.has(route);
  return route !== "none" || path.startsWith(settings.path);
}

/** What an application at the same root may serve itself. */
const OF_THE_APPLICATION: ReadonlySet<Route> = new Set([
  "root",
  "health",
  "ready",
  "wrong-key",
  "none",
]);

/** Reads path and address eagerly: after the upgrade a `Request` throws. */
function readRequest(request: Request, info: Deno.ServeHandlerInfo | undefined): IncomingRequest {
  const { url, method, headers } = request;
  const { path, query } = splitUrl(url);
  return {
    method,
    path,
    query,
    header: (name) => headers.get(name),
    remoteAddress: info === undefined ? "" : addressOf(info.remoteAddr),
  };
}

/** The raw address of the other end. A unix socket, which an application may listen on, has none. */
function addressOf(remote: Deno.Addr): string {
  if ("hostname" in remote) return remote.hostname;
  return remote.transport === "unix" ? UNIX : "";
}

/**
 * Splits path and query off a URL. `new URL` throws if the Host header of the client is not valid. The scheme is
 * "http+unix" on a unix socket.
 */
function splitUrl(url: string): { path: string; query: string } {
  const from = url.indexOf("://") + 3;
  const end = indexIn(url, "#", from, url.length);
  const pathEnd = indexIn(url, "?", from, end);
  const path = url.slice(indexIn(url, "/", from, pathEnd), pathEnd);
  return { path: path === "" ? "/" : path, query: url.slice(pathEnd + 1, end) };
}

/** Where the first such character is, from one index and before another; the latter if there is none. */
function indexIn(text: string, character: string, from: number, end: number): number {
  const at = text.indexOf(character, from);
  return at < 0 ? end : Math.min(at, end);
}

/** RFC 3986 allows only ASCII in a URL. `node:http` refuses the rest; Deno 2.9 decodes it as UTF-8. */
function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text);
}

function toResponse(
  { status, headers, body, long, stream }: Reply,
  info?: Deno.ServeHandlerInfo,
): Response {
  if (stream !== undefined) {
    return new Response(readableOf(stream, info?.completed), { status, headers });
  }
  if (long === undefined) return new Response(body === "" ? null : body, { status, headers });
  // The length lets a client tell a truncated list from a whole one.
  const length = String(long.length);
  return new Response(streamOf(long, info?.completed), {
    status,
    headers: { ...headers, "content-length": length },
  });
}
