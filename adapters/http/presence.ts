/**
 * Presence: streams of server-sent events that say who is listed, and who joins and leaves from then on.
 *
 * Changes are collected for a moment and encoded once, into a log that all streams share. A stream is a snapshot of the
 * list and a position in the log, and takes the next piece when its client has room. So a client that does not read
 * takes no memory but what the platform buffers for it, and is ended when it has asked for nothing for
 * `unsent_timeout`, or when what it still has to read is dropped from the log.
 *
 * @module
 */
import type { Settings } from "../../core/mod.ts";
import type { Ports } from "../runtime.ts";
import { hashable, Tally } from "../tally.ts";
import { piecesOf } from "./answers.ts";
import { ChangeLog, type Piece } from "./change_log.ts";
import type { StreamBody, StreamEnd } from "./stream.ts";

/** What is listed. */
export interface List {
  readonly has: (id: string) => boolean;
  /** All of it as a JSON array. */
  readonly text: () => string;
}

export interface PresencePorts {
  readonly settings: Pick<Settings, "max_watchers" | "max_unsent_bytes" | "unsent_timeout">;
  /** The time of the loop, which excludes pauses of the process. */
  readonly now: () => number;
  readonly schedule: Ports["schedule"];
  readonly list: List;
}

/** The streams of presence of one server. */
export class Presence {
  readonly #ports: PresencePorts;
  /** Watchers whose platform asks for more than there is. */
  #hungry = new Set<Watcher>();
  /** Those that were hungry when the round began, and are still to be served in it. */
  #waking = new Set<Watcher>();
  /** Those whose platform does not, in the order in which they last took something. */
  readonly #busy = new Set<Watcher>();
  /** The ids that may have changed since the last flush, and whether each was listed then. */
  readonly #touched = new Map<string, { readonly id: string; readonly wasListed: boolean }>();
  /** The streams of each address group that the platform has not released. */
  readonly #shares = new Tally();
  #count = 0;
  #log: ChangeLog;
  #latest: Snapshot | null = null;
  #appendedAt = 0;
  /** When the next round may begin. */
  #roundAt = 0;
  /** The end of the log when the last round began: nobody is given more. */
  #toldEnd = 0;
  #isStopped = false;
  #timer: { readonly at: number; readonly cancel: () => void } | null = null;

  constructor(ports: PresencePorts) {
    this.#ports = ports;
    this.#log = new ChangeLog(ports.settings.max_unsent_bytes);
  }

  /** Whether anybody watches. If not, changes need not be told. */
  get isWatched(): boolean {
    return this.#live > 0;
  }

