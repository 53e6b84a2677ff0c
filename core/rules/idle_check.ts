/**
 * When the server checks a connection: a message only sets `heardAt`, and the deadline is corrected when the old one is
 * due. The order of these checks is also the order in which a drain closes clients.
 *
 * @module
 */
import { addDeadline, removeDeadline } from "../collections/deadlines.ts";
import { must } from "../collections/must.ts";
import { mapGet, mapSet } from "../collections/persistent_map.ts";
import { type Millis, millis, type PeerId } from "../ids.ts";
import type { Rules } from "../settings/rules.ts";
import type { Claim, Connection, State } from "../state.ts";

/** When to check a connection: when its silence reaches `alive_timeout`, or its token ends. */
export function idleCheckTime(
  { alive_timeout }: Rules,
  heardAt: Millis,
  { endsAt }: Pick<Claim, "endsAt">,
): Millis {
  const silentAt = heardAt + alive_timeout;
  return millis(endsAt === null ? silentAt : Math.min(silentAt, endsAt));
}

/** Moves the check of a connection to its true deadline. */
export function rescheduleIdleCheck(state: State, claim: Claim, connection: Connection): State {
  const { conn } = claim;
  const idleCheckAt = idleCheckTime(state.rules, connection.heardAt, claim);
  return {
    ...state,
    connections: mapSet(state.connections, conn, { ...connection, idleCheckAt }),
    idleCheckAt: addDeadline(
      removeDeadline(state.idleCheckAt, connection.idleCheckAt, conn),
      idleCheckAt,
      conn,
    ),
  };
}

/** Does so for whoever holds an id: during a drain that is the end of the line, if its client was heard lately. */
export function putBack(state: State, id: PeerId): State {
  const claim = mapGet(state.claims, id);
  if (claim === undefined) return state;
  return rescheduleIdleCheck(state, claim, must(mapGet(state.connections, claim.conn)));
}
