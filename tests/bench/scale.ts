/** The figures of the README: what was measured, and what one process carries by it. Arithmetic only. */
import { HEARTBEAT_MS } from "./measures.ts";
import type { ClusterResults } from "./cluster.ts";
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

/** More than one core, as it stands in the README: workers, and nodes with a Redis. */
export function coresPage(workers: Results, cluster: ClusterResults): string {
  const { takenAt, cpu, cores, versions, rounds, figures } = workers;
  const median = (metric: string, name: string): number => figures[metric]?.[name]?.[1] ?? NaN;
  const node = (figure: string): number => {
    const values = cluster.figures[figure] ?? [];
    return values[Math.floor(values.length / 2)] ?? NaN;
  };
  const servers = node("CPU of a message, servers, across, µs");
  const redis = node("CPU of a message, Redis, across, µs");
  const row = (title: string, metric: string, digits: number, nodes: string): string => {
    const [one = "", two = "", peer = ""] = ["one process", "2 workers", "npm:peer"]
      .map((name) => write(median(metric, name), digits));
    return `| ${[title, one, two, nodes, peer].join(" | ")} |`;
  };
  const withRedis = (us: number, ofRedis: number): string =>
    `${write(us, 1)}, Redis ${write(ofRedis, 1)}`;
  const across = write(node("messages a second, across"), 0);
  const open = withRedis(
    node("CPU of an open, servers, two nodes, µs"),
    node("CPU of an open, Redis, two nodes, µs"),
  );
  const times = (metric: string): string =>
    write(workers.ratios?.[metric]?.["2 workers"]?.[1] ?? NaN, 2);
  const fit = (value: number): string => write(Number(value.toPrecision(2)), 0);
  return `Measured on ${
    takenAt.slice(0, 10)
  } with ${versions}, in ${rounds} rounds (\`deno task bench --only workers\`), the nodes on ${
    cluster.takenAt.slice(0, 10)
  } (\`deno task bench --cluster\`), on ${cores} cores (${cpu}) that servers, Redis and load share. Of the messages, half cross from one worker to the other, and all from one node to the other:

| medians | one process | 2 workers | 2 nodes, one Redis | \`npm:peer\` |
| --- | --- | --- | --- | --- |
${row("messages a second", "relay_per_s", 0, across)}
${row("CPU of a message, µs", "relay_us", 1, withRedis(servers, redis))}
${row("CPU of an open, µs", "open_us", 1, open)}

- One process ends with its core.
- Workers end with the cores. Two relay ${
    times("relay_per_s")
  } times what one process does, and take ${times("relay_us")} times its CPU for a message and ${
    times("open_us")
  } times for an open: the medians of what each round gave, not the ratios of the medians above.
- Nodes end with their cores too: a core of Redis, at ${SHARE * 100} %, is enough for ${
    fit(1e6 * SHARE / redis)
  } messages a second across nodes, which take ${
    fit(servers * SHARE / redis)
  } cores of the nodes. [More about nodes](../../adapters/cluster/README.md#sizing).`;
}
