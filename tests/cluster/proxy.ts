/** A proxy on loopback before a server, that can swallow what the server says on some of its connections. */

export interface Proxy extends AsyncDisposable {
  readonly port: number;
  /** Passes on nothing more to clients that have sent this text. They notice nothing else. */
  deafen(sent: string): void;
  /** How many connections there are and were. */
  readonly count: number;
}

/** Starts a proxy of a port of loopback. */
export function startProxy(target: number): Proxy {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const pairs: { readonly ends: readonly Deno.TcpConn[]; sent: string; isDeaf: boolean }[] = [];

  async function accept(): Promise<void> {
    for await (const client of listener) {
      const server = await Deno.connect({ hostname: "127.0.0.1", port: target });
      const pair = { ends: [client, server], sent: "", isDeaf: false };
      pairs.push(pair);
      running.push(
        copy(client, server, (text) => {
          pair.sent = (pair.sent + text).slice(-SENT_MAX);
          return true;
        }),
        copy(server, client, () => !pair.isDeaf),
      );
    }
  }

  async function copy(
    from: Deno.TcpConn,
    to: Deno.TcpConn,
    passes: (text: string) => boolean,
  ): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      for (let n = await from.read(buffer); n !== null; n = await from.read(buffer)) {
        const chunk = buffer.subarray(0, n);
        if (!passes(new TextDecoder().decode(chunk))) continue;
        for (let at = 0; at < n;) at += await to.write(chunk.subarray(at));
      }
    } catch {
      // One side is gone, and the other goes with it.
    }
    for (const end of [from, to]) close(end);
  }

  const running: Promise<void>[] = [];
  const accepting = accept().catch(() => {});
  return {
    port: listener.addr.port,
    deafen: (sent) => {
      for (const pair of pairs) if (pair.sent.includes(sent)) pair.isDeaf = true;
    },
    get count(): number {
      return pairs.length;
    },
    [Symbol.asyncDispose]: async () => {
      listener.close();
      for (const { ends } of pairs) ends.forEach(close);
      await Promise.all([accepting, ...running]);
    },
  };
}

const SENT_MAX = 4_096;

function close(end: Deno.TcpConn): void {
  try {
    end.close();
  } catch {
    // It is closed already.
  }
}
