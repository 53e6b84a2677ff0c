/**
 * A node: the reducer, the clock of its loop, its sockets, and what an adapter does about its connection to the engine.
 *
 * @module
 */
import { nodeName } from "../../../core/cluster/mod.ts";
import {
  type ConnId,
  type Effect,
  type Event,
  initialState,
  millis,
  nextWakeAt,
  reduce,
  retire,
  type Settings,
  type State,
} from "../../../core/mod.ts";
import type { Agenda } from "../../sim/agenda.ts";
import type { Dice } from "../../sim/dice.ts";
import type { LinkFrame } from "../../../core/cluster/member.ts";
import type { EngineHost, Line } from "./engine_host.ts";
import { Broken } from "./watch.ts";

/** What the client's end of a socket hears. */
export interface Endpoint {
  readonly onFrame: (text: string) => void;
  readonly onClosed: (code: number) => void;
  /** Nobody is there any more, though the node has not heard of it. */
  readonly isGone: () => boolean;
}

interface Socket {
  readonly endpoint: Endpoint;
  downAt: number;
}

/** Who looks at a step of a node. */
export interface Observer {
  readonly before: (node: SimNode, event: Event) => void;
  readonly after: (node: SimNode, event: Event, effects: readonly Effect[]) => void;
}

/** What a node is made of. */
export interface NodeOptions {
  readonly index: number;
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly host: EngineHost;
  readonly settings: Settings;
  readonly isNear: boolean;
  /** Brings a frame to another thread. */
  readonly deliver: (frame: LinkFrame) => void;
  readonly observer: Observer;
  readonly count: (what: string) => void;
  /** A name that nothing had before. */
  readonly fresh: (what: string) => string;
  readonly nextConn: () => ConnId;
}

/** The runtime tells of suspensions that last longer than this. */
const PAUSE_MIN_MS = 2_000;
/** How long a process takes to end. */
const STOP_MS = 200;
/** Longer than a frame of a client takes. */
const UP_MS = 45;
/** A loop that wakes so often in one instant does nothing else any more. */
const WAKES_MAX = 1_000;

/** One node, which may end and start again as another process. */
export class SimNode {
  readonly options: NodeOptions;
  state: State;
  /** Counts processes; `null` in between. */
  process: number | null = null;
  #processes = 0;
  #sockets = new Map<ConnId, Socket>();
  #pausedMs = 0;
  #pausedAt: number | null = null;
  #backlog: (() => void)[] = [];
  /** What could not be sent in this step. */
  #failed: Event[] = [];
  #wakeAt = Infinity;
  #wakes = 0;
  #line: Line | null = null;
  #tries = 0;
  isCutOff = false;
  /** So many of its next connections carry nothing. */
  halfOpen = 0;
  #pauseAtBeatMs = 0;
  /** Ends the process once its drain is over. */
  #onDrained: (() => void) | null = null;

  constructor(options: NodeOptions) {
    this.options = options;
    this.state = initialState(options.settings);
  }

  get label(): string {
    return `node${this.options.index}.${this.#processes}`;
  }

