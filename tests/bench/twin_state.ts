/**
 * What the mutable twin knows: native maps and records that are changed in place.
 *
 * @module
 */
import type { ConnId, Millis, Owner, PeerId, Settings } from "../../core/mod.ts";
import type { Due } from "./twin_heap.ts";

/** A client: one record for its claim, its connection and its deadline. */
export interface Client extends Due {
  readonly id: PeerId;
  readonly owner: Owner;
  readonly address: string;
  heardAt: Millis;
  badFrames: number;
  paidUntil: Millis;
  /** `null` until it is told for the first time: most never are. */
  toldFull: PeerId[] | null;
}

/** A socket that waits for the answer to a wrong token. */
export interface Waiter extends Due {
  readonly address: string;
  isGone: boolean;
}

/** What waits between two peers. */
export interface Pair {
  readonly key: string;
  count: number;
  toldBefore: number;
}

/** A message that waits, in the list of all of them. */
export interface Parked {
  readonly serial: number;
  readonly src: PeerId;
  readonly owner: Owner | null;
  readonly dst: PeerId;
  readonly text: string;
  readonly bytes: number;
  readonly expiresAt: Millis;
  readonly pair: Pair;
  earlier: Parked | null;
  later: Parked | null;
}

/** What waits for one destination. */
export interface Box {
  readonly messages: Parked[];
  bytes: number;
}

/** All of it. */
export interface TwinState {
  readonly settings: Settings;
  readonly holders: Map<PeerId, Client>;
  readonly clients: Map<ConnId, Client>;
  readonly lookAt: Client[];
  firstParked: Parked | null;
  lastParked: Parked | null;
  nextSerial: number;
  parkedBytes: number;
  readonly boxes: Map<PeerId, Box>;
  readonly sources: Map<PeerId, number>;
  readonly pairs: Map<string, Pair>;
  readonly addresses: Map<string, number>;
  readonly waiters: Map<ConnId, Waiter>;
  readonly answerAt: Waiter[];
  /** In the order in which they are forgotten, which is the order of a native map. */
  readonly wrongTokens: Map<string, { count: number; readonly until: Millis }>;
  unknownTypes: number;
  stopping: boolean;
}

/** A server that has just been started. */
export function twinState(settings: Settings): TwinState {
  return {
    settings,
    holders: new Map(),
    clients: new Map(),
    lookAt: [],
    firstParked: null,
    lastParked: null,
    nextSerial: 0,
    parkedBytes: 0,
    boxes: new Map(),
    sources: new Map(),
    pairs: new Map(),
    addresses: new Map(),
    waiters: new Map(),
    answerAt: [],
    wrongTokens: new Map(),
    unknownTypes: 0,
    stopping: false,
  };
}
