import {
  cutUrl,
  isAdminOrigin,
  isOriginAllowed,
  isOwnOrigin,
  readOrigin,
  settingsFrom,
} from "../../core/mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { type Act, CLOSE, opening, opens, refuses, world } from "../support/world.ts";

function listed(...cors: string[]): readonly string[] {
  return settingsFrom({ cors }).cors;
}

Deno.test("[SET-7] an origin of the list is converted to the form that browsers send", () => {
  const origins = {
    "https://b.example:443": "https://b.example",
    "http://b.example:80/": "http://b.example",
    "https://b.example:80": "https://b.example:80",
    "http://b.example:443": "http://b.example:443",
    "HTTPS://B.Example/": "https://b.example",
    "https://пример.рф": "https://xn--e1afmkfd.xn--p1ai",
    "https://*.Пример.рф:443": "https://*.xn--e1afmkfd.xn--p1ai",
    "https://*.b.example:8443": "https://*.b.example:8443",
    "http://[0:0::1]:8080": "http://[::1]:8080",
    "http://localhost:3000": "http://localhost:3000",
    "Capacitor://LocalHost/": "capacitor://localhost",
    "chrome-extension://abc": "chrome-extension://abc",
    "app://.": "app://.",
    "NULL": "null",
    "*": "*",
  };
  for (const [given, origin] of Object.entries(origins)) {
    assertEquals(listed(given), [origin], given);
    assertEquals(listed(origin), [origin], "normal already");
  }
  assertEquals(listed("https://a.example", "https://a.example:443"), ["https://a.example"]);
  for (const file of ["file://", "file:///", "FILE://"]) {
    assertEquals(listed(file, "null"), ["file://", "null"], file);
  }
});

