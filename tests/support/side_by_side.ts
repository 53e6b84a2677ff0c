/**
 * Holds the same conversations with signalbox and with the incumbent, both real, and compares the transcripts.
 *
 * A conversation that declares no difference must give two equal transcripts. One that does names the rules
 * of SPEC.md that explain it, and both transcripts, whole: so a difference can only be the one that was meant.
 *
 * @module
 */
import { assert, assertEquals } from "./assert.ts";
import { startChild } from "./child.ts";
import { incumbentHelp, type IncumbentOptions, startIncumbent } from "./incumbent.ts";
import { runMain } from "./main.ts";
import { within } from "./peer_socket.ts";
import { type Stage, type Target, transcribe, type Transcript } from "./stage.ts";

/** A line of the README's table. */
export interface Row {
  readonly about: string;
  readonly incumbent: string;
  readonly signalbox: string;
}

/** How the two differ in a conversation. */
export interface Difference {
  /** The rules that say so. */
  readonly rules: readonly string[];
  readonly signalbox: Transcript;
  readonly incumbent: Transcript;
  /** What of it people should know. */
  readonly row?: Row;
}

/** What is said to both servers, by actors that the stage writes down. */
export interface Conversation {
  /** Begins with the rules that it proves: `[OPEN-5] …`. */
  readonly name: string;
  readonly talk: (stage: Stage) => Promise<void>;
  /** Missing where both must do the same. */
  readonly differs?: Difference;
}

/** Conversations that are held with one pair of servers, one after the other. */
export interface Group {
  readonly name: string;
  /** Settings of both. */
  readonly options?: IncumbentOptions;
  /** Flags that only signalbox has. */
  readonly extra?: readonly string[];
  /** Whether each conversation needs a pair of its own: it ends a server. */
  readonly ends?: boolean;
  readonly conversations: readonly Conversation[];
}

/** Both transcripts of one conversation. */
export interface Observation {
  readonly signalbox: Transcript;
  readonly incumbent: Transcript;
}

/** Both servers, running with the same settings. */
interface Both extends AsyncDisposable {
  readonly signalbox: Target;
  readonly incumbent: Target;
}

/**
 * Starts both servers and visits the conversations of a group, one after the other; calling `observe` holds one. Fails
 * where a server does not start, or somebody stays connected.
 */
export async function holdAll(
  group: Group,
  visit: (conversation: Conversation, observe: () => Promise<Observation>) => Promise<void>,
): Promise<void> {
  const { ends = false, conversations } = group;
  for (const some of ends ? conversations.map((one) => [one]) : [conversations]) {
    await using both = await startBoth(group);
    for (const conversation of some) {
      await visit(conversation, () => observe(both, conversation));
      if (group.options?.allow_discovery) {
        await Promise.all([both.signalbox, both.incumbent].map(empty));
      }
    }
  }
}

/** Fails unless both transcripts are what the conversation says. */
export function assertAsDeclared({ differs }: Conversation, observed: Observation): void {
  const { signalbox, incumbent } = observed;
  assert(Object.keys(signalbox).length > 0, "A conversation must have something to see");
  if (differs === undefined) {
    assertSame(signalbox, incumbent, "Signalbox (left) differs from the incumbent (right)");
    return;
  }
  assert(differs.rules.length > 0, "A difference must name the rules that explain it");
  assertSame(signalbox, differs.signalbox, "What signalbox did is not what it must do");
  assertSame(incumbent, differs.incumbent, "What the incumbent did is not what it is known to do");
  assert(!isSame(signalbox, incumbent), "Both do the same, so there is no difference to declare");
}

/** Fails unless two transcripts are equal to the letter, the order of the fields of each frame included. */
export function assertSame(actual: unknown, expected: unknown, message: string): void {
  if (isSame(actual, expected)) return;
  assertEquals(plain(actual), plain(expected), message);
  assertEquals(JSON.stringify(actual), JSON.stringify(expected), message);
}

/** Longest that a conversation may take; no rule waits for it. */
const TALK_MAX_MS = 30_000;
/** How often it is asked who is connected. */
const EMPTY_MAX = 10_000;

async function startBoth({ options = {}, extra = [] }: Group): Promise<Both> {
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
  const { interrupt } = theirs.value;
  return {
    signalbox: {
      url,
      wsUrl,
      interrupt: async () => void await ours.value.stop(),
      help: once(async () => (await runMain(["--help"])).stdout),
    },
    incumbent: {
      url: theirs.value.url,
      wsUrl: theirs.value.wsUrl,
      interrupt,
      help: once(incumbentHelp),
    },
    [Symbol.asyncDispose]: stop,
  };
}

/** Holds a conversation with both, at the same time. */
async function observe(both: Both, { name, talk }: Conversation): Promise<Observation> {
  const hold = (target: Target): Promise<Transcript> =>
    within(transcribe(target, talk), TALK_MAX_MS, `Cannot end "${name}": something did not come`);
  const [ours, theirs] = await Promise.allSettled([hold(both.signalbox), hold(both.incumbent)]);
  return { signalbox: valueOf(ours), incumbent: valueOf(theirs) };
}

/** Settles when nobody is listed: the next conversation begins with an empty server. */
async function empty({ url }: Target): Promise<void> {
  for (let i = 0; i < EMPTY_MAX; i++) {
    if (await (await fetch(`${url}peerjs/peers`)).text() === "[]") return;
  }
  throw new Error("Cannot go on: somebody stays listed though every socket is closed");
}

function isSame(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function flagsOf({ cleanup_out_msgs: _, corsOptions, ...shared }: IncumbentOptions): string[] {
  const origins = (corsOptions?.origin ?? []).map((origin) => `--cors=${origin}`);
  return [...Object.entries(shared).map(([name, value]) => `--${name}=${value}`), ...origins];
}

/** The same call, made at most once. */
function once<T>(call: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => result ??= call();
}

function valueOf<T>(settled: PromiseSettledResult<T>): T {
  if (settled.status === "fulfilled") return settled.value;
  throw settled.reason;
}
