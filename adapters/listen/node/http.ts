/**
 * HTTP as `node:http` speaks it: what the server looks at in a request, and how its answers get back.
 *
 * An answer goes through a response where there is one. A request that asked for an upgrade, or that
 * could not be parsed, has only its connection left: the answer is written on that, and ends it.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";
import type { Duplex, Writable } from "node:stream";
import type { LongBody } from "../../http/answers.ts";
import { NOT_HTTP, type SignalingServer } from "../../server.ts";
import type { Arrival, Reply } from "../../request.ts";

/** What the server looks at in a request. */
export function arrivalOf(request: IncomingMessage): Arrival {
  const { method = "GET", headers, socket } = request;
  return {
    method,
    ...targetOf(request.url ?? "/"),
    header: (name): string | null => {
      const value = headers[name];
      return Array.isArray(value) ? value.join(", ") : value ?? null;
    },
    remoteAddress: socket.remoteAddress ?? "",
  };
}

/** Writes an answer. A body that came with the request is not waited for. */
export function writeReply(
  response: ServerResponse,
  { status, headers, body, long }: Reply,
  request: IncomingMessage,
): void {
  const hasBody = request.headers["content-length"] !== undefined ||
    request.headers["transfer-encoding"] !== undefined;
  response.writeHead(status, {
    ...headers,
    ...(body !== "" && { "content-length": long?.length ?? byteLength(body) }),
    ...(hasBody && { connection: "close" }),
  });
  if (long === undefined) {
    response.end(body);
    return;
  }
  // A response that has to wait for the one before it is told nothing of the end of its connection.
  const forget = whenClosed(request.socket, long.done);
  response.once("finish", () => {
    forget();
    long.done();
  });
  writePieces(response, long, request.socket, () => response.end());
}

/** Writes an answer on a connection that HTTP has let go of, and ends the connection. */
export function writeRawReply(
  connection: Duplex,
  { status, headers, body, long }: Reply,
): void {
  if (!connection.writable) {
    long?.done();
    connection.destroy();
    return;
  }
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
    `content-length: ${long?.length ?? byteLength(body)}`,
    "connection: close",
  ];
  const head = `${lines.join("\r\n")}\r\n\r\n`;
  // It is over for this side with the last byte, whether or not the other side ends too.
  const destroy = (): void => void connection.destroy();
  if (long === undefined) {
    connection.end(head + body, destroy);
    return;
  }
  connection.once("close", long.done);
  connection.write(head);
  writePieces(connection, long, connection, () => connection.end(destroy));
}

/** Writes a long body, each piece when there is room for it; where it takes too long, the connection is ended. */
function writePieces(
  to: Writable,
  { pieces, whenLate }: LongBody,
  connection: Duplex,
  end: () => void,
): void {
  let next = 0;
  whenLate(() => connection.destroy());
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

/** Calls back when a connection is closed; returns what cancels it. One listener for all: there can be many. */
function whenClosed(connection: Socket, callback: () => void): () => void {
  const known = closing.get(connection);
  const callbacks = known ?? new Set();
  if (known === undefined) {
    closing.set(connection, callbacks);
    connection.once("close", () => callbacks.forEach((each) => each()));
  }
  callbacks.add(callback);
  return () => void callbacks.delete(callback);
}

const closing = new WeakMap<Socket, Set<() => void>>();

/**
 * Takes the end of an empty chunked body out of what a connection gives next.
 *
 * Where it comes with the head, the parser has read it; else it would be read as a frame. No frame begins with
 * one of its characters, so that what comes in its place is left alone.
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
 * The requests of each connection that are not answered yet. One that sends many before it has an answer,
 * or reads none of its answers, would have all of them kept for it: it is ended.
 */
export class RequestQueue {
  readonly #waiting = new WeakMap<Socket, number>();
  readonly #unreadMax: number;

  /** @param unreadMax How many bytes of answers may be unread. */
  constructor(unreadMax: number) {
    this.#unreadMax = unreadMax;
  }

  /**
   * Counts a request until its answer is written; `true` where it is one too many, and its connection was
   * ended.
   */
  isTooLong({ socket }: IncomingMessage, response: ServerResponse): boolean {
    const waiting = (this.#waiting.get(socket) ?? 0) + 1;
    this.#waiting.set(socket, waiting);
    if (waiting > PIPELINED_MAX || socket.writableLength > this.#unreadMax) {
      socket.destroy();
      stopParsing(socket);
      return true;
    }
    response.once("finish", () => this.#waiting.set(socket, (this.#waiting.get(socket) ?? 1) - 1));
    return false;
  }
}

/**
 * Has the rest of what a connection sent left unread. The parser goes on with it though the connection was
 * destroyed, and every request in it, 1,800 in 64 KB, becomes objects that live until the next turn: 100 such
 * connections took 2 GB. No method stops it; where this property is another one day, they take that again
 * (tests/faults/answers_test.ts).
 */
function stopParsing(socket: Socket): void {
  const parser: unknown = Reflect.get(socket, "parser");
  if (typeof parser !== "object" || parser === null) return;
  Reflect.set(parser, "onIncoming", () => IS_UPGRADE);
}

/** Says to the parser that what follows is not HTTP. */
const IS_UPGRADE = 2;

/** Browsers send the next request after the answer; some proxies and tools send a few ahead. */
const PIPELINED_MAX = 32;

/** The answer where giving one failed. */
export const FAILED: Reply = {
  status: STATUS_CODE.InternalServerError,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "The server failed to answer this request.\n",
};

/** Answers what could not be parsed, came too slowly, or was too large; the log says that too. */
export function answerUnparsed(signaling: SignalingServer, error: Error, connection: Duplex): void {
  const code = "code" in error ? error.code : undefined;
  if (code === "ECONNRESET") {
    connection.destroy();
    return;
  }
  const [status, body] = UNPARSED.get(String(code)) ?? MALFORMED;
  const remoteAddress = "remoteAddress" in connection ? String(connection.remoteAddress) : "";
  const arrival = { method: "", path: "", query: "", header: () => null, remoteAddress };
  writeRawReply(connection, signaling.refuse(arrival, status, body));
}

const MALFORMED: readonly [status: number, body: string] = [STATUS_CODE.BadRequest, NOT_HTTP];

const UNPARSED: ReadonlyMap<string, typeof MALFORMED> = new Map([
  ["ERR_HTTP_REQUEST_TIMEOUT", [STATUS_CODE.RequestTimeout, "The request did not arrive in time."]],
  [
    "HPE_HEADER_OVERFLOW",
    [STATUS_CODE.RequestHeaderFieldsTooLarge, "The head of the request is too large."],
  ],
]);

/** Path and query of a request target, which is a path or, as proxies are asked, a whole URL. */
function targetOf(target: string): { path: string; query: string } {
  const [, path = "", query = ""] = /^(?:[a-z]+:\/\/[^/?#]*)?([^?#]*)\??([^#]*)/i.exec(target) ??
    [];
  return { path: path === "" ? "/" : path, query };
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
