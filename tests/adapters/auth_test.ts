/**
 * Tokens that are JWTs: which count, what a refusal says, who may take over, and how keys are looked up.
 *
 * Time is a number that the tests move; only sockets are real.
 */
import { exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { createVerifier, type Verifier } from "../../adapters/auth/jwt.ts";
import { CLOSE, type Identity, millis, settingsFrom } from "../../core/mod.ts";
import type { SignalboxOptions } from "../../main.ts";
import { assert, assertEquals, assertThrows } from "../support/assert.ts";
import { captured } from "../support/captured.ts";
import { serveKeys, START_S } from "../support/key_server.ts";
import { openSocket, type PeerSocket } from "../support/peer_socket.ts";
import { serveBox } from "../support/served.ts";
import { opening, ownerOf, proven, refuses, world } from "../support/world.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const NEW_KEYS = { extractable: true };
const UNKNOWN_KEY = "The token is signed with a key that is not known here";
const GOOD = { sub: "alice", exp: START_S + 60 };

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

function encode(value: unknown): string {
  return btoa(JSON.stringify(value)).replaceAll("=", "");
}

interface Clock {
  readonly pass: (ms: number) => void;
  readonly verifier: (options: SignalboxOptions) => Verifier;
}

/** Verifiers on one clock, which moves by hand. */
function makeClock(): Clock {
  let ms = 0;
  return {
    pass: (more) => ms += more,
    verifier: (options) => {
      const date = (): Date => new Date(START_S * 1_000 + ms);
      const settings = settingsFrom({ auth: "jwt", ...options });
      return createVerifier(settings, { date, now: () => ms, ownerOf, fetchMaxMs: 5_000 }) ??
        raise();
    },
  };
}

function raise(): never {
  throw new Error("auth jwt has a verifier");
}

/** What a token proves that ends with `GOOD`, on a clock that began at 0 ms at `START_S`. */
function proves(subject: string, peers: readonly string[] = []): Identity {
  return proven(subject, peers, millis(65_000));
}

function reasonOf(identity: Identity): string {
  return identity.kind === "rejected" ? identity.reason : identity.kind;
}

async function publicKey({ publicKey }: Pair, kid: string): Promise<Record<string, unknown>> {
  return { ...await exportJWK(publicKey), kid };
}

/** A server for tokens of the secret, as of today. */
function serve(options: SignalboxOptions = {}): {
  open: (id: string, token?: string) => Promise<PeerSocket>;
  get: (path: string, headers?: Record<string, string>) => Promise<Response>;
} & AsyncDisposable {
  const app = serveBox({ auth: "jwt", auth_secret: SECRET, ...options });
  return {
    open: (id, token) =>
      openSocket({ wsUrl: app.wsUrl, key: "peerjs", id, ...(token && { token }) }),
    get: (path, headers = {}) => fetch(new URL(path, app.url), { headers }),
    [Symbol.asyncDispose]: app[Symbol.asyncDispose],
  };
}

async function tokenOf(sub: string, more: JWTPayload = {}): Promise<string> {
  const exp = Math.floor(Date.now() / 1_000) + 60;
  return await sign({ sub, exp, jti: crypto.randomUUID(), ...more });
}

Deno.test("[AUTH-1] tokens by a secret, and by each kind of public key", async () => {
  const clock = makeClock();
  const bySecret = clock.verifier({ auth_secret: SECRET });
  assertEquals(await bySecret(await sign(GOOD)), proves("alice"));
  const claims = { ...GOOD, peers: ["a", "b"] };
  assertEquals(await bySecret(await sign(claims)), proves("alice", ["a", "b"]));
  const algorithms = ["EdDSA", "Ed25519"].concat(
    ["256", "384", "512"].flatMap((bits) => [`RS${bits}`, `PS${bits}`, `ES${bits}`]),
  );
  const pairs = await Promise.all(algorithms.map((alg) => generateKeyPair(alg, NEW_KEYS)));
  await using jwks = serveKeys(
    ...await Promise.all(pairs.map((p, i) => publicKey(p, `k${i}`))),
  );
  const verify = clock.verifier({ auth_jwks: jwks.url });
  for (const [i, alg] of algorithms.entries()) {
    const token = await sign(GOOD, { alg, key: (pairs[i] ?? raise()).privateKey, kid: `k${i}` });
    assertEquals(await verify(token), proves("alice"), alg);
  }
  assertEquals(jwks.asked(), 1);
});

Deno.test("[AUTH-2] a refusal says what is wrong, without anything of the token", async () => {
  const verify = makeClock().verifier({ auth_secret: SECRET, max_token_length: 400 });
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
    [await sign(Object({ sub: "a", exp: "b" })), "The claim exp of the token is not a number"],
    [await sign({ ...GOOD, peers: "hush" }), noList],
    [await sign({ ...GOOD, peers: ["a", 1] }), noList],
  ];
  for (const [token, reason] of tokens) assertEquals(reasonOf(await verify(token)), reason);
});

