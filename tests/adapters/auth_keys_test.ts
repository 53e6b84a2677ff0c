/**
 * How the keys of tokens are looked up: what a source may do, who waits for it, how long old keys count, and what is
 * logged. Time is a number that the tests move. A URL that keys come from can have a password, a path or a query that
 * nobody may read: none of it is in the log, whatever goes wrong, nor in a mistake at the start.
 */
import { createLocalJWKSet } from "jose";
import { StartError } from "../../adapters/errors.ts";
import { checkAuthFiles } from "../../adapters/auth/jwt.ts";
import { cachedKeys, type Keys, keySource } from "../../adapters/auth/key_set.ts";
import { logFault } from "../../adapters/observe/log.ts";
import { settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals, assertRejects, assertStringIncludes } from "../support/assert.ts";
import { parse } from "../support/command_line.ts";
import { makeFolder, makePipe } from "../support/folder.ts";
import { BROKEN, captureLog, Desk, makeKey, serveKeys, START_S } from "../support/key_server.ts";

const UNAVAILABLE = "Tokens cannot be checked now: try again later";
const UNKNOWN_KEY = "The token is signed with a key that is not known here";

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

const failing = (): Response => new Response("hush", { status: 503 });

Deno.test("[AUTH-4] [FAULT-26] a broken answer replaces no keys that worked, and is logged with the origin at most", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  for (const [answer, why] of BROKEN) {
    const lines = captureLog();
    const desk = new Desk(withSecrets(server.url));
    server.answer(() => Response.json({ keys: [key.jwk, { kty: "of tomorrow" }] }));
    assertEquals(await desk.ask(key.token), "proven");
    desk.pass(600_000);
    server.answer(answer);
    assertEquals(await desk.ask(key.token), "proven");
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), `The keys of auth_jwks cannot be loaded: ${why}`);
    assert(!lines.join().includes("hush"), lines.join());
  }
  assertEquals(server.asked(), 2 * BROKEN.length);
});

Deno.test("[AUTH-4] a URL that does not answer, or not to the end, is given up", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  const stuck = Promise.withResolvers<Response>();
  const half = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start: (controller) => controller.enqueue(new Uint8Array([123])),
  });
  for (const answer of [() => stuck.promise, () => new Response(half)]) {
    server.answer(answer);
    const lines = captureLog();
    assertEquals(await new Desk(server.url, 50).ask(key.token), UNAVAILABLE);
    assertStringIncludes(lines.join(), "no whole answer came in 50 ms");
  }
  stuck.resolve(new Response());
});

Deno.test("[AUTH-4] keys of a URL are looked up every 10 minutes, count for an hour, and a failure is logged every 30 s", async () => {
  const [old, fresh] = [await makeKey("old"), await makeKey("fresh")];
  await using server = serveKeys(old.jwk);
  const lines = captureLog();
  const desk = new Desk(server.url);
  const ask = async (token: string): Promise<[string, number]> => [
    await desk.ask(token),
    server.asked(),
  ];
  assertEquals(await ask(old.token), ["proven", 1]);
  desk.pass(599_999);
  assertEquals(await ask(old.token), ["proven", 1]);
  server.answer(failing);
  desk.pass(1);
  for (let i = 0; i < 2; i++) assertEquals(await ask(old.token), ["proven", 2]);
  desk.pass(3_000_001);
  lines.length = 0;
  for (let second = 0; second <= 30; second++) {
    assertEquals(await ask(old.token), [UNAVAILABLE, 3 + Math.floor(second / 5)]);
    desk.pass(1_000);
  }
  assertEquals(lines.length, 2);
  server.answer(() => Response.json({ keys: [fresh.jwk] }));
  desk.pass(4_000);
  assertEquals([await desk.ask(fresh.token), await desk.ask(old.token)], ["proven", UNKNOWN_KEY]);
});

