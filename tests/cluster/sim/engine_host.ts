/**
 * The engine as nodes reach it: over connections that keep their order and take their time, and over channels that may
 * lose anything. Its clock is its own.
 *
 * @module
 */
import {
  emptyEngine,
  type Engine,
  type EngineAnswer,
  type EngineBounds,
  type EngineCommand,
  engineViolations,
  type NodeName,
  type Published,
  runCommand,
} from "../../../core/cluster/mod.ts";
import type { LinkFrame } from "../../../core/cluster/member.ts";
import { type ClusterEvent, mapEntries, mapGet, millis } from "../../../core/mod.ts";
import type { Agenda } from "../../sim/agenda.ts";
import type { Dice } from "../../sim/dice.ts";
import { Broken } from "./watch.ts";

/** A node's end of a connection to the engine: the one for commands, and the one that listens. */
export interface Line {
  /** The node has not dropped it. */
  isOpen: boolean;
  /** What is sent that way arrives. */
  isUpSound: boolean;
  isDownSound: boolean;
  isDeaf: boolean;
  /** What is sent from now on takes so much longer. */
  extraMs: number;
  /** So much longer takes every answer. */
  answerMs: number;
  upAt: number;
  downAt: number;
  /** The subscriber is a connection of its own. */
  channelAt: number;
  /** Its node is cut off from the engine. */
  readonly isCutOff: () => boolean;
  readonly deliver: (event: ClusterEvent) => void;
  /** The other end has closed it. */
  readonly reset: () => void;
}

/** How likely it is that something happens to what is published. */
export interface ChannelFaults {
  lost: number;
  late: number;
  doubled: number;
}

/** What an engine host tells those who watch. */
export interface HostOptions {
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly count: (what: string) => void;
  readonly onCommand: (command: EngineCommand, answer: EngineAnswer, before: Engine) => void;
}

/** How long snapshots are kept, and how often one is made. */
const KEPT_MS = 30_000;
const SNAPSHOT_MS = 100;

/** So little room that runs come to every bound but that of a batch, which nodes know. */
const BOUNDS: EngineBounds = { nodes: 12, batch: 256, notices: 3, waiting: 6, waiters: 2 };

/** One engine for all. */
export class EngineHost {
  readonly #options: HostOptions;
  readonly #lines = new Set<Line>();
  readonly #channels = new Map<NodeName, Line>();
  readonly #highest = new Map<string, number>();
  #snapshots: { readonly at: number; readonly engine: Engine }[] = [];
  engine: Engine = emptyEngine(BOUNDS);
  /** Added to virtual time. */
  offset = 1_700_000_000_000;
  isDown = false;
  isFull = false;
  hasRunBack = false;
  /** When it last lost data, or its clock jumped: leases mean nothing for a while. */
  disturbedAt = -Infinity;
  readonly faults: ChannelFaults = { lost: 0, late: 0, doubled: 0 };
  /** Commands that ran, by kind. */
  readonly commands: Record<string, number> = {};
  published = 0;

  constructor(options: HostOptions) {
    this.#options = options;
  }