Deno.test("[AUTH-2] a public key is no secret, and no token names its own key", async () => {
  const pair = await generateKeyPair("RS256", NEW_KEYS);
  const stranger = await generateKeyPair("RS256");
  const [one, two] = [await publicKey(pair, "one"), await publicKey(pair, "two")];
  await using jwks = serveKeys(one, two);
  const verify = makeClock().verifier({ auth_jwks: jwks.url });
  for (const text of [await exportSPKI(pair.publicKey), JSON.stringify(one)]) {
    const key = new TextEncoder().encode(text);
    const token = await sign(GOOD, { alg: "HS256", key, kid: "one" });
    assertEquals(reasonOf(await verify(token)), "The algorithm of the token does not count here");
  }
  const alg = "RS256";
  const forged = await sign(GOOD, { alg, key: stranger.privateKey, kid: "one" });
  assertEquals(reasonOf(await verify(forged)), "The signature of the token is wrong");
  const unknown = await sign(GOOD, { alg, key: pair.privateKey, kid: "three" });
  assertEquals(reasonOf(await verify(unknown)), UNKNOWN_KEY);
  const unnamed = await sign(GOOD, { alg, key: pair.privateKey });
  assertEquals(reasonOf(await verify(unnamed)), "The token does not say which key signed it (kid)");
});

Deno.test("[AUTH-2] the refused get an ERROR and 4006, whoever is there, and no token is logged", async () => {
  const lines = captured(({ message, properties }) => JSON.stringify([message, properties]));
  await using server = serve();
  const [good, other, expired] = [
    await tokenOf("alice"),
    await tokenOf("mallory"),
    await tokenOf("alice", { exp: 9 }),
  ];
  for (const held of [false, true]) {
    await using alice = held ? await server.open("alice", good) : null;
    if (alice !== null) assertEquals(await alice.next(), { type: "OPEN" });
    const cases = [[other, "The token is not for this id"], [expired, "The token has expired"]];
    for (const [token, msg = ""] of cases) {
      const refused = await server.open("alice", token);
      assertEquals(await refused.next(), { type: "ERROR", payload: { msg } });
      assertEquals(await refused.closed, { code: 4006, reason: msg });
    }
    if (alice !== null) assertEquals((await alice.fence()).closed, null);
  }
  assert(lines.length > 0);
  for (
    const part of [good, other, expired].flatMap((token) => [token, token.split(".")[2] ?? ""])
  ) {
    assert(!lines.join("\n").includes(part), "a token is in the log");
  }
});

Deno.test("[AUTH-3] a new token of the same subject takes over, another subject does not", async () => {
  await using server = serve();
  const old = await server.open("alice", await tokenOf("alice"));
  assertEquals(await old.next(), { type: "OPEN" });
  await using fresh = await server.open("alice", await tokenOf("alice"));
  assertEquals(await fresh.next(), { type: "OPEN" });
  assertEquals((await old.closed).code, 4000);

  await using shared = await server.open("room", await tokenOf("alice", { peers: ["room"] }));
  assertEquals(await shared.next(), { type: "OPEN" });
  const other = await server.open("room", await tokenOf("bob", { peers: ["room"] }));
  assertEquals(await other.next(), { type: "ID-TAKEN", payload: { msg: "ID is taken" } });
  assertEquals((await other.closed).code, 4001);
  assertEquals((await shared.fence()).closed, null);
});

