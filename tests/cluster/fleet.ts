/**
 * Nodes of a cluster in a test: the reducer of each, and one engine. Commands, answers, notices and frames wait in one
 * queue until `run` delivers them, in order; what a test drops from it is lost.
 */
import {
  type AskEngine,
  connId,
  type Effect,
  type Event,
  initialState,
  millis,
  nextWakeAt,
  type PartialSettings,
  reduce,
  settingsFrom,
  type SocketOpened,
  type State,
  violations,
} from "../../core/mod.ts";
import {
  emptyEngine,
  type Engine,
  type EngineAnswer,
  type EngineCommand,
  engineViolations,
  nodeName,
  type Published,
  runCommand,
} from "../../core/cluster/mod.ts";
import type { Cluster } from "../../core/cluster/member.ts";
import { assertEquals } from "../support/assert.ts";
import { type Given, opening } from "../support/world.ts";

/** What is on its way. */
export type Parcel =
  | { readonly kind: "command"; readonly from: string; readonly ask: AskEngine }
  | { readonly kind: "event"; readonly to: string; readonly event: Event };

/** A new engine lets new ids wait for so long. */
const GRACE_MS = 2_000;

/** 1970 is far away on the engine's clock. */
const EPOCH = 1_000_000;

export class Fleet {
  now = 0;
  engine: Engine = emptyEngine();
  readonly states = new Map<string, State>();
  /** What is on its way, in order. */
  queue: Parcel[] = [];
  /** Every command that the engine ran. */
  readonly commands: EngineCommand[] = [];
  /** The effects of each step, of all nodes. */
  readonly effects: Effect[] = [];
  #seen: string[] = [];
  #names = 0;

  /** Starts nodes whose names are one letter each; a test begins 2 s later. */
  constructor(letters: string, options: PartialSettings = {}, isNear = false) {
    for (const letter of letters) {
      this.states.set(
        letter,
        initialState(settingsFrom({ cluster: "redis://engine", ...options })),
      );
      this.step(letter, { kind: "cluster-started", ...(isNear && { isNear }) });
      this.connect(letter);
    }
    this.run();
    this.pass(GRACE_MS);
    this.commands.length = 0;
  }

  /** Gives a node a connection to the engine. */
  connect(node: string): void {
    const name = nodeName(`${node}${this.#names++}`);
    this.step(node, { kind: "engine-connected", name, generation: `g-${name}` });
  }

  /** The state of a node. */
  of(node: string): State {
    const state = this.states.get(node);
    if (state === undefined) throw new Error(`There is no node ${node}`);
    return state;
  }

  /** One event of a node; its effects wait in the queue or are seen. */
  step(node: string, event: Event): void {
    const [state, effects] = reduce(this.of(node), event, millis(this.now));
    this.states.set(node, state);
    assertEquals(violations(state), [], node);
    this.effects.push(...effects);
    for (const effect of effects) this.#perform(node, effect);
  }

  /** Delivers what is on its way, and what comes of it; only what `isDelivered`, if it is given. */
  run(isDelivered: (parcel: Parcel) => boolean = () => true): void {
    for (let parcel = this.queue.shift(); parcel !== undefined; parcel = this.queue.shift()) {
      if (!isDelivered(parcel)) continue;
      if (parcel.kind === "command") this.#command(parcel.from, parcel.ask);
      else this.step(parcel.to, parcel.event);
    }
  }

  /** Delivers what is on its way but what `isHeld`, which stays for the test. */
  hold(isHeld: (parcel: Parcel) => boolean): Parcel[] {
    const held: Parcel[] = [];
    this.run((parcel) => !isHeld(parcel) || held.push(parcel) === 0);
    return held;
  }

  /** Takes the only parcel that is on its way, which is a command. */
  onlyCommand(): AskEngine {
    const [parcel, ...others] = this.queue.splice(0);
    if (parcel?.kind !== "command" || others.length > 0) throw new Error("It is not one command");
    return parcel.ask;
  }

  /** The engine could not run a command. */
  fail(node: string, { request, command: { conn } }: AskEngine): void {
    this.step(node, { kind: "engine-failed", conn, request, why: "OOM" });
  }

  /** What a node knows of its cluster, changed if the test says so. */
  cluster(node: string, change: Partial<Cluster> = {}): Cluster {
    const state = this.of(node);
    if (state.cluster === null) throw new Error(`${node} is alone`);
    const cluster = { ...state.cluster, ...change };
    this.states.set(node, { ...state, cluster });
    return cluster;
  }