  /** The time by the engine's clock. */
  get now(): ReturnType<typeof millis> {
    return millis(Math.floor(this.#options.agenda.now) + this.offset);
  }

  /** Makes a line, unless nobody can be reached. */
  connect(line: Line): boolean {
    if (this.isDown || line.isCutOff()) return false;
    this.#lines.add(line);
    return true;
  }

  /** The node dropped its line: what it sent may still arrive. */
  drop(line: Line): void {
    line.isOpen = false;
    this.#lines.delete(line);
    for (const [name, one] of this.#channels) if (one === line) this.#channels.delete(name);
  }

  subscribe(line: Line, name: NodeName): void {
    for (const [other, one] of this.#channels) if (one === line) this.#channels.delete(other);
    this.#channels.set(name, line);
  }

  /** A command sets out. */
  send(line: Line, request: number, command: EngineCommand): void {
    const { agenda, count } = this.#options;
    if (!line.isUpSound) return count("command lost");
    line.upAt = Math.max(line.upAt, agenda.now + this.#delay(line));
    agenda.at(line.upAt, () => {
      if (!this.#isUp(line)) return count("command lost");
      if (!line.isOpen) count("command of a dropped connection");
      this.#run(line, request, command);
    });
  }

  publish(line: Line, frame: LinkFrame): void {
    const { agenda, count } = this.#options;
    if (!line.isUpSound) return count("publish lost");
    line.upAt = Math.max(line.upAt, agenda.now + this.#delay(line));
    agenda.at(line.upAt, () => {
      if (!this.#isUp(line)) return count("publish lost");
      this.published++;
      this.#spread(frame.to, { kind: "link-received", frame });
    });
  }

  /** The process ends; all connections with it. */
  stop(): void {
    this.isDown = true;
    for (const line of [...this.#lines]) this.resetLine(line);
  }

  /** Ends a connection: the node is told, and what is under way is lost. */
  resetLine(line: Line): void {
    const { agenda, dice } = this.#options;
    line.isUpSound = false;
    line.isDownSound = false;
    agenda.after(dice.between(0, 50), () => line.isOpen && line.reset());
  }

  /** The state as it was `ms` ago, or as long ago as is known. */
  revert(ms: number): void {
    const { agenda } = this.#options;
    const at = agenda.now - ms;
    const old = this.#snapshots.findLast((one) => one.at <= at) ?? this.#snapshots[0];
    if (old !== undefined) this.engine = old.engine;
    this.#snapshots = this.#snapshots.filter((one) => one.at <= at);
    this.disturbedAt = agenda.now;
  }

  clear(): void {
    this.engine = emptyEngine(BOUNDS);
    this.#snapshots = [];
    this.disturbedAt = this.#options.agenda.now;
  }

  jump(ms: number): void {
    this.offset += Math.round(ms);
    if (ms < 0) this.hasRunBack = true;
    this.disturbedAt = this.#options.agenda.now;
  }

  /** Whether what was sent arrives. A connection that loses something carries nothing that comes after it. */
  #isUp(line: Line): boolean {
    line.isUpSound &&= !line.isCutOff() && !this.isDown;
    return line.isUpSound;
  }

  #isOpenDown(line: Line): boolean {
    line.isDownSound &&= !line.isCutOff();
    return line.isOpen && line.isDownSound;
  }

  #delay(line: Line): number {
    const { dice } = this.#options;
    return dice.between(0.1, 2) + dice.between(line.extraMs / 2, line.extraMs);
  }

  #run(line: Line, request: number, command: EngineCommand): void {
    const { onCommand, count } = this.#options;
    const before = this.engine;
    const { conn, kind } = command;
    const [after, answer, published] = runCommand(before, command, this.now);
    this.commands[kind] = (this.commands[kind] ?? 0) + 1;
    const needsRoom = kind === "join" || kind === "open" || kind === "restore" || kind === "route";
    if (this.isFull && needsRoom && after !== before) {
      count("command refused");
      return this.#answer(line, { kind: "engine-failed", conn, request, why: "OOM" });
    }
    this.engine = after;
    this.#check(command, answer, before);
    onCommand(command, answer, before);
    this.#snapshot();
    for (const one of published) this.#tell(one);
    this.#answer(line, { kind: "engine-answered", conn, request, answer });
  }

  #check(command: EngineCommand, answer: EngineAnswer, before: Engine): void {
    const { now } = this.#options.agenda;
    const [first] = engineViolations(this.engine, this.now);
    // A clock that runs back raises the dead, for whom mail waits already.
    const isExcused = this.hasRunBack && first?.startsWith("mail waits") === true;
    if (first !== undefined && !isExcused) throw new Broken("engine", now, first);
    if (command.kind !== "open" || answer.kind !== "opened") return;
    const { id } = command;
    const highest = this.#highest.get(id) ?? 0;
    const isRepeated = mapGet(this.engine.claims, id) === mapGet(before.claims, id);
    if (answer.seq <= highest && !isRepeated && !this.hasRunBack) {
      throw new Broken("CLUSTER-1", now, `${id} got seq ${answer.seq} after ${highest}`);
    }
    this.#highest.set(id, Math.max(highest, answer.seq));
  }

  #answer(line: Line, event: ClusterEvent): void {
    const { agenda, count } = this.#options;
    line.downAt = Math.max(line.downAt, agenda.now + line.answerMs + this.#delay(line));
    agenda.at(line.downAt, () => {
      const isLate = !line.isOpen && line.isDownSound;
      if (isLate) count("answer over a dropped connection");
      else if (!this.#isOpenDown(line)) return count("answer lost");
      line.deliver(event);
    });
  }

  #tell(published: Published): void {
    const event: ClusterEvent = published.kind === "doorbell"
      ? { kind: "doorbell-rang" }
      : { kind: "probe-heard", number: published.number };
    this.#spread(published.to, event);
  }

  #spread(to: NodeName, event: ClusterEvent): void {
    const { dice, count } = this.#options;
    const { lost, late, doubled } = this.faults;
    if (dice.isLucky(lost)) return count("publish lost");
    const isLate = dice.isLucky(late);
    if (isLate) count("publish late");
    this.#carry(to, event, isLate);
    if (!dice.isLucky(doubled)) return;
    count("publish doubled");
    this.#carry(to, event, dice.isLucky(0.5));
  }

  #carry(to: NodeName, event: ClusterEvent, isLate: boolean): void {
    const { agenda, dice, count } = this.#options;
    const line = this.#channels.get(to);
    if (line === undefined) return count("publish to nobody");
    if (!isLate) line.channelAt = Math.max(line.channelAt, agenda.now + dice.between(0.1, 2));
    const at = isLate
      ? agenda.now + dice.between(10, dice.isLucky(0.1) ? 8_000 : 800)
      : line.channelAt;
    agenda.at(at, () => {
      if (!this.#isOpenDown(line) || line.isDeaf) return count("publish lost");
      line.deliver(event);
    });
  }

  #snapshot(): void {
    const { now } = this.#options.agenda;
    const last = this.#snapshots.at(-1);
    if (last !== undefined && now - last.at < SNAPSHOT_MS) return;
    this.#snapshots.push({ at: now, engine: this.engine });
    if ((this.#snapshots[0]?.at ?? now) < now - 2 * KEPT_MS) {
      this.#snapshots = this.#snapshots.filter(({ at }) => at >= now - KEPT_MS);
    }
  }
}

/** The names that the engine has, those that are dead and not reaped included. */
export function knownNodes({ engine }: EngineHost): string[] {
  return Array.from(mapEntries(engine.nodes), ([name]) => name);
}
