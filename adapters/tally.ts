/**
 * Amounts by key, such as what each address group holds.
 *
 * @module
 */

/** Amounts by key. A key whose amount is 0 takes no memory. */
export class Tally {
  readonly #amounts = new Map<string, number>();

  of(key: string): number {
    return this.#amounts.get(hashable(key)) ?? 0;
  }

  /** @param amount Negative to take away what was added before. */
  add(key: string, amount: number): void {
    const sum = this.of(key) + amount;
    if (sum > 0) this.#amounts.set(hashable(key), sum);
    else this.#amounts.delete(hashable(key));
  }
}

/**
 * A key for a native Map in place of a text that clients choose. V8 hashes a string that is an array index without its
 * secret seed, so clients could choose keys that collide.
 */
export function hashable(key: string): string {
  return `a${key}`;
}
