/**
 * What only a server with an admin port needs: the roster, the attempts, and the port itself.
 *
 * @module
 */
import { millis, OPTIONS, type Settings } from "../../core/mod.ts";
import { scheduleTimeout } from "../clock.ts";
import type { Observer } from "../runtime.ts";
import type { SignalingServer } from "../server.ts";
import { createAttemptWatch } from "./attempts.ts";
import type { Reader } from "./metrics.ts";
import { createExposition } from "./prometheus.ts";
import { createRoster } from "./roster.ts";
import { type AdminServer, serveAdmin } from "./server.ts";

export interface AdminPort {
  readonly observe: Observer;
  /** Listens. Rejects with a `StartError` if the address cannot be bound. */
  readonly serve: (served: Served) => Promise<AdminServer>;
}

/** The server that the port is for. */
export interface Served {
  readonly signaling: SignalingServer;
  /** Its own port, as bound. */
  readonly port: number;
  readonly version: string;
  readonly reader: Reader;
}

export function createAdminPort(settings: Settings): AdminPort {
  const [now, wallNow] = [() => performance.now(), () => Date.now()];
  const roster = createRoster({ wallNow, pause });
  let loopNow = (): number => 0;
  const attempts = createAttemptWatch(() => millis(loopNow()), icePathOf(settings));
  return {
    observe: (step) => {
      roster.observe(step);
      attempts.observe(step);
    },
    serve: (served) => {
      const { reader, ...rest } = served;
      loopNow = served.signaling.now;
      const exposition = createExposition(reader);
      return serveAdmin({
        ...{ ...rest, read: reader.read, exposition },
        ...{ roster, attempts, now, wallNow },
      });
    },
  };
}

/** Where a page gets TURN servers, without a key that is not everybody's; `null` if there are none. */
export function icePathOf({ turn_urls, path, key }: Settings): string | null {
  if (!turn_urls.some((url) => /^turns?:/i.test(url))) return null;
  return `${path}${key === OPTIONS.key.default ? key : "<key>"}/ice`;
}

/** Lets the event loop do other work. */
function pause(): Promise<void> {
  return new Promise((resolve) => void scheduleTimeout(resolve, 0));
}
