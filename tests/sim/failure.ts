/**
 * What a check throws: the rule that was broken, what was expected, and whom it concerns.
 *
 * @module
 */

/** What went wrong. */
export interface FailureOptions {
  /** The rule of `core/SPEC.md`. */
  readonly rule: string;
  readonly at: number;
  /** What was expected, and what was found, in a sentence. */
  readonly message: string;
  /** The ids of the peers that it concerns. */
  readonly peers: readonly string[];
}

/** A rule was broken. */
export class RuleBroken extends Error {
  readonly rule: string;
  readonly at: number;
  readonly peers: readonly string[];

  constructor({ rule, at, message, peers }: FailureOptions) {
    super(message);
    this.name = "RuleBroken";
    this.rule = rule;
    this.at = at;
    this.peers = peers;
  }
}
