/**
 * Requests of the doctor: bounded in time and size, without redirects. They accept any certificate, because a probe of
 * its own checks it; so they must not carry a token if it is wrong.
 *
 * @module
 */
import { request as requestPlain } from "node:http";
import { request as requestSecure } from "node:https";
import { connect as connectPlain, isIP, type Socket } from "node:net";
import { connect as connectSecure } from "node:tls";
import { lifetimeOf } from "../lifetime.ts";
import type { Answer, Reached, Target, TlsFinding, Unreached } from "./findings.ts";
import { hostText } from "./findings.ts";

/** The `node:tls` of Deno before 2.8 reports no wrong certificate, or connects to no server that has one. */
export const SECURE_MINOR = 8;

/** How much of a body is read. */
const BODY_MAX_BYTES = 16_384;

/** A failure in the words of the platform. Node keeps the useful error of several addresses inside another one. */
export function unreached(error: unknown): Unreached {
  const { errors }: { errors?: unknown } = Object(error);
  const inner: unknown = Array.isArray(errors) && errors.length > 0 ? errors[0] : error;
  const { code, message }: { code?: unknown; message?: unknown } = Object(inner);
  return { kind: "error", code: String(code ?? ""), message: String(message ?? inner) };
}

export function timedOut(): Unreached {
  return { kind: "error", code: "ETIMEDOUT", message: "no answer in time" };
}

/** Every certificate is accepted; `authorized` tells whether it is right. */
export function tlsOptions({ ca }: Pick<Target, "ca">): { rejectUnauthorized: false; ca?: string } {
  return { rejectUnauthorized: false, ...(ca !== null && { ca }) };
}

/** What a request needs of a target. */
type Place = Pick<Target, "secure" | "host" | "port" | "ca" | "maxMs">;

function connection(
  target: Place,
): ReturnType<typeof tlsOptions> & { host: string; port: number; servername?: string } {
  const { host, port } = target;
  return { host, port, ...tlsOptions(target), ...(isIP(host) === 0 && { servername: host }) };
}

/** Sends a GET for a path of the target. */
export function get(
  target: Place,
  path: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reached> {
  const { promise, resolve } = Promise.withResolvers<Reached>();
  const send = target.secure ? requestSecure : requestPlain;
  const isUsual = target.port === (target.secure ? 443 : 80);
  const host = isUsual ? hostText(target) : `${hostText(target)}:${target.port}`;
  const timer = setTimeout(() => finish(timedOut()), target.maxMs);
  const request = send({
    ...connection(target),
    path,
    agent: false,
    headers: { host, "user-agent": "signalbox-doctor", connection: "close", ...headers },
  });
  function finish(reached: Reached): void {
    clearTimeout(timer);
    resolve(reached);
    request.destroy();
  }
  request.on("error", (error) => finish(unreached(error)));
  request.on("response", (response) => readAnswer(response, finish));
  request.end();
  return promise;
}

/** The parts of an answer of node's clients. */
export interface NodeResponse {
  readonly statusCode?: number | undefined;
  readonly rawHeaders: readonly string[];
  on(event: "data", listener: (chunk: Uint8Array) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  on(event: "error", listener: (error: Error) => void): unknown;
}

/** Reads an answer to its end, or as much of it as counts. */
export function readAnswer(response: NodeResponse, finish: (answer: Answer) => void): void {
  let bytes = 0;
  let body = "";
  const decoder = new TextDecoder();
  const end = (): void =>
    finish({
      kind: "answer",
      status: response.statusCode ?? 0,
      headers: joinHeaders(response.rawHeaders),
      body,
    });
  response.on("data", (chunk) => {
    bytes += chunk.length;
    body += decoder.decode(chunk, { stream: true });
    if (bytes > BODY_MAX_BYTES) end();
  });
  response.on("end", end);
  response.on("error", end);
}

/** Node keeps only the first of some headers that came twice, so this reads them as they came. */
function joinHeaders(raw: readonly string[]): Record<string, string> {
  const joined: Record<string, string> = {};
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = (raw[i] ?? "").toLowerCase();
    const value = raw[i + 1] ?? "";
    joined[name] = Object.hasOwn(joined, name) ? `${joined[name]}, ${value}` : value;
  }
  return joined;
}

/** Opens a connection, and closes it. */
export function probeTcp({ host, port, maxMs }: Pick<Target, "host" | "port" | "maxMs">): Promise<
  { readonly kind: "open"; readonly local: string; readonly remote: string } | Unreached
> {
  return withSocket(connectPlain({ host, port }), "connect", maxMs, (socket) => ({
    kind: "open",
    local: socket.localAddress ?? "",
    remote: socket.remoteAddress ?? "",
  }));
}

/** Does a TLS handshake that offers one protocol, and reads the certificate. */
export function probeTls(
  target: Target,
  protocol: "http/1.1" | "h2",
): Promise<TlsFinding | Unreached> {
  const socket = connectSecure({ ...connection(target), ALPNProtocols: [protocol] });
  return withSocket(socket, "secureConnect", target.maxMs, () => {
    const { valid_from, valid_to, subjectaltname = "", issuer } = socket.getPeerCertificate();
    return {
      kind: "tls",
      problem: socket.authorized ? null : String(socket.authorizationError ?? "UNKNOWN"),
      names: subjectaltname,
      issuer: String(issuer?.O ?? issuer?.CN ?? ""),
      ...lifetimeOf(valid_from, valid_to),
    };
  });
}

/** Sends a request that no server can read, because the error page of a proxy tells which one it is. */
export function probeNonsense(target: Target): Promise<Reached> {
  const socket = target.secure
    ? connectSecure(connection(target))
    : connectPlain(connection(target));
  const { promise, resolve } = Promise.withResolvers<Reached>();
  let text = "";
  const timer = setTimeout(() => finish(), Math.min(NONSENSE_MAX_MS, target.maxMs));
  function finish(): void {
    clearTimeout(timer);
    socket.destroy();
    const [head = "", ...body] = text.split("\r\n\r\n");
    const status = Number(/^HTTP\/\d\.\d (\d{3})/.exec(head)?.[1] ?? 0);
    const raw = [...head.matchAll(/^([\w-]+): *(.*?)\r?$/gm)].flatMap((
      [, name = "", value = ""],
    ) => [
      name,
      value,
    ]);
    resolve({ kind: "answer", status, headers: joinHeaders(raw), body: body.join("\r\n\r\n") });
  }
  socket.on("error", () => finish());
  socket.on("end", finish);
  socket.on("data", (chunk: Uint8Array) => {
    text += new TextDecoder().decode(chunk);
    if (text.length > BODY_MAX_BYTES) finish();
  });
  socket.on(target.secure ? "secureConnect" : "connect", () => {
    socket.write("GET / HTTP/1.1\r\nNo colon here\r\n\r\n");
  });
  return promise;
}

const NONSENSE_MAX_MS = 2_000;

async function withSocket<S extends Socket, T>(
  socket: S,
  event: "connect" | "secureConnect",
  maxMs: number,
  read: (socket: S) => T,
): Promise<T | Unreached> {
  const { promise, resolve } = Promise.withResolvers<T | Unreached>();
  const timer = setTimeout(() => resolve(timedOut()), maxMs);
  socket.on("error", (error: Error) => resolve(unreached(error)));
  socket.on("close", () => resolve(unreached(new Error("the server ended the connection"))));
  socket.on(event, () => {
    try {
      resolve(read(socket));
    } catch (error) {
      resolve(unreached(error));
    }
  });
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}
