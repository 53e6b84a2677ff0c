/**
 * What went wrong, in words for people.
 *
 * @module
 */
import { cutUrls } from "../core/mod.ts";

/** Why the server cannot start, in words for the person who started it, and the exit code that goes with it. */
export class StartError extends Error {
  /** 1 for an address that cannot be had, 2 for a setting that is wrong. */
  readonly exitCode: 1 | 2;
  /** @param message One sentence that names the option and the value; of a URL in it only the origin stays. */
  constructor(message: string, exitCode: 1 | 2) {
    super(cutUrls(message));
    this.exitCode = exitCode;
  }
}

/** What an exception says, for a line of the log or an answer; of a URL in it only the origin. */
export function messageOf(error: unknown): string {
  try {
    return cutUrls(String(error instanceof Error ? error.message : error));
  } catch {
    return "a value that has no text";
  }
}

/** How the platform keeps a socket: reset while it was upgraded, or its close was never answered. */
export type Leak = "never-opened" | "never-closed";
