/**
 * Several nodes, one engine, their clients: put together from one seed, and looked at after every step.
 *
 * @module
 */
import type { Engine, EngineAnswer, EngineCommand } from "../../../core/cluster/mod.ts";
import type { LinkFrame } from "../../../core/cluster/member.ts";
import {
  connId,
  type Effect,
  type Event,
  mapEntries,
  mapGet,
  type PartialSettings,
  peerId,
  type Settings,
  settingsFrom,
  violations,
} from "../../../core/mod.ts";
import { Agenda } from "../../sim/agenda.ts";
import { type Dice, diceOf } from "../../sim/dice.ts";
import { EngineHost } from "./engine_host.ts";
import { Person } from "./person.ts";
import { type Letter, Post } from "./post.ts";
import { SimNode } from "./sim_node.ts";
import { Broken, Watch } from "./watch.ts";

/** How big a fleet is. */
export interface FleetOptions {
  readonly seed: number;
  readonly nodes: number;
  readonly people: number;
  readonly settings: PartialSettings;
  readonly isNear: boolean;
}

/** When something was wrong, and with whom; `null` for all. */
interface Disturbance {
  readonly node: SimNode | null;
  readonly from: number;
  until: number;
}

/** Everything of one run. */
export class Fleet {
  readonly agenda = new Agenda();
  readonly watch = new Watch();
  readonly dice: Dice;
  readonly host: EngineHost;
  readonly post: Post;
  readonly settings: Settings;
  readonly nodes: SimNode[];
  readonly people: Person[] = [];
  /** From now on nobody says anything of their own accord. */
  isFinal = false;
  #disturbances: Disturbance[] = [];
  /** When sockets got their ids. */
  readonly #admitted = new Map<number, number>();
  readonly #seqs = new Map<number, number>();
  /** By sender and receiver, when the last frame of threads arrives. */
  readonly #arrivals = new Map<string, number>();
  #names = 0;
  #conns = 0;

  constructor({ seed, nodes, people, settings, isNear }: FleetOptions) {
    this.dice = diceOf(seed);
    this.settings = settingsFrom(settings);
    const { agenda, dice } = this;
    this.post = new Post({
      now: () => agenda.now,
      mayBeBoth: (letter) => this.#wasDisturbed(letter),
      onExpired: (letter) => this.#checkExpired(letter),
    });
    const count = (what: string): void => this.watch.count(what);
    this.host = new EngineHost({
      ...{ agenda, dice, count },
      onCommand: (...told) => this.#onCommand(...told),
    });
    const fresh = (what: string): string => `${what}${++this.#names}`;
    this.nodes = Array.from({ length: nodes }, (_, index) =>
      new SimNode({
        ...{ index, agenda, dice, count, fresh },
        host: this.host,
        settings: this.settings,
        isNear,
        deliver: (frame) => this.#deliver(frame),
        observer: {
          before: (node, event) => this.post.before(node, event),
          after: (node, event, effects) => this.#after(node, event, effects),
        },
        nextConn: () => connId(++this.#conns),
      }));
    for (let i = 0; i < people; i++) this.people.push(this.#person(i));
  }

  /** Counts something. */
  count(what: string): void {
    this.watch.count(what);
  }

  /** Something is wrong with a node, or with all, from now on for so long. */
  disturb(node: SimNode | null, ms: number): void {
    const { now } = this.agenda;
    this.#disturbances = this.#disturbances.filter(({ until }) => until > now - 60_000);
    this.#disturbances.push({ node, from: now, until: now + ms });
  }

  /** Most have an id of their own; some are another's second tab, or want another's id. */
  #person(index: number): Person {
    const other = this.people.at(-1);
    if (other !== undefined && index % 3 === 2) {
      return new Person(this, other.id, index % 4 < 2 ? other.token : `rival${index}`);
    }
    return new Person(this, `p${index}`, `token${index}`);
  }

  /** A port loses nothing, and keeps the order. */
  #deliver(frame: LinkFrame): void {
    const { agenda, dice, nodes } = this;
    const pair = `${frame.from} ${frame.to}`;
    const at = Math.max(this.#arrivals.get(pair) ?? 0, agenda.now + dice.between(0, 30));
    this.#arrivals.set(pair, at);
    agenda.at(at, () => {
      const to = nodes.find(({ state }) => state.cluster?.name === frame.to);
      if (to !== undefined && to.process !== null) to.dispatch({ kind: "link-received", frame });
    });
  }

  #after(node: SimNode, event: Event, effects: readonly Effect[]): void {
    const { agenda: { now }, watch } = this;
    watch.note(now, node.label, [event, effects]);
    watch.count(event.kind);
    for (const effect of effects) {
      if (effect.kind === "note") watch.count(effect.what);
      if (effect.kind === "note" && effect.what === "admitted") {
        this.#admitted.set(effect.conn, now);
      }
    }
    const [first] = violations(node.state);
    if (first !== undefined) throw new Broken("STATE-3", now, `${node.label}: ${first}`);
    for (const effect of effects) {
      if (effect.kind === "publish") this.#checkPublish(node, effect.frame);
    }
    if (event.kind === "engine-answered") this.#checkLeft(node, effects);
    for (const [, { conn, seq }] of mapEntries(node.state.claims)) this.#seqs.set(conn, seq);
    this.post.after(node, event, effects);
    if (event.kind !== "link-received") return;
    this.#checkLease(node, effects);
    this.#checkSeqs(node, event.frame, effects);
  }

