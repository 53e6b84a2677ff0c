/** A server in this process with its admin port, and requests to that. */
import { createOperator } from "../../adapters/admin/operator.ts";
import { listenDeno } from "../../adapters/listen/deno.ts";
import { createSignalingServer, type SignalingServer } from "../../adapters/server.ts";
import { type PartialSettings, settingsFrom } from "../../core/mod.ts";

/** A server that listens on 127.0.0.1, and its admin port. */
export interface Administered extends AsyncDisposable {
  readonly signaling: SignalingServer;
  readonly port: number;
  readonly wsUrl: string;
  /** Where the admin port is, with a slash at its end. */
  readonly admin: string;
  readonly adminPort: number;
  /** Asks the admin port, with its token if it has one. */
  readonly ask: (path: string, asking?: RequestInit) => Promise<Response>;
  /** Asks the admin port; gives the JSON of its answer. */
  readonly json: (path: string) => ReturnType<Response["json"]>;
}

/** A port of loopback that nothing listens on. */
export function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** Starts a server and its admin port. */
export async function serveAdministered(options: PartialSettings = {}): Promise<Administered> {
  const settings = settingsFrom({
    port: 0,
    host: "127.0.0.1",
    admin_port: freePort(),
    ...options,
  });
  const operator = await createOperator({ settings, version: "1.2.3", isExporting: false });
  const signaling = createSignalingServer(settings, {}, { observers: operator.observers });
  const listener = await listenDeno(signaling);
  await operator.start(signaling, listener.port);
  const admin = operator.url() ?? "";
  const headers: Record<string, string> = settings.admin_token === ""
    ? {}
    : { authorization: `Bearer ${settings.admin_token}` };
  const ask = (path: string, asking: RequestInit = {}): Promise<Response> =>
    fetch(new URL(path, admin), { ...asking, headers: { ...headers, ...asking.headers } });
  return {
    signaling,
    port: listener.port,
    wsUrl: `ws://127.0.0.1:${listener.port}${settings.path}peerjs`,
    admin,
    adminPort: settings.admin_port,
    ask,
    json: async (path) => await (await ask(path)).json(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([listener.stop(), operator.stop()]);
    },
  };
}
