/**
 * Serves a signalbox on a server of `node:http` that belongs to an application, such as that of Express.
 *
 * Listeners cannot stop each other, so the server's `emit` is replaced: it takes out what is for a signalbox, and
 * passes on the rest, also to listeners that the application adds later.
 *
 * @module
 */
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import { UNIX } from "../../../core/mod.ts";
import { WebSocketServer } from "../../ws.ts";
import type { SignalingServer } from "../../server.ts";
import { pathOf, type ReadRequest, readRequest } from "./http.ts";
import { createResponder, createUpgrader, type Responder, type Upgrader } from "./serve.ts";
import { socketBounds } from "./socket.ts";

/** A server of `node:http` or `node:https`. */
export type NodeServer = Server | SecureServer;

/** The servers that one signalbox is mounted on. */
export interface Mounts {
  /**
   * Mounts it on a server. Returns a function that undoes it for new requests and upgrades.
   *
   * @throws {TypeError} If the platform is too old.
   */
  readonly mount: (server: NodeServer) => () => void;
  /** Undoes all, and ends the sockets that are left. */
  readonly stop: () => void;
}

/** @param isOwnPath Whether a path is one of the signalbox. */
export function createMounts(
  signaling: SignalingServer,
  isOwnPath: (path: string) => boolean,
): Mounts {
  const mounts = new Set<{ isMounted: boolean; unmount: () => void; sockets: WebSocketServer }>();
  const { settings } = signaling;

  function mount(server: NodeServer): () => void {
    if (typeof Object(server).emit !== "function") throw new TypeError(NO_SERVER);
    const isUnix = (): boolean => typeof server.address() === "string";
    const sockets = new WebSocketServer({ noServer: true, ...socketBounds(settings) });
    const read: ReadRequest = (request) => readRequest(request, isUnix() ? UNIX : "");
    const upgrade = createUpgrader(sockets, signaling, read);
    const unmount = adderOf(server)({
      owns: (request) => isOwnPath(pathOf(request)),
      respond: createResponder(signaling, read),
      upgrade: (request, connection, head) => {
        // The server may have none, and `npm:ws` switches it off.
        request.socket.setTimeout(settings.answer_timeout);
        upgrade(request, connection, head);
      },
    });
    const own = { isMounted: true, unmount, sockets };
    mounts.add(own);
    return () => {
      unmount();
      own.isMounted = false;
      forgetEmpty();
    };
  }

  /** Those that are unmounted are kept for the sockets that they still have. */
  function forgetEmpty(): void {
    for (const own of mounts) {
      if (!own.isMounted && own.sockets.clients.size === 0) mounts.delete(own);
    }
  }

  function stop(): void {
    for (const { unmount, sockets } of mounts) {
      unmount();
      for (const socket of sockets.clients) socket.terminate();
    }
    mounts.clear();
  }

  return { mount, stop };
}

/** A signalbox on a server. */
interface Mounted {
  readonly owns: (request: IncomingMessage) => boolean;
  readonly respond: Responder;
  readonly upgrade: Upgrader;
}

/** Adds a signalbox to a server. Returns a function that removes it again. */
type Add = (mounted: Mounted) => () => void;

/** One for each server, however many are mounted on it. */
const adders = new WeakMap<NodeServer, Add>();

function adderOf(server: NodeServer): Add {
  const known = adders.get(server);
  if (known !== undefined) return known;
  const all = new Set<Mounted>();
  let release = (): void => {};
  const add: Add = (mounted) => {
    const find = (request: IncomingMessage): Mounted | undefined =>
      all.values().find(({ owns }) => owns(request));
    if (all.size === 0) release = intercept(server, find);
    all.add(mounted);
    return () => {
      if (all.delete(mounted) && all.size === 0) release();
    };
  };
  adders.set(server, add);
  return add;
}

/** Takes requests and upgrades that `find` knows out of the server's events. Returns a function that undoes it. */
function intercept(
  server: NodeServer,
  find: (request: IncomingMessage) => Mounted | undefined,
): () => void {
  const { emit, maxHeadersCount } = server;
  const release = takeUpgrades(server, find);
  // Unless the application limits them: a header that node drops could be the one that a proxy added.
  server.maxHeadersCount ??= 0;
  const wrapped = (event: string | symbol, ...args: unknown[]): boolean => {
    if (REQUESTS.has(event)) {
      const [request, response] = args as [IncomingMessage, ServerResponse];
      const mounted = find(request);
      mounted?.respond(request, response);
      if (mounted !== undefined) return true;
    } else if (event === "upgrade") {
      const [request, connection, head] = args as Parameters<Upgrader>;
      const mounted = find(request);
      mounted?.upgrade(request, connection, head);
      if (mounted !== undefined) return true;
    }
    return Reflect.apply(emit, server, [event, ...args]);
  };
  server.emit = wrapped;
  return () => {
    // Whoever replaced it after this module calls it, and it passes on everything.
    if (server.emit === wrapped) server.emit = emit;
    if (server.maxHeadersCount === 0) server.maxHeadersCount = maxHeadersCount;
    release();
  };
}

/** With `Expect: 100-continue` a request is one of the last two, if somebody listens to those. */
const REQUESTS: ReadonlySet<string | symbol> = new Set([
  "request",
  "checkContinue",
  "checkExpectation",
]);

/**
 * Makes a server emit upgrades that are for a signalbox, though nobody else listens to upgrades; all others remain what
 * they were. Returns a function that undoes it.
 */
function takeUpgrades(
  server: NodeServer,
  find: (request: IncomingMessage) => Mounted | undefined,
): () => void {
  const name = "shouldUpgradeCallback";
  const should: unknown = Reflect.get(server, name);
  // Without it `node:http` of Deno neither refuses an upgrade nor knows the address of one.
  if (typeof should !== "function") throw new TypeError(TOO_OLD);
  const isUpgrade = (request: IncomingMessage): boolean => {
    if (find(request) !== undefined) return true;
    return server.listenerCount("upgrade") > 1 && Reflect.apply(should, server, [request]) === true;
  };
  // The platform emits nothing if nobody listens.
  const listener = (): void => {};
  server.on("upgrade", listener);
  Reflect.set(server, name, isUpgrade);
  return () => {
    server.off("upgrade", listener);
    if (Reflect.get(server, name) === isUpgrade) Reflect.set(server, name, should);
  };
}

const NO_SERVER = "box.mount takes a server of node:http or node:https, such as createServer(app)";
const TOO_OLD = "box.mount needs Deno 2.8 or later: update Deno, or call box.handle in Deno.serve";
