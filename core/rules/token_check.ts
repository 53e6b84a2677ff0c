/**
 * What the answer to a check of a token means: its socket is admitted or refused, and what its client has said
 * meanwhile is heard.
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

/** Goes on with a socket that waited. */
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
