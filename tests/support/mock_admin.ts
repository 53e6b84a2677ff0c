/**
 * An admin port without a server behind it: the real page, and answers of its API as a test sets them, so that every
 * state of the page can be reached: under load, hostile ids, five failures, no answer at all.
 */
import { type Asset, ASSETS } from "../../adapters/admin/page/assets.ts";

export interface MockClient {
  readonly id: string;
  readonly address: string;
  readonly connectedAt: number;
  readonly messages: number;
}

/** What the mock answers; a test changes it while the page runs. */
export interface MockAnswers {
  /** Answers of `/api/stats`, made anew for each request. */
  stats: () => unknown;
  clients: MockClient[];
  /** Answer of `/api/attempts`, before the filter. */
  attempts: readonly { readonly caller: string; readonly callee: string }[];
  /** When the server of those attempts started. */
  startedAt: number;
  /** Answer of `/api/try`, by the ids. */
  target: (ids: readonly string[]) => unknown;
  /** The token that it asks for; `null` for none. */
  token: string | null;
  /** Whether the API gives no useful answer, as a proxy does whose server is away. */
  isAway: boolean;
}

export interface MockAdmin extends AsyncDisposable {
  readonly url: string;
  readonly answers: MockAnswers;
}

/** Where the scripts of the page may connect to, beside its own origin: the main port, at any host. */
function policyFor(port: number): string {
  const main = `http://*:${port} https://*:${port} ws://*:${port} wss://*:${port}`;
  return "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; " +
    `connect-src 'self' ${main}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
}

/** Serves the page for a main port. */
export function startMockAdmin(mainPort: number): MockAdmin {
  const answers: MockAnswers = {
    stats: () => ({ server: serverFacts(mainPort), metrics: {} }),
    clients: [],
    attempts: [],
    startedAt: 1,
    target: () => ({
      ...{ path: "/", key: "peerjs", port: mainPort, secure: false, host: null },
      ...{ auth: "none", tokens: null },
    }),
    token: null,
    isAway: false,
  };

  function answer(request: Request): Response {
    const { pathname, searchParams } = new URL(request.url);
    const asset = ASSETS.get(pathname);
    if (asset !== undefined) return assetResponse(asset, policyFor(mainPort));
    if (answers.isAway) return new Response("Bad gateway", { status: 502 });
    const given = request.headers.get("authorization");
    if (answers.token !== null && given !== `Bearer ${answers.token}`) {
      return json({ error: "Give the admin token as Authorization: Bearer." }, 401);
    }
    if (request.method === "DELETE") return disconnect(searchParams.get("id"));
    if (pathname === "/api/stats") return json(answers.stats());
    if (pathname === "/api/try") {
      return json(answers.target((searchParams.get("ids") ?? "").split(",")));
    }
    if (pathname === "/api/clients") return json(clientPage(answers.clients, searchParams));
    if (pathname === "/api/attempts") {
      const part = searchParams.get("peer") ?? "";
      const fits = ({ caller, callee }: { caller: string; callee: string }): boolean =>
        caller.includes(part) || callee.includes(part);
      const attempts = answers.attempts.filter(fits);
      return json({ startedAt: answers.startedAt, attempts, forgotten: 0, overlooked: 0 });
    }
    return json({ error: `Nothing is served at ${pathname}.` }, 404);
  }

  function disconnect(id: string | null): Response {
    const found = answers.clients.find((client) => client.id === id);
    if (found === undefined) return json({ error: "This client is not connected here." }, 404);
    answers.clients = answers.clients.filter((client) => client !== found);
    return new Response(null, { status: 204 });
  }

  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, answer);
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    answers,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

/** The facts of a server that was started a day ago. */
export function serverFacts(port: number): Record<string, unknown> {
  const now = Date.now();
  return {
    ...{ version: "0.1.0", startedAt: now - 86_400_000, now, path: "/", port, secure: false },
    ...{ auth: "none", discovery: false, listener: "deno", concurrentLimit: 5_000, node: null },
    workers: 1,
  };
}

function clientPage(clients: readonly MockClient[], query: URLSearchParams): unknown {
  const search = (query.get("search") ?? "").toLowerCase();
  const found = clients.filter(({ id }) => id.toLowerCase().includes(search));
  const from = Number(query.get("after") ?? 0);
  const end = from + Number(query.get("limit") ?? 50);
  return {
    total: found.length,
    clients: found.slice(from, end),
    next: end < found.length ? String(end) : null,
  };
}

function assetResponse({ type, body }: Asset, policy: string): Response {
  return new Response(body, {
    headers: {
      "content-type": type,
      "content-security-policy": policy,
      "x-content-type-options": "nosniff",
    },
  });
}

function json(value: unknown, status = 200): Response {
  return Response.json(value, { status, headers: { "cache-control": "no-store" } });
}
