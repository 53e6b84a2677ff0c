/**
 * The files of a recording: `FILE`, and the one before it, `FILE.1`.
 *
 * This module follows no symbolic link: in a folder that other users can write to, a planted link would make the server
 * rename or overwrite any file. A device is written to in place, without a rename.
 *
 * @module
 */
import { messageOf, StartError } from "../errors.ts";
import { escape, type Settings } from "../../core/mod.ts";

/** An open file. */
export interface Sink {
  readonly write: (bytes: Uint8Array) => Promise<void>;
  readonly close: () => Promise<void>;
  /** Closes and deletes the file, because its content is useless. */
  readonly discard: () => Promise<void>;
}

/**
 * Checks at the start that the places for the recordings are usable. Leaves the files there alone. A fault that may
 * pass, such as a full disk, is not an error.
 *
 * @throws {StartError} If nothing can ever be recorded there.
 */
export async function checkRecordFiles(
  { record }: Pick<Settings, "record">,
  workers: number,
): Promise<void> {
  if (record === "") return;
  if (workers > 1 && await isDevice(record)) throw refusal(record, SHARED_DEVICE);
  for (const file of recordFiles(record, workers)) {
    const problem = await problemOf(file);
    if (problem !== null) throw refusal(file, problem);
  }
}

function refusal(path: string, problem: string): StartError {
  return new StartError(`Option record: cannot record to "${escape(path)}": ${problem}.`, 2);
}

const SHARED_DEVICE = "it is a device, and each worker needs a file of its own: name a file";

async function isDevice(path: string): Promise<boolean> {
  return await kindAt(path).catch(() => null) === "device";
}

/** The files that are recorded to: one, or one for each worker. */
export function recordFiles(record: string, workers: number): string[] {
  if (workers === 1) return [record];
  return Array.from({ length: workers }, (_, i) => recordOf(record, i + 1));
}

/** The file that a worker records to. */
export function recordOf(record: string, place: number): string {
  return `${record}-${place}`;
}

/**
 * Creates a file that only its user can read, and renames the existing one to `FILE.1`.
 *
 * @throws {Error} If the system refuses, or the path is a link, a folder or a pipe.
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
    await Promise.resolve(); // Turns an exception of `close` into a rejection.
    file.close();
  }

  async function discard(): Promise<void> {
    file.close();
    if (!isDevice) await Deno.remove(path);
  }

  return { write, close, discard };
}

/**
 * What is at a path. Does not open it: opening a pipe waits for its reader.
 *
 * @throws {Error} If it is neither a file nor a device. The message is the end of a sentence.
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

/** Why no recording can be made at a path; `null` if it can, or if the reason may pass. */
async function problemOf(path: string): Promise<string | null> {
  try {
    if (await kindAt(path) === "device") return null;
  } catch (error) {
    return escape(messageOf(error));
  }
  try {
    // A folder that allows creating a file allows renaming one too.
    await Deno.remove(await Deno.makeTempFile({ dir: folderOf(path), prefix: "signalbox-" }));
    return null;
  } catch (error) {
    if (!isPermanent(error)) return null;
    const why = messageOf(error).replace(/: tmpfile$/, "");
    return `no file can be made in "${escape(folderOf(path))}": ${escape(why)}`;
  }
}

/** Other errors may pass: a full disk, too few descriptors. */
function isPermanent(error: unknown): boolean {
  return error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory ||
    error instanceof Deno.errors.PermissionDenied || /read-only/i.test(messageOf(error));
}

/** The folder of a file, as its path names it. */
export function folderOf(path: string): string {
  const end = Math.max(...SEPARATORS.map((separator) => path.lastIndexOf(separator)));
  return end < 0 ? "." : path.slice(0, end + 1);
}

const SEPARATORS = Deno.build.os === "windows" ? ["/", "\\"] : ["/"];
