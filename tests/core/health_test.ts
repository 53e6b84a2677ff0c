/** Health and readiness, as functions of the state and the time; and what asks for presence. */
import { acceptsEvents, millis, type State, unreadiness } from "../../core/mod.ts";
import { emptyCluster } from "../../core/cluster/member.ts";
import { assertEquals } from "../support/assert.ts";
import { ask } from "../support/ask.ts";
import { world } from "../support/world.ts";

Deno.test("[HTTP-13] [HTTP-14] a server that takes clients is healthy and ready, for anybody who asks", () => {
  const jwt = { auth: "jwt", auth_secret: "s".repeat(32), auth_http: true } as const;
  for (const [path, body] of [["healthz", "ok\n"], ["readyz", "ready\n"]]) {
    const reply = ask({ path: "/x", ...jwt }, { path: `/x/${path}` });
    assertEquals([reply.status, reply.body], [200, body]);
    assertEquals(ask({ path: "/x" }, { path: `/x/${path}`, method: "POST" }).status, 405);
  }
});

Deno.test("[HTTP-13] [HTTP-14] one that is stopping, and full, is healthy, and says why it is not ready", () => {
  const w = world({ concurrent_limit: 1 });
  const ready = (state: State): unknown[] => {
    const { status, body } = ask({}, { path: "/readyz", state });
    return [status, body];
  };
  w.open(1, "a");
  assertEquals(ready(w.state), [503, "full\n"]);
  w.step({ kind: "shutdown-requested" });
  assertEquals(ready(w.state), [503, "stopping\n"]);
  assertEquals(ready({ ...w.state, rules: { ...w.state.rules, concurrent_limit: 0 } }), [
    503,
    "stopping\nfull\n",
  ]);
  assertEquals(ask({}, { path: "/healthz", state: w.state }).status, 200);
});

Deno.test("[HTTP-14] a node is ready while it is joined and its lease is not over", () => {
  const { state } = world();
  const lost = { ...emptyCluster(millis(100)), leaseUntil: millis(2_000) };
  const node = { ...lost, phase: "joined" } as const;
  const wordsAt = (now: number, cluster: typeof lost = node): readonly string[] =>
    unreadiness({ state: { ...state, cluster }, now: millis(now) });
  assertEquals(wordsAt(100, emptyCluster(millis(100))), ["engine"], "it never joined");
  assertEquals([wordsAt(1_999), wordsAt(2_000)], [[], ["engine"]]);
  assertEquals(wordsAt(1_999, lost), ["engine"], "it admits nobody while the engine is away");
});

Deno.test("[HTTP-15] who accepts server-sent events gets them in place of the list", () => {
  const events = ["text/event-stream", "TEXT/Event-Stream", "*/*;q=0.1 ,\ttext/event-stream;q=1"];
  for (const accept of events) assertEquals(acceptsEvents(accept), true, accept);
  const others = [
    null,
    "",
    "*/*",
    "text/*",
    "text/event-streams",
    "xtext/event-stream",
    "a/b;text",
  ];
  for (const accept of others) assertEquals(acceptsEvents(accept), false, String(accept));
  const get = { path: "/peerjs/peers", accept: "text/event-stream" };
  const on = { allow_discovery: true };
  const { status, headers, isStream } = ask(on, get);
  assertEquals([status, headers["content-type"], isStream], [200, "text/event-stream", true]);
  assertEquals(headers["cache-control"], "no-store, no-transform");
  const head = ask(on, { ...get, method: "HEAD" });
  assertEquals([head.status, head.headers, head.isStream], [200, headers, undefined]);
  assertEquals(ask(on, { ...get, accept: "*/*" }).body, "[]");
  assertEquals(ask({}, get).status, 401);
  assertEquals(ask(on, { ...get, path: "/wrong/peers" }).status, 401);
});

Deno.test("[HTTP-17] a server that is stopping begins no stream", () => {
  const w = world();
  w.step({ kind: "shutdown-requested" });
  const get = { path: "/peerjs/peers", accept: "text/event-stream", state: w.state };
  const { status, body, isStream } = ask({ allow_discovery: true }, get);
  assertEquals([status, isStream], [503, undefined]);
  assertEquals(body, "The server is shutting down: try again later.\n");
});
