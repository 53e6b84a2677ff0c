/**
 * Two peers that want to meet: an offer, an answer, and the candidates of both.
 *
 * @module
 */
import type { Letter } from "./letter.ts";
import type { Link } from "./link.ts";
import { DELAY_MAX_MS } from "./network.ts";
import { broken } from "./post.ts";

/** One try of one peer to reach another. */
export interface Meeting {
  readonly connectionId: string;
  readonly from: Link;
  readonly dst: string;
  readonly startedAt: number;
  /** The link of the other, where it was connected and nothing was wrong with it at the start. */
  readonly to: Link | null;
  /** What was sent to either side. */
  readonly there: Letter[];
  readonly back: Letter[];
  /** Whether one of its messages expired or was refused; then its source was told. */
  hasFailed: boolean;
}

/** How many candidates follow an offer or an answer at most, and over how long they trickle, in ms. */
export const CANDIDATES_MAX = 5;
export const TRICKLE_MAX_MS = 2_000;

/** How long a peer thinks before it answers, at most, in ms. */
export const THINK_MAX_MS = 1_000;

/** After how long a meeting of two peers whom nothing disturbs is complete, in ms: six ways and two waits. */
export const MEETING_MAX_MS = 6 * DELAY_MAX_MS + THINK_MAX_MS + 2 * TRICKLE_MAX_MS;

/** What came of the meetings. */
export interface MeetingCounts {
  wanted: number;
  made: number;
  failed: number;
  /** Neither: a link was cut, somebody left, or slept. */
  disturbed: number;
}

/** None yet. */
export function noMeetings(): MeetingCounts {
  return { wanted: 0, made: 0, failed: 0, disturbed: 0 };
}

/**
 * Looks at a meeting when it must be complete.
 *
 * @throws {RuleBroken} Where nothing disturbed the two, and something did not arrive.
 */
export function checkMeeting(meeting: Meeting, counts: MeetingCounts, now: number): void {
  const { from, to, there, back } = meeting;
  const missing = [...there, ...back].find((letter) => !letter.isReceived);
  const hasAnswer = back.length > 0;
  if (missing === undefined && hasAnswer) {
    counts.made++;
  } else if (meeting.hasFailed) {
    counts.failed++;
  } else if (to !== null && from.isSound && to.isSound) {
    const letter = missing ?? there[0];
    if (letter === undefined) return;
    throw broken(letter, now, "MSG-2", "did not reach its peer, and nothing disturbed the two");
  } else counts.disturbed++;
}
