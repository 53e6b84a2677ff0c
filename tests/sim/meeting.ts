/** Two peers that want to meet: an offer, an answer, and the candidates of both. */
import { broken, type Letter } from "./letter.ts";
import type { Link } from "./link.ts";
import { DELAY_MAX_MS } from "./network.ts";

/** One try of one peer to reach another. */
export interface Meeting {
  readonly connectionId: string;
  readonly from: Link;
  readonly dst: string;
  /** The link of the other, where it was connected and nothing was wrong with it at the start. */
  readonly to: Link | null;
  readonly there: Letter[];
  readonly back: Letter[];
  /** Whether one of the two was told that the other is not reached. */
  isTold: boolean;
}

/** How many candidates follow an offer or an answer at most, and over how long they trickle, in ms. */
export const CANDIDATES_MAX = 5;
export const TRICKLE_MAX_MS = 2_000;

/** How long a peer thinks before it answers, at most, in ms. */
export const THINK_MAX_MS = 1_000;

/** After how long a meeting of two peers whom nothing disturbs is complete, in ms: six ways and two waits. */
export const MEETING_MAX_MS = 6 * DELAY_MAX_MS + THINK_MAX_MS + 2 * TRICKLE_MAX_MS;

/** Those whom nobody ever is. */
export const GHOST = "ghost";

/** What came of the meetings: those that are neither made nor told of were disturbed. */
export interface MeetingCounts {
  wanted: number;
  made: number;
  told: number;
}

/**
 * Looks at a meeting when it must be complete, and whoever calls nobody told of it.
 *
 * @throws {RuleBroken} Where nothing disturbed the two, and something did not arrive.
 */
export function checkMeeting(meeting: Meeting, counts: MeetingCounts, now: number): void {
  const { from, to, dst, there, back, isTold } = meeting;
  const missing = [...there, ...back].find((letter) => !letter.isReceived);
  const letter = missing ?? there[0];
  if (missing === undefined && back.length > 0) counts.made++;
  else if (isTold) counts.told++;
  else if (letter === undefined || !from.isSound) return;
  else if (to?.isSound) {
    throw broken(letter, now, "MSG-2", "did not reach its peer, and nothing disturbed the two");
  } else if (dst.startsWith(GHOST)) {
    throw broken(letter, now, "QUEUE-4", "is for nobody, and its source was not told");
  }
}
