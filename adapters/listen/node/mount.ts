/**
 * Serves a signalbox on a server of `node:http` that belongs to an application, such as that of Express.
 *
 * Listeners cannot stop each other, so the server's `emit` is replaced: it takes out what is for a signalbox, and
 * passes on the rest, also to listeners that the application adds later.
 *
 * @module
 */
import { STATUS_CODE } from "@std/http/status";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import type { Server as SecureServer } from "node:https";
import type { Duplex } from "node:stream";
// @ts-types="@types/ws"
import { WebSocketServer } from "ws";
import { UNIX } from "../../../core/mod.ts";
import type { SignalingServer } from "../../server.ts";
import { pathOf, type ReadRequest, readRequest, writeRawReply } from "./http.ts";
import { createResponder, createUpgrader, type Responder, type Upgrader } from "./serve.ts";
import { socketBounds } from "./socket.ts";

/** A server of `node:http` or `node:https`. */
export type NodeServer = Server | SecureServer;

/** The servers that one signalbox is mounted on. */
export interface Mounts {
  /** Mounts it on a server. Returns a function that undoes it for new requests and upgrades. */
  readonly mount: (server: NodeServer) => () => void;
  /** Undoes all, and ends the sockets that are left. */
  readonly stop: () => void;
}

/** @param isOwnPath Whether a path is one of the signalbox. */
export function createMounts(
  signaling: SignalingServer,
  isOwnPath: (path: string) => boolean,
): Mounts {
  const ends: (() => void)[] = [];
  const { settings } = signaling;

  function mount(server: NodeServer): () => void {
    const isUnix = (): boolean => typeof server.address() === "string";
    const sockets = new WebSocketServer({ noServer: true, ...socketBounds(settings) });
    const read: ReadRequest = (request) => readRequest(request, isUnix() ? UNIX : "");
    const upgrade = createUpgrader(sockets, signaling, read);
    const unmount = interceptorOf(server).add({
      owns: (request) => isOwnPath(pathOf(request)),
      respond: createResponder(signaling, read),
      upgrade: (request, connection, head) => {
        // The server may have none, and `npm:ws` switches it off.
        request.socket.setTimeout(settings.answer_timeout);
        upgrade(request, connection, head);
      },
    });
    ends.push(() => {
      unmount();
      for (const socket of sockets.clients) socket.terminate();
    });
    return unmount;
  }

  function stop(): void {
    ends.forEach((end) => end());
  }

  return { mount, stop };
}

/** A signalbox on a server. */
interface Mounted {
  readonly owns: (request: IncomingMessage) => boolean;
  readonly respond: Responder;
  readonly upgrade: Upgrader;
}

interface Interceptor {
  /** Returns a function that removes it again. */
  readonly add: (mounted: Mounted) => () => void;
}

/** One for each server, however many are mounted on it. */
const interceptors = new WeakMap<NodeServer, Interceptor>();

function interceptorOf(server: NodeServer): Interceptor {
  const known = interceptors.get(server);
  if (known !== undefined) return known;
  const all = new Set<Mounted>();
  let release = (): void => {};
  const find = (request: IncomingMessage): Mounted | undefined =>
    all.values().find(({ owns }) => owns(request));

  function add(mounted: Mounted): () => void {
    if (all.size === 0) release = intercept(server, find);
    all.add(mounted);
    return () => {
      if (all.delete(mounted) && all.size === 0) release();
    };
  }

  const interceptor = { add };
  interceptors.set(server, interceptor);
  return interceptor;
}

/** Takes requests and upgrades that `find` knows out of the server's events. Returns a function that undoes it. */
function intercept(
  server: NodeServer,
  find: (request: IncomingMessage) => Mounted | undefined,
): () => void {
  const { emit } = server;
  const wrapped = (event: string | symbol, ...args: unknown[]): boolean => {
    if (event === "request") {
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
  const upgrades = takeUpgrades(server, find);
  return () => {
    // Whoever replaced it after this module calls it, and it passes on everything.
    if (server.emit === wrapped) server.emit = emit;
    upgrades.release();
  };
}

/**
 * Makes a server emit upgrades that are for a signalbox, though nobody else listens to upgrades. The others remain
 * what they were: a request, as far as the platform asks `shouldUpgradeCallback` (Deno 2.9 does, Deno 2.5 does not).
 */
function takeUpgrades(
  server: NodeServer,
  find: (request: IncomingMessage) => Mounted | undefined,
): { readonly release: () => void } {
  const othersListen = (): boolean => server.listenerCount("upgrade") > 1;
  const onUpgrade = (_request: IncomingMessage, connection: Duplex): void => {
    if (!othersListen()) writeRawReply(connection, NOT_FOUND);
  };
  server.on("upgrade", onUpgrade);
  const should: unknown = Reflect.get(server, "shouldUpgradeCallback");
  if (typeof should !== "function") return { release: () => server.off("upgrade", onUpgrade) };
  Reflect.set(server, "shouldUpgradeCallback", (request: IncomingMessage): boolean => {
    return find(request) !== undefined ||
      (othersListen() && Boolean(Reflect.apply(should, server, [request])));
  });
  return {
    release: () => {
      Reflect.set(server, "shouldUpgradeCallback", should);
      server.off("upgrade", onUpgrade);
    },
  };
}

/** The answer to an upgrade that nobody takes, where it can no longer be a request. */
const NOT_FOUND = {
  status: STATUS_CODE.NotFound,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: "Nothing here takes this upgrade.\n",
};
