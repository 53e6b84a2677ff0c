/**
 * What the log says of the process and its platform: that it was away, and what it lost for good.
 *
 * @module
 */
import { write } from "./log.ts";
import type { Leak } from "../errors.ts";

/** Says that the process did nothing for a while, which counts against nobody. */
export function logPause(awayMs: number): void {
  const seconds = (awayMs / 1_000).toFixed(1);
  write("warning", `The process was away for ${seconds} s: nobody's time has run meanwhile`, {
    event: "paused",
    awayMs: Math.round(awayMs),
  });
}

/** Counts sockets that the platform keeps for good, and says so of the first, the second, the fourth and so on. */
export function createLeakLog(): (how: Leak) => void {
  const counts: Record<Leak, number> = { "never-opened": 0, "never-closed": 0 };
  return (how) => {
    const count = ++counts[how];
    if ((count & (count - 1)) !== 0) return;
    write("warning", `${HOW[how]}: ${count} so far. ${REMEDY}`, { event: "leaked", how, count });
  };
}

/** Says that there are fewer descriptors than the clients that are allowed would need. */
export function logFewDescriptors(clients: number, descriptors: number, spare: number): void {
  const [wanted, fits] = [clients + spare, Math.max(0, descriptors - spare)];
  write(
    "warning",
    `The process may have ${descriptors} descriptors, too few for ${clients} clients: raise it ` +
      `(ulimit -n ${wanted}), or lower --concurrent_limit to ${fits}`,
    { event: "few-descriptors", descriptors, clients, wanted, fits },
  );
}

/** Says that strangers reach a listener that loses descriptors to them. */
export function logExposed(): void {
  write(
    "warning",
    "Strangers may reach Deno.serve directly: clients that reset while they connect, or never answer a close, " +
      `cost it a descriptor each, for good. ${REMEDY}`,
    { event: "exposed" },
  );
}

const HOW: Readonly<Record<Leak, string>> = {
  "never-opened":
    "A client reset its connection while it was upgraded, and Deno.serve keeps the descriptor",
  "never-closed": "A client does not answer its close, and Deno.serve keeps the descriptor",
};

const REMEDY =
  "Put a proxy such as nginx or Caddy in front (--host 127.0.0.1 --trusted_proxies 127.0.0.1), or start " +
  "with --listener node; a restart gives descriptors back";
