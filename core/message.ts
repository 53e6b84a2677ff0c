/**
 * What leaves the server, by its meaning: messages of peers, and what the server says itself.
 *
 * @module
 */
import type { PeerId } from "./ids.ts";

/** The types of messages from one peer to another. */
export type MessageType = "OFFER" | "ANSWER" | "CANDIDATE" | "EXPIRE" | "LEAVE";

/** A message from one peer to another. */
export interface Message {
  readonly kind: "message";
  readonly type: MessageType;
  /** The peer that really sent it. */
  readonly src: PeerId;
  readonly dst: PeerId;
  /** As its destination gets it, see `encodeMessage`. */
  readonly text: string;
}

/** What the server says of its own accord. */
export type Answer =
  /** A client is admitted. */
  | { readonly kind: "open" }
  /** The id is held with another token. */
  | { readonly kind: "id-taken" }
  /** Something failed; `to` is the client that it is said to, `null` where it was not admitted. */
  | { readonly kind: "error"; readonly msg: string; readonly to: PeerId | null }
  /** The message from `to` to `dst` was not delivered. */
  | { readonly kind: "expire"; readonly dst: PeerId; readonly to: PeerId };
