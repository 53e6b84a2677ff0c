/**
 * The admin port: `/metrics`, the API, and the page. No exception gets out of here.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import { scheduleTimeout } from "../clock.ts";
import { logAdminRefused } from "../observe/log_admin.ts";
import { logFault } from "../observe/log.ts";
import { type Settings, urlHost } from "../../core/mod.ts";
import { isAnyAddress } from "../listen/address.ts";
import type { IncomingRequest } from "../request.ts";
import { type ApiAnswer, type ApiPorts, BadParameter, createApi, specificHost } from "./api.ts";
import { createGuard, hostNameOf, type Refusal } from "./guard.ts";
import { type AdminReply, listenAdmin } from "./listen.ts";
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
  const { admin_host, admin_port } = ports.settings;
  const { hostname, port, stop } = await listenAdmin(
    { host: admin_host, port: admin_port },
    createHandler(ports),
  );
  const name = isAnyAddress(hostname) ? "localhost" : hostname;
  return { url: `http://${urlHost(name)}:${port}/`, stop };
}

/** How many requests may be worked on at a time: each has a page of the API, or a text of the metrics. */
export const WORKING_MAX = 32;

/** A request with the route of its path. */
interface Incoming extends IncomingRequest {
  readonly host: string | null;
  readonly route: AdminRoute;
}

function createHandler(ports: AdminPorts): (request: IncomingRequest) => Promise<AdminReply> {
  const { settings, exposition, port, now } = ports;
  const guard = createGuard(settings, now);
  const api = createApi(ports);
  let working = 0;
  let turn = Promise.resolve();

  return async (request) => {
    const { method, path, header } = request;
    const host = header("host");
    const route = adminRouteOf(request, (path) => FILES.has(path));
    const headers = headersFor({ host, settings, port });
    const refusal = guard({ method, header, host, route }) ??
      (working >= WORKING_MAX ? BUSY : null);
    if (refusal !== null) {
      const { status, sentence } = refusal;
      const isUsual = status === STATUS_CODE.NotFound && path === "/favicon.ico";
      const address = request.remoteAddress;
      if (!isUsual) logAdminRefused({ address, method, path, status, sentence });
      return refuse(refusal, headers);
    }
    working++;
    try {
      await nextTurn();
      return await respond({ ...request, host, route }, headers);
    } catch (error) {
      return error instanceof BadParameter
        ? refuse({ status: STATUS_CODE.BadRequest, sentence: error.message }, headers)
        : failed(error, headers);
    } finally {
      working--;
    }
  };

  /** One request is begun in a turn of the event loop, so that the clients of the server are served between them. */
  function nextTurn(): Promise<void> {
    return turn = turn.then(() => new Promise((resolve) => void scheduleTimeout(resolve, 0)));
  }

  async function respond(
    { method, query, route }: Incoming,
    headers: Headers,
  ): Promise<AdminReply> {
    if (route.kind === "asset") {
      const { type, body } = FILES.get(route.path) ?? EMPTY;
      return reply(body, type, headers);
    }
    if (route.kind === "metrics") {
      return reply(await exposition.text(), exposition.type, headers);
    }
    if (route.kind === "none") return jsonReply(NOTHING, headers);
    const isDelete = method === "DELETE";
    return jsonReply(
      await api({ route, isDelete, query: new URLSearchParams(query) }),
      headers,
    );
  }
}

/** The files of the page, as bytes that all answers share. */
const FILES: ReadonlyMap<string, { readonly type: string; readonly body: Uint8Array }> = new Map(
  [...ASSETS].map((
    [path, { type, body }],
  ) => [path, { type, body: new TextEncoder().encode(body) }]),
);
const EMPTY = { type: "text/plain", body: new Uint8Array() };
const NOTHING: ApiAnswer = { status: STATUS_CODE.NotFound, value: null };
const BUSY: Refusal = {
  status: STATUS_CODE.ServiceUnavailable,
  sentence: "Too many requests are worked on: try again later.",
};

type Headers = Readonly<Record<string, string>>;

/** The headers of every answer. They let the page load its own files, and connect to the server. */
function headersFor(
  { host, settings, port }: {
    readonly host: string | null;
    readonly settings: Settings;
    readonly port: number;
  },
): Headers {
  const name = specificHost(settings) ?? hostNameOf(host);
  const schemes = settings.sslkey === "" ? ["http", "ws"] : ["https", "wss"];
  const origins = name === null
    ? []
    : schemes.map((scheme) => `${scheme}://${urlHost(name)}:${port}`);
  return {
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
  };
}

function refuse({ status, sentence, headers: more = {} }: Refusal, headers: Headers): AdminReply {
  return jsonReply({ status, value: { error: sentence } }, { ...headers, ...more });
}

function jsonReply({ status, value }: ApiAnswer, headers: Headers): AdminReply {
  if (value === null) return { status, headers, body: "" };
  return {
    ...reply(`${JSON.stringify(value)}\n`, "application/json; charset=utf-8", headers),
    status,
  };
}

function reply(body: string | Uint8Array, type: string, headers: Headers): AdminReply {
  return { status: STATUS_CODE.OK, headers: { ...headers, "content-type": type }, body };
}

/** The answer after an exception. */
function failed(error: unknown, headers: Headers): AdminReply {
  logFault("A request to the admin port failed", error);
  return refuse({
    status: STATUS_CODE.InternalServerError,
    sentence: "The server failed to answer this request.",
  }, headers);
}
