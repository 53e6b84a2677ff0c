/**
 * The hooks of an application that embeds the server.
 *
 * @module
 */
import { describe, payloadOf } from "../../core/mod.ts";
import { type End, endOf } from "./client_end.ts";
import { isClientEvent, messageIn } from "./messages.ts";
import { logFault } from "./log.ts";
import type { Observer } from "../runtime.ts";

/** A client, as passed to hooks. */
export interface Client {
  readonly id: string;
}

/** A message from one client to another, as passed to hooks. */
export interface PeerMessage {
  readonly type: string;
  readonly src: string;
  readonly dst: string;
  readonly payload: unknown;
}

/** Callbacks of an application. An exception in a hook is logged and has no other effect. */
export interface Hooks {
  /**
   * Called after a client was admitted. If it takes over its id from an older connection, `onDisconnection` comes
   * first.
   */
  readonly onConnection?: ((client: Client) => void) | undefined;
  /** Called after a client disconnected. */
  readonly onDisconnection?: ((client: Client, end: End) => void) | undefined;
  /** Called after a client sent a valid message to another. The hook cannot stop it: it is already sent or stored. */
  readonly onMessage?: ((client: Client, message: PeerMessage) => void) | undefined;
  /** Returns the id for `GET <path><key>/id`. The default is a v4 UUID. */
  readonly generateClientId?: (() => string) | undefined;
}

/**
 * Wraps the generator of the application. If it throws or returns no string, the fault is logged and the id is empty.
 */
export function guardedGenerator(generate: (() => string) | undefined): () => string {
  if (generate === undefined) return () => crypto.randomUUID();
  return () => {
    try {
      const id: unknown = generate();
      if (typeof id === "string") return id;
      Promise.resolve(id).catch(() => {}); // An asynchronous generator may reject too.
      logFault("generateClientId failed", `it returned ${describe(id)}, not a string`);
    } catch (error) {
      logFault("generateClientId failed", error);
    }
    return "";
  };
}

/** Calls a hook. Does not wait for an asynchronous one, but logs its rejection. */
function call(hook: () => unknown): void {
  const result = hook();
  if (result instanceof Promise) result.catch((error) => logFault("A hook failed", error));
}

/** The observer that calls the hooks; none if there are no hooks, so that a step costs nothing. */
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
