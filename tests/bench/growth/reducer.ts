/**
 * What an event costs the reducer when so many clients are connected: a program that prints one object of figures.
 *
 * Events come in batches, and only the batches are timed; what prepares them is not. All figures are the mean of all
 * batches, so that the work of the collector is in them. As a server does, each state is retired when the next is made.
 */
import { textOf } from "../../../adapters/admin/prometheus.ts";
import { METRICS, readProcess, readServer } from "../../../adapters/admin/metrics.ts";
import { createCounts } from "../../../adapters/admin/counts.ts";
import {
  clientCount,
  type ConnId,
  connId,
  type Event,
  initialState,
  millis,
  nextWakeAt,
  owner,
  peerList,
  reduce,
  retire,
  settingsFrom,
  type State,
  takeSnapshot,
} from "../../../core/mod.ts";
import type { Metrics } from "../measures.ts";
import {
  BATCH,
  batchOf,
  FEW,
  FRAMES,
  heapUsed,
  HEARTBEAT,
  idOf,
  offerTo,
  pick,
  randomly,
  takeAny,
  timed,
  WARM_SIZE,
} from "./timing.ts";

/** Rates off: few clients say here what many would. Nobody is silent for too long but where that is measured. */
const SETTINGS = settingsFrom({
  ...{ concurrent_limit: 10_000_000, frame_rate: 0, byte_rate: 0 },
  ...{ alive_timeout: 86_400_000, expire_timeout: 50 },
});

interface Member {
  readonly conn: ConnId;
  readonly id: string;
  /** When the server looks whether it is silent. */
  checkAt: number;
}

/** A server without sockets: a state, its clock, and who is connected, in the order in which the server looks. */
class Crowd {
  state: State = initialState(SETTINGS);
  now = 0.001;
  members: Member[] = [];
  #serial = 0;

  /** As the loop of the server does it. */
  step(event: Event): void {
    const [next] = reduce(this.state, event, millis(this.now));
    retire(this.state, next);
    this.state = next;
    nextWakeAt(next);
  }

  /** Somebody who opens now, with an address of its own, as most clients have. */
  newcomer(): { readonly member: Member; readonly event: Event } {
    const serial = ++this.#serial;
    const conn = connId(serial);
    const id = idOf(serial);
    const address = `10.${serial >>> 16 & 255}.${serial >>> 8 & 255}.${serial & 255}`;
    const event: Event = {
      ...{ kind: "socket-opened", conn, id, key: "right", address, origin: null },
      ...{ ownOrigin: false, queryLength: 100, identity: { kind: "unchecked" } },
      token: { owner: owner(`digest of the token of ${id}`), length: 11, hasControl: false },
    };
    const member = { conn, id, checkAt: this.now + SETTINGS.alive_timeout };
    this.members.push(member);
    return { member, event };
  }

  /** Opens so many within half of `alive_timeout`; returns the longest single open in milliseconds. */
  grow(count: number): number {
    let longest = 0;
    const ms = SETTINGS.alive_timeout / 2 / count;
    for (let i = 0; i < count; i++) {
      this.now += ms;
      const { event } = this.newcomer();
      const startedAt = performance.now();
      this.step(event);
      longest = Math.max(longest, performance.now() - startedAt);
    }
    return longest;
  }

  /** Goes on to when the server looks at the last of them. */
  goTo(due: readonly Member[]): void {
    this.now = Math.max(this.now, ...due.map(({ checkAt }) => checkAt));
  }
}

function measure(size: number, batches: number): Metrics {
  const crowd = new Crowd();
  const before = heapUsed();
  const open_longest_ms = crowd.grow(size);
  const client_bytes = (heapUsed() - before) / size;
  return {
    ...frames(crowd, batches),
    ...arrivals(crowd, batches),
    ...waiting(crowd, batches),
    ...checks(crowd, batches),
    ...reports(crowd),
    ...drain(crowd),
    ...bareMap(size, batches),
    open_longest_ms,
    client_bytes,
  };
}

/** Messages and heartbeats: among the same few, and of anybody to anybody. */
function frames(crowd: Crowd, batches: number): Metrics {
  const { members } = crowd;
  const few = members.filter((_, i) => i % Math.ceil(members.length / FEW) === 0);
  const of = (some: readonly Member[], text: (dst: string) => string): () => readonly Event[] => {
    const next = randomly(some.length);
    return () => batchOf(() => frame(pick(some, next()), text(pick(some, next()).id)), FRAMES);
  };
  const run = (event: Event): void => {
    crowd.now += 0.01;
    crowd.step(event);
  };
  const beat = (): string => HEARTBEAT;
  return {
    message_few_us: timed(batches, of(few, offerTo), run),
    message_us: timed(batches, of(members, offerTo), run),
    beat_few_us: timed(batches, of(few, beat), run),
    beat_us: timed(batches, of(members, beat), run),
  };
}

