/**
 * What the usual events cost the reducer, with a thousand clients and with a hundred thousand: `deno task
 * bench:reducer`.
 *
 * Who acts is picked at random, because records that are not in the processor's cache are part of the truth. Strings
 * are new and flat, as they come from a socket: an engine that has seen a string before knows its hash. An opening
 * comes with the close that makes room for it, so that the population stays as it is.
 */
import { connId, type Event, initialState, millis, reduce, retire } from "../../core/mod.ts";
import { settingsFrom } from "../../core/mod.ts";
import { tokenOf } from "../support/world.ts";

/** Frames are made before the clock is looked at, and used again. */
const FRAMES = 5_000;
/** Between two events: so slow that nobody among 1,000 sends faster than is allowed. */
const STEP_MS = 0.01;
/** The defaults, but for room for everybody, and for nobody being silent too long by the benchmark's clock. */
const SETTINGS = settingsFrom({ concurrent_limit: 10_000_000, alive_timeout: 86_400_000 });
const SDP = "a=candidate:1 1 udp 2113937151 192.0.2.4 54\r\n".repeat(40);
const OFFER = { sdp: { type: "offer", sdp: SDP }, connectionId: "dc_1" };

for (const population of [1_000, 100_000]) {
  let known: Crowd | undefined;
  const bench = (row: string, make: (self: Crowd) => () => void): void => {
    let handle: (() => void) | undefined;
    Deno.bench(`${row}, ${population} clients`, { group: row }, () => {
      known ??= new Crowd(population);
      handle ??= make(known);
      handle();
    });
  };
  bench("heartbeat", (self) => self.frames(() => '{"type":"HEARTBEAT"}'));
  bench(
    "relay 2 KB",
    (self) =>
      self.frames(() =>
        JSON.stringify({ type: "OFFER", payload: OFFER, dst: idOf(self.anybody()) })
      ),
  );
  bench("close and open", (self) => () => {
    const client = self.anybody();
    self.run({ kind: "socket-closed", conn: self.connOf(client), code: 1005 });
    self.open(client);
  });
}

/** Clients of a server; the clock moves with every event. */
class Crowd {
  #state = initialState(SETTINGS);
  #now = 0;
  #bits = 1;
  #lastConn = 0;
  /** The connection of each client, by its number. */
  readonly #conns: number[] = [];

  constructor(population: number) {
    for (let client = 0; client < population; client++) this.open(client);
  }

  /** As `adapters/runtime.ts` does it: the newest state is kept, and the one before it is given up. */
  run(event: Event): void {
    this.#now += STEP_MS;
    const [next] = reduce(this.#state, event, millis(this.#now));
    retire(this.#state, next);
    this.#state = next;
  }

  open(client: number): void {
    const id = flat(idOf(client));
    this.#conns[client] = ++this.#lastConn;
    this.run({
      kind: "socket-opened",
      conn: this.connOf(client),
      id,
      token: tokenOf(flat(`token-${id.slice(0, 8)}`)),
      key: "right",
      address: flat(`10.${client >> 16 & 255}.${client >> 8 & 255}.${client & 255}`),
      origin: null,
      ownOrigin: false,
      queryLength: 110,
      identity: { kind: "unchecked" },
    });
  }

  /** Frames of anybody, one after the other. */
  frames(textOf: () => string): () => void {
    const made = Array.from({ length: FRAMES }, () => [this.anybody(), flat(textOf())] as const);
    let i = 0;
    return () => {
      const [client, text] = made[i++ % FRAMES] ?? [0, ""];
      this.run({ kind: "frame-received", conn: this.connOf(client), text });
    };
  }

  connOf(client: number): ReturnType<typeof connId> {
    return connId(this.#conns[client] ?? 0);
  }

  /** Marsaglia's xorshift: fast, the same in every run, and good enough to pick clients. */
  anybody(): number {
    this.#bits ^= this.#bits << 13;
    this.#bits ^= this.#bits >>> 17;
    this.#bits ^= this.#bits << 5;
    return (this.#bits >>> 0) % this.#conns.length;
  }
}

/** As long as a UUID, and as random to look at. */
function idOf(client: number): string {
  const head = (Math.imul(client, 0x9e3779b1) >>> 0).toString(16).padStart(8, "0");
  return `${head}-6b1f-4d2a-8c3e-${client.toString(16).padStart(12, "0")}`;
}

/** A new string in one piece, of which no hash is known. */
function flat(text: string): string {
  return new TextDecoder().decode(new TextEncoder().encode(text));
}
