/** What the doctor makes of findings: a table, without a network. */
import { type Answer, type Findings, type Reached } from "../../adapters/doctor/findings.ts";
import { judge } from "../../adapters/doctor/judge.ts";
import { hideToken, jsonOf, tableOf } from "../../adapters/doctor/report.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";

function answer(status: number, body = "", headers: Answer["headers"] = {}): Answer {
  return { kind: "answer", status, body, headers };
}

const [HOUR, DAY] = [3_600_000, 86_400_000];
const refused = { kind: "error", code: "ECONNREFUSED", message: "" } as const;
const about = answer(200, "A server side element to broker connections between PeerJS clients.");
const ours = (path: string): Answer =>
  answer(
    404,
    `Nothing is served here.\nGive the client this path: new Peer(id, { path: "${path}", … }).`,
  );
const moved = (location: string): Answer => answer(301, "", { location });
const seen = (as: string): Reached =>
  answer(200, "", { "access-control-allow-origin": "*", "signalbox-seen-as": as });
const certificate = {
  kind: "tls",
  problem: null,
  names: "DNS:a.example",
  issuer: "An authority",
  endsInMs: 60 * DAY,
  lifeMs: 90 * DAY,
} as const;
const STATS =
  '{"server":{"version":"1.0.0","startedAt":1,"path":"/signal/","port":9000,"node":null}}';
const idle = { askedMs: 180_000, livedMs: 60_000, isGone: false };
/** A web server that knows nothing of PeerJS. */
const nothing = {
  root: answer(404),
  id: answer(404),
  opened: answer(404),
  pair: null,
  idle: null,
};
const pair = { arrived: [true, true], large: true, claims: { refused: 3, admitted: 0 } };

const GOOD: Findings = {
  target: {
    secure: true,
    host: "a.example",
    port: 443,
    path: "/signal/",
    key: "peerjs",
    origin: null,
    ca: null,
    hasToken: false,
    maxMs: 10_000,
    idleMs: 180_000,
  },
  addresses: ["192.0.2.1", "2001:db8::1"],
  tcp: { kind: "open", local: "198.51.100.7", remote: "192.0.2.1" },
  tls: certificate,
  isH2Only: false,
  isOtherScheme: false,
  root: about,
  foundPath: null,
  admin: null,
  healthz: answer(200),
  readyz: answer(200),
  id: answer(200, "0b0e39ad-7a4b-4f5e-9d1c-1d1f1f4b8a11"),
  cors: seen("203.0.113.9; forwarded"),
  ice: answer(200),
  turn: [{ url: "turn:turn.example:3478", answers: true }],
  corsOrigin: "https://page.example",
  opened: { kind: "upgraded", type: "OPEN", text: "" },
  pair,
  idle: { askedMs: 180_000, livedMs: 180_000, end: null, isGone: false },
  nonsense: answer(400),
};

const target = GOOD.target;
const tls = (problem: string): Findings["tls"] => ({ ...certificate, problem });
const said = (text: string): Partial<Findings> => ({
  opened: { kind: "upgraded", type: "ERROR", text },
  pair: null,
  idle: null,
});
const sockets = (opened: Findings["opened"]): Partial<Findings> => ({
  opened,
  pair: null,
  idle: null,
});

