/**
 * A server in a test: holds the state and the time, and checks after every step what must always hold.
 *
 * @module
 */
import {
  CLOSE,
  close,
  type CloseCode,
  connId,
  type Effect,
  type Event,
  hasControl,
  initialState,
  type Millis,
  millis,
  nextWakeAt,
  owner,
  type PartialSettings,
  reduce,
  send,
  settingsFrom,
  type SocketOpened,
  type State,
  type Token,
  violations,
} from "../../core/mod.ts";
import { assertEquals } from "./assert.ts";

/** A server whose time is `now`, to be moved by hand. Connections are numbers. */
export interface World {
  now: number;
  readonly state: State;
  readonly step: (event: Event) => readonly Effect[];
  readonly open: (
    conn: number,
    id: string | null,
    token?: string | null,
    key?: SocketOpened["key"],
  ) => readonly Effect[];
  readonly text: (conn: number, text: string) => readonly Effect[];
  /** Sends a frame as JSON. */
  readonly say: (conn: number, frame: unknown) => readonly Effect[];
  readonly closed: (conn: number) => readonly Effect[];
  readonly tick: () => readonly Effect[];
}

/** Starts a server at 0 ms. */
export function world(options: PartialSettings = {}): World {
  let state = initialState(settingsFrom(options));
  const self: World = {
    now: 0,
    get state(): State {
      return state;
    },
    step(event): readonly Effect[] {
      const [next, effects] = reduce(state, event, millis(self.now));
      assertEquals(violations(next), [], `after ${event.kind}`);
      state = next;
      return effects;
    },
    open: (conn, id, token = "token", key = "right") =>
      self.step(opening(conn, { id, token, key })),
    text: (conn, text) => self.step({ kind: "frame-received", conn: connId(conn), text }),
    say: (conn, frame) => self.text(conn, JSON.stringify(frame)),
    closed: (conn) => self.step({ kind: "socket-closed", conn: connId(conn), code: 1005 }),
    tick: () => self.step({ kind: "tick" }),
  };
  return self;
}

/** What matters to a test about the opening of a socket, with its token as the client gives it. */
export type Given = Omit<Partial<SocketOpened>, "token"> & { readonly token?: string | null };

/** The opening of a socket by an ordinary client; what matters to a test is given. */
export function opening(
  conn: number,
  { token = "token", ...given }: Given = {},
): SocketOpened {
  return {
    kind: "socket-opened",
    id: "a",
    token: tokenOf(token),
    key: "right",
    address: "192.0.2.1",
    origin: null,
    ownOrigin: false,
    queryLength: 30,
    identity: { kind: "unchecked" },
    ...given,
    conn: connId(conn),
  };
}

/** Owners that can be read: each is the text itself. */
export const ownerOf = owner;

/** A token as the rules see it; here its owner is the token itself, so that a failure can be read. */
export function tokenOf(text: string | null): Token | null {
  if (text === null || text === "") return null;
  return { owner: owner(text), length: text.length, hasControl: hasControl(text) };
}

/** What a token proves for a subject and others. */
export function proven(
  subject: string,
  peers: readonly string[] = [],
  endsAt: Millis | null = null,
): SocketOpened["identity"] {
  return { kind: "proven", owner: owner(subject), ids: [subject, ...peers], endsAt };
}

/** Moves a world to its next wake-up and ticks there; the instant and the effects, or `null` at rest. */
export function wake(w: World): { at: number; effects: readonly Effect[] } | null {
  const at = nextWakeAt(w.state);
  if (at === null) return null;
  w.now = at;
  return { at, effects: w.tick() };
}

/** The effect that sends a frame. */
export function sends(conn: number, frame: unknown): Effect {
  return send(connId(conn), JSON.stringify(frame));
}

/** The effect that admits a client. */
export function opens(conn: number): Effect {
  return sends(conn, { type: "OPEN" });
}

/** The effect that closes a socket. */
export function closes(conn: number, code: CloseCode, reason: string): Effect {
  return close(connId(conn), code, reason);
}

/** The effects of a refusal. */
export function refuses(conn: number, code: CloseCode, msg: string): Effect[] {
  return [sends(conn, { type: "ERROR", payload: { msg } }), closes(conn, code, msg)];
}

/** The effect that tells the peer on `conn`, called `src`, that `dst` was not reached. */
export function expires(conn: number, src: string, dst: string): Effect {
  return sends(conn, { type: "EXPIRE", src: dst, dst: src });
}

export { CLOSE };
