/**
 * Checks the tokens of clients where option `auth` asks for it.
 *
 * @module
 */
import type { Identity, Settings } from "../core/mod.ts";

/** Tells what a token proves; `null` stands for a missing one. Never rejects. */
export type Verifier = (token: string | null) => Promise<Identity>;

/** A verifier as the settings ask for, `null` where tokens are not checked. */
export function createVerifier({ auth }: Settings): Verifier | null {
  if (auth === "none") return null;
  throw new TypeError("not yet");
}
