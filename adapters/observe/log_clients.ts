/**
 * Logs clients: connects, disconnects, refusals, and at level "debug" what the server sends them.
 *
 * @module
 */
import { type Admitted, escape, type Left, type Send } from "../../core/mod.ts";
import type { Observer } from "../runtime.ts";
import { endOf } from "./client_end.ts";
import { emit, isLogged, mayWrite, peerName, shorten, shortenUnquoted, write } from "./log.ts";
import type { RefusalLog } from "./log_refusals.ts";

export function logObserver(refusals: Pick<RefusalLog, "socket">): Observer {
  return ({ effects }) => {
    for (const effect of effects) {
      if (effect.kind === "send") logAnswer(effect);
      else if (effect.kind !== "note") continue;
      else if (effect.what === "admitted") logAdmitted(effect);
      else if (effect.what === "left") logLeft(effect);
      else if (effect.what === "refused") refusals.socket(effect);
    }
  };
}

function logAdmitted({ id, address: given }: Admitted): void {
  if (!mayWrite("info", "connected")) return;
  const address = escape(given);
  const name = shorten(id);
  const properties = { event: "connected", id: name, address };
  emit("info", `"${name}" connected from ${address}`, properties);
}

function logLeft(left: Left): void {
  if (!mayWrite("info", "disconnected")) return;
  const { by, code, reason } = endOf(left);
  const id = shorten(left.id);
  const text = `"${id}" disconnected: ${reason} (${code} of the ${by})`;
  emit("info", text, { event: "disconnected", id, reason, code, by });
}

function logAnswer({ text, meaning }: Send): void {
  const to = meaning.kind === "error" || meaning.kind === "expire" ? meaning.to : null;
  if (to === null || !isLogged("debug")) return;
  const frame = shortenUnquoted(text);
  write("debug", `${peerName(to)} was sent ${frame}`, {
    event: "answered",
    id: shorten(to),
    frame,
  });
}
