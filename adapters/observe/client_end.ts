/**
 * How a client's connection ended, in words.
 *
 * @module
 */
import type { Left } from "../../core/mod.ts";

/** How a client's connection ended. */
export interface End {
  /** Who ended it; a connection that was lost counts as ended by the client. */
  readonly by: "client" | "server";
  /**
   * The close code: the server's; or the client's own, 1005 where it gave none, 1006 where the connection was
   * lost.
   */
  readonly code: number;
  readonly reason: string;
}

/** The end that a note tells of. */
export function endOf({ by, code, reason }: Left): End {
  return { by, code, reason: by === "server" ? reason : REASONS.get(code) ?? CLOSED };
}

const CLOSED = "The client closed the socket";

/** RFC 6455, 7.4.1: what browsers send when a page goes, and what stands for a close that never came. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [1001, "The page was closed or left"],
  [1006, "The connection was lost"],
]);
