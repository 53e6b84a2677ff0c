/**
 * A body without an end, which a listener takes piece by piece, as fast as its client reads.
 *
 * @module
 */

/** Why a stream ends: the server stops, or the client reads too slowly. */
export type StreamEnd = "stopped" | "slow";

export interface StreamBody {
  /** Asks for the next piece, which comes at once or later. Ask again only after that. */
  readonly pull: (take: (piece: Uint8Array<ArrayBuffer>) => void) => void;
  /** Registers a callback for the end: nothing comes any more. */
  readonly onEnd: (callback: (why: StreamEnd) => void) => void;
  /** Reports that the platform has sent or dropped the stream. A second call does nothing. */
  readonly release: () => void;
}

/**
 * Turns a body into a stream for `Deno.serve`, which keeps the connection of a client that does not read until the
 * client is gone.
 *
 * @param completed Settles when the response is sent or dropped. Without it, the end counts as that.
 */
export function readableOf(
  { pull, onEnd, release }: StreamBody,
  completed: Promise<void> | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  completed?.then(release, release);
  return new ReadableStream({
    start: (controller) =>
      onEnd(() => {
        controller.close();
        if (completed === undefined) release();
      }),
    pull: (controller) => pull((piece) => controller.enqueue(piece)),
    cancel: release,
  }, { highWaterMark: 0 });
}
