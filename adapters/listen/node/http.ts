/**
 * Reads requests of `node:http` and writes replies.
 *
 * A usual request has a `ServerResponse`. A request to upgrade, or one that cannot be parsed, has only its connection:
 * the reply is written to that as text, and ends it.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import { Socket } from "node:net";
import type { Duplex, Writable } from "node:stream";
import type { LongBody } from "../../http/answers.ts";
import type { StreamBody } from "../../http/stream.ts";
import { NOT_HTTP, type SignalingServer } from "../../server.ts";
import type { IncomingRequest, Reply } from "../../request.ts";

/** Converts a request of `node:http`. */
export type ReadRequest = (request: IncomingMessage) => IncomingRequest;

/** @param unknown The address of a connection that has none. */
export function readRequest(request: IncomingMessage, unknown = ""): IncomingRequest {
  const { method = "GET", headers, socket } = request;
  return {
    method,
    ...splitTarget(request.url ?? "/"),
    header: (name): string | null => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value ?? null;
    },
    remoteAddress: socket.remoteAddress ?? unknown,
  };
}

/** The path of a request, not decoded. */
export function pathOf({ url = "/" }: IncomingMessage): string {
  return splitTarget(url).path;
}

/** Writes a reply. A request body is not read: the connection ends after the reply instead. */
export function writeReply(
  response: ServerResponse,
  { status, headers, body, long, stream }: Reply,
  request: IncomingMessage,
): void {
  const hasBody = request.headers["content-length"] !== undefined ||
    request.headers["transfer-encoding"] !== undefined;
  response.writeHead(status, {
    ...headers,
    ...(body !== "" && { "content-length": long?.length ?? byteLength(body) }),
    ...((hasBody || stream !== undefined) && { connection: "close" }),
  });
  if (stream !== undefined) {
    whenClosed(request.socket, stream.release);
    writeStream(response, stream, request.socket, () => response.end());
    return;
  }
  if (long === undefined) {
    response.end(body);
    return;
  }
  // A response that is queued behind another emits no "close" when its connection ends.
  const forget = whenClosed(request.socket, long.release);
  response.once("finish", () => {
    forget();
    long.release();
  });
  writePieces(response, long, request.socket, () => response.end());
}

/** Writes a reply to a connection that `node:http` no longer manages, and ends the connection. */
export function writeRawReply(
  connection: Duplex,
  { status, headers, body, long, stream }: Reply,
): void {
  if (!connection.writable) {
    long?.release();
    stream?.release();
    connection.destroy();
    return;
  }
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    ...(stream === undefined ? [`content-length: ${long?.length ?? byteLength(body)}`] : []),
    "connection: close",
  ];
  const head = `${lines.join("\r\n")}\r\n\r\n`;
  // Does not wait for the client to end its side.
  const destroy = (): void => void connection.destroy();
  if (stream !== undefined) {
    connection.once("close", stream.release);
    connection.write(head);
    writeStream(connection, stream, connection, () => connection.end(destroy));
    return;
  }
  if (long === undefined) {
    connection.end(head + body, destroy);
    return;
  }
  connection.once("close", long.release);
  connection.write(head);
  writePieces(connection, long, connection, () => connection.end(destroy));
}

/** Writes a long body, piece by piece as the connection drains. A timeout ends the connection. */
function writePieces(
  to: Writable,
  { pieces, onTimeout }: LongBody,
  connection: Duplex,
  end: () => void,
): void {
  let next = 0;
  onTimeout(() => connection.destroy());
  writeNext();

  function writeNext(): void {
    while (!connection.destroyed && next < pieces.length) {
      const piece = pieces[next++];
      if (to.write(piece)) continue;
      to.once("drain", writeNext);
      return;
    }
    if (!connection.destroyed) end();
  }
}

/** Writes a stream as its connection drains. A client that reads too slowly loses the connection. */
function writeStream(to: Writable, stream: StreamBody, connection: Duplex, end: () => void): void {
  // Presence has comments, and a time limit of its own.
  if (connection instanceof Socket) connection.setTimeout(0);
  stream.onEnd((why) => why === "slow" ? connection.destroy() : end());
  pull();

  function pull(): void {
    stream.pull((piece) => {
      if (to.write(piece)) pull();
      else to.once("drain", pull);
    });
  }
}

/**
 * Calls back when a connection closes. Returns a function that cancels it. Pipelined responses share one listener per
 * connection, as `node:events` warns of more than ten.
 */
