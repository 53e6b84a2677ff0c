/**
 * SIGUSR1, and the debugger that Deno opens on it: every user of the machine could read the secrets there.
 *
 * Deno listens for the signal only from about half a second after its start on, so that one signal proves
 * nothing: it is sent until Deno says that it opened a debugger, and under which name.
 */
import { assertEquals } from "../support/assert.ts";
import { ANSWER_MAX_MS } from "../support/output.ts";
import { test } from "../support/served.ts";

const PLACE = "127.0.0.1:9229";
/** Between two looks at what another process does. */
const LOOK_MS = 50;
const OPENED = /^Debugger listening on ws:\/\/127\.0\.0\.1:9229\/([0-9a-f-]{36})$/;

/** The names of the debuggers that a process opened. No other process has one of the same name. */
function opened(lines: readonly string[]): string[] {
  return lines.flatMap((line) => OPENED.exec(line)?.[1] ?? []);
}

/** Asks until the answer is yes; fails with `what`. */
async function until(isIt: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const endAt = performance.now() + ANSWER_MAX_MS;
  while (!await isIt()) {
    if (performance.now() > endAt) throw new Error(`${what} (in ${ANSWER_MAX_MS} ms)`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Signals the process until Deno opened a debugger in it. Where another process has the port, that waits. */
async function openDebugger(pid: number, lines: readonly string[]): Promise<void> {
  const isOpened = (): boolean => {
    if (opened(lines).length > 0) return true;
    Deno.kill(pid, "SIGUSR1");
    return false;
  };
  await until(
    isOpened,
    "SIGUSR1 opens no debugger: does this Deno need closeInspector() any more?",
  );
}

/** Whether one of the debuggers that these lines name answers. */
async function answers(lines: readonly string[]): Promise<boolean> {
  try {
    const list = await (await fetch(`http://${PLACE}/json/list`)).text();
    return opened(lines).some((name) => list.includes(name));
  } catch {
    return false; // Nobody is there, or somebody who is no debugger.
  }
}

test.program("[SET-11] the debugger that SIGUSR1 opens is closed again", async ({ start }) => {
  await using child = await start();
  await openDebugger(child.pid, child.lines);
  await until(async () => !await answers(child.lines), "The debugger still answers");
  await (await fetch(child.url)).json();
  assertEquals((await child.stop()).code, 0);
});
