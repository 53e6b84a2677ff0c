/**
 * Clients of several nodes, and ways to see that all is well with them. Nothing here waits for a fixed time: the limits
 * only turn a hang into a failure.
 *
 * @module
 */
import { assert, assertEquals } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import {
  type Closed,
  openSocket,
  type PeerSocket,
  type Place,
  within,
} from "../support/peer_socket.ts";

/** Longest that anything takes to come about. */
export const MAX_MS = 30_000;

export interface Client extends PeerSocket {
  readonly id: string;
}

export function tokenOf(id: string): string {
  return `token of ${id}`;
}

/** Opens a socket; what the server says first. */
async function open(node: Place, id: string, token: string): Promise<[unknown, Client]> {
  const socket = await openSocket({ wsUrl: node.wsUrl, key: "peerjs", id, token });
  return [await socket.next(MAX_MS), { ...socket, id }];
}

/** Opens a socket that is admitted. */
export async function enter(node: Place, id: string, token = tokenOf(id)): Promise<Client> {
  const [first, socket] = await open(node, id, token);
  assertEquals(first, { type: "OPEN" }, id);
  return socket;
}

/** Somebody else wants the id: what the server says first. Who is let in leaves at once. */
export async function steal(node: Place, id: string): Promise<string> {
  const [first, socket] = await open(node, id, "a stranger's");
  await socket.close();
  return String(Object(first).type);
}

/** A socket that is closed with 1013, without a word, because no claim can be made. */
export async function turnedAway(node: Place, id: string): Promise<void> {
  const socket = await openSocket({ wsUrl: node.wsUrl, key: "peerjs", id, token: tokenOf(id) });
  const { code } = await within(socket.closed, MAX_MS, "The socket is not turned away");
  assertEquals([code, (await socket.fence()).frames], [1013, []]);
}

/** How a socket ended, and what came before that. */
export async function endOf(
  client: Client,
): Promise<Closed & { readonly frames: readonly unknown[] }> {
  const { code, reason } = await within(client.closed, MAX_MS, `${client.id} is not closed`);
  return { code, reason, frames: (await client.fence()).frames };
}

/** Waits until it is so. */
export async function eventually(
  what: string,
  isSo: () => boolean | Promise<boolean>,
): Promise<void> {
  const end = performance.now() + MAX_MS;
  while (!await isSo()) {
    assert(performance.now() < end, `It is not so after ${MAX_MS} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** How many lines of its log have this event. */
export function told({ lines }: Child, event: string): number {
  return lines.filter((line) => line.includes(`"event":"${event}"`)).length;
}

/** Each sends to each other one; everything arrives, and nothing else does before it. */
export async function meet(...all: readonly Client[]): Promise<void> {
  const mark = crypto.randomUUID();
  const letter = (src: Client, dst: Client): unknown => ({
    ...{ type: "OFFER", src: src.id, dst: dst.id, payload: `${mark} from ${src.id}` },
  });
  const others = (one: Client): Client[] => all.filter((other) => other !== one);
  for (const src of all) for (const dst of others(src)) src.send(letter(src, dst));
  for (const dst of all) {
    const came: unknown[] = [];
    for (const _ of others(dst)) came.push(await dst.next(MAX_MS));
    const wanted = others(dst).map((src) => letter(src, dst));
    assertEquals(inOrder(came), inOrder(wanted), `to ${dst.id}`);
  }
}

function inOrder(frames: readonly unknown[]): string[] {
  return frames.map((frame) => {
    const { type, src, dst, payload } = Object(frame);
    return JSON.stringify({ type, src, dst, payload });
  }).sort();
}

/** A stream of numbered messages from one to another. */
export interface Traffic {
  /** How many arrived. */
  readonly arrived: () => number;
  /** Ends it once the last one sent has arrived: all came, in order, and none came twice. */
  readonly stop: () => Promise<void>;
}

/**
 * Sends ten messages a second, and reads what comes; both clients are busy with it until it ends. So slow, because no
 * more than 64 may wait from one for one (QUEUE-7).
 */
export function startTraffic(from: Client, to: Client): Traffic {
  let [sent, arrived] = [0, 0];
  let last = Infinity;
  const timer = setInterval(() => {
    from.send({ type: "OFFER", dst: to.id, payload: ++sent });
  }, 100);
  const reading = (async (): Promise<void> => {
    while (arrived < last) {
      const frame = await to.next(MAX_MS);
      assertEquals(frame, { type: "OFFER", src: from.id, dst: to.id, payload: arrived + 1 });
      arrived++;
    }
  })();
  // Who stops it hears of a failure.
  reading.catch(() => {});
  return {
    arrived: () => arrived,
    stop: async (): Promise<void> => {
      clearInterval(timer);
      // At least one more, so that there is something to wait for.
      from.send({ type: "OFFER", dst: to.id, payload: ++sent });
      last = sent;
      await reading;
      assertEquals((await from.fence()).frames, [], "what its sender is told");
    },
  };
}
