/**
 * What streams of presence list: the clients of this server, from the steps of its loop; or those of all nodes, from
 * the directory of the cluster, read again and again while somebody watches.
 *
 * @module
 */
import { mapHas, type Note, peerId, peerList, type Settings, type State } from "../../core/mod.ts";
import type { Observer, Ports } from "../runtime.ts";
import { hashable } from "../tally.ts";
import { type List, Presence } from "./presence.ts";
import type { StreamBody } from "./stream.ts";

export interface WatchingPorts {
  readonly settings: Settings;
  readonly state: () => State;
  /** The time of the loop, which excludes pauses of the process. */
  readonly now: () => number;
  readonly clock: Pick<Ports, "schedule">;
  /** The ids of all nodes as JSON, `null` if they cannot be known; `null` for a server that is alone. */
  readonly clusterPeers: (() => Promise<string | null>) | null;
}

/** A stream, or a sentence that says why there is none now. */
export type Watched = StreamBody | string;

/** The refusal of a list of a cluster that cannot be read. */
export const NO_LIST = "The directory of this cluster cannot be read now: try again later.";

const CROWDED = "Too many streams of peers are open: try again later, or ask for the list alone.";

/** Presence of one server. */
export interface Watching {
  /** The observers that presence needs. They must come before those that may call `watch`. */
  readonly observers: readonly Observer[];
  readonly watch: (addressGroup: string) => Watched | Promise<Watched>;
  /** The number of streams. */
  readonly count: () => number;
  /** Ends every stream. */
  readonly stop: () => void;
}

/** Where nobody may ask for the list, a step costs nothing. */
const OFF: Watching = { observers: [], watch: () => CROWDED, count: () => 0, stop: () => {} };

export function createWatching(ports: WatchingPorts): Watching {
  if (!ports.settings.allow_discovery) return OFF;
  return ports.clusterPeers === null ? watchState(ports) : watchCluster(ports, ports.clusterPeers);
}

function watchState({ settings, state, now, clock: { schedule } }: WatchingPorts): Watching {
  const list: List = {
    has: (id) => mapHas(state().claims, peerId(id)),
    text: () => peerList(state()),
  };
  const presence = new Presence({ settings, now, schedule, list });
  return {
    observers: [({ effects }) => {
      if (!presence.isWatched) return;
      for (const effect of effects) if (effect.kind === "note") touchBy(presence, effect);
    }],
    watch: (addressGroup) => presence.watch(addressGroup) ?? CROWDED,
    count: () => presence.count,
    stop: () => presence.stop(),
  };
}

/** A takeover is a client that left and one that was admitted: the id was listed before, and is. */
export function touchBy(presence: Pick<Presence, "touch">, note: Note): void {
  if (note.what === "left") presence.touch(note.id, true);
  else if (note.what === "admitted") presence.touch(note.id, note.replaces !== null);
}

function watchCluster(
  { settings, now, clock: { schedule } }: WatchingPorts,
  peers: () => Promise<string | null>,
): Watching {
  let text = "[]";
  let ids: ReadonlyMap<string, string> = new Map();
  let isReading = false;
  let cancel = (): void => {};
  const list: List = { has: (id) => ids.has(hashable(id)), text: () => text };
  const presence = new Presence({ settings, now, schedule, list });

  async function watch(addressGroup: string): Promise<Watched> {
    const found = await peers();
    if (found === null) return NO_LIST;
    take(found);
    const body = presence.watch(addressGroup);
    if (body !== null) readLater(0);
    return body ?? CROWDED;
  }

  /** Reads at most a tenth of the time. A directory that cannot be read has not changed, and took nobody's time. */
  function readLater(tookMs: number): void {
    if (isReading) return;
    isReading = true;
    cancel = schedule(async () => {
      const beganAt = now();
      const found = presence.isWatched ? await peers() : null;
      if (found !== null && presence.isWatched) take(found);
      isReading = false;
      if (presence.isWatched) readLater(found === null ? 0 : now() - beganAt);
    }, Math.max(READ_MS, READ_SHARE * tookMs));
  }

  function take(found: string): void {
    if (found === text) return;
    const known = ids;
    text = found;
    ids = idsIn(found);
    if (!presence.isWatched) return;
    for (const [key, id] of ids) if (!known.has(key)) presence.touch(id, false);
    for (const [key, id] of known) if (!ids.has(key)) presence.touch(id, true);
  }

  function stop(): void {
    cancel();
    presence.stop();
  }

  return { observers: [], watch, count: () => presence.count, stop };
}

/** How long to wait between two readings of the directory, at least. */
export const READ_MS = 2_000;

/** The time between two readings, as a multiple of how long one takes. */
const READ_SHARE = 9;

function idsIn(text: string): ReadonlyMap<string, string> {
  const ids: string[] = JSON.parse(text);
  return new Map(ids.map((id) => [hashable(id), id]));
}