Deno.test("[AUTH-4] a new key is found by one look, and unknown ones cause no more of them", async () => {
  const [first, second] = [await makeKey("first"), await makeKey("second")];
  const strangers = await Promise.all(Array.from({ length: 20 }, (_, i) => makeKey(`no ${i}`)));
  await using jwks = serveKeys(first.jwk);
  const { ask, pass } = new Desk(jwks.url);
  assertEquals(await ask(first.token), "proven");
  jwks.answer(() => Response.json({ keys: [first.jwk, second.jwk] }));
  const flood = async (): Promise<void> => {
    const outcomes = await Promise.all(strangers.map(({ token }) => ask(token)));
    assertEquals([...new Set(outcomes)], [UNKNOWN_KEY]);
  };
  pass(29_999);
  await flood();
  assertEquals(jwks.asked(), 1);
  pass(1);
  assertEquals(await ask(second.token), "proven");
  await flood();
  assertEquals(jwks.asked(), 2);
});

Deno.test("[AUTH-4] a file is a mistake at the start where it cannot be used, and is read again when it changed, looked at every 10 s at most", async () => {
  const [old, fresh] = [await makeKey("old"), await makeKey("fresh")];
  await using folder = await makeFolder();
  const path = `${folder.path}/keys`;
  const write = (text: string): Promise<void> => Deno.writeTextFile(path, text);
  const check = (auth_jwks: string): Promise<void> =>
    checkAuthFiles(settingsFrom({ auth: "jwt", auth_jwks }));
  const useless = { "hush": "it is not a JWKS", '{"keys":[]}': "it has no public key" };
  for (const [text, why] of Object.entries(useless)) {
    await write(text);
    const message = `Option auth_jwks: cannot use "${path}": ${why}`;
    await assertRejects(() => check(path), StartError, message);
  }
  for (const place of [`${path}.nowhere`, "https://"]) {
    await assertRejects(() => check(place), StartError, "Option auth_jwks: cannot use");
  }
  await check("http://127.0.0.1:1/keys");
  await checkAuthFiles(settingsFrom());
  await write(JSON.stringify({ keys: [old.jwk] }));
  await check(path);
  const lines = captureLog();
  const desk = new Desk(path);
  assertEquals(await desk.ask(old.token), "proven");
  await write(JSON.stringify({ keys: [fresh.jwk] }));
  await Deno.utime(path, START_S, START_S);
  desk.pass(9_999);
  assertEquals(await desk.ask(fresh.token), UNKNOWN_KEY);
  desk.pass(1);
  assertEquals([await desk.ask(fresh.token), await desk.ask(old.token)], ["proven", UNKNOWN_KEY]);
  desk.pass(7_200_000);
  assertEquals(await desk.ask(fresh.token), "proven", "an old file is no stale one");
  await write("hush");
  desk.pass(10_000);
  assertEquals(await desk.ask(fresh.token), "proven");
  assertEquals(lines.length, 1);
  assertStringIncludes(lines.join(), "it is not a JWKS");
});

Deno.test("[AUTH-4] a private key in a JWKS is not used, and logged without it", async () => {
  const key = await makeKey("one");
  const beside = [key.secret, (await makeKey("two")).jwk];
  const cases = [
    [[key.secret], UNAVAILABLE, "it has no public key that a token can be checked with"],
    [beside, "The key of the token cannot be used here", "A token could not be checked"],
  ] as const;
  for (const [keys, outcome, line] of cases) {
    await using server = serveKeys(...keys);
    const lines = captureLog();
    const desk = new Desk(server.url);
    for (let i = 0; i < 20; i++) assertEquals(await desk.ask(key.token), outcome);
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), line);
    assertEquals(lines.join().includes(String(key.secret["d"])), false);
  }
});

interface Shelf {
  readonly pass: (ms: number) => void;
  readonly ask: (kid?: string) => Promise<string>;
  /** The looks so far, each to be settled by the test. */
  readonly looks: PromiseWithResolvers<Keys>[];
  readonly complaints: unknown[];
}

/** Keys that are looked up every 1,000 s, and at the most every 100 s: "one" is known, and to be looked up again. */
async function makeStaleShelf(): Promise<Shelf> {
  let ms = 0;
  const looks: PromiseWithResolvers<Keys>[] = [];
  const complaints: unknown[] = [];
  const load = (): Promise<Keys> => {
    const look = Promise.withResolvers<Keys>();
    looks.push(look);
    return look.promise;
  };
  const find = cachedKeys({
    source: { load, maxAgeMs: 1_000_000, cooldownMs: 100_000 },
    now: () => ms,
    reportFault: (_what, why) => complaints.push(why),
  });
  const ask = async (kid = "one"): Promise<string> => {
    try {
      await find({ alg: "EdDSA", kid }, { payload: "", signature: "" });
      return "found";
    } catch (error) {
      return Object(error).constructor.name;
    }
  };
  const first = ask();
  const keys = JSON.stringify({ keys: [(await makeKey("one")).jwk] });
  looks[0]?.resolve(createLocalJWKSet(JSON.parse(keys)));
  assertEquals(await first, "found");
  ms += 1_000_000;
  return { pass: (more) => ms += more, ask, looks, complaints };
}

