/**
 * Describes how a client's connection ended.
 *
 * @module
 */
import type { Left } from "../../core/mod.ts";

/** How a client's connection ended. */
export interface End {
  /** The side that ended it. A lost connection counts as ended by the client. */
  readonly by: "client" | "server";
  /** The close code of that side; of a client 1005 if it sent none, 1006 if the connection was lost. */
  readonly code: number;
  /** A sentence without a full stop. The close reason of a client is not used: only its code is. */
  readonly reason: string;
}

/** Adds the reason that belongs to the code of a client. */
export function endOf({ by, code, reason }: Left): End {
  return { by, code, reason: by === "server" ? reason : REASONS.get(code) ?? CLOSED };
}

const CLOSED = "The client closed the socket";

/** RFC 6455, 7.4.1: 1001 is what browsers send when a page is left, 1006 stands for a missing close frame. */
const REASONS: ReadonlyMap<number, string> = new Map([
  [1001, "The page was closed or left"],
  [1006, "The connection was lost"],
]);
