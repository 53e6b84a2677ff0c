/**
 * Handles the result of a token check: admits or refuses the socket, then handles the frames that its client sent
 * meanwhile.
 *
 * @module
 */
import { mapHas } from "../collections/persistent_map.ts";
import type { Effect } from "../effect.ts";
import type { TokenChecked } from "../event.ts";
import type { Millis } from "../ids.ts";
import type { State } from "../state.ts";
import { takePending } from "./pending.ts";
import { receiveBinary, receiveText } from "./relay.ts";
import { open } from "./session.ts";

/** Opens a pending socket with the proven identity. Does nothing if `conn` is not pending. */
export function tokenChecked(
  state: State,
  { conn, identity }: TokenChecked,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const [free, pending] = takePending(state, conn);
  if (pending === undefined) return [state, []];
  const effects: Effect[] = [];
  let [next, caused] = open(free, { ...pending.opened, identity }, now);
  effects.push(...caused);
  for (const frame of pending.frames) {
    if (!mapHas(next.connections, conn)) break;
    [next, caused] = frame.kind === "frame-received"
      ? receiveText(next, frame, now)
      : receiveBinary(next, frame, now);
    effects.push(...caused);
  }
  return [next, effects];
}
