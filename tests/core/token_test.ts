/**
 * Who may come in: the price of wrong tokens, what a token proves, which pages, how long a query.
 */
import {
  connId,
  type Effect,
  type Identity,
  initialState,
  nextWakeAt,
  type PartialSettings,
  respond,
  settingsFrom,
} from "../../core/mod.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  CLOSE,
  closes,
  opening,
  opens,
  refuses,
  sends,
  wake,
  type World,
  world,
} from "../support/world.ts";

const TAKEN = { type: "ID-TAKEN", payload: { msg: "ID is taken" } };
const SHUT_OUT = "Too many wrong tokens from this address: try again later";
const REPLACED = "Replaced by a newer connection with the same id and token";

/** A world in which "a" is held from 192.0.2.1 and has a deadline far away. */
function held(options: PartialSettings = {}): World {
  const w = world({ alive_timeout: 86_400_000, ...options });
  w.step(opening(1, { id: "a", token: "mine" }));
  return w;
}

/** Tries a wrong token for "a". */
function guess(w: World, conn: number, address = "198.51.100.7"): readonly Effect[] {
  return w.step(opening(conn, { id: "a", token: `guess ${conn}`, address }));
}

function taken(conn: number): Effect[] {
  return [sends(conn, TAKEN), closes(conn, CLOSE.idTaken, "ID is taken")];
}

Deno.test("[LIMIT-3] ten wrong tokens are answered at once, then each waits twice as long", () => {
  const w = held();
  const owner = w.state.claims;
  for (let conn = 2; conn < 12; conn++) assertEquals(guess(w, conn), taken(conn));
  const delays: number[] = [];
  for (let conn = 12; conn < 24; conn++) {
    assertEquals(guess(w, conn), [], "no answer yet");
    const asked = w.now;
    const woken = wake(w);
    assertEquals(woken?.effects, taken(conn));
    delays.push((woken?.at ?? NaN) - asked);
  }
  const doubled = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800];
  assertEquals(delays, [...doubled, 25_000, 25_000, 25_000, 25_000]);
  assertStrictEquals(w.state.claims, owner);
});

Deno.test("[LIMIT-3] another address is answered at once, and a whole /64 is one address", () => {
  const w = held({ wrong_token_limit: 1 });
  guess(w, 2, "2001:db8::1");
  assertEquals(guess(w, 3, "2001:db8::2"), [], "the same /64 waits");
  assertEquals(guess(w, 4, "2001:db8:0:1::1"), taken(4));
});

Deno.test("[LIMIT-3] a right token is not delayed, nor a free id, from the same address", () => {
  const w = held({ wrong_token_limit: 0 });
  assertEquals(guess(w, 2, "192.0.2.1"), []);
  assertEquals(w.open(3, "b"), [opens(3)]);
  assertEquals(w.open(4, "a", "mine"), [opens(4), closes(1, CLOSE.replaced, REPLACED)]);
});

Deno.test("[LIMIT-3] tokens are forgotten when the window since the first of them has passed", () => {
  const w = held({ wrong_token_limit: 2, wrong_token_window: 1_000, max_wrong_token_delay: 10 });
  guess(w, 2);
  w.now = 999;
  guess(w, 3);
  assertEquals(guess(w, 4), [], "the third");
  w.now = 1_000;
  assertEquals(guess(w, 5), taken(5), "the first of a new window");
  assertEquals([guess(w, 6), guess(w, 7)], [taken(6), []], "the second, and the third");
  w.now = 1_009;
  assertEquals(w.tick(), taken(4));
});

Deno.test("[LIMIT-3] an answer comes when it is due, and not before", () => {
  const w = held({ wrong_token_limit: 0 });
  guess(w, 2);
  w.now = 99.999;
  assertEquals(w.tick(), []);
  w.now = 100;
  assertEquals(w.tick(), taken(2));
});

Deno.test("[LIMIT-3] a maximum of 0 counts, and delays nobody", () => {
  const w = held({ wrong_token_limit: 0, max_wrong_token_delay: 0 });
  for (let conn = 2; conn < 30; conn++) assertEquals(guess(w, conn), taken(conn));
});

Deno.test("[LIMIT-4] whoever waits is mute, and its place is kept when it hangs up", () => {
  const w = held({ wrong_token_limit: 0 });
  guess(w, 2);
  const waiting = w.state;
  assertEquals(w.say(2, { type: "OFFER", dst: "a" }), []);
  assertEquals(w.text(2, "no JSON"), []);
  assertEquals(w.step({ kind: "binary-received", conn: connId(2), bytes: 1 }), []);
  assertEquals(guess(w, 2), [], "opened twice");
  assertStrictEquals(w.state, waiting);
  assertEquals(w.closed(2), []);
  assertEquals([w.state.waiting.size, w.state.addresses.size], [1, 2]);
  w.now = 100;
  assertEquals(w.tick(), [], "nobody is there to be told");
  assertEquals([w.state.waiting.size, w.state.addresses.size], [0, 1]);
  assertEquals(nextWakeAt(w.state), 86_400_000 as never, "only the owner's silence is left");
});

