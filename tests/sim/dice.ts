/** Random numbers that a seed gives again: sfc32, the "small fast counting" generator of PractRand. */

/** Random numbers of several kinds, all drawn from one seed. */
export interface Dice {
  /** At least 0 and below 1. */
  readonly chance: () => number;
  readonly below: (bound: number) => number;
  readonly between: (low: number, high: number) => number;
  readonly isLucky: (probability: number) => boolean;
  /** How long until something happens that happens every `mean` on average: exponential. */
  readonly around: (mean: number) => number;
}

/** The numbers of a seed, a whole number below 2^32. */
export function diceOf(seed: number): Dice {
  let [a, b, c, counter] = [seed | 0, 0x9e3779b9 | 0, 0x243f6a88 | 0, 1];
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // Neighbouring seeds need some rounds until their numbers have nothing in common.
  for (let i = 0; i < 16; i++) next();
  const chance = (): number => next() / 2 ** 32;
  return {
    chance,
    below: (bound) => Math.floor(chance() * bound),
    between: (low, high) => low + chance() * (high - low),
    isLucky: (probability) => chance() < probability,
    around: (mean) => -Math.log(1 - chance()) * mean,
  };
}

export function pick<T>(dice: Dice, list: readonly T[]): T {
  const item = list[dice.below(list.length)];
  if (item === undefined) throw new RangeError("There is nothing to pick from");
  return item;
}
