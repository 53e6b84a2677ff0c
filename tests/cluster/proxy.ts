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

export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** As option `cluster` takes it. */
  readonly url: string;
  /** How many connections there are and were. */
  readonly count: number;
  /** Ends all connections; new ones end at once, until `heal`. */
  readonly cut: () => void;
  /** All that goes in this direction is lost, until `heal`; nothing ends. */
  readonly swallow: (direction: Direction) => void;
  /** Swallows what Redis says on those connections of today over which a node has sent this text. */
  readonly deafen: (sent: string) => void;
  /** Everything that comes from now on arrives later, in both directions together by so much; 0 ends that. */
  readonly delay: (ms: number) => void;
  readonly heal: () => void;
}

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
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pairs = new Set<Pair>();
  const running = new Set<Promise<void>>();
  const swallowing = new Set<Direction>();
  const sleepers = new Set<() => void>();
  let [isCut, delayMs, count] = [false, 0, 0];

  async function accept(): Promise<void> {
    for await (const near of listener) {
      count++;
      if (isCut) near.close();
      else run(carry(near));
    }
  }

  function run(work: Promise<void>): void {
    running.add(work);
    void work.finally(() => running.delete(work));
  }

  async function carry(near: Deno.TcpConn): Promise<void> {
    const far = await firstOf(targets);
    if (far === null) return near.close();
    const pair: Pair = { near, far, swallowed: new Set(swallowing), sent: "" };
    pairs.add(pair);
    // A connection that was cut while it was made ends like the others.
    if (isCut) end(pair);
    await Promise.all([pump(pair, near, far, "up"), pump(pair, far, near, "down")]);
    end(pair);
  }

  function end(pair: Pair): void {
    if (!pairs.delete(pair)) return;
    pair.near.close();
    pair.far.close();
  }

  async function pump(
    pair: Pair,
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    direction: Direction,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    let written = Promise.resolve();
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        if (pair.swallowed.has(direction)) continue;
        const bytes = buffer.slice(0, n);
        if (direction === "up") {
          pair.sent = (pair.sent + new TextDecoder().decode(bytes)).slice(-SENT_MAX);
        }
        const ready = direction === "up" ? Promise.resolve() : sleep(delayMs);
        written = written.then(() => ready).then(() => writeAll(to, bytes));
        written.catch(() => end(pair));
      }
      await written;
    } catch {
      // Somebody ended it; the other direction ends with it.
    }
    end(pair);
  }

  /** Settles after so long, or when the proxy ends. */
  function sleep(ms: number): Promise<void> {
    if (ms === 0) return Promise.resolve();
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(wake, ms);
    sleepers.add(wake);
    return promise;

    function wake(): void {
      clearTimeout(timer);
      sleepers.delete(wake);
      resolve();
    }
  }

  const done = accept();
  return {
    ...{ port: listener.addr.port, url: `redis://127.0.0.1:${listener.addr.port}` },
    get count(): number {
      return count;
    },
    cut: () => {
      isCut = true;
      for (const pair of [...pairs]) end(pair);
    },
    swallow: (direction) => {
      swallowing.add(direction);
      for (const { swallowed } of pairs) swallowed.add(direction);
    },
    deafen: (text) => {
      for (const { sent, swallowed } of pairs) if (sent.includes(text)) swallowed.add("down");
    },
    delay: (ms) => void (delayMs = ms),
    heal: () => {
      [isCut, delayMs] = [false, 0];
      swallowing.clear();
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      await done;
      for (const pair of [...pairs]) end(pair);
      for (const wake of [...sleepers]) wake();
      await Promise.all(running);
    },
  };
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
