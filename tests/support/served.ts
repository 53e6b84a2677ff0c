/**
 * Tests that every listener must pass, against a server in this process or the program; and an application's own
 * `Deno.serve` with a server in it.
 */
import {
  type Application as Hooks,
  createSignalingServer,
  type SignalingServer,
} from "../../adapters/server.ts";
import { listenDeno } from "../../adapters/listen/deno.ts";
import type { Listener } from "../../adapters/listen/listener.ts";
import { listenNode } from "../../adapters/listen/node/node.ts";
import { type PartialSettings, settingsFrom } from "../../core/mod.ts";
import { createSignalbox, type Signalbox, type SignalboxOptions } from "../../main.ts";
import { type Child, type ChildOptions, startChild } from "./child.ts";

const LISTEN = { deno: listenDeno, node: listenNode } as const;

export type ListenerName = keyof typeof LISTEN;

export const LISTENERS = ["deno", "node"] as const;

/** A server that listens on 127.0.0.1. */
export interface Served extends AsyncDisposable {
  readonly signaling: SignalingServer;
  readonly listener: Listener;
  readonly port: number;
  readonly url: string;
  readonly wsUrl: string;
}

type Serve = (options?: PartialSettings, hooks?: Hooks) => Promise<Served>;
type Start = (options?: ChildOptions) => Promise<Child>;

async function serveWith(
  name: ListenerName,
  options: PartialSettings = {},
  hooks: Hooks = {},
): Promise<Served> {
  const settings = settingsFrom({ port: 0, host: "127.0.0.1", ...options });
  const signaling = createSignalingServer(settings, hooks);
  const listener = await LISTEN[name](signaling);
  const { port, stop } = listener;
  const address = `127.0.0.1:${port}${settings.path}`;
  const urls = { url: `http://${address}`, wsUrl: `ws://${address}peerjs` };
  return { signaling, listener, port, ...urls, [Symbol.asyncDispose]: stop };
}

/** Declares a test for each listener. */
export const test = {
  /** With a server in this process. */
  served(
    name: string,
    body: (given: { serve: Serve; which: ListenerName }) => Promise<void>,
  ): void {
    for (const which of LISTENERS) {
      const serve: Serve = (options, hooks) => serveWith(which, options, hooks);
      Deno.test(`${name}: ${which}`, () => body({ serve, which }));
    }
  },
  /** With the program. */
  program(
    name: string,
    body: (given: { start: Start; listener: ListenerName }) => Promise<void>,
  ): void {
    for (const listener of LISTENERS) {
      const start: Start = ({ args = [], ...options } = {}) =>
        startChild({ ...options, args: ["--listener", listener, ...args] });
      Deno.test(`${name}: ${listener}`, () => body({ start, listener }));
    }
  },
};

/** An application that serves a signalbox and nothing else. */
export interface Application extends AsyncDisposable {
  readonly box: Signalbox;
  readonly port: number;
  readonly url: string;
  readonly wsUrl: string;
  /** Stops the signalbox, and not what listens. */
  readonly stop: () => Promise<void>;
}

/** Starts an application at the root of a port of its own. */
export function serveBox(options: SignalboxOptions = {}): Application {
  const box = createSignalbox(options);
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, box.answer);
  const { port } = server.addr;
  const dispose = async (): Promise<void> => {
    await box.stop();
    await server.shutdown();
  };
  const urls = { url: `http://127.0.0.1:${port}/`, wsUrl: `ws://127.0.0.1:${port}/peerjs` };
  return { box, port, ...urls, stop: () => box.stop(), [Symbol.asyncDispose]: dispose };
}
