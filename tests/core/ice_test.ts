/** The list of ICE servers. */
import { createTurnCredentials } from "../../adapters/http/ice.ts";
import type { Identity } from "../../core/mod.ts";
import { assert, assertEquals, assertMatch } from "../support/assert.ts";
import { type Ask, ask } from "../support/ask.ts";
import { proven } from "../support/world.ts";

const TURN = ["turn:t.example:3478", "TURNS:t.example:443?transport=tcp"];
const STUN = ["stun:s.example", "stuns:s.example:5349"];
const turn_secret = "only for this test";

/** What credentials are made for. */
function madeFor(id: string | null, options: Partial<Ask> = {}): unknown {
  const made: (string | null)[] = [];
  const turn: Ask["turn"] = (id) => {
    made.push(id);
    return { username: "u", credential: "c" };
  };
  const jwt = { auth: "jwt", auth_secret: "s".repeat(32), auth_http: true } as const;
  const rules = options.identity === undefined ? {} : jwt;
  const asked = { path: "/peerjs/ice", id, turn, ...options };
  const { status, body } = ask({ turn_urls: TURN, turn_secret, ...rules }, asked);
  return status === 200 ? made : [status, body];
}

Deno.test("[HTTP-19] the TURN servers come with credentials, then the STUN servers; without turn_urls there is no such URL", () => {
  const turn_urls = [STUN[0] ?? "", ...TURN, STUN[1] ?? ""];
  const turn: Ask["turn"] = () => ({ username: "u", credential: "c" });
  const { status, headers, body } = ask({ turn_urls, turn_secret }, { path: "/peerjs/ice", turn });
  assertEquals([status, headers["cache-control"]], [200, "no-store"]);
  assertEquals(JSON.parse(body), {
    iceServers: [{ urls: TURN, username: "u", credential: "c" }, { urls: STUN }],
  });
  const stun = ask({ turn_urls: STUN }, { path: "/peerjs/ice" });
  assertEquals(JSON.parse(stun.body), { iceServers: [{ urls: STUN }] });
  assertEquals(ask({ turn_urls: STUN }, { path: "/wrong/ice" }).status, 401);
  const off = ask({}, { path: "/peerjs/ice" });
  assertEquals([off.status, off.body.includes("/ice")], [404, false]);
  assertMatch(
    off.body,
    /^This server has no ICE servers to hand out: its option turn_urls is empty\.\n/,
  );
  assertMatch(ask({}, { path: "/wrong/ice" }).body, /^Nothing is served here\.\n/);
  assertMatch(ask({ turn_urls: STUN }, { path: "/x" }).body, /GET \/<key>\/ice /);
});

Deno.test("[HTTP-19] the username is when it ends and the id, and the credential signs it as coturn does", () => {
  const credentials = createTurnCredentials(
    { turn_secret, turn_lifetime: 60_999 },
    () => 1_000_001,
  );
  assertEquals(credentials("alice"), {
    username: "1061:alice",
    credential: "7c9hz7M4cmSaAcPYoPK2bo1xrW4=",
  });
  const [one, other] = [credentials(null).username, credentials(null).username];
  assert(one !== other && one.startsWith("1061:") && one.length === 41, one);
});

Deno.test("[HTTP-19] an id that a TURN server could misread is replaced by a random one", () => {
  for (const id of ["alice", "a.b~c@d+e=f-g_", "x".repeat(256)]) assertEquals(madeFor(id), [id]);
  for (const id of [null, "", "a:b", "a b", "a'b", 'a"', "a\\", "ü", "a\n", "x".repeat(257)]) {
    assertEquals(madeFor(id), [null], String(id));
  }
});

Deno.test("[HTTP-20] with auth_http the list needs a token, and one that proves the id", () => {
  const missing: Identity = { kind: "rejected", reason: "A token is missing" };
  assertEquals(madeFor("a", { identity: missing }), [401, "A token is missing.\n"]);
  const identity = proven("a", ["b"]);
  for (const id of ["a", "b"]) assertEquals(madeFor(id, { identity }), [id]);
  for (const id of [null, ""]) assertEquals(madeFor(id, { identity }), [null]);
  assertEquals(madeFor("c", { identity }), [403, "The token is not for this id.\n"]);
});
