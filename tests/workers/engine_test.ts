/** Nodes with the engine of a main thread between them, as their clients see them; and that engine by itself. */
import { BOUNCE_MS } from "../../adapters/cluster/unheard.ts";
import { createWorkerEngine, type WorkerEngine } from "../../adapters/workers/engine.ts";
import type { EngineAsked, EngineSaid, IdsWanted } from "../../adapters/workers/protocol.ts";
import { type LinkFrame, nodeName } from "../../core/cluster/mod.ts";
import { type ClusterEvent, type PartialSettings, peerId } from "../../core/mod.ts";
import { engineContract, offer } from "../cluster/contract.ts";
import { assertEquals } from "../support/assert.ts";
import { join, type PeerSocket, refusal } from "../support/peer_socket.ts";
import { type Crew, startCrew, type WorkerNode } from "./nodes.ts";

type Two = (options?: PartialSettings) => Promise<readonly [WorkerNode, WorkerNode]>;

function test(name: string, body: (given: { crew: Crew; two: Two }) => Promise<void>): void {
  Deno.test(name, async () => {
    await using crew = startCrew();
    await body({
      crew,
      two: async (options) => [await crew.start(options), await crew.start(options)],
    });
  });
}

engineContract((name, body) =>
  test(`${name}: workers`, ({ crew, two }) =>
    body({
      two,
      mailIsKnown: async () => {
        while (crew.ran("route") === 0) await crew.asked();
      },
    }))
);

test("[WORKER-3] concurrent_limit is exact over all workers", async ({ two }) => {
  const limit = { concurrent_limit: 3, cluster_limit: 3 };
  const [one, other] = await two(limit);
  await using clients = new AsyncDisposableStack();
  for (const [i, node] of [one, other, other].entries()) clients.use(await join(node, `${i}`));
  for (const node of [one, other]) {
    const [msg] = await refusal(node, { id: "more" });
    assertEquals(msg, "Server has reached its concurrent user limit");
  }
  // An id that is taken over needs no room.
  clients.use(await join(one, "2"));
});

test("[WORKER-1] [CLUSTER-29] /peers lists the clients of all workers", async ({ two }) => {
  const [one, other] = await two({ allow_discovery: true });
  await using _a = await join(one, "a");
  await using _b = await join(other, "b");
  const lists = await Promise.all([one, one, other].map(async ({ url }) => {
    const answer = await fetch(`${url}peerjs/peers`);
    return (await answer.json()).sort();
  }));
  assertEquals(lists, [["a", "b"], ["a", "b"], ["a", "b"]]);
});

/** Sends numbered offers, and reads the numbers of those that came. */
async function numbers(socket: PeerSocket, count: number): Promise<number[]> {
  const came: number[] = [];
  while (came.length < count) came.push(Object(await socket.next()).payload);
  return came;
}

test("[WORKER-4] what is sent to a worker that has ended goes to whoever has the id next", async ({ crew, two }) => {
  const [one, other] = await two({ expire_timeout: 30_000 });
  await using a = await join(one, "a");
  await using gone = await join(other, "b");
  a.send(offer("b", 0));
  assertEquals(await numbers(gone, 1), [0]);
  // Acknowledges what came: what follows a message of which nobody knows goes nowhere else.
  gone.send(offer("a", 0));
  assertEquals(await numbers(a, 1), [0]);
  other.end();
  for (const payload of [1, 2, 3]) a.send(offer("b", payload));
  await using b = await join(await crew.start(), "b");
  assertEquals(await numbers(b, 3), [1, 2, 3]);
  assertEquals((await a.fence()).frames, []);
});

/** An engine whose surroundings are the test. */
class Alone {
  readonly events: ClusterEvent[] = [];
  readonly posted: (EngineAsked | IdsWanted)[] = [];
  readonly timers: [delayMs: number, callback: () => void][] = [];
  readonly engine: WorkerEngine;
  readonly #turns: (() => void)[] = [];

  constructor(isThere = true) {
    this.engine = createWorkerEngine({
      name: nodeName("n"),
      siblings: { send: () => isThere },
      dispatch: (event) => void this.events.push(event),
      schedule: (callback, delayMs) => {
        this.timers.push([delayMs, callback]);
        return () => {};
      },
      afterTurn: (callback) => void this.#turns.push(callback),
      post: (message) => void this.posted.push(message),
    });
  }

  endTurn(): void {
    this.#turns.splice(0).forEach((call) => call());
  }

