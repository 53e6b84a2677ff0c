/**
 * The program with two workers, in which a client can make go wrong what a test needs, and clients of a worker.
 *
 * @module
 */
import { type Client, enter } from "../cluster/clients.ts";
import { type Child, type ChildOptions, startChild } from "../support/child.ts";
import { makeFolder } from "../support/folder.ts";
import { ROOT } from "../support/main.ts";
import type { Fault } from "./faulty_server.ts";

/** A worker that has not answered for so long, and up to 2 s more, is ended. */
export const LEASE_MS = 2_000;

export interface Stage {
  readonly program: Child;
  /** Enters clients until one is at a worker; its id is the given one with a number. */
  readonly enterAt: (worker: number, name: string) => Promise<Client>;
  /** Enters a client at any worker, also if the system still gives sockets to one that has just ended. */
  readonly enter: (id: string, token?: string) => Promise<Client>;
}

/** Declares a test with a program of its own. Its messages wait for longer than a fault lasts. */
export function test(
  name: string,
  body: (stage: Stage) => Promise<void>,
  options: ChildOptions = {},
): void {
  Deno.test(name, async () => {
    await using stack = new AsyncDisposableStack();
    const folder = stack.use(await makeFolder());
    const program = stack.use(
      await startChild({
        args: ["--cluster_lease", `${LEASE_MS}`, "--expire_timeout", "30000", ...TWO],
        permissions: ["-A", `--import-map=${await writeImportMap(folder.path)}`],
        ...options,
      }),
    );
    try {
      await body({
        program,
        enter: async (...who) => stack.use(await enterSoon(program, ...who)),
        enterAt: async (worker, name) => stack.use(await enterAt(program, worker, name)),
      });
    } catch (error) {
      console.error(["It said:", ...program.lines].join("\n"));
      throw error;
    }
  });
}

export const TWO = ["--workers", "2"] as const;

/** Has the worker of a client do something wrong. */
export function commit(client: Client, fault: Fault): void {
  client.send({ type: "LEAVE", dst: "nobody", payload: fault });
}

/** Imports as those of the program, but the server of this folder. */
async function writeImportMap(folder: string): Promise<string> {
  const { imports } = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const server = new URL("adapters/server.ts", ROOT).href;
  const map = {
    imports: { ...imports, [server]: new URL("tests/workers/faulty_server.ts", ROOT).href },
    // The one of this folder needs the real one.
    scopes: { [new URL("tests/workers/", ROOT).href]: { [server]: server } },
  };
  const path = `${folder}/imports.json`;
  await Deno.writeTextFile(path, JSON.stringify(map));
  return path;
}

async function enterSoon(program: Child, id: string, token?: string): Promise<Client> {
  for (let i = 1;; i++) {
    try {
      return await enter(program, id, token);
    } catch (error) {
      if (!String(error).includes("Cannot open a socket") || i === TRIES_MAX) throw error;
    }
  }
}

async function enterAt(program: Child, worker: number, name: string): Promise<Client> {
  for (let i = 0; i < TRIES_MAX; i++) {
    const client = await enterSoon(program, `${name}-${i}`);
    if (await workerOf(program, client.id) === worker) return client;
    await client.close();
  }
  throw new Error(`The system gave ${TRIES_MAX} sockets to other workers than ${worker}`);
}

/** The system gives a socket to either of two, for some milliseconds to one that has ended. */
const TRIES_MAX = 40;

/** The worker at which an id was last admitted, by the log. */
async function workerOf({ nextLine }: Pick<Child, "nextLine">, id: string): Promise<number> {
  const line = await nextLine((line) => line.includes(`"event":"connected","id":"${id}"`));
  return JSON.parse(line).properties.worker;
}
