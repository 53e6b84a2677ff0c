/**
 * Judges what the probes found: one line for each check, with what to change where it fails. A pure function.
 *
 * @module
 */
import type { Findings, Reached } from "./findings.ts";
import { adminPlace, isError, isPeerServer, toldPath } from "./findings.ts";
import { describe, judgeAnswer } from "./judge_answer.ts";
import { judgeConnection } from "./judge_connection.ts";
import { fail, type Line, pass, skip } from "./line.ts";
import { judgeSockets } from "./judge_sockets.ts";
import { judgeTurn } from "./judge_turn.ts";
import { type Proxy, recognizeProxy, remedyFor } from "./proxies.ts";

/** The lines of all checks, in the order in which a page meets them. Each mistake fails one of them. */
export function judge(findings: Findings): Line[] {
  const lines = linesOf(findings);
  return lines.map((line) => {
    const first = lines.find(({ mistake }) => mistake !== null && mistake === line.mistake);
    const isSame = first !== undefined && first !== line;
    return isSame ? skip(line.check, `${line.text}; see ${first.check}`) : line;
  });
}

function linesOf(findings: Findings): Line[] {
  const proxy = recognizeProxy(findings);
  const connection = judgeConnection(findings);
  if (findings.root === null) return connection;
  const path = judgePath(findings, findings.root, proxy);
  const lines = [...connection, path];
  if (path.status === "fail" && findings.foundPath === null && !isSocketFine(findings)) {
    return [...lines, skip("rest", "not tried: no server answers at this path")];
  }
  return [
    ...lines,
    judgeKey(findings, proxy),
    judgeCors(findings, proxy),
    ...judgeSockets(findings, proxy),
    judgeTurn(findings),
    judgeAddress(findings, proxy),
    judgeHealth(findings),
  ];
}

function isSocketFine({ opened, id }: Findings): boolean {
  return opened?.kind === "upgraded" || isId(id);
}

function isId(id: Reached | null): boolean {
  return id?.kind === "answer" && id.status === 200 && /^[^\s<>]{1,256}$/.test(id.body);
}

function judgePath(findings: Findings, root: Reached, proxy: Proxy | null): Line {
  const { target, foundPath } = findings;
  const { path } = target;
  if (isPeerServer(root)) return pass("path", `a PeerJS server answers at ${path}`);
  const told = toldPath(root);
  if (told === path) {
    const text = `the server is started with --path ${path}, and the proxy passes another path on`;
    return fail("path", "prefix-cut", text, remedyFor("prefix-cut", proxy, path));
  }
  if (foundPath !== null) {
    return fail(
      "path",
      "wrong-path",
      `${describe(root)} at ${path}; the server is at ${foundPath}`,
      `in the page write path: "${foundPath}" in the options of new Peer`,
    );
  }
  if (told !== null) {
    const text = `the proxy passes ${path} on, and the server is started with --path ${told}`;
    return fail("path", "prefix-kept", text, `start the server with --path ${path}`);
  }
  const cut = cutPath(root);
  if (cut !== null && cut !== path && `${cut}/` !== path) {
    const text = `the server behind the proxy is asked for ${cut} in place of ${path}`;
    return fail("path", "prefix-cut", text, remedyFor("prefix-cut", proxy, path));
  }
  // An application can have a server under a path, and a page of its own at it.
  if (findings.opened?.kind === "upgraded" && isId(findings.id)) {
    return pass("path", `a PeerJS server answers under ${path}, and something else at it`);
  }
  return judgeAdminPort(findings) ?? judgeWebServer(findings, root, proxy) ??
    judgeAnswer("path", findings, root, proxy);
}

/** The admin port tells the server's own to those who may read its API. */
function judgeAdminPort({ admin, target }: Findings): Line | null {
  const told = adminPlace(admin);
  if (told === null) return null;
  const place = told === "" ? "the port of its option --port, 9000 by default" : told;
  const text = `port ${target.port} is the admin port of signalbox, where no page connects`;
  return fail("path", "admin-port", text, `give the doctor and the page ${place}`);
}

/** A page or a 404 of something that no sign shows to be a proxy: the port may be that of another program. */
function judgeWebServer({ target }: Findings, root: Reached, proxy: Proxy | null): Line | null {
  if (proxy !== null || root.kind !== "answer") return null;
  if (root.status !== 404 && root.status !== 200) return null;
  const { port, path } = target;
  return fail(
    "path",
    "not-routed",
    `${describe(root)}: a web server, and no PeerJS server at ${path} or a usual path`,
    `is port ${port} right? The server has the port of its option --port, 9000 by default; ` +
      `if ${port} is that of a proxy: ${remedyFor("not-routed", proxy, path)}`,
  );
}

