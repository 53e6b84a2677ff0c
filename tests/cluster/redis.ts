/**
 * A redis-server of a test's own, on a free port of loopback, that keeps nothing on disk; and what it holds, as text
 * that can be compared with a pure engine.
 *
 * @module
 */
import { isFile, requiredWords } from "../support/browser.ts";
import { createClient } from "redis";
import { argumentsOf, keyPrefix, type Reply, SCRIPTS } from "../../adapters/cluster/scripts.ts";
import type { Engine, EngineBounds, EngineCommand, Notice } from "../../core/cluster/mod.ts";
import { mapEntries } from "../../core/mod.ts";
import { collectOutput } from "../support/output.ts";

export type RedisSearch =
  | { readonly kind: "found"; readonly path: string }
  /** No server: `reason` says so, and what to do. `allowed` if the tests may do without. */
  | { readonly kind: "missing"; readonly reason: string; readonly allowed: boolean };

/** Looks for redis-server on `PATH`. */
export function findRedis(): RedisSearch {
  const folders = (Deno.env.get("PATH") ?? "").split(":").filter((folder) => folder !== "");
  const path = folders.map((folder) => `${folder}/redis-server`).find(isFile);
  if (path !== undefined) return { kind: "found", path };
  const reason = "no redis-server found: install it (Debian: apt-get install redis-server)";
  return { kind: "missing", reason, allowed: !requiredWords().includes("redis") };
}

/** A server that runs, and two connections to it: for commands, and for what is published. */
export interface Redis extends AsyncDisposable {
  readonly port: number;
  /** As option `cluster` takes it. */
  readonly url: string;
  /** Sends a command as it is. What is sent before an answer comes is run in that order. */
  send(...words: readonly (string | number)[]): Promise<Reply>;
  /** Runs the script of a command. */
  run(namespace: string, command: EngineCommand, given: Given): Promise<Reply>;
  /** What was published so far, each as channel and message; what was there is forgotten. */
  heard(): Promise<string[]>;
  /** Begins to watch what clients send: returns a function that returns what they sent since it was called last. */
  spy(): Promise<() => Promise<string[]>>;
}

interface Given {
  readonly now?: number;
  readonly bounds?: EngineBounds;
}

