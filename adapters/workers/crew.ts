/**
 * The workers of a process, as its main thread sees them: it starts them, starts one again that ended, and has
 * the engine of their cluster.
 *
 * @module
 */
import { randomBytes } from "node:crypto";
import { scheduleTimeout } from "../clock.ts";
import { epochMs } from "../record/clock.ts";
import { messageOf } from "../errors.ts";
import type { Settings } from "../../core/mod.ts";
import { type NodeName, nodeName } from "../../core/cluster/mod.ts";
import { recordOf } from "../record/disk.ts";
import { createHost, type Host } from "./host.ts";
import { Member, type News } from "./member.ts";
import type { CallName, Calls, EngineSaid } from "./protocol.ts";
import { afterTurn } from "./turn.ts";

/** What happens to workers, for the log. */
export interface CrewEvents {
  /** A worker ended by itself; another takes its place after `delayMs`. */
  readonly ended: (place: number, why: string, delayMs: number) => void;
  /** Another has taken its place. */
  readonly replaced: (place: number) => void;
  /** A worker hangs: the process ends. */
  readonly hangs: (place: number) => void;
  /** No worker can be started in this place, because there are too few descriptors; called again while that is so. */
  readonly starved: (place: number) => void;
  /** The clients of a worker are asked to come back, and another takes its place. */
  readonly rotating: (place: number, leaks: number) => void;
}

export interface CrewOptions {
  readonly settings: Settings;
  /** How many workers there are. */
  readonly size: number;
  /** The port that they share. */
  readonly port: number;
  readonly isTerminal: boolean;
  /** Prints lines of their log. */
  readonly print: (lines: readonly string[]) => void;
  readonly events: CrewEvents;
  /** Ends the process, because a worker hangs. The others have stopped. */
  readonly onHung: () => void;
  /** After so many lost descriptors a worker is rotated. */
  readonly leaksMax: number;
  /** How many more descriptors the process may have; `null` if that cannot be known. */
  readonly freeDescriptors: () => Promise<number | null>;
  /** Whether workers are asked for metrics, and by the admin port. */
  readonly isWatched: boolean;
}

/** How long a worker may take to answer. */
const ANSWER_MAX_MS = 2_000;

/** How long a stop takes at most: 2 s for the clients, 1 s for the listener, half a second for the log. */
const STOP_MAX_MS = 4_000;

/** How long a worker that is rotated has to close its clients. */
const ROTATE_MS = 4_000;

/** How long after its end a worker is replaced: at first, and at most; doubled from one end to the next. */
const RESTART_MIN_MS = 100;
const RESTART_MAX_MS = 10_000;

/** A worker that ran for so long is replaced at once again. */
const STEADY_MS = 60_000;

/** A worker is started only if there are so many descriptors: a thread takes ten. */
export const LAUNCH_DESCRIPTORS = 64;

/** How long it waits for them. */
const STARVED_MS = 500;

/** How often the main thread looks whether workers answer. */
const WATCH_MS = 1_000;

/** Who has not answered for so many turns of that is not asked by who only watches. */
const SILENT_TURNS_MAX = 2;

/** All workers of a process. */
export class Crew {
  readonly #options: CrewOptions;
  readonly #settings: Settings;
  /** By place, those that were started and have not ended. */
  readonly #members = new Map<number, Member>();
  /** Those in whose place others are already. */
  readonly #leaving = new Set<Member>();
  readonly #places = new Map<number, Place>();
  /** The engine; `null` if that is a Redis. */
  readonly #host: Host | null;
  #cancelWatch = (): void => {};
  #isStopping = false;
  #isRotating = false;
  #launches = 0;
  #replacements = 0;

  /** Starts nothing yet. */
  constructor(options: CrewOptions) {
    const { settings } = options;
    this.#options = options;
    this.#settings = sharedSettings(options);
    const tell = (name: NodeName, said: EngineSaid): void => this.#named(name)?.post(said);
    const now = (): number => epochMs() + performance.now();
    const keptMs = settings.cluster_lease;
    this.#host = settings.cluster === "" ? createHost({ keptMs, now, tell, afterTurn }) : null;
  }

