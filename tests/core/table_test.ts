/**
 * The effects of each kind of event on a connection in each phase of its life. The table is a full record, so
 * that a missing cell does not compile.
 */
import { connId, type Event } from "../../core/mod.ts";
import { assertEquals, assertStrictEquals, assertThrows } from "../support/assert.ts";
import { type Act, messageFrom, opening, type World, world } from "../support/world.ts";

/** The phases of connection 1. */
const PHASES = {
  "never seen": (): World => world(),
  "holding": (): World => opened(),
  "refused": (): World => after(world(), (w) => w.open(1, "a", "t", "wrong")),
  "replaced": (): World => after(opened(), (w) => w.open(2, "a")),
  "left": (): World => after(opened(), (w) => w.say(1, { type: "LEAVE" })),
  "closed": (): World => after(opened(), (w) => w.closed(1)),
  "timed out": (): World =>
    after(opened(), (w) => {
      w.now = 90_000;
      w.tick();
    }),
  "shut down": (): World => after(opened(), (w) => w.step({ kind: "shutdown-requested" })),
} satisfies Record<string, () => World>;

type Phase = keyof typeof PHASES;

/** Every kind of event, and every kind of frame, from connection 1. */
const STIMULI = {
  "socket-opened": opening(1),
  "send-failed": { kind: "send-failed", conn: connId(1), message: null },
  "send-refused": { kind: "send-refused", conn: connId(1), message: messageFrom("x", "y") },
  "socket-closed": { kind: "socket-closed", conn: connId(1), code: 1005 },
  "ping-unanswered": { kind: "ping-unanswered", conn: connId(1) },
  "binary-received": { kind: "binary-received", conn: connId(1), bytes: 1 },
  "tick": { kind: "tick" },
  "shutdown-requested": { kind: "shutdown-requested" },
  "heartbeat": text({ type: "HEARTBEAT" }),
  "to itself": text({ type: "OFFER", dst: "a" }),
  "to nobody": text({ type: "OFFER", dst: "nobody" }),
  "leave": text({ type: "LEAVE" }),
  "unknown type": text({ type: "FUTURE" }),
  "bad frame": text([]),
} satisfies Record<string, Event>;

type Stimulus = keyof typeof STIMULI;

/** The outcome: effects as "send:conn" and "close:conn:code"; "same" is no effect and the same state. */
type Cell = "same" | "changed" | readonly string[];

const MUTE = {
  "socket-closed": "same",
  "ping-unanswered": "same",
  "send-failed": "same",
  "send-refused": "same",
  "binary-received": "same",
  "tick": "same",
  "heartbeat": "same",
  "to itself": "same",
  "to nobody": "same",
  "leave": "same",
  "unknown type": "same",
  "bad frame": "same",
} as const;

const TABLE: Record<Phase, Record<Stimulus, Cell>> = {
  "never seen": { ...MUTE, "socket-opened": ["send:1"], "shutdown-requested": "changed" },
  "holding": {
    "socket-opened": "same",
    "socket-closed": "changed",
    "ping-unanswered": ["close:1:4007"],
    "send-failed": "changed",
    "send-refused": "same",
    "binary-received": ["send:1"],
    "tick": "same",
    "shutdown-requested": ["close:1:1001"],
    "heartbeat": "changed",
    "to itself": ["send:1"],
    "to nobody": "changed",
    "leave": ["close:1:4009"],
    "unknown type": "changed",
    "bad frame": ["send:1"],
  },
  "refused": { ...MUTE, "socket-opened": ["send:1"], "shutdown-requested": "changed" },
  "replaced": {
    ...MUTE,
    "socket-opened": ["close:1:4000"],
    "shutdown-requested": ["close:2:1001"],
  },
  "left": { ...MUTE, "socket-opened": ["send:1"], "shutdown-requested": "changed" },
  "closed": { ...MUTE, "socket-opened": ["send:1"], "shutdown-requested": "changed" },
  "timed out": { ...MUTE, "socket-opened": ["send:1"], "shutdown-requested": "changed" },
  "shut down": {
    ...MUTE,
    "socket-opened": ["send:1", "close:1:1001"],
    "shutdown-requested": "changed",
  },
};

for (const phase of Object.keys(PHASES) as Phase[]) {
  Deno.test(`[OPEN-9] [STATE-1] every event on a connection that is ${phase}`, () => {
    for (const stimulus of Object.keys(STIMULI) as Stimulus[]) {
      const w = PHASES[phase]();
      w.now += 1;
      const before = w.state;
      const effects = w.step(STIMULI[stimulus]);
      const expected = TABLE[phase][stimulus];
      const label = `${stimulus} while ${phase}`;
      assertEquals(effects.map(brief), typeof expected === "string" ? [] : [...expected], label);
      if (expected === "same") assertStrictEquals(w.state, before, label);
      if (expected === "changed") assertEquals(w.state === before, false, label);
    }
  });
}

function opened(): World {
  return after(world(), (w) => w.open(1, "a"));
}

function after(w: World, act: (w: World) => unknown): World {
  act(w);
  return w;
}

function text(frame: unknown): Event {
  return { kind: "frame-received", conn: connId(1), text: JSON.stringify(frame) };
}

Deno.test("reduce throws for an event of an unknown kind, which is a bug of the adapter", () => {
  const w = world();
  assertThrows(() => w.step(JSON.parse('{"kind":"dream"}')), TypeError, '{"kind":"dream"}');
});

function brief(effect: Act): string {
  return effect.kind === "send" ? `send:${effect.conn}` : `close:${effect.conn}:${effect.code}`;
}
