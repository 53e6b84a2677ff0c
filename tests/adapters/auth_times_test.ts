/**
 * What tokens say of times, however odd, and what becomes of a socket when its token ends.
 */
import { createVerifier } from "../../adapters/auth/jwt.ts";
import { type Identity, millis, settingsFrom } from "../../core/mod.ts";
import { assert, assertEquals } from "../support/assert.ts";
import { makeKey, serveKeys, START_S as KEYS_START_S } from "../support/key_server.ts";
import { openSocket, type PeerSocket } from "../support/peer_socket.ts";
import { contract } from "../support/served.ts";
import { ownerOf, proven } from "../support/world.ts";

const SECRET = "0123456789abcdef0123456789abcdef";
const START_S = 2_000_000_000;
const ENDED = "The token has expired";

/** A token whose claims are this JSON, to the letter: a claim may be a number that JavaScript would not write. */
async function signed(claims: string): Promise<string> {
  const encoded = (bytes: Uint8Array): string =>
    bytes.toBase64({ alphabet: "base64url", omitPadding: true });
  const text = new TextEncoder();
  const body = `${encoded(text.encode('{"alg":"HS256"}'))}.${encoded(text.encode(claims))}`;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", text.encode(SECRET), hmac, false, ["sign"]);
  const signature = await crypto.subtle.sign("HMAC", key, text.encode(body));
  return `${body}.${encoded(new Uint8Array(signature))}`;
}

/** What a token proves whose server has been up for 10 s, at `START_S` and a half. */
async function proves(claims: string): Promise<Identity> {
  const settings = settingsFrom({ auth: "jwt", auth_secret: SECRET });
  const date = (): Date => new Date(START_S * 1_000 + 500);
  const verify = createVerifier(settings, { date, now: () => 10_000, ownerOf, fetchMaxMs: 5_000 });
  assert(verify !== null);
  return await verify(await signed(`{"sub":"a",${claims}}`));
}

const BEYOND = (claim: string): string => `The claim ${claim} of the token is beyond any date`;
const NO_NUMBER = (claim: string): string => `The claim ${claim} of the token is not a number`;

/** Texts of numbers, and what becomes of a token that has them as `exp`. */
const ENDS: readonly [exp: string, outcome: string | number][] = [
  ["2000000000", 14_500],
  ["2000000000.25", 14_750],
  ["2e9", 14_500],
  ["1999999996", 10_500],
  ["1999999995", ENDED],
  ["1999999995.4", ENDED],
  ["1999999995.5", ENDED],
  ["1999999995.501", 10_001],
  ["1999999995.9", 10_400],
  ["8640000000000", 8_638_000_000_014_500],
  ["8640000000000.1", BEYOND("exp")],
  ["8640000000001", BEYOND("exp")],
  ["8640000000000001", BEYOND("exp")],
  ["1e308", BEYOND("exp")],
  ["1e400", BEYOND("exp")],
  ["0", ENDED],
  ["-0", ENDED],
  ["-1", ENDED],
  ["-1e308", ENDED],
  ["-1e400", ENDED],
  ["5e-324", ENDED],
  ['"2000000060"', NO_NUMBER("exp")],
  ['"never"', NO_NUMBER("exp")],
  ["null", NO_NUMBER("exp")],
  ["true", NO_NUMBER("exp")],
  ["[2000000060]", NO_NUMBER("exp")],
  ["{}", NO_NUMBER("exp")],
];

Deno.test("[AUTH-7] [AUTH-6] an exp of any value is an instant of the server's clock, or a reason", async () => {
  for (const [exp, outcome] of ENDS) {
    const identity: Identity = typeof outcome === "string"
      ? { kind: "rejected", reason: outcome }
      : proven("a", [], millis(outcome));
    assertEquals(await proves(`"exp":${exp}`), identity, exp);
  }
  const missing = { kind: "rejected", reason: "The token has no claim exp" } as const;
  assertEquals(await proves('"exp ":1'), missing);
  assertEquals(await proves('"__proto__":{"exp":2000000060}'), missing);
  assertEquals(await proves('"exp":9e99,"exp":1'), { kind: "rejected", reason: ENDED }, "the last");
});

