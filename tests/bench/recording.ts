/**
 * What a recording costs: CPU, throughput and disk of a relayed message, with `--record` and without, in turns; and the
 * longest round trips of a witness while the store is full and one file begins after the other. Not a test.
 *
 * A file has 64 MiB, so that the next one soon takes over the memory that the system had for it. Memory that is free for
 * two seconds, a virtual machine may give back to its host, and to get it again takes several times as long as to write
 * to it: with larger files that would be measured.
 *
 * Run: `deno run -A tests/bench/recording.ts [rounds] [seconds of the witness; 0 for none] [folder of the recording]`
 */
import { type Client, openClient } from "./client.ts";
import { FULL, messageTo, take } from "./measures.ts";
import { report, type Round } from "./results.ts";
import { pause, pin, signalbox, startServer } from "./servers.ts";

const GIB = 2 ** 30;
/** Sources that have one address, and messages of each: a quarter of `MAX_QUEUE_BYTES` is the store's default. */
const [SOURCES, EACH] = [450, 256];
const STORE = { MAX_QUEUE_BYTES: `${GIB / 4}`, EXPIRE_TIMEOUT: "3600000" };
const AT_ONCE = 64;

const [rounds = 5, seconds = 10] = Deno.args.map(Number);
const folder = await Deno.makeTempDir(Deno.args[2] === undefined ? {} : { dir: Deno.args[2] });
const RECORDING = { RECORD: `${folder}/bench.ndjson`, MAX_RECORD_BYTES: `${GIB / 16}` };
const recorded = signalbox("with --record", RECORDING);
const both = [signalbox("without"), recorded];
const prefix = await pin();
try {
  const taken: Round[] = [];
  for (let i = 0; i < rounds; i++) {
    const metrics = await take("relay", i % 2 === 0 ? both : both.toReversed(), {
      plan: FULL,
      prefix,
    });
    // A report begins with what the others are held against.
    taken.push(new Map(both.map(({ name }) => [name, metrics.get(name) ?? {}])));
  }
  console.log(report(taken));
  await disk();
  if (seconds > 0) {
    await witness("without", {});
    await witness("with --record", RECORDING);
  }
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function witness(label: string, settings: Readonly<Record<string, string>>): Promise<void> {
  await using server = await startServer(signalbox(label, { ...STORE, ...settings }), prefix);
  for (let i = 0; i < SOURCES; i++) await fill(server.port, `source-${i}`);
  const chatter = await openClient(server.port, "chatter");
  let messages = 0;
  chatter.load([messageTo(chatter.id, "OFFER")], AT_ONCE);
  chatter.onFrames = (count): void => {
    messages += count;
    chatter.send(count);
  };
  chatter.send(AT_ONCE);
  const { trip } = await traveller(server.port, "witness", []);
  const trips: number[] = [];
  const files = new Set<number | null>([null]);
  for (const end = performance.now() + seconds * 1_000; performance.now() < end;) {
    const from = performance.now();
    await trip();
    trips.push(performance.now() - from);
    // Between two files there is none.
    if ("RECORD" in settings) {
      files.add((await Deno.stat(RECORDING.RECORD).catch(() => null))?.ino ?? null);
    }
  }
  trips.sort((a, b) => b - a);
  const [longest, p99] = [trips[0] ?? NaN, trips[Math.floor(trips.length / 100)] ?? NaN];
  console.log(
    `${label}: ${trips.length} round trips, p99 ${p99.toFixed(1)} ms, longest ` +
      `${longest.toFixed(0)} ms; ${messages} messages of 2 KB, ${files.size - 1} files`,
  );
}

/** Messages for as many peers who are not there. */
async function fill(port: number, id: string): Promise<void> {
  const absent = Array.from({ length: EACH }, (_, i) => `an-absent-peer-${id}-${i}`);
  const row = absent.map((dst) => JSON.stringify({ type: "OFFER", payload: "", dst }));
  const { trip, client } = await traveller(port, id, row);
  await trip();
  await client.close();
}

/** A line of a recording in which messages of 2 KB and little else are. */
async function disk(): Promise<void> {
  await using server = await startServer(recorded, prefix);
  const { trip } = await traveller(server.port, "a", Array(EACH).fill(messageTo("a", "OFFER")));
  await trip();
  // Many times as long as the messages are under way, and as a recording keeps anything to itself.
  await pause(1_000);
  const text = await Deno.readTextFile(RECORDING.RECORD);
  const bytes = text.length / text.split("\n").length;
  console.log(`${(bytes / 1e3).toFixed(2)} KB of disk a message`);
}

/** A client whose trips send a row of messages, and one to itself; they end with the first that comes. */
async function traveller(
  port: number,
  id: string,
  row: readonly string[],
): Promise<{ readonly client: Client; readonly trip: () => Promise<void> }> {
  const client = await openClient(port, id);
  client.load([...row, JSON.stringify({ type: "OFFER", dst: id })], 1);
  const trip = async (): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    client.onFrames = (): void => resolve();
    client.send(1);
    await promise;
  };
  return { client, trip };
}
