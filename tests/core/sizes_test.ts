/**
 * FAULT-25 in small: after all clients are gone and all deadlines have passed, no entry is left.
 */
import { sizes } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { type Act, opening, wake, type World, world } from "../support/world.ts";

const SETTINGS = {
  expire_timeout: 500,
  alive_timeout: 2_000,
  wrong_token_burst: 2,
  wrong_token_addresses: 20,
};

/** One client's visit: it connects, calls an absent peer, reconnects or has its token guessed, and ends in some way. */
function visit(w: World, serial: number): readonly Act[] {
  const [conn, id, address] = [serial * 10, `peer ${serial}`, `198.51.100.${serial % 60}`];
  w.step(opening(conn, { id, address }));
  w.say(conn, { type: "OFFER", dst: `peer ${serial + 3}` });
  w.say(conn, { type: "CANDIDATE", dst: `nobody ${serial}` });
  const guess = (n: number): readonly Act[] =>
    w.step(opening(conn + n, { id, token: `guess ${n}`, address }));
  switch (serial % 6) {
    case 0:
      return w.closed(conn);
    case 1:
      return w.say(conn, { type: "LEAVE" });
    case 2:
      return w.step(opening(conn + 1, { id, address: "203.0.113.1" }));
    case 3:
      return [guess(1), guess(2), guess(3), guess(4)].flat();
    case 4:
      return [...guess(1), ...guess(2), ...guess(3), ...w.closed(conn + 3)];
    default:
      return [];
  }
}

Deno.test("[FAULT-25] a churn leaves no entry in any map, except wrong tokens that still count", () => {
  const w = world(SETTINGS);
  for (let serial = 1; serial <= 600; serial++) {
    visit(w, serial);
    w.now += 25;
    w.tick();
    const { connections, stored, wrongTokens } = sizes(w.state);
    // At 40 visits a second: the visits of 2 s and of 0.5 s, and the bound on addresses.
    assert(connections <= 100 && stored <= 50 && wrongTokens <= 20);
  }
  while (wake(w) !== null);
  const { wrongTokens, ...others } = sizes(w.state);
  assertEquals(Object.values(others).filter((size) => size > 0), []);
  assert(wrongTokens > 0 && wrongTokens <= 20);
});

Deno.test("[FAULT-25] sizes counts the entries of every map and tree", () => {
  const w = world();
  for (let conn = 1; conn <= 40; conn++) w.open(conn, `peer ${conn}`);
  for (let conn = 41; conn <= 60; conn++) {
    w.step(opening(conn, { id: "peer 1", token: "wrong", address: `198.51.100.${conn}` }));
  }
  const { connections, idleCheckAt, wrongTokens } = sizes(w.state);
  assertEquals([connections, idleCheckAt, wrongTokens], [40, 40, 20]);
});