/** Starts a server, with the scripts as they are or broken on purpose. */
export async function startRedis(
  path: string,
  scripts: Readonly<Record<string, string>> = SCRIPTS,
  port: number = freePort(),
): Promise<Redis> {
  const folder = await Deno.makeTempDir();
  const process = new Deno.Command(path, {
    args: ["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
    cwd: folder,
    ...{ stdin: "null", stdout: "piped", stderr: "piped" } as const,
  }).spawn();
  const output = collectOutput(process);
  await output.first((line) => line.includes("Ready to accept connections"));
  const [asker, listener] = [clientOf(port), clientOf(port)];
  await Promise.all([asker.connect(), listener.connect()]);

  const send = (...words: readonly (string | number)[]): Promise<Reply> =>
    asker.sendCommand<Reply>(words.map(String));
  const shas = new Map<string, string>();
  for (const [kind, script] of Object.entries(scripts)) {
    shas.set(kind, String(await send("SCRIPT", "LOAD", script)));
  }
  let heard: string[] = [];
  const waiting = new Map<string, () => void>();
  await listener.pSubscribe("*", (message, channel) => {
    const wake = waiting.get(message);
    if (channel === "end" && wake !== undefined) wake();
    else heard.push(`${channel} ${message}`);
  });
  let ends = 0;
  let isOver = false;
  const spies: ReturnType<typeof createClient>[] = [];

  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    send,
    spy: () => {
      const client = clientOf(port);
      spies.push(client);
      return spyWith(client, (mark) => send("ECHO", mark));
    },
    run: (namespace, command, given) => {
      const sha = shas.get(command.kind) ?? "";
      return send("EVALSHA", sha, 1, keyPrefix(namespace), ...argumentsOf(command, given));
    },
    heard: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const mark = `${ends++}`;
      waiting.set(mark, resolve);
      await send("PUBLISH", "end", mark);
      await promise;
      waiting.delete(mark);
      const all = heard;
      heard = [];
      return all;
    },
    [Symbol.asyncDispose]: async () => {
      if (isOver) return;
      isOver = true;
      for (const client of [asker, listener, ...spies]) client.destroy();
      process.kill("SIGTERM");
      await process.status;
      await output.finished;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

/** Watches all commands of all clients; what it returns reads those since it was called last. */
async function spyWith(
  client: ReturnType<typeof createClient>,
  echo: (mark: string) => Promise<unknown>,
): Promise<() => Promise<string[]>> {
  await client.connect();
  let lines: string[] = [];
  let reads = 0;
  let wake = (): void => {};
  await client.monitor((line) => {
    // What a script does is no command of a client.
    if (!/^\S+ \[\d+ lua\]/.test(line)) lines.push(line.replace(/^.*?\] /, ""));
    wake();
  });
  return async () => {
    const mark = `read ${reads++}`;
    const line = `"ECHO" "${mark}"`;
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = () => void (lines.includes(line) && resolve());
    await echo(mark);
    await promise;
    const all = lines.slice(0, lines.indexOf(line));
    lines = lines.slice(lines.indexOf(line) + 1);
    return all;
  };
}

function clientOf(port: number): ReturnType<typeof createClient> {
  const client = createClient({
    RESP: 2,
    disableOfflineQueue: true,
    socket: { host: "127.0.0.1", port, reconnectStrategy: false },
  });
  client.on("error", () => {}); // A test may end its connection; what waits for it then fails.
  return client as ReturnType<typeof createClient>;
}

/** A port on which nothing listens. */
export function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** A key: its type, and what it holds, fields and members in order. */
type Key = readonly [type: string, ...words: readonly string[]];

/** All that the server holds. */
export async function keysIn({ send }: Redis): Promise<Map<string, Key>> {
  const names = wordsOf(await send("KEYS", "*")).sort();
  const read: Readonly<Record<string, (name: string) => Promise<Reply>>> = {
    string: (name) => send("GET", name),
    hash: (name) => send("HGETALL", name),
    zset: (name) => send("ZRANGE", name, 0, -1, "WITHSCORES"),
    list: (name) => send("LRANGE", name, 0, -1),
  };
  return new Map(
    await Promise.all(names.map(async (name): Promise<[string, Key]> => {
      const type = String(await send("TYPE", name));
      const words = wordsOf(await read[type]?.(name) ?? "");
      return [name, [type, ...(type === "hash" || type === "zset" ? inPairs(words) : words)]];
    })),
  );
}

function wordsOf(reply: Reply): string[] {
  return typeof reply === "object" ? reply.map(String) : [String(reply)];
}

function inPairs(words: readonly string[]): string[] {
  return words.flatMap((word, i) => i % 2 === 0 ? `${word} = ${words[i + 1]}` : []).sort();
}

/** All that a server holds if it holds what a pure engine does. */
export function keysOf(engine: Engine, namespace: string): Map<string, Key> {
  const keys = new Map<string, Key>();
  const put = (name: string, type: string, words: readonly string[]): void => {
    const isSorted = type === "hash" || type === "zset";
    const listed = isSorted ? [...words].sort() : words;
    if (words.length > 0) keys.set(keyPrefix(namespace) + name, [type, ...listed]);
  };
  if (engine.generation !== "") {
    const { generation, layout, graceUntil, mailMs, mail: { turnedAt } } = engine;
    const gen = { generation, layout, grace: graceUntil, mail: mailMs, turned: turnedAt };
    put("gen", "hash", Object.entries(gen).map(([field, value]) => `${field} = ${value}`));
    put("fence", "string", [`${engine.fence}`]);
  }
  const nodes = [...mapEntries(engine.nodes)];
  put("nodes", "zset", nodes.map(([name, { leaseEnd }]) => `${name} = ${leaseEnd}`));
  for (const [name, { conn, op, told, held, notices }] of nodes) {
    put(`n:${name}`, "hash", [`conn = ${conn}`, `op = ${op}`, `told = ${told}`]);
    put(`ids:${name}`, "zset", [...mapEntries(held)].map(([id, seq]) => `${id} = ${seq}`));
    put(`ctl:${name}`, "list", notices.map(noticeText));
  }
  const claims = [...mapEntries(engine.claims)];
  put(
    "claims",
    "hash",
    claims.map(([id, { node, seq, op, owner }]) => `${id} = ${node} ${seq} ${op} ${owner}`),
  );
  for (const half of ["young", "old"] as const) {
    const waiters = [...mapEntries(engine.mail[half])];
    put(half, "hash", waiters.map(([id, names]) => `${id} = ${names.join(" ")}`));
  }
  return keys;
}

function noticeText(notice: Notice): string {
  const { kind, id, seq } = notice;
  return kind === "evicted" ? `${kind} ${seq} ${id}` : `${kind} ${seq} ${notice.node} ${id}`;
}

/** The commands that make a server hold these keys. */
export function commandsFor(keys: ReadonlyMap<string, Key>): string[][] {
  return [...keys].flatMap(([name, [type, ...words]]) => {
    const pairs = words.map((word) => word.split(" = "));
    switch (type) {
      case "string":
        return [["SET", name, ...words]];
      case "list":
        return [["RPUSH", name, ...words]];
      case "hash":
        return [["HSET", name, ...pairs.flat()]];
      default:
        return [["ZADD", name, ...pairs.flatMap(([member = "", score = ""]) => [score, member])]];
    }
  });
}
