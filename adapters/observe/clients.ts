/**
 * Who is connected, for the application that embeds the server: one record for each client, which the hooks get too.
 *
 * @module
 */
import { type Admitted, type ConnId, type Event, mapHas, type State } from "../../core/mod.ts";
import { wallNow } from "../record/clock.ts";
import { hashable } from "../tally.ts";

/** A connected client. */
export interface Client {
  /** Its id, under which others reach it. */
  readonly id: string;
  /** Its address, behind a trusted proxy the one in `X-Forwarded-For`; empty if unknown. */
  readonly address: string;
  /** When it was admitted, in milliseconds since 1970. */
  readonly connectedAt: number;
  /** The claims of its JWT, or those that `authorize` returned; `null` without any. */
  readonly claims: Readonly<Record<string, unknown>> | null;
}

/** The connected clients of one server, in the order in which they came. */
export class Clients {
  readonly #records = new Map<string, Client>();
  /** The claims of sockets that were checked and are not admitted yet. In a cluster they wait for their id. */
  readonly #claims = new Map<ConnId, Client["claims"]>();

  /** An iteration may go on in later turns: clients that come or go meanwhile do not disturb it. */
  all(): IterableIterator<Client> {
    return this.#records.values();
  }

  get(id: string): Client | undefined {
    return this.#records.get(hashable(id));
  }

  /** Keeps the claims of a socket until it is admitted. Call it before the event `token-checked`. */
  keepClaims(conn: ConnId, claims: Client["claims"]): void {
    if (claims !== null) this.#claims.set(conn, claims);
  }

  admit({ conn, id, address }: Admitted): Client {
    const claims = this.#claims.get(conn) ?? null;
    this.#claims.delete(conn);
    const client = { id, address, connectedAt: wallNow(), claims };
    this.#records.set(hashable(id), client);
    return client;
  }

  remove(id: string): void {
    this.#records.delete(hashable(id));
  }

  /** Forgets the claims of a socket that was refused. */
  refuse(conn: ConnId): void {
    this.#claims.delete(conn);
  }

  /** Forgets the claims of a socket that went before it was admitted, which is neither admitted nor refused. */
  forgetGone(event: Event, { pending }: State): void {
    if (this.#claims.size === 0) return;
    const mayEnd = event.kind === "token-checked" || event.kind === "socket-closed" ||
      event.kind === "send-failed";
    if (mayEnd && !mapHas(pending, event.conn)) this.#claims.delete(event.conn);
  }
}
