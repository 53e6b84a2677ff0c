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
  const settings = settingsFrom({ port: undefined });
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
  const wrong = [
    ...["/a?b", "/a#b", "/a\\b", "/..", "/a/./b", "/%2e%2E/a", "/a/.%2e", "/a\u0000", "/\ud800"],
    ...["C:/Program Files/Git/myapp", "https://example.com/myapp"],
  ];
  for (const path of wrong) assert(!checkValue("path", path).ok, path);
  for (const path of ["/...", "/a..b", "/.well-known/x", "/c:x"]) {
    assert(checkValue("path", path).ok, path);
  }
});

Deno.test("[SET-8] a key may have a plus, a percent sign and spaces, but no character that ends a part of a URL", () => {
  for (const key of ["a+b", "100%", "a%41", "two words", "ключ", "...", "a%2Fb"]) {
    assertEquals(settingsFrom({ key }).key, key);
  }
  for (const key of ["..", "a/b", "a?b", "a#b", "a&b", "a\\b", "a\nb", "%2e", ".%2E", "\ud800"]) {
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

Deno.test("[SET-5] settingsFrom ignores a retired option", () => {
  const given: Record<string, unknown> = {
    cleanup_out_msgs: "x",
    debug: true,
    port: 1,
    ip_limit: 5,
  };
  assertEquals(settingsFrom(given), settingsFrom({ port: 1 }));
  assertEquals(retiredSentences({ ...given, timeout: undefined, prot: 1 }), [
    "Option cleanup_out_msgs does nothing any more: every message expires when it is due.",
    "Option debug does nothing any more: log_level debug prints more.",
    "Option ip_limit does nothing any more: max_sockets_per_address bounds how many clients an address may have.",
  ]);
});

Deno.test("[SET-2] a value that is not valid is refused with the option, the rule and the value", () => {
  const must: [PartialSettings, string][] = [
    [{ port: 65_536 }, "port must be a whole number from 0 to 65535: got 65536."],
    [{ port: -1 }, "port must be a whole number from 0 to 65535: got -1."],
    [
      { alive_timeout: NaN },
      "alive_timeout must be a whole number of milliseconds (ms) from 1 to 86400000: got NaN.",
    ],
    [{ expire_timeout: 0.5 }, "from 1 to 86400000: got 0.5."],
    [{ path: "/a?b" }, 'without a host, "?", "#", "\\" or "..": got "/a?b".'],
    [{ path: "/a/../b" }, "path must be"],
    [{ key: "" }, "key must be"],
    [{ key: "a/b" }, 'one or more characters other than "/", "?", "#", "&" and "\\": got "a/b".'],
    [{ cors: ["example.com"] }, 'got "example.com", which has no scheme'],
    [{ cors: ["https://a.example", "b.example"] }, 'got "b.example", which has no scheme'],
    [
      { max_message_bytes: 100_000, max_unsent_bytes: 399_999 },
      "max_unsent_bytes must be at least 4 times max_message_bytes, 400000",
    ],
    [{ trusted_proxies: ["10.0.0.0/33"] }, 'must be an address, a range or "unix": got "10.'],
    [
      { trusted_proxies: ["unix:/run/x"] },
      'must be an address, a range such as "10.0.0.0/8", or "unix": got "unix:/run/x".',
    ],
    [{ auth: "jwt" }, "auth jwt needs one of auth_secret and auth_jwks"],
    [{ auth: "jwt", auth_secret: "s".repeat(32), auth_jwks: "k" }, "auth jwt needs one of"],
    [{ auth_audience: "aud" }, "Option auth_audience needs auth jwt."],
    [{ auth_http: true, auth_issuer: "i" }, "Options auth_issuer and auth_http need auth jwt."],
    [{ auth_expiry: "close" }, "Option auth_expiry needs auth jwt."],
    [{ auth_secret: "short" }, "auth_secret must be 32 or more characters."],
    [{ sslkey: "key.pem" }, "sslkey needs sslcert too"],
    [{ sslcert: "cert.pem" }, "sslcert needs sslkey too"],
  ];
  for (const [given, message] of must) {
    assertThrows(() => settingsFrom(given), RangeError, message);
  }
});

Deno.test("[SET-14] an admin port that others reach needs a token, and TURN its secret", () => {
  const [admin_token, turn_secret] = ["a".repeat(16), "b".repeat(16)];
  const must: [PartialSettings, string][] = [
    [{ admin_port: 9001, admin_host: "0.0.0.0" }, 'admin_host "0.0.0.0" needs admin_token'],
    [{ admin_port: 9001, admin_host: "127.example.com" }, "needs admin_token"],
    [{ admin_port: 9000 }, "admin_port and port must differ: got 9000 for both."],
    [{ turn_urls: ["stun:a:1", "turns:a:2"] }, "turn_urls needs turn_secret"],
    [{ turn_urls: ["stun:a:1"], turn_secret }, "turn_secret needs a turn: or turns: URL"],
    [{ turn_secret }, "turn_secret needs a turn: or turns: URL"],
    [{ turn_urls: ["http://a"] }, 'must be a URL such as "turn:'],
    [{ turn_urls: ["turn:a?transport=sctp"], turn_secret }, "must be a URL such as"],
    [{ turn_urls: ["turn:a:65536"], turn_secret }, "port is from 1 to 65535: got"],
    [{ turn_urls: ["stun:a:0"] }, "port is from 1 to 65535: got"],
    [{ turn_urls: ["stun:a:b:1"] }, "port is from 1 to 65535: got"],
    [{ admin_token: "with a space in it" }, "must be 16 or more ASCII characters without spaces."],
  ];
  for (const [given, message] of must) {
    assertThrows(() => settingsFrom(given), RangeError, message);
  }
  for (const admin_host of ["localhost", "127.0.0.2", "::1", "[::1]"]) {
    settingsFrom({ admin_port: 9001, admin_host });
  }
  settingsFrom({ admin_port: 9001, admin_host: "0.0.0.0", admin_token });
  settingsFrom({ admin_host: "0.0.0.0" });
  settingsFrom({ turn_urls: ["stun:a:1"] });
  settingsFrom({ turn_urls: ["TURN:a:3478?transport=tcp", "stun:a"], turn_secret });
  for (const host of ["a:1", "a:65535", "a:64999", "a:9999", "[2001:db8::1]:50000", "[::1]"]) {
    settingsFrom({ turn_urls: [`stuns:${host}`, `turns:${host}?transport=udp`], turn_secret });
  }
});

Deno.test("[SET-2] values of the wrong type and options that do not exist are refused", () => {
  const mistakes: Record<string, string> = {
    '{"port":"9000"}': 'got "9000"',
    '{"port":null}': "got null",
    '{"port":{}}': "65535: got an object.",
    '{"cors":"*"}': "Option cors",
    '{"cors":[1]}': "Option cors",
    '{"cors":[["https://a.example"]]}': "Option cors",
    '{"proxied":"yes"}': "true or false",
    '{"log_level":"loud"}': "one of debug, info",
    '{"auth_expiry":"later"}': "must be one of keep, close",
    '{"prot":1}': 'There is no option "prot"',
    '{"__proto__":1}': 'There is no option "__proto__"',
    '{"toString":1}': 'There is no option "toString"',
  };
  for (const [json, message] of Object.entries(mistakes)) {
    assertThrows(() => settingsFrom(JSON.parse(json)), RangeError, message);
  }
  const given: Record<string, unknown> = { cors: [undefined] };
  assertThrows(() => settingsFrom(given), RangeError, "got nothing.");
});

Deno.test("[SET-1] [SET-2] the text of a number is digits, of a switch yes or no, of a list items and commas", () => {
  const texts = ["", " ", "1e3", "0x10", "1.0", "9000 ", "１", "NaN", "Infinity", "9".repeat(20)];
  for (const text of texts) assert(!parseText("port", text).ok, text);
  const good = [
    ["port", "0", 0],
    ["allow_discovery", "true", true],
    ["proxied", "false", false],
    ["key", "k", "k"],
    ["cors", "https://a.example, *", ["https://a.example", "*"]],
    ["cors", "https://a.example, ,", ["https://a.example"]],
  ] as const;
  for (const [name, text, value] of good) {
    assertEquals<unknown>(parseText(name, text), { ok: true, value });
  }
  assert(!parseText("allow_discovery", "2").ok && !parseText("cors", ",").ok);
  assertEquals(checkValue("host", "[::1]"), { ok: true, value: "::1" });
});

Deno.test("[WORKER-2] a word stands for a number in text only, and whoever gives another one is told of it", () => {
  for (const [text, value] of [["auto", 0], ["AUTO", 0], ["0", 0], ["64", 64]] as const) {
    assertEquals<unknown>(parseText("workers", text), { ok: true, value });
  }
  for (const text of ["autos", "constructor", "2s"]) {
    const problem = `must be a whole number from 0 to 64, or auto: got "${text}".`;
    assertEquals(parseText("workers", text), { ok: false, problem });
  }
  assert(!checkValue("workers", "auto").ok && !parseText("port", "auto").ok);
});

Deno.test("[SET-2] a duration with a unit is told as a number of milliseconds, where an option takes those", () => {
  const units = { "7ms": 7, "5s": 5_000, "2m": 120_000, "2h": 7_200_000, "1d": 86_400_000 };
  for (const [text, ms] of Object.entries(units)) {
    const parsed = parseText("alive_timeout", text);
    assert(!parsed.ok && parsed.problem.endsWith(`: got "${text}", which is ${ms}.`), text);
  }
  for (
    const [name, text] of [["alive_timeout", "5 s"], ["alive_timeout", "s"], [
      "port",
      "5s",
    ]] as const
  ) {
    const parsed = parseText(name, text);
    assert(!parsed.ok && parsed.problem.endsWith(`: got "${text}".`), text);
  }
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

Deno.test("[SET-5] every retired option says what replaces it", () => {
  for (const name of RETIRED_NAMES) {
    assert(retiredSentence("Option", name).includes(retiredOption(name).why), name);
  }
});
