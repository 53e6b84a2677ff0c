/** A folder of a test's own, and what may stand in it. */

/** A folder that goes with whoever has it. */
export interface Folder extends AsyncDisposable {
  readonly path: string;
  /** The names of what is in it, sorted. */
  names(): string[];
}

export async function makeFolder(): Promise<Folder> {
  const path = await Deno.makeTempDir();
  return {
    path,
    names: () => [...Deno.readDirSync(path)].map(({ name }) => name).sort(),
    [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }),
  };
}

/** Makes a named pipe at a path, for what must not wait for its reader. */
export async function makePipe(path: string): Promise<void> {
  const { success } = await new Deno.Command("mkfifo", { args: [path] }).output();
  if (!success) throw new Error(`mkfifo cannot make "${path}"`);
}