/** What Express says it was asked for, in its page for an unknown path. */
function cutPath(root: Reached): string | null {
  return root.kind === "answer"
    ? /<pre>Cannot GET ([^<\s]{1,256})</.exec(root.body)?.[1] ?? null
    : null;
}

function judgeKey(findings: Findings, proxy: Proxy | null): Line {
  const { id, target } = findings;
  if (id === null || isError(id)) return skip("key", "not tried: no answer for an id");
  if (isId(id)) {
    return pass("key", `the key "${target.key}" gets an id`);
  }
  if (id.status === 401 && id.body.includes("key")) {
    const text = `the server has another key than "${target.key}"`;
    return fail(
      "key",
      "wrong-key",
      text,
      "give the page the --key of the server, and the doctor: --key KEY",
    );
  }
  if (id.status === 401 && /token/i.test(id.body)) {
    return target.hasToken
      ? fail(
        "key",
        "wrong-token",
        `the server refuses the token: ${id.body.trim()}`,
        "make a new token",
      )
      : skip("key", "not tried: the server asks for a token (--token JWT)");
  }
  return judgeAnswer("key", findings, id, proxy);
}

function judgeCors({ cors, corsOrigin, target }: Findings, proxy: Proxy | null): Line {
  if (cors === null || isError(cors)) return skip("cors", "not tried: no answer");
  const allowed = cors.headers["access-control-allow-origin"];
  if (allowed === "*" || allowed === corsOrigin) {
    // Some servers repeat any origin, and without --origin that of the doctor is nobody's.
    const isAny = allowed === "*" || target.origin === null;
    return pass("cors", `pages of ${isAny ? "any origin" : corsOrigin} may read answers`);
  }
  if (allowed?.includes(",")) {
    const text =
      `Access-Control-Allow-Origin came more than once (${allowed}): browsers refuse that`;
    return fail("cors", "cors-twice", text, remedyFor("cors-twice", proxy, target.path));
  }
  if (target.origin === null) {
    return skip(
      "cors",
      "the server lists its origins; check yours with --origin https://your.page",
    );
  }
  const text = `pages of ${corsOrigin} may not read answers`;
  return fail("cors", "origin", text, `start the server with --cors ${corsOrigin}`);
}

/** Compares the address that the server sees with both ends of a connection to it. */
function judgeAddress({ cors, tcp, target }: Findings, proxy: Proxy | null): Line {
  const told = cors?.kind === "answer" ? cors.headers["signalbox-seen-as"] : "";
  const [, address = "", source = ""] = /^(\S{1,64}); (\w+)$/.exec(told ?? "") ?? [];
  if (address === "" || isError(tcp)) {
    return skip("address", "the server does not tell which address it sees");
  }
  const isOwn = address === tcp.local || source === "forwarded";
  const isNear = isPrivate(address) && !isPrivate(tcp.local) && isPrivate(tcp.remote) === false;
  if (source === "ignored") {
    const text = `the server sees ${address}, and ignores X-Forwarded-For from there`;
    return fail(
      "address",
      "not-trusted",
      text,
      `start the server with --trusted_proxies ${address}`,
    );
  }
  if (source === "direct" && (proxy !== null || isNear || (isPrivate(tcp.remote) && !isOwn))) {
    const text = `the server sees ${address}, the address of a proxy`;
    return fail("address", "not-forwarded", text, remedyFor("not-forwarded", proxy, target.path));
  }
  return pass("address", `the server sees you as ${address}`);
}

function isPrivate(address: string): boolean {
  return /^(?:127\.|10\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|169\.254\.|::1$|f[cd]|fe80:|unix$)/i
    .test(address);
}

function judgeHealth({ healthz, readyz }: Findings): Line {
  const why = readyz?.kind === "answer" && readyz.status === 503 ? readyz.body.trim() : "";
  if (/^(?:(?:stopping|full|engine)\s*)+$/.test(why)) {
    const todo =
      "stopping: wait for its end; full: raise --concurrent_limit; engine: look at the Redis of --cluster";
    return fail(
      "health",
      "not-ready",
      `the server is not ready: ${why.replaceAll(/\s+/g, ", ")}`,
      todo,
    );
  }
  if (healthz === null || isError(healthz) || healthz.status !== 200) {
    return skip("health", "the server has no /healthz");
  }
  return pass("health", "/healthz answers 200");
}
