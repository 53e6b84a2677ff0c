/**
 * A list in pieces. To add a value at its end, or to take some off its beginning, copies one piece and the list of
 * pieces, not all values; and it is plain data.
 *
 * @module
 */

/** No piece is empty. */
export type Pieces<T> = readonly (readonly T[])[];

/** The most values of a piece: of a list of a thousand values, adding one copies at most twice as many. */
const PIECE_MAX = 32;

/** Adds a value at the end. */
export function withLast<T>(list: Pieces<T>, value: T): Pieces<T> {
  const last = list.at(-1);
  return last === undefined || last.length >= PIECE_MAX
    ? [...list, [value]]
    : [...list.slice(0, -1), [...last, value]];
}

/** Takes so many values off the beginning, at most all. */
export function withoutFirst<T>(list: Pieces<T>, count: number): Pieces<T> {
  let [from, left] = [0, count];
  for (let piece = list[from]; piece !== undefined && piece.length <= left; piece = list[++from]) {
    left -= piece.length;
  }
  const [first, ...rest] = list.slice(from);
  if (first === undefined) return [];
  return left === 0 ? [first, ...rest] : [first.slice(left), ...rest];
}

/** The first values, at most so many. */
export function firstOf<T>(list: Pieces<T>, count: number): readonly T[] {
  const values: T[] = [];
  for (const piece of list) {
    if (values.length >= count) break;
    values.push(...piece.slice(0, count - values.length));
  }
  return values;
}

/** The list with each value replaced. */
export function replaced<T>(list: Pieces<T>, by: (value: T) => T): Pieces<T> {
  return list.map((piece) => piece.map(by));
}
