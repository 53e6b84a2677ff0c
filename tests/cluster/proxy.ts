/**
 * A TCP proxy between a node and its Redis, on loopback, that is a bad network on command.
 *
 * A network that loses packets is not one that loses bytes of a stream: what a direction swallowed is gone, so that
 * connection carries nothing in that direction ever again, as when a firewall has forgotten it. New ones work once the
 * network is whole.
 *
 * @module
 */

/** `up` is from the node to Redis. */
export type Direction = "up" | "down";

/** One connection, and the one behind it. */
interface Pair {
  readonly near: Deno.TcpConn;
  readonly far: Deno.TcpConn;
  readonly swallowed: Set<Direction>;
  /** What a node sent, the end of it. */
  sent: string;
}

const SENT_MAX = 4_096;

/** Starts a proxy to the first of these ports of loopback that accepts a connection. */
export function startProxy(...targets: readonly number[]): Proxy {
  return new Proxy(targets);
}

export class Proxy implements AsyncDisposable {
  /** How many connections there are and were. */
  count = 0;
  readonly #targets: readonly number[];
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #pairs = new Set<Pair>();
  readonly #running = new Set<Promise<void>>();
  readonly #swallowing = new Set<Direction>();
  readonly #sleepers = new Set<() => void>();
  readonly #done: Promise<void>;
  #isCut = false;
  #delayMs = 0;

  constructor(targets: readonly number[]) {
    this.#targets = targets;
    this.#done = this.#accept();
  }

  get port(): number {
    return this.#listener.addr.port;
  }

  /** As option `cluster` takes it. */
  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Ends all connections; new ones end at once, until `heal`. */
  cut(): void {
    this.#isCut = true;
    for (const pair of [...this.#pairs]) this.#end(pair);
  }

  /** All that goes in this direction is lost, until `heal`; nothing ends. */
  swallow(direction: Direction): void {
    this.#swallowing.add(direction);
    for (const { swallowed } of this.#pairs) swallowed.add(direction);
  }

  /** Swallows what Redis says on those connections of today over which a node has sent this text. */
  deafen(text: string): void {
    for (const { sent, swallowed } of this.#pairs) if (sent.includes(text)) swallowed.add("down");
  }

  /** Everything that comes from now on arrives later, in both directions together by so much; 0 ends that. */
  delay(ms: number): void {
    this.#delayMs = ms;
  }

  heal(): void {
    this.#isCut = false;
    this.#delayMs = 0;
    this.#swallowing.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    await this.#done;
    for (const pair of [...this.#pairs]) this.#end(pair);
    for (const wake of [...this.#sleepers]) wake();
    await Promise.all(this.#running);
  }

  async #accept(): Promise<void> {
    for await (const near of this.#listener) {
      this.count++;
      if (this.#isCut) near.close();
      else {
        const work = this.#carry(near);
        this.#running.add(work);
        void work.finally(() => this.#running.delete(work));
      }
    }
  }

  async #carry(near: Deno.TcpConn): Promise<void> {
    const far = await firstOf(this.#targets);
    if (far === null) return near.close();
    const pair: Pair = { near, far, swallowed: new Set(this.#swallowing), sent: "" };
    this.#pairs.add(pair);
    // A connection that was cut while it was made ends like the others.
    if (this.#isCut) this.#end(pair);
    await Promise.all([this.#pump(pair, "up"), this.#pump(pair, "down")]);
    this.#end(pair);
  }

  #end(pair: Pair): void {
    if (!this.#pairs.delete(pair)) return;
    pair.near.close();
    pair.far.close();
  }

  async #pump(pair: Pair, direction: Direction): Promise<void> {
    const [from, to] = direction === "up" ? [pair.near, pair.far] : [pair.far, pair.near];
    const buffer = new Uint8Array(65_536);
    let written = Promise.resolve();
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        if (pair.swallowed.has(direction)) continue;
        const bytes = buffer.slice(0, n);
        if (direction === "up") {
          pair.sent = (pair.sent + new TextDecoder().decode(bytes)).slice(-SENT_MAX);
        }
        const ready = direction === "up" ? Promise.resolve() : this.#sleep(this.#delayMs);
        written = written.then(() => ready).then(() => writeAll(to, bytes));
        written.catch(() => this.#end(pair));
      }
      await written;
    } catch {
      // Somebody ended it; the other direction ends with it.
    }
    this.#end(pair);
  }

  /** Settles after so long, or when the proxy ends. */
  #sleep(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const wake = (): void => {
      clearTimeout(timer);
      this.#sleepers.delete(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    this.#sleepers.add(wake);
    return promise;
  }
}

async function firstOf(ports: readonly number[]): Promise<Deno.TcpConn | null> {
  for (const port of ports) {
    try {
      return await Deno.connect({ hostname: "127.0.0.1", port });
    } catch {
      // Nobody is there.
    }
  }
  return null;
}

async function writeAll(to: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await to.write(rest));
}
