/**
 * What an application that embeds the server may want to know or decide.
 *
 * @module
 */
import { describe, payloadOf } from "../../core/mod.ts";
import { type End, endOf } from "./client_end.ts";
import { isClientEvent, messageIn } from "./messages.ts";
import { logFault } from "./log.ts";
import type { Observer } from "../runtime.ts";

/** A client, as hooks see it. */
export interface Client {
  readonly id: string;
}

/** A message as the hooks see it. */
export interface PeerMessage {
  readonly type: string;
  readonly src: string;
  readonly dst: string;
  readonly payload: unknown;
}

/** What an application may want to know or decide. A hook that throws is logged and does no harm. */
export interface Hooks {
  /** A client was admitted. One that takes over its own id is told as a disconnection first. */
  readonly onConnection?: ((client: Client) => void) | undefined;
  /** A client is gone; `code` and `reason` are those of `by`, the side that ended the connection. */
  readonly onDisconnection?: ((client: Client, end: End) => void) | undefined;
  /** A client sent a valid message for another; it is on its way already. */
  readonly onMessage?: ((client: Client, message: PeerMessage) => void) | undefined;
  /** Makes the ids of `GET <path><key>/id`; a v4 UUID by default. */
  readonly generateClientId?: (() => string) | undefined;
}

/** A generator that is the application's may throw, or give something that is no string: no id then. */
export function guardedGenerator(generate: (() => string) | undefined): () => string {
  if (generate === undefined) return () => crypto.randomUUID();
  return () => {
    try {
      const id: unknown = generate();
      if (typeof id === "string") return id;
      Promise.resolve(id).catch(() => {}); // What it is rejected with matters no more.
      logFault("generateClientId failed", `it gave ${describe(id)}, which is no string`);
    } catch (error) {
      logFault("generateClientId failed", error);
    }
    return "";
  };
}

/** Calls a hook; one that is asynchronous is not waited for, and its failure is logged. */
function call(hook: () => unknown): void {
  const result = hook();
  if (result instanceof Promise) result.catch((error) => logFault("A hook failed", error));
}

/** Observers that tell the hooks; none where there are none. */
export function hookObservers({ onConnection, onDisconnection, onMessage }: Hooks): Observer[] {
  if (onConnection === undefined && onDisconnection === undefined && onMessage === undefined) {
    return [];
  }
  return [({ event, effects }) => {
    for (const effect of effects) {
      const message = isClientEvent(event) ? messageIn(effect) : null;
      if (message !== null && onMessage !== undefined) {
        const { type, src, dst, text } = message;
        call(() => onMessage({ id: src }, { type, src, dst, payload: payloadOf(text) }));
      } else if (effect.kind !== "note") continue;
      else if (effect.what === "admitted") call(() => onConnection?.({ id: effect.id }));
      else if (effect.what === "left") {
        call(() => onDisconnection?.({ id: effect.id }, endOf(effect)));
      }
    }
  }];
}
