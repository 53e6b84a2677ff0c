/** Tokens that are JWTs: which count and until when, what a refusal says, and who may take over. */
import { createOwners, tokenOf as tokenFor } from "../../adapters/auth/owner.ts";
import { CLOSE, type Identity, millis, settingsFrom } from "../../core/mod.ts";
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { captured } from "../support/captured.ts";
import { makeDesk, makeKey, SECRET, serveKeys, START_S } from "../support/key_server.ts";
import { join, type Place, refusal } from "../support/peer_socket.ts";
import { serveBox, test } from "../support/served.ts";
import { opening, proven, refuses, world } from "../support/world.ts";

const NEW_KEYS = { extractable: true };
const ENDED = "The token has expired";
const GOOD = { sub: "alice", exp: START_S + 60 };
const JWT = { auth: "jwt", auth_secret: SECRET } as const;

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

interface Signer {
  readonly alg: string;
  readonly key: Pair["privateKey"] | Uint8Array;
  readonly kid?: string;
}

const HS256: Signer = { alg: "HS256", key: new TextEncoder().encode(SECRET) };

async function sign(claims: JWTPayload, { alg, key, kid }: Signer = HS256): Promise<string> {
  return await new SignJWT(claims).setProtectedHeader({ alg, ...(kid && { kid }) }).sign(key);
}

/** A token whose claims are this JSON, to the letter: a claim may be a number that JavaScript would not write. */
async function signed(claims: string): Promise<string> {
  const encode = (bytes: Uint8Array): string =>
    bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const text = new TextEncoder();
  const body = `${encode(text.encode('{"alg":"HS256"}'))}.${encode(text.encode(claims))}`;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", text.encode(SECRET), hmac, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, text.encode(body));
  return `${body}.${encode(new Uint8Array(signature))}`;
}

/** A token that ends so many seconds from now. */
async function tokenOf(sub: string, more: JWTPayload = {}, seconds = 60): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + seconds;
  return await sign({ sub, exp, jti: crypto.randomUUID(), ...more });
}

function encode(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("=", "");
}

async function publicKey({ publicKey }: Pair, kid: string): Promise<Record<string, unknown>> {
  return { ...await exportJWK(publicKey), kid };
}

/** Asserts that a token is refused. */
async function assertRefused(place: Place, id: string, token: string, msg: string): Promise<void> {
  assertEquals(await refusal(place, { id, token }), [msg, { code: 4006, reason: msg }]);
}

Deno.test("[AUTH-1] tokens by a secret, and by each kind of public key", async () => {
  const proves = (peers: readonly string[] = []): Identity =>
    proven("alice", peers, millis(65_000));
  const bySecret = makeDesk({ auth_secret: SECRET });
  assertEquals(await bySecret.check(await sign(GOOD)), proves());
  const claims = { ...GOOD, peers: ["a", "b"] };
  assertEquals(await bySecret.check(await sign(claims)), proves(["a", "b"]));
  const algorithms = ["EdDSA", "Ed25519"].concat(
    ["256", "384", "512"].flatMap((bits) => [`RS${bits}`, `PS${bits}`, `ES${bits}`]),
  );
  const pairs = await Promise.all(algorithms.map((alg) => generateKeyPair(alg, NEW_KEYS)));
  await using jwks = serveKeys(...await Promise.all(pairs.map((p, i) => publicKey(p, `k${i}`))));
  const desk = makeDesk(jwks.url);
  for (const [i, { privateKey }] of pairs.entries()) {
    const alg = algorithms[i] ?? "";
    assertEquals(
      await desk.check(await sign(GOOD, { alg, key: privateKey, kid: `k${i}` })),
      proves(),
      alg,
    );
  }
  assertEquals(jwks.asked(), 1);
});

Deno.test("[AUTH-2] a refusal says what is wrong, without anything of the token", async () => {
  const { ask } = makeDesk({ auth_secret: SECRET, max_token_length: 400 });
  const other = { ...HS256, key: new TextEncoder().encode(SECRET.toUpperCase()) };
  const malformed = "The token is not a valid JWT";
  const algorithm = "The algorithm of the token does not count here";
  const noList = "The claim peers of the token is not a list of texts";
  const tokens: [string | null, string][] = [
    [null, "A token is missing"],
    ["", "A token is missing"],
    ["x".repeat(401), "The token is too long"],
    ["hush", malformed],
    ["e30.e30.e30", malformed],
    ["..", malformed],
    [`${encode({ alg: "HS256", crit: ["hush"], hush: 1 })}.${encode(GOOD)}.AAAA`, malformed],
    [`${encode({ alg: "none" })}.${encode(GOOD)}.`, algorithm],
    [await sign(GOOD, { alg: "HS512", key: new Uint8Array(64) }), algorithm],
    [await sign(GOOD, other), "The signature of the token is wrong"],
    [await sign({ sub: "hush" }), "The token has no claim exp"],
    [await sign({ exp: GOOD.exp }), "The token has no claim sub"],
    [await sign({ ...GOOD, sub: "" }), "The claim sub of the token is not a text"],
    [await sign({ ...GOOD, ...Object({ sub: 7 }) }), "The claim sub of the token is not a text"],
    [await sign({ ...GOOD, peers: "hush" }), noList],
    [await sign({ ...GOOD, peers: ["a", 1] }), noList],
  ];
  for (const [token, reason] of tokens) assertEquals(await ask(token), reason);
});

