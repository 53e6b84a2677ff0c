/**
 * Finds out when a `node:net` server has stopped accepting without a word.
 *
 * Under Deno it does so when descriptors run out: no event tells, the port stays open, and whoever
 * connects waits for ever. So where nobody came for half a second, the server is called by itself, and one
 * that does not answer twice is listened with again.
 *
 * @module
 */
import { scheduleTimeout } from "../../clock.ts";
import { connect, type Server } from "node:net";

/** What to watch, and what to do when it has stopped accepting. */
export interface AcceptingOptions {
  readonly server: Server;
  /** The address that it was bound to, and the port. */
  readonly hostname: string;
  readonly port: number;
  /** Listens again; called until somebody, or the watch itself, gets through. */
  readonly relisten: (why: string) => void;
}

/** Begins the watch; the function ends it. */
export function watchAccepting({ server, hostname, port, relisten }: AcceptingOptions): () => void {
  let accepted = true;
  let probe: Probe | null = null;
  let lookedAt = performance.now();
  let failures = 0;
  let cancel = scheduleTimeout(look, PERIOD_MS);
  const onAccepted = (): void => void (accepted = true);
  server.on("connection", onAccepted);

  function look(): void {
    const failure = probe?.failure();
    probe?.end();
    probe = null;
    // A loop that was busy had no time to accept: that says nothing.
    const isBusy = performance.now() - lookedAt > 1.5 * PERIOD_MS;
    lookedAt = performance.now();
    if (accepted || isBusy) {
      failures = 0;
    } else {
      const counts = failure !== undefined && failure !== OUT_OF_DESCRIPTORS;
      failures = counts ? failures + 1 : 0;
      if (failures >= FAILURES_MIN) relisten(failure ?? "");
      probe = call(reachable(hostname), port);
    }
    accepted = false;
    cancel = scheduleTimeout(look, PERIOD_MS);
  }

  return (): void => {
    cancel();
    probe?.end();
    server.off("connection", onAccepted);
  };
}

const PERIOD_MS = 500;

/** One call that nobody heard may have come in a crowd. */
const FAILURES_MIN = 2;

/** The calling needs a descriptor too: listening again would change nothing. */
const OUT_OF_DESCRIPTORS = "EMFILE";

interface Probe {
  /** Why it may be that nobody heard of the call. */
  readonly failure: () => string;
  readonly end: () => void;
}

function call(host: string, port: number): Probe {
  let failure = "nobody gets through";
  const socket = connect({ host, port });
  socket.on("error", (error) => {
    failure = "code" in error ? String(error.code) : error.message;
  });
  return { failure: () => failure, end: () => socket.destroy() };
}

function reachable(hostname: string): string {
  if (hostname === "::") return "::1";
  return hostname === "0.0.0.0" ? "127.0.0.1" : hostname;
}
