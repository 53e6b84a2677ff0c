/**
 * What the bounds cost: CPU time of the server per relayed message with all of them on, with all of them
 * off, and on the other listener, in one run, alternating; and the memory of an idle connection. Prints a
 * figure a round, the medians and their ratios. Not a test.
 *
 * Run: `deno run -A tests/bench/bounds.ts [rounds]`
 */
import { type Child, startChild } from "../support/child.ts";
import { vitalsOf } from "../support/vitals.ts";

/** Off: no rate, and every other bound out of reach. */
const OFF = [
  "--frame_rate=0",
  "--byte_rate=0",
  "--max_queue_bytes=68719476736",
  "--queue_limit=10000",
  "--source_queue_limit=1000000",
  "--max_bad_frames=1000000",
  "--max_unsent_bytes=1073741824",
];
const PAIRS = 50;
const IDLE = 2_000;
const MESSAGES = 30_000;
/** Balls each pair has in play: fewer, and the server is measured waking up rather than working. */
const BALLS = 40;
const PAYLOAD = { sdp: { type: "offer", sdp: "x".repeat(2_000) }, connectionId: "dc_1" };
/** The unit of `/proc/<pid>/stat` on Linux. */
const TICKS_PER_S = 100;

interface Contender {
  readonly name: string;
  readonly server: Child;
  readonly sockets: readonly WebSocket[];
  readonly us: number[];
}

const rounds = Number(Deno.args[0] ?? 7);
const contenders = [
  await enter("bounds on", []),
  await enter("bounds off", OFF),
  await enter("bounds on, listener node", ["--listener", "node"]),
];
for (const contender of contenders) await relay(contender);
for (let round = 1; round <= rounds; round++) {
  for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
    const before = await cpuSeconds(contender.server.pid);
    await relay(contender);
    const us = (await cpuSeconds(contender.server.pid) - before) * 1e6 / MESSAGES;
    contender.us.push(us);
    console.log(`round ${round}, ${contender.name}: ${us.toFixed(2)} µs a message`);
  }
}
const [on, ...others] = contenders;
console.log(`median ${on?.name}: ${median(on?.us ?? []).toFixed(2)} µs`);
for (const { name, us } of others) {
  const ratios = us.map((each, i) => each / (on?.us[i] ?? NaN));
  console.log(
    `median ${name}: ${median(us).toFixed(2)} µs, ${median(ratios).toFixed(3)} of it ` +
      `(rounds ${Math.min(...ratios).toFixed(3)} to ${Math.max(...ratios).toFixed(3)})`,
  );
}
for (const { server, sockets } of contenders) {
  for (const socket of sockets) socket.close();
  await server.stop();
}
for (const listener of ["deno", "node"]) {
  await using server = await startChild({ args: ["--listener", listener] });
  const before = (await vitalsOf(server.pid)).rss;
  const sockets: WebSocket[] = [];
  for (let i = 0; i < IDLE; i++) {
    sockets.push(await open(`${server.wsUrl}?key=peerjs&id=idle${i}&token=t`));
  }
  const kilobytes = ((await vitalsOf(server.pid)).rss - before) / IDLE / 1_024;
  console.log(`${listener}: ${kilobytes.toFixed(1)} KB an idle connection, of ${IDLE}`);
  for (const socket of sockets) socket.close();
}

async function enter(name: string, args: readonly string[]): Promise<Contender> {
  const server = await startChild({ args });
  const sockets = await Promise.all(
    Array.from(
      { length: 2 * PAIRS },
      (_, i) => open(`${server.wsUrl}?key=peerjs&id=p${i}&token=t`),
    ),
  );
  return { name, server, sockets, us: [] };
}

function open(url: string): Promise<WebSocket> {
  const { promise, resolve, reject } = Promise.withResolvers<WebSocket>();
  const socket = new WebSocket(url);
  socket.onmessage = () => resolve(socket);
  socket.onerror = () => reject(new Error(`Cannot open ${url}`));
  return promise;
}

/** Each pair plays ping-pong until the messages are used up; done when the last ball has landed. */
async function relay({ sockets }: Contender): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let left = MESSAGES;
  let inPlay = PAIRS * BALLS;
  sockets.forEach((socket, i) => {
    const text = JSON.stringify({ type: "OFFER", dst: `p${i ^ 1}`, payload: PAYLOAD });
    socket.onmessage = (): void => {
      if (left-- > 0) socket.send(text);
      else if (--inPlay === 0) resolve();
    };
    if (i % 2 === 0) { for (let ball = 0; ball < BALLS; ball++) socket.send(text); }
  });
  await promise;
}

async function cpuSeconds(pid: number): Promise<number> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}