Deno.test("[AUTH-7] nbf and iat of any value count, do not, or are refused with a reason", async () => {
  const early = "The token is not valid yet";
  const cases: readonly (readonly [claims: string, outcome: string])[] = [
    ...["2000000005", "2000000005.5", "0", "-1", "5e-324"].map((nbf) =>
      [`"nbf":${nbf}`, "proven"] as const
    ),
    ...["2000000005.501", "2000000006", "8640000000001", "1e308", "1e400"].map((nbf) =>
      [`"nbf":${nbf}`, early] as const
    ),
    ...["-8640000000001", "-1e308", "-1e400"].map((nbf) =>
      [`"nbf":${nbf}`, BEYOND("nbf")] as const
    ),
    ...["2000000000", "3000000000", "0", "-1", "0.5"].map((iat) =>
      [`"iat":${iat}`, "proven"] as const
    ),
    ...["1e308", "1e400", "-1e308"].map((iat) => [`"iat":${iat}`, BEYOND("iat")] as const),
    ...['"1"', "null", "[]", "false"].flatMap((odd) => [
      [`"nbf":${odd}`, NO_NUMBER("nbf")] as const,
      [`"iat":${odd}`, NO_NUMBER("iat")] as const,
    ]),
  ];
  for (const [claims, outcome] of cases) {
    const identity = await proves(`"exp":2000000060,${claims}`);
    assertEquals(identity.kind === "rejected" ? identity.reason : identity.kind, outcome, claims);
  }
});

Deno.test("[AUTH-6] [AUTH-4] a wait for keys moves no end", async () => {
  const key = await makeKey("one");
  await using server = serveKeys();
  let ms = 10_000;
  server.answer(() => {
    ms += 4_000;
    return Response.json({ keys: [key.jwk] });
  });
  const settings = settingsFrom({ auth: "jwt", auth_jwks: server.url });
  const date = (): Date => new Date(KEYS_START_S * 1_000 + ms);
  const verify = createVerifier(settings, { date, now: () => ms, ownerOf, fetchMaxMs: 5_000 });
  // The token ends a day after `KEYS_START_S`, which is instant 0 here.
  const endsAt = millis(86_405_000);
  assertEquals(await verify?.(key.token), proven("alice", [], endsAt));
  assertEquals(ms, 14_000);
});

const CLOSING = { auth: "jwt", auth_secret: SECRET, auth_expiry: "close" } as const;

/** The second that it is, as tokens count. */
function nowS(): number {
  return Math.floor(Date.now() / 1_000);
}

contract(
  "[AUTH-6] a client whose token ends is told so and closed with 4011, and comes back with a new one",
  async (serve) => {
    await using served = await serve(CLOSING);
    const open = async (id: string, exp: number): Promise<PeerSocket> => {
      const token = await signed(JSON.stringify({ sub: "a", peers: ["b", "c"], exp }));
      return await openSocket({ wsUrl: served.wsUrl, key: "peerjs", id, token });
    };
    // A token that ended 3 s ago counts for 2 s more: clocks may differ by 5.
    await using brief = await open("a", nowS() - 2);
    await using long = await open("b", nowS() + 3_600);
    await using old = await open("c", nowS() - 2);
    for (const socket of [brief, long, old]) assertEquals(await socket.next(), { type: "OPEN" });
    await using renewed = await open("c", nowS() + 3_600);
    assertEquals(await renewed.next(), { type: "OPEN" });
    assertEquals((await old.closed).code, 4000);
    assertEquals(await brief.next(), { type: "ERROR", payload: { msg: ENDED } });
    assertEquals(await brief.closed, { code: 4011, reason: ENDED });
    assertEquals(served.signaling.clientCount(), 2);
    await using again = await open("a", nowS() + 3_600);
    assertEquals(await again.next(), { type: "OPEN" });
    for (const socket of [long, renewed]) {
      assertEquals(await socket.fence(), { frames: [], closed: null });
    }
  },
);

contract(
  "[AUTH-7] a header of more than 1,024 characters is refused unread, one of as many is read",
  async (serve) => {
    await using served = await serve(CLOSING);
    const colliding = Array.from({ length: 200 }, (_, i) => String(131_072 * (i + 1)));
    const text = JSON.stringify({ alg: "HS256", x: colliding });
    const cases = [
      ["A".repeat(1_025), "The header of the token is too long"],
      [btoa(text).replaceAll("=", ""), "The header of the token is too long"],
      ["A".repeat(1_024), "The token is not a valid JWT"],
    ] as const;
    for (const [header, msg] of cases) {
      const token = `${header}.e30.AAAA`;
      await using refused = await openSocket({
        wsUrl: served.wsUrl,
        key: "peerjs",
        id: "a",
        token,
      });
      assertEquals(await refused.next(), { type: "ERROR", payload: { msg } });
      assertEquals(await refused.closed, { code: 4006, reason: msg });
    }
  },
);
