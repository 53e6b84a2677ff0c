/** The cases of advice whose conversations are recorded: what comes of them, and how the first advice begins. */
import type { Verdict } from "../../core/attempts/mod.ts";
import type { Circumstances, Line } from "./conversation.ts";

export interface Case extends Circumstances {
  readonly name: string;
  readonly lines?: readonly Line[];
  /** Which attempt, the newest being 0. */
  readonly which?: number;
  readonly outcome: Verdict["outcome"];
  /** How sure the first advice is, and how it begins; `null` if there is none. */
  readonly said: string | null;
}

export const HERE = { alice: "192.0.2.1", bob: "192.0.2.1" };
const APART = { alice: "192.0.2.1", bob: "198.51.100.7" };
const UNKNOWN = { alice: "192.0.2.1", bob: "2001:db8::7" };

export const RECORDED: readonly Case[] = [
  row(
    "no STUN",
    "host-only",
    "likely: Both sides have host candidates only, and come from different addresses",
    { addresses: APART },
  ),
  row(
    "no STUN",
    "complete",
    "possible: Both sides have host candidates only: they meet if they are in one network, and both",
    { addresses: HERE },
  ),
  row(
    "no STUN",
    "complete",
    "possible: Both sides have host candidates only: they meet if they are in one network, and nowhere",
    { addresses: UNKNOWN },
  ),
  row("no STUN", "connecting", null, { afterMs: 2_999 }),
  row(
    "no STUN",
    "host-only",
    "likely: Both sides have host candidates only, and come from different addresses",
    { addresses: APART, afterMs: 3_000 },
  ),
  row(
    "dead ICE servers",
    "host-only",
    "likely: Both sides have host candidates only, and come from different addresses",
    { addresses: APART },
  ),
  row("STUN on one side", "complete", 'likely: "bob" has host candidates only', {
    addresses: APART,
  }),
  row("STUN on one side", "complete", 'possible: "bob" has host candidates only', {
    addresses: HERE,
  }),
  row(
    "STUN on both sides",
    "complete",
    "possible: STUN works on both sides, and neither has a relay candidate",
  ),
  row(
    "wrong TURN password",
    "complete",
    "possible: STUN works on both sides, and neither has a relay candidate",
  ),
  row("TURN on one side", "complete", 'possible: "bob" has no relay candidate'),
  row("TURN on both sides", "complete", "possible: Both sides have relay candidates"),
  ...[0, 1, 2].map((which) =>
    row(
      "relay only, wrong TURN password, three tries",
      "no-candidates",
      'likely: The browsers of "bob" and "alice" sent no candidate: nobody can reach them.',
      { which },
    )
  ),
  row("the callee never comes", "waiting", null, { afterMs: 0 }),
  row(
    "the callee never comes",
    "absent",
    'certain: "bob" was not connected when "alice" called, and did not come within 5 s',
  ),
  row(
    "the callee comes late",
    "host-only",
    "likely: Both sides have host candidates only, and come from different addresses",
    { addresses: APART },
  ),
  row(
    "the caller closes its page after the offer",
    "caller-left",
    'certain: The page of "alice" was closed or left.',
  ),
  row(
    "the callee closes its page after the offer",
    "callee-left",
    'certain: The page of "bob" was closed or left.',
  ),
  row(
    "the callee loads its page again after the offer",
    "callee-left",
    'certain: The page of "bob" was closed or left.',
  ),
  row(
    "never answered",
    "ringing",
    'possible: The page of "bob" got the call, and has not answered it.',
  ),
  row(
    "never answered",
    "unanswered",
    'likely: The page of "bob" got the call, and has not answered it.',
    { afterMs: 60_000 },
  ),
  row("answered late", "complete", 'possible: "bob" answered 16.'),
  row("answered late", "host-only", "likely: Both sides have host candidates only, and come from", {
    addresses: APART,
  }),
  row(
    "answered without a stream",
    "complete",
    'certain: "bob" answered without a stream: "alice" sees and hears nothing',
  ),
  row(
    "answered",
    "complete",
    "possible: Both sides have host candidates only: they meet if they are in one network",
  ),
  ...[0, 1].map((which) =>
    row("both call at once", "complete", "certain: Both called each other", { which })
  ),
];

export function row(
  name: string,
  outcome: Case["outcome"],
  said: Case["said"],
  rest: Omit<Case, "name" | "outcome" | "said"> = {},
): Case {
  return { name, outcome, said, ...rest };
}
