/**
 * The changes of a list as bytes that all watchers share, in the order in which they happened.
 *
 * @module
 */
import { piecesOf } from "./answers.ts";

/** A part of a stream. Shared: do not change it. */
export type Piece = Uint8Array<ArrayBuffer>;

/** Numbered pieces, of which the oldest are dropped when all together take more than a bound. */
export class ChangeLog {
  readonly #maxBytes: number;
  readonly #pieces = new Map<number, Piece>();
  #first = 0;
  #end = 0;
  #heldBytes = 0;
  #appendedBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The number that the next piece gets. */
  get end(): number {
    return this.#end;
  }

  /** The bytes of all pieces so far, dropped or not. */
  get appendedBytes(): number {
    return this.#appendedBytes;
  }

  /** The memory of the pieces that are there. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  append(text: string): void {
    for (const piece of piecesOf(text)) {
      this.#pieces.set(this.#end++, piece);
      this.#heldBytes += piece.length + PIECE_OVERHEAD_BYTES;
      this.#appendedBytes += piece.length;
    }
    while (this.#heldBytes > this.#maxBytes) this.#drop();
  }

  /** Whether everything from this number on is there, or still to come. */
  reaches(number: number): boolean {
    return number >= this.#first;
  }

  piece(number: number): Piece | undefined {
    return this.#pieces.get(number);
  }

  #drop(): void {
    const length = this.#pieces.get(this.#first)?.length ?? 0;
    this.#pieces.delete(this.#first++);
    this.#heldBytes -= length + PIECE_OVERHEAD_BYTES;
  }
}

/** What V8 takes for a piece beside its bytes. */
const PIECE_OVERHEAD_BYTES = 256;
