/**
 * The files of a recording: `FILE`, and `FILE.1`, which is the one before it.
 *
 * What has no name of its own to give up, such as a device or a pipe, is written to as it is.
 *
 * @module
 */

/** A file that is being written. */
export interface Sink {
  /** Appends all of it. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
  /** Closes it and takes it away: it has nothing in it that could be used. */
  readonly discard: () => Promise<void>;
}

/**
 * Begins a file that only its user can read; what was there is `FILE.1` from now on.
 *
 * @throws {Error} Where the system does not let it.
 */
export async function beginFile(path: string): Promise<Sink> {
  const isOrdinary = await setAside(path);
  const mode = isOrdinary ? { createNew: true, mode: 0o600 } : {};
  const file = await Deno.open(path, { write: true, ...mode });

  async function write(bytes: Uint8Array): Promise<void> {
    for (let rest = bytes; rest.length > 0;) {
      const written = await file.write(rest);
      if (written === 0) throw new Error("Nothing more can be written");
      rest = rest.subarray(written);
    }
  }

  async function close(): Promise<void> {
    await Promise.resolve(); // So that whatever it throws is a rejection.
    file.close();
  }

  async function discard(): Promise<void> {
    file.close();
    if (isOrdinary) await Deno.remove(path);
  }

  return { write, close, discard };
}

/** Makes room for a new file; `false` where there is something that is not a file, and stays. */
async function setAside(path: string): Promise<boolean> {
  try {
    if (!(await Deno.stat(path)).isFile) return false;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
  await Deno.rename(path, `${path}.1`);
  return true;
}
