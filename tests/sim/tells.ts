/**
 * Who is to be told that a letter was not delivered: exactly once for an attempt (QUEUE-3, QUEUE-4).
 *
 * Each step collects what is owed for the letters that failed in it, and what was told; both must agree. An
 * `EXPIRE` names only two peers, so it stands for all that waits between them. Who was told of a refusal is
 * told of no other for the same peer until it begins an attempt.
 *
 * @module
 */
import { RuleBroken } from "./failure.ts";
import type { Failure, Letter } from "./letter.ts";
import type { Session } from "./session.ts";

/** What is owed and told in one step. */
export class Tells {
  /** In which step the holder of one id was last told of another. */
  readonly #pairs = new Map<string, Pair>();
  /** Whether each must be told in this step, or only may be. */
  readonly #owed = new Map<Pair, "must" | "may">();
  readonly #told = new Map<Pair, number>();
  /** How often somebody was told. */
  count = 0;

  /** A letter reached the server: an offer or an answer begins an attempt. */
  begin(letter: Letter, session: Session): void {
    if (letter.type !== "CANDIDATE") session.refusalsTold.delete(letter.dst);
  }

  /** A letter failed, in this step: what is owed to `holder`, who has the id of its source now. */
  fail(letter: Letter, why: Failure, holder: Session | undefined): void {
    if (holder === undefined) return;
    const pair = this.#pairOf(holder.id, letter.dst);
    if (why === "refused") {
      if (holder.refusalsTold.has(letter.dst)) return;
      remember(holder.refusalsTold, letter.dst);
      this.#owed.set(pair, "must");
    } else if (holder.token === letter.owner && pair.toldStep <= letter.step) {
      // What was stored and told of in one step was stored before that, or after.
      const owed = pair.toldStep === letter.step ? "may" : "must";
      if (this.#owed.get(pair) !== "must") this.#owed.set(pair, owed);
    }
  }

  /** The holder of an id is told that a peer was not reached. */
  tell(holder: Session, dst: string): void {
    this.count++;
    const pair = this.#pairOf(holder.id, dst);
    this.#told.set(pair, (this.#told.get(pair) ?? 0) + 1);
  }

  /** The step is done: what was told must be what was owed. */
  settle(step: number, now: number): void {
    if (this.#owed.size === 0 && this.#told.size === 0) return;
    for (const [pair, owed] of this.#owed) {
      if (owed === "must" && !this.#told.has(pair)) throw broken(pair, now, "was not told");
    }
    for (const [pair, times] of this.#told) {
      if (!this.#owed.has(pair)) throw broken(pair, now, "was told again, or for nothing");
      if (times > 1) throw broken(pair, now, `was told ${times} times at once`);
      pair.toldStep = step;
      pair.toldAt = now;
    }
    this.#owed.clear();
    this.#told.clear();
  }

  /** Forgets who was told before then: nothing that was stored by then still waits. */
  forget(before: number): void {
    for (const [key, { toldAt }] of this.#pairs) {
      if (toldAt < before) this.#pairs.delete(key);
    }
  }

  #pairOf(src: string, dst: string): Pair {
    const key = `${src} ${dst}`;
    const known = this.#pairs.get(key);
    if (known !== undefined) return known;
    const fresh: Pair = { src, dst, toldStep: -1, toldAt: -1 };
    this.#pairs.set(key, fresh);
    return fresh;
  }
}

interface Pair {
  readonly src: string;
  readonly dst: string;
  toldStep: number;
  toldAt: number;
}

/** As many as a connection remembers (QUEUE-4). */
const TOLD_MAX = 64;

function remember(told: Set<string>, dst: string): void {
  told.add(dst);
  const [oldest] = told;
  if (told.size > TOLD_MAX && oldest !== undefined) told.delete(oldest);
}

function broken({ src, dst }: Pair, at: number, what: string): RuleBroken {
  return new RuleBroken({
    rule: "QUEUE-4",
    at,
    message: `${src} is to be told exactly once of an attempt at ${dst} that failed: it ${what}.`,
    peers: [src, dst],
  });
}
