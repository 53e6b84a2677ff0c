/**
 * Detects a `node:net` server that no longer accepts connections.
 *
 * Under Deno it stops accepting when descriptors run out: it emits no event, the port stays open, and clients wait
 * forever (tests/faults/descriptors_test.ts). So after 400 ms without a connection the watch connects to the
 * server itself. If that fails twice, the server must listen again.
 *
 * On a port that threads share, the system gives a connection to any of them. There the watch waits 5 s,
 * and connects so often that not even one of 10,000,000 watches sees none of its connections twice.
 *
 * @module
 */
import { scheduleTimeout } from "../../clock.ts";
import { reachable } from "../address.ts";
import { connect, type Server } from "node:net";

/** The server, its address, and the remedy. */
export interface AcceptingOptions {
  readonly server: Server;
  /** The address that the server is bound to. */
  readonly hostname: string;
  readonly port: number;
  /** How many threads listen on the port. */
  readonly sharers: number;
  /** Called every period until a connection arrives, of a client or of the watch. */
  readonly relisten: (why: string) => void;
}

/** Starts the watch. Returns a function that stops it. */
export function watchAccepting(
  { server, hostname, port, sharers, relisten }: AcceptingOptions,
): () => void {
  const isShared = sharers > 1;
  const count = isShared ? PROBES_PER_SHARER * sharers : 1;
  const periodMs = isShared ? SHARED_PERIOD_MS : PERIOD_MS;
  let accepted = true;
  let probes: readonly Probe[] = [];
  let checkedAt = performance.now();
  let failures = 0;
  let cancel = scheduleTimeout(check, periodMs);
  const onAccepted = (): void => void (accepted = true);
  server.on("connection", onAccepted);

  function check(): void {
    const failure = probes[0]?.failure();
    for (const probe of probes) probe.end();
    probes = [];
    // A blocked event loop accepts nothing either: such a period does not count.
    const isBusy = performance.now() - checkedAt > 1.5 * periodMs;
    checkedAt = performance.now();
    if (accepted || isBusy) {
      failures = 0;
    } else {
      const counts = failure !== undefined && failure !== OUT_OF_DESCRIPTORS;
      failures = counts ? failures + 1 : 0;
      if (failures >= FAILURES_MIN) relisten(failure ?? "");
      probes = Array.from({ length: count }, () => startProbe(reachable(hostname), port));
    }
    accepted = false;
    cancel = scheduleTimeout(check, periodMs);
  }

  return (): void => {
    cancel();
    for (const probe of probes) probe.end();
    server.off("connection", onAccepted);
  };
}

const PERIOD_MS = 400;
const SHARED_PERIOD_MS = 5_000;
const PROBES_PER_SHARER = 10;

/** A single probe may fail because many clients connect at the same time. */
const FAILURES_MIN = 2;

/** The probe itself needs a descriptor. Without one, listening again would not help. */
const OUT_OF_DESCRIPTORS = "EMFILE";

/** An attempt to connect to the server. */
interface Probe {
  /** The error code so far, for the case that the server did not accept. */
  readonly failure: () => string;
  readonly end: () => void;
}

function startProbe(host: string, port: number): Probe {
  let failure = "nobody gets through";
  const socket = connect({ host, port });
  socket.on("error", (error) => {
    failure = "code" in error ? String(error.code) : error.message;
  });
  return { failure: () => failure, end: () => socket.destroy() };
}
