/** Wrong tokens, proven tokens, tokens that end, and origins of pages. */
import {
  connId,
  type Identity,
  millis,
  nextWakeAt,
  type PartialSettings,
  sizes,
} from "../../core/mod.ts";
import { assertEquals, assertStrictEquals } from "../support/assert.ts";
import {
  type Act,
  CLOSE,
  closes,
  opening,
  opens,
  proven,
  refuses,
  sends,
  wake,
  type World,
  world,
} from "../support/world.ts";

const TAKEN = { type: "ID-TAKEN", payload: { msg: "ID is taken" } };
const REPLACED = "Replaced by a newer connection with the same id and token";

/** A world in which "a" is held from 192.0.2.1 and has a deadline far away. */
function held(options: PartialSettings = {}): World {
  const w = world({ alive_timeout: 86_400_000, ...options });
  w.step(opening(1, { id: "a", token: "mine" }));
  return w;
}

/** Asks for an id from another address than the one that holds "a". */
function comes(
  w: World,
  conn: number,
  id: string,
  token: string,
  address = "198.51.100.7",
): readonly Act[] {
  return w.step(opening(conn, { id, token, address }));
}

/** Tries a wrong token for "a". */
function guess(w: World, conn: number, address?: string): readonly Act[] {
  return comes(w, conn, "a", `guess ${conn}`, address);
}

function taken(conn: number): Act[] {
  return [sends(conn, TAKEN), closes(conn, CLOSE.idTaken, "ID is taken")];
}

/** The effects for a socket whose token is not compared. */
function blocked(conn: number): Act[] {
  const reason = "ID is taken, and its token not looked at: too many wrong ones came";
  return [sends(conn, TAKEN), closes(conn, CLOSE.idTaken, reason)];
}

Deno.test("[LIMIT-3] wrong_token_burst wrong tokens are compared, then none is, not even the right one", () => {
  const w = held({ wrong_token_burst: 3 });
  const owner = w.state.claims;
  for (let conn = 2; conn < 5; conn++) assertEquals(guess(w, conn), taken(conn));
  const spent = w.state;
  assertEquals(guess(w, 5), blocked(5));
  assertEquals(comes(w, 6, "a", "mine"), blocked(6), "from the address that guessed");
  assertStrictEquals(w.state, spent, "what is not looked at does not count");
  assertStrictEquals(w.state.claims, owner);
  assertEquals(comes(w, 7, "b", "any"), [opens(7)], "a free id");
  assertEquals(w.open(8, "a", "mine"), [opens(8), closes(1, CLOSE.replaced, REPLACED)]);
});

Deno.test("[LIMIT-3] a rate of 0 allows any number, and nothing is remembered", () => {
  const w = held({ wrong_token_rate: 0, wrong_token_burst: 1 });
  for (let conn = 2; conn < 9; conn++) assertEquals(guess(w, conn), taken(conn));
  assertEquals(w.state.wrongTokens.size, 0);
});

Deno.test("[LIMIT-3] [AUTH-3] a proven token is not a try: it neither counts nor is blocked", () => {
  const w = world({ wrong_token_burst: 1 });
  w.step(opening(1, { id: "room", identity: proven("ann", ["room"]) }));
  const bob = w.step(opening(2, { id: "room", identity: proven("bob", ["room"]) }));
  assertEquals([bob, w.state.wrongTokens.size], [taken(2), 0]);
  w.step(opening(3, { id: "room" }));
  assertEquals(w.state.wrongTokens.size, 1, "an unchecked one counts");
  const newer = { token: "of tomorrow", identity: proven("ann", ["room"]) };
  const ann = w.step(opening(4, { id: "room", ...newer }));
  assertEquals(ann, [opens(4), closes(1, CLOSE.replaced, REPLACED)]);
});

Deno.test("[LIMIT-5] one address over wrong_token_addresses, and those of all others are forgotten", () => {
  const w = held({ wrong_token_burst: 2, wrong_token_addresses: 2 });
  const from = (n: number): string => `198.51.100.${n}`;
  for (const n of [1, 2]) guess(w, 10 + n, from(n));
  guess(w, 20, from(1));
  assertEquals(w.state.wrongTokens.size, 2, "one that is known needs no place");
  assertEquals(comes(w, 21, "a", "mine", from(1)), blocked(21));
  guess(w, 22, from(3));
  assertEquals(w.state.wrongTokens.size, 1);
  const again = comes(w, 23, "a", "mine", from(1));
  assertEquals(again, [opens(23), closes(1, CLOSE.replaced, REPLACED)]);
});

Deno.test("[OPEN-10] a page of an unlisted origin is refused; a client without Origin is not a page", () => {
  const msg = "Pages of this origin may not use this server";
  const come = (origin: string | null, ...cors: string[]): readonly Act[] =>
    world({ cors }).step(opening(1, { origin }));
  const listed = "https://app.example";
  for (const origin of ["https://evil.example", "null", "", "https://app.example.evil"]) {
    assertEquals(come(origin, listed), refuses(1, CLOSE.wrongOrigin, msg), origin);
    assertEquals([come(origin), come(origin, "*")], [[opens(1)], [opens(1)]]);
  }
  for (const origin of [listed, null]) assertEquals(come(origin, listed), [opens(1)]);
});

