/**
 * What an event costs a whole server, all but the platform, when so many clients are connected: a program that prints one
 * object of figures. Requests and sockets are objects here, so the crowd may be larger than the machine has descriptors.
 */
import { createSignalingServer } from "../../../adapters/server.ts";
import type { SocketEventHandler, SocketLike } from "../../../adapters/sockets/link.ts";
import { settingsFrom } from "../../../core/mod.ts";
import type { Metrics } from "../measures.ts";
import {
  BATCH,
  batchOf,
  FEW,
  FRAMES,
  heapUsed,
  HEARTBEAT,
  idOf,
  offerTo,
  pick,
  randomly,
  takeAny,
  timed,
  WARM_SIZE,
} from "./timing.ts";

const SETTINGS = settingsFrom({
  ...{ concurrent_limit: 10_000_000, frame_rate: 0, byte_rate: 0, alive_timeout: 86_400_000 },
  trusted_proxies: ["127.0.0.1"],
});

/** A socket that takes everything. */
class Socket implements SocketLike {
  readonly readyState = WebSocket.OPEN;
  readonly bufferedAmount = 0;
  readonly id: string;
  #handler: SocketEventHandler | null = null;

  constructor(id: string) {
    this.id = id;
  }

  addEventListener(_type: string, handler: SocketEventHandler): void {
    this.#handler = handler;
  }

  send(): void {}

  close(): void {}

  hear(data: string): void {
    this.#handler?.handleEvent({ type: "message", data });
  }

  end(): void {
    this.#handler?.handleEvent({ type: "close", code: 1001 });
  }
}

async function measure(size: number, batches: number): Promise<Metrics> {
  const signaling = createSignalingServer(SETTINGS, null);
  let serial = 0;

  function requestOf(): readonly [id: string, query: string, headers: Map<string, string>] {
    const id = idOf(++serial);
    const address = `10.${serial >>> 16 & 255}.${serial >>> 8 & 255}.${serial & 255}`;
    const headers = new Map([
      ...[["upgrade", "websocket"], ["connection", "Upgrade"], ["x-forwarded-for", address]],
      ...[["sec-websocket-version", "13"], ["sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="]],
    ].map(([name = "", value = ""]) => [name, value] as const));
    return [id, `?key=peerjs&id=${id}&token=${id.slice(0, 11)}&version=1.5.5`, headers];
  }

  function open([id, query, headers]: ReturnType<typeof requestOf>): void {
    const header = (name: string): string | null => headers.get(name) ?? null;
    const incoming = { method: "GET", path: "/peerjs", query, header, remoteAddress: "127.0.0.1" };
    const received = signaling.receive(incoming);
    if (received.kind !== "upgrade") throw new Error(`Cannot open ${id}: it is refused`);
    const socket = new Socket(id);
    received.attach(socket);
    sockets.push(socket);
  }

  const sockets: Socket[] = [];
  const before = heapUsed();
  for (let i = 0; i < size; i++) open(requestOf());
  const client_bytes = (heapUsed() - before) / size;
  const few = sockets.filter((_, i) => i % Math.ceil(size / FEW) === 0);
  const frames = (some: readonly Socket[], text: (id: string) => string): number => {
    const next = randomly(some.length);
    const one = (): readonly [Socket, string] => [
      pick(some, next()),
      text(pick(some, next()).id),
    ];
    return timed(batches, () => batchOf(one, FRAMES), ([socket, said]) => socket.hear(said));
  };
  const figures = {
    message_few_us: frames(few, offerTo),
    message_us: frames(sockets, offerTo),
    beat_few_us: frames(few, () => HEARTBEAT),
    beat_us: frames(sockets, () => HEARTBEAT),
  };
  let [open_us, close_us] = [0, 0];
  for (let i = 0; i < batches; i++) {
    open_us += timed(1, () => batchOf(requestOf, BATCH), open) / batches;
    const gone = takeAny(sockets, randomly(sockets.length, i));
    close_us += timed(1, () => gone, (socket) => socket.end()) / batches;
  }
  if (signaling.clientCount() !== sockets.length) throw new Error("Some are not connected");
  await signaling.stop();
  return { ...figures, open_us, close_us, client_bytes };
}

if (import.meta.main) {
  const [size, batches] = Deno.args.map(Number);
  await measure(WARM_SIZE, 200);
  console.log(JSON.stringify(await measure(size ?? 0, batches ?? 0)));
  // What a stop leaves to time out holds nobody up.
  Deno.exit();
}
