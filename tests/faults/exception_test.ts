/** An application's hooks, its generator and observers that throw: logged, and the server goes on. */
import type { Hooks } from "../../adapters/observe/hooks.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { captured } from "../support/captured.ts";
import { join } from "../support/peer_socket.ts";
import { test } from "../support/served.ts";

/** What can be thrown: errors, and what is none. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  "an error": () => new Error("a bad hook"),
  "a string": () => "a bad hook",
  "nothing": () => undefined,
  "a symbol": () => Symbol("a bad hook"),
  "an error that throws too": () =>
    Object.defineProperty(new Error("a bad hook"), "stack", {
      get: () => {
        throw new Error("a bad stack");
      },
    }),
};

function countFaults(): () => number {
  const levels = captured(({ level }) => level);
  return () => levels.filter((level) => level === "error").length;
}

/** What throws it, at once and later. */
const AT_ONCE = Object.values(THROWN).map((make) => (): never => {
  throw make();
});
const LATER = AT_ONCE.map((throwIt) => async (): Promise<never> => {
  await null;
  return throwIt();
});

test.served("[FAULT-24] hooks that throw anything, at once or later, are logged and harm nobody", async ({ serve }) => {
  for (const hook of [...AT_ONCE, ...LATER]) {
    const hooks: Hooks = { onConnection: hook, onDisconnection: hook, onMessage: hook };
    const faults = countFaults();
    await using served = await serve({}, hooks);
    await using a = await join(served, "a");
    await using b = await join(served, "b");
    a.send({ type: "OFFER", dst: "b" });
    assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b" });
    assertEquals(await b.fence(), { frames: [], closed: null });
    assertEquals(faults(), 4, "two came, and two messages");
  }
});

/** Generators that throw, or give what is no text: an application in JavaScript can give anything. */
const GENERATORS: readonly (() => string)[] = [
  ...AT_ONCE,
  () => JSON.parse("5"),
  () => JSON.parse("{}"),
];

test.served("[FAULT-24] [HTTP-9] a generator that throws, or gives no text, fails that request, and the next is answered", async ({ serve }) => {
  for (const bad of GENERATORS) {
    let next: () => string = bad;
    const faults = countFaults();
    await using served = await serve({}, { generateClientId: () => next() });
    const failed = await fetch(`${served.url}peerjs/id`);
    assertStringIncludes(await failed.text(), "taken or cannot be used");
    assertEquals([failed.status, failed.headers.get("access-control-allow-origin")], [500, "*"]);
    next = () => "fresh";
    assertEquals(await (await fetch(`${served.url}peerjs/id`)).text(), "fresh");
    assert(faults() > 0);
  }
});
