/**
 * Finds the new messages of clients in a step.
 *
 * @module
 */
import type { Effect, Event, Message } from "../../core/mod.ts";

/**
 * Whether an event can carry frames of a client. `token-checked` and `engine-answered`, which admit a pending socket,
 * handle those that arrived before.
 */
export function isClientEvent({ kind }: Event): boolean {
  return kind === "frame-received" || kind === "token-checked" || kind === "engine-answered";
}

/** The new message that an effect of such an event sends, sends on, stores or drops; `null` for other effects. */
export function messageIn(effect: Effect): Message | null {
  if (effect.kind === "send") {
    return effect.meaning.kind === "message" && !effect.hasWaited ? effect.meaning : null;
  }
  if (effect.kind !== "note") return null;
  switch (effect.what) {
    case "stored":
    case "undelivered":
    case "passed-on":
      return effect.message;
    default:
      return null;
  }
}
