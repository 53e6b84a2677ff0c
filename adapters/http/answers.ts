/**
 * Long answers that nobody has read yet: what all of them together may hold, and for how long.
 *
 * Only the list of peers is long, and it is as long as clients make it. All who ask for the same list share its
 * bytes, and a listener takes them piece by piece, as they are read. Beside that an answer holds what the
 * platform buffers of it. Both count, until the platform has let go of the answer.
 *
 * @module
 */
import { peerList, type Settings, type State } from "../../core/mod.ts";

/** A body that is sent piece by piece. */
export interface LongBody {
  /** In bytes. */
  readonly length: number;
  /** Shared: not to be changed. */
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  /** Has `callback` called where the answer takes too long: no more of its pieces are to be sent then. */
  readonly whenLate: (callback: () => void) => void;
  /** The platform has let go of the answer: it is sent, or nobody is there. Can be called twice. */
  readonly done: () => void;
}

/** From so many characters on an answer is long. No other answer than the list of peers has as many. */
export const LONG_LENGTH = 4_096;

/** The long answers of one server. */
export class Answers {
  readonly #limits: Pick<Settings, "max_answer_bytes" | "answer_timeout">;
  readonly #schedule: (callback: () => void, delayMs: number) => () => void;
  /** By address group, what its answers hold. */
  readonly #byAddress = new Map<string, number>();
  readonly #open = new Set<() => void>();
  #heldBytes = 0;
  /** The text that was asked for last, while somebody reads it. */
  #latest: Shared | null = null;

  /** @param schedule Calls back once; returns what cancels it. */
  constructor(
    limits: Pick<Settings, "max_answer_bytes" | "answer_timeout">,
    schedule: (callback: () => void, delayMs: number) => () => void,
  ) {
    this.#limits = limits;
    this.#schedule = schedule;
  }

  /** What all answers hold, in bytes. */
  get heldBytes(): number {
    return this.#heldBytes;
  }

  /**
   * A body for a text that an address group asked for; `null` where too much is unread already, in all or of
   * that group. One answer there can always be, however long it is.
   */
  begin(text: string, addressGroup: string): LongBody | null {
    const shared = this.#latest?.text === text ? this.#latest : sharedOf(text);
    const each = Math.min(shared.length, BUFFERED_BYTES);
    const added = each + (shared.readers === 0 ? shared.length : 0);
    const max = this.#limits.max_answer_bytes;
    if (this.#heldBytes > 0 && this.#heldBytes + added > max) return null;
    // A prefix makes the engine hash the key with its secret, whatever the key looks like.
    const key = `a${addressGroup}`;
    const ofAddress = this.#byAddress.get(key) ?? 0;
    if (ofAddress > 0 && ofAddress + each > max / ADDRESS_SHARE) return null;
    this.#heldBytes += added;
    this.#byAddress.set(key, ofAddress + each);
    this.#latest = shared;
    shared.readers++;
    return this.#bodyOf(shared, key, each);
  }

  /** Ends every answer that is not read yet. */
  stop(): void {
    for (const end of [...this.#open]) end();
  }

  #bodyOf(shared: Shared, key: string, each: number): LongBody {
    let late: (() => void) | null = null;
    let isRead = false;
    let isDone = false;
    const stopReading = (): void => {
      if (isRead) return;
      isRead = true;
      cancel();
      this.#open.delete(end);
      this.#leave(shared);
    };
    const end = (): void => {
      stopReading();
      late?.();
    };
    const done = (): void => {
      stopReading();
      if (isDone) return;
      isDone = true;
      this.#heldBytes -= each;
      const left = (this.#byAddress.get(key) ?? each) - each;
      if (left > 0) this.#byAddress.set(key, left);
      else this.#byAddress.delete(key);
    };
    const cancel = this.#schedule(end, this.#limits.answer_timeout);
    this.#open.add(end);
    const { length, pieces } = shared;
    return { length, pieces, whenLate: (callback) => void (late = callback), done };
  }

  #leave(shared: Shared): void {
    shared.readers--;
    if (shared.readers > 0) return;
    this.#heldBytes -= shared.length;
    if (this.#latest === shared) this.#latest = null;
  }
}

/**
 * A body as a stream, for `Deno.serve`; `completed` settles when the response is through, and where there is
 * none, what the platform has taken counts as read. A stream that ends before its length ends the connection.
 */
export function streamOf(
  { pieces, whenLate, done }: LongBody,
  completed: Promise<void> | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let next = 0;
  const end = (): void => {
    next = pieces.length;
    if (completed === undefined) done();
  };
  completed?.then(done, done);
  return new ReadableStream({
    start: (controller) =>
      whenLate(() => {
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
 * The list of peers, made once for the same clients. A long one is made again only when it has some age, so that
 * asking for it while clients come and go takes no more than a tenth of the time.
 */
export function sharedList(now: () => number): (state: State) => string {
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

/** To make a list of so many characters and send its first bytes takes a tenth of a millisecond. */
const CHARACTERS_PER_MS = 10_000;

/** How much of a body is handed to the platform at once. */
const PIECE_BYTES = 16_384;

/** What the platform buffers of an answer: `Deno.serve` takes up to 0.3 MB of one that is not read. */
const BUFFERED_BYTES = 327_680;

/** One address may have so large a part of what there is, that others are answered too. */
const ADDRESS_SHARE = 4;

/** A text that is being sent, once for all who read it. */
interface Shared {
  readonly text: string;
  readonly length: number;
  readonly pieces: readonly Uint8Array<ArrayBuffer>[];
  readers: number;
}

function sharedOf(text: string): Shared {
  const bytes = new TextEncoder().encode(text);
  const { length } = bytes;
  // Each piece has memory of its own: one that waits in the platform would keep all of the list.
  const count = Math.ceil(length / PIECE_BYTES);
  const pieces = Array.from(
    { length: count },
    (_, i) => bytes.slice(i * PIECE_BYTES, (i + 1) * PIECE_BYTES),
  );
  return { text, length, pieces, readers: 0 };
}
