/**
 * A server in a test: holds the state and the time. Every step keeps the laws, and is what the reference model does.
 */
import {
  CLOSE,
  type Close,
  close,
  type CloseCode,
  connId,
  type Effect,
  type Event,
  hasControl,
  type Identity,
  initialState,
  type Message,
  type Millis,
  millis,
  nextWakeAt,
  type Note,
  owner,
  type PartialSettings,
  peerId,
  reduce,
  type Send,
  settingsFrom,
  type SocketOpened,
  type State,
  type Token,
} from "../../core/mod.ts";
import { agreement } from "../model/agreement.ts";
import { all, laws } from "../properties/laws.ts";

/** An effect as the outside sees it: what is sent, and what is closed. */
export type Act = Pick<Send, "kind" | "conn" | "text"> | Close;

/** What of effects the outside sees. */
export function actsOf(effects: readonly Effect[]): Act[] {
  return effects.flatMap((effect): Act[] => {
    if (effect.kind === "close") return [effect];
    if (effect.kind !== "send") return [];
    const { kind, conn, text } = effect;
    return [{ kind, conn, text }];
  });
}

/** What of effects only who watches sees. */
export function notesOf(effects: readonly Effect[]): Note[] {
  return effects.filter((effect) => effect.kind === "note");
}

/** A server whose time is `now`, to be moved by hand. Connections are numbers. */
export interface World {
  now: number;
  readonly state: State;
  /** The effects of the last event, whole. */
  readonly effects: readonly Effect[];
  readonly step: (event: Event) => readonly Act[];
  readonly open: (
    conn: number,
    id: string | null,
    token?: string | null,
    key?: SocketOpened["key"],
  ) => readonly Act[];
  readonly text: (conn: number, text: string) => readonly Act[];
  /** Sends a frame as JSON. */
  readonly say: (conn: number, frame: unknown) => readonly Act[];
  readonly closed: (conn: number) => readonly Act[];
  readonly tick: () => readonly Act[];
  /** The socket is gone, and these messages, or one thing of the server's own, were not sent on it. */
  readonly fail: (conn: number, ...messages: readonly (Message | null)[]) => readonly Act[];
}

/** Starts a server at 0 ms. */
export function world(options: PartialSettings = {}): World {
  const settings = settingsFrom(options);
  const look = all(laws(reduce), agreement(settings));
  let state = initialState(settings);
  let effects: readonly Effect[] = [];
  const self: World = {
    now: 0,
    get state(): State {
      return state;
    },
    get effects(): readonly Effect[] {
      return effects;
    },
    step(event): readonly Act[] {
      const [before, now] = [state, millis(self.now)];
      [state, effects] = reduce(before, event, now);
      look({ before, event, now, after: state, effects });
      return actsOf(effects);
    },
    open: (conn, id, token = "token", key = "right") =>
      self.step(opening(conn, { id, token, key })),
    text: (conn, text) => self.step({ kind: "frame-received", conn: connId(conn), text }),
    say: (conn, frame) => self.text(conn, JSON.stringify(frame)),
    closed: (conn) => self.step({ kind: "socket-closed", conn: connId(conn), code: 1005 }),
    tick: () => self.step({ kind: "tick" }),
    fail: (conn, ...messages) =>
      messages.flatMap((message) =>
        self.step({ kind: "send-failed", conn: connId(conn), message })
      ),
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
): Identity {
  return { kind: "proven", owner: owner(subject), ids: [subject, ...peers], endsAt };
}

/** Moves a world to its next wake-up and ticks there; the instant and the effects, or `null` at rest. */
export function wake(w: World): { at: number; effects: readonly Act[] } | null {
  const at = nextWakeAt(w.state);
  if (at === null) return null;
  w.now = at;
  return { at, effects: w.tick() };
}

/** The effect that sends a frame. */
export function sends(conn: number, frame: unknown): Act {
  return { kind: "send", conn: connId(conn), text: JSON.stringify(frame) };
}

/** The effect that admits a client. */
export function opens(conn: number): Act {
  return sends(conn, { type: "OPEN" });
}

/** The effect that closes a socket. */
export function closes(conn: number, code: CloseCode, reason: string): Act {
  return close(connId(conn), code, reason);
}

/** The effects of a refusal. */
export function refuses(conn: number, code: CloseCode, msg: string): Act[] {
  return [sends(conn, { type: "ERROR", payload: { msg } }), closes(conn, code, msg)];
}

/** The effect that tells the peer on `conn`, called `src`, that `dst` was not reached. */
export function expires(conn: number, src: string, dst: string): Act {
  return sends(conn, { type: "EXPIRE", src: dst, dst: src });
}

export { CLOSE };

/** A message from one peer to another, as it was sent. */
export function messageFrom(
  src: string,
  dst: string,
  type: Message["type"] = "OFFER",
  payload?: unknown,
): Message {
  const text = JSON.stringify({ type, src, dst, payload });
  return { kind: "message", type, src: peerId(src), dst: peerId(dst), text };
}
