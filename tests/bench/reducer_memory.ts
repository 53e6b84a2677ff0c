/**
 * How many bytes of the heap a client takes: all that the server keeps for it, its strings included.
 *
 * Run: `deno run --v8-flags=--expose-gc tests/bench/reducer_memory.ts <reducer or twin> <population>`
 */
import { crowd, type ServerName } from "./reducer_crowd.ts";

const CLIENTS_MIN = 200_000;
/** What the benchmark itself keeps of a client: its connection. */
const CONN_BYTES = 8;

const [name, population] = Deno.args;
if (name !== "reducer" && name !== "twin") throw new TypeError(`Cannot measure ${name}`);
warmUp(name);
// Small crowds are many, so that what the engine itself does to its heap does not show.
const count = Math.max(1, Math.ceil(CLIENTS_MIN / Number(population)));
const before = heapUsed();
const crowds = Array.from({ length: count }, () => crowd(name, Number(population)));
const clients = crowds.reduce((sum, { conns }) => sum + conns.length, 0);
console.log((heapUsed() - before) / clients - CONN_BYTES);
for (const { server } of crowds) server.nextWakeAt();

function warmUp(name: ServerName): void {
  crowd(name, 10_000);
}

function heapUsed(): number {
  const collect: unknown = Reflect.get(globalThis, "gc");
  if (typeof collect !== "function") throw new TypeError("Cannot collect garbage: use --expose-gc");
  collect();
  collect();
  return Deno.memoryUsage().heapUsed;
}
