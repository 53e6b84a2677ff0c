/**
 * Holds the same conversations with signalbox and with the incumbent, both real, and compares the transcripts.
 *
 * What the incumbent does is what is expected of signalbox, to the letter, where a conversation declares no difference.
 * One that does says what each must do, whole, and its name has the rules of SPEC.md that explain it: so a difference
 * can only be the one that was meant.
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
  readonly signalbox: Transcript;
  readonly incumbent: Transcript;
  /** What of it people should know. */
  readonly row?: Row;
}

type Talk = (stage: Stage) => Promise<void>;

/** What is said to both servers, by actors that the stage writes down. */
export interface Conversation {
  /** Begins with the rules that it proves: `[OPEN-5] …`. */
  readonly name: string;
  readonly talk: Talk;
  /** Missing where both must do the same. */
  readonly difference?: Difference;
}

/** Difference as a conversation declares it: the line of the table is one text, its cells apart by ` | `. */
type Declared = Omit<Difference, "row"> & { readonly row?: string };

/** Makes conversations. */
export const test = {
  /** Both must do the same. */
  same(name: string, talk: Talk): Conversation {
    return { name, talk };
  },
  /** The two differ, as is declared next, and as the rules in the name say. */
  differs(name: string, talk: Talk): (declared: Declared) => Conversation {
    return ({ row, ...transcripts }) => {
      if (row === undefined) return { name, talk, difference: transcripts };
      const [about = "", incumbent = "", signalbox = ""] = row.split(" | ");
      return { name, talk, difference: { ...transcripts, row: { about, incumbent, signalbox } } };
    };
  },
};

/** The rules that a conversation proves. */
export function rulesOf({ name }: Conversation): string[] {
  return [...name.matchAll(/\[([A-Z]+-\d+)\]/g)].map(([, rule]) => rule ?? "");
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
export function assertAsDeclared(
  { difference }: Conversation,
  { signalbox, incumbent }: Observation,
): void {
  assert(Object.keys(signalbox).length > 0, "A conversation must have something to see");
  if (difference === undefined) {
    assertSame(signalbox, incumbent, "Signalbox (left) differs from the incumbent (right)");
    return;
  }
  const { signalbox: ours, incumbent: theirs } = difference;
  assertSame(signalbox, ours, "What signalbox did is not what it must do");
  assertSame(incumbent, theirs, "What the incumbent did is not what it is known to do");
  assert(!isSame(signalbox, incumbent), "Both do the same, so there is no difference to declare");
}

/** Equal to the letter, the order of the fields of each frame included. */
function assertSame(actual: Transcript, expected: Transcript, message: string): void {
  if (isSame(actual, expected)) return;
  assertEquals(actual, expected, message);
  assertEquals(JSON.stringify(actual), JSON.stringify(expected), message);
}

/** Longest that a conversation may take; no rule waits for it. */
const TALK_MAX_MS = 30_000;
/** How often it is asked who is connected. */
const EMPTY_MAX = 10_000;

/** Both servers, running with the same settings. */
interface Both extends AsyncDisposable {
  readonly signalbox: Target;
  readonly incumbent: Target;
}

async function startBoth({ options = {}, extra = [] }: Group): Promise<Both> {
  await using started = new AsyncDisposableStack();
  const [ours, theirs] = await Promise.all([
    startChild({ args: [...flagsOf(options), ...extra] }).then((child) => started.use(child)),
    startIncumbent(options).then((child) => started.use(child)),
  ]);
  const stack = started.move();
  return {
    signalbox: {
      url: ours.url,
      wsUrl: ours.wsUrl,
      interrupt: async () => void await ours.stop(),
      help: once(async () => (await runMain(["--help", "all"])).stdout),
    },
    incumbent: { ...theirs, help: once(incumbentHelp) },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
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
