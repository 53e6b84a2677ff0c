/** Sockets that are closed, closing, gone or never open, that throw, that nobody reads, that never answer a close. */
import { ANSWER_MAX_MS, Closing } from "../../adapters/sockets/closing.ts";
import { Link, type LinkEvents } from "../../adapters/sockets/link.ts";
import { Sockets } from "../../adapters/sockets/sockets.ts";
import {
  CLOSE,
  close,
  type ConnId,
  connId,
  type Event,
  type PartialSettings,
  pass,
  type Send,
  settingsFrom,
} from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type FakeSocket, fakeSocket } from "../support/fake_socket.ts";
import { HandClock } from "../support/hand_clock.ts";
import { messageFrom, opening } from "../support/world.ts";

const A = connId(1);
const B = connId(2);
const { kind: _kind, conn: _conn, ...PARAMETERS } = opening(1);

function send(conn: ConnId, text: string): Send {
  return pass(conn, { ...messageFrom("a", "b"), text });
}

type FakeGiven = Parameters<typeof fakeSocket>[0] & { address?: string; token?: string };

class Bench {
  readonly clock = { now: 0 };
  readonly leaks: string[] = [];
  readonly sockets: Sockets;
  readonly #events: Event[] = [];

  constructor(bounds: PartialSettings = {}) {
    const unsent = {
      max_unsent_bytes: 20_000,
      max_total_unsent_bytes: 30_000,
      unsent_timeout: 100,
    };
    this.sockets = new Sockets({
      settings: { ...settingsFrom(bounds), ...unsent },
      dispatch: (event) => void this.#events.push(event),
      now: () => this.clock.now,
      onLeak: (how) => void this.leaks.push(how),
    });
  }

  readonly attach = ({ address = "192.0.2.1", token, ...given }: FakeGiven = {}): FakeSocket => {
    const socket = fakeSocket(given);
    const parameters = { ...PARAMETERS, address };
    const asked = token === undefined
      ? null
      : { id: "a", token, address, origin: null, cookie: null };
    this.sockets.attach(socket, { parameters, asked });
    return socket;
  };

  readonly kinds = (): string[] =>
    this.#events.map((event) => "conn" in event ? `${event.kind} ${event.conn}` : event.kind);

  /** The texts that could not be sent, each after its connection. */
  readonly failures = (): string[] =>
    this.#events.flatMap((event) =>
      event.kind === "send-failed" ? [`${event.conn} ${event.message?.text}`] : []
    );
}

Deno.test("[AUTH-8] the token of a socket is had once, by whoever checks it", () => {
  const { sockets, attach } = new Bench();
  attach({ token: "sesame" });
  assertEquals([1, 2, 3].map(() => sockets.takeAsked(A)?.token), ["sesame", undefined, undefined]);
  assertEquals(sockets.takeAsked(connId(9)), null);
});

Deno.test("[FAULT-21] a send that throws means that the socket is gone; the next send works", () => {
  const { sockets, attach, failures } = new Bench();
  attach({ throws: true });
  const good = attach();
  sockets.perform(send(A, "x"));
  sockets.perform(send(B, "y"));
  assertEquals([failures(), good.calls], [["1 x"], ["send y"]]);
});

Deno.test("[FAULT-21] a close that throws counts as done: nothing waits for that socket", async () => {
  const { sockets, attach, kinds } = new Bench();
  attach({ throws: true });
  sockets.perform(close(A, CLOSE.left, "Left"));
  sockets.perform(close(A, CLOSE.left, "Left"));
  await sockets.drained();
  assertEquals(kinds(), ["socket-opened 1"]);
});

Deno.test("[FAULT-21] nothing is sent on CONNECTING, CLOSING and CLOSED sockets", () => {
  for (const readyState of [WebSocket.CONNECTING, WebSocket.CLOSING, WebSocket.CLOSED]) {
    const { sockets, attach, failures } = new Bench();
    const socket = attach({ readyState });
    sockets.perform(send(A, "x"));
    assertEquals([failures(), socket.calls], [["1 x"], []]);
    sockets.perform(close(A, CLOSE.left, "Left"));
    assertEquals(socket.calls, ["close 4009"]);
    sockets.stop();
  }
});

Deno.test("[FAULT-21] a CONNECTING socket is opened once, on its open event", () => {
  const { sockets, attach, kinds } = new Bench();
  const socket = attach({ readyState: WebSocket.CONNECTING });
  assertEquals(kinds(), []);
  assertEquals(sockets.hasRoom("192.0.2.1"), true);
  socket.readyState = WebSocket.OPEN;
  socket.fire("open");
  assertEquals(kinds(), ["socket-opened 1"]);
});

