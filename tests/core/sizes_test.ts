import { sizes } from "../../core/mod.ts";
import { assertEquals } from "../support/assert.ts";
import { opening, world } from "../support/world.ts";

Deno.test("[FAULT-25] sizes counts the entries of every map and tree", () => {
  const w = world();
  for (let conn = 1; conn <= 40; conn++) w.open(conn, `peer ${conn}`);
  for (let conn = 41; conn <= 60; conn++) {
    w.step(opening(conn, { id: "peer 1", token: "wrong", address: `198.51.100.${conn}` }));
  }
  const { connections, idleCheckAt, wrongTokens } = sizes(w.state);
  assertEquals([connections, idleCheckAt, wrongTokens], [40, 40, 20]);
});
