/** The figures of the README: what was measured, and what one process carries by it. Arithmetic only. */
import { HEARTBEAT_MS } from "./measures.ts";
import { figureTable, type Results, write } from "./results.ts";

/** Of a core: above it round trips get longer, and a burst has no room. */
const SHARE = 0.7;
const GIB = 2 ** 30;

/** The page, as it stands in the README. */
export function scalePage({ takenAt, cpu, cores, versions, rounds, figures }: Results): string {
  const figure = (metric: string): number => {
    const spread = figures[metric]?.["signalbox"];
    if (spread === undefined) throw new Error(`Cannot tell what a process carries: no ${metric}`);
    return spread[1];
  };
  const beat = figure("beat_us") / (HEARTBEAT_MS / 1e3);
  const fit = (value: number): string => write(Number(value.toPrecision(2)), 0);
  return `Measured on ${
    takenAt.slice(0, 10)
  } with ${versions}, on ${cores} cores (${cpu}), one for the server and one for the load, in ${rounds} rounds (\`deno task bench\`); a message has 2 KB:

${figureTable(figures)}

One process uses one core. So 1 GiB has room for ${
    fit(GIB / figure("idle_bytes"))
  } clients that are connected; and ${SHARE * 100} % of a core for ${
    fit(1e6 * SHARE / beat)
  } clients that only beat, or for ${
    fit(1e6 * SHARE / figure("visit_us"))
  } that come and go in a second. A full core relays ${
    fit(figure("relay_per_s"))
  } messages a second; one that comes by itself costs more, as a heartbeat shows, because it wakes the server up.`;
}
