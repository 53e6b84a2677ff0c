import {
  checkValue,
  OPTION_NAMES,
  optionOf,
  parseText,
  type PartialSettings,
  settingsFrom,
} from "../../core/mod.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";

Deno.test("[SET-1] no options give the defaults, each of which is valid", () => {
  const settings = settingsFrom();
  for (const name of OPTION_NAMES) {
    assertEquals<unknown>(settings[name], optionOf(name).default, name);
    assert(checkValue(name, settings[name]).ok, name);
  }
});

Deno.test("[SET-1] a path gets a slash at both ends, and only one between its parts", () => {
  const paths = { "": "/", "/": "/", "myapp": "/myapp/", "/a/b": "/a/b/", "//a///b//": "/a/b/" };
  for (const [given, path] of Object.entries(paths)) {
    assertEquals(settingsFrom({ path: given }).path, path);
  }
});

Deno.test("[SET-2] a value that is not valid is refused with the option, the rule and the value", () => {
  const mistakes: [PartialSettings, string][] = [
    [{ port: 65_536 }, "Option port must be a whole number from 0 to 65535: got 65536."],
    [{ port: -1 }, "Option port must be a whole number from 0 to 65535: got -1."],
    [
      { alive_timeout: NaN },
      "Option alive_timeout must be a whole number from 1 to 86400000: got NaN.",
    ],
    [
      { expire_timeout: 0.5 },
      "Option expire_timeout must be a whole number from 1 to 86400000: got 0.5.",
    ],
    [
      { path: "/a?b" },
      'Option path must be a URL path of letters, digits and -._~ such as "/myapp": got "/a?b".',
    ],
    [{ path: "/a/../b" }, "Option path must be"],
    [{ key: "" }, "Option key must be"],
    [
      { key: "a/b" },
      'Option key must be one or more characters that need no escape in a URL: got "a/b".',
    ],
    [
      { cors: ["example.com"] },
      'Option cors must be an origin such as "https://example.com": got "example.com".',
    ],
    [
      { max_message_bytes: 100_000, max_unsent_bytes: 1_599_999 },
      "Option max_unsent_bytes must be at least 16 times max_message_bytes, 1600000",
    ],
    [
      { trusted_proxies: ["10.0.0.0/33"] },
      'Option trusted_proxies must be an address, a range or "unix": got "10.0.0.0/33".',
    ],
    [
      { trusted_proxies: ["unix:/run/proxy.sock"] },
      'Option trusted_proxies must be an address, a range such as "10.0.0.0/8", or "unix": ' +
      'got "unix:/run/proxy.sock".',
    ],
    [{ auth: "jwt" }, "Option auth jwt needs one of auth_secret and auth_jwks"],
    [
      { auth: "jwt", auth_secret: "s".repeat(32), auth_jwks: "keys.json" },
      "Option auth jwt needs one of auth_secret and auth_jwks",
    ],
    [{ auth_audience: "aud" }, "auth_issuer and auth_http need auth jwt."],
    [{ auth_http: true }, "auth_issuer and auth_http need auth jwt."],
    [{ auth_secret: "short" }, "Option auth_secret must be 32 or more characters."],
    [{ sslkey: "key.pem" }, "Option sslkey needs sslcert too"],
    [{ sslcert: "cert.pem" }, "Option sslcert needs sslkey too"],
  ];
  for (const [given, message] of mistakes) {
    assertThrows(() => settingsFrom(given), RangeError, message);
  }
});

Deno.test("[SET-1] an option that is given as undefined has its default", () => {
  assertEquals(settingsFrom({ port: undefined }), settingsFrom());
  assertEquals(parseText("key", "k"), { ok: true, value: "k" });
});

Deno.test("[SET-2] values of the wrong type and options that do not exist are refused", () => {
  const parse = (json: string): PartialSettings => JSON.parse(json);
  assertThrows(() => settingsFrom(parse('{"port":"9000"}')), RangeError, 'got "9000"');
  assertThrows(() => settingsFrom(parse('{"port":null}')), RangeError, "got null");
  assertThrows(() => settingsFrom(parse('{"cors":"*"}')), RangeError, "Option cors");
  assertThrows(() => settingsFrom(parse('{"proxied":"yes"}')), RangeError, "true or false");
  assertThrows(() => settingsFrom(parse('{"log_level":"loud"}')), RangeError, "one of debug, info");
  assertThrows(() => settingsFrom(parse('{"prot":1}')), RangeError, 'There is no option "prot"');
  assertThrows(
    () => settingsFrom(parse('{"__proto__":1}')),
    RangeError,
    'There is no option "__proto__"',
  );
  assertThrows(
    () => settingsFrom(parse('{"toString":1}')),
    RangeError,
    'There is no option "toString"',
  );
});

Deno.test("[SET-2] the text of a number is digits and nothing else", () => {
  for (
    const text of [
      "",
      " ",
      "1e3",
      "0x10",
      "1.0",
      "9000 ",
      "１",
      "NaN",
      "Infinity",
      "99999999999999999999",
    ]
  ) {
    assert(!parseText("port", text).ok, text);
  }
  assertEquals(parseText("port", "0"), { ok: true, value: 0 });
  assertEquals(parseText("allow_discovery", "true"), { ok: true, value: true });
  assert(!parseText("allow_discovery", "yes").ok);
  assertEquals(parseText("cors", "https://a.example, *"), {
    ok: true,
    value: ["https://a.example", "*"],
  });
});

Deno.test("[SET-1] the text of a switch is yes or no, and a host loses its brackets", () => {
  assertEquals(parseText("proxied", "false"), { ok: true, value: false });
  assertEquals(checkValue("host", "[::1]"), { ok: true, value: "::1" });
});

Deno.test("[SET-2] both ends of a range are in it", () => {
  for (const name of OPTION_NAMES) {
    const option = optionOf(name);
    if (option.type !== "integer") continue;
    for (const value of [option.min, option.max]) assert(checkValue(name, value).ok, name);
    for (const value of [option.min - 1, option.max + 1, option.min + 0.5]) {
      assert(!checkValue(name, value).ok, name);
    }
  }
  const enough = { max_message_bytes: 100_000, max_unsent_bytes: 1_600_000 };
  assertEquals(settingsFrom(enough).max_unsent_bytes, 1_600_000);
});

Deno.test("[SET-2] one item of a list that is not valid makes it so, and a key is no step up", () => {
  assert(!checkValue("cors", ["https://a.example", "b.example"]).ok);
  assert(!checkValue("key", "..").ok);
});

Deno.test("[FAULT-26] a secret that is not valid is not shown", () => {
  assertEquals(checkValue("auth_secret", "hunter2"), {
    ok: false,
    problem: "must be 32 or more characters.",
  });
});