Deno.test("[AUTH-1] a token is valid for the id of its subject, and for its claim peers", () => {
  const come = (id: string, identity: Identity): readonly Act[] =>
    world().step(opening(1, { id, identity }));
  const msg = "The token is not for this id";
  assertEquals(come("a", proven("a")), [opens(1)]);
  assertEquals(come("b", proven("a", ["c", "b"])), [opens(1)]);
  assertEquals(come("b", proven("a")), refuses(1, CLOSE.notAuthorized, msg));
  assertEquals(come("A", proven("a", ["a"])), refuses(1, CLOSE.notAuthorized, msg));
});

Deno.test("[AUTH-2] a reason too long for a close frame is complete in the ERROR, and cut in the close", () => {
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

Deno.test("[OPEN-10] [OPEN-3] [AUTH-2] the origin is checked first, then lengths, then the proof of the token", () => {
  const w = world({ cors: ["https://app.example"], max_query_length: 40 });
  const rejected: Identity = { kind: "rejected", reason: "The token has expired" };
  const come = (origin: string | null): readonly Act[] =>
    w.step(opening(1, { origin, queryLength: 41, identity: rejected }));
  const origin = "Pages of this origin may not use this server";
  assertEquals(come("https://evil.example"), refuses(1, CLOSE.wrongOrigin, origin));
  const length = "The query has 41 characters: at most 40 are allowed";
  assertEquals(come(null), refuses(1, CLOSE.badParameters, length));
});

const ENDED = "The token has expired";
const JWT: PartialSettings = { auth: "jwt", auth_secret: "s".repeat(32) };
const CLOSING: PartialSettings = { ...JWT, auth_expiry: "close" };

/** Asks for an id with a token that proves some, until an instant. */
function bears(w: World, conn: number, id: string, end: number | null): readonly Act[] {
  const endsAt = end === null ? null : millis(end);
  return w.step(opening(conn, { id, identity: proven("a", ["b", "c"], endsAt) }));
}

Deno.test("[AUTH-6] a client is disconnected exactly when its token ends, whatever it sends", () => {
  const w = world({ ...CLOSING, alive_timeout: 1_000 });
  assertEquals(bears(w, 1, "a", 2_500.5), [opens(1)]);
  for (const at of [900, 1_800, 2_400]) {
    w.now = at;
    assertEquals(w.tick(), []);
    w.say(1, { type: "HEARTBEAT" });
  }
  w.now = 2_500.499;
  assertEquals(w.tick(), []);
  assertEquals(nextWakeAt(w.state), millis(2_500.5));
  assertEquals(wake(w), { at: 2_500.5, effects: refuses(1, CLOSE.tokenExpired, ENDED) });
  assertEquals(Object.values(sizes(w.state)).every((size) => size === 0), true);
  assertEquals(bears(w, 2, "a", 9_000), [opens(2)], "its id is free");
});

Deno.test("[AUTH-6] with auth_expiry keep, or a token without an end, the client stays", () => {
  for (const [settings, end] of [[JWT, 50], [JWT, -1], [CLOSING, null]] as const) {
    const w = world({ ...settings, alive_timeout: 1_000 });
    assertEquals(bears(w, 1, "a", end), [opens(1)]);
    const silent = closes(1, CLOSE.timedOut, "No valid message for 1000 ms");
    assertEquals(wake(w), { at: 1_000, effects: [silent] });
  }
});

Deno.test("[AUTH-6] the earlier of silence and token end counts; at the same instant the token does", () => {
  const silent = [closes(1, CLOSE.timedOut, "No valid message for 1000 ms")];
  const ended = refuses(1, CLOSE.tokenExpired, ENDED);
  for (const [end, effects] of [[1_000.5, silent], [1_000, ended], [999, ended]] as const) {
    const w = world({ ...CLOSING, alive_timeout: 1_000 });
    bears(w, 1, "a", end);
    w.now = 5_000;
    assertEquals(w.tick(), effects, `${end}`);
  }
});

Deno.test("[AUTH-6] [AUTH-3] a takeover sets the end of the newer token, later or earlier", () => {
  for (const [first, second] of [[100, 300], [300, 100], [100, null]] as const) {
    const w = world({ ...CLOSING, alive_timeout: 1_000 });
    bears(w, 1, "a", first);
    assertEquals(bears(w, 2, "a", second), [opens(2), closes(1, CLOSE.replaced, REPLACED)]);
    assertEquals(wake(w)?.at, second ?? 1_000);
  }
});

Deno.test("[AUTH-6] [AUTH-2] a token that ended before its socket opens is refused, held or free", () => {
  const w = world(CLOSING);
  bears(w, 1, "a", 500);
  w.now = 200;
  const before = w.state;
  for (const end of [200, 199, -5]) {
    for (const id of ["a", "b", "nobody's"]) {
      assertEquals(bears(w, 2, id, end), refuses(2, CLOSE.notAuthorized, ENDED));
    }
  }
  assertStrictEquals(w.state, before);
  assertEquals(bears(w, 2, "b", 200.01), [opens(2)]);
});

Deno.test("[AUTH-6] [STATE-5] a connection has one deadline, with an end or without", () => {
  const w = world({ ...CLOSING, alive_timeout: 1_000 });
  bears(w, 1, "a", 90_000);
  bears(w, 2, "b", null);
  bears(w, 3, "c", 500);
  assertEquals(sizes(w.state).idleCheckAt, 3);
  const before = w.state.idleCheckAt;
  for (const conn of [1, 2, 3]) w.say(conn, { type: "HEARTBEAT" });
  assertStrictEquals(w.state.idleCheckAt, before, "a message touches no deadline");
});
