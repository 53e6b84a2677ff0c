/**
 * A fleet in which nothing goes wrong and nothing takes time, beside one server that is alone: both get the same from the
 * same clients, who must not be able to tell one from the other. The lone server is the reducer itself: it is what the
 * reference model agrees with already.
 *
 * @module
 */
import { emptyEngine, nodeName, runCommand } from "../../../core/cluster/mod.ts";
import {
  type ConnId,
  connId,
  type Effect,
  type Event,
  initialState,
  mapHas,
  millis,
  nextWakeAt,
  owner,
  peerId,
  reduce,
  type Settings,
  settingsFrom,
  type State,
} from "../../../core/mod.ts";
import { type Dice, diceOf, pick } from "../../sim/dice.ts";

/** What a socket got, in order: texts, and the code of its close. */
type Got = Map<ConnId, string[]>;

/** Both of them. */
interface Pair {
  readonly settings: Settings;
  readonly dice: Dice;
  now: number;
  engine: ReturnType<typeof emptyEngine>;
  readonly nodes: State[];
  alone: State;
  readonly queue: (() => void)[];
  readonly fleetGot: Got;
  readonly aloneGot: Got;
  /** By socket, its node and id. */
  readonly sockets: Map<ConnId, { readonly node: number; readonly id: string }>;
  conns: number;
  messages: number;
}

/** Plays what a seed says; what the sockets got from the fleet and from the lone server. */
export function play(seed: number, steps: number): readonly [fleet: Got, alone: Got] {
  const settings = settingsFrom({ queue_limit: 1_000 });
  const pair: Pair = {
    ...{ settings, dice: diceOf(seed), now: 1_000, engine: emptyEngine(), queue: [] },
    nodes: [0, 1, 2].map(() => initialState(settings)),
    alone: initialState(settings),
    ...{ fleetGot: new Map(), aloneGot: new Map(), sockets: new Map(), conns: 0, messages: 0 },
  };
  for (const index of pair.nodes.keys()) {
    toNode(pair, index, { kind: "cluster-started" });
    const name = nodeName(`node${index}`);
    toNode(pair, index, { kind: "engine-connected", name, generation: "first" });
  }
  waitUntil(pair, 5_000);
  for (let i = 0; i < steps; i++) {
    act(pair);
    // Deadlines of both fall on the same instants; nobody acts in one of them.
    waitUntil(pair, pair.now + pick(pair.dice, [1, 3, 17, 400, 2_500]) + 0.5);
  }
  waitUntil(pair, pair.now + 20_000);
  return [pair.fleetGot, pair.aloneGot];
}

function act(pair: Pair): void {
  const { dice, sockets, alone } = pair;
  const what = dice.chance();
  const id = `p${dice.below(6)}`;
  const holder = [...sockets].findLast((
    [conn, socket],
  ) => socket.id === id && mapHas(alone.connections, conn));
  if (holder === undefined || what < 0.1) {
    // An EXPIRE goes to the socket at whose node the message waits: who has some waiting stays where it is.
    if (!mapHas(alone.sources, peerId(id))) open(pair, id, dice.isLucky(0.2) ? "thief" : id);
  } else if (what < 0.2) {
    if (!mapHas(alone.sources, peerId(id))) {
      both(pair, holder[0], { kind: "socket-closed", conn: holder[0], code: 1001 });
    }
  } else say(pair, holder[0], `p${dice.below(7)}`);
}

function open(pair: Pair, id: string, token: string): void {
  const conn = connId(++pair.conns);
  pair.sockets.set(conn, { node: pair.dice.below(pair.nodes.length), id });
  both(pair, conn, {
    kind: "socket-opened",
    conn,
    id,
    token: { owner: owner(token), length: 5, hasControl: false },
    key: "right",
    address: `192.0.2.${conn % 200}`,
    origin: null,
    ownOrigin: false,
    queryLength: 30,
    identity: { kind: "unchecked" },
  });
}

function say(pair: Pair, conn: ConnId, dst: string): void {
  const type = pick(pair.dice, ["OFFER", "ANSWER", "CANDIDATE", "CANDIDATE"]);
  const text = JSON.stringify({ type, dst, payload: { n: ++pair.messages } });
  both(pair, conn, { kind: "frame-received", conn, text });
}

function both(pair: Pair, conn: ConnId, event: Event): void {
  toNode(pair, pair.sockets.get(conn)?.node ?? 0, event);
  toAlone(pair, event);
}

function toAlone(pair: Pair, event: Event): void {
  const [next, effects] = reduce(pair.alone, event, millis(pair.now));
  pair.alone = next;
  for (const effect of effects) record(pair.aloneGot, effect);
}

/** A node gets an event, and all that comes of it happens at once. */
function toNode(pair: Pair, index: number, first: Event): void {
  pair.queue.push(() => stepNode(pair, index, first));
  for (let run = pair.queue.shift(); run !== undefined; run = pair.queue.shift()) run();
}

function stepNode(pair: Pair, index: number, event: Event): void {
  const state = pair.nodes[index];
  if (state === undefined) return;
  const [next, effects] = reduce(state, event, millis(pair.now));
  pair.nodes[index] = next;
  for (const effect of effects) {
    record(pair.fleetGot, effect);
    if (effect.kind === "publish") {
      const { frame } = effect;
      later(pair, frame.to, { kind: "link-received", frame });
    }
    if (effect.kind !== "ask-engine") continue;
    const { request, command } = effect;
    const { conn } = command;
    const [engine, answer, published] = runCommand(pair.engine, command, millis(pair.now | 0));
    pair.engine = engine;
    pair.queue.push(() =>
      stepNode(pair, index, { kind: "engine-answered", conn, request, answer })
    );
    for (const one of published) {
      later(
        pair,
        one.to,
        one.kind === "doorbell"
          ? { kind: "doorbell-rang" }
          : { kind: "probe-heard", number: one.number },
      );
    }
  }
}

function later(pair: Pair, to: string, event: Event): void {
  const index = pair.nodes.findIndex(({ cluster }) => cluster?.name === to);
  pair.queue.push(() => stepNode(pair, index, event));
}

function record(got: Got, effect: Effect): void {
  if (effect.kind !== "send" && effect.kind !== "close") return;
  const what = effect.kind === "send" ? effect.text : `closed with ${effect.code}`;
  got.set(effect.conn, [...got.get(effect.conn) ?? [], what]);
}

function waitUntil(pair: Pair, instant: number): void {
  for (;;) {
    const states = [...pair.nodes, pair.alone];
    const at = Math.min(...states.map((state) => nextWakeAt(state) ?? Infinity));
    if (at > instant) break;
    pair.now = Math.max(pair.now, at);
    for (const index of pair.nodes.keys()) toNode(pair, index, { kind: "tick" });
    toAlone(pair, { kind: "tick" });
  }
  pair.now = instant;
}
