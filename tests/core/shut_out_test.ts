/**
 * What an address gets that has used up its tries while no more sockets may wait.
 */
import type { Effect, PartialSettings } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import {
  CLOSE,
  closes,
  opening,
  opens,
  refuses,
  sends,
  type World,
  world,
} from "../support/world.ts";

const SHUT_OUT = "Too many wrong tokens from this address: try again later";
const REPLACED = "Replaced by a newer connection with the same id and token";
const [HERE, THERE] = ["198.51.100.7", "203.0.113.1"];

/** A world in which "a" is held from 192.0.2.1, and one socket may wait. */
function held(options: PartialSettings): World {
  const w = world({ max_waiting_sockets: 1, ...options });
  w.step(opening(1, { id: "a", token: "mine" }));
  return w;
}

/** Tries a wrong token for "a". */
function guess(w: World, conn: number, address: string): readonly Effect[] {
  return w.step(opening(conn, { id: "a", token: `guess ${conn}`, address }));
}

/** Asks for an id that nobody holds. */
function come(w: World, conn: number, address: string): readonly Effect[] {
  return w.step(opening(conn, { id: `peer ${conn}`, address }));
}

Deno.test("[LIMIT-4] it is refused whatever it asks for, and nobody else is", () => {
  const w = held({ wrong_token_limit: 0 });
  assertEquals(guess(w, 2, HERE), []);
  assertEquals(come(w, 3, HERE), refuses(3, CLOSE.tooMany, SHUT_OUT), "a free id");
  assertEquals(w.open(4, "a", "mine"), [opens(4), closes(1, CLOSE.replaced, REPLACED)]);
  assertEquals(come(w, 5, THERE), [opens(5)], "an address without a wrong token");
});

Deno.test("[LIMIT-4] the tries are used up with the last that is answered at once", () => {
  const w = held({ wrong_token_limit: 1 });
  guess(w, 2, HERE);
  assertEquals(guess(w, 3, HERE), [], "all places are taken");
  assertEquals(guess(w, 4, THERE), [
    sends(4, { type: "ID-TAKEN", payload: { msg: "ID is taken" } }),
    closes(4, CLOSE.idTaken, "ID is taken"),
  ]);
  assertEquals(come(w, 5, THERE), refuses(5, CLOSE.tooMany, SHUT_OUT));
});

Deno.test("[LIMIT-3] [LIMIT-4] a first wrong token that would have to wait is refused, and counts", () => {
  const w = held({ wrong_token_limit: 0 });
  assertEquals(guess(w, 2, HERE), []);
  assertEquals(guess(w, 3, THERE), refuses(3, CLOSE.tooMany, SHUT_OUT));
  assertEquals(w.state.waiting.size, 1);
  assertEquals(come(w, 4, THERE), refuses(4, CLOSE.tooMany, SHUT_OUT), "it counted");
});