  get #live(): number {
    return this.#busy.size + this.#hungry.size + this.#waking.size;
  }

  /** The streams that count: those that the platform has not released. */
  get count(): number {
    return this.#count;
  }

  /** The bytes of the log and of the latest snapshot. */
  get heldBytes(): number {
    return this.#log.heldBytes + (this.#latest?.length ?? 0);
  }

  /**
   * Notes that an id may have joined or left.
   *
   * @param wasListed Whether it was listed before that.
   */
  touch(id: string, wasListed: boolean): void {
    const key = hashable(id);
    if (this.#touched.has(key)) return;
    this.#touched.set(key, { id, wasListed });
    if (this.#touched.size >= TOUCHED_MAX) this.#flush();
    if (this.#touched.size === 1) this.#arm();
  }

  /** Begins a stream; `null` if there are too many, in all or of this address group. */
  watch(addressGroup: string): StreamBody | null {
    const { max_watchers } = this.#ports.settings;
    const share = Math.ceil(max_watchers / SHARE_DIVISOR);
    if (this.#isStopped || this.#count >= max_watchers) return null;
    if (this.#shares.of(addressGroup) >= share) return null;
    if (!this.isWatched) this.#appendedAt = this.#ports.now();
    const { pieces, position } = this.#snapshot();
    const watcher: Watcher = {
      addressGroup,
      snapshot: pieces,
      next: 0,
      position,
      servedAt: this.#ports.now(),
      take: null,
      onEnd: null,
      isReleased: false,
    };
    this.#count++;
    this.#shares.add(addressGroup, 1);
    this.#busy.add(watcher);
    this.#arm();
    return {
      pull: (take) => this.#pull(watcher, take),
      onEnd: (callback) => void (watcher.onEnd = callback),
      release: () => this.#release(watcher),
    };
  }

  /** Ends every stream, and begins no more. */
  stop(): void {
    this.#isStopped = true;
    for (const watcher of [...this.#hungry, ...this.#waking, ...this.#busy]) {
      this.#end(watcher, "stopped");
    }
  }

  #pull(watcher: Watcher, take: (piece: Piece) => void): void {
    if (!this.#busy.has(watcher)) return;
    watcher.take = take;
    if (watcher.snapshot === null && watcher.position >= this.#toldEnd) {
      this.#busy.delete(watcher);
      this.#hungry.add(watcher);
    } else this.#serve(watcher);
  }

  /** Gives a watcher that asked for it the next piece. */
  #serve(watcher: Watcher): void {
    if (!this.#log.reaches(watcher.position)) return this.#end(watcher, "slow");
    const { take } = watcher;
    const piece = takeNext(watcher, this.#log);
    watcher.take = null;
    watcher.servedAt = this.#ports.now();
    this.#busy.delete(watcher);
    this.#busy.add(watcher);
    this.#arm();
    take?.(piece);
  }

  #end(watcher: Watcher, why: StreamEnd): void {
    const wasLive = [this.#hungry, this.#waking, this.#busy].some((set) => set.delete(watcher));
    watcher.snapshot = null;
    watcher.take = null;
    if (wasLive && !this.isWatched) this.#rest();
    watcher.onEnd?.(why);
  }

  /** The client is gone, or the platform has let go of a stream that was ended. */
  #release(watcher: Watcher): void {
    if (watcher.isReleased) return;
    watcher.isReleased = true;
    watcher.onEnd = null;
    this.#count--;
    this.#shares.add(watcher.addressGroup, -1);
    this.#end(watcher, "stopped");
  }

  /** Nobody watches any more. */
  #rest(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#touched.clear();
    this.#log = new ChangeLog(this.#ports.settings.max_unsent_bytes);
    this.#latest = null;
    this.#toldEnd = 0;
  }

  /** A snapshot serves, with the changes since, until those are longer than it: so many who come together share it. */
  #snapshot(): Snapshot {
    const log = this.#log;
    const latest = this.#latest;
    if (latest !== null && log.reaches(latest.position)) {
      if (log.appendedBytes - latest.appendedBytes <= latest.length) return latest;
    }
    this.#flush();
    const text = `retry: ${RETRY_MS}\nevent: peers\ndata: ${this.#ports.list.text()}\n\n`;
    const pieces = piecesOf(text);
    const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
    return this.#latest = { pieces, length, position: log.end, appendedBytes: log.appendedBytes };
  }

  /** Writes the changes into the log. Who left and came again meanwhile has not changed. */
  #flush(): void {
    let text = "";
    for (const { id, wasListed } of this.#touched.values()) {
      const isListed = this.#ports.list.has(id);
      if (isListed !== wasListed) text += eventOf(isListed, id);
    }
    this.#touched.clear();
    if (text !== "") this.#append(text);
  }

  #append(text: string): void {
    this.#log.append(text);
    this.#appendedAt = this.#ports.now();
  }

  /** Whether there is something that no round has told yet. */
  get #hasNews(): boolean {
    return this.#touched.size > 0 || this.#log.end > this.#toldEnd;
  }

  /** Tells all changes so far to whoever is hungry, in the turns that follow. */
  #beginRound(at: number): void {
    this.#flush();
    if (this.#log.end === this.#toldEnd) return;
    this.#toldEnd = this.#log.end;
    this.#roundAt = at + Math.max(BATCH_MS, this.#live * MS_PER_WATCHER);
    [this.#waking, this.#hungry] = [this.#hungry, this.#waking];
  }

  /** Does what is due, for so many watchers in one turn of the event loop. */
  #beat(): void {
    this.#timer = null;
    const at = this.#ports.now();
    const { unsent_timeout } = this.#ports.settings;
    // The sums are those of `#arm`: their rounding decides whether what is due is due.
    if (at >= this.#appendedAt + COMMENT_MS) this.#append(COMMENT);
    if (this.#hasNews && this.#waking.size === 0 && at >= this.#roundAt) this.#beginRound(at);
    let turns = WATCHERS_PER_TURN;
    for (const watcher of this.#waking) {
      if (turns-- === 0) break;
      this.#waking.delete(watcher);
      // One that came after a change has it in its snapshot.
      if (watcher.position < this.#toldEnd) this.#serve(watcher);
      else this.#hungry.add(watcher);
    }
    for (const watcher of this.#busy) {
      if (at < watcher.servedAt + unsent_timeout || turns-- <= 0) break;
      this.#end(watcher, "slow");
    }
    if (this.isWatched) this.#arm();
  }

  /** Sets the timer for what is due next, unless it fires earlier anyway. */
  #arm(): void {
    const now = this.#ports.now();
    const [busy] = this.#busy;
    const at = Math.min(
      this.#appendedAt + COMMENT_MS,
      this.#waking.size > 0 ? now : Infinity,
      this.#hasNews ? Math.max(this.#roundAt, now + BATCH_MS) : Infinity,
      busy === undefined ? Infinity : busy.servedAt + this.#ports.settings.unsent_timeout,
    );
    if (this.#timer !== null && this.#timer.at <= at) return;
    this.#timer?.cancel();
    const cancel = this.#ports.schedule(() => this.#beat(), Math.max(0, Math.ceil(at - now)));
    this.#timer = { at, cancel };
  }
}

/** Settings of `EventSource` and of proxies end a silent stream after 30 s and more. */
export const COMMENT_MS = 15_000;

/** How long changes are collected. */
export const BATCH_MS = 50;

/** To wake a watcher takes 0.04 ms with what the platform does: all together take at most a tenth of the time. */
export const MS_PER_WATCHER = 0.4;

/** Little more than 1 ms in one turn of the event loop. */
export const WATCHERS_PER_TURN = 32;

/** One address group may have a quarter of `max_watchers`. */
const SHARE_DIVISOR = 4;

/** When a browser comes again after a stream has ended. */
const RETRY_MS = 3_000;

/** With so many changes a batch is encoded at once. */
const TOUCHED_MAX = 10_000;

const COMMENT = ":\n\n";

/** A stream that was not ended. */
interface Watcher {
  readonly addressGroup: string;
  /** The pieces of its snapshot, until it has taken the last of them. */
  snapshot: readonly Piece[] | null;
  /** The index in `snapshot` of its next piece. */
  next: number;
  /** The number in the log of the first piece after its snapshot. */
  position: number;
  servedAt: number;
  /** Where the next piece goes, while the platform asks for one. */
  take: ((piece: Piece) => void) | null;
  onEnd: ((why: StreamEnd) => void) | null;
  isReleased: boolean;
}

/** The list at a position of the log. */
interface Snapshot {
  readonly pieces: readonly Piece[];
  readonly length: number;
  readonly position: number;
  /** The bytes of the log up to there. */
  readonly appendedBytes: number;
}

function takeNext(watcher: Watcher, log: ChangeLog): Piece {
  const { snapshot } = watcher;
  const piece = snapshot === null ? log.piece(watcher.position++) : snapshot[watcher.next++];
  if (watcher.next === snapshot?.length) watcher.snapshot = null;
  if (piece === undefined) throw new TypeError("There is nothing to take");
  return piece;
}

/** JSON escapes the ends of lines, so an id cannot break the framing. */
function eventOf(isListed: boolean, id: string): string {
  return `event: ${isListed ? "join" : "leave"}\ndata: ${JSON.stringify(id)}\n\n`;
}
