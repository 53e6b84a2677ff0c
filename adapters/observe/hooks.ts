/**
 * The hooks of an application that embeds the server.
 *
 * @module
 */
import { type ConnId, describe, type Effect, type Message, payloadOf } from "../../core/mod.ts";
import { type End, endOf } from "./client_end.ts";
import { type Client, Clients } from "./clients.ts";
import { isClientEvent, messageIn } from "./messages.ts";
import { logFault } from "./log.ts";
import { type Refusal, refusalOf, type RefusedClient } from "./refusal.ts";
import type { Observer } from "../runtime.ts";

/** A message from one client to another, as passed to hooks. */
export interface PeerMessage {
  /** `OFFER`, `ANSWER`, `CANDIDATE`, `EXPIRE` or `LEAVE`. */
  readonly type: string;
  /** The id of its sender. */
  readonly src: string;
  /** The id of its destination, which may be nobody's. */
  readonly dst: string;
  /** Its payload, parsed; `undefined` without one. */
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
  /** Called for each client that is refused, however many strangers ask: do little in it. */
  readonly onRefused?: ((client: RefusedClient, refusal: Refusal) => void) | undefined;
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

/** What an application sees of its server. */
export interface Watch {
  /** None without an application, so that a step costs nothing. */
  readonly observers: readonly Observer[];
  readonly clients: () => IterableIterator<Client>;
  /** Keeps the claims of a socket until it is admitted. */
  readonly keepClaims: (conn: ConnId, claims: Client["claims"]) => void;
  /** Tells the hook of a refusal. */
  readonly refused: (client: RefusedClient, refusal: Refusal) => void;
}

/** Keeps the clients and calls the hooks; with `null` there is no application, and nothing is kept. */
export function createWatch(hooks: Hooks | null): Watch {
  const clients = new Clients();
  const refused: Watch["refused"] = (client, refusal) =>
    call("onRefused", hooks?.onRefused, client, refusal);
  return {
    observers: hooks === null ? [] : [createObserver(hooks, clients, refused)],
    clients: () => clients.all(),
    keepClaims: (conn, claims) => {
      if (hooks !== null) clients.keepClaims(conn, claims);
    },
    refused,
  };
}

function createObserver(
  { onConnection, onDisconnection, onMessage }: Hooks,
  clients: Clients,
  refused: Watch["refused"],
): Observer {
  function tellNote(effect: Effect): void {
    if (effect.kind !== "note") return;
    if (effect.what === "admitted") {
      call("onConnection", onConnection, clients.admit(effect));
    } else if (effect.what === "left") {
      const client = clients.get(effect.id);
      clients.remove(effect.id);
      if (client !== undefined) call("onDisconnection", onDisconnection, client, endOf(effect));
    } else if (effect.what === "refused") {
      const { conn, id, address, origin } = effect;
      clients.refuse(conn);
      refused({ id, address, origin }, refusalOf(effect));
    }
  }

  function tellMessage({ type, src, dst, text }: Message): void {
    const client = clients.get(src);
    if (client === undefined || onMessage === undefined) return;
    call("onMessage", onMessage, client, { type, src, dst, payload: payloadOf(text) });
  }

  return ({ event, effects, state }) => {
    const hasMessages = onMessage !== undefined && isClientEvent(event);
    for (const effect of effects) {
      const message = hasMessages ? messageIn(effect) : null;
      if (message === null) tellNote(effect);
      else tellMessage(message);
    }
    clients.forgetGone(event, state);
  };
}

/** Calls a hook, if there is one, and logs what it throws. Does not wait for an asynchronous one. */
function call<Given extends unknown[]>(
  name: string,
  hook: ((...given: Given) => unknown) | undefined,
  ...given: Given
): void {
  const fail = (error: unknown): void => logFault(`${name} failed`, error);
  try {
    const result = hook?.(...given);
    if (result instanceof Promise) result.catch(fail);
  } catch (error) {
    fail(error);
  }
}
