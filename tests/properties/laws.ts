/**
 * What must hold after every step of every history, and the reference model cannot say: it decides what the outside
 * sees of every step, and knows neither states nor notes.
 */
import {
  type ConnId,
  mapEntries,
  mapHas,
  mapKeys,
  millis,
  nextWakeAt,
  sizes,
  type State,
  violations,
} from "../../core/mod.ts";
import type { Law, Reducer, Step } from "../history/play.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { actsOf } from "../support/world.ts";
import { notes } from "./notes.ts";

/** Several laws as one. */
export function all(...laws: readonly Law[]): Law {
  return (step) => {
    for (const law of laws) law(step);
  };
}

/** All laws, for one history that this reducer makes. */
export function laws(reducer: Reducer): Law {
  return all(soundness, rest(reducer), stillness, deafness, mortality(), asking, notes(reducer));
}

/** [STATE-3] No state contradicts itself. */
function soundness({ after }: Step): void {
  const found = violations(after);
  if (found.length > 0) assertEquals(found, []);
}

/** [STATE-2] Before its time a tick does nothing, and after a tick nothing is due. */
function rest(reducer: Reducer): Law {
  return ({ after, event, now }) => {
    const wakeAt = nextWakeAt(after);
    if (event.kind === "tick") assert((wakeAt ?? Infinity) > now, "something is due after a tick");
    const early = wakeAt === null ? now : Math.min(now, wakeAt - 0.001);
    const [same, none] = reducer(after, { kind: "tick" }, millis(early));
    assertStrictEquals(same, after);
    assertEquals(none.length, 0);
  };
}

/** [LIFE-3] When the server has stopped nobody is there, nothing waits, and nothing is due. */
function stillness({ after }: Step): void {
  if (!after.stopping) return;
  const left = Object.values(sizes(after)).reduce((sum, size) => sum + size, 0);
  assertEquals([left, nextWakeAt(after)], [0, null]);
}

/** [OPEN-9] What comes on a connection that is nobody's changes nothing, and nobody's socket opens twice. */
function deafness({ before, event, after }: Step): void {
  if (!("conn" in event) || "message" in event && event.message !== null) return;
  const isHeld = mapHas(before.connections, event.conn) || mapHas(before.pending, event.conn);
  if (isHeld === (event.kind === "socket-opened")) assertStrictEquals(after, before);
}

/** [STATE-4] No effect names a connection that is closed, that was refused, or that never was. */
function mortality(): Law {
  const open = new Set<ConnId>();
  return ({ event, effects }) => {
    if (event.kind === "socket-opened") open.add(event.conn);
    if (event.kind === "socket-closed" || event.kind === "send-failed") open.delete(event.conn);
    for (const effect of actsOf(effects)) {
      assert(open.has(effect.conn), `${effect.kind} for ${effect.conn}, which is closed`);
      if (effect.kind === "close") open.delete(effect.conn);
    }
  };
}

/** [AUTH-8] A token is asked for exactly where its socket begins to wait. */
function asking({ before, after, effects }: Step): void {
  const asked = effects.flatMap((effect) => effect.kind === "check-token" ? effect.conn : []);
  const began = [...mapKeys(after.pending)].filter((conn) => !mapHas(before.pending, conn));
  assertEquals(asked, began);
}

/** [STATE-1] What was returned stays as it was, and the same step gives the same again. */
export function constancy(reducer: Reducer): Law {
  const states: { readonly state: State; readonly picture: string }[] = [];
  return ({ before, event, now, after, effects }) => {
    states.push({ state: after, picture: picture(after) });
    const old = states[((states.length * 7_919) % 101) % states.length];
    if (old !== undefined) assertEquals(picture(old.state), old.picture);
    const [again, same] = reducer(before, event, now);
    assertEquals([picture(again), same], [picture(after), effects]);
  };
}

/** All that a state says, as text: the maps as sorted entries, for their insides differ. */
function picture({ rules: _, ...state }: State): string {
  return JSON.stringify(
    state,
    (_, value) =>
      typeof value === "object" && value !== null && "native" in value
        ? [...mapEntries<unknown, NonNullable<unknown>>(value)].map((e) => JSON.stringify(e)).sort()
        : value,
  );
}
