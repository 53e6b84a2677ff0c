/**
 * A named pipe, for what must not wait for its reader.
 *
 * @module
 */

/** Makes a named pipe at a path. */
export async function makePipe(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  if (!success) throw new Error(`mkfifo cannot make "${path}"`);
}
