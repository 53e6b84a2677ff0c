/**
 * How the keys of tokens are looked up: what a source may do, how long old keys count, what is logged.
 *
 * Time is a number that the tests move; only the server with the keys, and one wait for it, are real.
 */
import { StartError } from "../../adapters/errors.ts";
import { checkAuthFiles } from "../../adapters/auth/jwt.ts";
import { settingsFrom } from "../../core/mod.ts";
import { assertEquals, assertRejects, assertStringIncludes } from "../support/assert.ts";
import {
  BROKEN,
  captureLog,
  makeDesk,
  makeKey,
  serveKeys,
  START_S,
} from "../support/key_server.ts";

const UNAVAILABLE = "Tokens cannot be checked now: try again later";
const UNKNOWN_KEY = "The token is signed with a key that is not known here";

const failing = (): Response => new Response("hush", { status: 503 });

Deno.test("[AUTH-4] whatever a URL answers, tokens are refused in words and one line is logged", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  const redirect = { status: 302, headers: { location: server.url } };
  const answers: [() => Response, string][] = [
    [failing, "the answer has status 503"],
    [() => new Response(null, redirect), "the answer has status 302"],
    [() => new Response("hush"), "it is not a JWKS"],
    [() => Response.json([key.jwk]), "it is not a JWKS"],
    [() => Response.json({ keys: ["hush"] }), "it is not a JWKS"],
    ...BROKEN,
  ];
  for (const [answer, why] of answers) {
    server.answer(answer);
    const lines = captureLog();
    const desk = makeDesk(server.url);
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => desk.ask(key.token)));
    assertEquals([...new Set(outcomes)], [UNAVAILABLE]);
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), `The keys of auth_jwks cannot be loaded: ${why}`);
    assertEquals(lines.join().includes("hush"), false);
  }
  assertEquals(server.asked(), answers.length);
});

Deno.test("[AUTH-4] a broken answer replaces no keys that worked", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  for (const [answer, why] of BROKEN) {
    const lines = captureLog();
    const desk = makeDesk(server.url);
    server.answer(() => Response.json({ keys: [key.jwk, { kty: "of tomorrow" }] }));
    assertEquals(await desk.ask(key.token), "proven");
    desk.pass(600_000);
    server.answer(answer);
    assertEquals(await desk.ask(key.token), "proven");
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), why);
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
    assertEquals(await makeDesk(server.url, 50).ask(key.token), UNAVAILABLE);
    assertStringIncludes(lines.join(), "no whole answer came in 50 ms");
  }
  stuck.resolve(new Response());
  const lines = captureLog();
  assertEquals(await makeDesk("http://127.0.0.1:1/keys").ask(key.token), UNAVAILABLE);
  assertEquals(lines.length, 1);
});

Deno.test("[AUTH-4] a URL without keys is asked again after 5 s, and logged every 30 s", async () => {
  const key = await makeKey("one");
  await using server = serveKeys(key.jwk);
  const keysAgain = (): Response => Response.json({ keys: [key.jwk] });
  server.answer(failing);
  const lines = captureLog();
  const desk = makeDesk(server.url);
  for (let second = 0; second <= 30; second++) {
    assertEquals(await desk.ask(key.token), UNAVAILABLE);
    desk.pass(1_000);
  }
  assertEquals([server.asked(), lines.length], [7, 2]);
  server.answer(keysAgain);
  desk.pass(4_000);
  assertEquals(await desk.ask(key.token), "proven");
});

Deno.test("[AUTH-4] keys are looked up every 10 minutes, and count for an hour when they cannot be", async () => {
  const [old, fresh] = [await makeKey("old"), await makeKey("fresh")];
  await using server = serveKeys(old.jwk);
  captureLog();
  const desk = makeDesk(server.url);
  assertEquals(await desk.ask(old.token), "proven");
  desk.pass(599_999);
  assertEquals([await desk.ask(old.token), server.asked()], ["proven", 1]);
  server.answer(failing);
  desk.pass(1);
  assertEquals([await desk.ask(old.token), server.asked()], ["proven", 2]);
  assertEquals([await desk.ask(old.token), server.asked()], ["proven", 2]);
  desk.pass(3_000_001);
  assertEquals([await desk.ask(old.token), server.asked()], [UNAVAILABLE, 3]);
  server.answer(() => Response.json({ keys: [fresh.jwk] }));
  desk.pass(5_000);
  assertEquals(await desk.ask(fresh.token), "proven");
  assertEquals(await desk.ask(old.token), UNKNOWN_KEY);
});

Deno.test("[AUTH-4] a file is read again when it changed, looked at every 10 s at most", async () => {
  const [old, fresh] = [await makeKey("old"), await makeKey("fresh")];
  const path = await Deno.makeTempFile();
  const lines = captureLog();
  try {
    await Deno.writeTextFile(path, JSON.stringify({ keys: [old.jwk] }));
    const desk = makeDesk(path);
    assertEquals(await desk.ask(old.token), "proven");
    await Deno.writeTextFile(path, JSON.stringify({ keys: [fresh.jwk] }));
    await Deno.utime(path, START_S, START_S);
    desk.pass(9_999);
    assertEquals(await desk.ask(fresh.token), UNKNOWN_KEY);
    desk.pass(1);
    assertEquals(await desk.ask(fresh.token), "proven");
    assertEquals(await desk.ask(old.token), UNKNOWN_KEY);
    desk.pass(7_200_000);
    assertEquals(await desk.ask(fresh.token), "proven", "an old file is no stale one");
    await Deno.writeTextFile(path, "hush");
    desk.pass(10_000);
    assertEquals(await desk.ask(fresh.token), "proven");
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), "it is not a JWKS");
  } finally {
    await Deno.remove(path);
  }
});

Deno.test("[AUTH-4] a private key in a JWKS is not used, and logged without it", async () => {
  const key = await makeKey("one");
  const secrets = [[key.secret], [key.secret, (await makeKey("two")).jwk]];
  const [alone = [], beside = []] = secrets;
  const cases = [
    [alone, UNAVAILABLE, "it has no public key that a token can be checked with"],
    [beside, "The key of the token cannot be used here", "A token could not be checked"],
  ] as const;
  for (const [keys, outcome, line] of cases) {
    await using server = serveKeys(...keys);
    const lines = captureLog();
    const desk = makeDesk(server.url);
    for (let i = 0; i < 20; i++) assertEquals(await desk.ask(key.token), outcome);
    assertEquals(lines.length, 1);
    assertStringIncludes(lines.join(), line);
    assertEquals(lines.join().includes(String(key.secret["d"])), false);
  }
});

Deno.test("[AUTH-4] a file that cannot be used is a mistake at the start, a URL is asked later", async () => {
  const check = (auth_jwks: string): Promise<void> =>
    checkAuthFiles(settingsFrom({ auth: "jwt", auth_jwks }));
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, "hush");
    const wrong = `Option auth_jwks: cannot use "${path}": it is not a JWKS`;
    await assertRejects(() => check(path), StartError, wrong);
    await Deno.writeTextFile(path, '{"keys":[]}');
    await assertRejects(() => check(path), StartError, "it has no public key");
    await Deno.writeTextFile(path, JSON.stringify({ keys: [(await makeKey("one")).jwk] }));
    await check(path);
  } finally {
    await Deno.remove(path);
  }
  await assertRejects(() => check(path), StartError, "Option auth_jwks: cannot use");
  await assertRejects(() => check("https://"), StartError, "Option auth_jwks: cannot use");
  await check("http://127.0.0.1:1/keys");
  await checkAuthFiles(settingsFrom());
});
