/**
 * Holds a conversation with a server, and gives the transcript: all that a client could see.
 *
 * A transcript has, under the name of each actor, what came to it in order, and how its socket ended or that it is
 * open; under `http`, each answer: its status, the headers that the protocol is about, and its body, in which
 * a UUID is `<uuid>`. Times are not written down; what came before what, to each, is.
 */
import { openRaw } from "./raw_socket.ts";
import { type Actor, type Entry, openActor, type Recorded } from "./actor.ts";

/** Where a server is. */
export interface Target {
  readonly url: string;
  readonly wsUrl: string;
  /** Sends SIGTERM; settles when the server has acted on it. */
  interrupt(): Promise<void>;
  /** What its command prints when it is asked for help. */
  help(): Promise<string>;
}

/** What came, by the name of who received it, in order. Plain JSON. */
export type Transcript = Readonly<Record<string, readonly unknown[]>>;

/** A request. The headers for pages are written down where `origin` is given; `null` sends none. */
export interface Asking {
  readonly method?: string;
  readonly origin?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
}

/** What a conversation is held with. */
export interface Stage {
  /** Opens a socket; settles when the upgrade is done, or refused. */
  connect(name: string, entry?: Entry): Promise<Actor>;
  /** Opens a socket; settles when a frame came: `OPEN`, or why it is refused. */
  join(name: string, entry?: Entry): Promise<Actor>;
  /** Opens a socket, under the default prefix, that reads nothing: so nothing of it is written down. */
  joinUnread(id: string): Promise<void>;
  /** Makes a request; `path` is relative to the prefix. */
  ask(path: string, asking?: Asking): Promise<void>;
  /** Asks who is connected until `id` is not, or `timesMax` times. It is not written down. */
  unlisted(id: string, timesMax?: number): Promise<void>;
  /** Writes down the default of an option, as the help of the command has it. */
  askDefault(option: string): Promise<void>;
  /** Sends SIGTERM; settles when the server has acted on it. */
  interrupt(): Promise<void>;
}

/** Holds a conversation; every socket is closed when it settles. */
export async function transcribe(
  target: Target,
  talk: (stage: Stage) => Promise<void>,
): Promise<Transcript> {
  // A name may be any string: no object.
  const parts = new Map<string, unknown[]>();
  const actors: Recorded[] = [];
  const part = (name: string): unknown[] => {
    const known = parts.get(name) ?? [];
    parts.set(name, known);
    return known;
  };
  const connect = async (name: string, entry: Entry = {}): Promise<Recorded> => {
    const actor = await openActor(name, entry, { wsUrl: target.wsUrl, part: part(name) });
    actors.push(actor);
    return actor;
  };
  const join = async (name: string, entry?: Entry): Promise<Actor> => {
    const actor = await connect(name, entry);
    await actor.got(1);
    return actor;
  };
  const unread = new DisposableStack();
  const joinUnread = async (id: string): Promise<void> =>
    void unread.use(await openRaw(Number(new URL(target.url).port), id));
  const ask = async (path: string, asking?: Asking): Promise<void> =>
    void part("http").push(await answerTo(target, path, asking));
  const askDefault = async (option: string): Promise<void> =>
    void part("help").push({ [option]: defaultOf(option, await target.help()) });
  try {
    await talk({
      connect,
      join,
      joinUnread,
      ask,
      unlisted: (id, timesMax) => unlisted(target, id, timesMax),
      askDefault,
      interrupt: () => target.interrupt(),
    });
    // What one sent may be on its way still when another is asked; not so the second time.
    for (let round = 0; round < 2; round++) {
      for (const actor of actors) await actor.settle();
    }
    for (const actor of actors) actor.sign();
    return Object.fromEntries(parts);
  } finally {
    unread.dispose();
    await Promise.all(actors.map((actor) => actor.close()));
  }
}

const UUID = /\b[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\b/g;
const HEADERS = ["content-type", "allow", "upgrade"];
const PAGE_HEADERS = [
  "access-control-allow-origin",
  "access-control-allow-methods",
  "access-control-allow-headers",
  "access-control-max-age",
  "vary",
];

async function answerTo(target: Target, path: string, asking: Asking = {}): Promise<unknown> {
  const { method = "GET", origin, headers = {} } = asking;
  const response = await fetch(new URL(path, target.url), {
    method,
    headers: typeof origin === "string" ? { ...headers, origin } : headers,
  });
  const names = origin === undefined ? HEADERS : [...HEADERS, ...PAGE_HEADERS];
  const sent = names.flatMap((name) => {
    const value = response.headers.get(name);
    return value === null ? [] : [[name, value]];
  });
  const body = (await response.text()).replaceAll(UUID, "<uuid>");
  return { [method]: path, status: response.status, ...Object.fromEntries(sent), body };
}

async function unlisted(target: Target, id: string, timesMax = 10_000): Promise<void> {
  for (let i = 0; i < timesMax; i++) {
    const response = await fetch(`${target.url}peerjs/peers`);
    if (!(await response.text()).includes(JSON.stringify(id))) return;
  }
}

function defaultOf(option: string, help: string): string | undefined {
  return /default:\s+"?([^\s"\];.]+)/.exec(help.slice(help.indexOf(`--${option}`)))?.[1];
}
