/**
 * Broken and forged tokens for the verifier: it never fails, proves nothing that was not signed here and is in
 * force, and repeats nothing of what it was given.
 */
import { createVerifier, type Verifier } from "../../adapters/auth/jwt.ts";
import { reportOmitted } from "../../adapters/observe/log.ts";
import { type Identity, millis, settingsFrom } from "../../core/mod.ts";
import { captureLog, START_S } from "../support/key_server.ts";
import { ownerOf, proven } from "../support/world.ts";
import { forge, type Forged, JWKS, SECRET, type Signer, SIGNERS } from "./forge.ts";
import type { Dice } from "../sim/dice.ts";

/** How far a run came, and what it found. */
export interface FuzzedTokens {
  readonly proven: number;
  /** How many tokens were refused for each reason. */
  readonly reasons: Readonly<Record<string, number>>;
  /** How many lines the log has. */
  readonly logged: number;
}

/** The clocks of a verifier, which move from one token to the next. */
interface Clock {
  ms: number;
  date: Date;
}

/**
 * Checks so many tokens, by a secret and by public keys in a file in turns.
 *
 * @throws {Error} Where one is proven that must not be, or refused that must be proven, or shown.
 */
export async function fuzzTokens(dice: Dice, steps: number): Promise<FuzzedTokens> {
  const file = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(file, JWKS);
    const clock: Clock = { ms: 0, date: new Date(START_S * 1_000) };
    const verifiers = {
      secret: verifierOf(clock, { auth_secret: SECRET }),
      jwks: verifierOf(clock, { auth_jwks: file }),
    };
    const lines = captureLog();
    const reasons: Record<string, number> = {};
    let proven = 0;
    for (let step = 0; step < steps; step++) {
      const which = dice.chance() < 0.5 ? "secret" : "jwks";
      // By so much that what is wrong with keys is logged each time.
      clock.ms += 30_000;
      clock.date = new Date(START_S * 1_000 + dice.below(2_000) - 1_000);
      reportOmitted();
      const forged = forge(dice, SIGNERS[which]);
      const logged = lines.length;
      const { identity } = await verifiers[which](forged.token);
      const wrong = [
        ...wrongWith(identity, forged, SIGNERS[which], clock),
        ...lines.slice(logged).flatMap((line) => shownIn(line, forged, SHOWN_IN_LOG)),
      ];
      if (wrong.length > 0) {
        throw new Error(`After ${step} steps (${which}): ${wrong.join("; ")}: ${tell(forged)}`);
      }
      if (identity.kind !== "rejected") proven++;
      else reasons[identity.reason] = (reasons[identity.reason] ?? 0) + 1;
    }
    return { proven, reasons, logged: lines.length };
  } finally {
    await Deno.remove(file);
  }
}

function verifierOf(
  clock: Clock,
  keys: { readonly auth_secret: string } | { readonly auth_jwks: string },
): Verifier {
  const verify = createVerifier(settingsFrom({ auth: "jwt", ...keys }), {
    now: () => clock.ms,
    date: () => clock.date,
    ownerOf,
  });
  if (verify === null) throw new Error("auth jwt has a verifier");
  return verify;
}

function wrongWith(
  identity: Identity,
  forged: Forged,
  signer: Signer,
  clock: Clock,
): string[] {
  const right = rightsOf(forged, signer, clock);
  if (identity.kind === "rejected") {
    const { token, original, header } = forged;
    const isPlain = token === original && header === signer.header;
    const wrong = isPlain && right !== null ? [`refused: ${identity.reason}`] : [];
    return [...wrong, ...shownIn(identity.reason, forged, SHOWN_IN_REASON)];
  }
  const shown = JSON.stringify(identity);
  return shown === JSON.stringify(right) ? [] : [`proven: ${shown}, not ${JSON.stringify(right)}`];
}

/** What a token proves by AUTH-7 and RFC 7519, told apart from the verifier; `null` where it is nothing. */
export function rightsOf(
  { token, original, header, claims }: Forged,
  signer: Signer,
  { ms, date }: Clock,
): Identity | null {
  if (original === null || inputOf(token) !== inputOf(original)) return null;
  if (token.split(".").length !== 3) return null;
  const { alg: given, crit, b64 } = Object(parse(header));
  const isCritical = crit !== undefined && !(JSON.stringify(crit) === '["b64"]' && b64 === true);
  if (!signer.names.includes(given) || isCritical) return null;
  const value = parse(claims);
  if (typeof value !== "object" || value === null || Array.isArray(value)) return null;
  const own = (name: string): unknown =>
    Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  const [sub, exp, peers = []] = ["sub", "exp", "peers"].map(own);
  const [nbf = 0, iat = 0] = ["nbf", "iat"].map(own);
  if (!isTime(exp) || !isTime(nbf) || !isTime(iat)) return null;
  const [begins, ends] = [(nbf - 5) * 1_000, (exp + 5) * 1_000];
  if (date.getTime() < begins || date.getTime() >= ends) return null;
  if (typeof sub !== "string" || sub === "") return null;
  if (!Array.isArray(peers) || peers.some((peer) => typeof peer !== "string")) return null;
  const endsAt = ms - date.getTime() + ends;
  return proven(sub, peers, millis(endsAt));
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8.64e12;
}

/** What a signature is of. */
function inputOf(token: string): string {
  return token.slice(0, token.lastIndexOf("."));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text.toWellFormed());
  } catch {
    return undefined;
  }
}

/** So many characters in a row of a token are a part of it, in a sentence and in a stack of the platform. */
export const SHOWN_IN_REASON = 6;
const SHOWN_IN_LOG = 16;

function shownIn(text: string, { token, header, claims }: Forged, length: number): string[] {
  const part = sharedPart(text, `${token}\n${header}\n${claims}`, length);
  if (part === null && !text.includes("sesame")) return [];
  return [`"${part ?? "sesame"}" is shown: ${text}`];
}

/** So many characters in a row that both texts have, or `null`. */
export function sharedPart(text: string, whole: string, length: number): string | null {
  for (let at = 0; at + length <= text.length; at++) {
    const part = text.slice(at, at + length);
    if (whole.includes(part)) return part;
  }
  return null;
}

function tell({ token, header, claims }: Forged): string {
  return JSON.stringify({ token: token.slice(0, 2_000), header, claims });
}