  /** Lets time pass: every deadline on the way is a tick. */
  pass(ms: number, isDelivered?: (parcel: Parcel) => boolean): void {
    const end = this.now + ms;
    for (;;) {
      const wakes = [...this.states.values()].map((state) => nextWakeAt(state) ?? Infinity);
      const next = Math.min(...wakes);
      if (next > end) break;
      this.now = Math.max(this.now, next);
      for (const node of this.states.keys()) this.step(node, { kind: "tick" });
      this.run(isDelivered);
    }
    this.now = end;
  }

  /** A client opens a socket, and everything on its way arrives. */
  open(node: string, conn: number, id: string, given: Given = {}): void {
    this.step(node, this.opening(conn, id, given));
    this.run();
  }

  opening(conn: number, id: string, given: Given = {}): SocketOpened {
    return opening(conn, { id, token: `token of ${id}`, ...given });
  }

  /** A client says something; it does not arrive anywhere before `run`. */
  say(node: string, conn: number, frame: unknown): void {
    this.step(node, {
      kind: "frame-received",
      conn: connId(conn),
      text: JSON.stringify(frame),
    });
  }

  /** A client sends a message with a word in it, and everything on its way arrives. */
  send(node: string, conn: number, dst: string, word: string, type = "CANDIDATE"): void {
    this.say(node, conn, { type, dst, payload: word });
    this.run();
  }

  hangUp(node: string, conn: number): void {
    this.step(node, { kind: "socket-closed", conn: connId(conn), code: 1006 });
  }

  /** What the outside saw since the last call: `"a1 OPEN"`, `"b2 CANDIDATE from x: word"`, `"a1 closed 4000"`. */
  seen(): string[] {
    const seen = this.#seen;
    this.#seen = [];
    return seen;
  }

  /** The kinds of commands that the engine ran since the last call. */
  ran(): string[] {
    return this.commands.splice(0).map(({ kind }) => kind);
  }

  #perform(node: string, effect: Effect): void {
    switch (effect.kind) {
      case "ask-engine":
        this.queue.push({ kind: "command", from: node, ask: effect });
        break;
      case "publish":
        this.#deliver(effect.frame.to, { kind: "link-received", frame: effect.frame });
        break;
      case "reconnect-engine":
        this.#seen.push(`${node} reconnects: ${effect.why}`);
        break;
      case "send":
        this.#seen.push(`${node}${effect.conn} ${wordsOf(effect.text)}`);
        break;
      case "close":
        this.#seen.push(`${node}${effect.conn} closed ${effect.code}`);
    }
  }

  #command(from: string, { request, command }: AskEngine): void {
    const now = millis(EPOCH + this.now);
    const [engine, answer, published] = runCommand(this.engine, command, now);
    this.engine = engine;
    assertEquals(engineViolations(engine, now), []);
    this.commands.push(command);
    this.answer(from, command.conn, request, answer);
    for (const one of published) this.#published(one);
  }

  /** An answer is on its way. */
  answer(to: string, conn: number, request: number, answer: EngineAnswer): void {
    this.queue.push({
      kind: "event",
      to,
      event: { kind: "engine-answered", conn, request, answer },
    });
  }

  #published(one: Published): void {
    const event: Event = one.kind === "doorbell"
      ? { kind: "doorbell-rang" }
      : { kind: "probe-heard", number: one.number };
    this.#deliver(one.to, event);
  }

  #deliver(name: string, event: Event): void {
    for (const [to, { cluster }] of this.states) {
      if (cluster?.name === name) this.queue.push({ kind: "event", to, event });
    }
  }
}

function wordsOf(text: string): string {
  const { type, src, payload } = JSON.parse(text);
  const word = typeof payload === "string" ? `: ${payload}` : "";
  if (type === "EXPIRE") return `EXPIRE for ${src}`;
  return src === undefined ? type : `${type} from ${src}${word}`;
}

/** Whether it is a frame of a link. */
export function isFrame(parcel: Parcel): boolean {
  return parcel.kind === "event" && parcel.event.kind === "link-received";
}

/** The frames that are on their way. */
export function frames(f: Fleet): Parcel[] {
  return f.queue.filter(isFrame);
}
