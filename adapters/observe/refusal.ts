/**
 * Why a client was refused, in words of a fixed list.
 *
 * @module
 */
import { CLOSE, type Refused } from "../../core/mod.ts";

/**
 * Why a client was refused:
 *
 * - `wrong-key`, `wrong-origin`: its key, or the origin of its page, does not count here;
 * - `bad-parameters`: its id, token or key is missing, too long, or has control characters;
 * - `unauthorized`: its token or `authorize` does not admit it, or neither answered in time;
 * - `id-taken`: another owner holds its id; `replaced`: a newer socket of its owner took it;
 * - `full`: as many clients as there may be; `too-many`: too many sockets of its address, or too much sent too early;
 * - `stopping`: the server stops; `cluster-away`: the cluster did not answer in time;
 * - `unanswered`: it answered no ping; `bad-handshake`: its request was no valid handshake.
 */
export type RefusalWord =
  | "wrong-key"
  | "wrong-origin"
  | "bad-parameters"
  | "unauthorized"
  | "id-taken"
  | "replaced"
  | "full"
  | "too-many"
  | "stopping"
  | "cluster-away"
  | "unanswered"
  | "bad-handshake"
  | "other";

/** How a client was refused. */
export interface Refusal {
  /** The reason as a word, to decide by. */
  readonly why: RefusalWord;
  /** The close code; the HTTP status of a handshake that never became a socket. */
  readonly code: number;
  /** What the client was told, as a sentence. */
  readonly reason: string;
}

/** A client that was refused. */
export interface RefusedClient {
  /** The id that it asked for; `null` if it asked for none. */
  readonly id: string | null;
  /** Its address; empty if unknown. */
  readonly address: string;
  /** Its `Origin` header; `null` if it is not a page. */
  readonly origin: string | null;
}

/** The word for the refusal of a socket. */
export function refusalOf({ code, reason }: Refused): Refusal {
  return { why: WORDS.get(code) ?? "other", code, reason };
}

const WORDS: ReadonlyMap<number, RefusalWord> = new Map([
  [CLOSE.wrongKey, "wrong-key"],
  [CLOSE.wrongOrigin, "wrong-origin"],
  [CLOSE.badParameters, "bad-parameters"],
  [CLOSE.notAuthorized, "unauthorized"],
  [CLOSE.idTaken, "id-taken"],
  [CLOSE.replaced, "replaced"],
  [CLOSE.full, "full"],
  [CLOSE.tooMany, "too-many"],
  [CLOSE.shutdown, "stopping"],
  [CLOSE.tryAgainLater, "cluster-away"],
  [CLOSE.unanswered, "unanswered"],
]);
