/**
 * Tells systemd that the server listens: a unit with `Type=notify` counts as started only then.
 *
 * @module
 */
import { messageOf } from "../errors.ts";
import { logNotNotified } from "../observe/log_process.ts";
import type { Environment } from "./environment.ts";

/** It writes to the socket of systemd, a datagram socket, which Deno has only as an unstable API. */
export const NOTIFY_PROGRAM = "systemd-notify";

/** Settles when systemd is told, if it waits for that. Never rejects. */
export async function notifyReady({ get }: Environment): Promise<void> {
  if ((get("NOTIFY_SOCKET") ?? "") === "") return;
  try {
    const { success, stderr } = await new Deno.Command(NOTIFY_PROGRAM, {
      args: ["--ready"],
      ...{ stdin: "null", stdout: "null", stderr: "piped" } as const,
    }).output();
    if (!success) {
      logNotNotified(
        new TextDecoder().decode(stderr.subarray(0, STDERR_MAX)).trim(),
      );
    }
  } catch (error) {
    logNotNotified(messageOf(error));
  }
}

/** How much of what it says is logged. */
const STDERR_MAX = 500;
