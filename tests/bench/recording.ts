/**
 * What a recording costs: CPU time of the server per relayed message, and messages a second, with and without
 * `--record`, in one run, alternating. Prints a figure a round, the medians and their ratios. Not a test.
 *
 * Run: `deno run -A tests/bench/recording.ts [rounds] [folder of the recording]`
 */
import { type Child, startChild } from "../support/child.ts";

const PAIRS = 50;
const MESSAGES = 40_000;
/** Balls each pair has in play: fewer, and the server is measured waking up rather than working. */
const BALLS = 40;
const PAYLOAD = { sdp: { type: "offer", sdp: "x".repeat(2_000) }, connectionId: "dc_1" };
/** The unit of `/proc/<pid>/stat` on Linux. */
const TICKS_PER_S = 100;

interface Contender {
  readonly name: string;
  readonly server: Child;
  readonly sockets: readonly WebSocket[];
  /** CPU time of the server a message, in microseconds, by round. */
  readonly us: number[];
  /** Messages a second, by round. */
  readonly rates: number[];
}

const rounds = Number(Deno.args[0] ?? 7);
const folder = await Deno.makeTempDir(Deno.args[1] === undefined ? {} : { dir: Deno.args[1] });
const contenders = [
  await enter("without", []),
  await enter("with --record", ["--record", `${folder}/bench.rec`]),
];
for (const contender of contenders) await relay(contender);
for (let round = 1; round <= rounds; round++) {
  for (const contender of round % 2 === 0 ? contenders : contenders.toReversed()) {
    const [cpuBefore, before] = [await cpuSeconds(contender.server.pid), performance.now()];
    await relay(contender);
    const elapsedS = (performance.now() - before) / 1_000;
    const us = (await cpuSeconds(contender.server.pid) - cpuBefore) * 1e6 / MESSAGES;
    contender.us.push(us);
    contender.rates.push(MESSAGES / elapsedS);
    console.log(
      `round ${round}, ${contender.name}: ${us.toFixed(2)} µs a message, ` +
        `${(MESSAGES / elapsedS).toFixed(0)} messages/s`,
    );
  }
}
const [bare, recorded] = contenders;
for (const { name, us, rates } of contenders) {
  console.log(
    `median ${name}: ${median(us).toFixed(2)} µs a message (${spread(us)}), ` +
      `${median(rates).toFixed(0)} messages/s (${spread(rates)})`,
  );
}
const ratios = (recorded?.us ?? []).map((us, i) => us / (bare?.us[i] ?? NaN));
console.log(
  `CPU with --record: ${median(ratios).toFixed(3)} of that without (rounds ${spread(ratios)})`,
);
for (const { server, sockets } of contenders) {
  for (const socket of sockets) socket.close();
  await server.stop();
}
for await (const { name } of Deno.readDir(folder)) {
  console.log(`${name}: ${(await Deno.stat(`${folder}/${name}`)).size} bytes`);
}
await Deno.remove(folder, { recursive: true });

async function enter(name: string, args: readonly string[]): Promise<Contender> {
  const server = await startChild({ args: ["--frame_rate=0", ...args] });
  const sockets = await Promise.all(
    Array.from(
      { length: 2 * PAIRS },
      (_, i) => open(`${server.wsUrl}?key=peerjs&id=p${i}&token=t`),
    ),
  );
  return { name, server, sockets, us: [], rates: [] };
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

function spread(values: readonly number[]): string {
  const text = (value: number): string => value < 1_000 ? value.toFixed(3) : value.toFixed(0);
  return `${text(Math.min(...values))} to ${text(Math.max(...values))}`;
}
