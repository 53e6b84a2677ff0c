import { validate } from "@std/uuid/v4";
import {
  type HttpReply,
  type Identity,
  keyInQuery,
  parametersOf,
  refusal,
  settingsFrom,
  SUGGESTIONS_MAX,
} from "../../core/mod.ts";
import { ask } from "../support/ask.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { proven, world } from "../support/world.ts";

const ABOUT =
  '{"name":"PeerJS Server","description":"A server side element to broker connections ' +
  'between PeerJS clients.","website":"https://peerjs.com/"}';

Deno.test("[HTTP-1] the prefix answers the seed's three fields, with or without its last slash", () => {
  const asked = { "/": "/", "/myapp": "/myapp", "myapp": "/myapp/", "/a/b/": "/a/b" };
  for (const [path, url] of Object.entries(asked)) {
    const reply = ask({ path }, { path: url });
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

Deno.test("[HTTP-2] [HTTP-9] an id is given out that a client can have: of 16 suggestions the first, or a 500", () => {
  const w = world({ max_id_length: 5 });
  w.open(1, "taken");
  const get = { path: "/peerjs/id", state: w.state };
  const suggestions = ["taken", "", "abcdef", "a\x7f", "free"];
  assertEquals(ask({}, { ...get, suggest: () => suggestions.shift() ?? "" }).body, "free");
  let count = 0;
  const suggest = (): string => {
    count++;
    return "taken";
  };
  const stubborn = ask({}, { ...get, suggest });
  assertEquals([stubborn.status, count], [500, SUGGESTIONS_MAX]);
  assertStringIncludes(stubborn.body, "16 ids that are taken");
});

Deno.test("[HTTP-3] the list of peers needs allow_discovery, and is 401 without it", () => {
  const w = world();
  w.open(1, "a");
  w.open(2, "__proto__");
  w.open(3, "gone");
  w.closed(3);
  const get = { path: "/peerjs/peers", state: w.state };
  const reply = ask({ allow_discovery: true }, get);
  assertEquals([reply.status, JSON.parse(reply.body)], [200, ["a", "__proto__"]]);
  const made = ask({ allow_discovery: true }, {
    ...get,
    list: ({ claims }) => `of ${claims.size}`,
  });
  assertEquals(made.body, "of 2", "whoever makes the list may have it already");
  const refused = ask({}, get);
  assertEquals(refused.status, 401);
  assertStringIncludes(refused.body, "allow_discovery");
});

Deno.test("[AUTH-5] with auth_http an id and the list of peers need a token, other paths do not", () => {
  const jwt = { auth: "jwt", auth_secret: "s".repeat(32), auth_http: true } as const;
  const replyTo = (path: string, identity: Identity): HttpReply =>
    ask({ ...jwt, allow_discovery: true }, { path, identity });
  const none: Identity = { kind: "rejected", reason: "A token is missing" };
  for (const path of ["/peerjs/id", "/peerjs/peers"]) {
    for (const identity of [none, { kind: "unchecked" } as const]) {
      const { status, headers, body } = replyTo(path, identity);
      assertEquals([status, headers["www-authenticate"]], [401, "Bearer"]);
      assertEquals(body, "A token is missing.\n");
    }
    assertEquals(replyTo(path, proven("a")).status, 200, path);
  }
  const others = ["/", "/peerjs", "/x"].map((path) => replyTo(path, none).status);
  assertEquals(others, [200, 426, 404]);
});

Deno.test("[HTTP-4] a wrong key is 401 with a body that says so and does not give it away", () => {
  for (const path of ["/peerjs/id", "/peerjs/peers", "/%00/id", "/%/id", "/K/id"]) {
    const reply = ask({ key: "k", allow_discovery: true }, { path });
    assertEquals(reply.status, 401);
    assertStringIncludes(reply.body, "Invalid key provided");
  }
});

Deno.test("[SET-8] paths and keys are compared without their escapes, which are undone once", () => {
  const options = { path: "/мой путь/100%", key: "a+b%41" };
  const prefix = new URL("http://x/мой путь/100%/").pathname;
  const answered: [string, number][] = [
    [`${prefix}a+b%41/id`, 200], // As the stock client writes it.
    [`${prefix}a%2Bb%2541/id`, 200], // As one writes it that escapes.
    [`${prefix}a+bA/id`, 200], // As a proxy writes it that undoes what need not be escaped.
    [`${prefix}a%20b%41/id`, 401],
    [`${prefix}a+b%252541/id`, 401],
    [`${prefix.toLowerCase()}a+b%41/id`, 200],
    [`${prefix.replace("100%", "100%25")}a+b%41/id`, 200],
    [prefix.slice(0, -1), 200],
    [`${prefix}%70eerjs`, 426],
    [`${prefix}a+b%41%2Fid`, 404],
    [`${prefix.replace("/100%", "%2F100%")}a+b%41/id`, 404],
    [`${prefix}/a+b%41/id`, 404],
    [`${prefix}../a+b%41/id`, 404],
    [`${prefix}%2e%2e/id`, 401],
    ["/%ff%/\ud800", 404],
  ];
  for (const [path, status] of answered) assertEquals(ask(options, { path }).status, status, path);
  const shown = "/%D0%BC%D0%BE%D0%B9%20%D0%BF%D1%83%D1%82%D1%8C/100%25/<key>/id";
  assertStringIncludes(ask(options, { path: "/x" }).body, shown);
  assertEquals(ask({ key: "a%2Fb" }, { path: "/a%2Fb/id" }).status, 200);
});

Deno.test("[SET-8] [FAULT-9] a parameter of a query is what URLSearchParams reads, however it is written", () => {
  const pieces = ["id", "i", "=", "&", "?", "%69d", "+", "%", "key", "é", "\ud800"];
  let queries = [""];
  for (let length = 0; length < 4; length++) {
    queries = ["", ...queries.flatMap((query) => pieces.map((piece) => query + piece))];
  }
  for (const query of queries) {
    const parameter = parametersOf(query);
    const wanted = new URLSearchParams(query);
    assertEquals(parameter("id"), wanted.get("id"), query);
    assertEquals(parameter("key"), wanted.get("key"), query);
  }
  assertEquals(parametersOf("token=t&token=u")("token"), "t");
});

Deno.test("[SET-8] a plus in the key of a socket's query is itself or a space", () => {
  const key = (query: string, key: string): string | null =>
    keyInQuery(query, new URLSearchParams(query).get("key"), key);
  const right = {
    "peerjs": ["key=peerjs&id=a", "?id=a&key=%70eerjs"],
    "a+b": ["key=a+b&id=a", "key=a%2Bb"],
    "a b": ["key=a%20b", "key=a+b", "x=1&key=a b&key=c"],
    "a+b c": ["key=a+b%20c", "key=a%2Bb+c"],
    "100%": ["key=100%&id=a", "key=100%25"],
    "a%41": ["key=a%41", "key=a%2541", "key=aA"],
    "ключ": ["key=%D0%BA%D0%BB%D1%8E%D1%87"],
  };
  for (const [wanted, queries] of Object.entries(right)) {
    for (const query of queries) assertEquals(key(query, wanted), wanted, query);
  }
  assertEquals(key("key=a+b", "x"), "a b");
  assertEquals(key("key=a%2Bb", "a b"), "a+b");
  assertEquals(key("key=a%2541", "aA"), "a%41", "not twice");
  assertEquals(key("akey=k&key=x", "k"), "x");
  assertEquals([key("id=a&akey=k", "k"), key("key=", "k"), key("key", "k")], [null, "", ""]);
  assertEquals(key("key=%zz%", "k"), "%zz%");
});

Deno.test("[HTTP-5] the path of the sockets is 426 without an upgrade", () => {
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
  const others = "/ /myap /myapp/x /myapp/k /myapp/k/ /myapp/k/id/ /myapp//id /myapp/k/peers/x";
  for (const path of `${others} /k/id /yours/k/id /myapp/peerjs/`.split(" ")) {
    const reply = ask({ path: "/myapp", key: "k" }, { path });
    assertEquals(reply.status, 404, path);
    const urls = ["", "healthz", "readyz", "<key>/id", "<key>/peers"].map((url) =>
      `/myapp/${url} `
    );
    for (const url of [...urls, "/myapp/peerjs?key="]) assertStringIncludes(reply.body, url);
  }
  assertEquals(ask({ path: "/my" }, { path: "/xy/peerjs" }).status, 404);
});

Deno.test("[HTTP-8] CORS headers are on every answer, and on the refusal of an upgrade", () => {
  for (const path of ["/", "/peerjs", "/peerjs/id", "/peerjs/peers", "/wrong/id", "/nowhere"]) {
    for (const method of ["GET", "HEAD", "POST", "OPTIONS"]) {
      const { headers } = ask({}, { path, method, origin: "https://a.example" });
      assertEquals(headers["access-control-allow-origin"], "*", `${method} ${path}`);
      // The star does not stand for Authorization.
      if (method !== "OPTIONS") continue;
      assertEquals(headers["access-control-allow-headers"], "*, Authorization");
    }
  }
  const { status, headers, body } = refusal(settingsFrom(), null, 400, "It is not valid.");
  assertEquals([status, body], [400, "It is not valid.\n"]);
  assertEquals(headers["access-control-allow-origin"], "*");
});

Deno.test("[HTTP-8] an origin on the list is echoed, any other gets no CORS header", () => {
  const cors = ["https://a.example", "http://localhost:8080"];
  const origin = (origin: string | null): unknown[] => {
    const { headers } = ask({ cors }, { path: "/", origin });
    return [headers["access-control-allow-origin"], headers["vary"]];
  };
  assertEquals(origin("https://a.example"), ["https://a.example", "Origin"]);
  assertEquals(origin("http://localhost:8080"), ["http://localhost:8080", "Origin"]);
  const others = ["https://b.example", "http://a.example", "https://a.example.evil", "null", null];
  for (const other of others) assertEquals(origin(other), [undefined, "Origin"]);
});
