/**
 * Opens a pending socket once its answer is there, then handles the frames that its client sent meanwhile.
 *
 * @module
 */
import { mapHas } from "../collections/persistent_map.ts";
import type { Effect } from "../effect.ts";
import type { Identity } from "../event.ts";
import type { ConnId, Millis } from "../ids.ts";
import type { State } from "../state.ts";
import { takePending } from "./pending.ts";
import { receiveBinary, receiveText } from "./relay.ts";
import { open } from "./session.ts";

/** What an answer brings: what the token proves, or the number of the claim. */
export interface PendingAnswer {
  readonly identity?: Identity;
  readonly seq?: number;
}

/** Opens a pending socket with an answer. Does nothing if `conn` is not pending. */
export function openPending(
  state: State,
  conn: ConnId,
  { identity, seq }: PendingAnswer,
  now: Millis,
): readonly [State, readonly Effect[]] {
  const [free, pending] = takePending(state, conn);
  // Only a claim is still awaited once the token is checked.
  const isAwaited = (pending?.claim === null) === (identity !== undefined);
  if (pending === undefined || !isAwaited) return [state, []];
  const effects: Effect[] = [];
  const opened = identity === undefined ? pending.opened : { ...pending.opened, identity };
  let [next, caused] = open(free, opened, now, seq);
  effects.push(...caused);
  for (const frame of pending.frames) {
    // With its token checked, a socket may still wait for its claim.
    if (!mapHas(next.connections, conn) && !mapHas(next.pending, conn)) break;
    [next, caused] = frame.kind === "frame-received"
      ? receiveText(next, frame, now)
      : receiveBinary(next, frame, now);
    effects.push(...caused);
  }
  return [next, effects];
}
