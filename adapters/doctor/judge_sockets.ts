/**
 * Judges the sockets: the upgrade, whether clients are admitted, and whether their messages arrive.
 *
 * @module
 */
import type { Answer, Findings, Opened, PairFinding, SocketEnd } from "./findings.ts";
import { isError, ownOrigin } from "./findings.ts";
import { judgeAnswer } from "./judge_answer.ts";
import { fail, type Line, pass, skip } from "./line.ts";
import { type Proxy, remedyFor } from "./proxies.ts";

export function judgeSockets(findings: Findings, proxy: Proxy | null): Line[] {
  const { opened, pair, target, tls } = findings;
  if (opened === null) {
    const isUnsafe = tls?.kind === "tls" && tls.problem !== null;
    const why = isUnsafe
      ? "it would send the token to a server whose certificate is wrong"
      : "no answer";
    return [skip("upgrade", `not tried: ${why}`)];
  }
  if (opened.kind !== "upgraded") return [judgeUpgrade(findings, opened, proxy)];
  const upgrade = pass("upgrade", "a WebSocket opens");
  if (pair === null) return [upgrade, judgeRefusal(findings, opened, proxy)];
  return [
    upgrade,
    pass("client", `a client is admitted to a page of ${target.origin ?? ownOrigin(target)}`),
    judgeClaims(pair),
    judgeMessages(pair),
    judgeLarge(pair),
    judgeIdle(findings, proxy),
  ];
}

function judgeUpgrade(
  findings: Findings,
  opened: Exclude<Opened, { readonly kind: "upgraded" }>,
  proxy: Proxy | null,
): Line {
  const { path } = findings.target;
  const remedy = (mistake: "no-upgrade" | "bad-handshake"): string =>
    remedyFor(mistake, proxy, findings.foundPath ?? path);
  if (isError(opened)) {
    const text = `the upgrade to a WebSocket fails (${opened.code || opened.message})`;
    return fail("upgrade", "no-upgrade", text, remedy("no-upgrade"));
  }
  if (isWithoutUpgrade(opened)) {
    const text = `the answer is ${opened.status}: the server got no Upgrade header`;
    return fail("upgrade", "no-upgrade", text, remedy("no-upgrade"));
  }
  if (opened.status === 400) {
    if (/Connection does not name Upgrade/.test(opened.body)) {
      const text = "the answer is 400: the server got no Connection: Upgrade header";
      return fail("upgrade", "no-upgrade", text, remedy("no-upgrade"));
    }
    const why = /is not valid: ([^\n]{1,200})/.exec(opened.body)?.[1] ?? "no reason given";
    const text = `the answer is 400: the handshake arrived changed (${why})`;
    return fail("upgrade", "bad-handshake", text, remedy("bad-handshake"));
  }
  return judgeAnswer("upgrade", findings, opened, proxy);
}

/** Whether the server answers as to a plain request: signalbox with 426, Express with its page for an unknown path. */
function isWithoutUpgrade({ status, body }: Answer): boolean {
  return status === 426 || (status === 404 && /Cannot GET \S*peerjs/.test(body)) ||
    body.includes("This URL is for WebSockets");
}

function judgeRefusal(
  { target, foundPath }: Findings,
  { text, type }: Opened & { readonly kind: "upgraded" },
  proxy: Proxy | null,
): Line {
  const said = text === "" ? `the server says ${type || "nothing"}` : `the server refuses: ${text}`;
  const path = foundPath ?? target.path;
  if (/origin/i.test(text)) {
    const origin = target.origin ?? ownOrigin(target);
    const host = target.origin === null ? `; ${remedyFor("host-lost", proxy, path)}` : "";
    return fail("client", "origin", said, `start the server with --cors ${origin}${host}`);
  }
  if (/\bkey\b/i.test(text)) {
    return fail("client", "wrong-key", said, "give the page the --key of the server");
  }
  if (/token/i.test(text)) {
    const todo = "give --token JWT, or PEERSERVER_AUTH_SECRET; deno run -A main.ts token makes one";
    return fail("client", "token", said, todo);
  }
  if (/limit|too many/i.test(text)) {
    return fail("client", "full", said, "raise --concurrent_limit or --max_sockets_per_address");
  }
  return fail("client", "not-admitted", said, "read the log of the server");
}

function judgeMessages({ arrived }: PairFinding): Line {
  if (arrived.length === 0) return skip("messages", "not tried: see ids");
  if (!arrived.includes(false)) return pass("messages", "messages arrive, both ways");
  const some = arrived.includes(true) ? "sometimes does not arrive" : "does not arrive";
  return fail(
    "messages",
    "not-delivered",
    `both clients are admitted, and a message between them ${some}`,
    SEPARATE_SERVERS,
  );
}

const SEPARATE_SERVERS =
  "if several servers are behind this address, give each --cluster redis://HOST; " +
  "sticky sessions do not help two clients on different servers";

function judgeLarge({ large }: PairFinding): Line {
  if (large === null) return skip("large", "not tried: no message arrives");
  if (large) return pass("large", "a message of 64 KiB arrives");
  const todo =
    "raise --max_message_bytes, and the limits of the proxy or its filter for WebSockets";
  return fail("large", "too-large", "a message of 64 KiB does not arrive", todo);
}

function judgeClaims({ claims: { refused, admitted } }: PairFinding): Line {
  if (refused + admitted === 0) {
    return skip("ids", "not tried: it needs a second token for the same id");
  }
  if (admitted === 0) return pass("ids", "an id that is held is refused to others");
  const text = `an id that is held was given to another client, in ${admitted} of ${
    refused + admitted
  } tries: several servers do not know each other`;
  return fail("ids", "separate-servers", text, SEPARATE_SERVERS);
}

function judgeIdle({ idle, target, foundPath }: Findings, proxy: Proxy | null): Line {
  if (idle === null) return skip("idle", "not tried: --minutes 3 watches a silent socket");
  const seconds = (ms: number): number => Math.round(ms / 100) / 10;
  if (idle.end === null) {
    return pass("idle", `a silent socket lives for ${seconds(idle.askedMs)} s`);
  }
  if (idle.isGone || isStop(idle.end)) {
    const text = `the server stopped or restarted after ${seconds(idle.livedMs)} s of the watch`;
    return fail("idle", "stopped", text, "run the doctor again when the server stays up");
  }
  const text = `a silent socket ended after ${seconds(idle.livedMs)} s (${codeText(idle.end)})`;
  return fail(
    "idle",
    "short-timeout",
    text,
    remedyFor("short-timeout", proxy, foundPath ?? target.path),
  );
}

/** A proxy too closes with 1001, when it reloads or its own timeout ends; the reason tells them apart. */
function isStop({ code, reason }: SocketEnd): boolean {
  return code === 1012 || (code === 1001 && /shutting down/i.test(reason));
}

function codeText({ code }: SocketEnd): string {
  return code === 1006 ? "the connection was cut" : `close code ${code}`;
}