  /** The time of its loop. */
  get now(): ReturnType<typeof millis> {
    return millis((this.#pausedAt ?? this.options.agenda.now) - this.#pausedMs);
  }

  get isPaused(): boolean {
    return this.#pausedAt !== null;
  }

  get line(): Line | null {
    return this.#line;
  }

  start(): void {
    this.process = ++this.#processes;
    this.state = initialState(this.options.settings);
    this.#pausedMs = 0;
    this.#pausedAt = null;
    this.#backlog = [];
    this.#wakeAt = Infinity;
    this.#onDrained = null;
    const { isNear } = this.options;
    this.dispatch({ kind: "cluster-started", ...(isNear && { isNear }) });
    this.#connect();
  }

  /** The process ends at once: whatever it knew is lost, and its sockets are closed. */
  crash(): void {
    const { agenda, dice, host } = this.options;
    this.process = null;
    if (this.#line !== null) host.drop(this.#line);
    this.#line = null;
    const sockets = [...this.#sockets.values()];
    this.#sockets.clear();
    for (const { endpoint } of sockets) {
      agenda.after(dice.between(1, 200), () => endpoint.onClosed(1006));
    }
  }

  get isDraining(): boolean {
    return this.#onDrained !== null;
  }

  /** It is asked to stop within `ms`; `onEnd` ends its process once all that it asked for is answered. */
  drain(ms: number, onEnd: () => void): void {
    const { process } = this;
    this.#onDrained = (): void => {
      this.dispatch({ kind: "shutdown-requested" });
      this.options.agenda.after(STOP_MS, () => this.process === process && onEnd());
    };
    this.dispatch({ kind: "drain-requested", ms });
  }

  /** It stands still from its next beat on. */
  pauseAtBeat(ms: number): void {
    this.#pauseAtBeatMs = ms;
  }

  /** The process stands still: what comes meanwhile waits. */
  pause(ms: number): void {
    const { agenda } = this.options;
    const { process } = this;
    if (process === null || this.#pausedAt !== null) return;
    this.#pausedAt = agenda.now;
    agenda.after(ms, () => {
      if (this.process !== process || this.#pausedAt === null) return;
      this.#pausedAt = null;
      if (ms >= PAUSE_MIN_MS) {
        this.#pausedMs += ms;
        this.#step({ kind: "paused", ms: Math.floor(ms) });
      }
      const backlog = this.#backlog;
      this.#backlog = [];
      for (const run of backlog) run();
      this.#wake();
    });
  }

  dispatch(event: Event): void {
    this.#later(() => this.#step(event));
  }

  /** A client's socket opens; `false` where nobody listens. */
  accept(endpoint: Endpoint, open: (conn: ConnId) => Event): ConnId | null {
    if (this.process === null) return null;
    const conn = this.options.nextConn();
    this.#sockets.set(conn, { endpoint, downAt: 0 });
    this.dispatch(open(conn));
    return conn;
  }

  /** A frame of a client, or its close, arrives. */
  hear(conn: ConnId, event: Event): void {
    this.#later(() => {
      if (!this.#sockets.has(conn)) return;
      if (event.kind === "socket-closed") this.#sockets.delete(conn);
      this.#step(event);
    });
  }

  /** The ping of a client that is gone stays unanswered. */
  missPing(conn: ConnId): void {
    this.#later(() => {
      if (this.#sockets.has(conn)) this.#step({ kind: "ping-unanswered", conn });
    });
  }

  /** The adapter drops both connections, and makes others. */
  reconnect(): void {
    if (this.#line === null) return;
    this.options.host.drop(this.#line);
    this.#line = null;
    this.#later(() => this.#step({ kind: "engine-lost" }));
    this.#connectLater();
  }

  #later(run: () => void): void {
    const { process } = this;
    const guarded = (): void => {
      if (process !== null && this.process === process) run();
    };
    if (this.#pausedAt !== null) this.#backlog.push(guarded);
    else guarded();
  }

  #step(event: Event): void {
    const { observer } = this.options;
    const before = this.state;
    observer.before(this, event);
    const [next, effects] = reduce(before, event, this.now);
    this.state = next;
    if (next !== before) retire(before, next);
    observer.after(this, event, effects);
    for (const effect of effects) this.#perform(effect);
    for (let failed = this.#failed.shift(); failed !== undefined; failed = this.#failed.shift()) {
      this.#step(failed);
    }
    const isOver = effects.some((one) => one.kind === "note" && one.what === "drain-ended");
    const { process } = this;
    if (isOver) this.options.agenda.after(0, () => this.process === process && this.#onDrained?.());
    this.#plan();
  }

  #plan(): void {
    const { agenda } = this.options;
    // The sum may be rounded down, and the loop must not wake too early.
    const roundingMs = this.#pausedMs > 0 ? 0.001 : 0;
    const at = (nextWakeAt(this.state) ?? Infinity) + this.#pausedMs + roundingMs;
    if (at >= this.#wakeAt || at === Infinity) return;
    if (at > agenda.now) this.#wakes = 0;
    else if (++this.#wakes > WAKES_MAX) {
      throw new Broken("STATE-3", agenda.now, `${this.label} is woken again and again`);
    }
    this.#wakeAt = at;
    const { process } = this;
    agenda.at(at, () => {
      if (this.process !== process || this.#wakeAt !== at) return;
      this.#later(() => this.#wake());
    });
  }

  #wake(): void {
    this.#wakeAt = Infinity;
    if (this.#pausedAt === null) this.#step({ kind: "tick" });
  }

  #perform(effect: Effect): void {
    const { host } = this.options;
    switch (effect.kind) {
      case "send":
        return this.#send(effect);
      case "close":
        return this.#close(effect);
      case "ask-engine":
        if (this.#line === null) return;
        if (effect.command.kind === "join") host.subscribe(this.#line, effect.command.node);
        if (effect.command.kind === "beat" && this.#pauseAtBeatMs > 0) {
          const ms = this.#pauseAtBeatMs;
          this.#pauseAtBeatMs = 0;
          this.options.agenda.after(0, () => this.pause(ms));
        }
        return host.send(this.#line, effect.request, effect.command);
      case "publish":
        if (this.options.isNear) this.options.deliver(effect.frame);
        else if (this.#line !== null) host.publish(this.#line, effect.frame);
        return;
      case "reconnect-engine":
        this.options.count("connection given up");
        if (this.#line !== null) host.drop(this.#line);
        this.#line = null;
        return this.#connectLater();
    }
  }

  #send({ conn, text, meaning }: Extract<Effect, { kind: "send" }>): void {
    const { agenda, dice, count } = this.options;
    const message = meaning.kind === "message" ? meaning : null;
    if (this.#failed.some((one) => "conn" in one && one.conn === conn)) {
      this.#failed.push({ kind: "send-failed", conn, message });
      return;
    }
    const socket = this.#sockets.get(conn);
    if (socket === undefined) return;
    if (socket.endpoint.isGone() && dice.isLucky(0.5)) {
      count("send failed");
      this.#sockets.delete(conn);
      const failed: Event = { kind: "send-failed", conn, message };
      // Most often it fails at once; a socket may also fail after what was sent was acknowledged.
      if (dice.isLucky(0.1)) agenda.after(dice.between(0, 600), () => this.dispatch(failed));
      else this.#failed.push(failed);
      return;
    }
    socket.downAt = Math.max(socket.downAt, agenda.now + dice.between(1, 40));
    agenda.at(socket.downAt, () => socket.endpoint.onFrame(text));
  }

  #close({ conn, code, readsOn }: Extract<Effect, { kind: "close" }>): void {
    const { agenda, dice } = this.options;
    const socket = this.#sockets.get(conn);
    if (socket === undefined) return;
    if (!readsOn) this.#sockets.delete(conn);
    socket.downAt = Math.max(socket.downAt, agenda.now + dice.between(1, 40));
    agenda.at(socket.downAt, () => {
      const isAnswered = readsOn && !socket.endpoint.isGone();
      socket.endpoint.onClosed(code);
      // The answer comes after what was said before.
      if (isAnswered) {
        agenda.after(UP_MS, () => this.hear(conn, { kind: "socket-closed", conn, code }));
      }
    });
  }

  #connectLater(): void {
    const { agenda, dice } = this.options;
    const { process } = this;
    const backoff = Math.min(5_000, 200 * 2 ** this.#tries++);
    agenda.after(dice.between(backoff / 2, backoff), () => {
      if (this.process === process) this.#later(() => this.#connect());
    });
  }

  #connect(): void {
    const { agenda, dice, host, fresh } = this.options;
    if (this.#line !== null) return;
    const { process } = this;
    const line: Line = {
      isOpen: true,
      isUpSound: true,
      isDownSound: true,
      isDeaf: false,
      extraMs: 0,
      answerMs: 0,
      channelAt: 0,
      upAt: 0,
      downAt: 0,
      isCutOff: () => this.isCutOff,
      deliver: (event) => {
        // An answer may be on its way through the process when its connection is dropped.
        const isAnswer = event.kind === "engine-answered";
        if (this.process === process) {
          this.#later(() => (line.isOpen || isAnswer) && this.#step(event));
        }
      },
      reset: () => this.process === process && this.#later(() => line.isOpen && this.reconnect()),
    };
    if (!host.connect(line)) return this.#connectLater();
    if (this.halfOpen > 0) {
      this.halfOpen--;
      line.isUpSound = false;
      line.isDownSound = false;
    }
    this.#line = line;
    agenda.after(dice.between(1, 20), () => {
      if (this.process !== process) return;
      this.#later(() => {
        if (!line.isOpen) return;
        this.#tries = 0;
        this.#step({
          kind: "engine-connected",
          name: nodeName(fresh(`${this.label}-`)),
          generation: fresh("generation"),
        });
      });
    });
  }
}
