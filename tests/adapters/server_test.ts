/** What must not happen to a server whatever an application's hooks, a request's head or a socket does. */
import { ANSWER_MAX_MS, Closing } from "../../adapters/sockets/closing.ts";
import { Link, type LinkEvents } from "../../adapters/sockets/link.ts";
import { Sockets } from "../../adapters/sockets/sockets.ts";
import { connId, type Event, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { fakeSocket } from "../support/fake_socket.ts";
import { join, openSocket } from "../support/peer_socket.ts";
import { latin1, rawHttp } from "../support/raw_socket.ts";
import { serveBox } from "../support/served.ts";
import { opening } from "../support/world.ts";

const CLIENT = { key: "peerjs", token: "t" };

Deno.test("[HTTP-8] [FAULT-10] a head with an unreadable host is answered like any other", async () => {
  await using app = serveBox();
  const { port } = app;
  for (const host of ["[bad", "x:99999", "a b", ""]) {
    assert(
      (await rawHttp(
        port,
        latin1(`GET /peerjs/id HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`),
      )).startsWith("HTTP/1.1 200"),
      host,
    );
  }
});

Deno.test("[LIFE-3] stop called twice, or from a hook, settles when the sockets are closed, and who comes later is refused", async () => {
  const stopped = Promise.withResolvers<Promise<void>>();
  await using app = serveBox({ onMessage: () => stopped.resolve(app.box.stop()) });
  const { box, wsUrl } = app;
  const a = await join({ wsUrl }, "a");
  a.send({ type: "OFFER", dst: "b" });
  await stopped.promise;
  await box.stop();
  assertEquals(await a.closed, { code: 1001, reason: "Server is shutting down" });
  await using late = await openSocket({ ...CLIENT, wsUrl, id: "b" });
  assertStringIncludes(JSON.stringify(await late.next()), "shutting down");
  assertEquals((await late.closed).code, 1001);
});

Deno.test("[AUTH-8] the token of a socket is had once, by whoever checks it", () => {
  const sockets = new Sockets({ ...PORTS, dispatch: () => {} });
  const { kind: _kind, conn, ...parameters } = opening(1);
  sockets.attach(fakeSocket(), { parameters, token: "sesame" });
  assertEquals([1, 2, 3].map(() => sockets.takeToken(conn)), ["sesame", null, null]);
  assertEquals(sockets.takeToken(connId(9)), null);
});

const PORTS = { settings: settingsFrom(), now: (): number => 0, onLeak: (): void => {} };

Deno.test("[FAULT-5] [LIMIT-8] sockets that do not answer their close are bounded", () => {
  const events: Event[] = [];
  const settings = settingsFrom({ max_closing_sockets: 2 });
  const sockets = new Sockets({ ...PORTS, settings, dispatch: (event) => events.push(event) });
  const { kind: _kind, conn: _conn, ...parameters } = opening(1);
  const fakes = [fakeSocket(), fakeSocket()];
  fakes.forEach((fake, i) => {
    const address = `192.0.2.${i}`;
    sockets.attach(fake, { parameters: { ...parameters, address }, token: null });
  });
  const close = { kind: "close", code: 4003, reason: "" } as const;
  sockets.perform({ ...close, conn: connId(1) });
  assertEquals([sockets.hasRoom("192.0.2.9"), sockets.hasRoom("192.0.2.0")], [true, false]);
  sockets.perform({ ...close, conn: connId(2) });
  assertEquals(sockets.hasRoom("192.0.2.9"), false);
  fakes[0]?.fire("close");
  assertEquals(
    [sockets.hasRoom("192.0.2.9"), events.length],
    [true, 2],
    "and a mute socket says nothing",
  );
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
  let now = 0;
  let stuck = 0;
  let timer: { readonly at: number; readonly callback: () => void } | null = null;
  const closing = new Closing({
    max: 20,
    now: () => now,
    schedule: (callback, delayMs) => {
      timer = { at: now + delayMs, callback };
      return () => timer = null;
    },
    onStuck: () => stuck++,
  });
  const wake = (): void => {
    const due = timer;
    timer = null;
    now = due?.at ?? now;
    due?.callback();
  };
  const links = [1, 2, 3, 4].map((serial) => linkOf(serial, serial < 3 ? "a" : "b"));
  links.slice(0, 3).forEach((link) => closing.add(link));
  for (let i = 0; i < 16; i++) closing.add(linkOf(10 + i, `other ${i}`));
  assertEquals([closing.hasRoom("d"), closing.hasRoom("a")], [true, false]);
  now = 10;
  closing.add(linkOf(5, "c"));
  assertEquals([closing.hasRoom("d"), closing.hasRoom("a")], [false, false]);
  wake();
  assertEquals([now, stuck], [ANSWER_MAX_MS, 19]);
  assertEquals([closing.hasRoom("d"), closing.hasRoom("a"), closing.hasRoom("b")], [
    true,
    false,
    true,
  ]);
  wake();
  assertEquals([now, stuck, timer], [ANSWER_MAX_MS + 10, 20, null]);
  for (const link of links.slice(0, 2)) closing.delete(link);
  assertEquals(closing.hasRoom("a"), true, "it was answered after all");
});
