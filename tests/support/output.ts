/** What a child process prints, line by line, for tests to wait for and to show. */

/** Longest that a child may take to end, or to print a line that a test waits for. */
export const ANSWER_MAX_MS = 10_000;

export interface Output {
  /** The lines so far, of all streams in the order of arrival. */
  readonly lines: readonly string[];
  /** Settles when every stream has ended. */
  readonly finished: Promise<void>;
  /** The first line, printed already or still to come, that fits; fails if the child ends without one. */
  first(predicate: (line: string) => boolean, withinMs?: number): Promise<string>;
}

/** Reads both streams of a child to their end. */
export function collectOutput({ stdout, stderr }: Deno.ChildProcess): Output {
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  let open = true;
  const wake = (): void => [...watchers].forEach((watcher) => watcher());

  async function read(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<void> {
    let rest = "";
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      lines.push(...parts);
      wake();
    }
    if (rest !== "") lines.push(rest);
  }

  const finished = Promise.all([stdout, stderr].map(read)).then(() => {
    open = false;
    wake();
  });

  function first(predicate: (line: string) => boolean, withinMs = ANSWER_MAX_MS): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>();
    const fail = (why: string): void =>
      reject(new Error(`${why}; it printed:\n${lines.join("\n")}`));
    const look = (): void => {
      const line = lines.find(predicate);
      if (line !== undefined) resolve(line);
      else if (!open) fail("The server ended before the line that was waited for");
    };
    const timer = setTimeout(
      () => fail(`The server did not say it within ${withinMs} ms`),
      withinMs,
    );
    watchers.add(look);
    look();
    return promise.finally(() => {
      clearTimeout(timer);
      watchers.delete(look);
    });
  }

  return { lines, finished, first };
}

/** Signals a process; one that has ended meanwhile needs no signal. */
export function kill(process: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    process.kill(signal);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}
