/** FAULT-21: sockets that are closed, closing, gone or never open, and that throw. */
import { Sockets } from "../../adapters/sockets/sockets.ts";
import {
  CLOSE,
  close,
  type ConnId,
  connId,
  type Event,
  pass,
  type Send,
  settingsFrom,
} from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type FakeSocket, fakeSocket } from "../support/fake_socket.ts";
import { messageFrom, opening } from "../support/world.ts";

const A = connId(1);
const B = connId(2);
const { kind: _kind, conn: _conn, ...parameters } = opening(1);
const HANDSHAKE = { parameters, token: null };

function send(conn: ConnId, text: string): Send {
  return pass(conn, { ...messageFrom("a", "b"), text });
}

function bench(
  now = (): number => 0,
): {
  sockets: Sockets;
  leaks: string[];
  attach: (given?: Parameters<typeof fakeSocket>[0]) => FakeSocket;
  kinds: () => string[];
  /** The texts that could not be sent, each after its connection. */
  failures: () => string[];
} {
  const events: Event[] = [];
  const leaks: string[] = [];
  const settings = {
    ...settingsFrom(),
    max_unsent_bytes: 20_000,
    max_total_unsent_bytes: 30_000,
    unsent_timeout: 100,
  };
  const dispatch = (event: Event): void => void events.push(event);
  const sockets = new Sockets({ settings, dispatch, now, onLeak: (how) => void leaks.push(how) });
  const kinds = (): string[] => events.map(({ kind, ...rest }) => kind + pick(rest));
  const failures = (): string[] =>
    events.flatMap((event) =>
      event.kind === "send-failed" ? [`${event.conn} ${event.message?.text}`] : []
    );
  const attach = (given?: Parameters<typeof fakeSocket>[0]): FakeSocket => {
    const socket = fakeSocket(given);
    sockets.attach(socket, HANDSHAKE);
    return socket;
  };
  return { sockets, leaks, attach, kinds, failures };
}

function pick(rest: object): string {
  return "conn" in rest ? ` ${rest.conn}` : "";
}

Deno.test("[FAULT-21] a send that throws means that the socket is gone; the next send works", () => {
  const { sockets, attach, failures } = bench();
  attach({ throws: true });
  const good = attach();
  sockets.perform(send(A, "x"));
  sockets.perform(send(B, "y"));
  assertEquals([failures(), good.calls], [["1 x"], ["send y"]]);
});

Deno.test("[FAULT-21] a close that throws counts as done: nothing waits for that socket", async () => {
  const { sockets, attach, kinds } = bench();
  attach({ throws: true });
  sockets.perform(close(A, CLOSE.left, "Left"));
  sockets.perform(close(A, CLOSE.left, "Left"));
  await sockets.drained();
  assertEquals(kinds(), ["socket-opened 1"]);
});

Deno.test("[FAULT-21] nothing is sent on CONNECTING, CLOSING and CLOSED sockets", () => {
  for (const readyState of [WebSocket.CONNECTING, WebSocket.CLOSING, WebSocket.CLOSED]) {
    const { sockets, attach, failures } = bench();
    const socket = attach({ readyState });
    sockets.perform(send(A, "x"));
    assertEquals([failures(), socket.calls], [["1 x"], []]);
    sockets.perform(close(A, CLOSE.left, "Left"));
    assertEquals(socket.calls, ["close 4009"]);
    sockets.stop();
  }
});

Deno.test("[FAULT-21] a CONNECTING socket is opened once, on its open event", () => {
  const { sockets, attach, kinds } = bench();
  const socket = attach({ readyState: WebSocket.CONNECTING });
  assertEquals(kinds(), []);
  assertEquals(sockets.hasRoom("192.0.2.1"), true);
  socket.readyState = WebSocket.OPEN;
  socket.fire("open");
  assertEquals(kinds(), ["socket-opened 1"]);
});

Deno.test("[FAULT-21] a close that is reported twice, with an error between, is one event", () => {
  const { sockets, attach, kinds } = bench();
  const socket = attach();
  socket.fire("close");
  socket.fire("error");
  socket.fire("close");
  assertEquals(kinds(), ["socket-opened 1", "socket-closed 1"]);
  sockets.perform(send(A, "x"));
  assertEquals(kinds().slice(2), ["send-failed 1"]);
  sockets.perform(close(A, CLOSE.left, "Left"));
  assertEquals(socket.calls, []);
});

Deno.test("[FAULT-21] a closing socket is ignored, and is closed on its close event, once or twice", async () => {
  const { sockets, attach, kinds } = bench();
  const socket = attach();
  sockets.perform(close(A, CLOSE.replaced, "Replaced"));
  socket.fire("message", "late");
  socket.fire("open");
  const closed = sockets.drained();
  socket.fire("close");
  socket.fire("close");
  await closed;
  assertEquals(kinds(), ["socket-opened 1"]);
});

