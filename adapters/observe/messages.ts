/**
 * Which steps and effects are about a message that a client has just sent.
 *
 * @module
 */
import type { Effect, Event, Message } from "../../core/mod.ts";

/** Whether an event is something that a client says, now or before its token was checked. */
export function isClientEvent({ kind }: Event): boolean {
  return kind === "frame-received" || kind === "token-checked";
}

/** The message that an effect of such an event is about; `null` where there is none. */
export function messageIn(effect: Effect): Message | null {
  if (effect.kind === "send") {
    return effect.meaning.kind === "message" && !effect.hasWaited ? effect.meaning : null;
  }
  if (effect.kind !== "note") return null;
  return effect.what === "stored" || effect.what === "undelivered" ? effect.message : null;
}
