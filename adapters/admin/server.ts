/**
 * The admin port: `/metrics`, the API, and the page. It has a `Deno.serve` of its own, whatever the listener of the
 * server is, and no exception gets out of here.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { scheduleTimeout, within } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { bindAddress } from "../listen/listener.ts";
import { logAdminRefused, logAdminRelisten } from "../observe/log_admin.ts";
import { logFault } from "../observe/log.ts";
import type { Settings } from "../../core/mod.ts";
import { type ApiAnswer, type ApiPorts, BadParameter, createApi, specificHost } from "./api.ts";
import { createGuard, hostNameOf, type Refusal } from "./guard.ts";
import { ASSETS } from "./page/assets.ts";
import type { Exposition } from "./prometheus.ts";
import { type AdminRoute, adminRouteOf } from "./routes.ts";

export interface AdminPorts extends ApiPorts {
  readonly exposition: Exposition;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
}

/** A running admin port. */
export interface AdminServer {
  readonly url: string;
  /** Settles when open requests are answered, or after a second. */
  readonly stop: () => Promise<void>;
}

/**
 * Listens on the admin port.
 *
 * @throws {StartError} If the address cannot be bound.
 */
export async function serveAdmin(ports: AdminPorts): Promise<AdminServer> {
  const { settings } = ports.signaling;
  const answer = createHandler(ports);
  let hostname = settings.admin_host;
  let cancelPause = (): void => {};
  let isStopping = false;
  const serve = (port: number): Deno.HttpServer<Deno.NetAddr> =>
    Deno.serve({ hostname, port, onListen: () => {}, onError: failed }, answer);

  let server = await bindAddress(
    { host: settings.admin_host, port: settings.admin_port },
    (host) => {
      hostname = host;
      return serve(settings.admin_port);
    },
    "admin_",
  );
  const { port } = server.addr;
  supervise();

  /** Deno ends the accept loop on errors such as a lack of descriptors. */
  function supervise(): void {
    const restart = (why: unknown): void => {
      if (isStopping) return;
      logAdminRelisten(messageOf(why));
      cancelPause = scheduleTimeout(relisten, RELISTEN_MS);
    };
    server.finished.then(() => restart("the accept loop ended"), restart);
  }

  function relisten(): void {
    try {
      server = serve(port);
      supervise();
    } catch {
      cancelPause = scheduleTimeout(relisten, RELISTEN_MS);
    }
  }

  async function stop(): Promise<void> {
    isStopping = true;
    cancelPause();
    await within(FINISH_MAX_MS, server.shutdown());
  }

  const name = hostname === "::" || hostname === "0.0.0.0" ? "localhost" : hostname;
  const authority = name.includes(":") ? `[${name}]` : name;
  return { url: `http://${authority}:${port}/`, stop };
}

const RELISTEN_MS = 1_000;

/** How long requests may take to finish when the server stops. */
const FINISH_MAX_MS = 1_000;

/** How many requests may be worked on at a time: each has a page of the API, or a text of the metrics. */
export const WORKING_MAX = 32;

type Handler = (request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>) => Promise<Response>;

/** A request as far as it is read: never its body. */
interface Incoming {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly host: string | null;
  readonly route: AdminRoute;
}

function createHandler(ports: AdminPorts): Handler {
  const { signaling: { settings }, exposition, port, now } = ports;
  const guard = createGuard(settings, now);
  const api = createApi(ports);
  let working = 0;

  return async (request, { remoteAddr }) => {
    const incoming = readRequest(request);
    const { method, path, host } = incoming;
    const headers = headersFor({ host, settings, port });
    const header = (name: string): string | null => request.headers.get(name);
    const refusal = guard({ ...incoming, header }) ?? (working >= WORKING_MAX ? BUSY : null);
    if (refusal !== null) {
      const { status, sentence } = refusal;
      const isUsual = status === STATUS_CODE.NotFound && path === "/favicon.ico";
      const address = remoteAddr.hostname;
      if (!isUsual) logAdminRefused({ address, method, path, status, sentence });
      return refuse(refusal, headers);
    }
    working++;
    try {
      return await respond(incoming, headers);
    } catch (error) {
      if (!(error instanceof BadParameter)) throw error;
      return refuse({ status: STATUS_CODE.BadRequest, sentence: error.message }, headers);
    } finally {
      working--;
    }
  };

  async function respond({ method, query, route }: Incoming, headers: Headers): Promise<Response> {
    if (route.kind === "asset") {
      const { type, body } = ASSETS.get(route.path) ?? EMPTY;
      return textResponse(body, type, headers);
    }
    if (route.kind === "metrics") {
      return textResponse(await exposition.text(), exposition.type, headers);
    }
    if (route.kind === "none") return jsonResponse(NOTHING, headers);
    const isDelete = method === "DELETE";
    return jsonResponse(
      await api({ route, isDelete, query: new URLSearchParams(query) }),
      headers,
    );
  }
}

const EMPTY = { type: "text/plain", body: "" };
const NOTHING: ApiAnswer = { status: STATUS_CODE.NotFound, value: null };
const BUSY: Refusal = {
  status: STATUS_CODE.ServiceUnavailable,
  sentence: "Too many requests are worked on: try again later.",
};

function readRequest({ method, url, headers }: Request): Incoming {
  const [, authority = "", given = "", query = ""] =
    /^[a-z]+:\/\/([^/?#]*)([^?#]*)\??([^#]*)/i.exec(url) ?? [];
  const path = given === "" ? "/" : given;
  const host = headers.get("host") ?? authority;
  return { method, path, query, host, route: adminRouteOf(path, (path) => ASSETS.has(path)) };
}

/** The headers of every answer. They let the page load its own files, and connect to the server. */
function headersFor(
  { host, settings, port }: {
    readonly host: string | null;
    readonly settings: Settings;
    readonly port: number;
  },
): Headers {
  const name = specificHost(settings) ?? hostNameOf(host);
  const authority = `${name?.includes(":") ? `[${name}]` : name}:${port}`;
  const schemes = settings.sslkey === "" ? ["http", "ws"] : ["https", "wss"];
  const origins = name === null ? [] : schemes.map((scheme) => `${scheme}://${authority}`);
  return new Headers({
    "content-security-policy": [
      "default-src 'none'",
      "script-src 'self'",
      "style-src 'self'",
      "img-src 'self' data:",
      ["connect-src 'self'", ...origins].join(" "),
      "base-uri 'none'",
      "form-action 'none'",
      "frame-ancestors 'none'",
    ].join("; "),
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  });
}

function refuse({ status, sentence, headers: more = {} }: Refusal, headers: Headers): Response {
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  return jsonResponse({ status, value: { error: sentence } }, headers);
}

function jsonResponse({ status, value }: ApiAnswer, headers: Headers): Response {
  if (value === null) return new Response(null, { status, headers });
  headers.set("content-type", "application/json; charset=utf-8");
  return new Response(`${JSON.stringify(value)}\n`, { status, headers });
}

function textResponse(body: string, type: string, headers: Headers): Response {
  headers.set("content-type", type);
  return new Response(body, { headers });
}

/** The answer after an exception. */
function failed(error: unknown): Response {
  logFault("A request to the admin port failed", error);
  return new Response('{"error":"The server failed to answer this request."}\n', {
    status: STATUS_CODE.InternalServerError,
    headers: { "content-type": "application/json; charset=utf-8", "cache-control": "no-store" },
  });
}