Deno.test("[FAULT-21] a close that is reported twice, with an error between, is one event", () => {
  const { sockets, attach, kinds } = new Bench();
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
  const { sockets, attach, kinds } = new Bench();
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
  const { sockets, failures } = new Bench();
  sockets.perform(send(connId(99), "x"));
  assertEquals(failures(), ["99 x"]);
  sockets.perform(close(connId(99), CLOSE.left, "Left"));
});

Deno.test("[LIMIT-6] over max_unsent_bytes nothing is sent, but the socket stays: its reader may be reading", () => {
  const { sockets, clock, attach, kinds } = new Bench();
  const socket = attach();
  socket.bufferedAmount = 19_976;
  sockets.perform(send(A, "x".repeat(24)));
  assertEquals(socket.calls.length, 1, "to the byte");
  socket.bufferedAmount = 20_000;
  for (clock.now = 0; clock.now < 1e6; clock.now += 1e5) sockets.perform(send(A, "x"));
  assertEquals(socket.calls.length, 1);
  assertEquals(kinds(), ["socket-opened 1", ...Array.from({ length: 10 }, () => "send-refused 1")]);
  sockets.stop();
});

Deno.test("[LIMIT-6] [ADMIN-7] max_total_unsent_bytes bounds all slow readers together, and affects no other socket", () => {
  const { sockets, attach, kinds } = new Bench();
  const [slow, other, quick] = [attach(), attach(), attach()];
  slow.bufferedAmount = other.bufferedAmount = 16_385;
  sockets.perform(send(A, "x"));
  assertEquals(slow.calls.length, 1);
  sockets.perform(send(B, "x"));
  assertEquals(other.calls.length, 0, "32,772 are over 30,000");
  assertEquals(sockets.unsentBytes, 16_385 + 1 + 16_385);
  sockets.perform(send(connId(3), "x".repeat(10_000)));
  assertEquals(quick.calls.length, 1);
  sockets.perform(close(A, CLOSE.left, "Left"));
  sockets.perform(send(B, "x"));
  assertEquals(other.calls.length, 1, "a socket that is gone counts no more");
  assertEquals(sockets.unsentBytes, 16_385 + 1);
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
    const { sockets, clock, attach, kinds } = new Bench();
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
  const { sockets, clock, attach, leaks, kinds } = new Bench();
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
  const { sockets, attach, leaks, kinds } = new Bench();
  const socket = attach({ readyState: WebSocket.CONNECTING });
  socket.fire("error");
  sockets.perform(send(A, "x"));
  assertEquals([leaks, kinds()], [[], ["send-failed 1"]]);
});

Deno.test("[FAULT-5] [LIMIT-8] sockets that do not answer their close are bounded", () => {
  const { sockets, attach, kinds } = new Bench({ max_closing_sockets: 2 });
  const [first] = [attach({ address: "192.0.2.0" }), attach()];
  const rooms = (): boolean[] => ["192.0.2.9", "192.0.2.0"].map((from) => sockets.hasRoom(from));
  sockets.perform(close(A, CLOSE.wrongKey, ""));
  assertEquals(rooms(), [true, false]);
  sockets.perform(close(B, CLOSE.wrongKey, ""));
  assertEquals(rooms()[0], false);
  first?.fire("close");
  assertEquals([rooms()[0], kinds().length], [true, 2], "and a mute socket says nothing");
  sockets.stop();
});

const DEAF: LinkEvents = {
  opened: () => {},
  received: () => {},
  closed: () => {},
  failed: () => {},
  pingUnanswered: () => {},
};

function linkOf(serial: number, address: string): Link {
  const link = new Link(connId(serial), fakeSocket(), DEAF);
  link.addressGroup = address;
  return link;
}

Deno.test("[FAULT-31] [FAULT-5] a close that is never answered takes a place for so long, and one of its address for good", () => {
  const clock = new HandClock();
  let stuck = 0;
  const closing = new Closing({ ...clock.ports, max: 20, onStuck: () => stuck++ });
  const rooms = (): boolean[] => ["d", "a", "b"].map((address) => closing.hasRoom(address));
  const links = [1, 2].map((serial) => linkOf(serial, "a"));
  const others = Array.from({ length: 16 }, (_, i) => linkOf(10 + i, `other ${i}`));
  for (const link of [...links, linkOf(3, "b"), ...others]) closing.add(link);
  assertEquals(rooms(), [true, false, true]);
  clock.now = 10;
  closing.add(linkOf(5, "c"));
  assertEquals(rooms().slice(0, 2), [false, false]);
  clock.wake();
  assertEquals([clock.now, stuck, ...rooms()], [ANSWER_MAX_MS, 19, true, false, true]);
  clock.wake();
  assertEquals([clock.now, stuck, clock.timer], [ANSWER_MAX_MS + 10, 20, null]);
  for (const link of links) closing.delete(link);
  assertEquals(closing.hasRoom("a"), true, "it was answered after all");
});
