/** The law that what `reduce` wants done is what the reference model wants done. */
import { nextWakeAt, type Settings } from "../../core/mod.ts";
import type { Law } from "../history/play.ts";
import { type Act, actsOf } from "../support/world.ts";
import { createModel } from "./model.ts";

/** The acts are the model's, to the letter, and `reduce` wakes up in time. */
export function agreement(settings: Settings): Law {
  const model = createModel(settings);
  return ({ event, now, after, effects }) => {
    const [made, expected] = [written(actsOf(effects)), written(model.step(event, now))];
    if (made !== expected) throw new Error(`reduce: ${made}\nmodel: ${expected}`);
    const [wake, due] = [nextWakeAt(after), model.nextWakeAt()];
    if (due !== null && (wake === null || wake > due)) {
      throw new Error(`reduce wakes at ${wake}, and the model is due at ${due}`);
    }
  };
}

function written(acts: readonly Act[]): string {
  return acts.map((act) => `\n  ${JSON.stringify(act)}`).join("") || "nothing";
}