Deno.test("[SET-7] [SET-2] an item that cannot be a page's origin is refused, with what to write", () => {
  const refused = {
    "example.com": 'has no scheme: write "https://example.com"',
    "//example.com/x": 'has no scheme: write "https://example.com"',
    "https:/example.com": 'has no scheme: write "https://example.com"',
    '"https://a.example"': 'has no scheme: write "https://a.example"',
    "localhost:3000": 'has no scheme: write "http://localhost:3000"',
    "*.example.com": 'has no scheme: write "https://*.example.com"',
    "": 'has no scheme: write "https://example.com"',
    ".example.com": 'has no scheme: write "https://example.com"',
    "file:": 'has no scheme: write "file://"',
    "'null'": 'has no scheme: write "null"',
    "http://a.example/app": 'has a path, which no origin has: write "http://a.example"',
    "https://a.example/?x": 'has a path, which no origin has: write "https://a.example"',
    "https://a.example#x": 'has a path, which no origin has: write "https://a.example"',
    "https://a.example\\x": 'has a path, which no origin has: write "https://a.example"',
    "https://a.example;https://b.example":
      'has a path, which no origin has: write "https://example.com"',
    "file:///home/me/a.html": 'has a path, which no origin has: write "file://"',
    "https://me:pw@a.example": 'has a user name in it: write "https://a.example"',
    "wss://a.example": 'is the origin of no page: write "https://a.example"',
    "ws://a.example:9000/peerjs": 'is the origin of no page: write "http://a.example:9000"',
    "data:text/html,x": 'has no origin: write "null"',
    "blob:https://a.example/1": 'has no origin: write "null"',
    "https://a b.example": 'has no host that a page can have: write "https://example.com"',
    "https://*.1.2.3.4": 'has no host that a page can have: write "https://example.com"',
    "https://.example.com": 'has no host that a page can have: write "https://example.com"',
    "https://a..example": 'has no host that a page can have: write "https://example.com"',
    "https://%2a.example.com": 'has no host that a page can have: write "https://example.com"',
    "https://": 'has no host that a page can have: write "https://example.com"',
    "https://a.example:99999": 'has no host that a page can have: write "https://example.com"',
    "app://": 'has no host that a page can have: write "https://example.com"',
  };
  for (const [given, why] of Object.entries(refused)) {
    assertEquals(readOrigin(given), { ok: false, why }, given);
    assertThrows(
      () => settingsFrom({ cors: ["https://a.example", given] }),
      RangeError,
      `Option cors must be an origin such as "https://example.com": got ${
        JSON.stringify(/[?#@]/.test(given) ? cutUrl(given) : given)
      }, which ${why}.`,
    );
  }
  const stars = "https://a*.example https://* https://*. http://localhost:* https://a.*".split(" ");
  for (const given of [...stars, "https://*.*.example", "https://*..example", "app://*"]) {
    const read = readOrigin(given);
    assert(!read.ok && /a \* that is neither.*write "https:\/\/\*\.example/.test(read.why), given);
  }
});

Deno.test("[SET-7] [OPEN-10] a star before a name means every subdomain, with that scheme and port", () => {
  const cors = listed(
    "https://*.example.com",
    "http://*.example.com:8080",
    "https://*.b.example",
    "app://*.example",
  );
  const allowed = [
    ..."https://a.example.com https://a.b.example.com https://A.EXAMPLE.COM:443/".split(" "),
    ..."http://a.example.com:8080 https://xn--e1afmkfd.b.example app://a.example".split(" "),
  ];
  for (const origin of allowed) assert(isOriginAllowed({ cors }, origin), origin);
  const others = [
    ..."https://example.com https://.example.com app://.example http://a.example.com".split(" "),
    ..."https://a.example.com:8443 http://abc.def.example.com https://aexample.com".split(" "),
    ..."https://abcexample.com https://a.example.com.evil.org https://*.example.com/x".split(" "),
    ...["/", "#", "?", "\\", "@a"].map((cut) => `https://evil.org${cut}.example.com`),
    ...["null", ""],
  ];
  for (const origin of others) assert(!isOriginAllowed({ cors }, origin), origin);
});

Deno.test("[SET-7] [OPEN-10] pages of files are those whose origin is null, or file:// in some shells", () => {
  for (const origin of ["null", "file://", "FILE://", "NULL"]) {
    assert(isOriginAllowed({ cors: listed("file://") }, origin), origin);
    assertEquals(isOriginAllowed({ cors: listed("null") }, origin), /null/i.test(origin), origin);
    assert(!isOriginAllowed({ cors: listed("https://a.example") }, origin), origin);
  }
});

Deno.test("[OPEN-10] the server's own origin is what Host says, of either scheme where TLS can end elsewhere", () => {
  const own = (origin: string | null, host: string | null, sslkey = ""): boolean =>
    isOwnOrigin({ sslkey }, origin, host);
  const ours = [
    ["http://a.example:9000", "a.example:9000"],
    ["https://a.example", "a.example"],
    ["https://a.example", "a.example:443"],
    ["https://a.example:443", "A.example"],
    ["http://a.example", "a.example:80"],
    ["http://[::1]:9000", "[0:0::1]:9000"],
  ] as const;
  for (const [origin, host] of ours) {
    assert(own(origin, host), origin);
    assertEquals(own(origin, host, "key.pem"), origin.startsWith("https:"), `TLS: ${origin}`);
  }
  const others = [
    ["http://a.example", "b.example"],
    ["http://a.example:3000", "a.example:9000"],
    ["http://a.example", "a.example:443"],
    ["http://x.a.example", "a.example"],
    ["null", "null"],
    ["file://", ""],
    ["capacitor://localhost", "localhost"],
    ["http://", ""],
    ["http://a.example", null],
    ["http://a.example", "b@a.example"],
    ["http://a.example/x", "a.example/x"],
    [null, "a.example"],
  ] as const;
  for (const [origin, host] of others) assert(!own(origin, host), String(origin));
});

Deno.test("[ADMIN-5] the origin of the admin page has the host of Host, the admin port and the scheme http", () => {
  const own = (origin: string | null, host: string | null, admin_port = 9001): boolean =>
    isAdminOrigin({ admin_port }, origin, host);
  assert(own("http://localhost:9001", "localhost:9000"));
  assert(own("HTTP://A.example:9001/", "a.example"));
  assert(own("http://[::1]:9001", "[::1]:9000") && own("http://[::1]:9001", "[::1]"));
  assert(own("http://a.example", "a.example:9000", 80));
  const others = [
    ["http://localhost:9000", "localhost:9000"],
    ["https://localhost:9001", "localhost:9000"],
    ["http://evil.example:9001", "localhost:9000"],
    ["http://localhost:9001", "localhost.evil.example:9000"],
    ["null", ""],
    [null, "localhost:9000"],
    ["http://localhost:9001", null],
  ] as const;
  for (const [origin, host] of others) assert(!own(origin, host), String(origin));
  assert(!own("http://localhost:0", "localhost:9000", 0), "without an admin port");
});

Deno.test("[OPEN-10] a page of the server's own origin opens sockets whatever the list says", () => {
  const come = (ownOrigin: boolean): readonly Act[] =>
    world({ cors: ["https://a.example"] }).step(
      opening(1, { origin: "https://own.example", ownOrigin }),
    );
  const msg = "Pages of this origin may not use this server";
  assertEquals([come(true), come(false)], [[opens(1)], refuses(1, CLOSE.wrongOrigin, msg)]);
});
