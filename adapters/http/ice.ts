/**
 * Makes credentials for a TURN server that shares a secret: the username names the end of its own validity, and the
 * credential signs it (coturn's `use-auth-secret`).
 *
 * @module
 */
import type { Settings, TurnCredentials } from "../../core/mod.ts";
import { nodeCrypto } from "../node_modules.ts";

/** @param epochMs The wall clock, because the TURN server compares with its own. */
export function createTurnCredentials(
  { turn_secret, turn_lifetime }: Pick<Settings, "turn_secret" | "turn_lifetime">,
  epochMs: () => number = Date.now,
): (id: string | null) => TurnCredentials {
  return (id) => {
    const endsAt = Math.floor((epochMs() + turn_lifetime) / 1_000);
    const username = `${endsAt}:${id ?? crypto.randomUUID()}`;
    const credential = nodeCrypto().createHmac("sha1", turn_secret).update(username)
      .digest("base64");
    return { username, credential };
  };
}
