/** Presence in a page, by the browser's own `EventSource`, as the example in adapters/http/README.md does it. */
import { startProxy } from "../cluster/proxy.ts";
import { assertEquals } from "../support/assert.ts";
import { join } from "../support/peer_socket.ts";
import { readText } from "../tools/docs.ts";
import { test, wait } from "./lab.ts";

test("[HTTP-15] [HTTP-16] [HTTP-17] a page is told who is there, who comes and who goes, and has the list again after a lost network or a proxy without its server", async (lab) => {
  const server = await lab.serve("--allow_discovery");
  await using front = startProxy(server.port);
  const odd = '"ü\\ 😀\u2028';
  await using _odd = await join(server, odd);
  const tab = await lab.tab();
  const [, example = ""] = /```js ignore\n(const peers[^]*?)```/.exec(
    await readText("adapters/http/README.md"),
  ) ?? [];
  const url = `http://127.0.0.1:${front.port}/`;
  // The first answer is that of a proxy whose server is away.
  const answers = [new Response(null, { status: 502 })];
  await using gate = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    ({ url: asked }) =>
      answers.pop() ?? new Response(null, {
        status: 307,
        headers: {
          location: url + new URL(asked).pathname.slice(1),
          "access-control-allow-origin": "*",
        },
      }),
  );
  const script = example
    .replace("http://localhost:9000/", `http://127.0.0.1:${gate.addr.port}/`)
    .replace("console.log(", "show(");
  await tab.run("script", script);
  const shown = async (): Promise<unknown> => (await wait(tab, "page", "show")).detail;
  assertEquals(await shown(), [odd]);

  const alice = await lab.arrive(server, "alice");
  assertEquals(await shown(), [odd, "alice"]);
  await alice.tab.run("disconnect", "alice");
  assertEquals(await shown(), [odd]);

  front.cut();
  await using _bob = await join(server, "bob");
  front.heal();
  assertEquals(await shown(), [odd, "bob"]);
});
