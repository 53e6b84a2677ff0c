/**
 * Logs the messages between clients and their outcome, at level "debug". At other levels a step costs one function
 * call.
 *
 * @module
 */
import type { Effect, Message } from "../../core/mod.ts";
import { isLogged, peerName, shorten, write } from "./log.ts";
import { isClientEvent, messageIn } from "./messages.ts";
import type { Observer } from "../runtime.ts";

export function trafficObserver(): Observer {
  return ({ event, effects, state }) => {
    if (!isLogged("debug")) return;
    if (event.kind === "send-refused") logRefused(event.message);
    else if (isClientEvent(event)) {
      const where = state.cluster === null ? "connected" : "on this node";
      for (const effect of effects) logEffect(effect, where);
    }
  };
}

/** @param where Where the destination of a stored message is not. */
function logEffect(effect: Effect, where: string): void {
  const message = messageIn(effect);
  if (message !== null) logMessage(message, outcomeOf(effect, where));
  else if (effect.kind === "note" && effect.what === "unknown-type" && effect.id !== null) {
    const text = `${peerName(effect.id)} sent a message of unknown type: dropped`;
    write("debug", text, { event: "unknown-type", src: shorten(effect.id) });
  }
}

/** Logs a message that was handed over but not sent, because its destination reads too slowly. */
function logRefused({ src, dst }: Message): void {
  const text = `What ${peerName(src)} sent to ${peerName(dst)} was refused: it reads too slowly`;
  write("debug", text, { event: "message-refused", src: shorten(src), dst: shorten(dst) });
}

function logMessage({ src, type, dst, text }: Message, outcome: string): void {
  const characters = text.length;
  const what = `${peerName(src)} sent ${type} to ${peerName(dst)}, ${characters} characters`;
  write("debug", `${what}: ${outcome}`, {
    event: "message",
    src: shorten(src),
    type,
    dst: shorten(dst),
    characters,
    outcome,
  });
}

function outcomeOf(effect: Effect, where: string): string {
  if (effect.kind !== "note") return "handed over";
  if (effect.what === "passed-on") return "handed over to the worker that has the peer";
  if (effect.what !== "undelivered") return `stored, because the peer is not ${where}`;
  if (effect.why === "absent") return "dropped, because the peer is not connected";
  if (effect.isTold) return "refused, and the sender told so";
  return "refused; the sender knows from an earlier refusal";
}
