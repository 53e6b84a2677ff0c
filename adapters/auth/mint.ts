/**
 * Makes tokens that the server accepts, if it checks them with a secret.
 *
 * @module
 */
import type { Settings } from "../../core/mod.ts";

/** What a token says. */
export interface MintClaims {
  /** The id that its client may open. */
  readonly sub: string;
  /** More ids that its client may open. */
  readonly peers?: readonly string[];
  /** How long it is valid from now on, in milliseconds. */
  readonly expiresMs: number;
}

/** Makes a JWT signed with `auth_secret`, with the audience and the issuer that the settings require. */
export async function mintToken(
  settings: Pick<Settings, "auth_secret" | "auth_audience" | "auth_issuer">,
  { sub, peers = [], expiresMs }: MintClaims,
): Promise<string> {
  const { SignJWT } = await import("jose");
  const { auth_secret, auth_audience, auth_issuer } = settings;
  const token = new SignJWT(peers.length === 0 ? {} : { peers: [...peers] })
    .setProtectedHeader({ alg: "HS256" })
    .setSubject(sub)
    .setExpirationTime(Math.ceil((Date.now() + expiresMs) / 1_000));
  if (auth_audience !== "") token.setAudience(auth_audience);
  if (auth_issuer !== "") token.setIssuer(auth_issuer);
  return await token.sign(new TextEncoder().encode(auth_secret));
}
