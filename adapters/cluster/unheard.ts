/**
 * Frames that reached nobody.
 *
 * Redis says how many subscribers it gave a frame to. If none of the frames of a link was given to anybody, its node is
 * not there, and nothing that the link carries was delivered: it bounces, as if the node had said so, and is routed
 * again. Without that, it would wait until it expires, because it may go nowhere else.
 *
 * A link like this is dead for good. Were a later frame of it sent, and heard, its numbers would follow on none.
 *
 * @module
 */
import type { LinkFrame, NodeName } from "../../core/cluster/mod.ts";

/** What is known of the newest link to a node. */
interface Known {
  readonly link: number;
  state: "unknown" | "heard" | "dead";
}

/** What becomes of frames. */
export interface Unheard {
  /** Whether to publish a frame; one of a dead link bounces. Call it for every frame, in order. */
  readonly isWorthSending: (frame: LinkFrame) => boolean;
  /** Whether a frame that was published was certainly not heard; `null` receivers: it cannot be known. */
  readonly isUnheard: (frame: LinkFrame, receivers: number | null) => boolean;
}

/** How many nodes are remembered. One that is forgotten costs nothing but that its links do not bounce. */
export const KNOWN_MAX = 1_024;

export function createUnheard(): Unheard {
  const known = new Map<NodeName, Known>();
  /** The highest number of a link so far: one at or below it that is not known was forgotten. */
  let newest = 0;

  function stateOf({ to, link }: LinkFrame): Known | undefined {
    const one = known.get(to);
    return one?.link === link ? one : undefined;
  }

  return {
    isWorthSending: (frame) => {
      if (frame.carried.length === 0) return true;
      if (frame.link > newest) {
        newest = frame.link;
        known.delete(frame.to);
        known.set(frame.to, { link: frame.link, state: "unknown" });
        const [oldest] = known.keys();
        if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
      }
      return stateOf(frame)?.state !== "dead";
    },
    isUnheard: (frame, receivers) => {
      const one = stateOf(frame);
      if (one === undefined || frame.carried.length === 0) return false;
      if (one.state === "unknown") one.state = receivers === 0 ? "dead" : "heard";
      return one.state === "dead";
    },
  };
}

/** What a node that is there would answer: it holds none of the ids. */
export function bounceOf({ from, to, link, base, carried }: LinkFrame): LinkFrame {
  const last = carried.at(-1)?.number ?? base - 1;
  const bounced = Array.from({ length: last - base + 1 }, (_, i) => [base + i, "gone"] as const);
  return {
    ...{ from: to, to: from, link: 0, base: 0, carried: [] },
    ack: { link, below: last + 1, bounced },
  };
}
