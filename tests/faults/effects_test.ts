/**
 * Row 21: sockets that are closed, closing, gone, or never were open, and that throw when they are used.
 */
import type { SocketEventType, SocketLike, SocketListener } from "../../adapters/link.ts";
import { Sockets } from "../../adapters/sockets.ts";
import { CLOSE, close, connId, type Event, send, settingsFrom } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { opening } from "../support/world.ts";

const A = connId(1);
const B = connId(2);
const { kind: _kind, conn: _conn, ...PARAMETERS } = opening(1);

/** A socket of which the test turns every wheel. */
interface Fake extends SocketLike {
  readyState: number;
  bufferedAmount: number;
  readonly calls: string[];
  fire(type: SocketEventType, data?: unknown): void;
}

function fake(given: { throws?: boolean; readyState?: number; terminates?: boolean } = {}): Fake {
  const { throws = false, readyState = WebSocket.OPEN, terminates = false } = given;
  const calls: string[] = [];
  const listeners = new Map<string, SocketListener>();
  const act = (call: string): void => {
    calls.push(call);
    if (throws) throw new DOMException("the socket is gone", "InvalidStateError");
  };
  const self: Fake = {
    readyState,
    bufferedAmount: 0,
    calls,
    addEventListener: (type, listener) => void listeners.set(type, listener),
    send: (text) => act(`send ${text}`),
    close: (code) => act(`close ${code}`),
    ...(terminates && { terminate: (): void => void calls.push("terminate") }),
    fire: (type, data): void => listeners.get(type)?.handleEvent({ type, data }),
  };
  return self;
}

function bench(
  now = (): number => 0,
): { sockets: Sockets; events: Event[]; kinds: () => string[] } {
  const events: Event[] = [];
  const settings = { ...settingsFrom(), max_unsent_bytes: 1_024 };
  const sockets = new Sockets({ settings, dispatch: (event) => void events.push(event), now });
  return { sockets, events, kinds: () => events.map(({ kind, ...rest }) => kind + pick(rest)) };
}

function pick(rest: object): string {
  return "conn" in rest ? ` ${rest.conn}` : "";
}

Deno.test("[FAULT-21] a send that throws is a socket that is gone; the next one works", () => {
  const { sockets } = bench();
  sockets.attach(fake({ throws: true }), PARAMETERS);
  const good = fake();
  sockets.attach(good, PARAMETERS);
  assertEquals(sockets.perform(send(A, "x")), false);
  assertEquals(sockets.perform(send(B, "x")), true);
  assertEquals(good.calls, ["send x"]);
});

Deno.test("[FAULT-21] a close that throws is what was wanted: nothing waits for that socket", async () => {
  const { sockets, kinds } = bench();
  sockets.attach(fake({ throws: true }), PARAMETERS);
  assertEquals(sockets.perform(close(A, CLOSE.left, "Left")), true);
  assertEquals(sockets.perform(close(A, CLOSE.left, "Left")), true, "twice");
  await sockets.closed();
  assertEquals(kinds(), ["socket-opened 1"]);
});

Deno.test("[FAULT-21] CONNECTING, CLOSING and CLOSED sockets are not sent to", () => {
  for (const readyState of [WebSocket.CONNECTING, WebSocket.CLOSING, WebSocket.CLOSED]) {
    const { sockets } = bench();
    const socket = fake({ readyState });
    sockets.attach(socket, PARAMETERS);
    assertEquals(sockets.perform(send(A, "x")), false);
    assertEquals(socket.calls, []);
    assertEquals(sockets.perform(close(A, CLOSE.left, "Left")), true);
    assertEquals(socket.calls, ["close 4009"]);
  }
});

Deno.test("[FAULT-21] a socket that is still CONNECTING is opened once, when it says so", () => {
  const { sockets, kinds } = bench();
  const socket = fake({ readyState: WebSocket.CONNECTING });
  sockets.attach(socket, PARAMETERS);
  assertEquals(kinds(), []);
  socket.readyState = WebSocket.OPEN;
  socket.fire("open");
  assertEquals(kinds(), ["socket-opened 1"]);
});

Deno.test("[FAULT-21] a close that is reported twice, with an error between, is one event", () => {
  const { sockets, kinds } = bench();
  const socket = fake();
  sockets.attach(socket, PARAMETERS);
  socket.fire("close");
  socket.fire("error");
  socket.fire("close");
  assertEquals(kinds(), ["socket-opened 1", "socket-closed 1"]);
  assertEquals(sockets.perform(send(A, "x")), false);
  assertEquals(sockets.perform(close(A, CLOSE.left, "Left")), true);
  assertEquals(socket.calls, []);
});

Deno.test("[FAULT-21] a socket that was told to close is mute, and closed when it says so, once or twice", async () => {
  const { sockets, kinds } = bench();
  const socket = fake();
  sockets.attach(socket, PARAMETERS);
  sockets.perform(close(A, CLOSE.replaced, "Replaced"));
  socket.fire("message", "late");
  socket.fire("open");
  const closed = sockets.closed();
  socket.fire("close");
  socket.fire("close");
  await closed;
  assertEquals(kinds(), ["socket-opened 1"]);
});

Deno.test("[FAULT-21] what no connection has is performed on nobody", () => {
  const { sockets } = bench();
  assertEquals(sockets.perform(send(connId(99), "x")), false);
  assertEquals(sockets.perform(close(connId(99), CLOSE.left, "Left")), true);
});

Deno.test("[LIMIT-6] over the bound nothing is sent, and a socket that reads nothing is given up", () => {
  for (const terminates of [false, true]) {
    const clock = { now: 0 };
    const { sockets, kinds } = bench(() => clock.now);
    const socket = fake({ terminates });
    sockets.attach(socket, PARAMETERS);
    socket.bufferedAmount = 1_000;
    assertEquals(sockets.perform(send(A, "x".repeat(24))), true, "to the byte");
    const sent = socket.calls.length;
    socket.bufferedAmount = 1_024;
    assertEquals(sockets.perform(send(A, "x")), true, "a burst may fill it in one turn");
    clock.now = 250;
    assertEquals(sockets.perform(send(A, "x")), true);
    assertEquals(kinds(), ["socket-opened 1", "send-refused 1", "send-refused 1"]);
    socket.bufferedAmount = 1_023.5;
    clock.now = 500;
    assertEquals(sockets.perform(send(A, "x")), true, "it reads");
    clock.now = 751;
    assertEquals(sockets.perform(send(A, "x")), false);
    assertEquals(
      socket.calls.slice(sent),
      terminates ? ["close 1013", "terminate"] : ["close 1013"],
    );
    socket.fire("message", "late");
    assertEquals(kinds().length, 4, "its failure is the runtime's to report");
    sockets.stop();
  }
});

Deno.test("[FAULT-21] [LIMIT-6] a socket whose close throws is given up all the same", async () => {
  const clock = { now: 0 };
  const { sockets } = bench(() => clock.now);
  const socket = fake({ throws: true });
  sockets.attach(socket, PARAMETERS);
  socket.bufferedAmount = 2_000;
  assertEquals(sockets.perform(send(A, "x")), true);
  clock.now = 251;
  assertEquals(sockets.perform(send(A, "x")), false);
  sockets.stop();
  await sockets.closed();
  assertEquals(socket.calls, ["close 1013"]);
});