function whenClosed(connection: Socket, callback: () => void): () => void {
  const known = closeCallbacks.get(connection);
  const callbacks = known ?? new Set();
  if (known === undefined) {
    closeCallbacks.set(connection, callbacks);
    connection.once("close", () => callbacks.forEach((each) => each()));
  }
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

const closeCallbacks = new WeakMap<Socket, Set<() => void>>();

/**
 * Removes the end of an empty chunked body, "0\r\n\r\n", from the next data of a connection.
 *
 * If it arrives together with the head, the parser of `node:http` consumes it; otherwise `npm:ws` would read it as a
 * frame. No frame begins with one of its characters, so other data passes unchanged.
 */
export function skipChunkEnd(connection: Duplex): void {
  const { emit } = connection;
  let left = "0\r\n\r\n".length;
  connection.emit = (event: string | symbol, ...args: unknown[]): boolean => {
    const [chunk] = args;
    if (event !== "data" || !(chunk instanceof Uint8Array)) {
      return emit.call(connection, event, ...args);
    }
    let skipped = 0;
    while (left > 0 && CHUNK_END.includes(chunk[skipped] ?? 0)) {
      skipped++;
      left--;
    }
    if (skipped < chunk.length) connection.emit = emit;
    return skipped < chunk.length && emit.call(connection, event, chunk.subarray(skipped));
  };
}

/** The characters of "0\r\n\r\n". */
const CHUNK_END: readonly number[] = [0x30, 0x0d, 0x0a];

/**
 * Counts the unanswered requests of each connection. Without a limit, a client that pipelines many requests, or does
 * not read the answers, makes the server keep them all.
 */
export class RequestQueue {
  readonly #waiting = new WeakMap<Socket, number>();
  readonly #unreadMax: number;

  /** @param unreadMax How many bytes of answers a connection may leave unread. */
  constructor(unreadMax: number) {
    this.#unreadMax = unreadMax;
  }

  /**
   * Counts a request until its answer is written. Returns `false` if it exceeds a limit: then its connection is
   * ended.
   */
  admit({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    this.#waiting.set(socket, waiting);
    if (waiting > PIPELINED_MAX || socket.writableLength > this.#unreadMax) {
      socket.destroy();
      stopParsing(socket);
      return false;
    }
    response.once("finish", () => this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1));
    return true;
  }
}

/**
 * Stops the HTTP parser of a connection. Destroying the connection does not: the parser goes on with the chunk at
 * hand, and the up to 1,800 requests in its 64 KB become objects that live until the next turn of the event loop. 100
 * such connections took 2 GB. There is no public method for this; tests/faults/answers_test.ts fails if the property
 * changes.
 */
function stopParsing(socket: Socket): void {
  const parser: unknown = Reflect.get(socket, "parser");
  if (typeof parser !== "object" || parser === null) return;
  Reflect.set(parser, "onIncoming", () => IS_UPGRADE);
}

/** The result of `onIncoming` that makes the parser treat the rest as not HTTP. */
const IS_UPGRADE = 2;

/** Browsers do not pipeline; some proxies and tools send a few requests ahead. */
const PIPELINED_MAX = 32;

/** The reply after an uncaught exception. */
export const FAILED_REPLY: Reply = {
  status: STATUS_CODE.InternalServerError,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "The server failed to answer this request.\n",
};

/** Refuses a request that cannot be parsed, arrives too slowly, or is too large. Logs it. */
export function answerUnparsed(signaling: SignalingServer, error: Error, connection: Duplex): void {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNRESET") {
    connection.destroy();
    return;
  }
  const [status, body] = UNPARSED.get(String(code)) ?? MALFORMED;
  const remoteAddress = "remoteAddress" in connection ? String(connection.remoteAddress) : "";
  const incoming = { method: "", path: "", query: "", header: () => null, remoteAddress };
  writeRawReply(connection, signaling.refuse(incoming, status, body));
}

const MALFORMED: readonly [status: number, body: string] = [STATUS_CODE.BadRequest, NOT_HTTP];

const UNPARSED: ReadonlyMap<string, typeof MALFORMED> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", [STATUS_CODE.RequestTimeout, "The request did not arrive in time."]],
  [
    "HPE_HEADER_OVERFLOW",
    [STATUS_CODE.RequestHeaderFieldsTooLarge, "The head of the request is too large."],
  ],
]);

/** Splits a request target into path and query. It is a path or, as in requests to proxies, a whole URL. */
function splitTarget(target: string): { path: string; query: string } {
  const [, path = "", query = ""] = /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)\??([^#]*)/i.exec(target) ??
    [];
  return { path: path === "" ? "/" : path, query };
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
