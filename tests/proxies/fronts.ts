/**
 * Servers behind the real proxies, each with its recipe. Without a proxy its tests say what they leave out, unless
 * `SIGNALBOX_REQUIRE` names it.
 *
 * @module
 */
import {
  type Daemon,
  type Edit,
  findDaemon,
  type Running,
  startDaemon,
} from "../doctor/daemons.ts";
import { assert } from "../support/assert.ts";
import { makeCertificate } from "../support/certificate.ts";
import { join, type PeerSocket, type PeerSocketOptions } from "../support/peer_socket.ts";
import { serveBox } from "../support/served.ts";
import type { SignalboxOptions } from "../../main.ts";

export const DAEMONS: readonly Daemon[] = ["nginx", "caddy", "haproxy", "apache"];

/** A proxy, and a client that trusts it. */
export interface Front extends Running {
  readonly daemon: Daemon;
  readonly url: string;
  readonly wsUrl: string;
  /** The certificate of the proxy. */
  readonly pem: string;
  /** A client at this address of loopback: all of them lead to it, and the proxy tells them apart. */
  readonly from: (address: string) => Deno.HttpClient;
  readonly join: (id: string, more?: Partial<PeerSocketOptions>) => Promise<PeerSocket>;
}

/** The address of a client: not that of the proxy, which the server trusts. */
export const CLIENT = "127.0.0.2";

/** Declares a test for each proxy. */
export function proxyTest(
  name: string,
  body: (given: { daemon: Daemon; path: string }) => Promise<void>,
): void {
  for (const daemon of DAEMONS) {
    Deno.test(`${name}: ${daemon}`, async () => {
      const path = pathOf(daemon);
      if (path !== null) await body({ daemon, path });
    });
  }
}

/** Where the program of a proxy is; `null`, and a line that says so, where the tests may do without it. */
export function pathOf(daemon: Daemon): string | null {
  const found = findDaemon(daemon);
  if (found.kind === "found") return found.path;
  assert(found.allowed, found.reason);
  console.log(`left out: ${found.reason}`);
  return null;
}

export interface Behind {
  readonly upstream: number;
  readonly second?: number;
  readonly edits?: readonly Edit[];
}

/** Starts a proxy in front of one server, or of two nodes. */
export async function startFront(
  { daemon, path }: { readonly daemon: Daemon; readonly path: string },
  { edits = [], ...behind }: Behind,
): Promise<Front> {
  await using stack = new AsyncDisposableStack();
  const { key, cert, pem } = stack.use(await makeCertificate());
  const proxy = stack.use(await startDaemon(daemon, path, { ...behind, key, cert, edits }));
  const clients = stack.use(new DisposableStack());
  const from = (localAddress: string): Deno.HttpClient =>
    clients.use(Deno.createHttpClient({ caCerts: [pem], localAddress }));
  const client = from(CLIENT);
  const address = `localhost:${proxy.port}/signal/`;
  const wsUrl = `wss://${address}peerjs`;
  const owned = stack.move();
  return {
    ...proxy,
    daemon,
    pem,
    url: `https://${address}`,
    wsUrl,
    from,
    join: (id, { options, ...more } = {}) =>
      join({ wsUrl }, id, { ...more, options: { client, ...options } }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Starts a server at the path of the recipes that trusts the proxy. */
export function serveBehind(options: SignalboxOptions = {}): ReturnType<typeof serveBox> {
  return serveBox({ path: "/signal", trusted_proxies: ["127.0.0.1"], ...options });
}
