/**
 * Limits the memory and the time of long answers that clients have not read yet.
 *
 * Only the list of peers is long: it grows with the number of clients. Requests for the same list share its bytes, and
 * a listener takes them in pieces as the client reads. An answer also holds what the platform buffers for it. Both
 * count until the platform releases the answer.
 *
 * @module
 */
import { peerList, type Settings, type State } from "../../core/mod.ts";
import { Tally } from "../tally.ts";

/** A body that is sent in pieces. */
export interface LongBody {
  /** The sum of all pieces, in bytes. */
  readonly length: number;
  /** Shared between answers: do not change them. */
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  /** Registers a callback for `answer_timeout`: the listener must not send any more pieces then. */
  readonly onTimeout: (callback: () => void) => void;
  /** Reports that the platform has sent or dropped the answer. A second call does nothing. */
  readonly release: () => void;
}

/** A body with more characters is long. Only a list of peers has as many. */
export const LONG_LENGTH = 4_096;

/** The long answers of one server. */
export class Answers {
  readonly #limits: Pick<Settings, "max_answer_bytes" | "answer_timeout">;
  readonly #schedule: (callback: () => void, delayMs: number) => () => void;
  /** The buffered bytes of each address group. */
  readonly #shares = new Tally();
  /** The function that ends each answer that is still being sent. */
  readonly #open = new Set<() => void>();
  #heldBytes = 0;
  /** The most recent text, while some answer sends it. */
  #latest: Shared | null = null;

  /** @param schedule Calls back once. Returns a function that cancels it. */
  constructor(
    limits: Pick<Settings, "max_answer_bytes" | "answer_timeout">,
    schedule: (callback: () => void, delayMs: number) => () => void,
  ) {
    this.#limits = limits;
    this.#schedule = schedule;
  }

  /** The memory of all answers, in bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * Returns a body for a text; `null` if too much is unread, in total or by this address group. An answer that is
   * alone is never refused for its length.
   */
  begin(text: string, addressGroup: string): LongBody | null {
    const shared = this.#latest?.text === text ? this.#latest : encodeShared(text);
    const buffered = Math.min(shared.length, BUFFERED_BYTES);
    const added = buffered + (shared.answers === 0 ? shared.length : 0);
    const max = this.#limits.max_answer_bytes;
    if (this.#heldBytes > 0 && this.#heldBytes + added > max) return null;
    const share = this.#shares.of(addressGroup);
    if (share > 0 && share + buffered > max / SHARE_DIVISOR) return null;
    this.#heldBytes += added;
    this.#shares.add(addressGroup, buffered);
    this.#latest = shared;
    shared.answers++;
    return this.#bodyOf(shared, addressGroup, buffered);
  }

  /** Ends every answer that is still being sent. */
  stop(): void {
    for (const end of [...this.#open]) end();
  }

  #bodyOf(shared: Shared, addressGroup: string, buffered: number): LongBody {
    let timedOut: (() => void) | null = null;
    let isSent = false;
    let isReleased = false;
    const stopSending = (): void => {
      if (isSent) return;
      isSent = true;
      cancel();
      this.#open.delete(end);
      this.#unshare(shared);
    };
    const end = (): void => {
      stopSending();
      timedOut?.();
    };
    const release = (): void => {
      stopSending();
      if (isReleased) return;
      isReleased = true;
      this.#heldBytes -= buffered;
      this.#shares.add(addressGroup, -buffered);
    };
    const cancel = this.#schedule(end, this.#limits.answer_timeout);
    this.#open.add(end);
    const { length, pieces } = shared;
    return { length, pieces, onTimeout: (callback) => void (timedOut = callback), release };
  }

  #unshare(shared: Shared): void {
    shared.answers--;
    if (shared.answers > 0) return;
    this.#heldBytes -= shared.length;
    if (this.#latest === shared) this.#latest = null;
  }
}

/**
 * Turns a body into a stream for `Deno.serve`. On a timeout the stream ends before its length, which makes Deno end the
 * connection.
 *
 * @param completed Settles when the response is sent or dropped. Without it, what the platform has taken counts as
 * sent.
 */
export function streamOf(
  { pieces, onTimeout, release }: LongBody,
  completed: Promise<void> | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let next = 0;
  const end = (): void => {
    next = pieces.length;
    if (completed === undefined) release();
  };
  completed?.then(release, release);
  return new ReadableStream({
    start: (controller) =>
      onTimeout(() => {
        if (next === pieces.length) return;
        end();
        controller.close();
      }),
    pull: (controller) => {
      const piece = pieces[next];
      if (piece === undefined) return;
      controller.enqueue(piece);
      next++;
      if (next < pieces.length) return;
      end();
      controller.close();
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

/**
 * A function that returns the list of peers, cached while the clients stay the same. A long list may be out of date for
 * a moment, so that requests for it take at most a tenth of the CPU time while clients come and go.
 */
export function cachedPeerList(now: () => number): (state: State) => string {
  let claims: State["claims"] | null = null;
  let text = "";
  let madeAt = 0;
  return (state) => {
    if (claims === state.claims) return text;
    if (now() - madeAt < text.length / CHARACTERS_PER_MS) return text;
    text = peerList(state);
    claims = state.claims;
    madeAt = now();
    return text;
  };
}

/** How old a list may be for its length: making and sending 10,000 characters takes 0.1 ms. */
const CHARACTERS_PER_MS = 10_000;

/** How much of a body the platform gets at once. */
const PIECE_BYTES = 16_384;

/** What the platform buffers of an unread answer: up to 0.3 MB with `Deno.serve`. */
const BUFFERED_BYTES = 327_680;

/** One address group may use a quarter of `max_answer_bytes`. */
const SHARE_DIVISOR = 4;

/** The bytes of a text, shared by the answers that send it. */
interface Shared {
  readonly text: string;
  readonly length: number;
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  /** The number of answers that send it. */
  answers: number;
}

function encodeShared(text: string): Shared {
  const pieces = piecesOf(text);
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  return { text, length, pieces, answers: 0 };
}

/** The bytes of a text in pieces for a platform, the last one being what remains. */
export function piecesOf(text: string): Uint8Array<ArrayBuffer>[] {
  const bytes = new TextEncoder().encode(text);
  // A copy, not a view: a view that waits in the platform would keep the whole text in memory.
  const count = Math.ceil(bytes.length / PIECE_BYTES);
  return Array.from(
    { length: count },
    (_, i) => bytes.slice(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
  );
}