Deno.test("[LIMIT-4] [LIFE-3] whoever waits is told when the server stops", () => {
  const w = held({ wrong_token_limit: 0 });
  guess(w, 2);
  const reason = "Server is shutting down";
  assertEquals(w.step({ kind: "shutdown-requested" }), [
    closes(1, CLOSE.shutdown, reason),
    closes(2, CLOSE.shutdown, reason),
  ]);
});

Deno.test("[LIMIT-4] only so many may wait: then who guessed too often is refused, and others are not", () => {
  const w = held({ wrong_token_limit: 1, max_waiting_sockets: 2 });
  guess(w, 2);
  assertEquals([guess(w, 3), guess(w, 4)], [[], []]);
  assertEquals(guess(w, 5), refuses(5, CLOSE.tooMany, SHUT_OUT));
  assertEquals(w.state.waiting.size, 2);
  assertEquals(guess(w, 6, "203.0.113.1"), taken(6), "another address has its own first try");
  assertEquals(w.open(7, "b"), [opens(7)]);
  w.closed(3);
  assertEquals(guess(w, 8), refuses(8, CLOSE.tooMany, SHUT_OUT), "hanging up gains nothing");
  w.now = 100;
  w.tick();
  assertEquals(guess(w, 9), [], "one may wait again");
});

Deno.test("[LIMIT-2] [LIMIT-4] a wrong token waits only where its address has a place", () => {
  const w = held({ wrong_token_limit: 0, max_sockets_per_address: 1 });
  assertEquals(guess(w, 2), []);
  assertEquals(guess(w, 3), refuses(3, CLOSE.tooMany, SHUT_OUT));
  assertEquals(guess(w, 4, "203.0.113.1"), [], "another address has its own place");
});

Deno.test("[LIMIT-4] [LIFE-3] whoever hung up while it waited is not told when the server stops", () => {
  const w = held({ wrong_token_limit: 0 });
  guess(w, 2);
  w.closed(2);
  const stopped = [closes(1, CLOSE.shutdown, "Server is shutting down")];
  assertEquals(w.step({ kind: "shutdown-requested" }), stopped);
});

Deno.test("[LIMIT-5] of so many addresses the guesses are remembered; the oldest is forgotten first", () => {
  const w = held({ wrong_token_limit: 1, wrong_token_addresses: 3 });
  const from = (n: number): string => `198.51.100.${n}`;
  for (const n of [1, 2, 3, 4]) assertEquals(guess(w, 10 + n, from(n)), taken(10 + n));
  assertEquals(w.state.wrongTokens.size, 3);
  for (const n of [2, 3, 4]) assertEquals(guess(w, 20 + n, from(n)), [], `${n} is remembered`);
  assertEquals(guess(w, 21, from(1)), taken(21), "the first was forgotten");
});

Deno.test("[LIMIT-5] what is over is forgotten with the next wrong token of anybody", () => {
  const w = held({ wrong_token_window: 1_000 });
  for (let n = 1; n <= 50; n++) guess(w, n + 1, `198.51.100.${n}`);
  w.now = 1_000;
  guess(w, 100, "203.0.113.1");
  assertEquals([w.state.wrongTokens.size, w.state.wrongOrder.size], [1, 1]);
});

Deno.test("[OPEN-10] a page of an origin that is not listed is refused; no Origin is no page", () => {
  const listed = "https://app.example";
  const msg = "Pages of this origin may not use this server";
  const come = (origin: string | null, cors: readonly string[]): readonly Effect[] =>
    world({ cors }).step(opening(1, { origin }));
  for (
    const origin of ["https://evil.example", "null", "", "https://app.example.evil", "HTTP://x"]
  ) {
    assertEquals(come(origin, [listed]), refuses(1, CLOSE.wrongOrigin, msg), origin);
    assertEquals(come(origin, []), [opens(1)], "no list");
    assertEquals(come(origin, ["*"]), [opens(1)], "any");
  }
  for (const origin of [listed, "HTTPS://APP.EXAMPLE", null]) {
    assertEquals(come(origin, [listed]), [opens(1)]);
  }
});

Deno.test("[OPEN-3] a query up to the limit passes, one more character is refused", () => {
  const come = (queryLength: number): readonly Effect[] =>
    world({ max_query_length: 40 }).step(opening(1, { queryLength }));
  assertEquals(come(40), [opens(1)]);
  const msg = "The query has 41 characters: at most 40 are allowed";
  assertEquals(come(41), refuses(1, CLOSE.badParameters, msg));
});

function proven(subject: string, peers: readonly string[] = []): Identity {
  return { kind: "proven", subject, peers };
}

