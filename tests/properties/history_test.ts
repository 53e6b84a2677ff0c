/**
 * What holds in every history of events, however odd: fast-check makes the histories, and shrinks one that
 * breaks a law to the shortest that still does, which is printed as a test case.
 */
import { close, connId, type Effect, reduce, type Settings, settingsFrom } from "../../core/mod.ts";
import { agreement } from "../model/side_by_side.ts";
import { assert, assertStringIncludes, assertThrows } from "../support/assert.ts";
import { both, check, replay, testCase } from "./check.ts";
import { type Moment, SETTINGS } from "./histories.ts";
import { constancy, type Law, laws, type Reducer } from "./laws.ts";

/** How many histories for each of the settings; some 60 steps each. */
const RUNS = 2_200;

const LAWS = "[STATE-2] [STATE-3] [STATE-4] [QUEUE-1] [QUEUE-2] [QUEUE-5] [LIMIT-6] [AUTH-6]";

for (const [i, given] of SETTINGS.entries()) {
  Deno.test(`${LAWS} the laws hold and the model agrees in every history, settings ${i}`, () => {
    const steps = check({ given, numRuns: RUNS, laws: lawsAndModel });
    console.log(`${RUNS} histories, ${steps} steps`);
  });
}

Deno.test("[STATE-1] no state that was ever returned changes, and a step gives the same again", () => {
  for (const given of SETTINGS) check({ given, numRuns: 100, laws: constancy });
});

Deno.test("the model finds out a reducer that says another word", () => {
  const reducer: Reducer = (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [
      next,
      effects.map((effect) => effect.kind === "close" ? { ...effect, reason: "" } : effect),
    ];
  };
  const [given = {}] = SETTINGS;
  const { message } = thrownBy(() => check({ given, numRuns: 100, laws: lawsAndModel, reducer }));
  assertStringIncludes(message, "model:");
});

/** Reducers that break a law, each in its own way. */
const BROKEN: Readonly<Record<string, Reducer>> = {
  "loses what waited": (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, event.kind === "socket-opened" ? effects.slice(0, 1) : effects];
  },
  "delivers twice": (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, effects.flatMap((effect) => isOffer(effect) ? [effect, effect] : [effect])];
  },
  "delivers backwards": (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, event.kind === "socket-opened" ? effects.toReversed() : effects];
  },
  "tells nobody of a refusal": (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, event.kind === "frame-received" ? effects.filter(isNoExpire) : effects];
  },
  "speaks to the dead": (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [next, event.kind === "tick" ? [close(connId(99), 1001, "")] : effects];
  },
  "loses count": (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [event.kind === "tick" ? { ...next, storedBytes: next.storedBytes + 1 } : next, effects];
  },
  "makes a new state of a tick": (state, event, now) => {
    const [next, effects] = reduce(state, event, now);
    return [event.kind === "tick" ? { ...next } : next, effects];
  },
  "forgets when tokens end": (state, event, now) => {
    if (event.kind !== "socket-opened" || event.identity.kind !== "proven") {
      return reduce(state, event, now);
    }
    return reduce(state, { ...event, identity: { ...event.identity, endsAt: null } }, now);
  },
  "leaves something due": (state, event, now) =>
    event.kind === "tick" ? [state, []] : reduce(state, event, now),
};

for (const [name, reducer] of Object.entries(BROKEN)) {
  Deno.test(`the laws find out a reducer that ${name}, and print its history`, () => {
    const { message } = thrownBy(() => {
      for (const given of SETTINGS) check({ given, numRuns: 500, laws, reducer, seed: 1 });
    });
    const pasted = /pinned\((\{.*\}), (\[\n[^]*)\n {2}\]\);/.exec(message);
    assert(pasted !== null, message);
    const settings = settingsFrom(JSON.parse(pasted[1] ?? ""));
    const moments: Moment[] = JSON.parse(`${pasted[2]?.replace(/,$/, "")}]`);
    assertThrows(() => replay(settings, moments, { look: laws(reducer), reducer }), Error);
    replay(settings, moments, { look: laws(reduce) });
  });
}

Deno.test("the law of constancy finds out a reducer that writes into an old state", () => {
  const reducer: Reducer = (state, event, now) => {
    const made = reduce(state, event, now);
    if (event.kind === "tick") Object.assign(state, { unknownTypes: state.unknownTypes + 1 });
    return made;
  };
  assertThrows(() => check({ given: {}, numRuns: 100, laws: constancy, reducer }), Error);
});

Deno.test("a history is printed as it can be read back", () => {
  const moments: Moment[] = JSON.parse('[[0,{"kind":"tick"}],[0.1,{"kind":"tick"}]]');
  const text = testCase({ port: 1 }, moments);
  assertStringIncludes(text, 'pinned({"port":1}, [\n    [0,{"kind":"tick"}],\n    [0.1,');
});

function lawsAndModel(reducer: Reducer, settings: Settings): Law {
  return both(laws(reducer), agreement(settings));
}

function thrownBy(act: () => void): Error {
  try {
    act();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error("Nothing was found out");
}

function isOffer(effect: Effect): boolean {
  return effect.kind === "send" && effect.text.startsWith('{"type":"OFFER"');
}

function isNoExpire(effect: Effect): boolean {
  return effect.kind !== "send" || !effect.text.startsWith('{"type":"EXPIRE"');
}
