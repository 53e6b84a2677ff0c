/**
 * A signaling server without a port of its own: it answers the requests it is given.
 *
 * An application mounts it inside its `Deno.serve`; the program in `main.ts` puts it behind one.
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
import { createSignalingServer, NOT_HTTP, type SignalingServer } from "./server.ts";
import type { Arrival, Reply, Upgrade } from "./request.ts";
import type { Hooks } from "./observe/hooks.ts";
import { logFault } from "./observe/log.ts";
import { logUseless } from "./observe/start_log.ts";

/** The options that are about the program: its port, its files, its log. */
type ProgramOption =
  | "host"
  | "listener"
  | "log_format"
  | "log_level"
  | "max_record_bytes"
  | "port"
  | "record"
  | "sslcert"
  | "sslkey";

/** Settings and hooks, all of them optional. */
export type SignalboxOptions = Omit<PartialSettings, ProgramOption> & Hooks;

/** A running signaling server. */
export interface Signalbox {
  readonly settings: Settings;
  /**
   * Answers a request whose path is one of its own, and returns `null` for every other. Call it before
   * anything else looks at the request: a WebSocket can be upgraded only once. Without `info` the address of
   * the client is not known, nor when an answer was sent: what it waits in the platform for counts for nobody.
   */
  readonly handle: (
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ) => Response | Promise<Response> | null;
  /** Answers any request; one whose path is not its own with a 404 that names the paths that are. */
  readonly answer: (
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ) => Response | Promise<Response>;
  /** How many clients are connected. */
  readonly clientCount: () => number;
  /**
   * Tells every client that the server stops, and admits no more. Settles when their sockets are closed,
   * or 2 s later. Can be called twice.
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
 * assertEquals((await box.handle(request))?.status, 200);
 * assertEquals(box.handle(new Request("http://localhost/about")), null);
 * await box.stop();
 * ```
 */
export function createSignalbox(options: SignalboxOptions = {}): Signalbox {
  const { onConnection, onDisconnection, onMessage, generateClientId, ...given } = options;
  retiredSentences(given).forEach(logUseless);
  const hooks = { onConnection, onDisconnection, onMessage, generateClientId };
  return signalboxOf(createSignalingServer(settingsFrom(given), hooks));
}

/** The face that a server shows to `Deno.serve`. */
export function signalboxOf(signaling: SignalingServer): Signalbox {
  const { settings } = signaling;

  function answer(
    request: Request,
    info?: Deno.ServeHandlerInfo,
  ): Response | Promise<Response> {
    const arrival = arrivalOf(request, info);
    // The URL is put together from this header, which could bring a path of its own.
    if (/[/?#\\@]/.test(request.headers.get("host") ?? "")) {
      return toResponse(signaling.refuse(arrival, 400, "The Host header is not valid."));
    }
    if (!isAscii(arrival.path) || !isAscii(arrival.query)) {
      return toResponse(signaling.refuse(arrival, 400, NOT_HTTP));
    }
    const received = signaling.receive(arrival);
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
    return isOwn(settings, splitUrl(request.url).path) ? answer(request, info) : null;
  }

  function upgrade(request: Request, { subprotocol, attach, refuse }: Upgrade): Response {
    try {
      const { socket, response } = Deno.upgradeWebSocket(request, {
        idleTimeout: settings.ping_timeout / 1_000,
      });
      if (subprotocol !== null) select(response, subprotocol);
      attach(socket);
      return response;
    } catch (error) {
      return toResponse(refuse(messageOf(error)));
    }
  }

  const { clientCount, stop } = signaling;
  return { settings, handle, answer, clientCount, stop };
}

/**
 * Adds the subprotocol to the answer. The platform's option `protocol` throws where the list that it is in has
 * no space after its commas. Nothing may be thrown here: an upgrade that is not answered ends the server.
 */
function select(response: Response, subprotocol: string): void {
  try {
    response.headers.set("sec-websocket-protocol", subprotocol);
  } catch (error) {
    logFault("A subprotocol could not be selected", error);
  }
}

/**
 * At the root, where an application has URLs of its own, only the exact paths are ours; under a prefix,
 * everything is.
 */
function isOwn(settings: Settings, path: string): boolean {
  const route: Route = routeOf(settings, path);
  if (settings.path === "/") return route !== "none" && route !== "wrong-key" && route !== "root";
  return route !== "none" || path.startsWith(settings.path);
}

/** Reads all that is needed before the upgrade: afterwards a request throws. */
function arrivalOf(request: Request, info: Deno.ServeHandlerInfo | undefined): Arrival {
  const { path, query } = splitUrl(request.url);
  return {
    method: request.method,
    path,
    query,
    header: (name) => request.headers.get(name),
    remoteAddress: info === undefined ? "" : addressOf(info.remoteAddr),
  };
}

/** An application may listen on a unix socket, whose other end has no address. */
function addressOf(remote: Deno.Addr): string {
  if ("hostname" in remote) return remote.hostname;
  return remote.transport === "unix" ? UNIX : "";
}

/**
 * The path and the query of a URL, whose host a client can have made unreadable, and whose scheme is
 * "http+unix" on a unix socket.
 */
function splitUrl(url: string): { path: string; query: string } {
  const [, path = "", query = ""] = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*([^?#]*)\??([^#]*)/i.exec(url) ??
    [];
  return { path: path === "" ? "/" : path, query };
}

/** As RFC 3986 wants it. `node:http` refuses all else; Deno 2.9 reads it as UTF-8. */
function isAscii(text: string): boolean {
  return /^\p{ASCII}*$/u.test(text);
}

function toResponse(
  { status, headers, body, long }: Reply,
  info?: Deno.ServeHandlerInfo,
): Response {
  if (long === undefined) return new Response(body === "" ? null : body, { status, headers });
  // With a length, so that a list that was cut off is not taken for a whole one.
  const length = String(long.length);
  return new Response(streamOf(long, info?.completed), {
    status,
    headers: { ...headers, "content-length": length },
  });
}