Deno.test("[AUTH-2] a public key is no secret, and no token names its own key", async () => {
  const pair = await generateKeyPair("RS256", NEW_KEYS);
  const [one, two] = [await publicKey(pair, "one"), await publicKey(pair, "two")];
  await using jwks = serveKeys(one, two);
  const { ask } = makeDesk(jwks.url);
  for (const text of [await exportSPKI(pair.publicKey), JSON.stringify(one)]) {
    const key = new TextEncoder().encode(text);
    const token = await sign(GOOD, { alg: "HS256", key, kid: "one" });
    assertEquals(await ask(token), "The algorithm of the token does not count here");
  }
  const own = { alg: "RS256", key: pair.privateKey };
  const stranger = { alg: "RS256", key: (await generateKeyPair("RS256")).privateKey };
  const cases: [Signer, string][] = [
    [{ ...stranger, kid: "one" }, "The signature of the token is wrong"],
    [{ ...own, kid: "three" }, "The token is signed with a key that is not known here"],
    [own, "The token does not say which key signed it (kid)"],
  ];
  for (const [signer, reason] of cases) assertEquals(await ask(await sign(GOOD, signer)), reason);
});

Deno.test("[AUTH-1] a token for another application, or of another issuer, is refused", async () => {
  const [aud, iss] = ["signalbox", "https://id.example"];
  const desk = makeDesk({ auth_secret: SECRET, auth_audience: aud, auth_issuer: iss });
  const wrong = (claim: string): string =>
    `The claim ${claim} of the token is not the one asked for`;
  const cases: [JWTPayload, string][] = [
    [{ aud, iss }, "proven"],
    [{ aud: ["other", aud], iss }, "proven"],
    [{ aud: "other", iss }, wrong("aud")],
    [{ aud, iss: "https://evil.example" }, wrong("iss")],
    [{ iss }, "The token has no claim aud"],
  ];
  for (const [claims, outcome] of cases) {
    assertEquals(await desk.ask(await sign({ ...GOOD, ...claims })), outcome);
  }
});

const BEYOND = (claim: string): string => `The claim ${claim} of the token is beyond any date`;
const NO_NUMBER = (claim: string): string => `The claim ${claim} of the token is not a number`;

/** Texts of numbers, and what becomes of a token that has them as `exp`, 10.5 s after `START_S`. */
const EXP: readonly [outcome: string | number, ...exps: string[]][] = [
  [15_000, "2000000010", "200000001e1"],
  [15_250, "2000000010.25"],
  [11_000, "2000000006"],
  [10_501, "2000000005.501"],
  [10_900, "2000000005.9"],
  [8_638_000_000_005_000, "8640000000000"],
  [ENDED, "2000000005", "2000000005.5", "0", "-0", "-1", "-1e308", "-1e400", "5e-324"],
  [BEYOND("exp"), "8640000000000.1", "8640000000001", "8640000000000001", "1e308", "1e400"],
  [NO_NUMBER("exp"), '"2000000060"', '"never"', "null", "true", "[2000000060]", "{}"],
];

Deno.test("[AUTH-7] [AUTH-6] an exp of any value is an instant of the server's clock, or a reason", async () => {
  const desk = makeDesk({ auth_secret: SECRET });
  desk.pass(10_500);
  const check = async (claims: string): Promise<Identity> =>
    await desk.check(await signed(`{"sub":"a",${claims}}`));
  for (const [outcome, ...exps] of EXP) {
    const identity: Identity = typeof outcome === "string"
      ? { kind: "rejected", reason: outcome }
      : proven("a", [], millis(outcome));
    for (const exp of exps) assertEquals(await check(`"exp":${exp}`), identity, exp);
  }
  const missing = { kind: "rejected", reason: "The token has no claim exp" } as const;
  assertEquals(await check('"exp ":1'), missing);
  assertEquals(await check('"__proto__":{"exp":2000000060}'), missing);
  assertEquals(await check('"exp":9e99,"exp":1'), { kind: "rejected", reason: ENDED }, "the last");
});

