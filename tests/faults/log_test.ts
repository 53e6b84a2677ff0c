/** The log cannot be written: clients notice nothing, and the number of lost lines is logged later. */
import { must } from "../../core/collections/must.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { admit } from "../support/load.ts";
import { spawnMain } from "../support/main.ts";
import { ANSWER_MAX_MS, kill } from "../support/output.ts";
import { join, type PeerSocket, within } from "../support/peer_socket.ts";
import { LISTENERS } from "../support/served.ts";

/** Makes stdout a non-blocking pipe: a write to a full one fails instead of waiting. */
const NON_BLOCKING = [
  "perl",
  "-MFcntl",
  "-e",
  "fcntl(STDOUT, F_SETFL, O_WRONLY | O_NONBLOCK) or die; exec @ARGV",
];

/** More lines than fit in the pipe and the buffer. */
const MANY = 8_000;

/** Fewer lines than fit in the buffer alone. */
const FEW = 2_000;

/** A free port: the test cannot read the server's port from its log. */
function freePort(): number {
  using listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  return listener.addr.port;
}

/** Tries until the server listens. */
async function openFirst(wsUrl: string): Promise<PeerSocket> {
  const begin = performance.now();
  while (true) {
    try {
      return await join({ wsUrl }, "first");
    } catch (error) {
      if (performance.now() - begin > ANSWER_MAX_MS) throw error;
    }
  }
}

/** Sends SIGTERM, and asserts that the process ends with 0 within 5 s, whatever happens to its log. */
async function endsInTime(child: Deno.ChildProcess): Promise<void> {
  child.kill("SIGTERM");
  const { code, signal } = await within(child.status, 5_000, "It did not end within 5 s");
  assertEquals([code, signal], [0, null]);
}

/** A child process whose log is read only when the test reads it. */
class Unread {
  readonly child: Deno.ChildProcess;
  readonly lines: string[] = [];
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #decoder = new TextDecoder();
  #rest = "";

  /** @param setUp A listener, and flags. */
  constructor(setUp: string, prefix: readonly string[]) {
    const args =
      `--listener ${setUp} --port 0 --host 127.0.0.1 --log_level debug --frame_rate 0 --log_format json`;
    this.child = spawnMain(args.split(" "), {}, prefix);
    this.#reader = this.child.stdout.getReader();
  }

