/**
 * One conversation, held with signalbox and with the incumbent: what a deviation test is made of.
 *
 * A deviation is stated as a conversation that returns what it observed, and the two values that it must
 * return, one for each server. That the values differ, and that the real incumbent does give its own, is the
 * proof that the test would fail on the incumbent's behaviour.
 *
 * @module
 */
import { assertEquals, assertThrows } from "./assert.ts";
import { startChild } from "./child.ts";
import { type IncumbentOptions, startIncumbent } from "./incumbent.ts";
import { type Fenced, openSocket, type PeerSocket, within } from "./peer_socket.ts";

/** Where a server is. */
export interface Target {
  /** `http://127.0.0.1:<port><path>`, ends in a slash. */
  readonly url: string;
  /** `ws://127.0.0.1:<port><path>peerjs`, without a query. */
  readonly wsUrl: string;
  /** Sends SIGTERM; settles when the server has acted on it. */
  interrupt(): Promise<void>;
}

/** Both servers, running with the same settings. */
interface Both extends AsyncDisposable {
  readonly signalbox: Target;
  readonly incumbent: Target;
}

/** A conversation, and what each server is to be observed to do in it. */
export interface Deviation {
  /** Begins with the rule: `[OPEN-5] …`. */
  readonly name: string;
  readonly talk: (target: Target) => Promise<unknown>;
  readonly signalbox: unknown;
  readonly incumbent: unknown;
}

/**
 * A test that starts both servers once, with these settings, and has a step for each deviation; `extra`
 * are flags that only signalbox has.
 *
 * The servers' output is read all the while, so what a step began and what it ended says nothing about
 * it: operations are balanced over the whole test, resources over each step as well.
 */
export function testDeviations(
  { name, options = {}, extra = [] }: {
    readonly name: string;
    readonly options?: IncumbentOptions;
    readonly extra?: readonly string[];
  },
  deviations: readonly Deviation[],
): void {
  Deno.test(name, async (t) => {
    await using both = await startBoth(options, extra);
    for (const deviation of deviations) {
      const fn = (): Promise<void> => assertDeviation(both, deviation);
      await t.step({ name: deviation.name, fn, sanitizeOps: false });
    }
  });
}

/** A socket that asks for `id`, the upgrade done and nothing read yet. */
export function connect(target: Target, id: string, token = `token-of-${id}`): Promise<PeerSocket> {
  return openSocket({ wsUrl: target.wsUrl, id, token, key: "peerjs" });
}

/** A socket that has been admitted as `id`. */
export async function join(target: Target, id: string): Promise<PeerSocket> {
  const socket = await connect(target, id);
  assertEquals(await socket.next(), { type: "OPEN" });
  return socket;
}

/** The `type` of each frame. */
export function typesOf(frames: readonly unknown[]): readonly unknown[] {
  return frames.map((frame) => Object(frame).type);
}

/** The types of the frames that came, then how the socket ended, or that it did not. */
export function seen({ frames, closed }: Fenced): readonly unknown[] {
  return [...typesOf(frames), closed?.code ?? "open"];
}

/** Asks who is connected until `id` is not, or `timesMax` times; whether it was named to the last. */
export async function staysListed(target: Target, id: string, timesMax: number): Promise<boolean> {
  for (let i = 0; i < timesMax; i++) {
    const response = await fetch(`${target.url}peerjs/peers`);
    if (!(await response.text()).includes(`"${id}"`)) return false;
  }
  return true;
}

async function startBoth(
  options: IncumbentOptions,
  extra: readonly string[],
): Promise<Both> {
  const [ours, theirs] = await Promise.allSettled([
    startChild({ args: [...flagsOf(options), ...extra] }),
    startIncumbent(options),
  ]);
  const stop = async (): Promise<void> => {
    const started = [ours, theirs].flatMap((s) => s.status === "fulfilled" ? [s.value] : []);
    await Promise.all(started.map((server) => server.stop()));
  };
  if (ours.status === "rejected" || theirs.status === "rejected") {
    await stop();
    throw ours.status === "rejected" ? ours.reason : Object(theirs).reason;
  }
  const { url, wsUrl } = ours.value;
  return {
    signalbox: { url, wsUrl, interrupt: async () => void await ours.value.stop() },
    incumbent: theirs.value,
    [Symbol.asyncDispose]: stop,
  };
}

/** Holds the conversation with both, at the same time, and compares. */
async function assertDeviation(both: Both, deviation: Deviation): Promise<void> {
  const { talk, signalbox, incumbent } = deviation;
  const hold = (target: Target): Promise<unknown> =>
    within(talk(target), TALK_MAX_MS, "Cannot end the conversation: something did not come");
  const [ours, theirs] = await Promise.allSettled([hold(both.signalbox), hold(both.incumbent)]);
  assertEquals(valueOf(ours), signalbox, "What signalbox did is not what it must do");
  assertEquals(valueOf(theirs), incumbent, "What the incumbent did is not what it is known to do");
  assertThrows(() => assertEquals(valueOf(theirs), signalbox), Error);
}

/** Longest that a conversation may take; no rule waits for it. */
const TALK_MAX_MS = 20_000;

function flagsOf(options: IncumbentOptions): readonly string[] {
  const { cleanup_out_msgs: _, ...shared } = options;
  return Object.entries(shared).map(([name, value]) => `--${name}=${value}`);
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "fulfilled") return settled.value;
  throw settled.reason;
}