Deno.test("[AUTH-7] nbf and iat of any value count, do not, or are refused with a reason", async () => {
  const desk = makeDesk({ auth_secret: SECRET });
  desk.pass(500);
  const odd = ['"1"', "null", "[]", "false"];
  const cases: [claim: string, outcome: string, values: string[]][] = [
    ["nbf", "proven", ["2000000005", "2000000005.5", "0", "-1", "5e-324"]],
    ["nbf", "The token is not valid yet", [
      "2000000005.501",
      "2000000006",
      "8640000000001",
      "1e308",
      "1e400",
    ]],
    ["nbf", BEYOND("nbf"), ["-8640000000001", "-1e308", "-1e400"]],
    ["nbf", NO_NUMBER("nbf"), odd],
    ["iat", "proven", ["2000000000", "3000000000", "0", "-1", "0.5"]],
    ["iat", BEYOND("iat"), ["1e308", "1e400", "-1e308"]],
    ["iat", NO_NUMBER("iat"), odd],
  ];
  for (const [claim, outcome, values] of cases) {
    for (const value of values) {
      const token = await signed(`{"sub":"a","exp":2000000060,"${claim}":${value}}`);
      assertEquals(await desk.ask(token), outcome, `${claim} ${value}`);
    }
  }
});

Deno.test("[AUTH-6] [AUTH-4] a wait for keys moves no end", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  const desk = makeDesk(server.url);
  server.answer(() => {
    desk.pass(4_000);
    return Response.json({ keys: [key.jwk] });
  });
  assertEquals(await desk.check(key.token), proven("alice", [], millis(86_405_000)));
});

Deno.test("[AUTH-1] where tokens are asked for, a socket whose token nobody checked is refused", () => {
  const w = world(JWT);
  assertEquals(w.step(opening(1)), refuses(1, CLOSE.notAuthorized, "The token was not checked"));
});

Deno.test("[SET-2] options of auth that do not fit together are refused, and a secret is not shown", () => {
  const mistakes = [
    [{ auth: "jwt" }, "needs one of auth_secret and auth_jwks"],
    [{ ...JWT, auth_jwks: "keys.json" }, "needs one of"],
    [{ auth_secret: SECRET }, "need auth jwt"],
    [{ auth_http: true }, "need auth jwt"],
    [{ auth: "jwt", auth_secret: "short" }, "Option auth_secret must be 32 or more characters."],
  ] as const;
  for (const [given, message] of mistakes) {
    assertThrows(() => settingsFrom(given), RangeError, message);
  }
});

Deno.test("[AUTH-2] [AUTH-3] a new token of the subject takes over, others are refused, and no token is logged", async () => {
  const lines = captured(({ message, properties }) => JSON.stringify([message, properties]));
  await using server = serveBox(JWT);
  const peers = { peers: ["room"] };
  const tokens = [
    await tokenOf("alice", peers),
    await tokenOf("alice", peers),
    await tokenOf("mallory"),
    await tokenOf("alice", {}, -100),
    await tokenOf("bob", peers),
  ];
  const [one, two, mallory = "", expired = "", bob = ""] = tokens;
  const assertBoth = async (): Promise<void> => {
    await assertRefused(server, "alice", mallory, "The token is not for this id");
    await assertRefused(server, "alice", expired, ENDED);
  };
  await assertBoth();
  await using old = await join(server, "alice", { token: one ?? "" });
  await assertBoth();
  await using fresh = await join(server, "alice", { token: two ?? "" });
  assertEquals((await old.closed).code, 4000);
  await using shared = await join(server, "room", { token: two ?? "" });
  const [msg, { code }] = await refusal(server, { id: "room", token: bob });
  assertEquals([msg, code], ["ID is taken", 4001]);
  for (const socket of [fresh, shared]) assertEquals((await socket.fence()).closed, null);
  assert(lines.length > 0);
  for (const part of tokens.flatMap((token) => [token, token.split(".")[2] ?? ""])) {
    assert(!lines.join("\n").includes(part), "a token is in the log");
  }
});

