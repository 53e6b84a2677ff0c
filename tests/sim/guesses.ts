/**
 * How many wrong tokens each address has tried, which says whether a right one may be refused (LIMIT-3).
 *
 * @module
 */
import { CLOSE, type Settings } from "../../core/mod.ts";
import type { Step } from "./loop.ts";
import type { Session } from "./session.ts";

/** The wrong tokens of all addresses since the beginning. */
export class Guesses {
  readonly #burst: number;
  readonly #byAddress = new Map<string, number>();

  /** Nobody has guessed. */
  constructor({ wrong_token_burst }: Settings) {
    this.#burst = wrong_token_burst;
  }

  /** Counts a wrong token. */
  add(session: Session): void {
    this.#byAddress.set(session.link.address, this.#of(session) + 1);
  }

  /** Whether effects say that the id is taken, and the address has tried as many wrong tokens as it may. */
  explain(effects: Step["effects"], session: Session): boolean {
    return this.#of(session) >= this.#burst &&
      effects.some((effect) => effect.kind === "close" && effect.code === CLOSE.idTaken);
  }

  #of({ link }: Session): number {
    return this.#byAddress.get(link.address) ?? 0;
  }
}
