/** Tokens that are JWTs: which count and until when, what a refusal says, and who may take over. */
import { createOwners } from "../../adapters/auth/owner.ts";
import { type Identity, millis, settingsFrom } from "../../core/mod.ts";
import {
  CompactSign,
  exportJWK,
  exportSPKI,
  generateKeyPair,
  type JWTPayload,
  SignJWT,
} from "jose";
import { assert, assertEquals } from "../support/assert.ts";
import { Desk, makeKey, SECRET, serveKeys, START_S } from "../support/key_server.ts";
import { join, type Place, refusal } from "../support/peer_socket.ts";
import { serveBox, test } from "../support/served.ts";
import { proven } from "../support/world.ts";

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
  const { alg, key } = HS256;
  return await new CompactSign(new TextEncoder().encode(claims)).setProtectedHeader({ alg }).sign(
    key,
  );
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
  const bySecret = new Desk({ auth_secret: SECRET });
  assertEquals(await bySecret.check(await sign(GOOD)), proves());
  const claims = { ...GOOD, peers: ["a", "b"] };
  assertEquals(await bySecret.check(await sign(claims)), proves(["a", "b"]));
  const algorithms = ["EdDSA", "Ed25519"].concat(
    ["256", "384", "512"].flatMap((bits) => [`RS${bits}`, `PS${bits}`, `ES${bits}`]),
  );
  const pairs = await Promise.all(algorithms.map((alg) => generateKeyPair(alg, NEW_KEYS)));
  await using jwks = serveKeys(...await Promise.all(pairs.map((p, i) => publicKey(p, `k${i}`))));
  const desk = new Desk(jwks.url);
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
  const { ask } = new Desk({ auth_secret: SECRET, max_token_length: 400 });
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
  const { ask } = new Desk(jwks.url);
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
  const desk = new Desk({ auth_secret: SECRET, auth_audience: aud, auth_issuer: iss });
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

const EARLY = "The token is not valid yet";
const BEYOND = (claim: string): string => `The claim ${claim} of the token is beyond any date`;
const NO_NUMBER = (claim: string): string => `The claim ${claim} of the token is not a number`;

/** Texts of numbers, and what becomes of a token that has them as a claim, 10.5 s after `START_S`. */
const TIMES: readonly [claim: string, outcome: string | number, ...values: string[]][] = [
  ["exp", 15_000, "2000000010", "200000001e1"],
  ["exp", 15_250, "2000000010.25"],
  ["exp", 11_000, "2000000006"],
  ["exp", 10_501, "2000000005.501"],
  ["exp", 10_900, "2000000005.9"],
  ["exp", 8_638_000_000_005_000, "8640000000000"],
  ["exp", ENDED, "2000000005", "2000000005.5", "0", "-0", "-1", "-1e308", "-1e400", "5e-324"],
  ["exp", BEYOND("exp"), "8640000000000.1", "8640000000001", "8640000000000001", "1e308", "1e400"],
  ["exp", NO_NUMBER("exp"), '"2000000060"', '"never"', "null", "true", "[2000000060]", "{}"],
  ["nbf", 65_000, "2000000015", "2000000015.5", "0", "-1", "5e-324"],
  ["nbf", EARLY, "2000000015.501", "2000000016", "8640000000001", "1e308", "1e400"],
  ["nbf", BEYOND("nbf"), "-8640000000001", "-1e308", "-1e400"],
  ["nbf", NO_NUMBER("nbf"), '"1"', "null", "[]", "false"],
  ["iat", 65_000, "2000000010", "3000000000", "0", "-1", "0.5"],
  ["iat", BEYOND("iat"), "1e308", "1e400", "-1e308"],
  ["iat", NO_NUMBER("iat"), '"1"', "null", "[]", "false"],
];

Deno.test("[AUTH-7] [AUTH-6] exp, nbf and iat of any value count, do not, or are refused with a reason", async () => {
  const desk = new Desk({ auth_secret: SECRET });
  desk.pass(10_500);
  const check = async (claims: string): Promise<Identity> =>
    await desk.check(await signed(`{"sub":"a",${claims}}`));
  for (const [claim, outcome, ...values] of TIMES) {
    const identity: Identity = typeof outcome === "string"
      ? { kind: "rejected", reason: outcome }
      : proven("a", [], millis(outcome));
    const exp = claim === "exp" ? "" : '"exp":2000000060,';
    for (const value of values) {
      assertEquals(await check(`${exp}"${claim}":${value}`), identity, `${claim} ${value}`);
    }
  }
  const missing = { kind: "rejected", reason: "The token has no claim exp" } as const;
  assertEquals(await check('"exp ":1'), missing);
  assertEquals(await check('"__proto__":{"exp":2000000060}'), missing);
  assertEquals(await check('"exp":9e99,"exp":1'), { kind: "rejected", reason: ENDED }, "the last");
});

Deno.test("[AUTH-6] [AUTH-4] a wait for keys moves no end", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  const desk = new Desk(server.url);
  server.answer(() => {
    desk.pass(4_000);
    return Response.json({ keys: [key.jwk] });
  });
  assertEquals(await desk.check(key.token), proven("alice", [], millis(86_405_000)));
});

Deno.test("[AUTH-5] ids and peers over HTTP ask for a token where they are to", async () => {
  await using server = serveBox({ ...JWT, auth_http: true, allow_discovery: true });
  const token = await tokenOf("alice");
  const get = (url: string, authorization?: string): Promise<Response> =>
    fetch(url, { headers: authorization === undefined ? {} : { authorization } });
  const refused = (msg: string): unknown[] => [401, "Bearer", msg];
  for (const url of [`${server.url}peerjs/id`, `${server.url}peerjs/peers`]) {
    const answers = [
      await get(url),
      await get(url, `Bearer ${token}x`),
      await get(url, `Bearer ${token}`),
      await get(`${url}?token=${token}`),
    ];
    const [missing, wrong, ...good] = await Promise.all(answers.map(async (answer) => [
      answer.status,
      answer.headers.get("www-authenticate"),
      await answer.text(),
    ]));
    assertEquals(missing, refused("A token is missing.\n"));
    assertEquals(wrong, refused("The signature of the token is wrong.\n"));
    assertEquals(good.map((each) => each.slice(0, 2)), [[200, null], [200, null]]);
  }
  await using open = serveBox(JWT);
  assertEquals((await (await get(`${open.url}peerjs/id`)).text()).length, 36);
});

test.served("[AUTH-6] [AUTH-3] a client whose token ends is told so and closed with 4011, and comes back with a new one", async ({ serve }) => {
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
    assertEquals(ownerOf(text).length, 32, text.slice(0, 9));
  }
  assert(
    createOwners(settingsFrom())("sesame") !== ownerOf("sesame"),
    "each server has a key of its own",
  );
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
