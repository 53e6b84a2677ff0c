/**
 * The Deno that Deno Deploy runs, which is the oldest that the server supports. npx keeps it; tests do without where it
 * is not kept, and one line says so, unless `SIGNALBOX_REQUIRE` names deno-2.5, which downloads it.
 */
import { requiredWords } from "./browser.ts";

const VERSION = "2.5.0";

export type OldDenoSearch =
  | { readonly kind: "found"; readonly path: string }
  /** No such Deno: `reason` says so, and what to do. `allowed` if the tests may do without. */
  | { readonly kind: "missing"; readonly reason: string; readonly allowed: boolean };

/** Asks npx for the executable: npx itself passes no signal on to what it starts. */
export function findOldDeno(): OldDenoSearch {
  const allowed = !requiredWords().includes("deno-2.5");
  const missing = (why: string): OldDenoSearch => {
    const reason = `no Deno ${VERSION}: ${why}; npx -y deno@${VERSION} --version downloads it`;
    return { kind: "missing", reason, allowed };
  };
  try {
    const { code, stdout } = new Deno.Command("npx", {
      args: [allowed ? "--no" : "--yes", `deno@${VERSION}`, "eval", "console.log(Deno.execPath())"],
      env: { NO_COLOR: "1" },
      stdin: "null",
      stderr: "null",
    }).outputSync();
    const path = new TextDecoder().decode(stdout).trim();
    return code === 0 && path !== "" ? { kind: "found", path } : missing("npx does not have it");
  } catch {
    return missing("there is no npx");
  }
}
