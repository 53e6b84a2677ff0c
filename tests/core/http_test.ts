import { validate } from "@std/uuid/v4";
import {
  type HttpReply,
  initialState,
  type PartialSettings,
  refusal,
  respond,
  settingsFrom,
  SUGGESTIONS_MAX,
} from "../../core/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { world } from "../support/world.ts";

interface Ask {
  readonly path: string;
  readonly method?: string;
  readonly origin?: string | null;
}

function ask(options: PartialSettings, { path, method = "GET", origin = null }: Ask): HttpReply {
  return respond(
    initialState(settingsFrom(options)),
    { method, path, origin, identity: UNCHECKED },
    () => crypto.randomUUID(),
  );
}

const UNCHECKED = { kind: "unchecked" } as const;
const ABOUT =
  '{"name":"PeerJS Server","description":"A server side element to broker connections ' +
  'between PeerJS clients.","website":"https://peerjs.com/"}';

Deno.test("[HTTP-1] the prefix answers the seed's three fields, with or without its last slash", () => {
  for (
    const [path, asked] of [["/", "/"], ["/myapp", "/myapp"], ["myapp", "/myapp/"], [
      "/a/b/",
      "/a/b",
    ]] as const
  ) {
    const reply = ask({ path }, { path: asked });
    assertEquals([reply.status, reply.body], [200, ABOUT]);
    assertStringIncludes(reply.headers["content-type"] ?? "", "application/json");
  }
});

Deno.test("[HTTP-2] an id is a v4 UUID as plain text, with nothing around it", () => {
  const reply = ask({ path: "/x", key: "k" }, { path: "/x/k/id" });
  assertEquals(reply.status, 200);
  assertStringIncludes(reply.headers["content-type"] ?? "", "text/plain");
  assert(validate(reply.body), reply.body);
});

Deno.test("[HTTP-2] [HTTP-9] an id that is held is not given out, and a stubborn generator is given up", () => {
  const w = world();
  w.open(1, "taken");
  const get = { method: "GET", path: "/peerjs/id", origin: null, identity: UNCHECKED };
  const suggestions = ["taken", "taken", "free"];
  assertEquals(respond(w.state, get, () => suggestions.shift() ?? "").body, "free");
  let asked = 0;
  const stubborn = respond(w.state, get, () => {
    asked++;
    return "taken";
  });
  assertEquals([stubborn.status, asked], [500, SUGGESTIONS_MAX]);
  assertStringIncludes(stubborn.body, "16 ids that are taken");
});

Deno.test("[HTTP-3] peers are listed if discovery is allowed, and refused with 401 if not", () => {
  const w = world({ allow_discovery: true });
  w.open(1, "a");
  w.open(2, "__proto__");
  w.open(3, "gone");
  w.closed(3);
  const get = { method: "GET", path: "/peerjs/peers", origin: null, identity: UNCHECKED };
  const reply = respond(w.state, get, () => "");
  assertEquals([reply.status, JSON.parse(reply.body)], [200, ["a", "__proto__"]]);
  const refused = ask({}, { path: "/peerjs/peers" });
  assertEquals(refused.status, 401);
  assertStringIncludes(refused.body, "allow_discovery");
});

Deno.test("[HTTP-4] a wrong key is 401 with a body that says so and does not give it away", () => {
  for (const path of ["/peerjs/id", "/peerjs/peers", "/%00/id", "/%/id", "/K/id"]) {
    const reply = ask({ key: "k", allow_discovery: true }, { path });
    assertEquals(reply.status, 401);
    assertStringIncludes(reply.body, "Invalid key provided");
  }
});

Deno.test("[HTTP-2] a key may come percent-encoded", () => {
  assertEquals(ask({ key: "clé!" }, { path: "/cl%C3%A9%21/id" }).status, 200);
});

Deno.test("[HTTP-5] the path of the sockets asks for an upgrade", () => {
  const reply = ask({ path: "/x" }, { path: "/x/peerjs" });
  assertEquals([reply.status, reply.headers["upgrade"]], [426, "websocket"]);
});

Deno.test("[HTTP-6] other methods are 405 with Allow, HEAD is GET without a body", () => {
  for (const path of ["/", "/peerjs", "/peerjs/id", "/peerjs/peers", "/wrong/id"]) {
    for (const method of ["POST", "PUT", "DELETE", "PATCH", "BREW"]) {
      const reply = ask({}, { path, method });
      assertEquals([reply.status, reply.headers["allow"]], [405, "GET, HEAD, OPTIONS"]);
      assertStringIncludes(reply.body, method);
    }
    const [head, get] = [ask({}, { path, method: "HEAD" }), ask({}, { path })];
    assertEquals([head.status, head.headers, head.body], [get.status, get.headers, ""]);
    assertEquals(ask({}, { path, method: "OPTIONS" }).status, 204);
  }
});

Deno.test("[HTTP-7] any other path is 404 and names the URLs that exist", () => {
  for (
    const path of [
      "/",
      "/myap",
      "/myapp/x",
      "/myapp/k",
      "/myapp/k/",
      "/myapp/k/id/",
      "/myapp//id",
      "/myapp/k/peers/x",
      "/k/id",
      "/yours/k/id",
      "/myapp/peerjs/",
    ]
  ) {
    const reply = ask({ path: "/myapp", key: "k" }, { path });
    assertEquals(reply.status, 404, path);
    for (const url of ["/myapp/ ", "/myapp/<key>/id", "/myapp/<key>/peers", "/myapp/peerjs?key="]) {
      assertStringIncludes(reply.body, url);
    }
  }
});

Deno.test("[HTTP-8] CORS headers are on every answer", () => {
  for (const path of ["/", "/peerjs", "/peerjs/id", "/peerjs/peers", "/wrong/id", "/nowhere"]) {
    for (const method of ["GET", "HEAD", "POST", "OPTIONS"]) {
      const { headers } = ask({}, { path, method, origin: "https://a.example" });
      assertEquals(headers["access-control-allow-origin"], "*", `${method} ${path}`);
    }
  }
});

Deno.test("[HTTP-8] so they are on the refusal of what cannot be upgraded", () => {
  const { status, headers, body } = refusal(settingsFrom(), null, 400, "It is not valid.");
  assertEquals([status, body], [400, "It is not valid.\n"]);
  assertEquals(headers["access-control-allow-origin"], "*");
});

Deno.test("[HTTP-8] a list of origins is echoed to those on it, and nothing to others", () => {
  const cors = ["https://a.example", "http://localhost:8080"];
  const origin = (origin: string | null): unknown[] => {
    const { headers } = ask({ cors }, { path: "/", origin });
    return [headers["access-control-allow-origin"], headers["vary"]];
  };
  assertEquals(origin("https://a.example"), ["https://a.example", "Origin"]);
  assertEquals(origin("http://localhost:8080"), ["http://localhost:8080", "Origin"]);
  for (
    const other of ["https://b.example", "http://a.example", "https://a.example.evil", "null", null]
  ) {
    assertEquals(origin(other), [undefined, "Origin"]);
  }
});

Deno.test("[HTTP-2] an id that no client could claim is not given out", () => {
  const state = initialState(settingsFrom({ max_id_length: 4 }));
  const suggestions = ["", "abcde", "a\x7f", "abcd"];
  const get = { method: "GET", path: "/peerjs/id", origin: null, identity: UNCHECKED };
  assertEquals(respond(state, get, () => suggestions.shift() ?? "").body, "abcd");
});