/** What differs from a server that is right; the check that fails, its mistake, and a part of the advice. */
const TABLE:
  readonly (readonly [Partial<Findings>, check: string, mistake: string, todo: string])[] = [
    [
      { addresses: { kind: "error", code: "ENOTFOUND", message: "" }, root: null },
      "name",
      "no-name",
      "AAAA",
    ],
    [{ tcp: refused, root: null }, "connect", "no-connection", "port 443"],
    [
      { tcp: { ...refused, code: "ETIMEDOUT" }, root: null },
      "connect",
      "no-connection",
      "firewall",
    ],
    [{ tls: refused, root: null }, "tls", "no-tls", "secure: false"],
    [{ tls: refused, isH2Only: true, root: null }, "tls", "h2-only", "http/1.1"],
    [{ tls: tls("DEPTH_ZERO_SELF_SIGNED_CERT") }, "tls", "self-signed", "--ca"],
    [{ tls: tls("ERR_TLS_CERT_ALTNAME_INVALID") }, "tls", "wrong-name", "a.example"],
    [{ tls: tls("UNABLE_TO_VERIFY_LEAF_SIGNATURE") }, "tls", "chain", "fullchain.pem"],
    [{ tls: tls("CERT_NOT_YET_VALID") }, "tls", "not-yet", "clock"],
    [
      { tls: { ...certificate, problem: "CERT_HAS_EXPIRED", endsInMs: -3 * DAY } },
      "tls",
      "expired",
      "renew",
    ],
    [{ tls: { ...certificate, endsInMs: 13 * DAY } }, "tls", "ends-soon", "renew"],
    [{ tls: { ...certificate, endsInMs: HOUR, lifeMs: 12 * HOUR } }, "tls", "ends-soon", "renew"],
    [{ tls: null, isOtherScheme: true, root: null }, "tls", "is-tls", "write https: in the URL"],
    [{ tls: refused, isOtherScheme: true, root: null }, "tls", "is-plain", "write http:"],
    [{ root: answer(404), foundPath: "/" }, "path", "wrong-path", 'path: "/"'],
    [{ root: ours("/signal/") }, "path", "prefix-cut", "as it came"],
    [{ root: ours("/") }, "path", "prefix-kept", "--path /signal/"],
    [{ root: answer(404, "<pre>Cannot GET /</pre>") }, "path", "prefix-cut", "as it came"],
    [
      { root: answer(200, "<html>", { "content-type": "text/html" }), id: answer(404) },
      "path",
      "not-routed",
      "/signal/",
    ],
    [
      { root: moved("https://www.a.example/signal/"), id: moved("https://www.a.example/x") },
      "path",
      "redirect",
      "/signal/",
    ],
    [{ id: answer(401, "Invalid key provided") }, "key", "wrong-key", "--key"],
    [
      { id: answer(401, "The token has expired."), target: { ...target, hasToken: true } },
      "key",
      "wrong-token",
      "token",
    ],
    [
      { cors: answer(200, "", { "access-control-allow-origin": "*, *" }) },
      "cors",
      "cors-twice",
      "delete",
    ],
    [
      { cors: answer(200), target: { ...target, origin: "https://page.example" } },
      "cors",
      "origin",
      "--cors https://page.example",
    ],
    [{ ...sockets(answer(426)) }, "upgrade", "no-upgrade", "Upgrade"],
    [
      { ...sockets(answer(404, "<pre>Cannot GET /signal/peerjs</pre>")) },
      "upgrade",
      "no-upgrade",
      "Upgrade",
    ],
    [
      {
        ...sockets(
          answer(400, "The WebSocket handshake is not valid: Sec-WebSocket-Key is missing"),
        ),
      },
      "upgrade",
      "bad-handshake",
      "HTTP/1.1",
    ],
    [{ ...sockets(answer(502)) }, "upgrade", "no-upstream", "--port"],
    [{ ...sockets({ ...refused, code: "ETIMEDOUT" }) }, "upgrade", "no-upgrade", "Upgrade"],
    [
      said("Pages of this origin may not use this server"),
      "client",
      "origin",
      "--cors https://a.example",
    ],
    [said("Invalid key provided"), "client", "wrong-key", "--key"],
    [said("The token is not for this id"), "client", "token", "--token"],
    [said("Server has reached its concurrent user limit"), "client", "full", "--concurrent_limit"],
    [said(""), "client", "not-admitted", "log"],
    [
      { pair: { ...pair, arrived: [false], large: null } },
      "messages",
      "not-delivered",
      "--cluster",
    ],
    [{ pair: { ...pair, large: false } }, "large", "too-large", "--max_message_bytes"],
    [
      { pair: { arrived: [], large: null, claims: { refused: 1, admitted: 2 } } },
      "ids",
      "separate-servers",
      "--cluster",
    ],
    [{ idle: { ...idle, end: { code: 1006, reason: "" } } }, "idle", "short-timeout", "120 s"],
    // Caddy ends a stream like that when its timeout is over.
    [{ idle: { ...idle, end: { code: 1001, reason: "" } } }, "idle", "short-timeout", "120 s"],
    [
      { idle: { ...idle, end: { code: 1001, reason: "Server is shutting down" } } },
      "idle",
      "stopped",
      "again",
    ],
    [
      { idle: { ...idle, end: { code: 1006, reason: "" }, isGone: true } },
      "idle",
      "stopped",
      "again",
    ],
    [{ ...nothing, admin: answer(200, STATS) }, "path", "admin-port", "port 9000, path /signal/"],
    [
      { ...nothing, admin: answer(401, '{"error":"The admin token is missing: send it."}') },
      "path",
      "admin-port",
      "--port",
    ],
    [nothing, "path", "not-routed", "is port 443 right?"],
    [
      { turn: [{ url: "turn:a:1", answers: true }, { url: "stun:b:2", answers: false }] },
      "turn",
      "no-turn",
      "firewall",
    ],
    [{ readyz: answer(503, "full\nengine\n") }, "health", "not-ready", "--concurrent_limit"],
    [{ cors: seen("10.0.0.5; ignored") }, "address", "not-trusted", "--trusted_proxies 10.0.0.5"],
    [{ cors: seen("10.0.0.5; direct") }, "address", "not-forwarded", "X-Forwarded-For"],
    [
      { cors: seen("192.0.2.1; direct"), nonsense: answer(400, "<center>nginx</center>") },
      "address",
      "not-forwarded",
      "proxy_set_header X-Forwarded-For",
    ],
  ];

