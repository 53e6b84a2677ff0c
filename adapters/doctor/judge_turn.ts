/**
 * Judges the STUN and TURN servers that the server hands out.
 *
 * @module
 */
import type { Findings } from "./findings.ts";
import { fail, type Line, pass, skip } from "./line.ts";

export function judgeTurn({ ice, turn }: Findings): Line {
  if (ice?.kind === "answer" && ice.status === 401) {
    return skip("turn", "not tried: the server asks for a token (--token JWT)");
  }
  if (turn.length === 0) {
    return skip(
      "turn",
      "not tried: the server hands out no TURN server (--turn_urls); " +
        "to try another one, open a call on the admin page (--admin_port)",
    );
  }
  const silent = turn.filter(({ answers }) => !answers);
  if (silent.length > 0) {
    return fail(
      "turn",
      "no-turn",
      `no answer from ${urlsOf(silent)}`,
      "start it, open its port in the firewall (UDP without transport=tcp), or correct --turn_urls",
    );
  }
  return pass(
    "turn",
    `${urlsOf(turn)}: each answers; whether it takes the credentials, a call shows`,
  );
}

function urlsOf(turn: Findings["turn"]): string {
  return turn.map(({ url }) => url).join(", ");
}