/** The same work without a server: an entry of a native Map is read, and another takes its place. */
function bareMap(size: number, batches: number): Metrics {
  const map = new Map<number, Bare>();
  for (let i = 0; i < size; i++) map.set(i, { id: idOf(i), heardAt: i + 0.1 });
  const next = randomly(size);
  const replace = (key: number): void => {
    const old = map.get(key);
    if (old !== undefined) map.set(key, { ...old, heardAt: key + 0.2 });
  };
  return { bare_map_us: timed(batches, () => batchOf(next, FRAMES), replace) };
}

interface Bare {
  readonly id: string;
  readonly heardAt: number;
}

/** Opens of newcomers, and closes of anybody. */
function arrivals(crowd: Crowd, batches: number): Metrics {
  const step = (event: Event): void => crowd.step(event);
  let [open, close] = [0, 0];
  for (let i = 0; i < batches; i++) {
    crowd.now += 1;
    open += timed(1, () => batchOf(() => crowd.newcomer().event), step);
    const gone = takeAny(crowd.members, randomly(crowd.members.length, i));
    const closed = ({ conn }: Member): Event => ({ kind: "socket-closed", conn, code: 1001 });
    close += timed(1, () => gone.map(closed), step);
  }
  return { open_us: open / batches, close_us: close / batches };
}

/** Messages for ids that nobody holds, and the ends of their time. */
function waiting(crowd: Crowd, batches: number): Metrics {
  const { members } = crowd;
  const next = randomly(members.length);
  let [store, expire, serial] = [0, 0, 0];
  for (let i = 0; i < batches; i++) {
    const events = batchOf(() => frame(pick(members, next()), offerTo(`absent-${++serial}`)));
    store += timed(1, () => events, (event) => crowd.step(event));
    crowd.now += SETTINGS.expire_timeout;
    expire += timed(1, () => [TICK], (event) => crowd.step(event)) / BATCH;
  }
  return { store_us: store / batches, expire_us: expire / batches };
}

/** Ticks: with nothing due, with clients that were heard, and with clients that were not. */
function checks(crowd: Crowd, batches: number): Metrics {
  const tick = (event: Event): void => crowd.step(event);
  const idle = timed(batches, () => batchOf(() => TICK, FRAMES), tick);
  let [heard, silent] = [0, 0];
  for (let i = 0; i < batches; i++) {
    const alive = crowd.members.splice(0, BATCH);
    for (const member of alive) {
      crowd.now += 1e-6;
      crowd.step(frame(member, HEARTBEAT));
      crowd.members.push(member);
    }
    const heardAt = crowd.now;
    crowd.goTo(alive);
    heard += timed(1, () => [TICK], tick) / BATCH;
    for (const member of alive) member.checkAt = heardAt + SETTINGS.alive_timeout;
    const lost = crowd.members.splice(0, BATCH);
    crowd.goTo(lost);
    silent += timed(1, () => [TICK], tick) / BATCH;
    for (let n = 0; n < BATCH; n++) crowd.step(crowd.newcomer().event);
  }
  return { tick_us: idle, check_us: heard / batches, timeout_us: silent / batches };
}

/** What is asked from outside. A list costs each client that is on it. */
function reports({ state }: Crowd): Metrics {
  const counts = createCounts();
  const signaling = {
    ...{ settings: SETTINGS, state: () => state, clientCount: () => clientCount(state) },
    ...{ unsentBytes: () => 0, watcherCount: () => 0, refusedRequests: new Map(), now: () => 0 },
  };
  const sources = { signaling, counts, lag: { read: () => 0 }, cluster: null };
  const text = (): string =>
    textOf(
      METRICS,
      new Map([
        ...readServer(sources),
        ...readProcess({ version: "", clientsLimit: 0, workers: null }),
      ]),
    );
  const [list, copy] = [() => peerList(state), () => takeSnapshot(state)].map((walk) =>
    timed(3 + 1e5 / state.claims.size, () => [null], walk) / state.claims.size
  );
  return {
    metrics_us: timed(20, () => batchOf(() => null), text),
    peers_us: list ?? NaN,
    copy_us: copy ?? NaN,
  };
}

/** Clients that a drain closes in its first waves. */
function drain(crowd: Crowd): Metrics {
  const before = crowd.state.claims.size;
  const ms = Math.min(before * DRAIN_MS_PER_CLIENT, DRAIN_MAX_MS);
  crowd.step({ kind: "drain-requested", ms });
  crowd.now += ms / 4;
  const next = (): readonly Event[] => {
    crowd.now = Math.max(crowd.now, nextWakeAt(crowd.state) ?? 0);
    return [TICK];
  };
  const us = timed(DRAIN_WAVES, next, (event) => crowd.step(event)) * DRAIN_WAVES;
  return { drain_us: us / (before - crowd.state.claims.size) };
}

/** So short that a wave of the smallest crowd is as large as it may be. */
const DRAIN_MS_PER_CLIENT = 20 * 2 / 256;
const DRAIN_MAX_MS = 2_000;
const DRAIN_WAVES = 40;
const TICK: Event = { kind: "tick" };

function frame({ conn }: Member, text: string): Event {
  return { kind: "frame-received", conn, text };
}

if (import.meta.main) {
  const [size, batches] = Deno.args.map(Number);
  measure(WARM_SIZE, 200);
  console.log(JSON.stringify(measure(size ?? 0, batches ?? 0)));
}