  /**
   * Starts the workers. Settles when all listen, with why their listeners cannot read the TLS files again; `null` if
   * they can.
   *
   * @throws {StartError} If one cannot start; all have ended then.
   */
  async start(): Promise<string | null> {
    const places = Array.from({ length: this.#options.size }, (_, i) => i + 1);
    const members = places.map((place) => this.#launch(place));
    try {
      const [first] = await Promise.all(members.map(({ listening }) => listening));
      this.#watch();
      return first?.cannotReload ?? null;
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  /** Has every worker do something, and returns what they say. Rejects if one fails, ends or is late. */
  callEach<Name extends CallName>(
    what: Name,
    argument: Calls[Name]["argument"],
    maxMs = ANSWER_MAX_MS,
  ): Promise<Calls[Name]["value"][]> {
    return Promise.all(this.#all().map((member) => member.call(what, argument, maxMs)));
  }

  /** The same, but leaves out those that fail, end or are late. */
  async callAll<Name extends CallName>(
    what: Name,
    argument: Calls[Name]["argument"],
    maxMs = ANSWER_MAX_MS,
    members: readonly Member[] = this.#all(),
  ): Promise<Calls[Name]["value"][]> {
    const said = await Promise.allSettled(
      members.map((member) => member.call(what, argument, maxMs)),
    );
    return said.flatMap((one) => one.status === "fulfilled" ? [one.value] : []);
  }

  /** The same for who watches: leaves out at once those that have not answered for a while. */
  ask<Name extends CallName>(
    what: Name,
    argument: Calls[Name]["argument"],
    maxMs: number,
  ): Promise<Calls[Name]["value"][]> {
    const members = [...this.#members.values()];
    const lively = members.filter(({ silentTurns }) => silentTurns <= SILENT_TURNS_MAX);
    return this.callAll(what, argument, maxMs, lively);
  }

  /** How many workers took the place of another. */
  get replacements(): number {
    return this.#replacements;
  }

  /** Stops all workers. Settles within 5 s. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.callAll("stop", null, STOP_MAX_MS);
    this.#end();
  }

  #end(): void {
    this.#isStopping = true;
    this.#cancelWatch();
    for (const { cancel } of this.#places.values()) cancel();
    for (const member of this.#all()) member.terminate();
  }

  #all(): Member[] {
    return [...this.#members.values(), ...this.#leaving];
  }

  #named(name: NodeName): Member | undefined {
    return this.#all().find((member) => member.name === name);
  }

  #launch(place: number): Member {
    const { size: sharers, isTerminal, print, isWatched } = this.#options;
    const name = nodeName(randomBytes(12).toString("base64url"));
    const settings = settingsAt(place, this.#settings);
    const member = new Member({
      orders: {
        ...{ place, launch: ++this.#launches, name, sharers, settings, isTerminal, isWatched },
        hasEngine: this.#host !== null,
      },
      print,
      onNews: (news) => this.#hear(member, news),
      onEnd: (why) => this.#replace(member, why),
    });
    if (this.#host !== null) {
      for (const other of this.#all()) connect(member, other);
    }
    this.#members.set(place, member);
    return member;
  }

  #hear(member: Member, news: News): void {
    switch (news.kind) {
      case "ask":
        return this.#host?.ask(member.name, news);
      case "ids-wanted":
        return member.post({ kind: "ids", text: this.#host?.ids() ?? "[]" });
      case "leaked":
        member.leaks = news.count;
    }
  }

  /** Takes out a worker that has ended, or ends it. */
  #remove(member: Member): void {
    member.terminate();
    if (this.#members.get(member.place) === member) this.#members.delete(member.place);
    this.#leaving.delete(member);
    this.#host?.end(member.name);
    const gone = { kind: "sibling-left", name: member.name } as const;
    for (const other of this.#all()) other.post(gone);
  }

  #replace(member: Member, why: string): void {
    if (this.#members.get(member.place) !== member) return;
    this.#remove(member);
    if (this.#isStopping) return;
    const place = this.#placeOf(member);
    const { delayMs } = place;
    place.delayMs = Math.min(RESTART_MAX_MS, 2 * delayMs);
    this.#options.events.ended(member.place, why, delayMs);
    place.cancel();
    place.cancel = scheduleTimeout(() => void this.#fill(member.place), delayMs);
  }

  async #fill(number: number): Promise<void> {
    if (!await this.#canLaunch() && !this.#isStopping) {
      this.#options.events.starved(number);
      const place = this.#placeOf({ place: number });
      place.cancel = scheduleTimeout(() => void this.#fill(number), STARVED_MS);
      return;
    }
    if (this.#isStopping) return;
    const member = this.#launch(number);
    try {
      await member.listening;
      this.#replacements++;
      this.#options.events.replaced(number);
      const place = this.#placeOf(member);
      place.cancel = scheduleTimeout(() => place.delayMs = RESTART_MIN_MS, STEADY_MS);
    } catch (error) {
      this.#replace(member, messageOf(error));
    }
  }

  /** Without descriptors a thread cannot start, and its failure ends the process. */
  async #canLaunch(): Promise<boolean> {
    return (await this.#options.freeDescriptors() ?? Infinity) >= LAUNCH_DESCRIPTORS;
  }

  #placeOf({ place: number }: Pick<Member, "place">): Place {
    const place = this.#places.get(number) ?? { delayMs: RESTART_MIN_MS, cancel: (): void => {} };
    this.#places.set(number, place);
    return place;
  }

  /**
   * Has another take the place of a worker, and asks its clients to come back. The other one is started first: what the
   * first gives back, connections that wait may take at once.
   */
  async #rotate(member: Member): Promise<void> {
    this.#isRotating = true;
    if (!await this.#canLaunch() || this.#members.get(member.place) !== member) {
      this.#isRotating = false;
      return;
    }
    this.#options.events.rotating(member.place, member.leaks);
    this.#members.delete(member.place);
    this.#leaving.add(member);
    await this.#fill(member.place);
    try {
      await member.call("drain", ROTATE_MS, 2 * ROTATE_MS);
      await member.call("stop", null, STOP_MAX_MS);
    } catch {
      // It has ended, or hangs: another takes its place all the same.
    }
    this.#isRotating = false;
    if (!this.#isStopping) this.#remove(member);
  }

  /**
   * Gives up if a worker does not answer for as long as a lease, and rotates one, at a time, that lost too many
   * descriptors. While the process stands still, nobody is looked at.
   */
  #watch(): void {
    this.#host?.readClock();
    const turns = Math.ceil(this.#settings.cluster_lease / WATCH_MS);
    for (const member of this.#members.values()) {
      if (!member.isListening) continue;
      if (member.silentTurns++ === 0) {
        member.call("ping", null, Infinity).then(() => void (member.silentTurns = 0), () => {});
      } else if (member.silentTurns > turns) return void this.#giveUp(member);
    }
    const leaky = this.#members.values().find(({ leaks }) => leaks >= this.#options.leaksMax);
    if (leaky !== undefined && !this.#isRotating) void this.#rotate(leaky);
    this.#cancelWatch = scheduleTimeout(() => this.#watch(), WATCH_MS);
  }

  /**
   * `Worker.terminate` waits until the thread returns to its event loop (in Deno 2.9 for ever, before 2 s). Until then
   * the system gives it its share of new connections, so that only the end of the process helps.
   */
  async #giveUp({ place }: Member): Promise<void> {
    if (this.#isStopping) return;
    this.#options.events.hangs(place);
    this.#members.delete(place);
    await this.stop();
    this.#options.onHung();
  }
}

interface Place {
  /** How long after the next end another takes it. */
  delayMs: number;
  /** Cancels what is to be done about it later. */
  cancel: () => void;
}

/** Frames of either go to the other from now on. */
function connect(a: Member, b: Member): void {
  const { port1, port2 } = new MessageChannel();
  a.post({ kind: "sibling", name: b.name, port: port1 }, [port1]);
  b.post({ kind: "sibling", name: a.name, port: port2 }, [port2]);
}

/**
 * What all workers are told: the port is bound, and the number of clients is counted by the engine, or split where that
 * is a Redis that others use too. The main thread has the admin port, from whose page clients come.
 */
function sharedSettings({ settings, size, port }: CrewOptions): Settings {
  const { cluster, cluster_secret, concurrent_limit } = settings;
  const common = { ...settings, port, workers: 1 };
  if (cluster !== "") {
    return { ...common, concurrent_limit: Math.ceil(concurrent_limit / size) };
  }
  const secret = cluster_secret === "" ? randomBytes(32).toString("base64url") : cluster_secret;
  return { ...common, cluster_secret: secret, cluster_limit: concurrent_limit };
}

function settingsAt(place: number, settings: Settings): Settings {
  const { record } = settings;
  return record === "" ? settings : { ...settings, record: recordOf(record, place) };
}
