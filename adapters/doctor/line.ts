/**
 * The result of one check.
 *
 * @module
 */

/** One line of the report. */
export interface Line {
  /** What was checked, in one word. */
  readonly check: string;
  readonly status: "pass" | "fail" | "skip";
  /** What is so. */
  readonly text: string;
  /** A word for what is wrong, for programs. */
  readonly mistake: string | null;
  /** What to change, and where. */
  readonly todo: string | null;
}

export function pass(check: string, text: string): Line {
  return { check, status: "pass", text, mistake: null, todo: null };
}

export function skip(check: string, text: string): Line {
  return { check, status: "skip", text, mistake: null, todo: null };
}

export function fail(check: string, mistake: string, text: string, todo: string): Line {
  return { check, status: "fail", text, mistake, todo };
}