Deno.test("[AUTH-4] a new key is found by one look, and unknown ones cause no more of them", async () => {
  const [first, second] = [await generateKeyPair("ES256"), await generateKeyPair("ES256")];
  const keys = [await publicKey(first, "first")];
  await using jwks = serveKeys();
  jwks.answer(() => Response.json({ keys }));
  const clock = makeClock();
  const verify = clock.verifier({ auth_jwks: jwks.url });
  const tokenBy = (kid: string): Promise<string> =>
    sign(GOOD, { alg: "ES256", key: (kid === "first" ? first : second).privateKey, kid });
  assertEquals(await verify(await tokenBy("first")), proves("alice"));
  keys.push(await publicKey(second, "second"));
  const flood = async (): Promise<void> => {
    const tokens = await Promise.all(Array.from({ length: 100 }, (_, i) => tokenBy(`no ${i}`)));
    for (const identity of await Promise.all(tokens.map(verify))) {
      assertEquals(reasonOf(identity), UNKNOWN_KEY);
    }
  };
  clock.pass(29_999);
  await flood();
  assertEquals(jwks.asked(), 1);
  clock.pass(1);
  assertEquals(await verify(await tokenBy("second")), proves("alice"));
  await flood();
  assertEquals(jwks.asked(), 2);
});

Deno.test("[AUTH-5] ids and peers over HTTP ask for a token where they are to", async () => {
  await using server = serve({ auth_http: true, allow_discovery: true });
  const token = await tokenOf("alice");
  const authorization = `Bearer ${token}`;
  for (const path of ["/peerjs/id", "/peerjs/peers"]) {
    const answers = [
      await server.get(path),
      await server.get(path, { authorization: `${authorization}x` }),
      await server.get(path, { authorization }),
      await server.get(`${path}?token=${token}`),
    ];
    const wanted = answers.map(({ headers }) => headers.get("www-authenticate"));
    assertEquals(answers.map(({ status }) => status), [401, 401, 200, 200]);
    assertEquals(wanted, ["Bearer", "Bearer", null, null]);
    const [missing, wrong] = await Promise.all(answers.map((answer) => answer.text()));
    assertEquals(missing, "A token is missing.\n");
    assertEquals(wrong, "The signature of the token is wrong.\n");
  }
  await using open = serve();
  assertEquals((await (await open.get("/peerjs/id")).text()).length, 36);
});

Deno.test("[AUTH-1] a token for another application, or of another issuer, is refused", async () => {
  const [aud, iss] = ["signalbox", "https://id.example"];
  const asked = { auth_audience: aud, auth_issuer: iss };
  const verify = makeClock().verifier({ auth_secret: SECRET, ...asked });
  const outcome = async (claims: JWTPayload): Promise<string> =>
    reasonOf(await verify(await sign({ ...GOOD, ...claims })));
  assertEquals(await outcome({ aud, iss }), "proven");
  assertEquals(await outcome({ aud: ["other", aud], iss }), "proven");
  const wrong = (claim: string): string =>
    `The claim ${claim} of the token is not the one asked for`;
  assertEquals(await outcome({ aud: "other", iss }), wrong("aud"));
  assertEquals(await outcome({ aud, iss: "https://evil.example" }), wrong("iss"));
  assert(await outcome({ iss }) !== "proven");
});

Deno.test("[AUTH-1] where tokens are asked for, a socket whose token nobody checked is refused", () => {
  const w = world({ auth: "jwt", auth_secret: SECRET });
  assertEquals(w.step(opening(1)), refuses(1, CLOSE.notAuthorized, "The token was not checked"));
});

Deno.test("[SET-2] options of auth that do not fit together are refused, and a secret is not shown", () => {
  const mistakes = [
    [{ auth: "jwt" }, "needs one of auth_secret and auth_jwks"],
    [{ auth: "jwt", auth_secret: SECRET, auth_jwks: "keys.json" }, "needs one of"],
    [{ auth_secret: SECRET }, "need auth jwt"],
    [{ auth_http: true }, "need auth jwt"],
    [{ auth: "jwt", auth_secret: "short" }, "Option auth_secret must be 32 or more characters."],
  ] as const;
  for (const [given, message] of mistakes) {
    assertThrows(() => settingsFrom(given), RangeError, message);
  }
});