  /** A node that is cut, or has no name, sends no messages to others. */
  #checkPublish({ state: { cluster }, label, now }: SimNode, { from, carried }: LinkFrame): void {
    const isCut = cluster === null || cluster.leaseUntil <= now;
    if ((from as string) !== "" && !(isCut && carried.length > 0)) return;
    throw new Broken("CLUSTER-5", this.agenda.now, `${label} publishes as ${from}, and is cut`);
  }

  /** A node takes messages of others only while the engine counts it as alive. */
  #checkLease({ state, label }: SimNode, effects: readonly Effect[]): void {
    const { host, agenda: { now }, settings } = this;
    if (now - host.disturbedAt < 2 * settings.cluster_lease) return;
    const hasTaken = effects.some((one) => one.kind === "send" && one.meaning.kind === "message");
    const name = state.cluster?.name;
    if (!hasTaken || name === undefined) return;
    const node = mapGet(host.engine.nodes, name);
    if ((node?.leaseEnd ?? 0) > host.now) return;
    throw new Broken("CLUSTER-5", now, `${label} takes messages, and its lease is over`);
  }

  /** Nobody is disconnected for a claim that is not theirs any more. */
  #checkLeft({ state, label }: SimNode, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "note" || effect.what !== "left") continue;
      const { conn, id } = effect;
      const claim = mapGet(this.host.engine.claims, id);
      if (claim?.node !== state.cluster?.name || claim?.seq !== this.#seqs.get(conn)) continue;
      throw new Broken("CLUSTER-4", this.agenda.now, `${label} closes ${conn}, which holds ${id}`);
    }
  }

  /** A node takes a message only for the claim by which it was routed. */
  #checkSeqs({ state, label }: SimNode, { carried }: LinkFrame, effects: readonly Effect[]): void {
    for (const effect of effects) {
      if (effect.kind !== "send" || effect.meaning.kind !== "message") continue;
      const { meaning } = effect;
      const one = carried.find(({ message }) => message?.text === meaning.text);
      const claim = mapGet(state.claims, meaning.dst);
      if (one === undefined || one.seq === claim?.seq) continue;
      const what = `${label} took for ${claim?.seq} what was routed by ${one.seq}`;
      throw new Broken("CLUSTER-1", this.agenda.now, what);
    }
  }

  #onCommand(command: EngineCommand, answer: EngineAnswer, before: Engine): void {
    const { agenda: { now }, watch } = this;
    watch.note(now, "engine", [command, answer]);
    if (answer.kind === "gone" || answer.kind === "stale" || answer.kind === "past") {
      watch.count(`answered ${answer.kind}`);
    }
    if (answer.kind === "crowded") {
      // Nobody is told when that id arrives: what waits for it may expire.
      watch.count("answered crowded");
      this.disturb(null, this.settings.expire_timeout);
    }
    if (command.kind !== "close" && command.kind !== "abandon") return;
    const asker = this.nodes.find(({ state }) => state.cluster?.name === command.node);
    const ids = command.kind === "close" ? command.claims.map(({ id }) => id) : [command.id];
    for (const id of ids) {
      const former = mapGet(before.claims, id);
      if (former === undefined || mapGet(this.host.engine.claims, id) === former) continue;
      const held = asker === undefined ? undefined : mapGet(asker.state.claims, id);
      if (former.node !== command.node || held?.seq === former.seq) {
        throw new Broken("CLUSTER-4", now, `${command.node} gives up ${id}, which is held`);
      }
    }
  }

  #wasDisturbed({ node, sentAt, deliveredBy }: Letter, { isAny = false } = {}): boolean {
    const { now } = this.agenda;
    const who = [node, deliveredBy, null];
    return this.#disturbances.some((one) =>
      (isAny || who.includes(one.node)) && one.from <= now && one.until >= sentAt - 1_000
    );
  }

  /** Whoever is connected, and was for a while, gets what is sent to it. */
  #checkExpired(letter: Letter): void {
    const { agenda: { now }, nodes, settings } = this;
    const { n, dst, deliveredBy, type } = letter;
    if (deliveredBy !== null || type === "LEAVE") return;
    for (const node of nodes) {
      const holder = mapGet(node.state.claims, peerId(dst));
      if (holder === undefined || node.process === null) continue;
      const since = Math.max(letter.sentAt, this.#admitted.get(holder.conn) ?? now);
      const atMs = since + Math.min(1_500, settings.expire_timeout * 0.7);
      if (atMs > now || this.#wasDisturbed(letter, { isAny: true })) continue;
      throw new Broken("QUEUE-1", now, `message ${n} expired, and ${dst} is at ${node.label}`);
    }
  }
}
