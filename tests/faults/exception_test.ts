/** Row 24: an application's hooks, its generator and observers that throw: logged, and the server goes on. */
import type { Hooks } from "../../adapters/observe/hooks.ts";
import { assert, assertEquals } from "../support/assert.ts";
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

/** How many faults are logged from now on. */
function countFaults(): () => number {
  const levels = captured(({ level }) => level);
  return () => levels.filter((level) => level === "error").length;
}

for (const [what, make] of Object.entries(THROWN)) {
  test.served(`[FAULT-24] hooks that throw ${what}, at once or later, are logged and harm nobody`, async ({ serve }) => {
    const fail = (): never => {
      throw make();
    };
    const late = async (): Promise<never> => {
      await null;
      throw make();
    };
    for (const hook of [fail, late]) {
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

  test.served(`[FAULT-24] [HTTP-9] a generator that throws ${what} fails that request, and the next is answered`, async ({ serve }) => {
    let bad = true;
    const generateClientId = (): string => {
      if (bad) throw make();
      return "fresh";
    };
    const faults = countFaults();
    await using served = await serve({}, { generateClientId });
    const failed = await fetch(`${served.url}peerjs/id`);
    await failed.body?.cancel();
    assertEquals(failed.status, 500);
    assert(faults() > 0);
    bad = false;
    assertEquals(await (await fetch(`${served.url}peerjs/id`)).text(), "fresh");
  });
}
