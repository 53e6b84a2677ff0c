/**
 * What a scenario is made of, in which the unmodified PeerJS client in a real browser meets the server as a child
 * process: servers, tabs, and peers that sit in the tabs.
 *
 * A lab lives as long as one scenario and closes what the scenario opened. It fails the scenario if
 * the client threw something that nobody caught, and if the recording of a server, run again, has other
 * effects.
 */
import { replay } from "../../adapters/record/replay/replay.ts";
import { assertEquals, assertMatch } from "../support/assert.ts";
import {
  type Browser,
  findBrowser,
  type Session,
  startBrowser,
  type Tab,
} from "../support/browser.ts";
import { type Child, startChild } from "../support/child.ts";

/** What a scenario passes to `new Peer`, beside where the server is. */
export interface ClientOptions {
  readonly key?: string;
  readonly path?: string;
  readonly token?: string;
  /** Of its RTCPeerConnection. */
  readonly config?: unknown;
}

/** A peer in a tab of its own. */
export interface Seat {
  /** Its id, and its name within the tab. */
  readonly id: string;
  readonly tab: Tab;
}

export interface Note {
  readonly detail: unknown;
  /** Milliseconds on the clock of the tab. */
  readonly at: number;
}

/** One browser serves all scenarios of a file; each has its own server and its own tabs. */
let browser: Browser | undefined;
const search = findBrowser();
if (search.kind === "missing" && search.allowed) {
  const line = `left out: tests with a real PeerJS client: ${search.reason}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(line));
}

Deno.test.beforeAll(async () => {
  if (search.kind === "found") browser = await startBrowser(search.path);
});

Deno.test.afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
});

/** Declares a test, which is left out where there is no browser, and need be none. */
export function test(name: string, run: (lab: Lab) => Promise<void>): void {
  browserTest(name, async (browser) => {
    await using lab = new Lab(await browser.session());
    await run(lab);
  });
}

/** The same for a test that opens pages of its own. */
export function browserTest(name: string, run: (browser: Browser) => Promise<void>): void {
  Deno.test({
    name,
    ignore: search.kind === "missing" && search.allowed,
    fn: async () => {
      if (browser === undefined) throw new Error(Object(search).reason);
      await run(browser);
    },
  });
}

class Lab implements AsyncDisposable {
  readonly #session: Session;
  readonly #servers: Child[] = [];
  readonly #folder = Deno.makeTempDirSync();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Starts a server with these flags. */
  async serve(...args: readonly string[]): Promise<Child> {
    const record = this.#recordingOf(this.#servers.length);
    const server = await startChild({ args: [...args, "--record", record] });
    this.#servers.push(server);
    return server;
  }

  /** Opens a tab without a peer. */
  tab(): Promise<Tab> {
    return this.#session.open();
  }

  /** Opens a tab and makes a peer there; `id` null lets the server assign one. Nothing is waited for. */
  async enter(
    { port, path }: Pick<Child, "port" | "path">,
    name: string,
    id: string | null,
    options: ClientOptions = {},
  ): Promise<Tab> {
    const place = { host: "127.0.0.1", port, path, config: { iceServers: [] } };
    const tab = await this.#session.open();
    await tab.run("peer", name, id, { ...place, ...options });
    return tab;
  }

  /** The same, and waits until the peer is open. */
  async arrive(
    server: Pick<Child, "port" | "path">,
    id: string,
    options: ClientOptions = {},
  ): Promise<Seat> {
    const seat = { id, tab: await this.enter(server, id, id, options) };
    await wait(seat.tab, id, "open");
    return seat;
  }

  /** A server with these flags, and two peers that have arrived, one after the other. */
  async pair(...args: readonly string[]): Promise<{ server: Child; alice: Seat; bob: Seat }> {
    const server = await this.serve(...args);
    const alice = await this.arrive(server, "alice");
    return { server, alice, bob: await this.arrive(server, "bob") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session[Symbol.asyncDispose]();
    await Promise.all(this.#servers.map((server) => server.stop()));
    for (const i of this.#servers.keys()) await expectSameAgain(this.#recordingOf(i));
    await Deno.remove(this.#folder, { recursive: true });
    assertEquals(this.#session.uncaught, [], "The client threw, and nobody caught it");
  }

  #recordingOf(i: number): string {
    return `${this.#folder}/${i}.ndjson`;
  }
}

/** Checks that a recording, run again, has every effect that the server had. */
async function expectSameAgain(path: string): Promise<void> {
  const said: string[] = [];
  const say = (line: string): void => void said.push(line);
  const open = async (): Promise<AsyncIterable<Uint8Array>> => (await Deno.open(path)).readable;
  const write = (): Promise<void> => Promise.reject(new Error("A replay without --html writes"));
  const code = await replay([path, "--diff"], { open, write, print: say, complain: say });
  assertEquals([code, said.length], [0, 1], said.join("\n"));
  assertMatch(said[0] ?? "", /[1-9]\d* events/);
}

/** The next note of this kind that was not waited for yet. */
export async function wait(tab: Tab, who: string, event: string): Promise<Note> {
  const note = await tab.run("wait", who, event);
  const { detail, at }: { detail: unknown; at: unknown } = Object(note);
  if (typeof at !== "number") throw new Error(`Cannot read the note ${JSON.stringify(note)}`);
  return { detail, at };
}

/** Waits for an error of this peer and checks its type, and its message if one is given. */
export async function expectError(
  tab: Tab,
  name: string,
  type: string,
  message?: string,
): Promise<Note> {
  const note = await wait(tab, name, "error");
  const error: { type?: unknown; message?: unknown } = Object(note.detail);
  assertEquals(error.type, type);
  if (message !== undefined) assertEquals(error.message, message);
  return note;
}

/** Checks that the client has printed something that fits: some errors reach its user only there. */
export async function expectLog(tab: Tab, pattern: RegExp): Promise<void> {
  assertMatch((await notes(tab, "client", "log")).join("\n"), pattern);
}

/** Opens a data connection and waits until both sides have it. */
export async function connect(from: Seat, to: Seat, label: string): Promise<void> {
  await from.tab.run("connect", from.id, to.id, label);
  await wait(to.tab, to.id, "connection");
  await Promise.all([
    wait(from.tab, `${from.id}/${label}`, "open"),
    wait(to.tab, `${to.id}/${label}`, "open"),
  ]);
}

/** Sends over a data connection, and checks that exactly this arrives next on the other side. */
export async function say(from: Seat, to: Seat, label: string, value: unknown): Promise<void> {
  await from.tab.run("send", `${from.id}/${label}`, value);
  const { detail } = await wait(to.tab, `${to.id}/${label}`, "data");
  assertEquals(detail, value);
}

/** Checks that a data connection carries messages both ways. */
export async function chat(one: Seat, other: Seat, label: string, topic: string): Promise<void> {
  await say(one, other, label, `${topic}?`);
  await say(other, one, label, `${topic}!`);
}

/** Details of every note so far of this kind. */
export async function notes(tab: Tab, who: string, event: string): Promise<readonly unknown[]> {
  const details = await tab.run("notes", who, event);
  if (!Array.isArray(details)) throw new Error("Cannot read the notes of the page: no array");
  return details;
}

/** Checks that a peer is open. */
export async function expectOpen(tab: Tab, name: string): Promise<void> {
  const open = { open: true, destroyed: false, disconnected: false };
  assertEquals(await tab.run("state", name), open);
}
