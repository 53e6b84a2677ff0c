/**
 * The files of a recording: `FILE`, and `FILE.1`, which is the one before it.
 *
 * Nothing here follows a symbolic link: in a folder that others can write to, whoever plants one would have a
 * file of our choice taken away or written to. A device has no name of its own to give up: it is written to as
 * it is.
 *
 * @module
 */
import { messageOf, StartError } from "../errors.ts";
import { escape, type Settings } from "../../core/mod.ts";

/** A file that is being written. */
export interface Sink {
  /** Appends all of it. */
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
  /** Closes it and takes it away: it has nothing in it that could be used. */
  readonly discard: () => Promise<void>;
}

/**
 * Says at the start what can be known then: that nothing can be recorded in a place, whatever the disk does later.
 * Changes nothing there.
 *
 * @throws {StartError} Where it cannot.
 */
export async function checkRecordFile({ record }: Pick<Settings, "record">): Promise<void> {
  if (record === "") return;
  const problem = await problemOf(record);
  if (problem === null) return;
  throw new StartError(`Option record: cannot record to "${escape(record)}": ${problem}.`, 2);
}

/**
 * Begins a file that only its user can read; what was there is `FILE.1` from now on.
 *
 * @throws {Error} Where the system does not let it, or where there is something that is no place for it.
 */
export async function beginFile(path: string): Promise<Sink> {
  const place = await kindAt(path);
  if (place === "file") await Deno.rename(path, `${path}.1`);
  const isDevice = place === "device";
  const mode = isDevice ? {} : { createNew: true, mode: 0o600 };
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
    if (!isDevice) await Deno.remove(path);
  }

  return { write, close, discard };
}

/**
 * What is at a path. To open a pipe would wait for its reader.
 *
 * @throws {Error} Where it is neither a file nor a device; the message is the end of a sentence.
 */
async function kindAt(path: string): Promise<"nothing" | "file" | "device"> {
  let found: Deno.FileInfo;
  try {
    found = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "nothing";
    throw error;
  }
  if (found.isFile) return "file";
  if (found.isCharDevice === true) return "device";
  if (found.isSymlink) {
    throw new Error(`it is a symbolic link, which is not followed: name ${await targetOf(path)}`);
  }
  throw new Error(`it is a ${kindOf(found)}: name a file`);
}

function kindOf({ isDirectory, isFifo, isSocket }: Deno.FileInfo): string {
  if (isDirectory) return "folder";
  if (isFifo === true) return "pipe";
  return isSocket === true ? "socket" : "disk";
}

async function targetOf(link: string): Promise<string> {
  try {
    return `its target, "${await Deno.readLink(link)}"`;
  } catch {
    return "a file";
  }
}

/** Why there can be no files at a path; `null` where there is no reason yet. */
async function problemOf(path: string): Promise<string | null> {
  try {
    if (await kindAt(path) === "device") return null;
  } catch (error) {
    return escape(messageOf(error));
  }
  try {
    // Where a file can be made, it can be renamed.
    await Deno.remove(await Deno.makeTempFile({ dir: folderOf(path), prefix: "signalbox-" }));
    return null;
  } catch (error) {
    if (!isPermanent(error)) return null;
    const why = messageOf(error).replace(/: tmpfile$/, "");
    return `no file can be made in "${escape(folderOf(path))}": ${escape(why)}`;
  }
}

/** A disk can be less full later, and a process have more descriptors. */
function isPermanent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.PermissionDenied || /read-only/i.test(messageOf(error));
}

function folderOf(path: string): string {
  const end = Math.max(...SEPARATORS.map((separator) => path.lastIndexOf(separator)));
  return end < 0 ? "." : path.slice(0, end + 1);
}

const SEPARATORS = Deno.build.os === "windows" ? ["/", "\\"] : ["/"];
