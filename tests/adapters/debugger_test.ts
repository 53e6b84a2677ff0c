/**
 * SIGUSR1, and the debugger that Deno opens on it: every user of the machine could read the secrets there.
 *
 * Deno listens for the signal only from about half a second after its start on, so that one signal proves
 * nothing: it is sent until Deno says that it opened a debugger, and under which name.
 */
import { assertEquals } from "../support/assert.ts";
import type { Child } from "../support/child.ts";
import { ANSWER_MAX_MS } from "../support/output.ts";
import { test } from "../support/served.ts";

const PLACE = "127.0.0.1:9229";
/** Between two looks at what another process does. */
const LOOK_MS = 50;
const OPENED = /^Debugger listening on ws:\/\/127\.0\.0\.1:9229\/([0-9a-f-]{36})$/;

/** The names of the debuggers that a process opened. No other process has one of the same name. */
function opened({ lines }: Child): string[] {
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

test.program("[SET-11] the debugger that SIGUSR1 opens is closed again", async ({ start }) => {
  await using child = await start();
  // Where another process has the port, that waits.
  await until(() => {
    if (opened(child).length > 0) return true;
    Deno.kill(child.pid, "SIGUSR1");
    return false;
  }, "SIGUSR1 opens no debugger: does this Deno need closeInspector() any more?");
  await until(async () => {
    // Nobody may be there, or somebody who is no debugger.
    const list = await fetch(`http://${PLACE}/json/list`).then((answer) => answer.text(), () => "");
    return !opened(child).some((name) => list.includes(name));
  }, "The debugger still answers");
  await (await fetch(child.url)).json();
  assertEquals((await child.stop()).code, 0);
});
