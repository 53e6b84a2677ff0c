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
  /** Frames that were published, and of which Redis has not said yet who got them. */
  unanswered: number;
  /** Whether a bounce will be made for it. */
  isBouncing: boolean;
  /** The first number that is open, and the last one. */
  base: number;
  last: number;
}

/** What becomes of frames. */
export interface Unheard {
  /** Whether to publish a frame; one of a dead link bounces. Call it for every frame, in order. */
  readonly isWorthSending: (frame: LinkFrame) => boolean;
  /** Call it for every frame that is published. */
  readonly published: (frame: LinkFrame) => void;
  /**
   * Whether the link of a frame that was published is dead: neither this frame nor any other was heard, and none is on
   * its way. `null` receivers: it cannot be known.
   */
  readonly isUnheard: (frame: LinkFrame, receivers: number | null) => boolean;
  /** Whether the link of a dead frame has no bounce that is still to come; the one who is told so makes one. */
  readonly beginBounce: (frame: LinkFrame) => boolean;
  /**
   * What a node that is there would answer: it holds none of the ids. It is about all that the link carries by now, so
   * that the link ends; `null` if there is a newer link.
   */
  readonly bounceFor: (frame: LinkFrame) => LinkFrame | null;
}

/** How long a message to a node that is not there waits until it is routed again: less than until it is sent again. */
export const BOUNCE_MS = 400;

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

  function begin({ to, link, base }: LinkFrame): void {
    newest = link;
    known.delete(to);
    known.set(to, {
      link,
      state: "unknown",
      unanswered: 0,
      isBouncing: false,
      base,
      last: base - 1,
    });
    const [oldest] = known.keys();
    if (known.size > KNOWN_MAX && oldest !== undefined) known.delete(oldest);
  }

  return {
    isWorthSending: (frame) => {
      const last = frame.carried.at(-1);
      if (last === undefined) return true;
      if (frame.link > newest) begin(frame);
      const one = stateOf(frame);
      if (one === undefined) return true;
      one.base = frame.base;
      one.last = Math.max(one.last, last.number);
      return one.state !== "dead";
    },
    published: (frame) => {
      const one = stateOf(frame);
      if (one !== undefined && frame.carried.length > 0) one.unanswered++;
    },
    isUnheard: (frame, receivers) => {
      const one = stateOf(frame);
      if (one === undefined || frame.carried.length === 0) return false;
      one.unanswered--;
      if (receivers !== 0) one.state = "heard";
      else if (one.state === "unknown" && one.unanswered === 0) one.state = "dead";
      return one.state === "dead";
    },
    beginBounce: (frame) => {
      const one = stateOf(frame);
      if (one === undefined || one.isBouncing) return false;
      return one.isBouncing = true;
    },
    bounceFor: (frame) => {
      const one = stateOf(frame);
      if (one === undefined) return null;
      one.isBouncing = false;
      const { link, base, last } = one;
      const bounced = Array.from(
        { length: last - base + 1 },
        (_, i) => [base + i, "gone"] as const,
      );
      return {
        ...{ from: frame.to, to: frame.from, link: 0, base: 0, carried: [], returned: [] },
        ack: { link, below: last + 1, bounced },
      };
    },
  };
}
