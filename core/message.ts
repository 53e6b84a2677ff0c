/**
 * The content of what the server sends, as data: messages of peers, and its own answers.
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
  /** The id of the connection that sent it, whatever the frame said. */
  readonly src: PeerId;
  readonly dst: PeerId;
  /** The encoded frame for `dst`; see `encodeMessage`. */
  readonly text: string;
}

/** A frame of the server itself. */
export type Answer =
  /** A client is admitted. */
  | { readonly kind: "open" }
  /** The id is held with another token. */
  | { readonly kind: "id-taken" }
  /** Something failed; `to` is the client that is told, `null` if it was not admitted. */
  | { readonly kind: "error"; readonly msg: string; readonly to: PeerId | null }
  /** The message from `to` to `dst` was not delivered. */
  | { readonly kind: "expire"; readonly dst: PeerId; readonly to: PeerId };
