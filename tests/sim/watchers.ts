/**
 * Streams of presence in virtual time: watchers come and go, read at once, slowly or never. What each of them was told
 * is the list of the server, changes of the last moment aside.
 */
import { Presence } from "../../adapters/http/presence.ts";
import type { StreamBody } from "../../adapters/http/stream.ts";
import { touchBy } from "../../adapters/http/watching.ts";
import { connectedIds, mapHas, peerId, peerList, type State } from "../../core/mod.ts";
import type { Step } from "../history/play.ts";
import { PeersReader } from "../support/events.ts";
import type { Agenda } from "./agenda.ts";
import { type Dice, pick } from "./dice.ts";
import { RuleBroken } from "./watch.ts";

export interface WatchersOptions {
  readonly agenda: Agenda;
  /** Dice of their own, so that they change nothing of a run. */
  readonly dice: Dice;
  readonly state: () => State;
}

/** One who watches. */
interface Watcher {
  readonly body: StreamBody;
  readonly reader: PeersReader;
  /** How long it takes for a piece; it reads none if that is infinite. */
  readonly paceMs: number;
  /** Whether it has read all that there is. */
  isCaughtUp: boolean;
  isGone: boolean;
}

export class Watchers {
  readonly presence: Presence;
  readonly #options: WatchersOptions;
  readonly #watchers = new Set<Watcher>();
  /** When each id last came or went. */
  readonly #changedAt = new Map<string, number>();
  readonly counts = { came: 0, refused: 0, ended: 0, events: 0, checked: 0 };

  constructor(options: WatchersOptions) {
    this.#options = options;
    const { agenda, state } = options;
    this.presence = new Presence({
      settings: { max_watchers: 16, max_unsent_bytes: 65_536, unsent_timeout: 5_000 },
      now: () => agenda.now,
      schedule: (callback, delayMs) => {
        let isCancelled = false;
        agenda.after(delayMs, () => isCancelled || callback());
        return () => void (isCancelled = true);
      },
      list: {
        has: (id) => mapHas(state().claims, peerId(id)),
        text: () => peerList(state()),
      },
    });
  }

  observe({ effects, now }: Step): void {
    for (const effect of effects) {
      if (effect.kind !== "note") continue;
      if (effect.what === "left" || effect.what === "admitted") this.#changedAt.set(effect.id, now);
      if (this.presence.isWatched) touchBy(this.presence, effect);
    }
  }

  /** Lets watchers come for as long as `isOver` says. */
  begin(isOver: () => boolean): void {
    const { agenda, dice } = this.#options;
    agenda.after(dice.around(COME_EVERY_MS), () => {
      if (isOver()) return;
      this.#come();
      this.begin(isOver);
    });
  }

  /** Nobody watches any more. */
  end(): void {
    for (const watcher of [...this.#watchers]) this.#go(watcher);
  }

  #come(): void {
    const { agenda, dice } = this.#options;
    const body = this.presence.watch(pick(dice, ADDRESSES));
    if (body === null) return void this.counts.refused++;
    const paceMs = pick(dice, PACES_MS);
    const watcher = { body, reader: new PeersReader(), paceMs, isCaughtUp: false, isGone: false };
    this.counts.came++;
    this.#watchers.add(watcher);
    body.onEnd(() => this.#ended(watcher));
    if (paceMs < Infinity) this.#read(watcher);
    agenda.after(dice.around(STAY_MS), () => this.#go(watcher));
  }

  #read(watcher: Watcher): void {
    if (watcher.isGone) return;
    watcher.isCaughtUp = true;
    watcher.body.pull((piece) => {
      watcher.isCaughtUp = false;
      this.#options.agenda.after(watcher.paceMs, () => {
        this.#news(watcher, piece);
        this.#read(watcher);
        if (watcher.isCaughtUp) this.#check(watcher);
      });
    });
  }

  #news({ reader }: Watcher, piece: Uint8Array): void {
    try {
      reader.read(piece);
      this.counts.events++;
    } catch (error) {
      throw new RuleBroken("HTTP-15", this.#options.agenda.now, String(error), []);
    }
  }

  /** Looks at what all those were told who have read all. */
  check(): void {
    for (const watcher of this.#watchers) if (watcher.isCaughtUp) this.#check(watcher);
  }

  #check({ reader: { list } }: Watcher): void {
    if (list === null) return;
    const { agenda: { now }, state } = this.#options;
    const ids = new Set<string>(connectedIds(state()));
    const wrong = [...list.symmetricDifference(ids)].find((id) =>
      now - (this.#changedAt.get(id) ?? 0) > BATCH_MAX_MS
    );
    this.counts.checked++;
    if (wrong === undefined) return;
    const what = `${wrong} is ${
      ids.has(wrong) ? "" : "not "
    }connected, and a watcher was told else`;
    throw new RuleBroken("HTTP-15", now, what, [wrong]);
  }

  /** The server ended a stream: only that of a client that reads too slowly. */
  #ended(watcher: Watcher): void {
    this.counts.ended++;
    this.#go(watcher);
    if (watcher.paceMs >= SLOW_MS) return;
    throw new RuleBroken("FAULT-45", this.#options.agenda.now, "one who reads was ended", []);
  }

  #go(watcher: Watcher): void {
    watcher.isGone = true;
    watcher.isCaughtUp = false;
    this.#watchers.delete(watcher);
    watcher.body.release();
  }
}

const COME_EVERY_MS = 2_000;
const STAY_MS = 30_000;

/** Two batches: one that is open, and one that a change has just missed. */
const BATCH_MAX_MS = 110;

/** From how long for a piece on a reader may be ended: the log may be full before. */
const SLOW_MS = 1_000;

const PACES_MS = [0, 0, 5, 40, SLOW_MS, 4_000, Infinity];
const ADDRESSES = ["a", "b", "c", "d", "e", "f"];