Deno.test("[CLI-5] nothing is wrong with a server that is right; a direct one, a private one, one in an application and npm:peer too", () => {
  const direct = { cors: seen("198.51.100.7; direct") };
  const tcp = { kind: "open", local: "192.168.0.7", remote: "192.168.0.9" } as const;
  const near = { tcp, cors: seen("192.168.0.7; direct") };
  const nat = { tcp: { ...tcp, remote: "192.0.2.1" }, cors: seen("203.0.113.9; direct") };
  const other = {
    cors: answer(200, "", { "access-control-allow-origin": "*" }),
    healthz: answer(404),
  };
  const brief = { tls: { ...certificate, endsInMs: 2 * HOUR, lifeMs: 12 * HOUR } };
  const embedded = { root: answer(200, "<html>", { "content-type": "text/html" }) };
  for (const difference of [{}, embedded, brief, direct, near, nat, other]) {
    const lines = judge({ ...GOOD, ...difference });
    assertEquals(lines.filter(({ status }) => status === "fail"), []);
  }
  assert(judge(GOOD).every(({ status }) => status === "pass"));
});

Deno.test("[CLI-5] each mistake fails one check, with what to change", () => {
  for (const [difference, check, mistake, todo] of TABLE) {
    const failed = judge({ ...GOOD, ...difference }).filter(({ status }) => status === "fail");
    assertEquals(failed.map((line) => [line.check, line.mistake]), [[check, mistake]]);
    assertStringIncludes(failed[0]?.todo ?? "", todo);
  }
});

Deno.test("[CLI-5] what was not tried says why", () => {
  const skipped = (difference: Partial<Findings>): string[] =>
    judge({ ...GOOD, ...difference }).filter(({ status }) => status === "skip").map(({ text }) =>
      text
    );
  const [idle = ""] = skipped({ idle: null });
  assertStringIncludes(idle, "--minutes 3");
  const [token = ""] = skipped({ id: answer(401, "A token is missing.") });
  assertStringIncludes(token, "--token");
  const [origins = ""] = skipped({
    cors: answer(200, "", { "signalbox-seen-as": "203.0.113.9; forwarded" }),
  });
  assertStringIncludes(origins, "--origin");
  const [turn = ""] = skipped({ ice: answer(404), turn: [] });
  assertStringIncludes(turn, "admin page");
  assertStringIncludes(skipped({ ice: answer(401), turn: [] })[0] ?? "", "--token");
  const unsafe = { ...sockets(null), tls: tls("SELF_SIGNED_CERT_IN_CHAIN") };
  assert(skipped(unsafe).some((text) => text.includes("token")));
});

Deno.test("[CLI-5] the report is a table or JSON, and what a server says cannot move the cursor", () => {
  const evil = { root: moved("\x1b[2J\u202e/"), id: moved("/") };
  const lines = judge({ ...GOOD, ...evil });
  const table = tableOf(lines, false);
  assert(!/[\p{Cc}\p{Cf}]/u.test(table.replaceAll("\n", "")), table);
  const [, name = ""] = table.split("\n");
  assertEquals(name, "✓ connect   port 443 accepts connections");
  assertStringIncludes(table, "\n1 of ");
  assertStringIncludes(tableOf(lines, true), "\x1b[31m✗\x1b[0m path");
  const json = jsonOf("https://a.example/signal?token=abc", lines);
  assert(!/[\p{Cc}\p{Cf}]/u.test(json.replaceAll("\n", "")), json);
  const { url, ok, checks } = JSON.parse(json);
  assertEquals([url, ok, checks.length], ["https://a.example/signal", false, lines.length]);
});

Deno.test("[CLI-5] a token that a server sends back is in no report", () => {
  const jwt = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2ln";
  const where = `https://a.example/peerjs?key=peerjs&id=x&token=hush ${jwt} Bearer hush hush`;
  const text = `the answer is 301, to ${where}${"x".repeat(9_000)}`;
  const line = { check: "upgrade", status: "fail", text, todo: where, mistake: null } as const;
  const lines = hideToken([line], "hush hush");
  for (const report of [tableOf(lines, false), jsonOf("https://a.example/", lines)]) {
    assert(!/hush|eyJ/.test(report), report);
    assertStringIncludes(report, "301, to https://a.example/peerjs?key=…&id=x&token=…");
    assert(report.length < 5_000);
  }
});
