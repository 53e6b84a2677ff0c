/**
 * A server in this process, with each listener that there is, or inside an application's own `Deno.serve`.
 *
 * @module
 */
import { createSignalingServer, type SignalingServer } from "../../adapters/server.ts";
import type { Hooks } from "../../adapters/observe/hooks.ts";
import { listenDeno } from "../../adapters/listen/deno.ts";
import type { Listener } from "../../adapters/listen/listener.ts";
import { listenNode } from "../../adapters/listen/node/node.ts";
import { type PartialSettings, settingsFrom } from "../../core/mod.ts";
import { createSignalbox, type Signalbox, type SignalboxOptions } from "../../main.ts";

const LISTEN = { deno: listenDeno, node: listenNode } as const;

/** The name of a listener. */
export type ListenerName = keyof typeof LISTEN;

/** A server that listens on 127.0.0.1. */
export interface Served extends AsyncDisposable {
  readonly signaling: SignalingServer;
  readonly listener: Listener;
  readonly port: number;
  /** `http://127.0.0.1:<port><path>`, ends in a slash. */
  readonly url: string;
  /** `ws://127.0.0.1:<port><path>peerjs`, without a query. */
  readonly wsUrl: string;
}

/** Starts a server. */
export type Serve = (options?: PartialSettings, hooks?: Hooks) => Promise<Served>;

/** Declares a test for each listener. */
export function contract(
  name: string,
  test: (serve: Serve, which: ListenerName) => Promise<void>,
): void {
  for (const which of ["deno", "node"] as const) {
    const serve: Serve = async (options = {}, hooks = {}) => {
      const settings = settingsFrom({ port: 0, host: "127.0.0.1", ...options });
      const signaling = createSignalingServer(settings, hooks);
      const listener = await LISTEN[which](signaling);
      const { port } = listener;
      const address = `127.0.0.1:${port}${settings.path}`;
      return {
        signaling,
        listener,
        port,
        url: `http://${address}`,
        wsUrl: `ws://${address}peerjs`,
        [Symbol.asyncDispose]: listener.stop,
      };
    };
    Deno.test(`${name}: ${which}`, () => test(serve, which));
  }
}

/** An application that serves a signalbox and nothing else. */
export interface Application extends AsyncDisposable {
  readonly box: Signalbox;
  readonly port: number;
  readonly url: string;
  readonly wsUrl: string;
}

/** Starts an application at the root of a port of its own. */
export function serveBox(options: SignalboxOptions = {}): Application {
  const box = createSignalbox(options);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, box.answer);
  const { port } = server.addr;
  return {
    box,
    port,
    url: `http://127.0.0.1:${port}/`,
    wsUrl: `ws://127.0.0.1:${port}/peerjs`,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      await box.stop();
      await server.shutdown();
    },
  };
}
