import {
  checkValue,
  OPTION_NAMES,
  optionOf,
  parseText,
  type PartialSettings,
  RETIRED_NAMES,
  retiredOption,
  retiredSentence,
  retiredSentences,
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

Deno.test("[SET-8] a path has the form in which browsers send it, and keeps it", () => {
  const paths = {
    "/мой путь": "/%D0%BC%D0%BE%D0%B9%20%D0%BF%D1%83%D1%82%D1%8C/",
    "%D0%BC%d0%be%D0%B9": "/%D0%BC%D0%BE%D0%B9/",
    "/a%41/%2Fb%3f": "/aA/%2Fb%3F/",
    "/100%/a%zz/%ff": "/100%25/a%25zz/%25ff/",
    "/%2541": "/%2541/",
    "/!$&'()*+,;=:@-._~": "/!$&'()*+,;=:@-._~/",
  };
  for (const [given, path] of Object.entries(paths)) {
    assertEquals(settingsFrom({ path: given }).path, path);
    assertEquals(settingsFrom({ path }).path, path, "once and again");
  }
});

Deno.test("[SET-8] a path that no client could request, or that a shell made of one, is refused", () => {
  for (
    const path of [
      "/a?b",
      "/a#b",
      "/a\\b",
      "/..",
      "/a/./b",
      "/%2e%2E/a",
      "/a/.%2e",
      "/a\u0000",
      "/\ud800",
      "C:/Program Files/Git/myapp",
      "https://example.com/myapp",
    ]
  ) {
    assert(!checkValue("path", path).ok, path);
  }
  for (const path of ["/...", "/a..b", "/.well-known/x", "/c:x"]) {
    assert(checkValue("path", path).ok);
  }
});

Deno.test("[SET-8] a key may have a plus, a percent sign and spaces, but no character that ends a part of a URL", () => {
  for (const key of ["a+b", "100%", "a%41", "two words", "ключ", "...", "a%2Fb"]) {
    assertEquals(settingsFrom({ key }).key, key);
  }
  for (const key of ["a/b", "a?b", "a#b", "a&b", "a\\b", "a\nb", "%2e", ".%2E", "\ud800"]) {
    assert(!checkValue("key", key).ok, key);
  }
});

Deno.test("[SET-4] the text of a choice may have another case, or be a synonym", () => {
  const level = (text: string): unknown => parseText("log_level", text);
  for (const text of ["warning", "WARN", "Warn"]) {
    assertEquals(level(text), { ok: true, value: "warning" });
  }
  assertEquals(level("ERR"), { ok: true, value: "error" });
  assertEquals(parseText("auth", "JWT"), { ok: true, value: "jwt" });
  for (const text of ["loud", "", "toString"]) assertEquals(Object(level(text)).ok, false, text);
  assert(!checkValue("log_level", "warn").ok, "as a property it has one name");
});

Deno.test("[SET-5] every retired option says what replaces it", () => {
  for (const name of RETIRED_NAMES) {
    assert(retiredSentence("Option", name).includes(retiredOption(name).why), name);
  }
});

Deno.test("[SET-5] settingsFrom ignores a retired option", () => {
  const given: Record<string, unknown> = {
    ip_limit: 5,
    cleanup_out_msgs: "x",
    debug: true,
    port: 1,
  };
  assertEquals(settingsFrom(given), settingsFrom({ port: 1 }));
  assertEquals(retiredSentences({ ...given, timeout: undefined, prot: 1 }), [
    "Option cleanup_out_msgs does nothing any more: every message expires when it is due.",
    "Option debug does nothing any more: log_level debug prints more.",
    "Option ip_limit does nothing any more: max_sockets_per_address bounds how many clients an address may have.",
  ]);
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
      'Option path must be a URL path such as "/myapp", without a host, "?", "#", "\\" or "..": got "/a?b".',
    ],
    [{ path: "/a/../b" }, "Option path must be"],
    [{ key: "" }, "Option key must be"],
    [
      { key: "a/b" },
      'Option key must be one or more characters other than "/", "?", "#", "&" and "\\": got "a/b".',
    ],
    [
      { cors: ["example.com"] },
      'Option cors must be an origin such as "https://example.com": got "example.com", which has no scheme',
    ],
    [
      { max_message_bytes: 100_000, max_unsent_bytes: 399_999 },
      "Option max_unsent_bytes must be at least 4 times max_message_bytes, 400000",
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
    [{ auth_audience: "aud" }, "auth_http and auth_expiry need auth jwt."],
    [{ auth_http: true }, "auth_http and auth_expiry need auth jwt."],
    [{ auth_expiry: "close" }, "auth_http and auth_expiry need auth jwt."],
    [{ auth_secret: "short" }, "Option auth_secret must be 32 or more characters."],
    [{ sslkey: "key.pem" }, "Option sslkey needs sslcert too"],
    [{ sslcert: "cert.pem" }, "Option sslcert needs sslkey too"],
  ];
  for (const [given, message] of mistakes) {
    assertThrows(() => settingsFrom(given), RangeError, message);
  }
});

Deno.test("[SET-2] the error for a value that no flag can give describes the value", () => {
  const given = (options: Record<string, unknown>): unknown => settingsFrom(options);
  assertThrows(() => given({ port: {} }), RangeError, "65535: got an object.");
  assertThrows(() => given({ cors: [undefined] }), RangeError, "got nothing.");
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
  assert(!parseText("allow_discovery", "2").ok);
  assertEquals(parseText("cors", "https://a.example, *"), {
    ok: true,
    value: ["https://a.example", "*"],
  });
});

Deno.test("[SET-1] the text of a switch is yes or no, and a host loses its brackets", () => {
  assertEquals(parseText("proxied", "false"), { ok: true, value: false });
  assertEquals(checkValue("host", "[::1]"), { ok: true, value: "::1" });
});

Deno.test("[SET-2] both ends of a range are valid", () => {
  for (const name of OPTION_NAMES) {
    const option = optionOf(name);
    if (option.type !== "integer") continue;
    for (const value of [option.min, option.max]) assert(checkValue(name, value).ok, name);
    for (const value of [option.min - 1, option.max + 1, option.min + 0.5]) {
      assert(!checkValue(name, value).ok, name);
    }
  }
  const enough = { max_message_bytes: 100_000, max_unsent_bytes: 400_000 };
  assertEquals(settingsFrom(enough).max_unsent_bytes, 400_000);
});

Deno.test("[SET-2] one invalid item makes a list invalid, and a key may not be . or ..", () => {
  assert(!checkValue("cors", ["https://a.example", "b.example"]).ok);
  assert(!checkValue("key", "..").ok);
});

Deno.test("[FAULT-26] a secret that is not valid is not shown", () => {
  assertEquals(checkValue("auth_secret", "hunter2"), {
    ok: false,
    problem: "must be 32 or more characters.",
  });
});

Deno.test("[SET-2] [SET-13] max_unsent_bytes grows with max_message_bytes, unless it is given", () => {
  assertEquals(settingsFrom({ max_message_bytes: 1_000_000 }).max_unsent_bytes, 4_000_000);
  assertEquals(settingsFrom({ max_message_bytes: 100 }).max_unsent_bytes, 1_048_576);
});

Deno.test("[SET-1] an extra comma in a list is ignored, and a list of nothing is an error", () => {
  assertEquals(parseText("cors", "https://a.example, ,"), {
    ok: true,
    value: ["https://a.example"],
  });
  assertEquals(parseText("cors", ",").ok, false);
});
