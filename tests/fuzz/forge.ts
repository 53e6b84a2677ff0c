/**
 * Makes tokens, good and forged: headers and claims that are odd, wrong keys, and texts broken in the ways that
 * readers of base64 and of dots disagree about.
 */
import { Buffer } from "node:buffer";
import { createHmac, createPrivateKey, sign } from "node:crypto";
import { type Dice, pick } from "../sim/dice.ts";
import { ELLIPTIC, START_S } from "../support/key_server.ts";
import { mutate, NASTY } from "./mutate.ts";

/** What the tokens of one verifier are signed with. */
export interface Signer {
  readonly alg: string;
  /** Every name that the algorithm has: RFC 9864 gave `EdDSA` with this curve another. */
  readonly names: readonly unknown[];
  readonly header: string;
  readonly sign: (input: string) => string;
}

/** The secret of the one verifier. */
export const SECRET = "sesame-0123456789abcdef0123456789";

/** A key pair for tests, of RFC 8037, A.1; its signatures are the same each time. */
const ED25519 = { kty: "OKP", crv: "Ed25519", x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" };
const PRIVATE = createPrivateKey({
  key: { ...ED25519, d: "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A" },
  format: "jwk",
});

/** The keys of the other verifier, with one that is of no use and one that nobody here can sign with. */
export const JWKS = JSON.stringify({
  keys: [
    { ...ED25519, kid: "one" },
    { ...ELLIPTIC, kid: "two" },
    { kty: "RSA", n: "AQAB", e: "AQAB", kid: "weak" },
  ],
});

const BY_SECRET: Signer = {
  alg: "HS256",
  names: ["HS256"],
  header: '{"alg":"HS256"}',
  sign: (input) => hmac(SECRET, input),
};

const BY_KEY: Signer = {
  alg: "EdDSA",
  names: ["EdDSA", "Ed25519"],
  header: '{"alg":"EdDSA","kid":"one"}',
  sign: (input) => sign(null, Buffer.from(input), PRIVATE).toString("base64url"),
};

/** Whose signatures count, by the verifier. */
export const SIGNERS = { secret: BY_SECRET, jwks: BY_KEY } as const;

/** A token, and what is known of it. */
export interface Forged {
  readonly token: string;
  /** The token that it was made from, where the right key signed that one. */
  readonly original: string | null;
  readonly header: string;
  readonly claims: string;
}

/** A token such as an attacker, a library that errs or a clock that is off would make. */
export function forge(dice: Dice, signer: Signer): Forged {
  const kind = dice.chance();
  const claims = kind < 0.7 ? claimsText(dice) : GOOD;
  const header = kind < 0.4 || kind > 0.8 ? signer.header : headerText(dice, signer);
  const input = `${encode(header)}.${encode(claims)}`;
  const isForged = kind >= 0.55 && kind < 0.8;
  const token = `${input}.${isForged ? wrongSignature(dice, signer, input) : signer.sign(input)}`;
  return {
    token: kind < 0.75 ? token : pick(dice, WAYS)(dice, token),
    original: isForged ? null : token,
    header,
    claims,
  };
}

/** Base64url of the text in UTF-8, in which no surrogate is alone. */
function encode(text: string): string {
  return Buffer.from(text).toString("base64url");
}

const GOOD = `{"sub":"sesame","exp":${START_S + 60}}`;

function claimsText(dice: Dice): string {
  const members = [
    `"sub":${dice.chance() < 0.7 ? '"sesame"' : pick(dice, VALUES)}`,
    `"exp":${dice.chance() < 0.5 ? START_S + 60 : pick(dice, TIMES)}`,
  ];
  if (dice.chance() < 0.3) members.push(`"nbf":${pick(dice, TIMES)}`);
  if (dice.chance() < 0.3) members.push(`"iat":${pick(dice, TIMES)}`);
  if (dice.chance() < 0.3) members.push(`"peers":${pick(dice, VALUES)}`);
  if (dice.chance() < 0.1) members.push(`"__proto__":{"sub":"root","exp":${START_S + 60}}`);
  // A claim twice, or one too few.
  if (dice.chance() < 0.2) members.push(pick(dice, members));
  if (dice.chance() < 0.2) members.splice(dice.below(members.length), 1);
  if (dice.chance() < 0.1) members.push(`"exp":${pick(dice, TIMES)}`);
  const text = `{${members.join(",")}}`;
  return dice.chance() < 0.1 ? mutate(dice, [text]).slice(0, 2_000) : text;
}

const AROUND = [-60, -6, -5.001, -5, -4.999, -4.5, -4, -1, 0, 0.5, 1, 4.5, 5, 5.5, 6, 60];
const TIMES = [
  ...AROUND.map((more) => `${START_S + more}`),
  ..."0 -0 -1 null true [] {} 1e400 -1e400 8.64e12 8640000000001 -8640000000001 1e15".split(" "),
  ...[`"${START_S + 60}"`, `[${START_S + 60}]`, '"NaN"', "NaN", '"never"', "1e308", "5e-324"],
  "9".repeat(300),
];

const VALUES = [
  ...'null 0 1 true [] {} "" ["sesame"] ["sesame",1] {"length":1,"0":"sesame"}'.split(" "),
  ...['["sesame","other sesame"]', '"\\u0000"', '"\\ud800"', '"\\u202esesame"', '"__proto__"'],
  `"${"sesame".repeat(100)}"`,
];

function headerText(dice: Dice, { alg }: Signer): string {
  const name = JSON.stringify(dice.chance() < 0.5 ? alg : pick(dice, ALGORITHMS));
  const members = [`"alg":${name}`];
  if (dice.chance() < 0.8) members.push(pick(dice, MEMBERS));
  if (dice.chance() < 0.3) members.push(pick(dice, MEMBERS));
  if (dice.chance() < 0.1) members.push(`"alg":${JSON.stringify(alg)}`);
  const text = `{${members.join(",")}}`;
  return dice.chance() < 0.1 ? mutate(dice, [text]).slice(0, 2_000) : text;
}

const ALGORITHMS = [
  ...("none None NONE nOnE HS256 hs256 HS384 HS512 RS256 RS512 PS256 ES256 ES512 EdDSA Ed25519 " +
    "dir RSA-OAEP __proto__ constructor sesame").split(" "),
  ...["", "HS256\0", null, 1, ["HS256"], { alg: "HS256" }],
];

const MEMBERS = [
  ...["one", "two", "weak", "sesame", "__proto__", "../../../../dev/null"].map(kidOf),
  kidOf("sesame".repeat(200)),
  ...'"kid":1 "kid":null "kid":["one"] "kid":{"toString":"sesame"} "kid":"\\u0000\\u202e\\ud800"'
    .split(" "),
  ...'"crit":["b64"],"b64":false "crit":["b64"],"b64":true "crit":["sesame"],"sesame":1'.split(" "),
  ...'"crit":["exp"] "crit":[] "crit":"b64" "crit":null "b64":false "b64":"sesame"'.split(" "),
  ...'"typ":"sesame" "cty":"JWT" "enc":"A256GCM" "zip":"DEF" "__proto__":{"alg":"none"}'.split(" "),
  ...["jku", "x5u"].map((name) => `"${name}":"http://127.0.0.1:9/sesame"`),
  `"jwk":${JSON.stringify({ kty: "oct", k: encode("sesame") })}`,
  `"jwk":${JSON.stringify(ED25519)}`,
  '"x5c":["sesame"]',
];

function kidOf(kid: string): string {
  return `"kid":"${kid}"`;
}

/** A signature that is none, or of a key that does not count: what is public as a secret, above all. */
function wrongSignature(dice: Dice, signer: Signer, input: string): string {
  const keys = ["", "sesame", SECRET.slice(1), JWKS, JSON.stringify(ED25519), ED25519.x];
  const other = signer === BY_SECRET ? BY_KEY : BY_SECRET;
  return pick(dice, [
    () => "",
    () => "AAAA",
    () => signer.sign(`${input}A`),
    () => other.sign(input),
    () => hmac(pick(dice, keys), input),
    () => hmac(Buffer.from(ED25519.x, "base64url"), input),
    () => encode(input),
  ])();
}

function hmac(key: string | Uint8Array, input: string): string {
  return createHmac("sha256", key).update(input).digest("base64url");
}

type Way = (dice: Dice, token: string) => string;

/** What becomes of a token on its way. */
const WAYS: readonly Way[] = [
  (dice, token) => mutate(dice, [token]),
  (dice, token) => inParts(token, (parts) => parts.splice(dice.below(3), 1)),
  (dice, token) => inParts(token, (parts) => parts.splice(dice.below(4), 0, pick(dice, FILLERS))),
  (dice, token) => inParts(token, (parts) => parts[dice.below(3)] = pick(dice, FILLERS)),
  (dice, token) =>
    inParts(token, (parts) => {
      const at = dice.below(3);
      parts[at] = `${parts[at]}${pick(dice, ["=", "==", "A", "\n", " ", "%3D", "\0", "=A"])}`;
    }),
  (_dice, token) => token.replaceAll("-", "+").replaceAll("_", "/"),
  (dice, token) => withOtherEnd(dice, token),
  (dice, token) => `${pick(dice, [" ", "\t", "\r\n", "\ufeff", "Bearer ", "."])}${token}`,
  (dice, token) => `${token}${pick(dice, [" ", "\n", ".", "..", "\0", "#", "&"])}`,
  (_dice, token) => token.replaceAll(".", "\uff0e"),
  (dice, token) => token.replace(/[a-z]/, (letter) => pick(dice, [letter.toUpperCase(), "\u0430"])),
  (_dice, token) => token.toLowerCase(),
  (_dice, token) => token.split(".").toReversed().join("."),
  (dice, token) => `${"A".repeat(dice.below(5_000))}${token}`,
  (dice) => pick(dice, NASTY),
];

const FILLERS = ["", "e30", "bnVsbA", "W10", "sesame", "e", "*", encode('{"alg":"none"}')];

function inParts(token: string, change: (parts: string[]) => void): string {
  const parts = token.split(".");
  change(parts);
  return parts.join(".");
}

/** Another last letter: of the six bits that it stands for some are in no byte. */
function withOtherEnd(dice: Dice, token: string): string {
  return `${token.slice(0, -1)}${pick(dice, [..."AQgwBCDEFxyz"])}`;
}