  /** What is dispatched when every timer fires; how long each was. */
  fire(): readonly [number[], ClusterEvent[]] {
    const timers = this.timers.splice(0);
    this.events.length = 0;
    for (const [, callback] of timers) callback();
    return [timers.map(([delayMs]) => delayMs), this.events.splice(0)];
  }
}

const CARRIED = { number: 1, seq: 7, message: null };
const FRAME: LinkFrame = {
  ...{ from: nodeName("n"), to: nodeName("m"), link: 1, base: 1, ack: null, returned: [] },
  carried: [CARRIED],
};
const SAID: EngineSaid = { kind: "engine", answers: [], probe: null, isRung: false };
const PULL = { kind: "pull", node: nodeName("n"), conn: 1, seen: 0 } as const;

Deno.test("[WORKER-1] a node connects once the start is over, and again under its name 200 ms after it asks for that", () => {
  const a = new Alone();
  assertEquals(a.events, []);
  a.endTurn();
  const connected = { kind: "engine-connected", name: nodeName("n"), generation: "n" } as const;
  assertEquals<unknown>(a.events, [connected]);
  a.engine.perform({ kind: "reconnect-engine", why: "it is slow" });
  assertEquals<unknown>(a.fire(), [[200], [connected]]);
});

Deno.test("[WORKER-4] [CLUSTER-25] a frame to a worker that is not there bounces after 400 ms", () => {
  const a = new Alone(false);
  a.engine.perform({ kind: "publish", frame: FRAME });
  const message = {
    ...{ kind: "message", type: "OFFER", text: "{}" } as const,
    ...{ src: peerId("x"), dst: peerId("y") },
  };
  const carried = [{ ...CARRIED, number: 2, message }];
  a.engine.perform({ kind: "publish", frame: { ...FRAME, carried } });
  const [delays, events] = a.fire();
  assertEquals(delays, [BOUNCE_MS]);
  const back = {
    ...{ from: FRAME.to, to: FRAME.from, link: 0, base: 0, carried: [] },
    ack: { link: 1, below: 3, bounced: [[1, "gone"], [2, "gone"]] },
    returned: [[2, message]],
  };
  assertEquals<unknown>(events, [{ kind: "link-received", frame: back }]);
  const there = new Alone();
  there.engine.perform({ kind: "publish", frame: FRAME });
  assertEquals(there.timers, []);
});

Deno.test("[WORKER-1] commands of one turn are one message, and drained is when all are answered", async () => {
  const a = new Alone();
  await a.engine.drained();
  for (const request of [1, 2]) a.engine.perform({ kind: "ask-engine", request, command: PULL });
  assertEquals(a.posted, []);
  a.endTurn();
  assertEquals(a.posted, [{ kind: "ask", commands: [[1, PULL], [2, PULL]] }]);
  const order: string[] = [];
  const drained = a.engine.drained().then(() => order.push("drained"));
  a.events.length = 0;
  const answer = { kind: "pulled", last: 0, notices: [] } as const;
  a.engine.hear({ ...SAID, answers: [[1, 1, answer]], probe: 4, isRung: true });
  await Promise.resolve().then(() => order.push("one is not answered"));
  a.engine.hear({ ...SAID, answers: [[1, 2, answer]] });
  await drained;
  assertEquals(order, ["one is not answered", "drained"]);
  const answered = { kind: "engine-answered", conn: 1, answer };
  assertEquals<unknown>(a.events, [
    { ...answered, request: 1 },
    { kind: "probe-heard", number: 4 },
    { kind: "doorbell-rang" },
    { ...answered, request: 2 },
  ]);
});

Deno.test("[WORKER-1] all who ask for the ids meanwhile get one list", async () => {
  const a = new Alone();
  const lists = [a.engine.peers(), a.engine.peers()];
  assertEquals(a.posted, [{ kind: "ids-wanted" }]);
  a.engine.hear({ kind: "ids", text: '["x"]' });
  assertEquals(await Promise.all(lists), ['["x"]', '["x"]']);
  void a.engine.peers();
  assertEquals(a.posted.length, 2);
});

Deno.test("[WORKER-9] a worker that has stopped asks for nothing, sends nothing and connects no more", () => {
  const a = new Alone(false);
  a.engine.perform({ kind: "publish", frame: FRAME });
  a.engine.perform({ kind: "reconnect-engine", why: "it is slow" });
  a.engine.stop();
  a.endTurn();
  a.engine.perform({ kind: "ask-engine", request: 1, command: PULL });
  a.engine.perform({ kind: "publish", frame: { ...FRAME, link: 2 } });
  a.endTurn();
  assertEquals([a.posted, a.fire()[1]], [[], []]);
});