Deno.test("[AUTH-1] a token is good for the id that is its subject, and for those among its peers", () => {
  const come = (id: string, identity: Identity): readonly Effect[] =>
    world().step(opening(1, { id, identity }));
  const msg = "The token is not for this id";
  assertEquals(come("a", proven("a")), [opens(1)]);
  assertEquals(come("b", proven("a", ["c", "b"])), [opens(1)]);
  assertEquals(come("b", proven("a")), refuses(1, CLOSE.notAuthorized, msg));
  assertEquals(come("A", proven("a", ["a"])), refuses(1, CLOSE.notAuthorized, msg));
});

Deno.test("[AUTH-2] a token that was rejected is refused with its reason, held or free, all the same", () => {
  const identity: Identity = { kind: "rejected", reason: "The token has expired" };
  const w = held();
  for (const [conn, id] of [[2, "a"], [3, "free"]] as const) {
    const effects = w.step(opening(conn, { id, identity }));
    assertEquals(effects, refuses(conn, CLOSE.notAuthorized, "The token has expired"));
  }
  assertEquals(w.state.wrongTokens.size, 0);
});

Deno.test("[AUTH-1] with auth a token that nobody checked opens nothing", () => {
  const w = world({ auth: "jwt", auth_secret: "s".repeat(32) });
  const msg = "The token was not checked";
  assertEquals(w.open(1, "a"), refuses(1, CLOSE.notAuthorized, msg));
});

Deno.test("[AUTH-2] a reason too long for a close frame is whole in the ERROR, and cut in the close", () => {
  for (const [character, whole] of [["x", 120], ["é", 60], ["🙂", 30]] as const) {
    const reason = character.repeat(200);
    const effects = world().step(opening(1, { identity: { kind: "rejected", reason } }));
    assertEquals(effects, [
      sends(1, { type: "ERROR", payload: { msg: reason } }),
      { kind: "close", conn: connId(1), code: 4006, reason: `${character.repeat(whole)}…` },
    ]);
  }
  const fits = "x".repeat(123);
  const effects = world().step(opening(1, { identity: { kind: "rejected", reason: fits } }));
  assertEquals(effects, refuses(1, CLOSE.notAuthorized, fits));
});

Deno.test("[AUTH-3] the same subject takes over whatever its token, another one does not", () => {
  const w = world();
  const come = (conn: number, token: string, subject: string): readonly Effect[] =>
    w.step(opening(conn, { id: "room", token, identity: proven(subject, ["room"]) }));
  come(1, "monday's", "ann");
  assertEquals(come(2, "tuesday's", "ann"), [opens(2), closes(1, CLOSE.replaced, REPLACED)]);
  assertEquals(come(3, "tuesday's", "bob"), taken(3));
});

Deno.test("[AUTH-5] with auth_http an id and the list of peers ask for a token, and the rest does not", () => {
  const settings = settingsFrom({
    auth: "jwt",
    auth_secret: "s".repeat(32),
    auth_http: true,
    allow_discovery: true,
  });
  const status = (path: string, identity: Identity): number =>
    respond(initialState(settings), { method: "GET", path, origin: null, identity }, () => "x")
      .status;
  const none: Identity = { kind: "rejected", reason: "A token is missing" };
  const unchecked: Identity = { kind: "unchecked" };
  for (const path of ["/peerjs/id", "/peerjs/peers"]) {
    assertEquals([status(path, none), status(path, proven("a"))], [401, 200], path);
    assertEquals(status(path, unchecked), 401, path);
  }
  assertEquals([status("/", none), status("/peerjs", none), status("/x", none)], [200, 426, 404]);
});

Deno.test("[OPEN-10] [OPEN-3] [AUTH-2] the origin is looked at first, then lengths, then what a token proves", () => {
  const w = world({ cors: ["https://app.example"], max_query_length: 40 });
  const rejected: Identity = { kind: "rejected", reason: "The token has expired" };
  const come = (origin: string | null): readonly Effect[] =>
    w.step(opening(1, { origin, queryLength: 41, identity: rejected }));
  const origin = "Pages of this origin may not use this server";
  assertEquals(come("https://evil.example"), refuses(1, CLOSE.wrongOrigin, origin));
  const length = "The query has 41 characters: at most 40 are allowed";
  assertEquals(come(null), refuses(1, CLOSE.badParameters, length));
});

Deno.test("[AUTH-5] with auth_http a token that nobody checked is none, and WWW-Authenticate says so", () => {
  const state = initialState(
    settingsFrom({ auth: "jwt", auth_secret: "s".repeat(32), auth_http: true }),
  );
  const identity: Identity = { kind: "unchecked" };
  const request = { method: "GET", path: "/peerjs/id", origin: null, identity };
  const { status, headers, body } = respond(state, request, () => "x");
  assertEquals([status, headers["www-authenticate"]], [401, "Bearer"]);
  assertEquals(body, "A token is missing.\n");
});
