/** A sentinel of a test's own, on a free port of loopback. */
import { collectOutput } from "../support/output.ts";
import { freePort } from "./redis.ts";

export interface Sentinel extends AsyncDisposable {
  readonly port: number;
}

/** Starts a sentinel, alone, for the Redis at a port of loopback, which it knows as `master`. */
export async function startSentinel(
  redisServer: string,
  master: string,
  masterPort: number,
): Promise<Sentinel> {
  const folder = await Deno.makeTempDir();
  const port = freePort();
  const config = `${folder}/sentinel.conf`;
  await Deno.writeTextFile(
    config,
    `port ${port}
bind 127.0.0.1
dir ${folder}
sentinel monitor ${master} 127.0.0.1 ${masterPort} 1
sentinel down-after-milliseconds ${master} 500
sentinel failover-timeout ${master} 2000
`,
  );
  const process = new Deno.Command(redisServer, {
    args: [config, "--sentinel"],
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  }).spawn();
  const output = collectOutput(process);
  await output.first((line) => line.includes("+monitor master"));
  return {
    port,
    [Symbol.asyncDispose]: async () => {
      process.kill("SIGTERM");
      await process.status;
      await output.finished;
      await Deno.remove(folder, { recursive: true });
    },
  };
}
