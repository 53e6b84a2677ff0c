/**
 * Broken frames for the reducer: whatever comes, it answers, and no state contradicts itself.
 *
 * @module
 */
import {
  connId,
  type Effect,
  type Event,
  initialState,
  millis,
  reduce,
  settingsFrom,
  type State,
  violations,
} from "../../core/mod.ts";
import { opening } from "../support/world.ts";
import frames from "./frames.json" with { type: "json" };
import { type Dice, mutate, pick } from "./mutate.ts";

/** How far a run came, and what it found. */
export interface Fuzzed {
  readonly steps: number;
  /** How many frames were relayed or stored, and how many were refused. */
  readonly taken: number;
  readonly refused: number;
}

/** Ids that the recorded frames are for, and odd ones. */
const IDS = ["alice", "bob", "nobody", "__proto__"];
const CLIENTS = 6;

/**
 * Takes so many random steps.
 *
 * @throws {Error} Where the state contradicts itself, or a client is told something that is not JSON.
 */
export function fuzzCore(dice: Dice, steps: number): Fuzzed {
  const settings = settingsFrom({
    queue_limit: 8,
    max_bad_frames: 4,
    frame_rate: 0,
    concurrent_limit: 5,
  });
  let state: State = initialState(settings);
  let [now, taken, refused] = [0, 0, 0];
  for (let step = 0; step < steps; step++) {
    now += dice.below(400);
    const event = randomEvent(dice);
    const [next, effects] = reduce(state, event, millis(now));
    const wrong = [...violations(next), ...effects.flatMap(unreadable)];
    if (wrong.length > 0) {
      throw new Error(`After ${step} steps: ${wrong.join("; ")}: ${JSON.stringify(event)}`);
    }
    if (event.kind === "frame-received" && next !== state) {
      if (effects.some(isError)) refused++;
      else taken++;
    }
    state = next;
  }
  return { steps, taken, refused };
}

function randomEvent(dice: Dice): Event {
  const conn = connId(1 + dice.below(CLIENTS));
  const kind = dice.chance();
  if (kind < 0.15) return opening(conn, { id: pick(dice, IDS), token: pick(dice, ["t", "u"]) });
  if (kind < 0.18) return opening(conn, { id: mutate(dice, IDS), token: mutate(dice, IDS) });
  if (kind < 0.22) return { kind: "socket-closed", conn, code: 1005 };
  if (kind < 0.3) return { kind: "tick" };
  if (kind < 0.32) return { kind: "send-failed", conn, texts: [mutate(dice, frames)] };
  if (kind < 0.6) return { kind: "frame-received", conn, text: pick(dice, frames) };
  return { kind: "frame-received", conn, text: mutate(dice, frames) };
}

function isError(effect: Effect): boolean {
  return effect.kind === "send" && effect.text.startsWith('{"type":"ERROR"');
}

/** A client that cannot read a frame is worse off than one that is told nothing. */
function unreadable(effect: Effect): string[] {
  if (effect.kind === "close") {
    const bytes = new TextEncoder().encode(effect.reason).length;
    return bytes > 123 ? [`a close has a reason of ${bytes} bytes`] : [];
  }
  const { type, payload } = JSON.parse(effect.text);
  if (typeof type !== "string") return [`a frame has no type: ${effect.text}`];
  const isMute = type === "ERROR" && typeof payload.msg !== "string";
  return isMute ? [`an error has no message: ${effect.text}`] : [];
}