  /** Reads until a line matches; without an argument, to the end. */
  async read(isIt: (line: string) => boolean = () => false): Promise<string> {
    while (true) {
      const { done, value } = await within(this.#reader.read(), ANSWER_MAX_MS, "No more lines");
      if (done) return "";
      const parts = (this.#rest + this.#decoder.decode(value, { stream: true })).split("\n");
      this.#rest = parts.pop() ?? "";
      this.lines.push(...parts);
      const found = parts.find(isIt);
      if (found !== undefined) return found;
    }
  }

  async wsUrl(): Promise<string> {
    const line = await this.read((line) => line.includes('"listening"'));
    return `ws://127.0.0.1:${JSON.parse(line).properties.port}/peerjs`;
  }

  /** Closes the pipe: writes into it fail from now on. */
  async close(): Promise<void> {
    await this.#reader.cancel();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    kill(this.child, "SIGKILL");
    await this.close();
    await this.child.stderr.cancel();
    await this.child.status;
  }
}

/** Makes the server log `count` numbered lines, and asserts that it still serves afterwards. */
async function fill(wsUrl: string, from = 0, count = MANY): Promise<void> {
  await using client = await admit({ wsUrl }, `filler ${from}`);
  for (let i = from; i < from + count; i++) {
    client.send({ type: "LEAVE", dst: `nobody ${i}` });
    if (i % 500 === 0) await client.roundTrip();
  }
  await client.roundTrip();
}

interface Line {
  readonly level: string;
  readonly message: string;
  readonly properties: { readonly event: string; readonly dst?: string; readonly count?: number };
}

/** The numbers of the lines of {@linkcode fill} in a log, in order. */
function numbersOf(lines: readonly Line[]): number[] {
  return lines.flatMap(({ properties }) => {
    const [, number] = /^nobody (.*)/.exec(properties.dst ?? "") ?? [];
    return number === undefined ? [] : [Number(number)];
  });
}

/** Lines that a reader does not take in time delay nobody, and are counted. */
async function delaysNobody(setUp: string, isBlocking: boolean): Promise<void> {
  await using unread = new Unread(setUp, prefixOf(isBlocking));
  const wsUrl = await unread.wsUrl();
  await fill(wsUrl);
  await unread.read((line) => line.includes('"event":"lost"'));
  const toTheEnd = unread.read();
  await fill(wsUrl, MANY, FEW);
  await endsInTime(unread.child);
  await toTheEnd;

  const lines: Line[] = unread.lines.map((line) => JSON.parse(line));
  const at = lines.findIndex(({ properties }) => properties.event === "lost");
  const { level, properties: { count: lost = 0 } } = must(lines[at]);
  const lostLines = lines.filter(({ properties }) => properties.event === "lost");
  assertEquals([level, lostLines.length], ["ERROR", 1]);
  const last = lines.findLastIndex(({ properties }) => properties.event === "stopping");
  assert(last > at, "all is told again");
  const told = numbersOf(lines);
  const missing = MANY + FEW - new Set(told).size;
  // At most 40 other lines are lost, about the clients themselves.
  assert(missing > 0 && missing <= lost && lost <= missing + 40, `${missing} of ${lost}`);
  assertEquals(
    numbersOf(lines.slice(at))[0],
    must(numbersOf(lines.slice(0, at)).at(-1)) + missing + 1,
  );
  // Only a part of a failed write into a non-blocking pipe is repeated.
  const twice = told.length - new Set(told).size;
  assert(isBlocking ? twice === 0 : twice < 400, `${twice} lines came twice`);
  if (isBlocking) assertEquals(told, told.toSorted((a, b) => a - b));
}

function prefixOf(isBlocking: boolean): readonly string[] {
  return isBlocking ? [] : NON_BLOCKING;
}

for (const listener of LISTENERS) {
  for (const redirection of ["> /dev/full", ">&-"]) {
    Deno.test(`[FAULT-27] [LOG-5] the server survives ${redirection}: ${listener}`, async () => {
      const port = freePort();
      const args = `--listener ${listener} --port ${port} --host 127.0.0.1 --log_level debug`;
      const prefix = ["sh", "-c", `exec "$0" "$@" ${redirection}`];
      const child = spawnMain(args.split(" "), {}, prefix);
      const stderr = new Response(child.stderr).text();
      const wsUrl = `ws://127.0.0.1:${port}/peerjs`;
      try {
        await using first = await openFirst(wsUrl);
        for (let i = 0; i < 100; i++) first.send({ type: "LEAVE", dst: `nobody ${i}` });
        await first.fence();
        await endsInTime(child);
      } finally {
        await child.stdout.cancel();
        assertEquals(await stderr, "");
      }
    });
  }

  for (const isBlocking of [true, false]) {
    const kind = isBlocking ? "a pipe" : "a non-blocking pipe";

    Deno.test(`[FAULT-27] [LOG-5] ${kind} that is full delays nobody, and lost lines are counted: ${listener}`, async () => {
      await delaysNobody(listener, isBlocking);
    });

    Deno.test(`[FAULT-27] [FAULT-20] SIGTERM ends the process within 5 s with ${kind} that is full: ${listener}`, async () => {
      await using unread = new Unread(listener, prefixOf(isBlocking));
      await fill(await unread.wsUrl());
      await endsInTime(unread.child);
    });
  }

  Deno.test(`[FAULT-27] [LOG-5] the server survives a log reader that went away: ${listener}`, async () => {
    await using unread = new Unread(listener, []);
    const wsUrl = await unread.wsUrl();
    await unread.close();
    await fill(wsUrl);
    await endsInTime(unread.child);
  });
}

Deno.test("[WORKER-10] a pipe that is full delays nobody, and lost lines are counted: workers", async () => {
  await delaysNobody("deno --workers 2", true);
});
