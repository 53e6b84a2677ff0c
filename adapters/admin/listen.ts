/**
 * Listens for the admin port with `node:http`, whatever the listener of the server is: it bounds the connections, the
 * time of a request and the time of an answer, and `Deno.serve` does not.
 *
 * @module
 */
import { createServer } from "node:http";
import { within } from "../clock.ts";
import { checkNodeHttp } from "../deno_version.ts";
import { bindAddress } from "../listen/listener.ts";
import { watchAccepting } from "../listen/node/accepting.ts";
import { bind, portOf } from "../listen/node/bind.ts";
import { readRequest, RequestQueue } from "../listen/node/http.ts";
import { logAdminRelisten } from "../observe/log_admin.ts";
import type { IncomingRequest } from "../request.ts";

/** An answer to a request. */
export interface AdminReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface AdminListener {
  /** The address that it is bound to. */
  readonly hostname: string;
  readonly port: number;
  /** Settles when open requests are answered, or after a second. */
  readonly stop: () => Promise<void>;
}

/** The connections that may be open at a time: a browser has six, Prometheus one. */
export const CONNECTIONS_MAX = 64;

/**
 * Listens.
 *
 * @param answer Never rejects.
 * @throws {StartError} If the address cannot be bound, or Deno is too old.
 */
export async function listenAdmin(
  { host, port: wanted }: { readonly host: string; readonly port: number },
  answer: (request: IncomingRequest) => Promise<AdminReply>,
): Promise<AdminListener> {
  checkNodeHttp("Option admin_port: the admin port", "leave it at 0");
  const server = createServer({
    headersTimeout: REQUEST_MAX_MS,
    requestTimeout: REQUEST_MAX_MS,
    connectionsCheckingInterval: 1_000,
  });
  server.maxConnections = CONNECTIONS_MAX;
  server.timeout = SILENT_MAX_MS;
  const queue = new RequestQueue(UNREAD_MAX_BYTES);
  server.on("request", (request, response) => {
    response.on("error", () => {});
    if (!queue.admit(request, response)) return;
    void answer(readRequest(request)).then(({ status, headers, body }) => {
      response.writeHead(status, headers);
      response.end(request.method === "HEAD" ? undefined : body);
    });
  });
  server.on("clientError", (_error, connection) => connection.destroy());
  let hostname = host;
  await bindAddress({ host, port: wanted }, (name) => {
    hostname = name;
    return bind(server, { host: name, port: wanted, reusePort: false });
  }, "admin_");
  const port = portOf(server);
  server.on("error", () => {}); // The watch finds a server that no longer accepts.
  const stopWatch = watchAccepting({
    sharers: 1,
    server,
    hostname,
    port,
    relisten: (why) => {
      logAdminRelisten(why);
      server.close();
      server.listen({ host: hostname, port });
    },
  });

  async function stop(): Promise<void> {
    stopWatch();
    const { promise, resolve } = Promise.withResolvers<void>();
    server.close(() => resolve());
    server.closeIdleConnections();
    await within(FINISH_MAX_MS, promise);
    server.closeAllConnections();
  }

  return { hostname, port, stop };
}

/** How long a request may take to arrive: it has no body. */
const REQUEST_MAX_MS = 5_000;

/** How long a connection may be silent, and an answer unread. */
const SILENT_MAX_MS = 15_000;

/** How much a connection may leave unread before it may ask for more. */
const UNREAD_MAX_BYTES = 1_048_576;

/** How long requests may take to finish when the server stops. */
const FINISH_MAX_MS = 1_000;
