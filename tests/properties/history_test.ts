/**
 * What holds in every history of events, however odd: fast-check makes the histories, and shrinks one that
 * breaks a rule to the shortest that still does.
 */
import fc from "fast-check";
import {
  connId,
  type Effect,
  type Event,
  initialState,
  millis,
  nextWakeAt,
  reduce,
  settingsFrom,
  type State,
  violations,
} from "../../core/mod.ts";
import { mapEntries } from "../../core/persistent_map.ts";
import { assert, assertEquals, assertStrictEquals } from "../support/assert.ts";
import { opening } from "../support/world.ts";

/** Small bounds, so that short histories reach them. */
const SETTINGS = settingsFrom({
  concurrent_limit: 3,
  expire_timeout: 50,
  alive_timeout: 200,
  queue_limit: 3,
  source_queue_limit: 4,
  max_queue_bytes: 2_500,
  max_unsent_bytes: 3_200,
  max_bad_frames: 3,
  max_message_bytes: 200,
  frame_rate: 100,
  frame_burst: 6,
  max_sockets_per_address: 2,
  wrong_token_limit: 1,
  wrong_token_window: 300,
  wrong_token_addresses: 2,
  max_waiting_sockets: 2,
});

/** An event, and how long after the one before it comes. */
interface Step {
  readonly event: Event;
  readonly afterMs: number;
}

const id = fc.constantFrom("a", "b", "c", "d", "__proto__");
const conn = fc.integer({ min: 1, max: 8 }).map(connId);
const frame = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom("OFFER", "ANSWER", "CANDIDATE", "EXPIRE", "LEAVE"),
      dst: id,
      payload: fc.string({ maxLength: 30 }),
    }),
  },
  fc.constantFrom<unknown>(
    { type: "HEARTBEAT" },
    { type: "LEAVE" },
    { type: "FUTURE" },
    { type: "OPEN" },
    { type: "OFFER" },
    [],
    null,
    "x".repeat(250),
  ),
);
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      conn,
      id: fc.option(id, { freq: 20 }),
      token: fc.constantFrom("t", "u"),
      key: fc.constantFrom("peerjs", "peerjs", "peerjs", "wrong"),
      address: fc.constantFrom("192.0.2.1", "192.0.2.2", "2001:db8::1", ""),
    }).map(({ conn, ...given }) => opening(conn, given)),
  },
  {
    weight: 10,
    arbitrary: fc.record({
      kind: fc.constant("frame-received" as const),
      conn,
      text: frame.map((value) => JSON.stringify(value)),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant("binary-received" as const),
      conn,
      bytes: fc.integer({ min: 0, max: 300 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant("socket-closed" as const), conn }) },
  { weight: 4, arbitrary: fc.constant<Event>({ kind: "tick" }) },
);
const history: fc.Arbitrary<Step[]> = fc.array(
  fc.record({
    event,
    afterMs: fc.oneof(
      fc.constant(0),
      fc.double({ min: 0, max: 60, noNaN: true }),
      fc.constant(1_000),
    ),
  }),
  { maxLength: 60, size: "max" },
);

const RUNS = { numRuns: 2_000 };

/** Runs a history, with a look at every step. */
function run(
  steps: readonly Step[],
  look: (before: State, step: Step, after: State, effects: readonly Effect[], now: number) => void,
): void {
  let state = initialState(SETTINGS);
  let now = 0;
  for (const step of steps) {
    now += step.afterMs;
    const [after, effects] = reduce(state, step.event, millis(now));
    look(state, step, after, effects, now);
    state = after;
  }
}

Deno.test("[STATE-3] no history leads to a state that contradicts itself or breaks a bound", () => {
  fc.assert(
    fc.property(history, (steps) => {
      run(steps, (_before, _step, after) => assertEquals(violations(after), []));
    }),
    RUNS,
  );
});

Deno.test("[STATE-4] no effect names a connection that is closed, or was refused", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const open = new Set<number>();
      run(steps, (_before, { event }, _after, effects) => {
        if (event.kind === "socket-opened") open.add(event.conn);
        if (event.kind === "socket-closed") open.delete(event.conn);
        for (const effect of effects) {
          assert(open.has(effect.conn), `${effect.kind} for ${effect.conn}, which is closed`);
          if (effect.kind === "close") open.delete(effect.conn);
        }
      });
    }),
    RUNS,
  );
});

