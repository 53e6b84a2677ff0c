/** The clients of one node, as its application sees them, with a real Redis. */
import { assertEquals } from "../support/assert.ts";
import { SECRET } from "../support/key_server.ts";
import { join } from "../support/peer_socket.ts";
import { SignJWT } from "jose";
import { test } from "./nodes.ts";

test("[EMBED-1] [EMBED-3] [EMBED-4] claims wait with their client for its id; each node knows and disconnects its own clients", async ({ two }) => {
  const [one, other] = await two({ auth: "jwt", auth_secret: SECRET });
  const token = await new SignJWT({ role: "host", exp: Math.floor(Date.now() / 1_000) + 60 })
    .setProtectedHeader({ alg: "HS256" }).setSubject("a").sign(new TextEncoder().encode(SECRET));
  await using first = await join(one, "a", { token });
  const rolesOf = ({ box }: typeof one): unknown[] =>
    [...box.clients()].map(({ id, claims }) => [id, claims?.["role"]]);
  assertEquals([rolesOf(one), rolesOf(other)], [[["a", "host"]], []]);
  assertEquals(other.box.disconnect("a"), false);
  await using second = await join(other, "a", { token });
  assertEquals((await first.closed).code, 4000);
  assertEquals([rolesOf(one), rolesOf(other)], [[], [["a", "host"]]]);
  assertEquals([one.box.disconnect("a"), other.box.disconnect("a", "Bye")], [false, true]);
  assertEquals((await second.closed).reason, "Bye");
});
