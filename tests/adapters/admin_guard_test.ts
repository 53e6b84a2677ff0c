/** Who may ask on the admin port, as a function of the request. */
import { createGuard, GUESSES_PER_SECOND, type Refusal } from "../../adapters/admin/guard.ts";
import { adminRouteOf } from "../../adapters/admin/routes.ts";
import { assertEquals } from "../support/assert.ts";

const TOKEN = "the-token-of-the-operator";

type Headers = Readonly<Record<string, string>>;

/** Asks a guard, whose time is `clock.now`; gives the status of a refusal, 0 if there is none. */
function guarded(
  admin_token: string,
  clock = { now: 0 },
): (path: string, headers?: Headers, method?: string) => Refusal | null {
  const guard = createGuard({ admin_token }, () => clock.now);
  return (path: string, { host = "localhost:9001", ...headers }: Headers = {}, method = "GET") =>
    guard({
      method,
      route: adminRouteOf({ path, query: "" }, (path) => path === "/"),
      host,
      header: (name) => headers[name] ?? null,
    });
}

const bearer = (token: string): Headers => ({ authorization: `Bearer ${token}` });

Deno.test("[ADMIN-3] without a token only names of this machine are served, whatever name leads to its address", () => {
  const ask = guarded("");
  const own = [
    "localhost",
    "localhost:9001",
    "LOCALHOST:1",
    "127.0.0.1:9001",
    "127.9.9.9",
    "[::1]",
  ];
  for (const host of own) assertEquals(ask("/api/stats", { host }), null, host);
  const others = [
    "evil.example",
    "evil.localhost:9001",
    "192.168.0.9",
    "[::2]",
    "127.0.0.1.evil.com",
  ];
  for (const host of others) assertEquals(ask("/", { host })?.status, 421, host);
  for (const host of ["", "a b", "localhost/..", "a@localhost", "[::1", "x;y"]) {
    assertEquals(ask("/", { host })?.status, 400, host);
  }
  assertEquals(guarded(TOKEN)("/", { host: "admin.example:443" }), null);
});

Deno.test("[ADMIN-3] a page of another origin is refused, also one of the same site", () => {
  for (const ask of [guarded(""), guarded(TOKEN)]) {
    const status = (headers: Headers): number =>
      ask("/api/stats", { ...bearer(TOKEN), ...headers })?.status ?? 0;
    assertEquals(status({ origin: "http://localhost:9001" }), 0);
    assertEquals(status({ origin: "https://localhost:9001" }), 0);
    for (const origin of ["http://localhost:3000", "http://evil.example", "null", "file://", ""]) {
      assertEquals(status({ origin }), 403, origin);
    }
    for (const site of ["same-origin", "none"]) assertEquals(status({ "sec-fetch-site": site }), 0);
    for (const site of ["same-site", "cross-site", "", "odd"]) {
      assertEquals(status({ "sec-fetch-site": site }), 403, site);
    }
  }
});

Deno.test("[ADMIN-2] everything but the files of the page needs the token", () => {
  const ask = guarded(TOKEN);
  for (
    const path of [
      "/metrics",
      "/api/stats",
      "/api/clients",
      "/api/clients/a",
      "/api/attempts",
      "/api/try",
    ]
  ) {
    const missing = ask(path);
    assertEquals(
      [missing?.status, missing?.headers],
      [401, { "www-authenticate": "Bearer" }],
      path,
    );
    assertEquals(ask(path, bearer(TOKEN)), null, path);
    assertEquals(ask(path, { authorization: `Basic ${TOKEN}` })?.status, 401, path);
  }
  assertEquals(ask("/api/clients/a", bearer(`${TOKEN}x`), "DELETE")?.status, 401);
  assertEquals(ask("/"), null);
});

Deno.test("[ADMIN-2] after ten wrong tokens in a second no token is compared until it is over", () => {
  const clock = { now: 5_000 };
  const ask = guarded(TOKEN, clock);
  const status = (token: string): number => ask("/metrics", bearer(token))?.status ?? 0;
  for (let i = 0; i < GUESSES_PER_SECOND; i++) assertEquals(status("wrong"), 401);
  assertEquals([status("wrong"), status(TOKEN), ask("/metrics")?.status], [429, 429, 401]);
  clock.now += 999;
  assertEquals(status(TOKEN), 429);
  clock.now += 1;
  assertEquals([status(TOKEN), status("wrong")], [0, 401]);
});

Deno.test("[ADMIN-4] a path that is none is 404, a method that it has not is 405 with those that it has", () => {
  const ask = guarded("");
  for (
    const path of [
      "",
      "/nothing",
      "/metrics/",
      "/api",
      "/api/clients/",
      "/api/clients/a/b",
      "/api/clients/%ff",
    ]
  ) {
    assertEquals(ask(path)?.status, 404, path);
  }
  for (const method of ["POST", "OPTIONS", "PUT", "get", "DELETE"]) {
    const refusal = ask("/api/clients", {}, method);
    assertEquals([refusal?.status, refusal?.headers], [405, { allow: "GET, HEAD" }], method);
  }
  assertEquals(ask("/api/clients/a", {}, "DELETE"), null);
  assertEquals(ask("/api/clients/a", {}, "PATCH")?.headers, { allow: "GET, HEAD, DELETE" });
  const routeOf = (path: string, query = ""): unknown => adminRouteOf({ path, query }, () => false);
  assertEquals(routeOf("/api/clients/a%2Fb%20%F0%9F%98%80"), { kind: "client", id: "a/b 😀" });
  assertEquals(routeOf("/api/client", "?id=.."), { kind: "client", id: ".." });
  assertEquals(routeOf("/api/client"), { kind: "none" });
});