Deno.test("[STATE-1] no state that was ever returned changes, and a history gives the same again", () => {
  fc.assert(
    fc.property(history, (steps) => {
      const states: { state: State; picture: unknown; effects: readonly Effect[] }[] = [];
      run(
        steps,
        (_before, _step, state, effects) =>
          states.push({ state, picture: picture(state), effects }),
      );
      for (const { state, picture: taken } of states.toReversed()) {
        assertEquals(picture(state), taken);
      }
      let i = 0;
      run(steps, (_before, _step, state, effects) => {
        assertEquals([picture(state), effects], [states[i]?.picture, states[i]?.effects]);
        i++;
      });
    }),
    { numRuns: 300 },
  );
});

Deno.test("[STATE-2] before its time a tick does nothing, and after a tick nothing is due", () => {
  fc.assert(
    fc.property(history, (steps) => {
      run(steps, (_before, _step, state, _effects, now) => {
        const wakeAt = nextWakeAt(state);
        const early = Math.min(now, (wakeAt ?? Infinity) - 0.001);
        const [same, none] = reduce(state, { kind: "tick" }, millis(early));
        assertStrictEquals(same, state);
        assertEquals(none, []);
        const [ticked] = reduce(state, { kind: "tick" }, millis(now));
        assert((nextWakeAt(ticked) ?? Infinity) > now, "still due after a tick");
      });
    }),
    { numRuns: 500 },
  );
});

Deno.test("[QUEUE-5] every message meets exactly one end", () => {
  fc.assert(
    fc.property(history, (steps) => {
      let serial = 0;
      const ends = new Map<number, number>();
      const numbered = steps.map((step) => numberPayload(step, () => ++serial));
      run(
        [...numbered, { event: { kind: "tick" }, afterMs: 10_000 }],
        (before, { event }, after, effects) => {
          for (const effect of effects) {
            const n = effect.kind === "send" ? numberIn(effect.text) : undefined;
            if (n !== undefined) ends.set(n, (ends.get(n) ?? 0) + 1);
          }
          const waiting = new Set(
            [...mapEntries(after.stored)].map(([, { text }]) => numberIn(text)),
          );
          for (const [, { text }] of mapEntries(before.stored)) {
            const n = numberIn(text) ?? 0;
            const expired = event.kind === "tick" && !waiting.has(n);
            if (expired) ends.set(n, (ends.get(n) ?? 0) + 1);
            assertEquals(waiting.has(n) ? 0 : 1, ends.get(n) ?? 0, `message ${n}`);
          }
        },
      );
    }),
    RUNS,
  );
});

/** All that a state says, as plain data: the maps as sorted entries, for their insides differ. */
function picture({ settings: _, ...state }: State): unknown {
  return Object.entries(state).map(([name, value]) => [
    name,
    typeof value === "object" && value !== null && "native" in value
      ? [...mapEntries<unknown, NonNullable<unknown>>(value)].map((e) => JSON.stringify(e)).sort()
      : JSON.stringify(value),
  ]);
}

function numberPayload(step: Step, next: () => number): Step {
  const { event } = step;
  if (event.kind !== "frame-received") return step;
  const text = event.text.replace(/"payload":"(?:[^"\\]|\\.)*"/, () => `"payload":${next()}`);
  return { ...step, event: { ...event, text } };
}

function numberIn(text: string): number | undefined {
  const payload: unknown = JSON.parse(text).payload;
  return typeof payload === "number" ? payload : undefined;
}