Deno.test("[AUTH-5] ids and peers over HTTP ask for a token where they are to", async () => {
  await using server = serveBox({ ...JWT, auth_http: true, allow_discovery: true });
  const token = await tokenOf("alice");
  const get = (url: string, authorization?: string): Promise<Response> =>
    fetch(url, { headers: authorization === undefined ? {} : { authorization } });
  for (const path of ["peerjs/id", "peerjs/peers"]) {
    const url = `${server.url}${path}`;
    const answers = [
      await get(url),
      await get(url, `Bearer ${token}x`),
      await get(url, `Bearer ${token}`),
      await get(`${url}?token=${token}`),
    ];
    const wanted = answers.map(({ headers }) => headers.get("www-authenticate"));
    assertEquals(answers.map(({ status }) => status), [401, 401, 200, 200]);
    assertEquals(wanted, ["Bearer", "Bearer", null, null]);
    const [missing, wrong] = await Promise.all(answers.map((answer) => answer.text()));
    assertEquals(missing, "A token is missing.\n");
    assertEquals(wrong, "The signature of the token is wrong.\n");
  }
  await using open = serveBox(JWT);
  assertEquals((await (await get(`${open.url}peerjs/id`)).text()).length, 36);
});

test.served("[AUTH-6] a client whose token ends is told so and closed with 4011, and comes back with a new one", async ({ serve }) => {
  await using served = await serve({ ...JWT, auth_expiry: "close" });
  const open = async (id: string, seconds: number): ReturnType<typeof join> =>
    await join(served, id, { token: await tokenOf("a", { peers: ["b", "c"] }, seconds) });
  // A token that ended 3 s ago counts for 2 s more: clocks may differ by 5.
  await using brief = await open("a", -2);
  await using long = await open("b", 3_600);
  await using old = await open("c", -2);
  await using renewed = await open("c", 3_600);
  assertEquals((await old.closed).code, 4000);
  assertEquals(await brief.next(), { type: "ERROR", payload: { msg: ENDED } });
  assertEquals(await brief.closed, { code: 4011, reason: ENDED });
  assertEquals(served.signaling.clientCount(), 2);
  await using _again = await open("a", 3_600);
  for (const socket of [long, renewed]) {
    assertEquals(await socket.fence(), { frames: [], closed: null });
  }
});

test.served("[AUTH-7] a header of more than 1,024 characters is refused unread, one of as many is read", async ({ serve }) => {
  await using served = await serve(JWT);
  const colliding = Array.from({ length: 200 }, (_, i) => String(131_072 * (i + 1)));
  const tooLong = "The header of the token is too long";
  const cases = [
    ["A".repeat(1_025), tooLong],
    [encode({ alg: "HS256", x: colliding }), tooLong],
    ["A".repeat(1_024), "The token is not a valid JWT"],
  ] as const;
  for (const [header, msg] of cases) await assertRefused(served, "a", `${header}.e30.AAAA`, msg);
});

Deno.test("[OPEN-4] [REC-5] a token becomes an owner of fixed size: equal tells equal, and no more", () => {
  const ownerOf = createOwners(settingsFrom());
  assertEquals(ownerOf("sesame"), ownerOf(["ses", "ame"].join("")));
  assert(ownerOf("sesame") !== ownerOf("Sesame"));
  assertEquals(new Set(["\ud800", "\ud801", "\ufffd", "a\0", "a"].map(ownerOf)).size, 5);
  for (const text of ["", "s", "sesame", "x".repeat(4_096), "😀", "\ud800", "\0"]) {
    assertEquals(ownerOf(text).length, 22, text.slice(0, 9));
  }
  assert(
    createOwners(settingsFrom())("sesame") !== ownerOf("sesame"),
    "each server has a key of its own",
  );
});

Deno.test("[OPEN-1] [OPEN-3] of a token its length and its control characters are told", () => {
  const ownerOf = createOwners(settingsFrom());
  assertEquals(tokenFor(null, ownerOf), null);
  assertEquals(tokenFor("", ownerOf), null);
  for (const [text, hasControl] of [["t", false], ["t\n", true], ["\x7f", true], ["é😀", false]]) {
    const given = String(text);
    const owner = ownerOf(given);
    assertEquals(tokenFor(given, ownerOf), { owner, length: given.length, hasControl });
  }
});

Deno.test("[CLUSTER-31] the nodes of a cluster agree on digests, by its secret or else by its name", () => {
  const cluster = "redis://localhost";
  const digest = (cluster_secret: string, cluster_namespace = "n"): string =>
    createOwners(settingsFrom({ cluster, cluster_secret, cluster_namespace }))("sesame");
  const [one, other] = ["secret of the cluster", "secret of another"];
  assertEquals([digest(one), digest(one, "m")], [digest(one), digest(one)]);
  assertEquals(digest(""), digest(""));
  const all = [digest(one), digest(other), digest(""), digest("", "m")];
  assertEquals(new Set(all).size, all.length);
});
