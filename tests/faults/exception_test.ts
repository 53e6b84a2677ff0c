/**
 * FAULT-24: hooks, id generators and observers of an application throw: it is logged, and the server goes on.
 */
import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";
import { listenDeno } from "../../adapters/listen/deno.ts";
import { createSignalingServer } from "../../adapters/server.ts";
import type { Hooks } from "../../adapters/observe/hooks.ts";
import { listenNode } from "../../adapters/listen/node/node.ts";
import { settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { openSocket, type PeerSocket } from "../support/peer_socket.ts";
import { LISTENERS } from "./listeners.ts";

/** Values to throw: errors, and values that are not errors. */
const THROWN: Readonly<Record<string, () => unknown>> = {
  "an error": () => new Error("a bad hook"),
  "a string": () => "a bad hook",
  "nothing": () => undefined,
  "a symbol": () => Symbol("a bad hook"),
};

interface Served {
  readonly url: string;
  readonly faults: readonly LogRecord[];
  readonly open: (id: string) => Promise<PeerSocket>;
}

/** Runs `use` with a server in this process that has these hooks, and its log in memory. */
async function serving(
  listener: typeof LISTENERS[number],
  hooks: Hooks,
  use: (served: Served) => Promise<void>,
): Promise<void> {
  const records: LogRecord[] = [];
  const sinks = { memory: (record: LogRecord): void => void records.push(record) };
  const loggers = [
    { category: ["logtape", "meta"], lowestLevel: "error", sinks: ["memory"] },
    { category: ["signalbox"], lowestLevel: "error", sinks: ["memory"] },
  ] as const;
  configureSync({
    sinks,
    loggers: loggers.map((row) => ({ ...row, category: [...row.category], sinks: [...row.sinks] })),
  });
  const settings = settingsFrom({ host: "127.0.0.1", port: 0 });
  const signaling = createSignalingServer(settings, hooks);
  const running = await (listener === "node" ? listenNode(signaling) : listenDeno(signaling));
  const wsUrl = `ws://127.0.0.1:${running.port}/peerjs`;
  try {
    await use({
      url: `http://127.0.0.1:${running.port}/`,
      faults: records,
      open: async (id): Promise<PeerSocket> =>
        await openSocket({ wsUrl, key: "peerjs", id, token: "t" }),
    });
  } finally {
    await running.stop();
    resetSync();
  }
}

for (const listener of LISTENERS) {
  for (const [what, make] of Object.entries(THROWN)) {
    Deno.test(`[FAULT-24] hooks that throw ${what}, at once or later, are logged and harm nobody: ${listener}`, async () => {
      const fail = (): never => {
        throw make();
      };
      const late = async (): Promise<never> => {
        await null;
        throw make();
      };
      for (const hook of [fail, late]) {
        const hooks: Hooks = { onConnection: hook, onDisconnection: hook, onMessage: hook };
        await serving(listener, hooks, async ({ open, faults }) => {
          const [a, b] = [await open("a"), await open("b")];
          assertEquals([await a.next(), await b.next()], [{ type: "OPEN" }, { type: "OPEN" }]);
          a.send({ type: "OFFER", dst: "b" });
          assertEquals(await b.next(), { type: "OFFER", src: "a", dst: "b" });
          assertEquals(await b.fence(), { frames: [], closed: null });
          assertEquals(faults.length, 4, "two came, and two messages");
          await Promise.all([a.close(), b.close()]);
        });
      }
    });

    Deno.test(`[FAULT-24] [HTTP-9] a generator that throws ${what} fails that request, and the next is answered: ${listener}`, async () => {
      let bad = true;
      const generateClientId = (): string => {
        if (bad) throw make();
        return "fresh";
      };
      await serving(listener, { generateClientId }, async ({ url, open, faults }) => {
        const a = await open("a");
        const failed = await fetch(`${url}peerjs/id`);
        await failed.body?.cancel();
        assertEquals(failed.status, 500);
        assert(faults.length > 0);
        bad = false;
        assertEquals(await (await fetch(`${url}peerjs/id`)).text(), "fresh");
        await a.close();
      });
    });
  }
}
