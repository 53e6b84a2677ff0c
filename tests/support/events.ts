/** Reads a stream of presence, as a page does that keeps the list: what it says must always be news. */
import { assert } from "./assert.ts";
import { within } from "./peer_socket.ts";

export class PeersReader {
  /** The ids that are listed; `null` until the first event. */
  list: ReadonlySet<string> | null = null;
  /** The events so far, each as its type and its data. */
  readonly events: (readonly [type: string, data: unknown])[] = [];
  /** The comments so far. */
  comments = 0;
  /** What `retry` said. */
  retryMs = 0;
  readonly #decoder = new TextDecoder();
  #text = "";

  readonly read = (piece: Uint8Array): void => {
    const blocks = (this.#text + this.#decoder.decode(piece, { stream: true })).split("\n\n");
    this.#text = blocks.pop() ?? "";
    for (const block of blocks) this.#take(block);
  };

  #take(block: string): void {
    if (block === ":") return void this.comments++;
    const fields = new Map(
      block.split("\n").map((line): [string, string] => {
        const [, name = "", value = ""] = /^([a-z]+): ([^]*)$/.exec(line) ?? [];
        assert(name !== "", `no line of an event: ${line}`);
        return [name, value];
      }),
    );
    this.retryMs = Number(fields.get("retry") ?? this.retryMs);
    const type = fields.get("event") ?? "";
    const data: unknown = JSON.parse(fields.get("data") ?? "");
    this.events.push([type, data]);
    this.list = this.#listAfter(type, data);
  }

  #listAfter(type: string, data: unknown): ReadonlySet<string> {
    if (type === "peers" && Array.isArray(data)) {
      const list = new Set(data.map(String));
      assert(this.list === null && list.size === data.length, `a second list: ${data}`);
      return list;
    }
    const [id, list] = [String(data), new Set(this.list)];
    const isNews = type === "join" ? !list.has(id) : type === "leave" && list.has(id);
    assert(this.list !== null && isNews, `${type} ${id} is no news`);
    if (type === "join") list.add(id);
    else list.delete(id);
    return list;
  }
}

/** A stream of presence that is open, and what it said so far. */
export interface PeersStream extends AsyncDisposable {
  readonly response: Response;
  readonly peers: PeersReader;
  /** Reads until the list is these ids, in any order. */
  readonly until: (...ids: readonly string[]) => Promise<void>;
  /** Reads to the end. */
  readonly ended: () => Promise<void>;
}

/** Opens the stream at this URL; where it is refused, its text is the error. */
export async function openPeers(url: string, headers: HeadersInit = {}): Promise<PeersStream> {
  const abort = new AbortController();
  const response = await fetch(url, {
    headers: { accept: "text/event-stream", ...headers },
    signal: abort.signal,
  });
  if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
  assert(response.body !== null, "there is no body");
  const [reader, peers] = [response.body.getReader(), new PeersReader()];
  const more = async (): Promise<boolean> => {
    const { done, value } = await within(reader.read(), EVENT_MAX_MS, "There is no event");
    if (value !== undefined) peers.read(value);
    return !done;
  };
  return {
    response,
    peers,
    until: async (...ids) => {
      const wanted = JSON.stringify([...ids].sort());
      while (JSON.stringify([...peers.list ?? ["?"]].sort()) !== wanted) {
        assert(await more(), `the stream ended with ${[...peers.list ?? []]}`);
      }
    },
    ended: async () => {
      while (await more());
    },
    [Symbol.asyncDispose]: async () => {
      abort.abort();
      await reader.closed.catch(() => {});
    },
  };
}

/** Longest that a test waits for an event: a cluster says one every 2 s, and a machine may be busy. */
const EVENT_MAX_MS = 20_000;