const FAULT = new Error("broken");

Deno.test("[AUTH-4] after a look that failed the next comes 5 s after its end, and known keys stay", async () => {
  const shelf = await makeStaleShelf();
  const second = shelf.ask();
  shelf.pass(5_000);
  shelf.looks[1]?.reject(FAULT);
  assertEquals([await second, shelf.looks.length], ["found", 2]);
  for (let failures = 2; failures < 10; failures++) {
    shelf.pass(4_999);
    assertEquals([await shelf.ask(), shelf.looks.length], ["found", failures]);
    shelf.pass(1);
    assertEquals([await shelf.ask(), shelf.looks.length], ["found", failures + 1]);
    assertEquals(await shelf.ask("two"), "JWKSNoMatchingKey");
    shelf.looks[failures]?.reject(FAULT);
    for (let turns = 0; turns < 20; turns++) await null;
    assertEquals(shelf.complaints.length, failures);
  }
});

Deno.test("[AUTH-4] while a look hangs after one that failed, who has a known key does not wait", async () => {
  const shelf = await makeStaleShelf();
  const second = shelf.ask();
  shelf.looks[1]?.reject(FAULT);
  await second;
  shelf.pass(5_000);
  for (let i = 0; i < 100; i++) {
    assertEquals([await shelf.ask(), await shelf.ask("two")], ["found", "JWKSNoMatchingKey"]);
  }
  assertEquals(shelf.looks.length, 3);
  shelf.pass(3_000_000);
  const late = shelf.ask();
  shelf.looks[2]?.reject(FAULT);
  assertEquals(await late, "KeysUnavailable", "an hour old");
});

Deno.test({
  name: "[AUTH-4] a file that does not come to its end is given up",
  // The read that was given up ends when its thread does, which may be after the test.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(): Promise<void> {
    await using folder = await makeFolder();
    const path = `${folder.path}/keys`;
    await makePipe(path);
    await assertRejects(keySource(path, 50).load, Error, "no whole answer came in 50 ms");
    (await Deno.open(path, { write: true })).close();
  },
});

Deno.test("[AUTH-4] [FAULT-26] whatever goes wrong at a URL with secrets in it, tokens are refused in words and one line is logged, with its origin at most", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  const look = async (url: string): Promise<string> => {
    const lines = captureLog();
    const desk = new Desk(withSecrets(url));
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => desk.ask(key.token)));
    assertEquals([...new Set(outcomes)], [UNAVAILABLE]);
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
  assertStringIncludes(lines[0] ?? "", "/tests/adapters/auth_keys_test.ts:");
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
    const check = (): Promise<void> => checkAuthFiles(settingsFrom({ auth: "jwt", auth_jwks }));
    const error = await assertRejects(check, StartError, "Option auth_jwks: cannot use ");
    assert(!String(error).includes("hush"), String(error));
  }
  const { message } = new StartError(`Option x: ${withSecrets("http://a.example:80")}.`, 2);
  assertEquals(message, "Option x: http://a.example/….");
  const file = 'Option sslkey: "/a/b?c.pem"';
  assertEquals(new StartError(file, 2).message, file);
  const url = "https://hush:hush@example.com/hush?hush";
  const mistakes = [
    ["--auth", "jwt", "--auth_jwks", `${url}\n`],
    ...["--auth", "--host", "--port", "--path", "--cors", "--trusted_proxies", "auth_jwks"]
      .map((flag) => [flag, url]),
    ["--cors", `${url}#hush`],
    ["--key", `${url}#`],
    [url],
    ...["--auth-jwk", "--no-allow_discovery", "--allow_discovery"].map((
      flag,
    ) => [`${flag}=${url}`]),
  ];
  for (const args of mistakes) {
    const command = parse(args);
    assert(command.kind === "mistake", args.join(" "));
    assert(!command.message.includes("hush"), command.message);
  }
});
