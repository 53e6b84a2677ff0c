/**
 * Errors in words for people.
 *
 * @module
 */
import { cutUrls } from "../core/mod.ts";

/** The server cannot start. The message is for the person who started it. */
export class StartError extends Error {
  /** 1 if the address cannot be bound, 2 if a setting is wrong. */
  readonly exitCode: 1 | 2;
  /** @param message One sentence with the option and its value. URLs in it are cut to their origin. */
  constructor(message: string, exitCode: 1 | 2) {
    super(cutUrls(message));
    this.exitCode = exitCode;
  }
}

/** The message of any thrown value, for the log or a reply. URLs in it are cut to their origin. */
export function messageOf(error: unknown): string {
  try {
    return cutUrls(String(error instanceof Error ? error.message : error));
  } catch {
    return "a value that has no text";
  }
}

/** Why a file cannot be used: without its path, which the platform repeats, and which the caller names. */
export function fileProblem(error: unknown): string {
  return messageOf(error).replace(/ \(os error \d+\)(?:: \w+ '.*')?$/s, "");
}

/** Why the platform keeps a descriptor: the client reset its upgrade, or never answered the close. */
export type Leak = "never-opened" | "never-closed";
