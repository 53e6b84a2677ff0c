/**
 * Watches one server for the admin port: its metrics, its clients, and their attempts to connect. It runs in the thread
 * of that server, and answers for it.
 *
 * @module
 */
import { scheduleTimeout } from "../clock.ts";
import type { Settings } from "../../core/mod.ts";
import type { Observer } from "../runtime.ts";
import type { SignalingServer } from "../server.ts";
import { createClusterCounts } from "./cluster_counts.ts";
import { createCounts } from "./counts.ts";
import { readServer } from "./metrics.ts";
import { createLagMeter } from "./peak.ts";
import type { Answers } from "./questions.ts";
import type { Whose } from "./whose.ts";

/** What watches one server. */
export interface Watched {
  /** To be given to the server. */
  readonly observers: readonly Observer[];
  /** What answers for the server that they watch. */
  readonly answersOf: (signaling: SignalingServer) => Answers;
  readonly stop: () => void;
}

/** Without an admin port only the metrics are watched. */
export async function createWatched(settings: Settings, of: Whose): Promise<Watched> {
  const now = (): number => performance.now();
  let census: SignalingServer["census"] = () => Promise.resolve(null);
  const counts = createCounts();
  const cluster = settings.cluster === "" ? null : createClusterCounts({
    now,
    census: () => census(),
  });
  const lag = createLagMeter({ now, schedule: scheduleTimeout });
  // A literal, so that `deno compile` finds it.
  const people = settings.admin_port === 0 ? null : (await import("./people.ts")).createPeople(of);

  function answersOf(signaling: SignalingServer): Answers {
    ({ census } = signaling);
    const node = (): string | null => cluster && (signaling.state().cluster?.name || null);
    return {
      figures: () => {
        const readings = readServer({ signaling, counts, lag, cluster });
        return { of, node: node(), readings };
      },
      ...people?.answersOf(signaling),
    };
  }

  // One function with a call for each is cheaper than a loop over them, at each message.
  const observe: Observer = (step) => {
    counts.observe(step);
    cluster?.observe(step);
    people?.observe(step);
  };
  return { observers: [observe], answersOf, stop: lag.stop };
}
