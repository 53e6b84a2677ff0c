/**
 * Who is connected, for the operator: an observer that keeps a record of each client, and a search that never blocks
 * the event loop for long.
 *
 * @module
 */
import type { Admitted } from "../../core/mod.ts";
import { isClientEvent, messageIn } from "../observe/messages.ts";
import type { Observer } from "../runtime.ts";
import { hashable } from "../tally.ts";

/** A client as the API shows it. */
export interface ClientView {
  readonly id: string;
  readonly address: string;
  /** In milliseconds since 1970. */
  readonly connectedAt: number;
  /** The messages that it sent to others. */
  readonly messages: number;
}

/** A part of the clients, in the order in which they came. */
export interface Page {
  /** The number of clients that fit, on all pages. */
  readonly total: number;
  readonly clients: readonly ClientView[];
  /** Where the next page begins; `null` if this is the last. */
  readonly next: string | null;
}

/** The clients of one server that fit, as many as the page may have. */
export interface Found extends Pick<Page, "total"> {
  readonly clients: readonly Placed[];
  /** Whether more fit. */
  readonly isMore: boolean;
}

/** A client with its place in the order of all. */
export interface Placed extends ClientView {
  /** Rises with each client, and is a number that no client of another worker has. */
  readonly serial: number;
}

/** What to look for. */
export interface Search {
  /** A part of the id, in any case; empty for every client. */
  readonly part: string;
  /** The cursor of the page; 0 for the first. */
  readonly after: number;
  readonly limit: number;
}

export interface Roster {
  readonly observe: Observer;
  readonly get: (id: string) => ClientView | null;
  readonly search: (search: Search) => Promise<Found>;
}

export interface RosterPorts {
  /** The wall clock in milliseconds since 1970. */
  readonly wallNow: () => number;
  /** Lets the event loop do other work. */
  readonly pause: () => Promise<void>;
  /** The place of the worker, below {@linkcode PLACES}. */
  readonly place: number;
}

/** More than there are workers. */
const PLACES = 128;

/** How many clients a search looks at in one turn of the event loop: less than a millisecond. */
export const CLIENTS_PER_TURN = 2_000;

export function createRoster({ wallNow, pause, place }: RosterPorts): Roster {
  /** In the order of `serial`. Of who is replaced, `left` comes before `admitted`. */
  const records = new Map<string, Client>();
  let lastInstant = 0;

  const observe: Observer = ({ event, effects }) => {
    const isSaid = isClientEvent(event);
    for (const effect of effects) {
      if (effect.kind === "note") {
        if (effect.what === "admitted") admit(effect);
        else if (effect.what === "left") records.delete(hashable(effect.id));
      }
      const message = isSaid ? messageIn(effect) : null;
      const sender = message === null ? undefined : records.get(hashable(message.src));
      if (sender !== undefined) sender.messages++;
    }
  };

  function admit({ id, address }: Admitted): void {
    const connectedAt = wallNow();
    // Those of several workers are in one order. A clock that was set back changes none of one worker.
    lastInstant = Math.max(lastInstant + 1, Math.floor(connectedAt));
    const serial = lastInstant * PLACES + place;
    records.set(hashable(id), { serial, id, address, connectedAt, messages: 0 });
  }

  async function search({ part, after, limit }: Search): Promise<Found> {
    const wanted = part.toLowerCase();
    const clients: Placed[] = [];
    let [total, seen, isMore] = [0, 0, false];
    // Clients that come or go meanwhile do not disturb the iteration of a map.
    for (const client of records.values()) {
      if (++seen % CLIENTS_PER_TURN === 0) await pause();
      if (wanted !== "" && !client.id.toLowerCase().includes(wanted)) continue;
      total++;
      if (client.serial <= after) continue;
      if (clients.length === limit) isMore = true;
      else clients.push({ ...client });
    }
    return { total, clients, isMore };
  }

  return {
    observe,
    search,
    get: (id) => {
      const client = records.get(hashable(id));
      return client === undefined ? null : viewOf(client);
    },
  };
}

interface Client extends Placed {
  messages: number;
}

/** A client without its place. */
export function viewOf({ id, address, connectedAt, messages }: ClientView): ClientView {
  return { id, address, connectedAt, messages };
}
