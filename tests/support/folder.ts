/** A folder of a test's own, and what may stand in it. */

/** Makes a folder that goes with whoever has it. */
export async function makeFolder(): Promise<{ readonly path: string } & AsyncDisposable> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

/** Makes a named pipe at a path, for what must not wait for its reader. */
export async function makePipe(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  if (!success) throw new Error(`mkfifo cannot make "${path}"`);
}