Deno.test("[FAULT-21] an effect on an unknown connection does nothing", () => {
  const { sockets, failures } = bench();
  sockets.perform(send(connId(99), "x"));
  assertEquals(failures(), ["99 x"]);
  sockets.perform(close(connId(99), CLOSE.left, "Left"));
});

Deno.test("[LIMIT-6] over max_unsent_bytes nothing is sent, but the socket stays: its reader may be reading", () => {
  const clock = { now: 0 };
  const { sockets, attach, kinds } = bench(() => clock.now);
  const socket = attach();
  socket.bufferedAmount = 19_976;
  sockets.perform(send(A, "x".repeat(24)));
  assertEquals(socket.calls.length, 1, "to the byte");
  socket.bufferedAmount = 20_000;
  for (clock.now = 0; clock.now < 1e6; clock.now += 1e5) {
    sockets.perform(send(A, "x"));
  }
  assertEquals(socket.calls.length, 1);
  assertEquals(kinds(), ["socket-opened 1", ...Array.from({ length: 10 }, () => "send-refused 1")]);
  sockets.stop();
});

Deno.test("[LIMIT-6] max_total_unsent_bytes bounds all slow readers together, and affects no other socket", () => {
  const { sockets, attach, kinds } = bench();
  const [slow, other, quick] = [attach(), attach(), attach()];
  slow.bufferedAmount = other.bufferedAmount = 16_385;
  sockets.perform(send(A, "x"));
  assertEquals(slow.calls.length, 0 + 1);
  sockets.perform(send(B, "x"));
  assertEquals(other.calls.length, 0, "32,772 are over 30,000");
  sockets.perform(send(connId(3), "x".repeat(10_000)));
  assertEquals(quick.calls.length, 1);
  sockets.perform(close(A, CLOSE.left, "Left"));
  sockets.perform(send(B, "x"));
  assertEquals(other.calls.length, 1, "a socket that is gone counts no more");
  assertEquals(kinds().filter((kind) => kind.startsWith("send-refused")), ["send-refused 2"]);
  sockets.stop();
});

/** Runs due timers of the platform until `isDone`. */
async function timers(isDone: () => boolean): Promise<void> {
  for (let turns = 0; !isDone(); turns++) {
    assert(turns < 2_000, "no timer did what was waited for");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

for (const terminates of [false, true]) {
  Deno.test(`[LIMIT-7] a reader that reads nothing for unsent_timeout is cut off, terminate: ${terminates}`, async () => {
    const clock = { now: 0 };
    const { sockets, attach, kinds } = bench(() => clock.now);
    const socket = attach({ terminates });
    socket.bufferedAmount = 17_000;
    sockets.perform(send(A, "x"));
    socket.bufferedAmount = 16_999;
    clock.now = 99;
    sockets.perform(send(A, "x"));
    socket.bufferedAmount = 17_000;
    clock.now = 198;
    sockets.perform(send(A, "x"));
    assertEquals(kinds(), ["socket-opened 1"], "it read at 99");
    socket.bufferedAmount = 17_001;
    clock.now = 199;
    await timers(() => kinds().length > 1);
    assertEquals(kinds(), ["socket-opened 1", "send-failed 1"]);
    const ends = terminates ? ["close 1013", "terminate"] : ["close 1013"];
    assertEquals(socket.calls.slice(-ends.length), ends);
    socket.fire("message", "late");
    assertEquals(kinds().length, 2);
    sockets.stop();
  });
}

Deno.test("[FAULT-31] [OPEN-11] a socket that never opens takes no place from others, and is counted", async () => {
  const clock = { now: 0 };
  const { sockets, attach, leaks, kinds } = bench(() => clock.now);
  const socket = attach({ readyState: WebSocket.CONNECTING });
  clock.now = 2_000;
  await timers(() => leaks.length > 0);
  assertEquals([leaks, kinds(), socket.calls], [["never-opened"], [], ["close 4008"]]);
  await sockets.drained();
  assertEquals(sockets.hasRoom("192.0.2.1"), true);
  socket.readyState = WebSocket.OPEN;
  socket.fire("open");
  assertEquals([kinds(), socket.calls.length], [[], 2], "closed, if it opens after all");
  sockets.stop();
});

Deno.test("[FAULT-31] an error while a socket opens ends it, even if no close is reported", () => {
  const { sockets, attach, leaks, kinds } = bench();
  const socket = attach({ readyState: WebSocket.CONNECTING });
  socket.fire("error");
  sockets.perform(send(A, "x"));
  assertEquals([leaks, kinds()], [[], ["send-failed 1"]]);
});
