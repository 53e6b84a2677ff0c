/**
 * A URL that keys come from can have a password, a path or a query that nobody may read: none of it is in the log,
 * whatever goes wrong, nor in a mistake at the start.
 */
import { StartError } from "../../adapters/errors.ts";
import { checkAuthFiles } from "../../adapters/auth/jwt.ts";
import { logFault } from "../../adapters/observe/log.ts";
import { settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals, assertStringIncludes } from "../support/assert.ts";
import { parse } from "../support/command_line.ts";
import { BROKEN, captureLog, makeDesk, makeKey, serveKeys } from "../support/key_server.ts";

/** The URL of a server, with a secret wherever there can be one. */
function withSecrets(url: string): string {
  const { host } = new URL(url);
  return `http://hush:hush@${host}/hush/(hush)'hush?key=hush&x=hush,hush#hush`;
}

/** A server that begins with these bytes, and then resets the connection. */
function resetting(bytes: string): { url: string } & Disposable {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const serve = async (): Promise<void> => {
    for await (const conn of listener) {
      // What was not read when it is closed makes the close a reset.
      if (bytes !== "") await conn.write(new TextEncoder().encode(bytes));
      conn.close();
    }
  };
  const served = serve().catch(() => {});
  void served;
  return {
    url: `http://127.0.0.1:${listener.addr.port}/`,
    [Symbol.dispose]: () => listener.close(),
  };
}

Deno.test("[AUTH-4] [FAULT-26] whatever goes wrong at a URL with secrets in it, tokens are refused in words and one line is logged, with its origin at most", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  const look = async (url: string): Promise<string> => {
    const lines = captureLog();
    const desk = makeDesk(withSecrets(url));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => desk.ask(key.token)));
    assertEquals([...new Set(outcomes)], ["Tokens cannot be checked now: try again later"]);
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), "The keys of auth_jwks cannot be loaded");
    assert(!lines.join().includes("hush"), lines.join());
    return lines.join();
  };
  const half = "HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{";
  for (const bytes of ["", "hush", "HTTP/1.1 ", half]) {
    using reset = resetting(bytes);
    await look(reset.url);
  }
  const closed = resetting("");
  closed[Symbol.dispose]();
  assertStringIncludes(await look(closed.url), `(${closed.url}…)`);
  await look("http://no-such-host.invalid/");
  const location = withSecrets(server.url);
  for (const status of [301, 302, 303, 307, 308]) {
    server.answer(() => new Response(null, { status, headers: { location } }));
    assertStringIncludes(await look(server.url), `the answer has status ${status}`);
  }
  const asked = server.asked();
  const answers: (readonly [() => Response, string])[] = [
    [() => new Response("hush", { status: 503 }), "the answer has status 503"],
    [() => new Response("hush"), "it is not a JWKS"],
    [() => Response.json([key.jwk]), "it is not a JWKS"],
    [() => Response.json({ keys: ["hush"] }), "it is not a JWKS"],
    ...BROKEN,
  ];
  for (const [answer, why] of answers) {
    server.answer(answer);
    assertStringIncludes(await look(server.url), `The keys of auth_jwks cannot be loaded: ${why}`);
  }
  assertEquals(server.asked() - asked, answers.length, "one look for all who wait");
});

Deno.test("[FAULT-26] an exception is logged with the origins of its URLs, and with its files", () => {
  const lines = captureLog();
  const error = new Error(`no answer from ${withSecrets("https://example.com")}: reset`);
  logFault("A hook failed", error);
  logFault("A hook failed", withSecrets("https://example.com"));
  assert(!lines.join().includes("hush"), lines.join());
  assertStringIncludes(lines[0] ?? "", "no answer from http://example.com/…: reset");
  assertStringIncludes(lines[0] ?? "", "/tests/adapters/auth_urls_test.ts:");
  assertEquals(lines[1], "A hook failed: http://example.com/…");
});

Deno.test("[FAULT-26] [SET-2] a mistake at the start shows the origin of a URL at most, and the path of a file", async () => {
  const places = [
    "https://hush:hush@example.com:99999/hush?hush",
    "https://hush:hu sh@example.com:99999/hush",
    'https://hush"hush@example.com:x/"hush',
    "https://?hush",
    "HTTPS://[hush/hush",
  ];
  for (const auth_jwks of places) {
    const error = await checkAuthFiles(settingsFrom({ auth: "jwt", auth_jwks })).then(
      () => null,
      (error: unknown) => error,
    );
    assert(error instanceof StartError);
    assertStringIncludes(error.message, "Option auth_jwks: cannot use ");
    assert(!error.message.includes("hush"), error.message);
  }
  const { message } = new StartError(`Option x: ${withSecrets("http://a.example:80")}.`, 2);
  assertEquals(message, "Option x: http://a.example/….");
  assertEquals(
    new StartError('Option sslkey: "/a/b?c.pem"', 2).message,
    'Option sslkey: "/a/b?c.pem"',
  );
  const url = "https://hush:hush@example.com/hush?hush";
  const mistakes = [
    ["--auth", "jwt", "--auth_jwks", `${url}\n`],
    ["--auth", url],
    ["--host", url],
    ["--port", url],
    ["--path", url],
    ["--cors", url],
    ["--cors", `${url}#hush`],
    ["--trusted_proxies", url],
    ["--key", `${url}#`],
    ["auth_jwks", url],
    [url],
    [`--auth-jwk=${url}`],
    [`--no-allow_discovery=${url}`],
    [`--allow_discovery=${url}`],
  ];
  for (const args of mistakes) {
    const command = parse(args);
    assert(command.kind === "mistake", args.join(" "));
    assert(!command.message.includes("hush"), command.message);
  }
});
