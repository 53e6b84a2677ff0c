/**
 * What a new file of a recording does to everybody else: the longest round trip of a witness while the store is
 * full and files begin one after the other, and the same with no recording. Not a test.
 *
 * Run: `deno run -A tests/bench/rotation.ts [small|large] [max_record_bytes] [seconds]`
 */
import { startChild } from "../support/child.ts";
import { openSocket, type PeerSocket } from "../support/peer_socket.ts";

const size = Deno.args[0] === "large" ? "large" : "small";
const maxRecordBytes = Number(Deno.args[1] ?? 64 * 1024 * 1024);
const seconds = Number(Deno.args[2] ?? 10);

/** What fills the store: as many messages as fit, or as large ones as are usual. */
const FILL = {
  small: { sources: 450, messages: 256, payload: "" },
  large: { sources: 66, messages: 17, payload: "x".repeat(60_000) },
}[size];
/** No rates; and all sources have one address: a quarter of this is what the store has by default. */
const ROOM = [
  ...["--frame_rate", "0", "--byte_rate", "0"],
  ...["--max_queue_bytes", String(4 * 64 * 1024 * 1024)],
];
const CHATTER = { type: "OFFER", dst: "chatter", payload: "y".repeat(2_000) };
const AT_ONCE = 64;

const folder = await Deno.makeTempDir();
const file = `${folder}/run.ndjson`;
try {
  console.log(`${size} messages, max_record_bytes ${maxRecordBytes}, ${seconds} s`);
  await measure("without a recording", []);
  await measure("with --record", [
    "--record",
    file,
    "--max_record_bytes",
    String(maxRecordBytes),
  ]);
} finally {
  await Deno.remove(folder, { recursive: true });
}

async function measure(label: string, args: readonly string[]): Promise<void> {
  await using child = await startChild({
    args: [...ROOM, "--expire_timeout", "3600000", "--log_level", "info", ...args],
  });
  const { wsUrl } = child;
  const open = async (id: string): Promise<PeerSocket> => {
    const socket = await openSocket({ wsUrl, id, key: "peerjs", token: `token of ${id}` });
    await socket.next();
    return socket;
  };
  let dst = 0;
  for (let i = 0; i < FILL.sources; i++) {
    await using source = await open(`source-${i}`);
    for (let k = 0; k < FILL.messages; k++) {
      source.send({ type: "OFFER", payload: FILL.payload, dst: `an-absent-peer-${dst++}` });
    }
    await source.fence();
  }
  const [witness, chatter] = [await open("witness"), await open("chatter")];
  const trips: number[] = [];
  let [files, inode]: [number, number | null] = [-1, null];
  const ends = performance.now() + seconds * 1_000;
  let messages = 0;
  await Promise.all([
    (async () => {
      while (performance.now() < ends) {
        const from = performance.now();
        witness.send({ type: "OFFER", dst: "witness" });
        await witness.next(60_000);
        trips.push(performance.now() - from);
        const found = args.length > 0 ? (await Deno.stat(file).catch(() => null))?.ino : undefined;
        if (found === undefined || found === null || found === inode) continue;
        [files, inode] = [files + 1, found];
      }
    })(),
    (async () => {
      for (let i = 0; i < AT_ONCE; i++) chatter.send(CHATTER);
      while (performance.now() < ends) {
        await chatter.next(60_000);
        messages++;
        chatter.send(CHATTER);
      }
    })(),
  ]);
  trips.sort((a, b) => b - a);
  const p99 = trips[Math.floor(trips.length / 100)] ?? NaN;
  const longest = trips.slice(0, 6).map((ms) => ms.toFixed(0)).join(", ");
  const told = child.lines.filter((line) => line.includes('"event":"recording"'));
  console.log(
    `${label}: ${trips.length} round trips, p99 ${p99.toFixed(1)} ms, longest ${longest} ms; ` +
      `${messages} messages of 2 KB, ${Math.max(0, files)} new files`,
  );
  for (const line of told.slice(1, 8)) console.log(`  ${JSON.parse(line).message}`);
  await witness.close();
  await chatter.close();
}
